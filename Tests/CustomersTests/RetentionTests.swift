import Customers
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15))) struct `Retention` {
    private static let day: Int64 = 86_400
    /// The clock of the worlds here: a hundred days after their start.
    private static let now = World.start + 100 * day * 1000

    private func customers(_ world: World) -> Customers {
        Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { Self.now },
            sourceName: { _ in nil })
    }

    private static func said(_ name: String, _ message: String, day: Int64, type: CallType = .track) -> World.Said {
        var said = World.Said((.userID, "u"), (.email, "u@example.com"), (.orderID, "o-1"), name: name, message: message, at: day * Self.day)
        said.type = type
        said.properties = ["secret": .string("what-\(message)-said")]
        said.value = 7
        return said
    }

    /// Pages on days 0, 20 and 90, an order on day 0, and who they are, on day 0.
    private func furnished(mergeAt: Int? = nil) async throws -> World {
        let world = try await World(reactions: [CustomersReaction()], mergeAt: mergeAt)
        try await world.say([
            Self.said("Page Viewed", "p0", day: 0, type: .page), Self.said("Page Viewed", "p0", day: 0, type: .page),
            Self.said("Page Viewed", "p20", day: 20), Self.said("Page Viewed", "p90", day: 90), Self.said("Order Completed", "o0", day: 0),
            Self.said("Page Viewed", "who", day: 0, type: .identify),
        ])
        return world
    }

    private static let policy = RetentionPolicy(events: ["Page Viewed": .days(80)])

    private func names(_ world: World) throws -> [String] {
        try customers(world).history(of: CustomerID(raw: 0), limit: 100).items.map { "\($0.interaction.messageID)" }.sorted()
    }

    private func files(_ world: World) -> String {
        ["ledger.db", "ledger.db-wal"].compactMap { try? Data(contentsOf: URL(fileURLWithPath: world.folder + "/" + $0)) }
            .map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    @Test func `says what is due by name, to the second, and changes nothing by it`() async throws {
        let world = try await furnished()
        func due(_ days: Int) -> [String: Int] {
            let figures = customers(world).retention(RetentionPolicy(events: ["Page Viewed": .days(days)]), now: Self.now)
            return Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.due) })
        }
        // What happened exactly as long ago as it is kept is still kept.
        #expect(due(100) == ["Page Viewed": 0, "Order Completed": 0])
        #expect(due(99) == ["Page Viewed": 1, "Order Completed": 0])
        #expect(due(80) == ["Page Viewed": 1, "Order Completed": 0])
        #expect(due(79) == ["Page Viewed": 2, "Order Completed": 0])
        let all = customers(world).retention(
            RetentionPolicy(events: ["Page Viewed": .forever, "Never": .days(1)], everythingElse: .days(1)), now: Self.now)
        // What is kept for a time of its own, then what there is most of: what is named to be kept for ever is no exception.
        #expect(all.map(\.name) == ["Never", "Page Viewed", "Order Completed"] && all.map(\.due) == [0, 0, 1])
        #expect(all[1].interactions == 3 && all[1].oldest == World.start)
        #expect(try names(world).count == 5)
        await world.remove()
    }

    @Test func `what is due is out of sight at once, and out of the files when it is finished, repeated messages too`() async throws {
        let world = try await furnished()
        let customers = customers(world)
        #expect(try await customers.expire(Self.policy, by: "ann") == 1)
        #expect(try names(world) == ["o0", "p20", "p90", "who"])
        #expect(try customers.view(CustomerID(raw: 0))?.interactions == 4)
        #expect(world.pipeline.status.interactions == 4)
        #expect(files(world).contains("what-p0-said"))
        #expect(try customers.expiries(limit: 1).first?.isDone == false)
        #expect(try await customers.finishExpiries() == 2)
        let left = files(world)
        #expect(!left.contains("what-p0-said") && left.contains("what-p20-said") && left.contains("what-who-said"))
        #expect(try customers.expiries(limit: 1).first.map { $0.isDone && $0.interactions == 2 } == true)
        #expect(try world.ledger.verify().damaged.isEmpty)
        var export: [UInt8] = []
        _ = try customers.writeExport(after: Position(raw: 0), upTo: world.pipeline.body, bytes: 1 << 20, to: &export)
        #expect(!String(decoding: export, as: UTF8.self).contains("what-p0-said"))
        // Who they are stays, and a message that was there is not taken for a new one.
        #expect(try world.person(.email, "u@example.com") == 0)
        #expect(try customers.view(CustomerID(raw: 0))?.traits.first?.value == "what-who-said")
        try await world.say([Self.said("Page Viewed", "p0", day: 0)])
        #expect(try names(world) == ["o0", "p20", "p90", "who"])
        #expect(try await customers.expire(Self.policy, by: "ann") == 0)
        await world.remove()
    }

    @Test func `the columns lose it with the merge that follows, and what came later stays`() async throws {
        let world = try await furnished(mergeAt: 1)
        let customers = customers(world)
        _ = try await customers.expire(RetentionPolicy(events: [:], everythingElse: .days(50)), by: "ann")
        try await world.say([Self.said("Page Viewed", "late", day: 1)])
        try await world.say([Self.said("Page Viewed", "new", day: 95)])
        #expect(try names(world) == ["late", "new", "p90", "who"])
        // A merge begins when something is concluded, and not while another runs.
        var others = 0
        repeat {
            try await world.say([World.Said((.userID, "other"), message: "other-\(others)")])
            others += 1
            try await Task.sleep(for: .milliseconds(5))
        } while world.markCounts.recent > 1 && others < 1000
        #expect(try names(world) == ["late", "new", "p90", "who"])
        #expect(world.markCounts.all == 4 + others)
        let again = try await world.reopened(reactions: [CustomersReaction()])
        #expect(try names(again) == ["late", "new", "p90", "who"])
        await again.remove()
    }

    @Test func `a run that was cut short is gone on with after a start, and after the state was lost`() async throws {
        for lost in [[], ["timeline"], ["state.db", "state.db-wal", "state.db-shm", "timeline"]] {
            var world = try await furnished()
            _ = try await customers(world).expire(Self.policy, by: "ann")
            world = try await world.reopened(reactions: [CustomersReaction()], losing: lost)
            while await !world.pipeline.wait(for: world.ledger.newestBody) {}
            #expect(try names(world) == ["o0", "p20", "p90", "who"], "\(lost)")
            #expect(world.pipeline.status.interactions == 4, "\(lost)")
            #expect(try await customers(world).finishExpiries() == 2)
            #expect(!files(world).contains("what-p0-said"))
            // And once more, when nothing is left to do.
            world = try await world.reopened(reactions: [CustomersReaction()], losing: lost)
            while await !world.pipeline.wait(for: world.ledger.newestBody) {}
            #expect(try names(world) == ["o0", "p20", "p90", "who"], "\(lost)")
            await world.remove()
        }
    }

    @Test func `an erasure finds what is left of a person in what was taken out, after a rebuild too`() async throws {
        var world = try await furnished()
        _ = try await customers(world).expire(RetentionPolicy(events: [:], everythingElse: .days(1)), by: "ann")
        _ = try await customers(world).finishExpiries()
        world = try await world.reopened(
            reactions: [CustomersReaction()], losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
        while await !world.pipeline.wait(for: world.ledger.newestBody) {}
        #expect(files(world).contains("u@example.com"))
        try await customers(world).erase(CustomerID(raw: 0), by: "ann")
        let left = files(world)
        #expect(!left.contains("u@example.com") && !left.contains("o-1"))
        await world.remove()
    }

    @Test func `many bodies are taken out step by step`() async throws {
        let world = try await World(reactions: [CustomersReaction()])
        for i in 0..<70 { try await world.say([Self.said("Page Viewed", "m\(i)", day: 0), Self.said("Order Completed", "n\(i)", day: 0)]) }
        #expect(try await customers(world).expire(Self.policy, by: "ann") == 70)
        #expect(try await customers(world).finishExpiries() == 70)
        let left = files(world)
        #expect(!left.contains("what-m") && left.contains("what-n69-said"))
        #expect(try world.ledger.verify().damaged.isEmpty)
        await world.remove()
    }
}
