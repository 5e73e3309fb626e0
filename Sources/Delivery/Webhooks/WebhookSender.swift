import Curl
import Kernel
import Synchronization

/// Sends what waits in the outbox, on a thread of its own: one message at a time to each webhook, and to all of them side by side, so that
/// nobody waits for a receiver that is slow or gone.
///
/// A message is marked as sent after its receiver took it. Whoever loses power in between sends it again under the same name.
final class WebhookSender: Sendable {
    /// The most bytes of an answer that are read.
    static let mostBytes = 64 << 10
    /// How long an end waits for what is under way.
    private static let patience: Duration = .seconds(3)

    /// A message to a webhook that only tries the way, and who waits for what came of it.
    struct Trial: Sendable {
        var key: String
        var url: String
        var done: CheckedContinuation<WebhookTrial, any Error>
    }

    private struct State {
        var isRunning = false
        var isEnding = false
        /// Something other than time may have made a message due.
        var isStale = false
        /// The webhooks of which somebody wants it now: their receivers are left alone no longer.
        var urgent: Set<String> = []
        var trials: [Trial] = []
        var ended: [CheckedContinuation<Void, Never>] = []
    }

    let parts: Webhooks.Parts
    let hooks: @Sendable () -> [String: WebhookDefinition]
    let bell = CurlBell()
    let sent = Atomic<Int>(0)
    let failed = Atomic<Int>(0)
    private let state = Mutex(State())

    init(_ parts: Webhooks.Parts, hooks: @escaping @Sendable () -> [String: WebhookDefinition]) {
        self.parts = parts
        self.hooks = hooks
    }

    func start() {
        let isFirst = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        parts.news.listen { [bell] in bell.ring() }
        startThread("delivery") { [self] in run() }
    }

    /// Begins nothing more, waits a moment for what is under way, and gives up what is not done by then.
    func stop() async {
        await withCheckedContinuation { done in
            let isOver = state.withLock { state in
                guard state.isRunning else { return true }
                state.isEnding = true
                state.ended.append(done)
                return false
            }
            if isOver { done.resume() } else { bell.ring() }
        }
    }

    /// Looks again what is due.
    /// - Parameter urgent: The webhooks whose receivers are asked at once though they failed last, as somebody has mended something.
    func wake(urgent: Set<String> = []) {
        state.withLock { state in
            state.isStale = true
            state.urgent.formUnion(urgent)
        }
        bell.ring()
    }

    /// - Throws: ``WebhookProblem/notSending`` when nothing is sent now, or sending ended before there was an answer.
    func attempt(_ key: String, _ url: String) async throws -> WebhookTrial {
        try await withCheckedThrowingContinuation { done in
            let isTaken = state.withLock { state in
                guard state.isRunning, !state.isEnding else { return false }
                state.trials.append(Trial(key: key, url: url, done: done))
                return true
            }
            if isTaken { bell.ring() } else { done.resume(throwing: WebhookProblem.notSending) }
        }
    }

    /// A request as every message is sent.
    func request(_ id: String, to url: String, of key: String, _ body: [UInt8]) -> CurlRequest {
        let now = parts.clock.now
        let timestamp = now.seconds
        var request = CurlRequest("POST", url, body: body)
        request.headers = [
            "Content-Type: application/json", "User-Agent: Sightline/\(parts.version)", "webhook-id: \(id)", "webhook-timestamp: \(timestamp)",
            "webhook-signature: "
                + WebhookSignature.header(id: id, timestamp: timestamp, body: body, keys: parts.secrets.keys(of: key, at: now)),
        ]
        request.limit = parts.limit
        request.mostBytes = Self.mostBytes
        let reach = parts.reach
        request.mayConnect = { reach.contains($0) }
        return request
    }

    // MARK: The thread

    private func run() {
        let round = SendingRound(self)
        var isEnding = false
        while !isEnding {
            let trials = state.withLock { state in
                if state.isStale { round.lookAgain(urgent: state.urgent) }
                state.isStale = false
                state.urgent = []
                isEnding = state.isEnding
                defer { state.trials = [] }
                return state.trials
            }
            for trial in trials { round.begin(trial) }
            if !isEnding { round.turn() }
        }
        round.end(within: Self.patience)
        parts.news.listen(nil)
        let (trials, ended) = state.withLock { state in
            defer { state = State() }
            return (state.trials, state.ended)
        }
        for trial in trials { trial.done.resume(throwing: WebhookProblem.notSending) }
        for one in ended { one.resume() }
    }
}
