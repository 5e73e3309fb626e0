import Foundation
import GRDB
import Identity
package import Kernel
import Ledger
import Pipeline
import Store

extension Customers {
    /// Forgets a person: identifiers, traits and everything they said, in the ledger's bodies too. A tombstone stays in the
    /// place of each interaction. It cannot be taken back.
    ///
    /// - Returns: how many interactions were removed.
    /// - Throws: ``CustomersProblem/notFound``, ``LedgerProblem``
    @discardableResult
    package func erase(_ id: CustomerID, by author: String) async throws -> Int {
        guard let person = try find(.id(id)) else { throw CustomersProblem.notFound }
        _ = try await pipeline.perform(.erase(customer: person.raw, author: author), randomness: randomness)
        return try await finishErasures()
    }

    /// Removes from the ledger what persons said who were erased. Called after an erasure, and at the start for those that a
    /// crash cut short.
    ///
    /// - Returns: how many interactions were removed.
    @discardableResult
    package func finishErasures() async throws -> Int {
        let waiting = try store.read { try Row.fetchAll($0, sql: "SELECT * FROM erasure WHERE done = 0 ORDER BY id") }
        var removed = 0
        for row in waiting {
            let decoder = JSONDecoder()
            func decode<T: Decodable>(_ column: String, as type: T.Type) throws -> T {
                let text: String = row[column]
                return try decoder.decode(type, from: Data(text.utf8))
            }
            let customers = Set(try decode("customers", as: [UInt32].self))
            let commands = try decode("positions", as: [Int64].self).map { (position: Position(raw: UInt64(bitPattern: $0)), customer: UInt32(0)) }
            let records = try recorded(customers)
            try await ledger.erase(records + commands, also: try decode("identifiers", as: [String].self))
            removed += records.count
            let id: Int64 = row["id"]
            try store.writeDurably {
                try $0.execute(sql: "UPDATE erasure SET done = 1, identifiers = '', positions = '' WHERE id = ?", arguments: [id])
            }
        }
        if !waiting.isEmpty { try store.checkpoint() }
        return removed
    }

    /// Every record that was concluded to belong to one of these, duplicates too. Reads four bytes of every interaction:
    /// erasing is rare, and may not miss what the timeline does not show.
    private func recorded(_ customers: Set<UInt32>) throws -> [(position: Position, customer: UInt32)] {
        var found: [(position: Position, customer: UInt32)] = []
        try store.read { db in
            let rows = try Row.fetchCursor(db, sql: "SELECT body, customers FROM concluded ORDER BY body")
            while let row = try rows.next() {
                let body: Int64 = row[0]
                try row.withUnsafeData(atIndex: 1) { data in
                    data?.withUnsafeBytes { bytes in
                        for i in 0..<(bytes.count / 4) {
                            let c = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                            guard c != Concluded.nobody, customers.contains(c & ~Concluded.duplicate) else { continue }
                            found.append((Position(body: body, index: i), c & ~Concluded.duplicate))
                        }
                    }
                }
            }
        }
        return found
    }
}
