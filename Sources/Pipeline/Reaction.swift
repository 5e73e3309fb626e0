package import GRDB
package import Identity
package import Ledger
package import Store

/// A capability: its tables, and what it does when something happened.
///
/// A reaction runs in the pipeline's transaction: what it writes and the position it was concluded at are committed
/// together, so it happens exactly once, also after `kill -9`.
package protocol Reaction: Sendable {
    var migrations: [Migration] { get }
    /// Some interactions were concluded.
    func react(to concluded: Concluded, in writer: Writer) throws
    /// Persons were erased: nothing that names them may stay.
    ///
    /// - Parameter values: their identifiers' values.
    func forget(_ customers: [UInt32], values: [String], in writer: Writer) throws
}

extension Reaction {
    package func forget(_ customers: [UInt32], values: [String], in writer: Writer) throws {}
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
