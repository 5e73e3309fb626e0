package import GRDB
import GRDBSQLite
import Kernel
import Ledger

/// What was concluded since the last save.
struct Pending {
    struct Identifier {
        var kind: IdentifierKind
        var from: Int
        var count: Int
        var customer: UInt32
        var position: Position
        var at: Int64
        var former: Bool
    }
    struct Merge {
        enum Reason: Int {
            case identifiers = 1
            case match = 2
            case person = 3
        }
        var id: Int64
        var a: UInt32
        var b: UInt32
        var kept: UInt32
        var absorbed: UInt32
        var reason: Reason
        var kind: IdentifierKind
        var value: String
        var otherKind: IdentifierKind
        var otherValue: String
        var author: String?
        var note: String?
        var position: Position
        var at: Instant
    }
    var customers: [(UInt32, Position)] = []
    var identifiers: [Identifier] = []
    var references: [Identifier] = []
    var text: [UInt8] = []
    var merges: [Merge] = []
    var changes: [(IdentifierKind, String, UInt32, shared: Bool, former: Bool)] = []
    var conflicts: [(IdentifierKind, String, String, Instant)] = []
    var nextMerge: Int64 = 1

    mutating func identifier(
        _ kind: IdentifierKind, _ bytes: UnsafeRawBufferPointer, _ customer: UInt32, _ position: Position, _ at: Instant, former: Bool
    ) {
        identifiers.append(
            Identifier(kind: kind, from: text.count, count: bytes.count, customer: customer, position: position, at: at.milliseconds, former: former))
        text.append(contentsOf: bytes)
    }

    mutating func reference(_ kind: IdentifierKind, _ bytes: UnsafeRawBufferPointer, _ customer: UInt32, _ position: Position, _ at: Instant) {
        references.append(
            Identifier(kind: kind, from: text.count, count: bytes.count, customer: customer, position: position, at: at.milliseconds, former: false))
        text.append(contentsOf: bytes)
    }
}

extension Resolver {
    /// Writes what was concluded since the last call.
    package mutating func save(_ db: Database) throws {
        if !pending.customers.isEmpty {
            let s = try db.cachedStatement(sql: "INSERT INTO customer (id, position) VALUES (?, ?)").sqliteStatement
            for (c, position) in pending.customers {
                sqlite3_bind_int64(s, 1, Int64(c))
                sqlite3_bind_int64(s, 2, Int64(bitPattern: position.raw))
                try Self.step(s, db)
            }
            pending.customers.removeAll(keepingCapacity: true)
        }
        try insert(pending.identifiers, "INSERT INTO identifier (value, kind, customer_id, position, at, flags) VALUES (?, ?, ?, ?, ?, ?)", db)
        try insert(
            pending.references, "INSERT INTO reference (value, kind, customer_id, position, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", db,
            flags: false)
        pending.identifiers.removeAll(keepingCapacity: true)
        pending.references.removeAll(keepingCapacity: true)
        pending.text.removeAll(keepingCapacity: true)
        if !(pending.merges.isEmpty && pending.changes.isEmpty && pending.conflicts.isEmpty) { try saveRare(db) }
    }

    private func insert(_ all: [Pending.Identifier], _ sql: String, _ db: Database, flags: Bool = true) throws {
        guard !all.isEmpty else { return }
        let s = try db.cachedStatement(sql: sql).sqliteStatement
        try pending.text.withUnsafeBytes { text in
            for i in all {
                sqlite3_bind_text(s, 1, text.baseAddress!.advanced(by: i.from).assumingMemoryBound(to: CChar.self), Int32(i.count), nil)
                sqlite3_bind_int(s, 2, Int32(i.kind.rawValue))
                sqlite3_bind_int64(s, 3, Int64(i.customer))
                sqlite3_bind_int64(s, 4, Int64(bitPattern: i.position.raw))
                sqlite3_bind_int64(s, 5, i.at)
                if flags { sqlite3_bind_int(s, 6, i.former ? 2 : 0) }
                try Self.step(s, db)
            }
        }
        sqlite3_clear_bindings(s)
    }

