import Curl
import Kernel
import Ledger
import Logging
import Pipeline
import Store
import Synchronization

/// What the sending thread knows; it never leaves it.
final class SendingRound {
    /// How it is with one webhook.
    private struct Target {
        /// A message is under way, or what became of it is not written down yet.
        var isBusy = false
        /// When there may be something to send; nil when nothing waits.
        var look: Instant? = Instant(milliseconds: 0)
        /// Attempts in a row that failed.
        var failures = 0
        /// Nothing is sent before.
        var restsUntil = Instant(milliseconds: 0)
    }
    private struct Outcome {
        var message: OutboxMessage
        var isAnswer: Bool
    }

    private let sender: WebhookSender
    private var parts: Webhooks.Parts { sender.parts }
    private let multi: CurlMulti
    private var targets: [String: Target] = [:]
    /// What is not written down yet.
    private var outcomes: [Outcome] = []
    private var seen: Int64 = 0
    /// News whose transaction may not have ended.
    private var pending: Int64?
    private var trimmedAt: Instant?
    private var isTroubled = false

    /// Milliseconds between two looks when nothing is known to come: what changes meanwhile rings.
    private static let longestPause: Int64 = 60_000
    /// Milliseconds between two looks whether a transaction has ended.
    private static let shortPause: Int64 = 20
    /// Milliseconds after which it is tried again when the database cannot be written.
    private static let troubledPause: Int64 = 1_000
    private static let trimEvery: Int64 = 3_600_000

    init(_ sender: WebhookSender) {
        self.sender = sender
        multi = CurlMulti(sender.bell)
    }

    /// - Parameter urgent: The webhooks whose receivers are left alone no longer.
    func lookAgain(urgent: Set<String> = []) {
        for key in targets.keys { targets[key]?.look = Instant(milliseconds: 0) }
        for key in urgent { targets[key]?.restsUntil = Instant(milliseconds: 0) }
    }

    /// Begins what is due, and waits until some of it is done or there is more.
    func turn() {
        var pause = Self.longestPause
        do {
            if !outcomes.isEmpty { try save() }
            pause = min(notice(), try fill())
            try trim()
            isTroubled = false
        } catch {
            if !isTroubled { parts.logger.error("messages cannot be sent, and it is tried again", metadata: ["reason": "\(error)"]) }
            isTroubled = true
            // What was counted in a transaction that failed did not happen.
            parts.outbox.reload()
            pause = Self.troubledPause
        }
        multi.wait(atMost: Int(pause))
    }

    /// Waits for what is under way, at most so long, and gives up the rest.
    func end(within patience: Duration) {
        let start = ContinuousClock.now
        while multi.count > 0, ContinuousClock.now - start < patience { multi.wait(atMost: 50) }
        multi.cancel()
        // What cannot be written down is sent again at the next start.
        try? save()
    }

    /// - Returns: The milliseconds after which to look again.
    private func notice() -> Int64 {
        if pending == nil, parts.news.body > seen { pending = parts.news.body }
        guard let body = pending else { return Self.longestPause }
        guard parts.pipeline.body >= body else { return Self.shortPause }
        seen = body
        pending = nil
        lookAgain()
        return parts.news.body > seen ? Self.shortPause : Self.longestPause
    }

    private func trim() throws {
        let now = parts.clock.now
        guard trimmedAt.map({ now - $0 >= Self.trimEvery }) ?? true else { return }
        for key in sender.hooks().keys { try parts.store.write { try parts.outbox.trim(key, now: now, $0) } }
        trimmedAt = now
    }

    private func save() throws {
        guard !outcomes.isEmpty else { return }
        try parts.store.write { db in for one in outcomes { try parts.outbox.record(one.message, isAnswer: one.isAnswer, db) } }
        for one in outcomes {
            targets[one.message.target]?.isBusy = false
            targets[one.message.target]?.look = Instant(milliseconds: 0)
        }
        outcomes = []
    }

    // MARK: Sending

    /// - Returns: The milliseconds after which to look again.
    private func fill() throws -> Int64 {
        var pause = Self.longestPause
        let now = parts.clock.now
        for (key, hook) in sender.hooks() where hook.isEnabled && hook.isWhole && parts.secrets.disabledAt(key) == nil {
            let target = targets[key] ?? Target()
            targets[key] = target
            guard !target.isBusy, let look = target.look else { continue }
            let from = max(look, target.restsUntil)
            if from > now {
                pause = min(pause, from - now)
                continue
            }
            guard let message = try parts.store.read({ try parts.outbox.next(key, $0) }) else {
                targets[key]?.look = nil
                continue
            }
            if message.dueAt > now {
                targets[key]?.look = message.dueAt
                pause = min(pause, message.dueAt - now)
                continue
            }
            // Busy only when it was begun: what throws is tried again.
            if !(try begin(message, hook)) { pause = 0 }
            targets[key]?.isBusy = true
        }
        return pause
    }

