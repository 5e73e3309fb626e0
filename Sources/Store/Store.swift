import Dispatch
package import GRDB
import Glibc
import Synchronization

/// A numbered change of the tables. Never edited after a release; a new one follows instead.
package struct Migration: Sendable {
    /// `access 1: keys and tokens`
    package let name: String
    package let sql: String
    package init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// The state database: one writer, readers beside it on snapshots (WAL).
///
/// `synchronous=NORMAL`: what the pipeline concludes follows from the ledger and is caught up after a power cut. What
/// follows from nothing (a key, a token) is written with ``writeDurably(_:)``.
package final class Store: Sendable {
    package let path: String
    private let pool: DatabasePool
    private let usual: String
    /// Who is at it. GRDB's pool lets whoever waits for a reader while it is being closed have a closed one, which crashes.
    private struct Users {
        var count = 0
        var isClosed = false
        var last: DispatchSemaphore?
    }
    private let users = Mutex(Users())

    /// Opens or creates the file and brings its tables up to date.
    /// - Throws: `DatabaseError` when the file cannot be opened or is newer than this program.
    /// - Parameter isDurable: Whether every commit is synced: for what follows from nothing.
    package init(path: String, migrations: [Migration], readers: Int = 4, isDurable: Bool = false) throws {
        self.path = path
        usual = isDurable ? "FULL" : "NORMAL"
        var configuration = Configuration()
        configuration.label = "state"
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // secure_delete: what was erased must not stay readable in free pages.
            try db.execute(
                sql:
                    "PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL"); PRAGMA wal_autocheckpoint = 16384; PRAGMA cache_size = -65536; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON"
            )
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        var migrator = DatabaseMigrator()
        for m in migrations { migrator.registerMigration(m.name) { try $0.execute(sql: m.sql) } }
        let known = Set(migrations.map(\.name))
        let unknown = try pool.read { try Self.applied($0) }.filter { !known.contains($0) }
        guard unknown.isEmpty else { throw StoreProblem.newer(path, migrations: unknown) }
        try migrator.migrate(pool)
    }

    /// Looks whether this program can open a file, without changing anything. A file that is not there can be made.
    /// - Throws: ``StoreProblem/newer(_:migrations:)``; `DatabaseError` for what is no database.
    package static func check(path: String, migrations: [Migration]) throws {
        let known = Set(migrations.map(\.name))
        let unknown = try applied(path).filter { !known.contains($0) }
        guard unknown.isEmpty else { throw StoreProblem.newer(path, migrations: unknown) }
    }

    /// Whether an earlier version of the program wrote a file: it has tables of these migrations, and lacks others.
    package static func isOlder(_ path: String, than migrations: [Migration]) throws -> Bool {
        let applied = Set(try applied(path))
        return !applied.isEmpty && !migrations.allSatisfy { applied.contains($0.name) }
    }

    /// The names of the changes that a file's tables have been through, in their order; none of a file that is not there.
    private static func applied(_ path: String) throws -> [String] {
        guard access(path, F_OK) == 0 else { return [] }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read(applied)
    }

    private static func applied(_ db: Database) throws -> [String] {
        guard try db.tableExists("grdb_migrations") else { return [] }
        return try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid")
    }

    /// Runs in the one writing transaction; nothing of it stays when it throws.
    /// - Throws: ``StoreProblem/unwritable(_:)`` when the disk is full or read-only, and what `body` throws.
    package func write<R>(_ body: (Database) throws -> R) throws -> R {
        try using { try Self.told { try pool.writeWithoutTransaction { db in try Self.transaction(db, body) } } }
    }

    /// - Throws: `DatabaseError` of the code `SQLITE_MISUSE` once it is closed.
    private func using<R>(_ body: () throws -> R) throws -> R {
        try users.withLock { users in
            guard !users.isClosed else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the database is closed") }
            users.count += 1
        }
        defer {
            users.withLock { users in
                users.count -= 1
                if users.count == 0 { users.last?.signal() }
            }
        }
        return try body()
    }

    private static func transaction<R>(_ db: Database, _ body: (Database) throws -> R) throws -> R {
        var result: R?
        try db.inTransaction(.immediate) {
            result = try body(db)
            return .commit
        }
        return result!
    }

    /// That the disk cannot be written is the caller's to tell from a mistake of ours: it mends itself.
    private static func told<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as DatabaseError where isOfDisk(error) {
            throw StoreProblem.unwritable(error.message ?? error.resultCode.description)
        }
    }

    /// Whether an error is of the disk (full, read-only, failing), not of what stands in a database.
    package static func isOfDisk(_ error: any Error) -> Bool {
        switch error {
        case StoreProblem.unwritable: true
        case let error as DatabaseError:
            [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN].contains(error.resultCode.primaryResultCode)
        default: false
        }
    }

    /// ``write(_:)``, and the commit is synced to the disk before it returns.
    package func writeDurably<R>(_ body: (Database) throws -> R) throws -> R {
        try using {
            try Self.told {
                try pool.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA synchronous = FULL")
                    defer { try? db.execute(sql: "PRAGMA synchronous = \(usual)") }
                    return try Self.transaction(db, body)
                }
            }
        }
    }

    /// Reads one snapshot. Blocks while all readers are busy; keep it short.
    package func read<R>(_ body: (Database) throws -> R) throws -> R { try using { try pool.read(body) } }

    /// Copies a consistent snapshot into a new file, beside readers and the writer.
    /// - Parameter progress: Told now and then how many bytes are copied, and of how many; what it throws ends the copying.
    package func backup(to file: String, progress: @escaping (_ done: Int, _ of: Int) throws -> Void = { _, _ in }) throws {
        try using {
            try Self.told {
                let target = try DatabaseQueue(path: file)
                try pool.read { try DatabaseCopy.write($0, to: target, progress: progress) }
                try target.close()
            }
        }
    }

    /// Writes everything of the WAL into the file and empties it, so that nothing erased stays there.
    package func checkpoint() throws { try using { try Checkpoint.run { _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } } } }

    /// Waits for whoever is at it; whoever comes afterwards gets an error. Not to be called by one who is at it.
    package func close() throws {
        let last = users.withLock { users in
            users.isClosed = true
            users.last = users.count > 0 ? users.last ?? DispatchSemaphore(value: 0) : nil
            return users.last
        }
        last?.wait()
        try pool.close()
    }
}

/// Why the state database did not do what it was asked.
package enum StoreProblem: Error, Equatable {
    /// The disk is full, read-only or failing; SQLite's words. A retry helps once that is mended.
    case unwritable(String)
    /// A newer version of the program changed the file's tables; by which migrations.
    case newer(String, migrations: [String])
}
