import Formula
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import Synchronization
import TestSupport
import Testing
import Timeline

@Suite struct `The pipeline` {
    @Test func `a message id that comes again is dropped, also after a restart and a merge of the timeline`() async throws {
        let w = try await World(mergeAt: 3)
        for i in 0..<10 { try await w.say(.init((.userID, "u"), message: "m\(i)")) }
        try await w.say(.init((.userID, "u"), message: "m3"))
        let u = try #require(try w.person(.userID, "u"))
        #expect(w.marks(u).count == 10)
        let again = try await w.reopened(mergeAt: 3)
        #expect(again.marks(u).count == 10)
        try await again.say(.init((.userID, "u"), message: "m4"), .init((.userID, "u"), message: "new"))
        #expect(again.marks(u).count == 11)
        await again.remove()
    }

    @Test func `the timeline merges when nothing comes for a while, and not for a few marks`() async throws {
        let w = try await World(restAt: 10)
        for i in 0..<9 { try await w.say(.init((.userID, "u"), message: "m\(i)")) }
        try await Task.sleep(for: .seconds(3))
        #expect(w.pipeline.timeline.recent == 9)
        try await w.say(.init((.userID, "u"), message: "m9"))
        let u = try #require(try w.person(.userID, "u"))
        for _ in 0..<600 where w.pipeline.timeline.recent > 0 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(w.pipeline.timeline.recent == 0 && w.marks(u).count == 10)
        await w.remove()
    }

    @Test func `the window ends at its last second`() async throws {
        let w = try await World(window: 100)
        func message(_ seconds: Int64) -> World.Said {
            var s = World.Said((.userID, "u"), message: "same")
            s.received = seconds
            return s
        }
        try await w.say([message(0), message(100)])
        let u = try #require(try w.person(.userID, "u"))
        #expect(w.marks(u).count == 1)
        try await w.say([message(101)])
        #expect(w.marks(u).count == 2)
        await w.remove()
    }

