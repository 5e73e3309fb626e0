import Foundation
import GRDB
import Kernel
import Synchronization
import Testing

@testable import Ledger

@Suite(.timeLimit(.minutes(5))) struct `The quarantine` {
    private static let noon = Instant("2026-05-03T12:00:00Z")!

    private func withLedger(_ options: Ledger.Options = .init(), _ body: (Ledger) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "quarantine-" + UUID().uuidString + ".db"
        let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        let ledger = try Ledger(path: path, options: options, randomness: randomness, clock: Clock { Self.noon })
        try await body(ledger)
        await ledger.close()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    private func refused(_ item: String, source: UInt16 = 1, reason: String = "r", after seconds: Int64 = 0) -> Refused {
        Refused(
            route: "track", index: 0, messageID: nil, kind: "k", reason: reason, item: Array(item.utf8), source: source,
            receivedAt: Self.noon + seconds * 1000)
    }

    @discardableResult private func refuse(_ ledger: Ledger, _ all: Refused...) async throws -> [Quarantined] {
        var batch = Batch()
        batch.refused = all
        _ = try await ledger.append(batch)
        return try await ledger.quarantined(after: 0, limit: 1000).items
    }

    /// A record for each of these items of the quarantine, as a replay makes them.
    private func replay(_ ledger: Ledger, _ ids: [Int64]) -> Batch {
        var batch = Batch()
        for id in ids {
            batch.append(
                RecordHeader(at: Self.noon, receivedAt: Self.noon, message: ledger.key.message("\(UUID())")), name: "Item \(id)", messageID: "m")
            batch.settle(id)
        }
        return batch
    }

    private func names(_ ledger: Ledger) throws -> [String] {
        var names: [String] = []
        try LedgerReader(path: ledger.path).bodies(after: 0) { _, body in
            for i in 0..<body.count { names.append(body[i]!.name) }
            return true
        }
        return names
    }

    @Test func `keeps the newest`() async throws {
        var options = Ledger.Options()
        options.quarantineItems = 3
        try await withLedger(options) { ledger in
            for i in 0..<5 { try await refuse(ledger, refused("{\(i)}")) }
            let kept = try await ledger.quarantined(after: 0, limit: 10).items
            #expect(kept.map { String(decoding: $0.refused.item, as: UTF8.self) } == ["{2}", "{3}", "{4}"])
            #expect(try await ledger.dropQuarantined(ids: [kept[0].id, kept[0].id]) == 1)
            #expect(try await ledger.quarantined(ids: kept.map(\.id)).count == 2)
            #expect(try await ledger.quarantineCount() == 2)
        }
    }

    @Test func `the same bytes refused again for the same reason are one item with a count`() async throws {
        try await withLedger { ledger in
            try await refuse(ledger, refused("{1}"), refused("{2}"))
            try await refuse(ledger, refused("{1}", after: 60), refused("{1}", after: 30))
            let kept = try await refuse(ledger, refused("{1}", source: 2), refused("{1}", reason: "s"))
            #expect(kept.map(\.times) == [3, 1, 1, 1])
            #expect(kept[0].refused.receivedAt == Self.noon)
            #expect(kept[0].lastReceivedAt == Self.noon + 60_000)
        }
    }

    @Test func `items that differ only behind what is kept are two`() async throws {
        try await withLedger { ledger in
            let start = String(repeating: "x", count: Quarantine.itemBytes)
            let kept = try await refuse(ledger, refused(start + "a"), refused(start + "b"))
            #expect(kept.count == 2)
        }
    }

    @Test func `an item of the largest size is kept whole, and one byte more is marked as cut`() async throws {
        try await withLedger { ledger in
            let largest = String(repeating: "x", count: Quarantine.itemBytes)
            let kept = try await refuse(ledger, refused(largest), refused(largest + "y"))
            #expect(kept.map(\.isTruncated) == [false, true])
            #expect(kept.map(\.bytes) == [Quarantine.itemBytes, Quarantine.itemBytes + 1])
            #expect(kept.map(\.refused.item.count) == [Quarantine.itemBytes, Quarantine.itemBytes])
        }
    }

    @Test func `a page ends at its count or its bytes, and none is left out`() async throws {
        try await withLedger { ledger in
            let text = String(repeating: "x", count: Quarantine.itemBytes - 10)
            for i in 0..<100 { try await refuse(ledger, refused("\(i) \(text)")) }
            var sizes: [Int] = []
            var after: Int64? = 0
            while let from = after {
                let page = try await ledger.quarantined(after: from, limit: 80)
                sizes.append(page.items.count)
                after = page.next
            }
            #expect(sizes.reduce(0, +) == 100)
            #expect(sizes[0] < 80 && sizes[0] > 60)
            #expect(try await ledger.quarantined(after: 0, limit: 10).items.count == 10)
        }
    }

    @Test func `a replayed item leaves in the transaction that writes it`() async throws {
        try await withLedger { ledger in
            let ids = try await refuse(ledger, refused("{1}"), refused("{2}")).map(\.id)
            // A write that fails, as on a full disk, takes nothing out.
            try await ledger.perform {
                try $0.execute(sql: "CREATE TRIGGER full BEFORE INSERT ON body BEGIN SELECT raise(ABORT, 'full'); END")
            }
            await #expect(throws: (any Error).self) { _ = try await ledger.append(replay(ledger, ids)) }
            #expect(try await ledger.quarantineCount() == 2)
            try await ledger.perform { try $0.execute(sql: "DROP TRIGGER full") }
            #expect(try await ledger.write(replay(ledger, ids)).gone.isEmpty)
            #expect(try await ledger.quarantineCount() == 0)
            let said = ids.map { "Item \($0)" }
            #expect(try names(ledger) == said)
        }
    }

    @Test func `two who replay the same at once write it once, and what was dropped is not written`() async throws {
        try await withLedger { ledger in
            let ids = try await refuse(ledger, refused("{1}"), refused("{2}"), refused("{3}"), refused("{4}")).map(\.id)
            try await ledger.dropQuarantined(ids: [ids[1]])
            async let one = ledger.write(replay(ledger, ids))
            async let other = ledger.write(replay(ledger, ids))
            let gone = try await [one.gone.count, other.gone.count].sorted()
            #expect(gone == [1, 4])
            let said = [ids[0], ids[2], ids[3]].map { "Item \($0)" }
            #expect(try names(ledger) == said)
            #expect(try ledger.verify().damaged.isEmpty)
        }
    }

    @Test func `listing and counting do not wait for the writer`() async throws {
        try await withLedger { ledger in
            try await refuse(ledger, refused("{1}"))
            let entered = DispatchSemaphore(value: 0)
            let leave = DispatchSemaphore(value: 0)
            async let busy: Void = ledger.perform { _ in
                entered.signal()
                leave.wait()
            }
            await withCheckedContinuation { done in
                DispatchQueue.global().async {
                    entered.wait()
                    done.resume()
                }
            }
            // Hangs here, until the time limit, when it runs on the writer's thread.
            #expect(try await ledger.quarantineCount() == 1)
            #expect(try await ledger.quarantined(after: 0, limit: 10).items.count == 1)
            #expect(try await ledger.quarantined(ids: [1]).count == 1)
            leave.signal()
            try await busy
        }
    }

    @Test func `a quarantine from before there were counts is taken over`() async throws {
        let path = NSTemporaryDirectory() + "quarantine-" + UUID().uuidString + ".db"
        let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        let clock = Clock { Self.noon }
        let first = try Ledger(path: path, randomness: randomness, clock: clock)
        try await first.perform { db in
            try db.execute(sql: "DROP TABLE quarantine; " + Quarantine.schema)
            try db.execute(
                sql: "INSERT INTO quarantine (received_at, source, route, place, kind, reason, item) VALUES (7, 1, 'track', 0, 'k', 'r', x'7b7d')")
        }
        await first.close()
        let second = try Ledger(path: path, randomness: randomness, clock: clock)
        let kept = try await refuse(second, refused("{}"))
        #expect(kept.map(\.times) == [1, 1])
        #expect(kept[0].lastReceivedAt == Instant(milliseconds: 7) && !kept[0].isTruncated)
        await second.close()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }
}
