import Definitions
import GRDB
import Identity
package import Kernel
import Ledger
package import Pipeline
import Simdjson
package import Store
import Synchronization

/// Writes down which webhooks are to be told of what happened, in the transaction that concludes it.
///
/// The webhooks are those in force where the interaction stands in the ledger, so a rebuild of the state comes to the same messages.
package struct WebhookReaction: Reaction {
    let outbox: Outbox
    let news: OutboxNews
    private let clock: Clock
    private let parsers = JSONParserPool(most: 1)
    private let kept = Kept()

    /// What is older than so many milliseconds when it is concluded is not sent: it may have been before.
    package static let latest: Int64 = 86_400_000
    /// What happened more than so many milliseconds before it arrived is history, and not sent.
    package static let history: Int64 = 7 * 86_400_000
    /// Messages of a target after which the oldest are removed.
    private static let trimmedAt = 10_000

    /// Hears of nothing before the pipeline loads it.
    package init(_ outbox: Outbox, _ news: OutboxNews, clock: Clock) {
        self.outbox = outbox
        self.news = news
        self.clock = clock
    }

    /// What the pipeline's thread keeps between calls.
    private final class Kept: Sendable {
        let listening = Mutex<Listening?>(nil)
        /// Messages written since it was last trimmed, by target.
        let added = Mutex<[String: Int]>([:])
    }

    package var migrations: [Migration] { Outbox.migrations }

    package func load(_ store: Store) throws {
        outbox.reload()
        listen(to: try store.read { try Pipeline.definitions($0) })
    }

    package func define(_ definitions: [String: String], in writer: Writer) throws {
        let keys = listen(to: definitions)
        try outbox.keep(keys, writer.database)
    }

    /// - Returns: The keys of all webhooks.
    @discardableResult private func listen(to definitions: [String: String]) -> [String] {
        let webhooks = WebhookDefinition.all(definitions)
        kept.listening.withLock { $0 = Listening(webhooks) }
        return Array(webhooks.keys)
    }

    package func react(to concluded: Concluded, in writer: Writer) throws {
        guard let listening = kept.listening.withLock({ $0 }) else { return }
        let now = clock.now
        var isNews = false
        try concluded.forEach { record, customer, position in
            guard let found = listening.listeners(of: record.nameBytes), now - record.receivedAt <= Outbox.kept else { return }
            // What came from outside under the name of something that is ours is not that.
            if found.isOurs, !record.isOurs { return }
            var audience: String?
            for webhook in found.webhooks {
                if let wanted = webhook.audiences {
                    audience = try audience ?? parsers.borrow { try $0.parse(record.properties) { $0.toJSON() } }["audience"]?.string ?? ""
                    guard wanted.contains(audience ?? "") else { continue }
                }
                var message = OutboxMessage(
                    target: webhook.key, position: position, customer: customer, madeAt: record.receivedAt, dueAt: now)
                if let reason = Self.reason(at: record.at, receivedAt: record.receivedAt, now: now) {
                    (message.state, message.reason) = (.heldBack, reason)
                }
                try outbox.add(message, writer.database)
                isNews = true
                try trim(webhook.key, now, writer.database)
            }
        }
        if isNews { news.tell(concluded.body) }
    }

    /// Why what arrived and happened then is not sent now; nil when it is.
    static func reason(at: Instant, receivedAt: Instant, now: Instant) -> OutboxMessage.Reason? {
        if now - receivedAt > latest { return .late }
        return receivedAt - at > history ? .history : nil
    }

    private func trim(_ target: String, _ now: Instant, _ db: Database) throws {
        let isDue = kept.added.withLock { added in
            added[target, default: 0] += 1
            guard added[target] == Self.trimmedAt else { return false }
            added[target] = 0
            return true
        }
        if isDue { try outbox.trim(target, now: now, db) }
    }

    package func forget(_ forgotten: Forgotten, in writer: Writer) throws { try outbox.holdBack(of: forgotten.customers, writer.database) }
}

/// Who listens for what, so that what nobody listens for costs next to nothing.
private struct Listening: Sendable {
    struct Webhook: Sendable {
        var key: String
        /// Of which audiences alone; nil for all, or when the interaction is of none.
        var audiences: Set<String>?
    }
    struct Listeners: Sendable {
        var name: [UInt8]
        /// Whether Sightline alone writes interactions of this name.
        var isOurs: Bool
        var webhooks: [Webhook]
    }
    /// By the bytes of the name.
    private let byLength: [Int: [Listeners]]

    /// Nil when nobody listens for anything.
    init?(_ webhooks: [String: WebhookDefinition]) {
        var found: [String: [Webhook]] = [:]
        for (key, webhook) in webhooks.sorted(by: { $0.key < $1.key }) where webhook.isEnabled && webhook.isWhole {
            for name in webhook.interactions {
                let audiences = WebhookDefinition.ofAudiences.contains(name) ? webhook.audiences.map(Set.init) : nil
                found[name, default: []].append(Webhook(key: key, audiences: audiences))
            }
        }
        guard !found.isEmpty else { return nil }
        byLength = Dictionary(
            grouping: found.map { Listeners(name: Array($0.key.utf8), isOurs: RetentionDefinition.ours.contains($0.key), webhooks: $0.value) },
            by: \.name.count)
    }

    func listeners(of name: UnsafeRawBufferPointer) -> Listeners? { byLength[name.count]?.first { $0.name.elementsEqual(name) } }
}

/// Tells whoever sends that messages were written, and by when they are in force.
package final class OutboxNews: Sendable {
    private let newest = Mutex<Int64>(0)
    private let ring = Mutex<(@Sendable () -> Void)?>(nil)

    /// Without news, and without anybody who listens.
    package init() {}

    /// The newest body of the ledger that messages were written of; its transaction may not have ended yet.
    var body: Int64 { newest.withLock { $0 } }

    /// Calls back when there are more, on the pipeline's thread.
    func listen(_ ring: (@Sendable () -> Void)?) { self.ring.withLock { $0 = ring } }

    func tell(_ body: Int64) {
        newest.withLock { $0 = max($0, body) }
        ring.withLock { $0 }?()
    }
}

extension WebhookDefinition {
    /// All of them, by key.
    /// - Parameter definitions: As the pipeline has them: a document's id and its text.
    package static func all(_ definitions: [String: String]) -> [String: WebhookDefinition] {
        let files = definitions.filter { $0.key.hasPrefix(kind + "/") }.map { (name: $0.key + ".yaml", bytes: Array($0.value.utf8)) }
        guard !files.isEmpty else { return [:] }
        return Dictionary(Blueprint(files: files, Findings()).definitions(Self.self).map { ($0.key, $0.definition) }) { a, _ in a }
    }
}
