import GRDB
import Kernel
import Store

/// The two tables, which differ in their names and the token's role.
enum SecretTable: String {
    case writeKey = "write_key"
    case token = "api_token"
}

/// One row of either table.
struct SecretRow {
    var id: Int64
    var name: String
    /// Empty for write keys.
    var role: String
    var hash: String
    /// What it may do, as words in order; nil for all that its like may.
    var limits: [String]?
    /// From when on it is refused; nil for never.
    var expiresAt: Instant?
    var createdAt: Instant
    var lastUsedAt: Instant?
    var revokedAt: Instant?
}

extension SecretTable {
    func all(in db: Database) throws -> [SecretRow] {
        let role = self == .token ? "role" : "''"
        let rows = try Row.fetchAll(
            db, sql: "SELECT id, name, \(role), hash, created_at, last_used_at, revoked_at, limits, expires_at FROM \(rawValue) ORDER BY id")
        return rows.map { row in
            SecretRow(
                id: row[0], name: row[1], role: row[2], hash: row[3],
                limits: (row[7] as String?).map { $0.split(separator: ",").map(String.init) },
                expiresAt: (row[8] as Int64?).map(Instant.init(milliseconds:)), createdAt: Instant(milliseconds: row[4]),
                lastUsedAt: (row[5] as Int64?).map(Instant.init(milliseconds:)), revokedAt: (row[6] as Int64?).map(Instant.init(milliseconds:)))
        }
    }

    func isInForce(_ name: String, in db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "SELECT 1 FROM \(rawValue) WHERE name = $1 AND revoked_at IS NULL", arguments: [name]) != nil
    }

    /// The next number: rows are never deleted, so it was never given before.
    func nextID(in db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT COALESCE(MAX(id), 0) + 1 FROM \(rawValue)") ?? 1
    }

    func insert(_ row: SecretRow, in db: Database) throws {
        let limits = row.limits?.joined(separator: ",")
        switch self {
        case .writeKey:
            try db.execute(
                sql: "INSERT INTO write_key (id, name, hash, created_at, limits, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
                arguments: [row.id, row.name, row.hash, row.createdAt.milliseconds, limits, row.expiresAt?.milliseconds])
        case .token:
            try db.execute(
                sql: "INSERT INTO api_token (id, name, role, hash, created_at, limits, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                arguments: [row.id, row.name, row.role, row.hash, row.createdAt.milliseconds, limits, row.expiresAt?.milliseconds])
        }
    }

    /// The hash of what was revoked, or nil when none in force has the name.
    func revoke(_ name: String, at now: Instant, in db: Database) throws -> String? {
        try String.fetchOne(
            db, sql: "UPDATE \(rawValue) SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL RETURNING hash",
            arguments: [now.milliseconds, name])
    }

    func setLastUsed(_ id: Int64, _ at: Instant, in db: Database) throws {
        try db.execute(sql: "UPDATE \(rawValue) SET last_used_at = $1 WHERE id = $2", arguments: [at.milliseconds, id])
    }
}
