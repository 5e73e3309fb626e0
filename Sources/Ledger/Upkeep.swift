import Foundation
import GRDB
import Kernel
import Store

/// What a check of the whole ledger found.
package struct Verification: Sendable, Equatable {
    package var bodies = 0
    package var records = 0
    package var erased = 0
    /// Records of interactions, repeated messages among them.
    package var interactions = 0
    package var bytes = 0
    /// Bodies whose checksum or frame is wrong, or that are missing.
    package var damaged: [Int64] = []
}

extension Ledger {
    /// Why the last write failed; nil when it did not. After a failure it also writes, so that the next call knows better.
    ///
    /// Without it a server that nobody sends to any more, because it said that it cannot be written, would say so for ever.
    package func probe() async -> String? {
        guard let reason = unwritable else { return nil }
        // What becomes of it stands in ``unwritable``.
        try? await perform { try $0.execute(sql: "UPDATE meta SET value = value WHERE key = 'format'") }
        return reason
    }

    /// Reads every body up to the newest, checks its checksum and every record's frame, and that none is missing.
    package func verify(progress: (Int64) -> Void = { _ in }) throws -> Verification {
        try LedgerFile.verify(path, upTo: newestBody, progress: progress)
    }

    /// Copies the WAL into the file and empties it.
    package func checkpoint() async throws {
        // A checkpoint cannot run inside the transaction that `perform` opens, so it goes by a connection of its own.
        try await Task.detached { [path] in
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try Checkpoint.run { try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } }
            try queue.close()
        }.value
    }

    /// Copies a consistent snapshot into a new file while appends go on.
    ///
    /// - Parameter progress: Told now and then how many bytes are copied, and of how many; what it throws ends the copying.
    /// - Returns: the newest record in the copy; of body 0 when there is none.
    package func backup(to file: String, progress: @escaping (_ done: Int, _ of: Int) throws -> Void = { _, _ in }) throws -> Position {
        var configuration = Configuration()
        configuration.readonly = true
        let source = try DatabaseQueue(path: path, configuration: configuration)
        let target = try DatabaseQueue(path: file)
        try source.read { try DatabaseCopy.write($0, to: target, progress: progress) }
        let newest = try target.read { try LedgerFile.newest($0) }
        try target.close()
        try source.close()
        return newest
    }
}

extension LedgerFile {
    /// Reads every body of a file, checks its checksum and every record's frame, and that none is missing.
    /// - Parameters:
    ///   - last: The newest body that there has to be.
    ///   - progress: Told now and then up to which body all is read; what it throws ends the reading.
    package static func verify(_ path: String, upTo last: Int64, progress: (Int64) throws -> Void = { _ in }) throws -> Verification {
        let reader = try LedgerReader(path: path)
        var found = Verification()
        var expected: Int64 = 1
        while expected <= last {
            do {
                let before = expected
                try reader.bodies(after: expected - 1, limit: 1000) { id, body in
                    guard id <= last else { return false }
                    while expected < id {
                        found.damaged.append(expected)
                        expected += 1
                    }
                    found.add(body, id)
                    expected = id + 1
                    return id < last
                }
                // Nothing more is in the file, and there should be.
                if expected == before {
                    found.damaged += Array(expected...last)
                    expected = last + 1
                }
            } catch LedgerProblem.damaged(let id) {
                while expected <= id {
                    found.damaged.append(expected)
                    expected += 1
                }
            }
            try progress(expected - 1)
        }
        return found
    }

    /// The newest record of a ledger that nobody has open, which is only read; of body 0 when there is none.
    package static func newest(of path: String) throws -> Position {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read(newest)
    }
}

extension Verification {
    fileprivate mutating func add(_ body: BodyView, _ id: Int64) {
        bodies += 1
        bytes += body.bytes.count
        guard body.isIntact else { return damaged.append(id) }
        records += body.count
        for i in 0..<body.count {
            switch body[i]?.kind {
            case .erased: erased += 1
            case .interaction: interactions += 1
            default: break
            }
        }
    }
}
