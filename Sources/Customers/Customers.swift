import GRDB
import Identity
package import Kernel
package import Ledger
package import Pipeline
package import Store
import Synchronization
import Timeline

/// The single view of each customer: who it is, what we know, what passed between us.
///
/// As a ``Reaction`` it keeps what customers tell about themselves; as a capability it answers.
package final class Customers: Sendable {
    let store: Store
    let ledger: Ledger
    let pipeline: Pipeline
    let randomness: Randomness
    let clock: Clock
    let readers: LedgerReaders
    let sourceName: @Sendable (UInt16) -> String?
    let tables = CustomerTables()
    /// Two who finish the same erasures would only hinder each other.
    let erasing = Turns()
    /// The same of taking out what is kept no longer.
    let expiring = Turns()
    /// When it was last looked what is kept no longer.
    let looked = Mutex<Instant?>(nil)

    /// - Parameter sourceName: the name of the write key with this number.
    package init(
        store: Store, ledger: Ledger, pipeline: Pipeline, randomness: Randomness, clock: Clock, sourceName: @escaping @Sendable (UInt16) -> String?
    ) {
        self.store = store
        self.ledger = ledger
        self.pipeline = pipeline
        self.randomness = randomness
        self.clock = clock
        self.sourceName = sourceName
        readers = LedgerReaders(path: ledger.path)
    }

    // MARK: Who

    /// The person that a reference leads to; nil when it leads to nobody, or to somebody erased.
    ///
    /// - Throws: ``CustomersProblem/unknownKind(_:known:)``, ``CustomersProblem/notOne(kind:people:)`` when a value of a kind
    ///   that is only found by belongs to several.
    package func find(_ reference: CustomerReference) throws -> CustomerID? {
        try named(reference).map { CustomerID(raw: pipeline.people.root($0.raw)) }
    }

    /// The raw customer that a reference names, which may be one of several that are this person: what somebody joins and
    /// takes apart. Nil and errors as for ``find(_:)``.
    package func named(_ reference: CustomerReference) throws -> CustomerID? {
        switch reference {
        case .id(let id):
            guard Int(id.raw) < pipeline.people.count else { return nil }
            return isErased(id.raw) ? nil : id
        case .identifier(let name, let value):
            let rules = pipeline.rules
            guard let kind = rules.kinds.first(where: { $0.name == name }) else {
                throw CustomersProblem.unknownKind(name, known: rules.kinds.map(\.name))
            }
            let wanted = normalised(kind, value)
            let sql =
                kind.unique
                ? "SELECT customer_id FROM identifier WHERE value = ? AND kind = ?" : "SELECT customer_id FROM reference WHERE value = ? AND kind = ?"
            let found = try store.read { try UInt32.fetchAll($0.cachedStatement(sql: sql), arguments: [wanted, kind.kind.rawValue]) }
            let roots = Set(pipeline.people.roots(found))
            guard roots.count <= 1 else { throw CustomersProblem.notOne(kind: name, people: roots.count) }
            return found.first.map(CustomerID.init(raw:))
        }
    }

    /// The value as identifiers of the kind are kept; as given when it is none.
    func normalised(_ kind: IdentityRules.Kind, _ value: String) -> String {
        var out = value
        var text = value
        text.withUTF8 { bytes in
            _ = pipeline.rules.normalise(kind, UnsafeRawBufferPointer(bytes)) { out = String(decoding: $0, as: UTF8.self) }
        }
        return out
    }

    func isErased(_ raw: UInt32) -> Bool { pipeline.timeline.isHidden(raw) }

    /// All raw customers of the person, the root first.
    func members(_ id: CustomerID) -> [UInt32]? {
        guard Int(id.raw) < pipeline.people.count else { return nil }
        return pipeline.people.members(of: id.raw)
    }
}

/// Why a customer's view could not be given or changed.
package enum CustomersProblem: Error, Equatable, Sendable {
    case unknownKind(String, known: [String])
    case notOne(kind: String, people: Int)
    case notFound
    /// The cursor was not given by us.
    case cursor(String)
    /// A filter names what does not exist.
    case filter(field: String, value: String, known: [String])
    case samePerson
    case noMerge(Int64)
    case noReview(Int64)
    /// No decision about these two that holds.
    case noDecision(Int64)
    case tooLong(field: String, most: Int)
}
