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

@testable import Audiences

@Suite struct `Who belongs to an audience` {
    static let recent = """
        audience:
          key: recent
          name: Ordered lately
          who: count("Order Completed" in last 1 hour) >= 1
        """
    static let lifecycle = """
        lifecycle:
          stages:
            - name: Aware
            - name: Customer
              when: did("Order Completed")
            - name: Lapsing
              when: time since last("Order Completed") > 30 days
        """

    private func order(_ email: String, at seconds: Int64 = 0, total: Double = 10) -> World.Said {
        var said = World.Said((.email, email), name: "Order Completed", at: seconds)
        said.received = seconds
        said.properties = ["total": .number(total)]
        said.value = total
        return said
    }

    @Test func `enters with the interaction and leaves when its time has passed`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent])
        try await world.world.say(order("ann@example.com"))
        try await world.eventually("she has entered") { try world.said(of: "ann@example.com") == ["Audience Entered recent"] }
        world.clock.advance(3_600)
        try await Task.sleep(for: .milliseconds(300))
        // The moment an hour ago still counts.
        #expect(try world.said(of: "ann@example.com") == ["Audience Entered recent"])
        world.clock.advance(1)
        try await world.eventually("she has left") { try world.said(of: "ann@example.com").last == "Audience Left recent" }
        // What the sweep has counted is not counted once more.
        for _ in 0..<15 {
            #expect(world.engine.state.withLock { $0.sizes["audience/recent"] } == 0)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(world.engine.membership.now.belongs(0, to: 1) == false)
        await world.remove()
    }

    @Test func `whom a new definition finds belongs, and has not entered`() async throws {
        let world = try await AudienceWorld()
        try await world.world.say(order("ann@example.com"))
        try await world.world.say([World.Said((.email, "bo@example.com"))])
        try await world.define(["audience/recent": Self.recent])
        let number = try #require(world.engine.membership.number(of: "audience/recent"))
        let ann = try #require(try world.world.person(.email, "ann@example.com"))
        let bo = try #require(try world.world.person(.email, "bo@example.com"))
        #expect(world.engine.membership.now.belongs(ann, to: number))
        #expect(!world.engine.membership.now.belongs(bo, to: number))
        #expect(try world.said(of: "ann@example.com").isEmpty)
        // The same of a definition that changes: nobody left, nobody entered.
        try await world.define(["audience/recent": Self.recent.replacing(">= 1", with: ">= 2")])
        #expect(!world.engine.membership.now.belongs(ann, to: number))
        #expect(try world.said(of: "ann@example.com").isEmpty)
        await world.remove()
    }

    @Test func `a property that nobody asked for before is read from what happened`() async throws {
        let world = try await AudienceWorld()
        try await world.world.say(order("ann@example.com", total: 80), order("bo@example.com", total: 3))
        try await world.define([
            "audience/big": "audience: {key: big, name: Big, who: 'sum(\"Order Completed\".total) > 50', except: 'trait.city = \"Leeds\"'}"
        ])
        let number = try #require(world.engine.membership.number(of: "audience/big"))
        let ann = try #require(try world.world.person(.email, "ann@example.com"))
        #expect(world.engine.membership.now.belongs(ann, to: number))
        var moved = World.Said((.email, "ann@example.com"), name: "Customer Identified")
        moved.type = .identify
        moved.properties = ["city": "leeds"]
        try await world.world.say(moved)
        try await world.eventually("she has left") { try world.said(of: "ann@example.com") == ["Audience Left big"] }
        try await world.world.say(order("bo@example.com", total: 60))
        try await world.eventually("he has entered") { try world.said(of: "bo@example.com") == ["Audience Entered big"] }
        await world.remove()
    }

    @Test func `everybody is in one stage, and comes into others as they live`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["lifecycle": Self.lifecycle])
        try await world.world.say([World.Said((.email, "ann@example.com"))])
        try await world.world.say(order("ann@example.com"))
        try await world.eventually("she is a customer") { try world.said(of: "ann@example.com") == ["Stage Changed Aware → Customer"] }
        world.clock.advance(31 * 86_400)
        try await world.eventually("she is lapsing") { try world.said(of: "ann@example.com").last == "Stage Changed Customer → Lapsing" }
        try await world.world.say(order("ann@example.com", at: 31 * 86_400))
        try await world.eventually("she is back") { try world.said(of: "ann@example.com").last == "Stage Changed Lapsing → Customer" }
        #expect(try world.said(of: "ann@example.com").count == 3)
        await world.remove()
    }

    @Test func `two who are one person belong to what either belonged to, and nothing is said of it`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent, "lifecycle": Self.lifecycle])
        try await world.world.say(order("ann@example.com"))
        try await world.world.say([World.Said((.userID, "u1"))])
        try await world.eventually("she has entered") { try world.said(of: "ann@example.com").count == 2 }
        try await world.world.say([World.Said((.userID, "u1"), (.email, "ann@example.com"))])
        try await Task.sleep(for: .milliseconds(500))
        #expect(try world.said(of: "ann@example.com").count == 2)
        let user = try #require(try world.world.person(.userID, "u1"))
        let number = try #require(world.engine.membership.number(of: "audience/recent"))
        for raw in world.world.pipeline.people.members(of: user) { #expect(world.engine.membership.now.belongs(raw, to: number)) }
        await world.remove()
    }

    @Test func `whoever turns out to be another has not left, and each belongs to what they belong to alone`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent.replacing(">= 1", with: ">= 2"), "lifecycle": Self.lifecycle])
        try await world.world.say([World.Said((.email, "bo@example.com"))])
        try await world.world.say(order("ann@example.com"))
        try await world.world.say(order("ann@example.com", at: -1))
        try await world.world.say(order("cy@example.com"))
        try await world.eventually("she has entered") { try world.said(of: "ann@example.com").contains("Audience Entered recent") }
        let set = try #require(world.engine.membership.number(of: "audience/recent"))
        let customer = try #require(world.engine.membership.number(of: "lifecycle/Customer"))
        let people = try ["ann", "bo", "cy"].map { try #require(try world.world.person(.email, $0 + "@example.com")) }
        let (ann, bo, cy) = (people[0], people[1], people[2])
        for other in [bo, cy] {
            _ = try await world.world.pipeline.perform(
                .merge(a: ann, b: other, author: "Ann", note: nil, reviewed: false), randomness: World.randomness)
        }
        try await world.eventually("all are one") { people.allSatisfy { world.engine.membership.now.belongs($0, to: set) } }
        let merges = try world.world.store.read { try Int64.fetchAll($0, sql: "SELECT id FROM merge WHERE undone_at IS NULL ORDER BY id") }
        #expect(merges.count == 2)
        for merge in merges {
            _ = try await world.world.pipeline.perform(.undo(merge: merge, author: "Ann"), randomness: World.randomness)
        }
        try await world.eventually("they are three again") {
            let now = world.engine.membership.now
            return people.map { now.belongs($0, to: set) } == [true, false, false] && people.map { now.stage($0) } == [customer, nil, customer]
        }
        try await Task.sleep(for: .milliseconds(300))
        #expect(try world.said(of: "ann@example.com").sorted() == ["Audience Entered recent", "Stage Changed Aware → Customer"])
        #expect(try world.said(of: "bo@example.com").isEmpty)
        #expect(try world.said(of: "cy@example.com") == ["Stage Changed Aware → Customer"])
        await world.remove()
    }

    @Test func `an identifier that customers are only found by is known of them, after a restart too`() async throws {
        let world = try await AudienceWorld()
        try await world.define([
            "audience/reachable": "audience: {key: reachable, name: Reachable, who: identifier.phone is known and identifier.email is known}",
            "audience/ordered": "audience: {key: ordered, name: Ordered, who: identifier.order_id is known}",
        ])
        try await world.world.say([
            World.Said((.email, "ann@example.com"), (.phone, "+447700900123")), World.Said((.email, "bo@example.com"), (.orderID, "A-1")),
            World.Said((.email, "cy@example.com")),
        ])
        try await world.eventually("both have entered") {
            try world.said(of: "ann@example.com") == ["Audience Entered reachable"]
                && world.said(of: "bo@example.com") == ["Audience Entered ordered"]
        }
        await world.engine.stop()
        await world.world.close()
        let again = try await AudienceWorld(world.world.folder)
        try await again.eventually("it works again") { again.engine.phase == .ready && again.engine.state.withLock { $0.sweptAt != nil } }
        #expect(again.engine.state.withLock { $0.sizes["audience/reachable"] } == 1)
        #expect(again.engine.state.withLock { $0.sizes["audience/ordered"] } == 1)
        await again.remove()
    }

    @Test func `nothing is said twice after a restart, nor when the state is worked out again`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent, "lifecycle": Self.lifecycle])
        try await world.world.say(order("ann@example.com"), order("bo@example.com"))
        try await world.eventually("both are there") {
            try world.said(of: "ann@example.com").count == 2 && world.said(of: "bo@example.com").count == 2
        }
        await world.engine.stop()
        await world.world.close()
        let again = try await AudienceWorld(world.world.folder)
        try await again.eventually("it works again") { again.engine.phase == .ready && again.engine.state.withLock { $0.sweptAt != nil } }
        try await Task.sleep(for: .milliseconds(400))
        #expect(try again.said(of: "ann@example.com").count == 2)
        await again.engine.stop()
        await again.world.close()
        for file in ["state.db", "state.db-wal", "state.db-shm", "timeline"] {
            try? FileManager.default.removeItem(atPath: world.world.folder + "/" + file)
        }
        let rebuilt = try await AudienceWorld(world.world.folder)
        try await rebuilt.eventually("it works again") { rebuilt.engine.phase == .ready && rebuilt.engine.state.withLock { $0.sweptAt != nil } }
        try await Task.sleep(for: .milliseconds(400))
        #expect(try rebuilt.said(of: "ann@example.com").count == 2)
        #expect(rebuilt.engine.state.withLock { $0.sizes["audience/recent"] } == 2)
        await rebuilt.remove()
    }

    @Test(arguments: [3, 700]) func `whom history makes belong has not entered, and whoever acts after it has`(people: Int) async throws {
        let world = try await AudienceWorld()
        try await world.define([
            "audience/buyers": "audience: {key: buyers, name: Buyers, who: 'did(\"Order Completed\")'}", "lifecycle": Self.lifecycle,
        ])
        // Of a month ago, and received today.
        let month: Int64 = 40 * 86_400
        var old: [World.Said] = []
        for i in 0..<people {
            var said = World.Said((.email, "h\(i)@example.com"), name: "Order Completed", at: -month)
            said.received = 0
            old.append(said)
        }
        try await world.world.say(old)
        try await world.eventually("they are found") { try world.hasFoundAll }
        try await world.eventually("they are counted") { world.engine.state.withLock { $0.sizes["audience/buyers"] } == people }
        #expect(world.engine.state.withLock { $0.sizes["lifecycle/Lapsing"] } == people)
        #expect(try world.said(of: "h0@example.com").isEmpty && world.said(of: "h\(people - 1)@example.com").isEmpty)
        try await world.world.say(order("h1@example.com"), order("new@example.com"))
        try await world.eventually("she is a customer again") { try world.said(of: "h1@example.com") == ["Stage Changed Lapsing → Customer"] }
        try await world.eventually("a new one has entered") { try world.said(of: "new@example.com").contains("Audience Entered buyers") }
        await world.remove()
    }

    private func old(_ email: String, name: String = "Order Completed", days: Int64 = 40) -> World.Said {
        var said = World.Said((.email, email), name: name, at: -days * 86_400)
        said.received = 0
        return said
    }

    @Test func `whom history joins and makes belong has not entered`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/buyers": "audience: {key: buyers, name: Buyers, who: 'count(\"Order Completed\") >= 2'}"])
        // Somebody who is there already, without orders, and who turns out by what happened long ago to have two.
        try await world.world.say([World.Said((.userID, "u1"))])
        var joins = World.Said((.userID, "u1"), (.email, "ann@example.com"), name: "Order Completed", at: -30 * 86_400)
        joins.received = 0
        try await world.world.say([old("ann@example.com"), joins, old("bo@example.com"), old("bo@example.com")])
        try await world.eventually("they are found") { try world.hasFoundAll }
        // A sweep finds nothing more to say.
        let found = world.engine.state.withLock { $0.sweptAt }
        world.clock.advance(1)
        try await world.eventually("everybody was looked at again") { world.engine.state.withLock { $0.sweptAt } != found }
        #expect(try world.said(of: "ann@example.com").isEmpty && world.said(of: "bo@example.com").isEmpty)
        #expect(try world.audiences.members(of: "audience/buyers", limit: 10).map(\.since.isFound) == [true, true])
        await world.remove()
    }

    @Test func `history writes down whom it moves, and no more`() async throws {
        let world = try await AudienceWorld()
        try await world.world.say((0..<1_500).map { old("b\($0)@example.com") })
        try await world.define(["audience/buyers": "audience: {key: buyers, name: Buyers, who: 'did(\"Order Completed\")'}"])
        try await world.eventually("they are found") { world.engine.state.withLock { $0.sizes["audience/buyers"] } == 1_500 }
        let before = world.world.ledger.newestBody
        // Six hundred of whom something is heard late, of whom three have never bought before.
        try await world.world.say(
            (0..<600).map { old("b\($0 * 2)@example.com", days: 20) } + ["x", "y", "z"].map { old("\($0)@example.com", days: 20) })
        try await world.eventually("they are found") { world.engine.state.withLock { $0.sizes["audience/buyers"] } == 1_503 }
        try await world.eventually("that is written down") { try world.hasFoundAll }
        // One command with the three, whatever their ids, and one that says that it was looked at.
        var written: [Int] = []
        try LedgerReader(path: world.world.ledger.path).bodies(after: before) { _, view in
            for i in 0..<view.count { if let record = view[i], record.kind == .command { written.append(record.properties.count) } }
            return true
        }
        #expect(written.count == 2 && written.reduce(0, +) < 500, "\(written)")
        #expect(try world.audiences.members(of: "audience/buyers", limit: 1_000).allSatisfy(\.since.isFound))
        #expect(try world.said(of: "x@example.com").isEmpty)
        await world.remove()
    }

    @Test func `time passes for everybody though history goes on arriving`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent])
        try await world.world.say(order("ann@example.com"))
        try await world.eventually("she has entered") { try world.said(of: "ann@example.com") == ["Audience Entered recent"] }
        try await world.eventually("and was not found") { try world.audiences.members(of: "audience/recent", limit: 1).first?.since.isFound == false }
        world.clock.advance(3_700)
        var n = 0
        while try world.said(of: "ann@example.com").count < 2, n < 2_000 {
            try await world.world.say([old("h\(n)@example.com")])
            n += 1
        }
        #expect(try world.said(of: "ann@example.com") == ["Audience Entered recent", "Audience Left recent"])
        await world.remove()
    }

    @Test func `what arrived while nobody looked is found too, and whoever acted then has entered`() async throws {
        let world = try await AudienceWorld()
        try await world.define([
            "audience/buyers": "audience: {key: buyers, name: Buyers, who: 'did(\"Order Completed\")'}", "lifecycle": Self.lifecycle,
        ])
        await world.engine.stop()
        func old(_ email: String) -> World.Said {
            var said = World.Said((.email, email), name: "Order Completed", at: -40 * 86_400)
            said.received = 0
            return said
        }
        try await world.world.say([old("both@example.com"), old("old@example.com")])
        try await world.world.say(order("both@example.com"), order("new@example.com"))
        await world.world.close()
        let again = try await AudienceWorld(world.world.folder)
        try await again.eventually("they have been looked at") { again.engine.state.withLock { $0.sizes["audience/buyers"] } == 3 }
        try await again.eventually("they have entered") { try again.said(of: "both@example.com").contains("Audience Entered buyers") }
        try await again.eventually("so has who is new") { try again.said(of: "new@example.com").contains("Audience Entered buyers") }
        #expect(try again.said(of: "old@example.com").isEmpty)
        // Looked at once, it is not looked at again.
        try await again.eventually("that is written down") { try again.hasFoundAll }
        await again.remove()
    }

    @Test func `a rank among everybody is one among those for whom it is known`() async throws {
        let world = try await AudienceWorld()
        for i in 1...20 { try await world.world.say(order("c\(i)@example.com", total: Double(i))) }
        try await world.world.say([World.Said((.email, "none@example.com"))])
        try await world.define([
            "metric/spend": "metric: {key: spend, name: Spend, formula: 'average(\"Order Completed\".total)'}",
            "audience/top": "audience: {key: top, name: Top, who: 'percentile(spend) > 90'}",
            "audience/fifth": "audience: {key: fifth, name: Lowest fifth, who: 'quintile(spend) = 1'}",
        ])
        #expect(world.engine.state.withLock { $0.sizes["audience/top"] } == 2)
        #expect(world.engine.state.withLock { $0.sizes["audience/fifth"] } == 4)
        await world.remove()
    }

    @Test func `whoever is erased is in no audience`() async throws {
        let world = try await AudienceWorld()
        try await world.define(["audience/recent": Self.recent])
        try await world.world.say(order("ann@example.com"))
        try await world.eventually("she has entered") { try world.said(of: "ann@example.com").count == 1 }
        let ann = try #require(try world.world.person(.email, "ann@example.com"))
        _ = try await world.world.pipeline.perform(.erase(customer: ann, author: "Ann"), randomness: World.randomness)
        let number = try #require(world.engine.membership.number(of: "audience/recent"))
        #expect(!world.engine.membership.now.belongs(ann, to: number))
        try await Task.sleep(for: .milliseconds(300))
        #expect(world.engine.state.withLock { $0.sizes["audience/recent"] } == 0)
        await world.remove()
    }
}

@Suite struct `Members written down` {
    @Test func `read back as they were, in their range`() throws {
        for members in [[], [0], [5, 6, 7, 1_000_000, 4_294_967_294], Array(stride(from: UInt32(3), to: 50_000, by: 7))] as [[UInt32]] {
            let made = MembersOfSet(set: "audience/a", signature: "x", from: 0, to: .max, isLast: true, members: members)
            let read = try JSONDecoder().decode(MembersOfSet.self, from: JSONEncoder().encode(made))
            #expect(read.members == members)
        }
    }

    @Test func `fit into a command at their most`() throws {
        // As far from each other as so many can be.
        let step = UInt32.max / UInt32(MembersOfSet.most) - 1
        let members = (0..<UInt32(MembersOfSet.most)).map { $0 * step }
        let command = Command.members(
            MembersOfSet(
                set: "audience/" + String(repeating: "k", count: 60), signature: String(repeating: "f", count: 32), from: 0, to: .max, isLast: false,
                members: members))
        #expect(try JSONEncoder().encode(command).count <= Command.maximum)
    }
}
