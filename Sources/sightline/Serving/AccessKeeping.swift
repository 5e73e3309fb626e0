import Access
import ServiceLifecycle

/// Writes when keys and tokens were last used, until the server ends.
struct AccessKeeping: Service {
    let access: Access

    func run() async { await cancelWhenGracefulShutdown { await access.run() } }
}
