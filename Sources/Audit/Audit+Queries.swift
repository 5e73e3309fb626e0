import GRDB
import Kernel
import Store

extension Audit {
    static func insert(_ entry: AuditEntry, in db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT INTO audit (number, at, actor, name, action, subject, detail, address, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ).execute(arguments: [
            entry.number, entry.at.milliseconds, entry.actor, entry.name, entry.action.rawValue, entry.subject, entry.detail, entry.address,
            entry.hash,
        ])
    }

    /// The newest entry's number and hash; 0 and ``beginning`` for an empty log.
    static func head(in db: Database) throws -> (number: Int64, hash: String) {
        let row = try Row.fetchOne(db, sql: "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        return row.map { ($0[0], $0[1]) } ?? (0, beginning)
    }

    /// Newest first, those with a number below `before`.
    static func entries(_ filter: AuditFilter, before: Int64, limit: Int, in db: Database) throws -> [AuditEntry] {
        var conditions = ["number < ?"]
        var arguments: StatementArguments = [before]
        func ask(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        ask("actor = ?", filter.actor)
        ask("action = ?", filter.action?.rawValue)
        ask("subject = ? AND subject <> ''", filter.subject)
        ask("at >= ?", filter.from?.milliseconds)
        ask("at < ?", filter.to?.milliseconds)
        arguments += [limit]
        let sql = """
            SELECT number, at, actor, name, action, subject, detail, address, hash FROM audit
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY number DESC LIMIT ?
            """
        return try Row.fetchAll(db, sql: sql, arguments: arguments).map(entry)
    }

    /// The last look of each person at any of these subjects, the latest first.
    static func lastLooks(at ids: [String], leavingOut actor: String, limit: Int, in db: Database) throws -> [AuditEntry] {
        let marks = ids.map { _ in "?" }.joined(separator: ", ")
        let sql = """
            SELECT number, at, actor, name, action, subject, detail, address, hash FROM audit WHERE number IN (
                SELECT max(number) FROM audit
                WHERE subject IN (\(marks)) AND subject <> '' AND action = ? AND actor <> ? AND substr(actor, 1, 4) = 'per_'
                GROUP BY actor ORDER BY max(number) DESC LIMIT ?)
            ORDER BY number DESC
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(ids) + [AuditAction.view.rawValue, actor, limit]).map(entry)
    }

    /// Calls back with all entries, oldest first, until it returns false.
    static func each(in db: Database, _ body: (AuditEntry?, Int64) -> Bool) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT number, at, actor, name, action, subject, detail, address, hash FROM audit ORDER BY number")
        while let row = try rows.next() {
            let readable = AuditAction(rawValue: row[4]) != nil
            guard body(readable ? try entry(row) : nil, row[0]) else { return }
        }
    }

    private static func entry(_ row: Row) throws -> AuditEntry {
        guard let action = AuditAction(rawValue: row[4]) else { throw AuditProblem.unknownAction(row[4], number: row[0]) }
        return AuditEntry(
            number: row[0], at: Instant(milliseconds: row[1]), actor: row[2], name: row[3], action: action, subject: row[5], detail: row[6],
            address: row[7], hash: row[8])
    }
}