    @Test func `marks are in the order of time whatever the order of arrival`() async throws {
        let w = try await World(mergeAt: 7)
        var r = SeededRandom(seed: 5)
        let seconds = (0..<200).map { _ in Int64(r.below(50)) }
        for s in seconds { try await w.say(.init((.userID, "u"), at: s)) }
        let marks = w.marks(try #require(try w.person(.userID, "u")))
        #expect(marks.count == 200)
        for (a, b) in zip(marks, marks.dropFirst()) { #expect(a.isAfter(b)) }
        #expect(marks.map { Int64($0.second) - World.start.seconds } == seconds.sorted(by: >))
        await w.remove()
    }

    @Test(arguments: [["timeline"], ["state.db", "state.db-wal", "state.db-shm"], ["timeline/snapshot"]])
    func `what is missing is rebuilt from the ledger`(files: [String]) async throws {
        let w = try await World(mergeAt: 20)
        for i in 0..<60 { try await w.say(.init((.userID, "u\(i % 7)"), (.anonymousID, "a\(i % 11)"), name: "E\(i % 3)", at: Int64(i))) }
        let before = (try w.partition(), (0..<7).map { i in w.marks((try? w.person(.userID, "u\(i)")) ?? 0).map(\.position) })
        let again = try await w.reopened(losing: files)
        while await !again.pipeline.wait(for: again.ledger.newestBody) {}
        #expect(try again.partition() == before.0)
        #expect((0..<7).map { i in again.marks((try? again.person(.userID, "u\(i)")) ?? 0).map(\.position) } == before.1)
        await again.remove()
    }

    @Test func `a damaged timeline is rebuilt, whatever byte of its frame is wrong`() async throws {
        let w = try await World(mergeAt: 20)
        for i in 0..<60 { try await w.say(.init((.userID, "u\(i % 7)"), at: Int64(i))) }
        await w.close()
        let folder = w.folder + "/timeline"
        let columns = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".columns") })
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + columns))
        for offset in [0, 9, 17, 68, 80] {
            bytes[offset] ^= 0xff
            try bytes.write(to: URL(fileURLWithPath: folder + "/" + columns))
            let again = try await World(w.folder, mergeAt: 1 << 20)
            var total = 0
            for i in 0..<7 { total += again.marks(try #require(try again.person(.userID, "u\(i)"))).count }
            #expect(total == 60)
            await again.close()
            bytes[offset] ^= 0xff
        }
        try FileManager.default.removeItem(atPath: w.folder)
    }

    /// Selectors that are asked for while nothing comes: each has a snapshot made at the same place of the ledger.
    @Test func `a snapshot leaves the one before it of the same moment to its readers`() async throws {
        let w = try await World()
        for i in 0..<60 { try await w.say(.init((.userID, "u\(i % 7)"), name: "E\(i % 3)", at: Int64(i))) }
        let people = try (0..<7).map { try #require(try w.person(.userID, "u\($0)")) }
        let told = people.map { w.told($0) }
        for property in ["a", "b", "c", "d"] {
            let before = w.pipeline.timeline
            _ = try await w.pipeline.select([Selector(subject: .event("E1"), property: PropertyPath([.init(property)]))])
            #expect(w.markCounts.recent == 0)
            #expect(people.map { w.told($0) } == told)
            var kept: [Mark] = []
            before.newest(w.pipeline.people.members(of: people[0]), limit: .max, into: &kept)
            #expect(kept.count == told[0].count)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: w.folder + "/timeline")
        #expect(files.count == 4, "\(files)")
        let again = try await w.reopened()
        #expect(again.markCounts == (60, 0))
        #expect(people.map { again.told($0) } == told)
        await again.remove()
    }

    /// Fails at its third group, after the core has resolved and marked what is in it.
    private final class Failing: Reaction {
        private let calls = Mutex(0)
        let migrations = [Migration("failing 1", "CREATE TABLE seen (position BIGINT NOT NULL)")]
        func react(to concluded: Concluded, in writer: Writer) throws {
            try concluded.forEach { _, _, position in
                try writer.database.execute(sql: "INSERT INTO seen (position) VALUES (?)", arguments: [Int64(bitPattern: position.raw)])
            }
            let n = calls.withLock {
                $0 += 1
                return $0
            }
            if n == 3 { throw CocoaError(.fileWriteOutOfSpace) }
        }
    }

    @Test func `a group that failed is concluded once more, and nothing of it is lost or doubled`() async throws {
        let w = try await World(reactions: [Failing()])
        for i in 0..<6 { try await w.say(.init((.userID, "u"), message: "m\(i)")) }
        let u = try #require(try w.person(.userID, "u"))
        #expect(w.marks(u).count == 6)
        #expect(try w.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM seen") } == 6)
        #expect(w.pipeline.status.trouble == nil)
        await w.remove()
    }

    @Test func `nothing more is taken in when there are as many customers as there can be, or when the ledger could hold them`() async throws {
        let w = try await World(mostCustomers: 3200)
        #expect(w.pipeline.intake == .open)
        // While the pipeline cannot write, what is appended waits: three bodies could hold 3,045 customers, four 4,060.
        let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holder = Thread { [store = w.store] in
            try? store.write { _ in
                held.signal()
                release.wait()
            }
        }
        holder.start()
        await withCheckedContinuation { done in
            Thread {
                held.wait()
                done.resume()
            }.start()
        }
        var last = Position(raw: 0)
        for n in 1...4 {
            last = try await w.ledger.append(w.batch([.init((.userID, "u\(n)"))]))
            #expect(w.pipeline.intake == (n < 4 ? .open : .behind))
        }
        release.signal()
        while await !w.pipeline.wait(for: last.body) {}
        #expect(w.pipeline.intake == .open)
        try await w.say((5...3100).map { .init((.userID, "u\($0)")) })
        #expect(w.pipeline.intake == .full)
        await w.remove()
    }

    @Test func `more customers than there can be are an error that says so, and the ledger goes on`() async throws {
        let w = try await World(mostCustomers: 40)
        try await w.say((1...40).map { .init((.userID, "u\($0)")) })
        let over = try await w.ledger.append(w.batch([.init((.userID, "one more"))]))
        while w.pipeline.status.trouble == nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(w.pipeline.status.trouble == "\(Resolver.Problem.full(40))")
        #expect(try await w.ledger.append(w.batch([.init((.userID, "u1"))])) > over)
        #expect(w.pipeline.people.count == 40)
        await w.remove()
    }

    @Test func `a tombstone or a decision that names a customer who cannot be stops nothing else`() async throws {
        let w = try await World()
        try await w.say(.init((.userID, "u")))
        _ = try await w.pipeline.perform(.apart(a: 0, b: 4_000_000_000, author: "ann"), randomness: World.randomness)
        _ = try await w.pipeline.perform(.merge(a: 0, b: 4_000_000_000, author: "ann", note: nil), randomness: World.randomness)
        _ = try await w.pipeline.perform(.erase(customer: 4_000_000_000, author: "ann"), randomness: World.randomness)
        try await w.say(.init((.userID, "u"), (.email, "u@example.com")), .init((.userID, "v"), (.email, "u@example.com")))
        #expect(w.pipeline.status.trouble == nil)
        var damaged = Batch()
        var header = RecordHeader(at: World.start, receivedAt: World.start, message: w.ledger.key.message("x"))
        header.kind = .erased
        header.value = 1e300
        damaged.append(header, name: "", messageID: "")
        let at = try await w.ledger.append(damaged)
        while w.pipeline.status.trouble == nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(w.pipeline.status.trouble == "\(Resolver.Problem.tombstone(at))")
        await w.remove()
    }

    // Marks are counted, not time: a bot's page looks at as many as it shows, whatever it has, and search at one.
    @Test(arguments: [nil, 3000]) func `a page of somebody with very many interactions looks at few of them`(mergeAt: Int?) async throws {
        let w = try await World(mergeAt: mergeAt)
        for from in stride(from: 0, to: 20_000, by: 1000) {
            try await w.say((from..<from + 1000).map { World.Said((.userID, "bot"), at: Int64($0)) })
        }
        let bot = try #require(try w.person(.userID, "bot"))
        let parts = w.pipeline.timeline
        let members = w.pipeline.people.members(of: bot)
        var page: [Mark] = []
        var looked = 0
        func look(_ mark: Mark) -> Bool {
            looked += 1
            return true
        }
        parts.newest(members, limit: 50, into: &page, where: look)
        #expect(page.map(\.second) == (19_950..<20_000).reversed().map { UInt32(World.start.seconds) + $0 })
        #expect(looked <= 3 * 51)
        looked = 0
        let since = UInt32(World.start.seconds) + 19_990
        parts.newest(members, limit: 50, since: since, into: &page, where: look)
        #expect(page.count == 10 && looked <= 3 * 11)
        #expect(parts.latest(members) == UInt32(World.start.seconds) + 19_999)
        await w.remove()
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func `the newest marks are right in whatever order they arrived`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let w = try await World(mergeAt: seed % 2 == 0 ? 300 : nil)
        for _ in 0..<10 {
            try await w.say((0..<100).map { _ in World.Said((.userID, "u\(random.next() % 2)"), at: Int64(random.next() % 200)) })
        }
        let members = try ["u0", "u1"].map { try #require(try w.person(.userID, $0)) }
        var all: [Mark] = []
        w.pipeline.timeline.forEach(members) { all.append($0) }
        all.sort { $0.isAfter($1) }
        #expect(all.count == 1000)
        #expect(w.pipeline.timeline.latest(members) == all[0].second)
        for _ in 0..<50 {
            let limit = 1 + Int(random.next() % 100)
            let from = Int(random.next() % 1000)
            let since = all[Int(random.next() % 1000)].second
            var page: [Mark] = []
            w.pipeline.timeline.newest(
                members, limit: limit, before: .init(second: all[from].second, position: all[from].position), since: since, into: &page
            ) { $0.position % 3 != 0 }
            let expected = all[(from + 1)...].filter { $0.second >= since && $0.position % 3 != 0 }.prefix(limit)
            #expect(page.map(\.position) == expected.map(\.position))
        }
        await w.remove()
    }
}
