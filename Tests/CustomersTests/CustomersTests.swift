import Customers
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing

@Suite struct `The single view` {
    private func withWorld(_ body: (World, Customers) async throws -> Void) async throws {
        let world = try await World(reactions: [CustomersReaction()])
        let customers = Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start }
        ) { "source \($0)" }
        try await body(world, customers)
        await world.remove()
    }

    private func identify(_ ids: (IdentifierKind, String)..., traits: JSON, at seconds: Int64 = 0) -> World.Said {
        var said = World.Said((.userID, "nobody"), name: "Customer Identified", at: seconds)
        said.ids = ids
        said.type = .identify
        said.properties = traits
        return said
    }

    private func id(_ customers: Customers, _ reference: String) throws -> CustomerID {
        let known = try #require(CustomerReference(reference))
        return try #require(try customers.find(known))
    }

    @Test func `a trait keeps its newest word, null removes it, and what arrives late brings nothing back`() async throws {
        try await withWorld { world, customers in
            try await world.say(identify((.userID, "u"), traits: ["city": "Leeds", "plan": "gold"], at: 10))
            try await world.say(identify((.userID, "u"), traits: ["city": "York"], at: 20))
            try await world.say(identify((.userID, "u"), traits: ["city": "Hull", "plan": .null], at: 15))
            try await world.say(identify((.userID, "u"), traits: ["plan": "silver"], at: 12))
            let view = try #require(try customers.view(try id(customers, "user_id:u")))
            #expect(view.traits.map(\.key) == ["city"])
            #expect(view.traits[0].value == "York")
            #expect(view.traits[0].at == World.start + 20_000)
            #expect(view.interactions == 4)
        }
    }

    @Test func `traits of both sides of a merge are one person's, and each side's own again after undoing it`() async throws {
        try await withWorld { world, customers in
            try await world.say(identify((.email, "ann@example.com"), traits: ["name": "Ann Lee", "city": "Leeds"], at: 1))
            try await world.say(identify((.anonymousID, "a1"), traits: ["city": "York"], at: 2))
            try await world.say(.init((.email, "ann@example.com"), (.anonymousID, "a1")))
            let person = try id(customers, "anonymous_id:a1")
            let view = try #require(try customers.view(person))
            #expect(view.name == "Ann Lee")
            #expect(view.traits.first { $0.key == "city" }?.value == "York")
            #expect(view.merges.count == 1)
            #expect(view.merges[0].sentence.contains("ann@example.com"))
            _ = try await customers.undo(merge: view.merges[0].id, of: person, by: "test")
            #expect(try customers.view(try id(customers, "email:ann@example.com"))?.traits.first { $0.key == "city" }?.value == "Leeds")
            #expect(try customers.view(try id(customers, "anonymous_id:a1"))?.name == nil)
            await #expect(throws: CustomersProblem.noMerge(view.merges[0].id)) { _ = try await customers.undo(merge: view.merges[0].id, by: "test") }
        }
    }

    @Test func `a reference is normalised, and unknown kinds are told with those there are`() async throws {
        try await withWorld { world, customers in
            try await world.say(.init((.email, "ann@example.com")))
            #expect(try customers.find(.identifier(kind: "email", value: " Ann@Example.com ")) != nil)
            #expect(try customers.find(.identifier(kind: "email", value: "bob@example.com")) == nil)
            #expect(try customers.find(.id(CustomerID(raw: 99))) == nil)
            #expect(throws: CustomersProblem.self) { _ = try customers.find(.identifier(kind: "card", value: "1")) }
        }
    }

    @Test func `pages follow each other without gap or repetition, whatever the size and filter`() async throws {
        try await withWorld { world, customers in
            var random = SeededRandom(seed: 3)
            for _ in 0..<4 {
                try await world.say(
                    (0..<50).map { _ in
                        var said = World.Said((.userID, "u"), name: "E\(random.below(3))", at: Int64(random.below(40)))
                        said.channel = random.below(2) == 0 ? .web : .email
                        said.direction = random.below(2) == 0 ? .in : .out
                        return said
                    })
            }
            let u = try id(customers, "user_id:u")
            var filters = [HistoryFilter()]
            filters.append(.init())
            filters[1].names = ["E1"]
            filters[1].channels = ["email"]
            filters.append(.init())
            filters[2].directions = [.out]
            filters[2].since = World.start + 10_000
            filters[2].until = World.start + 30_000
            for filter in filters {
                let whole = try customers.history(of: u, filter: filter, limit: 500).items.map(\.interaction.position)
                #expect(!whole.isEmpty)
                for size in [1, 7, whole.count, whole.count + 1] {
                    var pages: [Position] = []
                    var cursor: String?
                    repeat {
                        let page = try customers.history(of: u, filter: filter, limit: size, after: cursor)
                        #expect(page.items.count <= size)
                        pages += page.items.map(\.interaction.position)
                        cursor = page.next
                    } while cursor != nil
                    #expect(pages == whole)
                }
            }
            let inside = try customers.history(of: u, filter: filters[2], limit: 500).items.map(\.interaction)
            #expect(inside.allSatisfy { $0.direction == .out && $0.at >= World.start + 10_000 && $0.at < World.start + 30_000 })
            #expect(throws: CustomersProblem.cursor("x")) { _ = try customers.history(of: u, limit: 5, after: "x") }
        }
    }

    @Test func `finds by the start of any identifier, order number or name, without regard to case and accents`() async throws {
        try await withWorld { world, customers in
            try await world.say(identify((.userID, "User-7"), (.email, "zoe@example.com"), traits: ["name": "Zoë O'Brien-Müller"]))
            try await world.say(.init((.userID, "User-7"), (.orderID, "HP-40817"), name: "Order Completed"), .init((.userID, "other")))
            let zoe = try id(customers, "email:zoe@example.com")
            for typed in [
                "zoe@", "ZOE@EXAMPLE.COM", "user-7", "User-7", "hp-408", "HP-40817", "zoë", "zoe", "obrien", "mül zo", "Muller Zoe", zoe.description,
            ] {
                #expect(try customers.search(typed, limit: 10).map(\.id) == [zoe], "\(typed)")
            }
            for typed in ["", "   ", "nobody", "zoe smith", "40817", "%", "' OR 1=1 --"] {
                #expect(try customers.search(typed, limit: 10).isEmpty, "\(typed)")
            }
            #expect(try customers.search("zoe", limit: 10)[0].name == "Zoë O'Brien-Müller")
        }
    }

    @Test func `erasing removes a person everywhere, leaves the others, and stays so when all is rebuilt`() async throws {
        try await withWorld { world, customers in
            try await world.say(identify((.userID, "u1"), (.email, "rosamund@example.com"), traits: ["name": "Rosamund Quill"]))
            try await world.say(.init((.userID, "u1"), message: "twice"), .init((.userID, "u1"), message: "twice"), .init((.userID, "u2")))
            let merged = try await customers.merge(
                try id(customers, "user_id:u1"), try id(customers, "user_id:u2"), by: "ann", note: "rosamund again")
            _ = try await customers.undo(merge: merged.id, by: "ann")
            let u1 = try id(customers, "user_id:u1")
            let u2 = try id(customers, "user_id:u2")
            #expect(try await customers.erase(u1, by: "ann") == 3)
            #expect(try customers.find(.id(u1)) == nil)
            #expect(try customers.view(u1) == nil)
            #expect(try customers.search("rosamund", limit: 5).isEmpty)
            #expect(try customers.view(u2)?.interactions == 1)
            await #expect(throws: CustomersProblem.notFound) { try await customers.erase(u1, by: "ann") }
            try world.store.checkpoint()
            for name in try FileManager.default.subpathsOfDirectory(atPath: world.folder) {
                guard let bytes = FileManager.default.contents(atPath: world.folder + "/" + name) else { continue }
                #expect(bytes.range(of: Data("osamund".utf8)) == nil, "\(name)")
                #expect(bytes.range(of: Data("Quill".utf8)) == nil, "\(name)")
            }
            let rebuilt = try await world.reopened(
                reactions: [CustomersReaction()], losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
            while await !rebuilt.pipeline.wait(for: rebuilt.ledger.newestBody) {}
            #expect(try rebuilt.person(.userID, "u2") == u2.raw)
            #expect(try rebuilt.person(.userID, "u1") == nil)
            try await rebuilt.say(.init((.userID, "u1")))
            #expect(try rebuilt.person(.userID, "u1") != u1.raw)
            await rebuilt.close()
        }
    }

    @Test func `erasing takes the person's identifiers out of what others said`() async throws {
        try await withWorld { world, customers in
            try await world.say(.init((.userID, "u1"), (.anonymousID, "rosamunds-phone")))
            // The device is the first one's, so it is left out; it stands in the second one's record all the same.
            try await world.say(.init((.userID, "u2"), (.anonymousID, "rosamunds-phone"), (.email, "two@example.com")))
            let u2 = try id(customers, "user_id:u2")
            #expect(try customers.history(of: u2, limit: 5).items[0].interaction.identifiers.count == 3)
            try await customers.erase(try id(customers, "user_id:u1"), by: "ann")
            #expect(try customers.history(of: u2, limit: 5).items[0].interaction.identifiers.map(\.value) == ["u2", "two@example.com"])
            var out: [UInt8] = []
            try customers.writeHistory(of: u2, limit: 5, to: &out)
            #expect(!String(decoding: out, as: UTF8.self).contains("anonymous_id"))
            #expect(try world.ledger.verify().damaged.isEmpty)
            for name in ["ledger.db", "state.db"] {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: world.folder + "/" + name))
                #expect(bytes.range(of: Data("rosamunds".utf8)) == nil, "\(name)")
            }
            // Who uses it from now on is somebody new.
            try await world.say(.init((.anonymousID, "rosamunds-phone")))
            #expect(try world.person(.anonymousID, "rosamunds-phone") != u2.raw)
        }
    }

    @Test func `an erasure that a crash cut short before the state's WAL was emptied is finished later`() async throws {
        try await withWorld { world, customers in
            try await world.say(.init((.email, "rosamund@example.com")))
            // As after a crash: all is done, but the WAL still holds what was there before.
            func wal() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: world.folder + "/state.db-wal")) }
            try await customers.erase(try id(customers, "email:rosamund@example.com"), by: "ann")
            try world.store.write { try $0.execute(sql: "UPDATE erasure SET identifiers = 'rosamund', done = 1") }
            try world.store.write { try $0.execute(sql: "UPDATE erasure SET identifiers = ''") }
            #expect(try wal().range(of: Data("rosamund".utf8)) != nil)
            try await customers.finishErasures()
            #expect(try wal().range(of: Data("rosamund".utf8)) == nil)
            #expect(try world.store.read { try Int.fetchOne($0, sql: "SELECT done FROM erasure") } == 2)
        }
    }

    @Test func `several who erase at once, beside what is done in the background, hinder each other in nothing`() async throws {
        try await withWorld { world, customers in
            for n in 0..<12 { try await world.say(.init((.userID, "u\(n)"), (.email, "rosamund\(n)@example.com"))) }
            let ids = try (0..<12).map { try id(customers, "user_id:u\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for one in ids { group.addTask { try await customers.erase(one, by: "ann") } }
                for _ in 0..<6 { group.addTask { _ = try await customers.finishErasures() } }
                group.addTask { for n in 0..<200 { try await world.say(.init((.userID, "v\(n)"))) } }
                try await group.waitForAll()
            }
            #expect(try world.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM erasure WHERE done = 0") } == 0)
            #expect(try world.ledger.verify().erased == 12)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: world.folder + "/ledger.db"))
            #expect(bytes.range(of: Data("rosamund".utf8)) == nil)
        }
    }

    @Test func `an erased message that is sent again brings nobody back and leaves nothing, also after a restart`() async throws {
        try await withWorld { world, customers in
            var said = World.Said((.email, "rosamund@example.com"), message: "told")
            said.properties = ["text": "a very particular phrase"]
            try await world.say([said])
            try await customers.erase(try id(customers, "email:rosamund@example.com"), by: "ann")
            try await world.say([said])
            #expect(try customers.find(.identifier(kind: "email", value: "rosamund@example.com")) == nil)
            try await customers.finishErasures()
            let bytes = try Data(contentsOf: URL(fileURLWithPath: world.folder + "/ledger.db"))
            #expect(bytes.range(of: Data("very particular".utf8)) == nil)
            let again = try await world.reopened(reactions: [CustomersReaction()])
            try await again.say([said])
            #expect(try again.person(.email, "rosamund@example.com") == nil)
            await again.close()
        }
    }

    @Test func `erasing takes the refused items that name the person, and no others`() async throws {
        try await withWorld { world, customers in
            try await world.say(.init((.userID, "123"), (.email, "rosamund@example.com")))
            var batch = Batch()
            for item in ["{\"traits\":{\"email\":\" Rosamund@Example.com\"}}", "{\"userId\":123}", "{\"price\":51234,\"at\":\"2026-12-3\"}"] {
                batch.refused.append(
                    Refused(
                        route: "track", index: 0, messageID: nil, kind: "k", reason: "r", item: Array(item.utf8), source: 0, receivedAt: World.start))
            }
            _ = try await world.ledger.append(batch)
            try await customers.erase(try id(customers, "user_id:123"), by: "ann")
            let kept = try await world.ledger.quarantined(after: 0, limit: 10).items
            #expect(kept.map { String(decoding: $0.refused.item.prefix(8), as: UTF8.self) } == ["{\"price\""])
        }
    }

    @Test func `likely duplicates wait for a decision, which holds`() async throws {
        try await withWorld { world, customers in
            func person(_ user: String, _ name: String) -> World.Said {
                identify(
                    (.userID, user), traits: ["name": .string(name), "street": "14 Chapel Row", "postcode": "LS6 1AA", "phone": "+447700900123"])
            }
            try await world.say(person("u1", "Jonathan Smithers"), person("u2", "Jonathon Smithers"), person("u3", "Maria Gonzales"))
            while try customers.compareSome() {}
            let reviews = try customers.reviews(limit: 10)
            let found = try #require(reviews.first)
            #expect(reviews.count == 1)
            #expect(Set([found.a, found.b]) == [try id(customers, "user_id:u1"), try id(customers, "user_id:u2")])
            #expect(!found.reasons.isEmpty)
            try await customers.decide(review: found.id, same: false, by: "ann")
            #expect(try customers.reviews(limit: 10).isEmpty)
            try await world.say(person("u1", "Jonathan Smithers"))
            while try customers.compareSome() {}
            #expect(try customers.reviews(limit: 10).isEmpty)
            await #expect(throws: CustomersProblem.noReview(found.id)) { try await customers.decide(review: found.id, same: true, by: "ann") }
        }
    }
}