    /// - Returns: False when it is done already, as there is nothing to send any more.
    private func begin(_ message: OutboxMessage, _ hook: WebhookDefinition) throws -> Bool {
        guard let body = try body(of: message) else {
            var gone = message
            (gone.state, gone.reason) = (.heldBack, .gone)
            outcomes.append(Outcome(message: gone, isAnswer: false))
            return false
        }
        let request = sender.request(parts.id(of: message), to: hook.url, of: message.target, body)
        multi.begin(request) { [self] in ended(message, $0) }
        return true
    }

    /// Nil for what is not there any more, or cannot be read: one damaged interaction must not hold up all others.
    private func body(of message: OutboxMessage) throws -> [UInt8]? {
        do {
            return try parts.body(of: message)
        } catch LedgerProblem.damaged(let body) {
            parts.logger.error("a message is not sent, as what it is about is damaged", metadata: ["body": "\(body)"])
            return nil
        }
    }

    private func ended(_ message: OutboxMessage, _ result: Result<CurlAnswer, CurlProblem>) {
        // We gave it up, and its receiver has not failed: the next start sends it under the same name.
        if case .failure(.cancelled) = result { return }
        var message = message
        let now = parts.clock.now
        let answer = try? result.get()
        message.attempts += 1
        message.triedAt = now
        message.status = answer?.status
        message.error = WebhookWords.fault(result)
        if message.error == nil {
            message.state = .sent
            targets[message.target]?.failures = 0
            sender.sent.add(1, ordering: .relaxed)
        } else {
            sender.failed.add(1, ordering: .relaxed)
            failed(&message, answer, now)
        }
        outcomes.append(Outcome(message: message, isAnswer: true))
    }

    private func failed(_ message: inout OutboxMessage, _ answer: CurlAnswer?, _ now: Instant) {
        let asked = RetrySchedule.asked(seconds: answer?.retryAfter, at: answer?.retryAt, now: now)
        let failures = (targets[message.target]?.failures ?? 0) + 1
        targets[message.target]?.failures = failures
        targets[message.target]?.restsUntil = now + RetrySchedule.rest(after: failures, asked: asked)
        if answer?.status == 410 {
            message.state = .dead
            do {
                try parts.secrets.setDisabled(message.target, now)
                parts.logger.notice("a webhook is switched off, as its receiver is gone for good", metadata: ["webhook": "\(message.target)"])
            } catch {
                parts.logger.error("a webhook cannot be switched off", metadata: ["webhook": "\(message.target)", "reason": "\(error)"])
            }
            return
        }
        let random = parts.randomness.bytes(2)
        let chance = Double(UInt16(random[0]) << 8 | UInt16(random[1])) / 65_536
        if let wait = RetrySchedule.wait(after: message.attempts, asked: asked, chance: chance) {
            message.dueAt = now + wait
        } else {
            message.state = .dead
        }
    }

    // MARK: Trying

    func begin(_ trial: WebhookSender.Trial) {
        let now = parts.clock.now
        let id = "msg_test_" + Base32.text(parts.randomness.bytes(10))
        let start = ContinuousClock.now
        let request = sender.request(id, to: trial.url, of: trial.key, WebhookPayload.test(of: trial.key, at: now))
        multi.begin(request) { result in
            // Whoever waits holds up the end of the server.
            if case .failure(.cancelled) = result { return trial.done.resume(throwing: WebhookProblem.notSending) }
            let (seconds, rest) = (ContinuousClock.now - start).components
            let answer = try? result.get()
            let text = String(decoding: (answer?.body ?? []).prefix(WebhookTrial.longest), as: UTF8.self)
            trial.done.resume(
                returning: WebhookTrial(
                    id: id, status: answer?.status, fault: WebhookWords.fault(result), answer: text,
                    milliseconds: Int(seconds) * 1_000 + Int(rest / 1_000_000_000_000_000)))
        }
    }
}

/// What came back, in a sentence.
enum WebhookWords {
    /// Why a message was not taken; nil when it was. Without anything that the receiver wrote.
    static func fault(_ result: Result<CurlAnswer, CurlProblem>) -> String? {
        switch result {
        case .success(let answer):
            switch answer.status {
            case 200..<300: nil
            case 300..<400: "It answered \(answer.status), which sends elsewhere, and that is not followed. Change the address."
            case 410: "It answered 410, that it is gone for good."
            default: "It answered \(answer.status)."
            }
        case .failure(.forbidden(let address)):
            "\(address) is no public address, and no network of the setting delivery-networks has it. Nothing was sent."
        case .failure(.unreachable(let words)): "It could not be reached: \(words)."
        case .failure(.tooSlow): "It did not answer in time."
        case .failure(.broken(let words)): "The connection broke: \(words)."
        case .failure(.stopped): "The answer was not read."
        case .failure(.cancelled): "It was given up before there was an answer."
        }
    }
}
