import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@testable import Audiences

@Suite struct `Since when somebody belongs whom a definition found` {
    private static let day: Int64 = 86_400

    private func said(_ who: String, _ name: String = "Order Completed", day: Double) -> World.Said {
        var said = World.Said((.email, who + "@example.com"), name: name, at: Int64(day * 86_400))
        said.received = said.seconds
        return said
    }

    private func since(_ who: String, in set: String, _ world: AudienceWorld) throws -> Audiences.Since? {
        let person = try #require(try world.world.person(.email, who + "@example.com"))
        return try world.audiences.members(of: set, limit: 100).first { $0.customer.raw == person }?.since
    }

    private func found(_ day: Double, isAtLeast: Bool = false) -> Audiences.Since {
        Audiences.Since(at: World.start + Int64(day * 86_400) * 1000, isFound: true, isAtLeast: isAtLeast)
    }

    @Test func `is when an interaction or time alone made it so, without a break since`() async throws {
        let world = try await AudienceWorld(at: World.start + 100 * Self.day * 1000)
        try await world.world.say([
            // Twice within 30 days only by the third, and not for a while in between.
            said("ann", day: 1), said("ann", day: 2), said("ann", day: 80.5), said("ann", day: 90.25), said("ann", "Page Viewed", day: 95),
            // Nothing for 30 days, so by time alone; looks at pages before and after.
            said("bo", day: 10), said("bo", "Page Viewed", day: 20), said("bo", "Page Viewed", day: 60),
            // Never ordered: as long as there is anything of him.
            said("cy", "Page Viewed", day: 5), said("cy", "Page Viewed", day: 7),
        ])
        try await world.define([
            "audience/often": "audience: {key: often, name: Often, who: 'count(\"Order Completed\" in last 30 days) >= 2'}",
            "audience/away": "audience: {key: away, name: Away, who: 'time since last(\"Order Completed\") > 30 days'}",
            "audience/never": "audience: {key: never, name: Never, who: 'never(\"Order Completed\")'}",
            "lifecycle":
                "lifecycle: {stages: [{name: Aware}, {name: Customer, when: 'did(\"Order Completed\")'}, {name: Lapsing, when: 'time since last(\"Order Completed\") > 60 days'}]}",
        ])
        #expect(try since("ann", in: "audience/often", world) == found(90.25))
        #expect(try since("bo", in: "audience/away", world)?.at == World.start + (40 * Self.day + 1) * 1000)
        #expect(try since("cy", in: "audience/never", world) == found(5))
        #expect(try since("ann", in: "lifecycle/Customer", world)?.at == World.start + Self.day * 80_500)
        #expect(try since("bo", in: "lifecycle/Lapsing", world)?.at == World.start + (70 * Self.day + 1) * 1000)
        let cy = try #require(try world.world.person(.email, "cy@example.com"))
        #expect(try world.audiences.belongings(of: .init(raw: cy)).stage?.since == found(5))
        // In the list that goes through everybody it is the same.
        #expect(try world.audiences.members(of: "audience/often", after: nil).members.map(\.since) == [found(90.25)])
        await world.remove()
    }

    @Test func `is not worked out for whom nothing is kept of, and may be longer where interactions are kept for a time`() async throws {
        let world = try await AudienceWorld(at: World.start + 100 * Self.day * 1000)
        try await world.world.say([said("ann", "Page Viewed", day: 1), said("ann", day: 90), said("bo", "Page Viewed", day: 2)])
        try await world.define(["audience/all": "audience: {key: all, name: All, who: 'never(\"Gift Sent\")'}"])
        _ = try await world.world.pipeline.perform(
            .expire(before: ["Page Viewed": (World.start + 50 * Self.day * 1000).milliseconds], rest: nil, author: "test"),
            randomness: World.randomness)
        #expect(try since("ann", in: "audience/all", world) == found(90, isAtLeast: true))
        let bo = try #require(try since("bo", in: "audience/all", world))
        #expect(bo.isFound && bo.isAtLeast)
        await world.remove()
    }

    @Test(arguments: [0, 1]) func `may be longer for whom there is more than is looked at`(more: Int) async throws {
        let count = Audiences.mostLookedBack + more
        let world = try await AudienceWorld(at: World.start + 300 * Self.day * 1000)
        try await world.world.say((0..<count).map { said("ann", "Page Viewed", day: Double(1 + $0)) })
        try await world.define(["audience/never": "audience: {key: never, name: Never, who: 'never(\"Order Completed\")'}"])
        let since = try since("ann", in: "audience/never", world)
        #expect(since == (more == 0 ? found(1) : Audiences.Since(at: World.start + (2 * Self.day - 1) * 1000, isFound: true, isAtLeast: true)))
        await world.remove()
    }
}
