package import Customers
import GRDB
import Identity
package import Kernel
package import Ledger
package import Logging
package import Pipeline
package import Store
import Synchronization

/// Webhooks: what they send, what became of it, and their secrets.
///
/// Which there are the definitions say. ``WebhookReaction`` writes down what is to be sent, ``WebhookSender`` sends it.
package final class Webhooks: Sendable {
    /// What it works with.
    package struct Parts: Sendable {
        /// Where the outbox is: `state.db`.
        package var store: Store
        /// What messages are made of.
        package var ledger: Ledger
        /// Tells which definitions are in force, and up to where messages are written down.
        package var pipeline: Pipeline
        /// Who somebody is now, for whom a message is about.
        package var customers: Customers
        /// What messages are signed with, and which webhooks are switched off.
        package var secrets: WebhookSecrets
        /// The messages.
        package var outbox: Outbox
        /// Rings when there are more of them.
        package var news: OutboxNews
        /// Which addresses may be connected to.
        package var reach: Reach
        /// When something is due, and the time that messages are signed with.
        package var clock: Clock
        /// For ids of tests, and so that what failed together does not come back together.
        package var randomness: Randomness
        /// The name of the write key with a number.
        package var sourceName: @Sendable (UInt16) -> String?
        /// Of the program, for receivers.
        package var version: String
        /// Hears of what people should look at: a webhook that is switched off, a database that cannot be written.
        package var logger: Logger
        /// The longest that a receiver may take, in milliseconds.
        var limit = 15_000
        private let readers: LedgerReaders

        /// - Parameters:
        ///   - reaction: The one that the pipeline has: the outbox and the news are its own.
        ///   - sourceName: The name of the write key with a number.
        ///   - version: Of the program.
        package init(
            store: Store, ledger: Ledger, pipeline: Pipeline, customers: Customers, secrets: WebhookSecrets, reaction: WebhookReaction,
            reach: Reach, clock: Clock, randomness: Randomness, sourceName: @escaping @Sendable (UInt16) -> String?, version: String, logger: Logger
        ) {
            self.store = store
            self.ledger = ledger
            self.pipeline = pipeline
            self.customers = customers
            self.secrets = secrets
            outbox = reaction.outbox
            news = reaction.news
            self.reach = reach
            self.clock = clock
            self.randomness = randomness
            self.sourceName = sourceName
            self.version = version
            self.logger = logger
            readers = LedgerReaders(path: ledger.path)
        }
    }

    /// A message with what it is about.
    package struct Message: Sendable {
        /// What the header `webhook-id` says.
        package var id: String
        /// Its row in the outbox.
        package var message: OutboxMessage
        /// The interaction's name; nil when it is not there any more, or damaged.
        package var name: String?
        /// When it happened; nil where there is no ``name``.
        package var at: Instant?
        /// The person; nil where there is no ``name``.
        package var customer: CustomerID?
    }

    let parts: Parts
    private let sender: WebhookSender
    private let hooks: Hooks

    /// Which webhooks there are, read out of the definitions when these change.
    private final class Hooks: Sendable {
        let all = Mutex<[String: WebhookDefinition]>([:])

        /// - Parameter definitions: Asked for within the lock, so that no older ones are taken after newer ones.
        /// - Returns: The keys of those that are new or say something else than before.
        @discardableResult func take(_ definitions: () -> [String: String]) -> Set<String> {
            all.withLock { all in
                let new = WebhookDefinition.all(definitions())
                defer { all = new }
                return Set(new.filter { all[$0.key] != $0.value }.keys)
            }
        }
    }

    /// Knows the webhooks in force, and follows when they change. Sends nothing before ``start()``.
    package init(_ parts: Parts) {
        self.parts = parts
        let hooks = Hooks()
        self.hooks = hooks
        let sender = WebhookSender(parts) { hooks.all.withLock { $0 } }
        self.sender = sender
        // Weakly: the sender has the pipeline, which would keep itself and all its files.
        parts.pipeline.onDefinitions { [weak sender] definitions in
            let changed = hooks.take { definitions }
            if !changed.isEmpty { sender?.wake(urgent: changed) }
        }
        // After it listens: what comes into force in between is in one of the two.
        hooks.take { parts.pipeline.definitions }
    }

    /// Begins to send.
    package func start() { sender.start() }

    /// Ends sending; what is not sent waits for the next start.
    package func stop() async { await sender.stop() }

    /// Looks again what is due, as when a clock was set.
    package func wake() { sender.wake() }

    // MARK: Asking

    /// How it is with one webhook.
    package struct State: Sendable {
        /// In one word, as the API says it.
        package enum Word: String, Sendable {
            /// The newest attempt was taken, or there was none yet.
            case ok
            /// The newest attempt was not taken.
            case failing
            /// Its definition says that nothing is sent.
            case off
            /// Its receiver answered that it is gone.
            case disabled
        }
        /// In one word.
        package var word: Word
        /// How many messages wait, went out and were given up, and how the newest attempt ended.
        package var figures: OutboxFigures
        /// Since when it is switched off, as its receiver is gone; nil when it is not.
        package var disabledAt: Instant?
        /// A state that is known already, as where nobody sends.
        package init(word: Word, figures: OutboxFigures, disabledAt: Instant? = nil) {
            self.word = word
            self.figures = figures
            self.disabledAt = disabledAt
        }
    }

    /// How it is with one webhook.
    /// - Throws: `DatabaseError`.
    package func state(of key: String, _ definition: WebhookDefinition) throws -> State {
        let figures = try parts.outbox.figures(of: key, now: parts.clock.now, in: parts.store)
        let disabledAt = parts.secrets.disabledAt(key)
        let word: State.Word = disabledAt != nil ? .disabled : !definition.isEnabled ? .off : figures.failingSince != nil ? .failing : .ok
        return State(word: word, figures: figures, disabledAt: disabledAt)
    }

    /// Messages of a webhook, newest first.
    /// - Parameters:
    ///   - state: nil for all.
    ///   - before: The id of the last message of the page before.
    /// - Throws: ``WebhookProblem/noMessage`` when `before` names none of its messages, `DatabaseError`, `LedgerProblem`.
    package func messages(of key: String, _ state: OutboxMessage.State? = nil, before: String? = nil, limit: Int) throws -> [Message] {
        let before = try before.map { try position($0, of: key) }
        return try parts.described(parts.outbox.messages(to: key, state, before: before, limit: limit, in: parts.store))
    }

    /// Messages that wait, to all webhooks.
    /// - Throws: `DatabaseError`.
    package func waiting() throws -> Int { try parts.outbox.waiting(in: parts.store) }
    /// Messages that were taken, since the start.
    package var sent: Int { sender.sent.load(ordering: .relaxed) }
    /// Attempts that failed, since the start.
    package var failed: Int { sender.failed.load(ordering: .relaxed) }

    /// What messages are signed with.
    package var secrets: WebhookSecrets { parts.secrets }

    // MARK: Doing

    /// Has a message sent again, whatever became of it.
    /// - Parameter id: What the header `webhook-id` says.
    /// - Returns: The message as it waits now.
    /// - Throws: ``WebhookProblem/unknown``, ``WebhookProblem/disabled``, ``WebhookProblem/off``, ``WebhookProblem/noMessage``,
    ///   `DatabaseError`, `LedgerProblem`.
    package func sendAgain(_ id: String, of key: String) throws -> Message {
        try checkOpen(key)
        let position = try position(id, of: key)
        guard try parts.store.write({ try parts.outbox.sendAgain(key, position, now: parts.clock.now, $0) }),
            let message = try parts.outbox.message(to: key, position, in: parts.store)
        else { throw WebhookProblem.noMessage }
        sender.wake(urgent: [key])
        return try parts.described([message])[0]
    }

    /// Sends a message that only tries the way, now and once, and waits for the answer. Also to a webhook that is off.
    /// - Throws: ``WebhookProblem/unknown``; ``WebhookProblem/notSending`` also when sending ends meanwhile.
    package func test(_ key: String) async throws -> WebhookTrial {
        guard let hook = hooks.all.withLock({ $0[key] }), hook.isWhole else { throw WebhookProblem.unknown }
        return try await sender.attempt(key, hook.url)
    }

    /// Makes a new secret.
    /// - Throws: ``WebhookProblem/unknown``, `DatabaseError`.
    package func changeSecret(of key: String) throws {
        guard hooks.all.withLock({ $0[key] != nil }) else { throw WebhookProblem.unknown }
        try parts.secrets.change(key, at: parts.clock.now)
    }

    /// Switches a webhook on again whose receiver was gone. What waited goes out.
    /// - Throws: ``WebhookProblem/unknown``, `DatabaseError`.
    package func enable(_ key: String) throws {
        guard hooks.all.withLock({ $0[key] != nil }) else { throw WebhookProblem.unknown }
        guard parts.secrets.disabledAt(key) != nil else { return }
        try parts.secrets.setDisabled(key, nil)
        sender.wake(urgent: [key])
    }

    private func checkOpen(_ key: String) throws {
        guard let hook = hooks.all.withLock({ $0[key] }) else { throw WebhookProblem.unknown }
        if parts.secrets.disabledAt(key) != nil { throw WebhookProblem.disabled }
        if !hook.isEnabled { throw WebhookProblem.off }
    }

    /// The position that an id names.
    private func position(_ id: String, of key: String) throws -> Position {
        guard let raw = Base32.number(id.dropFirst(4).prefix(Parts.positionLetters)), id == parts.id(of: key, Position(raw: raw)) else {
            throw WebhookProblem.noMessage
        }
        return Position(raw: raw)
    }
}

