package import Access
import GRDB
import Identity
package import Kernel
package import Ledger
package import Pipeline
package import Store
import Timeline

/// Notes on customers, and who is mentioned in them.
///
/// A note is an interaction like all else that happens with a customer, so it stands in the customer's history and in the
/// ledger. It is kept as it was written: who was wrong writes another.
package struct Notes: Sendable {
    /// The name of a note's interaction.
    package static let eventName = "Note Written"

    let store: Store
    let ledger: Ledger
    let pipeline: Pipeline
    let randomness: Randomness
    let clock: Clock

    package init(store: Store, ledger: Ledger, pipeline: Pipeline, randomness: Randomness, clock: Clock) {
        self.store = store
        self.ledger = ledger
        self.pipeline = pipeline
        self.randomness = randomness
        self.clock = clock
    }

    /// Writes a note about a customer. It can be read when this returns.
    /// - Parameters:
    ///   - author: `per_…`, or the name of a token.
    ///   - mentions: Colleagues to be told, at most ``Note/mostMentions``.
    /// - Throws: ``NoteProblem``, ``LedgerProblem``, ``PipelineProblem``.
    package func write(_ text: String, about customer: CustomerID, by author: String, named authorName: String, mentioning mentions: [PersonID] = [])
        async throws -> Note
    {
        let text = text.replacing("\r\n", with: "\n")
        let length = text.unicodeScalars.count
        guard (1...Note.longest).contains(length), !text.allSatisfy(\.isWhitespace) else { throw NoteProblem.length(length) }
        guard mentions.count <= Note.mostMentions else { throw NoteProblem.tooManyMentions(mentions.count) }
        guard Int(customer.raw) < pipeline.people.count, !pipeline.timeline.isHidden(customer.raw) else { throw NoteProblem.noCustomer }
        let now = clock.now
        let note = Note(
            id: NoteID(at: now, randomness: randomness), customer: customer, author: author, authorName: authorName, text: text, mentions: mentions,
            at: now)
        var header = RecordHeader(at: now, receivedAt: now, message: ledger.key.message(note.id.description))
        header.direction = .internal
        var batch = Batch()
        batch.append(
            header, name: Self.eventName, messageID: note.id.description, identifiers: [(.customer, customer.description)],
            properties: [
                "note_id": .string(note.id.description), "text": .string(text), "author": .string(author), "author_name": .string(authorName),
                "mentions": .array(mentions.map { .string($0.description) }),
            ])
        let position = try await ledger.append(batch)
        guard await pipeline.wait(for: position.body, atMost: 30) else { throw PipelineProblem.behind }
        return note
    }

    /// The notes on a person, newest first.
    package func notes(on customer: CustomerID, limit: Int = 100) throws -> [Note] {
        guard Int(customer.raw) < pipeline.people.count else { return [] }
        let members = pipeline.people.members(of: customer.raw)
        return try store.read { try Self.notes(of: members, limit: limit, in: $0) }
    }

    /// The notes that mention a colleague, newest first.
    package func notes(mentioning person: PersonID, limit: Int = 100) throws -> [Note] {
        try store.read { try Self.notes(mentioning: person, limit: limit, in: $0) }
    }

    /// How many notes of others mention a colleague since a moment.
    package func count(mentioning person: PersonID, after: Instant) throws -> Int {
        try store.read { try Self.count(mentioning: person, after: after, in: $0) }
    }

    /// The colleagues whom a text names as `@Name` or `@name` before the `@` of their address, in their order.
    ///
    /// The longest name that fits counts, so that "@Ann Lee" is not "@Ann". Names are compared without their case.
    package static func mentions(in text: String, of people: [Person]) -> [PersonID] {
        let active = people.filter(\.isActive)
        let names = active.flatMap { person in
            [person.name, String(person.email.prefix { $0 != "@" })].filter { !$0.isEmpty }.map { (name: $0.lowercased(), id: person.id) }
        }.sorted { $0.name.count > $1.name.count }
        var found: [PersonID] = []
        for part in text.lowercased().split(separator: "@", omittingEmptySubsequences: false).dropFirst() {
            let named = names.first { name in
                guard part.hasPrefix(name.name) else { return false }
                let after = part.dropFirst(name.name.count).first
                return after.map { !$0.isLetter && !$0.isNumber } ?? true
            }
            if let named, !found.contains(named.id) { found.append(named.id) }
        }
        return found
    }
}
