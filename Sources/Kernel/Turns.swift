import Synchronization

/// Lets asynchronous work of one kind go on one after the other, in the order of asking.
///
/// An actor would not do: it lets the next in as soon as the one before waits for something.
package final class Turns: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// Waits for its turn, which a cancelled task does too, and does the work.
    package func take<R: Sendable>(_ work: () async throws -> R) async rethrows -> R {
        await withCheckedContinuation { turn in
            let isMine = state.withLock { state in
                if state.isTaken {
                    state.waiting.append(turn)
                    return false
                }
                state.isTaken = true
                return true
            }
            if isMine { turn.resume() }
        }
        defer { give() }
        return try await work()
    }

    private func give() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.resume()
    }
}
