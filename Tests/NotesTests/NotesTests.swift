import Customers
import Foundation
import Identity
import Kernel
import Ledger
import Notes
import Pipeline
import TestSupport
import Testing

@testable import Access

@Suite struct `Notes on customers` {
    private static let reactions: [any Reaction] = [CustomersReaction(), NotesReaction()]
    private static let mira = PersonID(at: World.start, randomness: World.randomness)

    private func withWorld(_ body: (World, Notes, Customers) async throws -> Void) async throws {
        let world = try await World(reactions: Self.reactions)
        try await body(world, notes(world), customers(world))
        await world.remove()
    }
    private func notes(_ world: World) -> Notes {
        Notes(store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start })
    }
    private func customers(_ world: World) -> Customers {
        Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start }
        ) { _ in nil }
    }
    private func customer(_ world: World, _ user: String) async throws -> CustomerID {
        try await world.say(World.Said((.userID, user)))
        return CustomerID(raw: try #require(try world.person(.userID, user)))
    }

    @Test func `a note can be read when it is written, and stands in the customer's history`() async throws {
        try await withWorld { world, notes, customers in
            let ann = try await customer(world, "ann")
            let note = try await notes.write("Call back\r\non Friday", about: ann, by: "per_x", named: "Mira", mentioning: [Self.mira])
            #expect(note.text == "Call back\non Friday")
            #expect(try notes.notes(on: ann) == [note])
            #expect(try notes.notes(mentioning: Self.mira) == [note])
            #expect(try notes.count(mentioning: Self.mira, after: World.start) == 0)
            #expect(try notes.count(mentioning: Self.mira, after: World.start + -1) == 1)
            let history = try customers.history(of: ann, filter: HistoryFilter(), limit: 10, after: nil).items
            #expect(history.first?.interaction.name == "Note Written")
            #expect(history.first?.interaction.identifiers.isEmpty == true)
        }
    }

    @Test func `a note in which somebody names themselves is no news to them`() async throws {
        try await withWorld { world, notes, _ in
            let ann = try await customer(world, "ann")
            let note = try await notes.write("@Mira, call", about: ann, by: Self.mira.description, named: "Mira", mentioning: [Self.mira])
            #expect(try notes.notes(mentioning: Self.mira) == [note])
            #expect(try notes.count(mentioning: Self.mira, after: World.start + -1) == 0)
        }
    }

    @Test func `a note follows its customer through a merge and back`() async throws {
        try await withWorld { world, notes, customers in
            let ann = try await customer(world, "ann")
            let ben = try await customer(world, "ben")
            let note = try await notes.write("About Ben", about: ben, by: "per_x", named: "Mira")
            let merge = try await customers.merge(ann, ben, by: "test", note: nil)
            #expect(try notes.notes(on: ann) == [note])
            _ = try await customers.undo(merge: merge.id, by: "test")
            #expect(try notes.notes(on: ann).isEmpty)
            #expect(try notes.notes(on: ben) == [note])
        }
    }

    @Test func `notes follow from the ledger`() async throws {
        let world = try await World(reactions: Self.reactions)
        let ann = try await customer(world, "ann")
        let note = try await notes(world).write("Kept", about: ann, by: "per_x", named: "Mira", mentioning: [Self.mira])
        let again = try await world.reopened(reactions: Self.reactions, losing: ["state.db", "state.db-wal", "state.db-shm", "timeline"])
        while await !again.pipeline.wait(for: again.ledger.newestBody) {}
        #expect(try notes(again).notes(on: ann) == [note])
        await again.remove()
    }

    @Test func `a note of 10,001 characters, or of nothing, is refused and nothing is written`() async throws {
        try await withWorld { world, notes, _ in
            let ann = try await customer(world, "ann")
            let long = String(repeating: "é", count: Note.longest)
            _ = try await notes.write(long, about: ann, by: "per_x", named: "Mira")
            for text in [long + "x", "", " \n "] {
                await #expect(throws: NoteProblem.length(text.unicodeScalars.count)) {
                    try await notes.write(text, about: ann, by: "per_x", named: "Mira")
                }
            }
            #expect(try notes.notes(on: ann).count == 1)
            await #expect(throws: NoteProblem.noCustomer) {
                try await notes.write("x", about: CustomerID(raw: 4711), by: "per_x", named: "Mira")
            }
        }
    }

    @Test func `an erased customer's notes are gone, and no new one can be written`() async throws {
        try await withWorld { world, notes, customers in
            let ann = try await customer(world, "ann")
            _ = try await notes.write("very private words", about: ann, by: "per_x", named: "Mira", mentioning: [Self.mira])
            try await customers.erase(ann, by: "test")
            #expect(try notes.notes(on: ann).isEmpty)
            #expect(try notes.notes(mentioning: Self.mira).isEmpty)
            await #expect(throws: NoteProblem.noCustomer) { try await notes.write("x", about: ann, by: "per_x", named: "Mira") }
            for file in try FileManager.default.contentsOfDirectory(atPath: world.folder) where file.hasPrefix("ledger.db") {
                let bytes = try Data(contentsOf: URL(filePath: world.folder + "/" + file))
                #expect(bytes.range(of: Data("very private words".utf8)) == nil, "\(file)")
            }
        }
    }

    @Test func `an event of the same name from outside is no note`() async throws {
        try await withWorld { world, notes, _ in
            var said = World.Said((.userID, "ann"), name: Notes.eventName)
            said.properties = ["note_id": .string(NoteID(at: World.start, randomness: World.randomness).description), "text": "forged"]
            try await world.say(said)
            #expect(try notes.notes(on: CustomerID(raw: try #require(try world.person(.userID, "ann")))).isEmpty)
        }
    }

    @Test func `who is named with an at sign is mentioned, by the longest name that fits`() {
        func person(_ name: String, _ email: String, joined: Bool = true) -> Person {
            var person = Person(
                id: PersonID(at: World.start, randomness: World.randomness), email: email, name: name, role: .agent, createdAt: World.start)
            if joined { person.joinedAt = World.start }
            return person
        }
        let ann = person("Ann", "a@example.com")
        let annLee = person("Ann Lee", "ann.lee@example.com")
        let ben = person("Ben", "ben@example.com", joined: false)
        let all = [ann, annLee, ben]
        #expect(Notes.mentions(in: "@ann lee, and @Ann.", of: all) == [annLee.id, ann.id])
        #expect(Notes.mentions(in: "@ann.lee @annabel @ben x@ann @ann", of: all) == [annLee.id, ann.id])
        #expect(Notes.mentions(in: "nobody", of: all).isEmpty)
    }
}
