import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@testable import Audiences

@Suite struct `Life events` {
    private static let day: Int64 = 86_400
    private static let moved = """
        event:
          key: moved
          name: Address Changed
          life_event: Moved house
        """
    private static let child = """
        event:
          key: child
          name: Child Born
          life_event: Has a child
        """
    private static let order = """
        event:
          key: order
          name: Order Completed
        """

    private func said(_ who: String, _ name: String, day: Int64, seconds: Int64 = 0) -> World.Said {
        var said = World.Said((.userID, who), name: name, at: day * Self.day + seconds)
        said.received = said.seconds
        return said
    }

    private func known(_ world: AudienceWorld) async throws -> [LifeEvent] {
        try await world.eventually("they are counted") { world.audiences.lifeEvents() != nil }
        return try #require(world.audiences.lifeEvents())
    }

    @Test func `are counted by customers, in the last 7 days and in the 7 before`() async throws {
        let world = try await AudienceWorld(at: World.start + 30 * Self.day * 1000)
        try await world.define(["event/moved": Self.moved, "event/child": Self.child, "event/order": Self.order])
        try await world.world.say([
            // Too long ago, and at the edges of both weeks: the moment 7 days ago is in the last 7 days.
            said("ann", "Address Changed", day: 16, seconds: -1), said("bo", "Address Changed", day: 16),
            said("cy", "Address Changed", day: 23, seconds: -1), said("di", "Address Changed", day: 23),
            // Twice is one customer, and what is yet to come does not count.
            said("di", "Address Changed", day: 25), said("ed", "Address Changed", day: 30), said("fay", "Address Changed", day: 30, seconds: 1),
            said("ann", "Order Completed", day: 29),
        ])
        let events = try await known(world)
        #expect(events.map(\.title) == ["Moved house", "Has a child"])
        #expect(
            events[0]
                == LifeEvent(
                    title: "Moved house", event: "Address Changed", lately: 2, before: 2, last: World.start + 30 * Self.day * 1000))
        #expect(events[1] == LifeEvent(title: "Has a child", event: "Child Born", lately: 0, before: 0, last: nil))
        await world.remove()
    }

    @Test func `happened once to whom we had written down twice`() async throws {
        let world = try await AudienceWorld(at: World.start + 30 * Self.day * 1000)
        try await world.define(["event/moved": Self.moved])
        try await world.world.say([said("ann", "Address Changed", day: 28), said("anne", "Address Changed", day: 29)])
        let (a, b) = (try #require(try world.world.person(.userID, "ann")), try #require(try world.world.person(.userID, "anne")))
        _ = try await world.world.pipeline.perform(.merge(a: a, b: b, author: "Ann", note: nil, reviewed: false), randomness: World.randomness)
        #expect(try await known(world).map(\.lately) == [1])
        await world.remove()
    }

    @Test func `are none where the vocabulary names none`() async throws {
        let world = try await AudienceWorld(at: World.start + 30 * Self.day * 1000)
        try await world.define(["event/order": Self.order])
        #expect(world.audiences.lifeEvents() == [])
        await world.remove()
    }
}
