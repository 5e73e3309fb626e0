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

    @Test(arguments: [true, false]) func `wait again when the decision is taken back, also after a rebuild`(same: Bool) async throws {
        try await withPeople(["a", "b"]) { world, customers, id in
            let review = try #require(try customers.reviews(limit: 10).first)
            try await customers.decide(review: review.id, same: same, by: "ann")
            #expect(try open(world) == 0)
            #expect(try await customers.reopen(review: review.id, by: "ann"))
            #expect(try customers.reviews(limit: 10) == [review], "the same as before, with what they are alike in")
            #expect(world.pipeline.people.root(try id("a").raw) != world.pipeline.people.root(try id("b").raw))
            #expect(try world.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM apart") } == 0, "nothing keeps them apart")
            await #expect(throws: CustomersProblem.noDecision(review.id)) { try await customers.reopen(review: review.id, by: "bob") }
            // Once more the other way, and as a rebuild finds it.
            try await customers.decide(review: review.id, same: !same, by: "ann")
            _ = try await customers.reopen(review: review.id, by: "ann")
            let rebuilt = try await world.reopened(
                reactions: [CustomersReaction()], losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
            while await !rebuilt.pipeline.wait(for: rebuilt.ledger.newestBody) {}
            let again = Customers(
                store: rebuilt.store, ledger: rebuilt.ledger, pipeline: rebuilt.pipeline, randomness: World.randomness, clock: Clock { World.start },
                sourceName: { _ in nil })
            while try again.compareSome() {}
            let found = try again.reviews(limit: 10)
            #expect(found.map(\.a) == [review.a] && found.map(\.b) == [review.b])
            #expect(found.map(\.reasons) == [review.reasons] && found.map(\.likeness) == [review.likeness])
            await rebuilt.close()
        }
    }

    @Test func `a decision that something else took back by now is not taken back again`() async throws {
        try await withPeople(["a", "b", "c"]) { world, customers, id in
            let pair = try #require(try customers.reviews(limit: 10).first { Set([$0.a, $0.b]) == Set([try id("a"), try id("b")]) })
            try await customers.decide(review: pair.id, same: true, by: "ann")
            let merge = try #require(try customers.view(try id("a"))?.merges.last)
            _ = try await customers.undo(merge: merge.id, by: "bob")
            await #expect(throws: CustomersProblem.noDecision(pair.id)) { try await customers.reopen(review: pair.id, by: "ann") }
            #expect(try open(world) == 2, "these two stay apart, as bob said")
        }
    }

    @Test func `a pair that somebody keeps apart otherwise does not wait again`() async throws {
        try await withPeople(["a", "b", "c"]) { world, customers, id in
            let pair = try #require(try customers.reviews(limit: 10).first { Set([$0.a, $0.b]) == Set([try id("a"), try id("b")]) })
            try await customers.decide(review: pair.id, same: false, by: "ann")
            _ = try await customers.merge(try id("a"), try id("c"), by: "ann")
            _ = try await world.pipeline.perform(.apart(a: try id("c").raw, b: try id("b").raw, author: "bob"), randomness: World.randomness)
            #expect(try await !customers.reopen(review: pair.id, by: "ann"))
            #expect(try open(world) == 0)
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
