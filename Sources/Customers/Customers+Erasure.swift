import Foundation
import GRDB
import Identity
package import Kernel
import Ledger
import Pipeline
import Simdjson
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
        tables.forget()
        return try await finishErasures()
    }

    /// Removes from the ledger what persons said who were erased, and repeated messages of nobody. Called after an erasure, and
    /// in the background for those that a crash or a full disk cut short.
    ///
    /// - Returns: how many interactions were removed.
    @discardableResult
    package func finishErasures() async throws -> Int {
        let (waiting, unclaimed) = try store.read { db in
            (
                try Row.fetchAll(db, sql: "SELECT * FROM erasure WHERE done = 0 ORDER BY id"),
                try Int64.fetchAll(db, sql: "SELECT position FROM unclaimed LIMIT 100000")
            )
        }
        guard !waiting.isEmpty || !unclaimed.isEmpty else { return 0 }
        // The ledger may not be ahead of the state it depends on: a power cut would leave half a person under new numbers.
        try store.writeDurably { try $0.execute(sql: "UPDATE erasure SET done = 0 WHERE done = 0") }
        var removed = 0
        for row in waiting { removed += try await finish(row) }
        if !unclaimed.isEmpty {
            try await ledger.erase(unclaimed.map { (Position(raw: UInt64(bitPattern: $0)), nil) })
            try store.write { db in
                for position in unclaimed { try db.execute(sql: "DELETE FROM unclaimed WHERE position = ?", arguments: [position]) }
            }
        }
        try store.checkpoint()
        return removed
    }

    private func finish(_ row: Row) async throws -> Int {
        func decode<T: Decodable>(_ column: String, as type: T.Type) throws -> T {
            let text: String = row[column]
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        }
        let customers = Set(try decode("customers", as: [UInt32].self))
        let commands = try decode("positions", as: [Int64].self).map { (position: Position(raw: UInt64(bitPattern: $0)), customer: UInt32?.none) }
        let records = try recorded(customers)
        try await ledger.erase(records + commands)
        try await forgetQuarantined(Set(try decode("identifiers", as: [String].self)))
        try await ledger.checkpoint()
        let id: Int64 = row["id"]
        try store.writeDurably { try $0.execute(sql: "UPDATE erasure SET done = 1, identifiers = '', positions = '' WHERE id = ?", arguments: [id]) }
        return records.count
    }

    /// Removes refused items that name one of these identifiers as a whole value, however it was written.
    private func forgetQuarantined(_ values: Set<String>) async throws {
        let parser = JSONParser(depth: 200)
        let rules = pipeline.rules
        func names(_ text: String) -> Bool {
            values.contains(text) || rules.kinds.contains { kind in (try? rules.normalise(kind, text).get()).map(values.contains) ?? false }
        }
        func mentions(_ value: JSONValueView) -> Bool {
            if value.isObject { return value.members.contains { mentions($0.value) } }
            if value.isArray { return value.elements.contains { mentions($0) } }
            return value.isNull ? false : names(value.string ?? value.toJSON().text)
        }
        var after: Int64? = 0
        while let from = after {
            let page = try await ledger.quarantined(after: from, limit: 500)
            after = page.next
            let ids = page.items.filter { item in
                if let known = try? parser.parse(item.refused.item, mentions) { return known }
                // What is no JSON cannot be taken apart: whatever holds a longer identifier goes.
                let text = String(decoding: item.refused.item, as: UTF8.self).lowercased()
                return values.contains { $0.utf8.count >= 6 && text.contains($0.lowercased()) }
            }.map(\.id)
            if !ids.isEmpty { try await ledger.dropQuarantined(ids: ids) }
        }
    }

    /// Every record that was concluded to belong to one of these, duplicates too. Reads four bytes of every interaction:
    /// erasing is rare, and may not miss what the timeline does not show.
    private func recorded(_ customers: Set<UInt32>) throws -> [(position: Position, customer: UInt32?)] {
        var found: [(position: Position, customer: UInt32?)] = []
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
