package import GRDB
package import Identity
package import Kernel
package import Ledger
package import Store

/// A capability: its tables, and what it does when something happened.
///
/// A reaction runs in the pipeline's transaction: what it writes and the position it was concluded at are committed
/// together, so it happens exactly once, also after `kill -9`.
package protocol Reaction: Sendable {
    var migrations: [Migration] { get }
    /// Reads what it keeps in memory, before anything is concluded: at the start, and again after a transaction failed.
    func load(_ store: Store) throws
    /// Some interactions were concluded.
    func react(to concluded: Concluded, in writer: Writer) throws
    /// Who is one person with whom changed, or who is kept apart from whom.
    ///
    /// - Parameters:
    ///   - customers: raw customers of which one at least is in every pair that it changed for.
    ///   - isParted: a merge was taken back: whoever was one person by it is several.
    func regroup(_ customers: [UInt32], _ people: People, isParted: Bool, in writer: Writer) throws
    /// Somebody who was asked said whether two are one person.
    func decide(_ decision: Decision, in writer: Writer) throws
    /// A decision was taken back; ``regroup(_:_:isParted:in:)`` follows.
    func reopen(_ a: UInt32, _ b: UInt32, in writer: Writer) throws
    /// Other definitions are in force from here on: a document's id (`identity`, `metric/lifetime_value`) → YAML, all of them.
    func define(_ definitions: [String: String], in writer: Writer) throws
    /// Who belongs to a set was found out, as its definition came into force.
    func settle(_ members: MembersOfSet, at: Instant, in writer: Writer) throws
    /// Whoever something that happened long ago made belong somewhere was found, as far as it stands in bodies up to this one.
    func settle(upTo body: Int64, in writer: Writer) throws
    /// Persons were erased: nothing that names them may stay.
    func forget(_ forgotten: Forgotten, in writer: Writer) throws
}

extension Reaction {
    package func load(_ store: Store) throws {}
    package func regroup(_ customers: [UInt32], _ people: People, isParted: Bool, in writer: Writer) throws {}
    package func decide(_ decision: Decision, in writer: Writer) throws {}
    package func define(_ definitions: [String: String], in writer: Writer) throws {}
    package func settle(_ members: MembersOfSet, at: Instant, in writer: Writer) throws {}
    package func settle(upTo body: Int64, in writer: Writer) throws {}
    package func reopen(_ a: UInt32, _ b: UInt32, in writer: Writer) throws {}
    package func forget(_ forgotten: Forgotten, in writer: Writer) throws {}
}

/// What somebody said of two raw customers.
package struct Decision: Sendable, Equatable {
    package var a: UInt32
    package var b: UInt32
    package var same: Bool
    package var author: String
    package var at: Instant
}

/// Who was erased.
package struct Forgotten: Sendable, Equatable {
    package var customers: [UInt32]
    package var identifiers: [ForgottenIdentifier]
    /// Where the command stands: what came before it is to be forgotten.
    package var position: Position
}

/// The one writing transaction.
package struct Writer {
    package let database: Database
}

/// A run of records of one body and the customers they were concluded to belong to. Valid during the call only.
package struct Concluded {
    /// In ``customers``: belongs to nobody (a command, a tombstone).
    package static let nobody = UInt32.max
    /// In ``customers``: the message was there before.
    package static let duplicate: UInt32 = 1 << 31

    package let body: Int64
    package let view: BodyView
    package let range: Range<Int>
    /// Per record of the body, up to the end of the range.
    package let customers: [UInt32]
    /// Who is one person with whom, these records included.
    package let people: People
    /// Merges that these records proved.
    package let merges: [Resolver.MergeMade]

    /// Calls back with each new interaction, its raw customer and its position.
    package func forEach(_ body: (RecordView, UInt32, Position) throws -> Void) rethrows {
        for i in range where customers[i] & Self.duplicate == 0 {
            guard let record = view[i], record.kind == .interaction else { continue }
            try body(record, customers[i], Position(body: self.body, index: i))
        }
    }
}
