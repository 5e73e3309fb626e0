package import Access
package import Kernel

/// Names ids of notes: `not_…`.
package enum NoteKind: IDKind { package static let prefix = "not" }
package typealias NoteID = ID<NoteKind>

/// What somebody of the company wrote about a customer, for colleagues to read.
package struct Note: Sendable, Equatable {
    package let id: NoteID
    /// The customer it was written about; after a merge it is the person's.
    package let customer: CustomerID
    /// Who wrote it: `per_…` for somebody signed in, else the name of a token.
    package let author: String
    /// The author's name as it was then.
    package let authorName: String
    /// Plain text, 1 to ``longest`` characters, line breaks included.
    package let text: String
    /// Colleagues named in it, in their order.
    package let mentions: [PersonID]
    package let at: Instant

    /// Characters.
    package static let longest = 10_000
    package static let mostMentions = 20

    /// The same note with another text, for somebody who may not see all of it.
    package func saying(_ text: String) -> Note {
        Note(id: id, customer: customer, author: author, authorName: authorName, text: text, mentions: mentions, at: at)
    }
}

/// Why a note was not written.
package enum NoteProblem: Error, Equatable, Sendable {
    /// A note has 1 to ``Note/longest`` characters; how many it had.
    case length(Int)
    case tooManyMentions(Int)
    case noCustomer
}
