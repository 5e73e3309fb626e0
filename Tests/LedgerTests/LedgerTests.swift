import Foundation
import GRDB
import Kernel
import Ledger
import Testing

@Suite struct `The ledger` {
    static let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
    static let clock = Clock { Instant("2026-05-03T10:00:00Z")! }

    private func withLedger(_ options: Ledger.Options = .init(), _ body: (Ledger) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "ledger-" + UUID().uuidString + ".db"
        let ledger = try Ledger(path: path, options: options, randomness: Self.randomness, clock: Self.clock)
        try await body(ledger)
        await ledger.close()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    private func batch(_ ledger: Ledger, _ n: Int, size: Int = 10) -> Batch {
        var batch = Batch()
        for i in 0..<n {
            let id = "m-\(UUID().uuidString)"
            let at = Self.clock.now + Int64(i)
            batch.append(
                RecordHeader(at: at, receivedAt: at, message: ledger.key.message(id)), name: "Event \(i)", messageID: id,
                identifiers: [(.userID, "u\(i)")],
                properties: .object([.init("text", .string(String(repeating: "x", count: size)))]))
        }
        return batch
    }

    @Test func `positions count up and what was appended is read back`() async throws {
        try await withLedger { ledger in
            var last = Position(raw: 0)
            for n in [1, 5, 700] {
                let p = try await ledger.append(batch(ledger, n))
                #expect(p > last)
                last = p
            }
            let reader = try LedgerReader(path: ledger.path)
            var names: [String] = []
            try reader.bodies(after: 0) { _, body in
                #expect(body.bytes.count <= BodyView.maximum)
                #expect(body.isIntact)
                for i in 0..<body.count { names.append(body[i]!.name) }
                return true
            }
            #expect(names.count == 706)
            #expect(try reader.record(last) { $0.name } == "Event 699")
        }
    }

    @Test func `a record of the largest size fits, with its neighbours in bodies of their own`() async throws {
        try await withLedger { ledger in
            var b = Batch()
            let at = Self.clock.now
            let fixed = RecordHeader.size + 1 + 1
            for size in [10, RecordHeader.maximumRecord - fixed, 10] {
                let header = RecordHeader(at: at, receivedAt: at, message: ledger.key.message("\(size)"))
                [UInt8(110)].withUnsafeBytes { one in b.begin(header, name: .init(rebasing: one[..<1]), messageID: .init(rebasing: one[..<1])) }
                b.properties { $0.append(contentsOf: repeatElement(32, count: size)) }
                b.end()
            }
            _ = try await ledger.append(b)
            let found = try ledger.verify()
            #expect(found.records == 3)
            #expect(found.damaged.isEmpty)
        }
    }

    @Test func `more than the queue may hold is refused as busy and nothing is lost`() async throws {
        var options = Ledger.Options()
        options.queueBytes = 20_000
        try await withLedger(options) { ledger in
            let batches = (0..<200).map { _ in batch(ledger, 20, size: 100) }
            let results = await withTaskGroup(of: Bool.self, returning: [Bool].self) { group in
                for b in batches {
                    group.addTask {
                        do {
                            _ = try await ledger.append(b)
                            return true
                        } catch LedgerProblem.busy { return false } catch {
                            Issue.record(error)
                            return false
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let accepted = results.filter { $0 }.count
            #expect(accepted > 0)
            let found = try ledger.verify()
            #expect(found.records == accepted * 20)
            #expect(ledger.queuedBytes == 0)
        }
    }

    @Test func `a flipped byte is found by verifying`() async throws {
        try await withLedger { ledger in
            _ = try await ledger.append(batch(ledger, 50))
            _ = try await ledger.append(batch(ledger, 50))
            #expect(try ledger.verify().damaged.isEmpty)
            try await ledger.perform { db in
                var data = try Data.fetchOne(db, sql: "SELECT data FROM body WHERE id = 2")!
                data[data.count / 2] ^= 1
                try db.execute(sql: "UPDATE body SET data = ? WHERE id = 2", arguments: [data])
            }
            #expect(try ledger.verify().damaged == [2])
        }
    }

    @Test func `bodies that are missing are found by verifying, at the end as well`() async throws {
        try await withLedger { ledger in
            for _ in 0..<5 { _ = try await ledger.append(batch(ledger, 10)) }
            try await ledger.perform { try $0.execute(sql: "DELETE FROM body WHERE id IN (2, 4, 5)") }
            let found = try ledger.verify()
            #expect(found.damaged == [2, 4, 5] && found.bodies == 2 && found.interactions == 20)
            // A file that goes on behind the newest that there has to be is none the worse for it.
            #expect(try LedgerFile.verify(ledger.path, upTo: 2).damaged == [2])
            #expect(try LedgerFile.verify(ledger.path, upTo: 0).bodies == 0)
        }
    }

    @Test func `erasing leaves a tombstone and nothing of what was said in the files`() async throws {
        try await withLedger { ledger in
            var b = batch(ledger, 3)
            let at = Self.clock.now
            b.append(
                RecordHeader(at: at, receivedAt: at, message: ledger.key.message("secret")), name: "Told", messageID: "secret",
                identifiers: [(.email, "rosamund@example.com")], properties: ["text": "a very particular phrase"])
            let p = try await ledger.append(b)
            _ = try await ledger.append(batch(ledger, 3))
            try await ledger.erase([p: .tombstone(customer: 7, identifiers: [(.userID, ErasedIdentifier.token(erasure: 1, index: 0))])])
            let found = try ledger.verify()
            #expect(found.records == 7)
            #expect(found.erased == 1)
            #expect(found.damaged.isEmpty)
            let reader = try LedgerReader(path: ledger.path)
            #expect(try reader.record(p) { $0.kind } == .erased)
            #expect(try reader.record(p) { $0.value } == 7)
            for end in ["", "-wal"] {
                let bytes = (try? Data(contentsOf: URL(fileURLWithPath: ledger.path + end))) ?? Data()
                #expect(bytes.range(of: Data("very particular".utf8)) == nil)
                #expect(bytes.range(of: Data("osamund".utf8)) == nil)
            }
        }
    }

    @Test func `declared channels and kinds get codes that stay`() async throws {
        try await withLedger { ledger in
            try await ledger.declare(channels: ["kiosk", "web"], kinds: ["card"])
            try await ledger.declare(channels: ["fax"], kinds: ["card"])
            #expect(ledger.vocabulary.channel("kiosk")?.rawValue == 32)
            #expect(ledger.vocabulary.channel("fax")?.rawValue == 33)
            #expect(ledger.vocabulary.channel("web") == .web)
            #expect(ledger.vocabulary.kind("card")?.rawValue == 32)
        }
    }

    // Two erasures at once: each empties the WAL, and SQLite refuses a checkpoint while another runs.
    @Test func `checkpoints at the same time wait for each other`() async throws {
        try await withLedger { ledger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for _ in 0..<60 { _ = try await ledger.append(self.batch(ledger, 40)) } }
                for _ in 0..<6 { group.addTask { for _ in 0..<30 { try await ledger.checkpoint() } } }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a backup taken while appends go on is whole`() async throws {
        try await withLedger { ledger in
            let copy = NSTemporaryDirectory() + "copy-" + UUID().uuidString + ".db"
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for _ in 0..<50 { _ = try await ledger.append(self.batch(ledger, 20)) } }
                group.addTask { _ = try ledger.backup(to: copy) }
                try await group.waitForAll()
            }
            let restored = try Ledger(path: copy, randomness: Self.randomness, clock: Self.clock)
            #expect(restored.key == ledger.key)
            #expect(try restored.verify().damaged.isEmpty)
            await restored.close()
        }
    }
}
