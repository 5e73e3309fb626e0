import GRDB
package import Kernel
package import Ledger
import Pipeline
package import Store
import Synchronization

/// Messages to the outside on one channel: written down in the transaction of what caused them, and sent afterwards.
///
/// The tables are of `state.db` and follow from the ledger as far as what is to be sent goes. What became of a message does not: when the
/// state is worked out again, messages of the last day are sent again, with the names they had.
package struct Outbox: Sendable {
    /// By what it goes out: `webhook`.
    let channel: String
    private let backlog = Backlog()

    /// The most messages that wait for one target. Past it new ones are held back.
    package static let mostWaiting = 100_000
    /// The most messages of a target that are kept when they are done.
    package static let mostKept = 100_000
    /// Milliseconds after which a message is removed, whatever became of it.
    package static let kept: Int64 = 30 * 86_400_000

    /// - Parameter channel: By what it goes out: `webhook`. Several share the tables, and nothing in them.
    package init(channel: String) { self.channel = channel }

    /// How many messages wait, by target. Counted anew when it is not known, as after a transaction that failed.
    private final class Backlog: Sendable {
        let waiting = Mutex<[String: Int]>([:])
    }

    /// What is in memory is forgotten: the next question reads it again.
    func reload() { backlog.waiting.withLock { $0 = [:] } }

    private func change(_ target: String, by count: Int) {
        backlog.waiting.withLock { if let known = $0[target] { $0[target] = max(0, known + count) } }
    }

    private func waiting(_ target: String, _ db: Database) throws -> Int {
        if let known = backlog.waiting.withLock({ $0[target] }) { return known }
        let found = try count(target, .waiting, db)
        backlog.waiting.withLock { $0[target] = found }
        return found
    }

    // MARK: Filling

    /// Writes a message down. One of the same name is left as it is.
    /// - Parameter most: Past so many it is held back.
    func add(_ message: OutboxMessage, most: Int = mostWaiting, _ db: Database) throws {
        var message = message
        if message.state == .waiting, try waiting(message.target, db) >= most { (message.state, message.reason) = (.heldBack, .full) }
        try db.cachedStatement(
            sql: """
                INSERT INTO outbox (channel, target, position, customer_id, state, reason, made_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            channel, message.target, Int64(bitPattern: message.position.raw), message.customer, message.state.rawValue, message.reason?.rawValue,
            message.madeAt.milliseconds, message.dueAt.milliseconds,
        ])
        if message.state == .waiting, db.changesCount > 0 { change(message.target, by: 1) }
    }

    /// Of customers who were erased nothing more is sent.
    func holdBack(of customers: [UInt32], _ db: Database) throws {
        for customer in customers {
            try db.cachedStatement(sql: "UPDATE outbox SET state = 2, reason = 'gone' WHERE channel = $1 AND customer_id = $2 AND state = 0")
                .execute(arguments: [channel, customer])
        }
        reload()
    }

    /// Removes all messages to targets that there are none of any more. Looks at a target, not at its messages: definitions may change
    /// while there are very many, and nothing is concluded meanwhile.
    func keep(_ targets: [String], _ db: Database) throws {
        for table in ["outbox", "outbox_target"] {
            for target in try String.fetchAll(db, sql: Self.targets(of: table), arguments: [channel]) where !targets.contains(target) {
                try db.execute(sql: "DELETE FROM \(table) WHERE channel = ? AND target = ?", arguments: [channel, target])
                backlog.waiting.withLock { $0[target] = nil }
            }
        }
    }

    /// All targets of a channel, each found by a step in the index from the one before: `DISTINCT` would go through all messages.
    static func targets(of table: String) -> String {
        """
        WITH RECURSIVE there (target) AS (
            SELECT '' UNION ALL
            SELECT (SELECT min(target) FROM \(table) WHERE channel = $1 AND target > there.target) FROM there WHERE there.target IS NOT NULL)
        SELECT target FROM there WHERE target <> ''
        """
    }

    /// Removes what is older than it is kept, and of what is done the oldest past `most`.
    func trim(_ target: String, now: Instant, most: Int = mostKept, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM outbox WHERE channel = ? AND target = ? AND made_at < ?", arguments: [channel, target, (now + -Self.kept).milliseconds])
        if db.changesCount > 0 { backlog.waiting.withLock { $0[target] = nil } }
        try db.execute(
            sql: """
                DELETE FROM outbox WHERE channel = $1 AND target = $2 AND state <> 0 AND position <= (
                    SELECT position FROM outbox WHERE channel = $1 AND target = $2 AND state <> 0 ORDER BY position DESC LIMIT 1 OFFSET $3)
                """, arguments: [channel, target, most])
    }

    // MARK: Sending

    /// The message that is due first; nil when none waits.
    func next(_ target: String, _ db: Database) throws -> OutboxMessage? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT \(Self.columns) FROM outbox WHERE channel = $1 AND target = $2 AND state = 0 ORDER BY due_at, position LIMIT 1
                    """), arguments: [channel, target]
        ).map(Self.message)
    }

    /// Writes down what became of a message, unless it is not there any more.
    /// - Parameter isAnswer: Whether its target was asked; else only we decided.
    func record(_ message: OutboxMessage, isAnswer: Bool, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                UPDATE outbox SET state = $1, reason = $2, due_at = $3, attempts = $4, tried_at = $5, status = $6, error = $7
                WHERE channel = $8 AND target = $9 AND position = $10 AND state = 0
                """
        ).execute(arguments: [
            message.state.rawValue, message.reason?.rawValue, message.dueAt.milliseconds, message.attempts, message.triedAt?.milliseconds,
            message.status, message.error, channel, message.target, Int64(bitPattern: message.position.raw),
        ])
        // Its webhook may have been removed meanwhile, and all of its messages with it.
        guard db.changesCount > 0 else { return }
        if message.state != .waiting { change(message.target, by: -1) }
        guard isAnswer, let at = message.triedAt?.milliseconds else { return }
        let isSent = message.state == .sent
        try db.cachedStatement(
            sql: """
                INSERT INTO outbox_target (channel, target, failing_since, sent_at, error) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (channel, target) DO UPDATE SET
                    failing_since = CASE WHEN excluded.failing_since IS NULL THEN NULL ELSE coalesce(failing_since, excluded.failing_since) END,
                    sent_at = coalesce(excluded.sent_at, sent_at), error = excluded.error
                """
        ).execute(arguments: [channel, message.target, isSent ? nil : at, isSent ? at : nil, isSent ? nil : message.error])
    }

    /// Has a message sent again from the beginning, whatever became of it.
    /// - Returns: False when there is none of this name.
    func sendAgain(_ target: String, _ position: Position, now: Instant, _ db: Database) throws -> Bool {
        try db.execute(
            sql: """
                UPDATE outbox SET state = 0, reason = NULL, due_at = $1, attempts = 0, status = NULL, error = NULL
                WHERE channel = $2 AND target = $3 AND position = $4
                """, arguments: [now.milliseconds, channel, target, Int64(bitPattern: position.raw)])
        let isThere = db.changesCount > 0
        backlog.waiting.withLock { $0[target] = nil }
        return isThere
    }

    // MARK: Asking

    /// Messages to a target, newest first.
    /// - Parameters:
    ///   - state: nil for all.
    ///   - before: Only those about older interactions than this one.
    package func messages(to target: String, _ state: OutboxMessage.State?, before: Position?, limit: Int, in store: Store) throws -> [OutboxMessage]
    {
        try store.read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(Self.columns) FROM outbox
                        WHERE channel = $1 AND target = $2 AND position < $3 \(state == nil ? "" : "AND state = \(state!.rawValue)")
                        ORDER BY position DESC LIMIT $4
                        """), arguments: [channel, target, Int64(bitPattern: before?.raw ?? UInt64(Int64.max)), limit]
            ).map(Self.message)
        }
    }

    /// One message; nil when there is none.
    package func message(to target: String, _ position: Position, in store: Store) throws -> OutboxMessage? {
        try store.read { db in
            try Row.fetchOne(
                db, sql: "SELECT \(Self.columns) FROM outbox WHERE channel = $1 AND target = $2 AND position = $3",
                arguments: [channel, target, Int64(bitPattern: position.raw)]
            ).map(Self.message)
        }
    }

    /// How it is with all messages to a target.
    package func figures(of target: String, now: Instant, in store: Store) throws -> OutboxFigures {
        try store.read { db in
            var figures = OutboxFigures()
            figures.waiting = try count(target, .waiting, db)
            figures.dead = try count(target, .dead, db)
            figures.sent =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM outbox WHERE channel = $1 AND target = $2 AND state = 1 AND tried_at > $3",
                    arguments: [channel, target, (now + -86_400_000).milliseconds]) ?? 0
            let row = try Row.fetchOne(
                db, sql: "SELECT failing_since, sent_at, error FROM outbox_target WHERE channel = $1 AND target = $2", arguments: [channel, target])
            if let row {
                figures.failingSince = (row["failing_since"] as Int64?).map(Instant.init(milliseconds:))
                figures.lastSentAt = (row["sent_at"] as Int64?).map(Instant.init(milliseconds:))
                figures.lastError = row["error"]
            }
            return figures
        }
    }

    /// How many messages wait, to whomever.
    package func waiting(in store: Store) throws -> Int {
        try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox WHERE channel = $1 AND state = 0", arguments: [channel]) ?? 0 }
    }

    private func count(_ target: String, _ state: OutboxMessage.State, _ db: Database) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM outbox WHERE channel = $1 AND target = $2 AND state = $3"),
            arguments: [channel, target, state.rawValue]) ?? 0
    }

    private static let columns =
        "target, position, customer_id, state, reason, made_at, due_at, attempts, tried_at, status, error"

    private static func message(_ row: Row) -> OutboxMessage {
        var message = OutboxMessage(
            target: row["target"], position: Position(raw: UInt64(bitPattern: row["position"])), customer: row["customer_id"],
            state: OutboxMessage.State(rawValue: row["state"]) ?? .dead, reason: (row["reason"] as String?).flatMap(OutboxMessage.Reason.init),
            madeAt: Instant(milliseconds: row["made_at"]), dueAt: Instant(milliseconds: row["due_at"]))
        message.attempts = row["attempts"]
        message.triedAt = (row["tried_at"] as Int64?).map(Instant.init(milliseconds:))
        message.status = row["status"]
        message.error = row["error"]
        return message
    }
}

