import GRDB
import Store
import Synchronization

/// Which traits there are: what anybody ever told of themselves, by its name.
package final class TraitKeys: Sendable {
    /// Traits past so many are kept with their customers, and formulas do not know them by themselves.
    package static let most = 10_000
    private let keys = Mutex<Set<String>>([])

    package init() {}

    package var all: Set<String> { keys.withLock { $0 } }

    /// Whether it is seen for the first time; it is noted.
    func isNew(_ key: String) -> Bool { keys.withLock { $0.count < Self.most && $0.insert(key).inserted } }
    func replace(_ all: [String]) { keys.withLock { $0 = Set(all) } }
}

extension Customers {
    /// What customers have told of themselves, by its names.
    /// - Throws: `DatabaseError`
    package func traitKeys() throws -> Set<String> { Set(try store.read { try String.fetchAll($0, sql: "SELECT key FROM trait_key") }) }
}
