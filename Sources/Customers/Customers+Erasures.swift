import Foundation
import GRDB
package import Kernel
import Ledger
import Pipeline
import Store

/// An erasure that somebody asked for, and how far it is.
package struct ErasureRecord: Sendable, Equatable {
    /// When it was said; nil when the ledger does not tell any more.
    package var at: Instant?
    /// Who said it; nil when the ledger does not tell any more.
    package var author: String?
    /// The ids that the person had.
    package var customers: [CustomerID]
    /// Whether nothing of the person is left in the ledger's files and the state's.
    package var isDone: Bool
}

extension Customers {
    /// The newest erasures, newest first. They follow from the ledger, so also those from before a restoration are there.
    package func erasures(limit: Int) throws -> [ErasureRecord] {
        let rows = try store.read {
            try Row.fetchAll($0, sql: "SELECT customers, position, done FROM erasure ORDER BY id DESC LIMIT ?", arguments: [limit])
        }
        return try readers.use { reader in
            try rows.map { row in
                let raw = try JSONDecoder().decode([UInt32].self, from: Data((row[0] as String).utf8))
                let said = try reader.record(Position(raw: UInt64(bitPattern: row[1] as Int64))) { record -> (Instant, String?) in
                    guard record.kind == .command else { return (record.at, nil) }
                    return (record.at, Command.author(record.properties))
                }
                return ErasureRecord(at: said?.0, author: said?.1, customers: raw.sorted().map(CustomerID.init(raw:)), isDone: (row[2] as Int) == 2)
            }
        }
    }
}
