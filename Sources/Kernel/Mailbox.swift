package import Dispatch
import Foundation
import Glibc
import Synchronization

/// Many senders, one receiver on its own thread, who takes everything that is there at once.
package final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var items: [Element] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    package init() {}

    /// False when the mailbox is closed, and nobody will take it.
    @discardableResult
    package func send(_ element: Element) -> Bool {
        let (taken, first) = state.withLock { s in
            guard !s.isClosed else { return (false, false) }
            s.items.append(element)
            return (true, s.items.count == 1)
        }
        if first { bell.signal() }
        return taken
    }

    /// Everything sent since the last call; waits while there is nothing, at most until `deadline`.
    package func take(until deadline: DispatchTime = .distantFuture) -> [Element] {
        guard bell.wait(timeout: deadline) == .success else { return [] }
        return state.withLock { s in
            let all = s.items
            s.items = []
            return all
        }
    }

    /// Takes nothing more. Gives back what was sent since the last ``take(until:)``.
    package func close() -> [Element] {
        state.withLock { s in
            s.isClosed = true
            let all = s.items
            s.items = []
            return all
        }
    }
}

/// Starts a thread of its own: for the writer, the pipeline and the merge, which block on disks and locks and so do not
/// belong on the cooperative pool.
///
/// - Parameter isPatient: leaves the processors to whoever answers somebody (nice 10).
package func startThread(_ name: String, isPatient: Bool = false, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread {
        // On Linux niceness belongs to the thread; 0 is the one that calls.
        if isPatient { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }
        body()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
}
