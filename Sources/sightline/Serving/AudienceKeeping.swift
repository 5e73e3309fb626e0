import Audiences
import ServiceLifecycle

/// Keeps audiences and stages true while a folder is served.
struct AudienceKeeping: Service {
    let engine: AudienceEngine

    func run() async throws {
        engine.start()
        try? await gracefulShutdown()
        await engine.stop()
    }
}
