package import Dispatch
import Foundation
import Synchronization

/// Many senders, one receiver on its own thread, who takes everything that is there at once.
package final class Mailbox<Element: Sendable>: Sendable {
    private let items = Mutex<[Element]>([])
    private let bell = DispatchSemaphore(value: 0)
    package init() {}

    package func send(_ element: Element) {
        let first = items.withLock {
            $0.append(element)
            return $0.count == 1
        }
        if first { bell.signal() }
    }

    /// Everything sent since the last call; waits while there is nothing, at most until `deadline`.
    package func take(until deadline: DispatchTime = .distantFuture) -> [Element] {
        guard bell.wait(timeout: deadline) == .success else { return [] }
        return items.withLock {
            let all = $0
            $0 = []
            return all
        }
    }
}

/// Starts a thread of its own: for the writer, the pipeline and the merge, which block on disks and locks and so do not
/// belong on the cooperative pool.
package func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
}