extension Webhooks.Parts {
    /// Letters of an id that are the position.
    fileprivate static let positionLetters = 11

    /// What the header `webhook-id` says: the same for an interaction and a webhook whenever it is asked, so that a receiver knows a
    /// message that comes twice.
    func id(of key: String, _ position: Position) -> String {
        "msg_" + Base32.text(position.raw, width: Self.positionLetters) + secrets.name(key, position.raw)
    }
    func id(of message: OutboxMessage) -> String { id(of: message.target, message.position) }

    /// What a message says; nil when what it is about is not there any more.
    func body(of message: OutboxMessage) throws -> [UInt8]? {
        guard let view = try customers.view(CustomerID(raw: message.customer)) else { return nil }
        let vocabulary = ledger.vocabulary
        let made: [UInt8]?? = try readers.use { reader in
            try reader.record(message.position) { record -> [UInt8]? in
                guard record.kind == .interaction else { return nil }
                return WebhookPayload.body(
                    of: record, at: message.position, customer: view.id, identifiers: view.identifiers, vocabulary, source: sourceName(record.source))
            }
        }
        return made ?? nil
    }

    /// With what they are about.
    fileprivate func described(_ messages: [OutboxMessage]) throws -> [Webhooks.Message] {
        try readers.use { reader in
            try reader.together {
                try messages.map { message in
                    let about = try about(message, reader)
                    return Webhooks.Message(
                        id: id(of: message), message: message, name: about?.name, at: about?.at,
                        customer: about == nil ? nil : CustomerID(raw: pipeline.people.root(message.customer)))
                }
            }
        }
    }

