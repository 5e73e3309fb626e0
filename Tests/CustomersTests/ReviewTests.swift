import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing

@testable import Customers

@Suite struct `Reviews of likely duplicates` {
    private func withPeople(_ ids: [String], _ body: (World, Customers, (String) throws -> CustomerID) async throws -> Void) async throws {
        let world = try await World(reactions: [CustomersReaction()])
        let customers = Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start },
            sourceName: { _ in nil })
        // All alike, so that there is a review of every two.
        try await world.say(
            ids.map { id in
                var said = World.Said((.anonymousID, id))
                said.type = .identify
                said.properties = ["name": "Jonathan Smithers", "street": "14 Chapel Row", "postcode": "LS6 1AA", "phone": "+447700900123"]
                return said
            })
        while try customers.compareSome() {}
        try await body(world, customers) { try #require(try customers.named(.identifier(kind: "anonymous_id", value: $0))) }
        await world.remove()
    }

    /// Open by what the table says, without looking who is one person: listing may not walk what is not open.
    private func open(_ world: World) throws -> Int {
        try world.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM review WHERE decided_at IS NULL AND hidden = 0") ?? 0 }
    }

    @Test func `close when people are joined or told apart, and open again when they are neither`() async throws {
        try await withPeople(["a", "b", "c"]) { world, customers, id in
            #expect(try open(world) == 3)
            let ab = try await customers.merge(try id("a"), try id("b"), by: "ann")
            #expect(try open(world) == 2)
            let bc = try await customers.merge(try id("b"), try id("c"), by: "ann")
            #expect(try open(world) == 0)
            // a is told apart from b, and so from c, who is one with b.
            _ = try await customers.undo(merge: ab.id, by: "ann")
            #expect(try open(world) == 0)
            // Now b and c are apart too, but nobody said anything of a and c.
            _ = try await customers.undo(merge: bc.id, by: "ann")
            let left = try customers.reviews(limit: 10)
            #expect(left.count == 1)
            #expect(Set([left[0].a, left[0].b]) == [try id("a"), try id("c")])
            #expect(try open(world) == 1)
        }
    }

    @Test func `close when an interaction joins the two`() async throws {
        try await withPeople(["a", "b"]) { world, customers, id in
            try await world.say(.init((.anonymousID, "a"), (.anonymousID, "b")))
            #expect(try open(world) == 0)
            #expect(try customers.reviews(limit: 10).isEmpty)
        }
    }

    @Test func `of the same two persons close with the one that is decided`() async throws {
        try await withPeople(["a", "b", "c"]) { world, customers, id in
            _ = try await customers.merge(try id("a"), try id("b"), by: "ann")
            let two = try customers.reviews(limit: 10)
            #expect(two.count == 2 && two[0].a == two[1].a && two[0].b == two[1].b)
            try await customers.decide(review: two[0].id, same: false, by: "ann")
            #expect(try open(world) == 0)
            await #expect(throws: CustomersProblem.noReview(two[1].id)) { try await customers.decide(review: two[1].id, same: true, by: "bob") }
        }
    }

    @Test func `are listed by an index that holds the open ones alone`() async throws {
        try await withPeople(["a", "b"]) { world, _, _ in
            let plan = try world.store.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + Customers.openReviews, arguments: [0]) }
            #expect(plan.map { $0["detail"] as String } == ["SEARCH review USING INDEX review_open (id>?)"])
        }
    }
}
