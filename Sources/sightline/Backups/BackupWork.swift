import Synchronization

/// A backup while it is made: how far it is, and whether it shall go on.
final class BackupWork: Sendable {
    enum Phase: String, Sendable { case copying, testing }
    /// How far it is, in bytes or bodies of the phase.
    struct Progress: Equatable, Sendable {
        var phase = Phase.copying
        var done = 0
        var total = 0
    }
    private struct State {
        var progress = Progress()
        var isOver = false
        var interrupt: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    var progress: Progress { state.withLock { $0.progress } }

    /// - Throws: `CancellationError` after ``cancel()``.
    func check() throws {
        if state.withLock({ $0.isOver }) { throw CancellationError() }
    }

    /// Notes how far it is. Throws as ``check()``.
    func reached(_ phase: Phase, _ done: Int, of total: Int) throws {
        state.withLock { $0.progress = Progress(phase: phase, done: done, total: total) }
        try check()
    }

    /// What ends a long question to the database; nil when it is answered.
    func asking(_ interrupt: (@Sendable () -> Void)?) { state.withLock { $0.interrupt = interrupt } }

    /// Ends it soon; what is half made goes away.
    func cancel() {
        let interrupt = state.withLock { state in
            state.isOver = true
            return state.interrupt
        }
        interrupt?()
    }
}
