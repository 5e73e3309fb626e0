import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing
import Timeline

@Suite struct `Who is who` {
    @Test func `an identifier known to two customers in one interaction joins them, with the reason`() async throws {
        let w = try await World()
        try await w.say(.init((.anonymousID, "a1")), .init((.userID, "u1")))
        #expect(try w.person(.anonymousID, "a1") != w.person(.userID, "u1"))
        try await w.say(.init((.userID, "u1"), (.anonymousID, "a1")))
        #expect(try w.person(.anonymousID, "a1") == w.person(.userID, "u1"))
        #expect(w.pipeline.people.people == 1)
        #expect(w.pipeline.status.totals.merges == 1)
        #expect(w.marks(try #require(try w.person(.userID, "u1"))).count == 3)
        await w.remove()
    }

    @Test func `a second user id on a device is another customer, and the device stays with the first`() async throws {
        let w = try await World()
        try await w.say(.init((.userID, "u1"), (.anonymousID, "a1")), .init((.userID, "u2"), (.anonymousID, "a1")))
        #expect(try w.person(.userID, "u1") != w.person(.userID, "u2"))
        #expect(try w.person(.anonymousID, "a1") == w.person(.userID, "u1"))
        await w.remove()
    }

    @Test func `a device seen with three user ids joins nobody from then on`() async throws {
        let w = try await World()
        for user in ["u1", "u2", "u3"] { try await w.say(.init((.userID, user), (.anonymousID, "tablet"))) }
        let tablet = try #require(try w.person(.anonymousID, "tablet"))
        for user in ["u1", "u2", "u3"] { #expect(try w.person(.userID, user) != tablet) }
        try await w.say(.init((.email, "ann@example.com"), (.anonymousID, "tablet")))
        #expect(try w.person(.email, "ann@example.com") != tablet)
        let again = try await w.reopened()
        try await again.say(.init((.email, "bob@example.com"), (.anonymousID, "tablet")))
        #expect(try again.person(.email, "bob@example.com") != again.person(.email, "ann@example.com"))
        #expect(try again.person(.email, "bob@example.com") != again.person(.anonymousID, "tablet"))
        await again.remove()
    }

    @Test func `an alias joins the former id and the new one though a customer has one user id`() async throws {
        let w = try await World()
        try await w.say(.init((.userID, "old")), .init((.userID, "new")))
        var alias = World.Said((.userID, "new"), (.previousID, "old"))
        alias.type = .alias
        try await w.say([alias])
        #expect(try w.person(.userID, "old") == w.person(.userID, "new"))
        try await w.say(.init((.userID, "new"), (.anonymousID, "phone")), .init((.userID, "old"), (.anonymousID, "phone")))
        #expect(w.pipeline.people.people == 1)
        await w.remove()
    }

    @Test func `who matches somebody is joined by a merge of its own, which can be taken back`() async throws {
        let w = try await World()
        try await w.say(.init((.userID, "u1"), (.match, "rule\u{1F}smith")))
        try await w.say(.init((.anonymousID, "a2"), (.match, "rule\u{1F}smith")))
        #expect(try w.person(.userID, "u1") == w.person(.anonymousID, "a2"))
        #expect(w.pipeline.status.totals.merges == 1)
        _ = try await w.pipeline.perform(.undo(merge: 1, author: "test"), randomness: World.randomness)
        #expect(try w.person(.userID, "u1") != w.person(.anonymousID, "a2"))
        try await w.say(.init((.anonymousID, "a2"), (.match, "rule\u{1F}smith")))
        #expect(try w.person(.userID, "u1") != w.person(.anonymousID, "a2"))
        await w.remove()
    }

    @Test func `an alias said before anything else is the same`() async throws {
        let w = try await World()
        var alias = World.Said((.userID, "new"), (.previousID, "a1"))
        alias.type = .alias
        try await w.say([alias, .init((.anonymousID, "a1")), .init((.userID, "new"))])
        #expect(w.pipeline.people.people == 1)
        await w.remove()
    }

    @Test func `undoing a merge gives back two customers with their own interactions, who stay apart`() async throws {
        let w = try await World()
        try await w.say(.init((.anonymousID, "a1")), .init((.anonymousID, "a1")), .init((.email, "ann@example.com")))
        let before = try w.partition()
        let (a, b) = (try #require(try w.person(.anonymousID, "a1")), try #require(try w.person(.email, "ann@example.com")))
        let marks = (w.marks(a).map(\.position), w.marks(b).map(\.position))
        try await w.say(.init((.email, "ann@example.com"), (.anonymousID, "a1"), message: "proof"))
        #expect(w.pipeline.people.people == 1)
        _ = try await w.pipeline.perform(.undo(merge: 1, author: "test"), randomness: World.randomness)
        #expect(try w.partition() == before)
        #expect(w.marks(a).map(\.position) == marks.0)
        #expect(w.marks(b).map(\.position).dropFirst() == marks.1[...])  // the proof itself belongs to the stronger identifier
        try await w.say(.init((.email, "ann@example.com"), (.anonymousID, "a1")))
        #expect(try w.partition() == before)
        let again = try await w.reopened()
        try await again.say(.init((.email, "ann@example.com"), (.anonymousID, "a1")))
        #expect(try again.partition() == before)
        _ = try await again.pipeline.perform(.merge(a: a, b: b, author: "test", note: nil), randomness: World.randomness)
        #expect(again.pipeline.people.people == 1)
        await again.remove()
    }

    // Any order and any split into batches gives the same persons where no limit is passed: random interactions over few
    // identifiers without user ids, in several shuffles; the truth is the connected components.
    @Test(arguments: 1...8) func `any order and any split gives the same customers`(seed: UInt64) async throws {
        var r = SeededRandom(seed: seed)
        let kinds: [IdentifierKind] = [.email, .anonymousID, .loyaltyID, .deviceID]
        let all = (0..<120).map { i -> World.Said in
            var s = World.Said(message: "m\(i)")
            for _ in 0...r.below(2) {
                let kind = kinds[r.below(4)]
                if !s.ids.contains(where: { $0.0 == kind }) { s.ids.append((kind, "v\(r.below(40))")) }
            }
            return s
        }
        let truth = components(all)
        for _ in 0..<3 {
            let w = try await World(mergeAt: 50)
            var rest = all.shuffled(using: &r)[...]
            while !rest.isEmpty {
                let n = 1 + r.below(30)
                try await w.say(Array(rest.prefix(n)))
                rest = rest.dropFirst(n)
            }
            #expect(try w.partition() == truth)
            let rebuilt = try await w.reopened(losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
            while await !rebuilt.pipeline.wait(for: rebuilt.ledger.newestBody) {}
            #expect(try rebuilt.partition() == truth)
            await rebuilt.remove()
        }
    }

    private func components(_ all: [World.Said]) -> Set<Set<String>> {
        var sets: [Set<String>] = []
        for s in all {
            var mine = Set(s.ids.map { "\($0.0.rawValue):\($0.1)" })
            sets.removeAll { other in
                guard !other.isDisjoint(with: mine) else { return false }
                mine.formUnion(other)
                return true
            }
            sets.append(mine)
        }
        return Set(sets)
    }
}
