import Customers
import Logging
import ServiceLifecycle

/// Finishes erasures and compares customers in the background, until the server ends.
struct CustomersKeeping: Service {
    let customers: Customers
    let logger: Logger

    func run() async { await cancelWhenGracefulShutdown { await customers.run(logger) } }
}
