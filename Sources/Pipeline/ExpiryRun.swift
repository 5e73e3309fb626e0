import FoundationEssentials
package import GRDB
package import Kernel
package import Ledger
import Timeline

/// One time that somebody, or the day's sweep, said what is kept no longer: what was said, and how far the ledger is cleared of it.
package struct ExpiryRun: Sendable, Equatable {
    /// Where the command stands; what came later is not meant.
    package var position: Position
    package var at: Instant
    package var author: String
    /// The name of an interaction → milliseconds since 1970: what happened before is not kept.
    package var before: [String: Int64]
    /// The same for every other name; nil for none.
    package var rest: Int64?
    /// Everything up to this body is done.
    package var body: Int64 = 0
    /// How many interactions were taken out so far, repeated messages among them.
    package var interactions = 0
    package var isDone = false

    init(position: Position, at: Instant, author: String, before: [String: Int64], rest: Int64?) {
        self.position = position
        self.at = at
        self.author = author
        self.before = before
        self.rest = rest
    }

    /// No interaction that happened at this moment or later is meant.
    package var latest: Int64 { max(before.values.max() ?? 0, rest ?? 0) }

    /// Whether a record is to be taken out: it says what happened, was not written by our own people about somebody, and its time is over.
    package func takes(_ record: RecordView) -> Bool {
        guard record.kind == .interaction, record.at.milliseconds < latest, record.type.canExpire,
            let cutoff = before[record.name] ?? rest, record.at.milliseconds < cutoff
        else { return false }
        return !record.isOurs
    }

    /// The same for the timeline. Names beyond ``EventNames/maximum`` share one number, so that none of them can be told there.
    func rules(_ names: EventNames) -> [UInt16: ExpiryRule] {
        var rules: [UInt16: ExpiryRule] = [:]
        for (number, name) in names.all.enumerated() {
            guard let cutoff = before[name] ?? rest, cutoff > 0 else { continue }
            rules[UInt16(number)] = ExpiryRule(second: UInt32(clamping: cutoff / 1000), position: position.raw)
        }
        return rules
    }

    // MARK: The table

    private static let columns = "position, at, author, cutoffs, rest, body, interactions, done"

    private init(_ row: Row) throws {
        position = Position(raw: UInt64(bitPattern: row[0] as Int64))
        at = Instant(milliseconds: row[1])
        author = row[2]
        before = try JSONDecoder().decode([String: Int64].self, from: Data((row[3] as String).utf8))
        rest = row[4]
        body = row[5]
        interactions = row[6]
        isDone = row[7]
    }

    func insert(_ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO expiry (position, at, author, cutoffs, rest) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Int64(bitPattern: position.raw), at.milliseconds, author, String(decoding: try JSONEncoder().encode(before), as: UTF8.self), rest,
            ])
    }

    /// Whether there was any, so that interactions may be gone.
    package static func isAny(_ db: Database) throws -> Bool { try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM expiry)") ?? false }

    /// All, oldest first.
    static func all(_ db: Database) throws -> [ExpiryRun] {
        try Row.fetchAll(db, sql: "SELECT \(columns) FROM expiry ORDER BY position").map(ExpiryRun.init)
    }

    /// The newest, newest first; or only those that are not done, oldest first.
    package static func read(_ db: Database, newest limit: Int) throws -> [ExpiryRun] {
        try Row.fetchAll(db, sql: "SELECT \(columns) FROM expiry ORDER BY position DESC LIMIT ?", arguments: [limit]).map(ExpiryRun.init)
    }
    package static func readOpen(_ db: Database) throws -> [ExpiryRun] {
        try Row.fetchAll(db, sql: "SELECT \(columns) FROM expiry WHERE done = 0 ORDER BY position").map(ExpiryRun.init)
    }

    /// Notes how far it is.
    package func save(_ db: Database) throws {
        try db.execute(
            sql: "UPDATE expiry SET body = ?, interactions = ?, done = ? WHERE position = ?",
            arguments: [body, interactions, isDone, Int64(bitPattern: position.raw)])
    }
}