    /// Nil for what is not there any more, or cannot be read: one damaged interaction must not hide all other messages.
    private func about(_ message: OutboxMessage, _ reader: LedgerReader) throws -> (name: String, at: Instant)? {
        do {
            let found: (String, Instant)?? = try reader.record(message.position) { record -> (String, Instant)? in
                record.kind == .interaction ? (record.name, record.at) : nil
            }
            return found ?? nil
        } catch LedgerProblem.damaged {
            return nil
        }
    }
}

/// What came of trying a webhook.
package struct WebhookTrial: Sendable, Equatable {
    /// The most bytes of the answer that are told.
    package static let longest = 2_000

    /// What the header `webhook-id` said: `msg_test_…`.
    package var id: String
    /// 100 to 599; nil when there was no answer.
    package var status: Int?
    /// Why it was not taken, as a sentence; nil when it was.
    package var fault: String?
    /// What the receiver wrote, from its beginning, at most ``longest`` bytes of it.
    package var answer: String
    /// From the beginning of the request to the end of the answer, or until it was clear that there is none.
    package var milliseconds: Int
}

/// Why something asked of a webhook was not done.
package enum WebhookProblem: Error, Equatable, Sendable {
    /// There is no such webhook in force.
    case unknown
    /// It has no such message, or has it no more.
    case noMessage
    /// Its receiver is gone, and it was switched off.
    case disabled
    /// Its definition says that nothing is sent.
    case off
    /// This process sends nothing now: it is ending, or only a command. A retry helps when a server runs.
    case notSending
}
