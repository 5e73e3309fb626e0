import Foundation
package import GRDB
import Kernel

/// The ledger's file: how it is made and what its small tables say.
package enum LedgerFile {
    package static let format = 1
    static let pageSize = 65_536
    /// Bytes of WAL after which SQLite copies it into the file.
    private static let walBytes = 64 << 20

    static func open(_ path: String, randomness: Randomness, clock: Clock) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // page_size takes effect only in an empty file and before WAL. secure_delete: erased bytes are overwritten.
            try db.execute(sql: "PRAGMA page_size = \(pageSize); PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = \(walBytes / pageSize)")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in
            if try !db.tableExists("meta") {
                try db.execute(
                    sql: """
                        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
                        CREATE TABLE body (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
                        CREATE TABLE vocabulary (
                            what TEXT NOT NULL CHECK (what IN ('channel', 'kind')),
                            code INTEGER NOT NULL CHECK (code BETWEEN 32 AND 255),
                            name TEXT NOT NULL,
                            PRIMARY KEY (what, code),
                            UNIQUE (what, name)
                        );
                        """)
                try db.execute(sql: Quarantine.schema)
                let key = randomness.bytes(FingerprintKey.length).map { String(format: "%02x", $0) }.joined()
                for (k, v) in [("format", "\(format)"), ("fingerprint_key", key), ("created", clock.now.rfc3339)] {
                    try db.execute(sql: "INSERT INTO meta (key, value) VALUES (?, ?)", arguments: [k, v])
                }
            }
            try check(db, path)
            try Quarantine.prepare(db)
            try Quarantine.purge(now: clock.now, db)
        }
        return queue
    }

    /// The fingerprint key of a ledger that nobody has open, which is only read.
    /// - Throws: ``LedgerProblem/format(_:)`` when this program cannot read it, or what SQLite says.
    package static func key(of path: String) throws -> FingerprintKey {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let key = try queue.read { db in
            try check(db, path)
            return try Self.key(db)
        }
        try queue.close()
        return key
    }

    /// Looks whether this program can open a ledger, without changing anything. A file that is not there can be made.
    /// - Throws: ``LedgerProblem/format(_:)``; `DatabaseError` for what is no database.
    package static func check(path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        // A file that was made and never written, as by a start that was cut off at once, is made again.
        try queue.read { if try $0.tableExists("meta") { try check($0, path) } }
    }

    private static func check(_ db: Database, _ path: String) throws {
        let found = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'format'") ?? ""
        guard found == "\(format)" else {
            throw LedgerProblem.format(
                "\(path) has format \(found.isEmpty ? "none" : found), and this version of Sightline reads format \(format). Nothing was changed. Install the version that wrote it, or restore a backup that this version made"
            )
        }
    }

    static func key(_ db: Database) throws -> FingerprintKey {
        let hex = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'fingerprint_key'") ?? ""
        var bytes: [UInt8] = []
        var rest = Substring(hex)
        while let pair = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
            bytes.append(pair)
            rest = rest.dropFirst(2)
        }
        guard bytes.count == FingerprintKey.length, rest.isEmpty else {
            throw LedgerProblem.format("the fingerprint key in meta is not 32 hexadecimal digits")
        }
        return FingerprintKey(bytes)
    }

    /// The newest record; of body 0 when there is none.
    static func newest(_ db: Database) throws -> Position {
        guard let row = try Row.fetchOne(db, sql: "SELECT id, data FROM body ORDER BY id DESC LIMIT 1") else { return Position(raw: 0) }
        // How many records a damaged body had is not known.
        let count = try row.withUnsafeData(named: "data") { data in
            data?.withUnsafeBytes { BodyView($0)?.count } ?? nil
        }
        return Position(body: row["id"], index: max(1, count ?? 1) - 1)
    }

    package static func vocabulary(_ db: Database) throws -> Vocabulary {
        var words = Vocabulary()
        for row in try Row.fetchAll(db, sql: "SELECT what, code, name FROM vocabulary ORDER BY what, code") {
            let code: UInt8 = row["code"]
            if row["what"] == "channel" { words.add(channel: row["name"], code: code) } else { words.add(kind: row["name"], code: code) }
        }
        return words
    }
}