    private mutating func saveRare(_ db: Database) throws {
        let merge = try db.cachedStatement(
            sql: """
                INSERT INTO merge (id, a, b, kept, absorbed, reason, kind, value, other_kind, other_value, author, note, position, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for m in pending.merges {
            try merge.execute(arguments: [
                m.id, m.a, m.b, m.kept, m.absorbed, m.reason.rawValue, m.kind.rawValue, m.value, m.otherKind.rawValue, m.otherValue, m.author, m.note,
                Int64(bitPattern: m.position.raw), m.at.milliseconds,
            ])
        }
        for (kind, value, customer, shared, former) in pending.changes {
            try db.execute(
                sql: "UPDATE identifier SET customer_id = ?, flags = flags | ? WHERE kind = ? AND value = ?",
                arguments: [customer, (shared ? 1 : 0) | (former ? 2 : 0), kind.rawValue, value])
        }
        for (kind, value, user, at) in pending.conflicts {
            try db.execute(
                sql: "INSERT INTO conflict (kind, value, user_value, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [kind.rawValue, value, user, at.milliseconds])
        }
        pending.merges.removeAll()
        pending.changes.removeAll()
        pending.conflicts.removeAll()
    }

    private static func step(_ s: OpaquePointer, _ db: Database) throws {
        let code = sqlite3_step(s)
        sqlite3_reset(s)
        guard code == SQLITE_DONE else { throw DatabaseError(resultCode: .init(rawValue: code), message: db.lastErrorMessage) }
    }

    // MARK: Reading back at start

    /// The map, and into `owners` of each limited kind the raw customers of its identifiers, all in one scan.
    static func loadIdentifiers(_ db: Database, key: FingerprintKey, plan: RulesPlan, owners: inout [[UInt32]], kinds: inout [UInt64])
        throws -> FingerprintMap
    {
        owners = plan.limits.map { _ in [] }
        func note(_ kind: IdentifierKind, of c: Int) {
            if c >= kinds.count { kinds += Array(repeating: 0, count: max(c + 1, 2 * kinds.count) - kinds.count) }
            kinds[c] |= kind.bit
        }
        var map = FingerprintMap(expecting: try Int.fetchOne(db, sql: "SELECT count(*) FROM identifier") ?? 0)
        // The cache keeps the statement alive; a fresh one would be finalized at once.
        let s = try db.cachedStatement(sql: "SELECT kind, value, customer_id, flags FROM identifier").sqliteStatement
        while sqlite3_step(s) == SQLITE_ROW {
            let bytes = UnsafeRawBufferPointer(start: sqlite3_column_text(s, 1), count: Int(sqlite3_column_bytes(s, 1)))
            let kind = IdentifierKind(rawValue: UInt8(truncatingIfNeeded: sqlite3_column_int(s, 0)))
            let flags = sqlite3_column_int(s, 3)
            var value = UInt32(truncatingIfNeeded: sqlite3_column_int64(s, 2)) & customerMask
            if flags & 1 != 0 { value |= sharedFlag }
            if flags & 2 != 0 { value |= formerFlag }
            if flags & 3 == 0, let k = plan.limited(kind) { owners[k].append(value) }
            note(kind, of: Int(value & customerMask))
            map.set(key.identifier(kind, bytes), value)
        }
        sqlite3_reset(s)
        // Those that customers are only found by are known of them all the same.
        let r = try db.cachedStatement(sql: "SELECT kind, customer_id FROM reference").sqliteStatement
        while sqlite3_step(r) == SQLITE_ROW {
            note(IdentifierKind(rawValue: UInt8(truncatingIfNeeded: sqlite3_column_int(r, 0))), of: Int(sqlite3_column_int64(r, 1)))
        }
        sqlite3_reset(r)
        return map
    }

    static func loadPeople(_ db: Database, into people: People) throws {
        var edges: [(UInt32, UInt32)] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT a, b FROM merge WHERE undone_at IS NULL ORDER BY id")
        while let row = try rows.next() { edges.append((row[0], row[1])) }
        people.restore(count: try Int.fetchOne(db, sql: "SELECT coalesce(max(id) + 1, 0) FROM customer") ?? 0, edges: edges)
    }

    static func loadConflicts(_ db: Database, key: FingerprintKey) throws -> [Fingerprint: Set<Fingerprint>] {
        var all: [Fingerprint: Set<Fingerprint>] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT kind, value, user_value FROM conflict") {
            let value: String = row[1]
            let user: String = row[2]
            all[key.identifier(IdentifierKind(rawValue: row[0]), value), default: []].insert(key.identifier(.userID, user))
        }
        return all
    }

    static func loadApart(_ db: Database) throws -> [UInt32: Set<UInt32>] {
        var all: [UInt32: Set<UInt32>] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT a, b FROM apart") {
            let a: UInt32 = row[0]
            let b: UInt32 = row[1]
            all[a, default: []].insert(b)
            all[b, default: []].insert(a)
        }
        return all
    }
}
