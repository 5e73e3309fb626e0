import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@Suite struct `What came in` {
    private static func said(_ source: UInt16, _ message: String, after seconds: Int64 = 0, channel: Channel = .web) -> World.Said {
        var said = World.Said((.userID, "u"), message: message, at: seconds)
        said.received = seconds
        said.source = source
        said.channel = channel
        return said
    }
    private func counted(_ world: World, after seconds: Int64) throws -> [String] {
        try world.pipeline.arrivals(now: World.start + seconds * 1000)
            .map { "\($0.source) \(Vocabulary().name(of: $0.channel)) \($0.hoursAgo): \($0.accepted) + \($0.repeated)" }.sorted()
    }

    @Test func `is counted by source, channel and hour, repeated messages apart`() async throws {
        let world = try await World(reactions: [ArrivalsReaction()])
        try await world.say(
            Self.said(1, "a"), Self.said(1, "b"), Self.said(1, "a"), Self.said(2, "c", channel: .email), Self.said(1, "d", after: 3600))
        #expect(try counted(world, after: 3600) == ["1 web 0: 1 + 0", "1 web 1: 2 + 1", "2 email 1: 1 + 0"])
        #expect(try world.pipeline.lastArrivals() == [1: World.start + 3_600_000, 2: World.start])
        await world.remove()
    }

    @Test func `the hour is the minute that is not over and the 59 before it, the day 1,440 of them`() async throws {
        let world = try await World(reactions: [ArrivalsReaction()])
        try await world.say(Self.said(1, "a", after: 59))
        #expect(try counted(world, after: 3599) == ["1 web 0: 1 + 0"])
        #expect(try counted(world, after: 3600) == ["1 web 1: 1 + 0"])
        #expect(try counted(world, after: 86_399) == ["1 web 23: 1 + 0"])
        #expect(try counted(world, after: 86_400) == [])
        await world.remove()
    }

    @Test func `minutes more than 25 hours behind the newest are forgotten, whatever came when, and a rebuild counts the same`() async throws {
        var world = try await World(reactions: [ArrivalsReaction()])
        try await world.say(Self.said(1, "a"), Self.said(1, "b", after: 60))
        try await world.say(Self.said(1, "c", after: 25 * 3600))
        try await world.say(Self.said(2, "late"))
        let before = try counted(world, after: 3600)
        #expect(before == ["1 web 0: 1 + 0"])
        world = try await world.reopened(reactions: [ArrivalsReaction()], losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
        while await !world.pipeline.wait(for: world.ledger.newestBody) {}
        #expect(try counted(world, after: 3600) == before)
        #expect(try counted(world, after: 25 * 3600) == ["1 web 0: 1 + 0"])
        await world.remove()
    }

    @Test func `what our own people wrote came from no source`() async throws {
        let world = try await World(reactions: [ArrivalsReaction()])
        try await world.say(Self.said(1, "a"))
        var note = World.Said((.customer, CustomerID(raw: 0).description), name: "Note Written", message: "n")
        note.direction = .internal
        try await world.say([note])
        #expect(try counted(world, after: 0) == ["1 web 0: 1 + 0"])
        await world.remove()
    }
}
