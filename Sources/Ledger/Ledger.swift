import Foundation
package import GRDB
import GRDBSQLite
package import Kernel
import Synchronization

// The ledger file (ledger.db), format version 1: SQLite, WAL, pages of 64 KB, synchronous=FULL.
//
//   body        (id, data)   interactions, many to a row: see Body.swift and Record.swift
//   quarantine  …            refused items: see Quarantine.swift
//   vocabulary  (what, code, name)  codes of channels and identifier kinds that were declared
//   meta        (key, value) format, fingerprint key, when it was made
//
// A position is body << 16 | index in the body; ids of bodies count up from 1 without gaps.

/// Why the ledger did not do what it was asked.
package enum LedgerProblem: Error, Equatable, Sendable {
    /// More waits to be written than the queue may hold. A retry helps, after the seconds given.
    case busy(retryAfter: Int)
    /// The disk is full, read-only or failing; SQLite's words. A retry helps once that is mended.
    case unwritable(String)
    /// The ledger was closed. A retry with another one helps.
    case closed
    /// The file is no ledger, or one of a newer format.
    case format(String)
    /// A body cannot be read.
    case damaged(body: Int64)
    /// All 224 codes for declared channels or identifier kinds are taken.
    case vocabularyFull(String)
}

/// Everything that ever happened, in the order it was written down.
///
/// One thread writes. It takes all batches that wait, writes them as a few bodies in one transaction, and only then
/// answers: what was acknowledged is on the disk (group commit).
package final class Ledger: Sendable {
    package struct Options: Sendable {
        /// Bytes that may wait to be written; past it ``append(_:)`` throws ``LedgerProblem/busy(retryAfter:)``.
        package var queueBytes = 64 << 20
        /// Bytes written in one transaction, about.
        package var groupBytes = 4 << 20
        /// Refused items kept; the oldest go first.
        package var quarantineItems = 100_000
        package init() {}
    }

    package let path: String
    package let key: FingerprintKey
    private typealias Waiting = (batch: Batch, done: CheckedContinuation<Written, any Error>)
    private enum Job: Sendable {
        case append(Batch, CheckedContinuation<Written, any Error>)
        case perform(@Sendable (Database) throws -> Void, CheckedContinuation<Void, any Error>)
        case close(CheckedContinuation<Void, Never>)
    }
    private let options: Options
    /// For what is read beside the writer; see ``look(_:)``.
    private let reading: DatabaseQueue
    private let jobs = Mailbox<Job>()
    private let newest: Atomic<UInt64>
    private let queued = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)
    private let trouble = Mutex<String?>(nil)
    private let words: Mutex<Vocabulary>
    private let listeners = Mutex<[@Sendable (Int64) -> Void]>([])

    /// The newest body on the disk; 0 when there is none.
    package var newestBody: Int64 { newestPosition.body }
    /// The newest record on the disk; of body 0 when there is none.
    package var newestPosition: Position { Position(raw: newest.load(ordering: .acquiring)) }
    /// Bytes that wait to be written.
    package var queuedBytes: Int { queued.load(ordering: .relaxed) }
    /// Why the last write failed; nil when it did not.
    package var unwritable: String? { trouble.withLock { $0 } }
    package var vocabulary: Vocabulary { words.withLock { $0 } }
    /// Calls back on the writer's thread after each commit, with the newest body. Keep it short.
    package func onCommit(_ listener: @escaping @Sendable (Int64) -> Void) { listeners.withLock { $0.append(listener) } }

    /// Opens or creates the ledger.
    ///
    /// - Parameter randomness: draws the fingerprint key of a new ledger.
    /// - Throws: ``LedgerProblem/format(_:)``, or what SQLite says.
    package init(path: String, options: Options = .init(), randomness: Randomness, clock: Clock) throws {
        self.path = path
        self.options = options
        let queue = try LedgerFile.open(path, randomness: randomness, clock: clock)
        let (key, position, vocabulary) = try queue.read { db in
            (try LedgerFile.key(db), try LedgerFile.newest(db), try LedgerFile.vocabulary(db))
        }
        self.key = key
        var configuration = Configuration()
        configuration.label = "ledger, reading"
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        reading = try DatabaseQueue(path: path, configuration: configuration)
        newest = Atomic(position.raw)
        words = Mutex(vocabulary)
        startThread("ledger") { [self] in work(queue, position.body) }
    }

    /// Writes a batch: its records and its refused items together or not at all. Durable when it returns.
    ///
    /// - Returns: the position of the last record; a batch without records gives the newest body's.
    /// - Throws: ``LedgerProblem``
    package func append(_ batch: Batch) async throws -> Position { try await write(batch).last }

    /// What became of a batch.
    package struct Written: Sendable {
        /// Where its last record lies; for a batch without records the newest body.
        package var last: Position
        /// Items of the quarantine that the batch settles, but that had gone before; their records were not written.
        package var gone: Set<Int64> = []
    }

    /// ``append(_:)`` for a batch that settles items of the quarantine: says also which of them it came too late for.
    package func write(_ batch: Batch) async throws -> Written {
        let weight = batch.weight
        guard queued.load(ordering: .relaxed) + weight <= options.queueBytes || queuedBytes == 0 else { throw LedgerProblem.busy(retryAfter: 1) }
        guard !closed.load(ordering: .acquiring) else { throw LedgerProblem.closed }
        queued.add(weight, ordering: .relaxed)
        defer { queued.subtract(weight, ordering: .relaxed) }
        return try await withCheckedThrowingContinuation { done in
            if !jobs.send(.append(batch, done)) { done.resume(throwing: LedgerProblem.closed) }
        }
    }

    /// Runs in one transaction on the writer's thread, between groups. Durable when it returns.
    package func perform<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        guard !closed.load(ordering: .acquiring) else { throw LedgerProblem.closed }
        let result = Mutex<R?>(nil)
        let box = Box(result)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            let job = Job.perform(
                { db in
                    let r = try body(db)
                    box.value.withLock { $0 = r }
                }, done)
            if !jobs.send(job) { done.resume(throwing: LedgerProblem.closed) }
        }
        return box.value.withLock { $0! }
    }
    private final class Box<R: Sendable>: Sendable {
        let value: Mutex<R?>
        init(_ value: consuming Mutex<R?>) { self.value = value }
    }

    /// Reads beside the writer, on a connection of its own: what was acknowledged before is seen, and appends do not wait.
    func look<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        guard !closed.load(ordering: .acquiring) else { throw LedgerProblem.closed }
        return try await reading.read(body)
    }

    /// Codes for names of channels and identifier kinds; unknown ones are given the next code.
    package func declare(channels: [String], kinds: [String]) async throws {
        let fresh = try await perform { db in
            var words = try LedgerFile.vocabulary(db)
            for name in channels where words.channel(name) == nil {
                guard let code = words.nextChannelCode() else { throw LedgerProblem.vocabularyFull("channels") }
                words.add(channel: name, code: code)
                try db.execute(sql: "INSERT INTO vocabulary (what, code, name) VALUES ('channel', ?, ?)", arguments: [code, name])
            }
            for name in kinds where words.kind(name) == nil {
                guard let code = words.nextKindCode() else { throw LedgerProblem.vocabularyFull("identifier kinds") }
                words.add(kind: name, code: code)
                try db.execute(sql: "INSERT INTO vocabulary (what, code, name) VALUES ('kind', ?, ?)", arguments: [code, name])
            }
            return words
        }
        words.withLock { $0 = fresh }
    }

    /// Writes what waits, then closes the file. Appends from now on throw ``LedgerProblem/closed``.
    package func close() async {
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        await withCheckedContinuation { done in
            if !jobs.send(.close(done)) { done.resume() }
        }
        // It waits for those who read; nothing is lost when that fails.
        try? reading.close()
    }

    // MARK: The writer's thread

    private func work(_ queue: DatabaseQueue, _ newest: Int64) {
        var next = newest
        var builder = BodyBuilder()
        while true {
            var batch: [Waiting] = []
            var size = 0
            func flush() {
                guard !batch.isEmpty else { return }
                write(batch, queue, &next, &builder)
                batch.removeAll(keepingCapacity: true)
                size = 0
            }
            var closing: CheckedContinuation<Void, Never>?
            var all = jobs.take()
            if all.contains(where: { if case .close = $0 { true } else { false } }) { all += jobs.close() }
            for job in all {
                switch job {
                case .append(let b, let done):
                    batch.append((b, done))
                    size += b.weight
                    if size >= options.groupBytes { flush() }
                case .perform(let body, let done):
                    flush()
                    done.resume(with: Result { try attempt(queue, body) })
                case .close(let done):
                    closing = done
                }
            }
            flush()
            if let closing {
                // What is on the disk stays so whether or not the file closes in good order.
                try? queue.close()
                closing.resume()
                return
            }
        }
    }

    private func attempt(_ queue: DatabaseQueue, _ body: (Database) throws -> Void) throws {
        do {
            // A DatabaseQueue called synchronously runs on the calling thread.
            try queue.inTransaction { db in
                try body(db)
                return .commit
            }
            trouble.withLock { $0 = nil }
        } catch let error as DatabaseError where Self.isDisk(error) {
            let words = error.message ?? error.resultCode.description
            trouble.withLock { $0 = words }
            throw LedgerProblem.unwritable(words)
        }
    }

    private static func isDisk(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_NOMEM].contains(error.resultCode.primaryResultCode)
    }

    private func write(_ group: [Waiting], _ queue: DatabaseQueue, _ next: inout Int64, _ builder: inout BodyBuilder) {
        var body = next
        var last = Position(raw: 0)
        var written: [Written] = []
        do {
            try attempt(queue) { db in
                for (batch, _) in group {
                    let gone = try Quarantine.settle(batch.settled.map(\.id), db)
                    try add(batch, leavingOut: gone, &builder, &body, db)
                    let end = builder.count > 0 ? Position(body: body + 1, index: builder.count - 1) : Position(body: body, index: 0)
                    written.append(Written(last: end, gone: gone))
                    if !batch.refused.isEmpty { try Quarantine.insert(batch.refused, db, key: key, keeping: options.quarantineItems) }
                }
                // Whoever fills a body begins another, so there is one under way when anything was added.
                if builder.count > 0 {
                    last = Position(body: body + 1, index: builder.count - 1)
                    try store(&builder, &body, db)
                }
            }
        } catch {
            builder.removeAll()
            for (_, done) in group { done.resume(throwing: error) }
            return
        }
        let changed = body > next
        next = body
        if changed { newest.store(last.raw, ordering: .releasing) }
        if changed { for listener in listeners.withLock({ $0 }) { listener(body) } }
        for ((_, done), written) in zip(group, written) { done.resume(returning: written) }
    }

    /// Adds a batch's records, but for those of refused items that were replayed or dropped in the meantime.
    private func add(_ batch: Batch, leavingOut gone: Set<Int64>, _ builder: inout BodyBuilder, _ body: inout Int64, _ db: Database) throws {
        let left = gone.isEmpty ? [] : Set(batch.settled.filter { gone.contains($0.id) }.map(\.record))
        try batch.bytes.withUnsafeBytes { bytes in
            var from = 0
            for (i, end) in batch.ends.enumerated() {
                if left.isEmpty || !left.contains(i) {
                    if builder.isFull(for: Int(end) - from) { try store(&builder, &body, db) }
                    builder.add(UnsafeRawBufferPointer(rebasing: bytes[from..<Int(end)]))
                }
                from = Int(end)
            }
        }
    }

    private func store(_ builder: inout BodyBuilder, _ body: inout Int64, _ db: Database) throws {
        let insert = try db.cachedStatement(sql: "INSERT INTO body (id, data) VALUES (?, ?)").sqliteStatement
        body += 1
        let id = body
        let code = builder.finish { bytes in
            sqlite3_bind_int64(insert, 1, id)
            sqlite3_bind_blob(insert, 2, bytes.baseAddress, Int32(bytes.count), nil)  // outlives the step
            let code = sqlite3_step(insert)
            sqlite3_reset(insert)
            sqlite3_clear_bindings(insert)
            return code
        }
        guard code == SQLITE_DONE else {
            throw DatabaseError(resultCode: .init(rawValue: code), message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
        }
    }
}