extension Outbox {
    /// The tables of all channels, in `state.db`.
    package static let migrations = [
        Migration(
            "outbox 1: messages",
            """
            -- A message is named by where it goes and what it is about. What it says stands in the ledger.
            CREATE TABLE outbox (
                channel     TEXT NOT NULL,
                target      TEXT NOT NULL,
                position    BIGINT NOT NULL,
                customer_id BIGINT NOT NULL,
                -- 0 waiting, 1 sent, 2 held back, 3 dead.
                state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
                -- Why it was held back.
                reason      TEXT,
                made_at     BIGINT NOT NULL,
                due_at      BIGINT NOT NULL,
                attempts    INTEGER NOT NULL DEFAULT 0,
                tried_at    BIGINT,
                status      INTEGER,
                error       TEXT,
                PRIMARY KEY (channel, target, position)
            );
            CREATE INDEX outbox_due ON outbox (channel, target, due_at, position) WHERE state = 0;
            CREATE INDEX outbox_by_state ON outbox (channel, target, state, tried_at);
            CREATE INDEX outbox_by_customer ON outbox (customer_id);
            -- How sending to a target went last.
            CREATE TABLE outbox_target (
                channel       TEXT NOT NULL,
                target        TEXT NOT NULL,
                failing_since BIGINT,
                sent_at       BIGINT,
                error         TEXT,
                PRIMARY KEY (channel, target)
            );
            """)
    ]
}
