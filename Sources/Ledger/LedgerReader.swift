import GRDBSQLite
import Synchronization

/// Reads bodies. Not Sendable: one per thread at a time, with a connection of its own.
///
/// It speaks to SQLite directly: the pipeline and the single view read millions of records, and a body is handed out in
/// place, from the page cache or the mapped file, without a copy.
package final class LedgerReader {
    private var db: OpaquePointer?
    private var scan: OpaquePointer?
    private var one: OpaquePointer?
    /// An open handle on a body, for reading single records; it pins a snapshot, so it is let go after each look.
    private var blob: OpaquePointer?
    private var isTogether = false
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: BodyView.maximum, alignment: 8)

    package init(path: String) throws(LedgerProblem) {
        var db: OpaquePointer?
        guard sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else {
            sqlite3_close(db)
            throw .unwritable("cannot open \(path) for reading")
        }
        sqlite3_busy_timeout(db, 10_000)
        sqlite3_exec(db, "PRAGMA mmap_size = 1099511627776; PRAGMA cache_size = -16384", nil, nil, nil)
        guard sqlite3_prepare_v3(db, "SELECT id, data FROM body WHERE id > ?1 ORDER BY id LIMIT ?2", -1, 1, &scan, nil) == SQLITE_OK,
            sqlite3_prepare_v3(db, "SELECT data FROM body WHERE id = ?1", -1, 1, &one, nil) == SQLITE_OK
        else {
            let words = String(cString: sqlite3_errmsg(db))
            sqlite3_finalize(scan)
            sqlite3_finalize(one)
            sqlite3_close(db)
            throw .format("\(path): \(words)")
        }
        self.db = db
    }

    deinit {
        scratch.deallocate()
        sqlite3_blob_close(blob)
        sqlite3_finalize(scan)
        sqlite3_finalize(one)
        sqlite3_close(db)
    }

    /// Bodies after one, in order. The view is valid during the call only; return false to stop.
    ///
    /// - Returns: how many were handed out.
    /// - Throws: ``LedgerProblem/damaged(body:)`` at the first that is no body, and what `body` throws.
    @discardableResult
    package func bodies(after id: Int64, limit: Int = .max, _ body: (Int64, BodyView) throws -> Bool) throws -> Int {
        sqlite3_bind_int64(scan, 1, id)
        sqlite3_bind_int64(scan, 2, Int64(limit))
        defer { sqlite3_reset(scan) }
        var n = 0
        while true {
            let code = sqlite3_step(scan)
            if code == SQLITE_DONE { return n }
            guard code == SQLITE_ROW else { throw LedgerProblem.unwritable("reading: " + String(cString: sqlite3_errmsg(db))) }
            let found = sqlite3_column_int64(scan, 0)
            guard let view = BodyView(UnsafeRawBufferPointer(start: sqlite3_column_blob(scan, 1), count: Int(sqlite3_column_bytes(scan, 1)))) else {
                throw LedgerProblem.damaged(body: found)
            }
            n += 1
            if try !body(found, view) { return n }
        }
    }

    /// One body; nil when there is none.
    package func body<R>(_ id: Int64, _ use: (BodyView) throws -> R) throws -> R? {
        sqlite3_bind_int64(one, 1, id)
        defer { sqlite3_reset(one) }
        guard sqlite3_step(one) == SQLITE_ROW else { return nil }
        guard let view = BodyView(UnsafeRawBufferPointer(start: sqlite3_column_blob(one, 0), count: Int(sqlite3_column_bytes(one, 0)))) else {
            throw LedgerProblem.damaged(body: id)
        }
        return try use(view)
    }

    /// One record; nil when there is none. Reads where it lies and the record, not the body around it.
    package func record<R>(_ position: Position, _ use: (RecordView) throws -> R) throws -> R? {
        defer { if !isTogether { rest() } }
        guard try open(position.body) else { return nil }
        let size = Int(sqlite3_blob_bytes(blob))
        var ends: (UInt32, UInt32) = (0, 0)
        guard sqlite3_blob_read(blob, &ends, 8, Int32(BodyView.header + 4 * position.index)) == SQLITE_OK else {
            throw LedgerProblem.damaged(body: position.body)
        }
        let from = Int(UInt32(littleEndian: ends.0))
        let to = Int(UInt32(littleEndian: ends.1))
        guard from <= to, to <= size, to - from <= scratch.count,
            sqlite3_blob_read(blob, scratch.baseAddress, Int32(to - from), Int32(from)) == SQLITE_OK,
            let record = RecordView(UnsafeRawBufferPointer(rebasing: scratch[..<(to - from)]))
        else { throw LedgerProblem.damaged(body: position.body) }
        return try use(record)
    }

    /// False when there is no such body.
    private func open(_ body: Int64) throws -> Bool {
        if blob != nil {
            if sqlite3_blob_reopen(blob, body) == SQLITE_OK { return true }
            rest()  // no such body, or the handle is stale: it cannot be used again
        }
        let code = sqlite3_blob_open(db, "main", "body", "data", body, 0, &blob)
        if code == SQLITE_OK { return true }
        rest()
        // SQLITE_ERROR alone says that there is no such row (sqlite.org/c3ref/blob_open.html).
        guard code == SQLITE_ERROR else { throw LedgerProblem.unwritable("reading: " + String(cString: sqlite3_errmsg(db))) }
        return false
    }

    private func rest() {
        sqlite3_blob_close(blob)
        blob = nil
    }

    /// One read transaction around many reads: saves the begin and end of each.
    package func together<R>(_ body: () throws -> R) rethrows -> R {
        sqlite3_exec(db, "BEGIN", nil, nil, nil)
        isTogether = true
        defer {
            isTogether = false
            rest()
            sqlite3_exec(db, "COMMIT", nil, nil, nil)
        }
        return try body()
    }
}

/// A few readers, lent out one at a time.
package final class LedgerReaders: Sendable {
    /// Proven safe: a reader is in the list or lent to one call of ``use(_:)``, never both, and the lock of the list lies between
    /// two calls on different threads. It is made in that call, so nobody else ever had it; a result cannot hold it, since a
    /// result is Sendable and a reader is not; and that `body` keeps it nowhere else is what ``use(_:)`` asks. SQLite allows a
    /// connection without a mutex on any thread, on one at a time (sqlite.org/threadsafe.html).
    private struct Lent: @unchecked Sendable { let reader: LedgerReader }
    private let free = Mutex<[Lent]>([])
    private let path: String
    package init(path: String) { self.path = path }

    /// Lends a reader for the call; `body` may not keep it.
    package func use<R: Sendable>(_ body: (LedgerReader) throws -> R) throws -> R {
        let lent = try free.withLock { $0.popLast() } ?? Lent(reader: LedgerReader(path: path))
        defer { free.withLock { if $0.count < 8 { $0.append(lent) } } }
        return try body(lent.reader)
    }
}
