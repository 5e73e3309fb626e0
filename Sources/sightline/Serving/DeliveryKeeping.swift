import Delivery
import ServiceLifecycle

/// Sends what waits in the outbox while a folder is served.
struct DeliveryKeeping: Service {
    let webhooks: Webhooks

    func run() async throws {
        webhooks.start()
        try? await gracefulShutdown()
        await webhooks.stop()
    }
}
