import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing
import Timeline

@testable import Customers

@Suite struct `When somebody was seen` {
    private static let day: Int64 = 86_400_000

    private func said(_ user: String, _ name: String, days: Double, _ direction: Direction = .in, on channel: Channel = .web) -> World.Said {
        var said = World.Said((.userID, user), name: name, at: -Int64(days * 86_400))
        said.direction = direction
        said.channel = channel
        return said
    }

    /// What is worked out lies before, between and after what passed between us, in the base as well as among recent marks.
    @Test(arguments: [1, 1_000_000]) func `is by what passed between us, not by what was worked out`(mergeAt: Int) async throws {
        let world = try await World(reactions: [CustomersReaction()], mergeAt: mergeAt)
        let customers = Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start }
        ) { "source \($0)" }
        try await world.say(
            said("ann", "Stage Changed", days: 40, .internal, on: .other), said("ann", "Page Viewed", days: 30),
            said("ann", "Audience Entered", days: 20, .internal, on: .other), said("ann", "Email Sent", days: 10, .out, on: .email),
            said("ben", "Stage Changed", days: 2, .internal, on: .other))
        try await world.say(said("ann", "Audience Left", days: 0.5, .internal, on: .other))
        try await world.say(said("cy", "Page Viewed", days: 5))
        let seen = World.start + -10 * Self.day
        let ann = try #require(try customers.find(.identifier(kind: "user_id", value: "ann")))
        let view = try #require(try customers.view(ann))
        #expect(view.interactions == 2 && view.firstSeen == World.start + -30 * Self.day && view.lastSeen == seen)
        #expect(view.channels.map(\.name).sorted() == ["email", "web"])
        // What was worked out stands in the history, so filters name it.
        #expect(Set(view.names.map(\.name)).isSuperset(of: ["Stage Changed", "Audience Entered", "Audience Left"]))
        let ben = try #require(try customers.find(.identifier(kind: "user_id", value: "ben")).flatMap { try customers.view($0) })
        #expect(ben.interactions == 0 && ben.firstSeen == nil && ben.lastSeen == nil && ben.names.map(\.name) == ["Stage Changed"])

        let list = try customers.list(CustomerQuery(), orderNames: [], limit: 10)
        #expect(list.rows.map { $0.identifier?.value } == ["cy", "ann", "ben"])
        let row = try #require(list.rows.first { $0.id == ann })
        #expect(row.lastSeen == seen && row.firstSeen == World.start + -30 * Self.day && row.interactions == 2)
        #expect(list.rows.last?.lastSeen == nil && list.rows.last?.interactions == 0)
        var other = CustomerQuery()
        other.channel = "other"
        #expect(try customers.list(other, orderNames: [], limit: 10).rows.isEmpty)
        var lately = CustomerQuery()
        lately.seenWithin = 7
        #expect(try customers.list(lately, orderNames: [], limit: 10).rows.map { $0.identifier?.value } == ["cy"])

        #expect(try customers.search("ann", limit: 5).first?.lastSeen == seen)
        #expect(try customers.search("ben", limit: 5).first { $0.id == ben.id }?.lastSeen == nil)
        let relationship = customers.relationship(of: ann, orderNames: [], weeks: 8, end: World.start)
        #expect(relationship.weeks.reduce(0) { $0 + $1.interactions } == 2)
        let day = World.start + -Self.day
        let figures = customers.figures(days: [day], untils: [World.start], orderNames: [])
        #expect(figures.whole[0].interactions == 0 && figures.whole[0].customers == 0)
        await world.remove()
    }
}
