import Customers
import Logging
import ServiceLifecycle

/// Finishes erasures and compares customers in the background, until the server ends.
struct CustomersKeeping: Service {
    let customers: Customers
    let logger: Logger

    /// How long interactions are kept, as it holds now.
    let retention: @Sendable () -> RetentionPolicy

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await customers.run(logger) }
                group.addTask { await customers.keepRetention(retention, logger) }
            }
        }
    }
}
