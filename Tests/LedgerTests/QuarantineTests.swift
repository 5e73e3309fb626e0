import Foundation
import GRDB
import Kernel
import Synchronization
import Testing

@testable import Ledger

@Suite(.timeLimit(.minutes(15))) struct `The quarantine` {
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

    @Test func `what is given up is seen, counted and replayed no more, until it is taken back`() async throws {
        try await withLedger { ledger in
            let ids = try await refuse(ledger, refused("{1}"), refused("{2}", source: 2), refused("{3}", reason: "s")).map(\.id)
            let first = try await ledger.giveUp(ids: [ids[0], ids[0], 99], now: Self.noon)
            let second = try await ledger.giveUp(QuarantineFilter(source: 2), now: Self.noon)
            #expect(first.count == 1 && second.count == 1 && first.number != second.number)
            #expect(try await ledger.quarantined(after: 0, limit: 10).items.map(\.id) == [ids[2]])
            #expect(try await ledger.quarantined(ids: ids).map(\.id) == [ids[2]])
            #expect(try await ledger.quarantineCount() == 1)
            #expect(try await ledger.quarantinedBySource() == [1: 1])
            #expect(try await ledger.refusals(limit: 10).map(\.reason) == ["s"])
            #expect(try await ledger.write(replay(ledger, [ids[0]])).gone == [ids[0]])
            #expect(try await ledger.takeBack(second.number) == 1)
            #expect(try await ledger.takeBack(second.number) == 0)
            #expect(try await ledger.quarantined(after: 0, limit: 10).items.map(\.id) == [ids[1], ids[2]])
            #expect(try await ledger.giveUp(now: Self.noon).count == 2)
        }
    }

    @Test func `what was given up is gone for good after a day, and not a moment before`() async throws {
        try await withLedger { ledger in
            try await refuse(ledger, refused("{1}"))
            let given = try await ledger.giveUp(now: Self.noon)
            try await ledger.purgeGivenUp(now: Self.noon + Quarantine.regret)
            #expect(try await ledger.quarantined(after: 0, limit: 10, withGivenUp: true).items.count == 1)
            try await ledger.purgeGivenUp(now: Self.noon + (Quarantine.regret + 1))
            #expect(try await ledger.quarantined(after: 0, limit: 10, withGivenUp: true).items.isEmpty)
            #expect(try await ledger.takeBack(given.number) == 0)
        }
    }

    @Test func `what was given up and comes again is there again, counted from one`() async throws {
        try await withLedger { ledger in
            try await refuse(ledger, refused("{1}"), refused("{1}"))
            _ = try await ledger.giveUp(now: Self.noon)
            let kept = try await refuse(ledger, refused("{1}", after: 60))
            #expect(kept.map(\.times) == [1])
            #expect(kept[0].refused.receivedAt == Self.noon + 60_000)
        }
    }

    @Test func `a thousand and one are given up as one`() async throws {
        try await withLedger { ledger in
            var batch = Batch()
            batch.refused = (0..<1001).map { refused("{\($0)}") }
            _ = try await ledger.append(batch)
            let given = try await ledger.giveUp(QuarantineFilter(kind: "k"), now: Self.noon)
            #expect(given.count == 1001)
            #expect(try await ledger.takeBack(given.number) == 1001)
        }
    }

    @Test func `items are filtered by source, kind and reason, in both orders, page by page`() async throws {
        try await withLedger { ledger in
            for i in 0..<6 { try await refuse(ledger, refused("{\(i)}", source: UInt16(1 + i % 2), reason: i < 3 ? "r" : "s")) }
            let filter = QuarantineFilter(source: 1, kind: "k")
            let oldest = try await ledger.quarantined(after: 0, limit: 2, filter)
            #expect(oldest.items.map(\.id) == [1, 3] && oldest.next == 3)
            #expect(try await ledger.quarantined(after: 3, limit: 2, filter).next == nil)
            let newest = try await ledger.quarantined(before: .max, limit: 2, filter)
            #expect(newest.items.map(\.id) == [5, 3] && newest.next == 3)
            #expect(try await ledger.quarantined(before: 3, limit: 2, filter).items.map(\.id) == [1])
            #expect(try await ledger.quarantined(before: .max, limit: 9, QuarantineFilter(reason: "s")).items.map(\.id) == [6, 5, 4])
        }
    }

    @Test func `refusals are counted by reason, out of the index alone`() async throws {
        try await withLedger { ledger in
            try await refuse(
                ledger, refused("{1}"), refused("{2}"), refused("{2}", after: 60), refused("{3}", reason: "s"), refused("{4}", source: 2))
            let groups = try await ledger.refusals(QuarantineFilter(source: 1), limit: 10)
            #expect(groups.map(\.reason) == ["r", "s"])
            #expect(groups[0].items == 2 && groups[0].times == 3 && groups[0].lastReceivedAt == Self.noon + 60_000)
            let plan = try await ledger.perform { db in
                try Row.fetchAll(
                    db,
                    sql:
                        "EXPLAIN QUERY PLAN SELECT source, kind, reason, count(*), sum(times), max(id) FROM quarantine WHERE given_up_at IS NULL GROUP BY source, kind, reason"
                ).map { "\($0["detail"] as String)" }
            }
            #expect(plan.contains { $0.contains("COVERING INDEX quarantine_reason") } && !plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }

    @Test func `each minute's refusals are counted, though the items are one or gone`() async throws {
        try await withLedger { ledger in
            try await refuse(ledger, refused("{1}"), refused("{1}", after: 10), refused("{1}", after: -3540), refused("{1}", source: 2, after: -3600))
            _ = try await ledger.dropQuarantined(ids: [1, 2])
            let counted = try await ledger.recentRefusals(now: Self.noon + 59_000).sorted { $0.source < $1.source }
            #expect(counted.map { "\($0.source) \($0.hoursAgo) \($0.times)" } == ["1 0 3", "2 1 1"])
            // A day later the first minute is the last that still counts, and after another it does not.
            #expect(try await ledger.recentRefusals(now: Self.noon + (86_400_000 - 60_000)).map(\.times) == [2])
            #expect(try await ledger.recentRefusals(now: Self.noon + 86_400_000).isEmpty)
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
