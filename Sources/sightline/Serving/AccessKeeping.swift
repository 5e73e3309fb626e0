import Access
import Audit
import ServiceLifecycle

/// Writes down, now and then, what lies in memory about who comes in: last uses, sessions, looks.
struct AccessKeeping: Service {
    let installation: Installation

    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await installation.access.run() }
                group.addTask { await installation.staff.run() }
                group.addTask { await installation.audit.run() }
            }
        }
    }
}
