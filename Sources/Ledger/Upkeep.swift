import Foundation
import GRDB
import Kernel
import Store

/// What a check of the whole ledger found.
package struct Verification: Sendable, Equatable {
    package var bodies = 0
    package var records = 0
    package var erased = 0
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
        let reader = try LedgerReader(path: path)
        var found = Verification()
        var expected: Int64 = 1
        let last = newestBody
        while expected <= last {
            do {
                try reader.bodies(after: expected - 1, limit: 1000) { id, body in
                    while expected < id {
                        found.damaged.append(expected)
                        expected += 1
                    }
                    found.bodies += 1
                    found.bytes += body.bytes.count
                    if body.isIntact {
                        found.records += body.count
                        for i in 0..<body.count where body[i]?.kind == .erased { found.erased += 1 }
                    } else {
                        found.damaged.append(id)
                    }
                    expected = id + 1
                    return id < last
                }
            } catch LedgerProblem.damaged(let id) {
                while expected <= id {
                    found.damaged.append(expected)
                    expected += 1
                }
            }
            progress(expected - 1)
        }
        return found
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
    /// - Returns: the newest record in the copy; of body 0 when there is none.
    package func backup(to file: String) throws -> Position {
        var configuration = Configuration()
        configuration.readonly = true
        let source = try DatabaseQueue(path: path, configuration: configuration)
        let target = try DatabaseQueue(path: file)
        try source.backup(to: target)
        let newest = try target.read { try LedgerFile.newest($0) }
        try target.close()
        try source.close()
        return newest
    }
}
