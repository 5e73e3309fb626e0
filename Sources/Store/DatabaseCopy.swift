package import GRDB

/// Copying a whole database.
package enum DatabaseCopy {
    /// Bytes copied between two looks at whether to go on.
    private static let step = 4 << 20

    /// Copies what a connection sees into another database, which is overwritten.
    /// - Parameters:
    ///   - source: In a transaction: without one, a write of somebody else between two steps would begin the copy anew
    ///     (sqlite.org/c3ref/backup_finish.html).
    ///   - progress: Told after each step how many bytes are copied, and of how many; what it throws ends the copying.
    package static func write(_ source: Database, to target: DatabaseQueue, progress: @escaping (_ done: Int, _ of: Int) throws -> Void) throws {
        let page = try Int.fetchOne(source, sql: "PRAGMA page_size") ?? 4096
        // A transaction holds its snapshot from the first table read on.
        _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_master")
        try target.writeWithoutTransaction { copy in
            try source.backup(to: copy, pagesPerStep: CInt(max(1, step / page))) {
                try progress($0.completedPageCount * page, $0.totalPageCount * page)
            }
        }
    }
}

/// Looking at a database file that nobody has open.
package enum DatabaseFile {
    /// What SQLite finds wrong with a file: pages, indexes and constraints (`PRAGMA integrity_check`). Empty for a sound one.
    ///
    /// The file is only read; `-wal` and `-shm` may appear beside it.
    /// - Parameter began: Handed what ends the check early, from any thread.
    /// - Throws: `DatabaseError`, for what is no database and when it was ended.
    package static func faults(of path: String, began: (@escaping @Sendable () -> Void) -> Void = { _ in }) throws -> [String] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        began { queue.interrupt() }
        return try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(10)").filter { $0 != "ok" } }
    }
}
