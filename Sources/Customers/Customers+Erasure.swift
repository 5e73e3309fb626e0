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
    package func finishErasures() async throws -> Int { try await erasing.take { try await finishNow() } }

    private func finishNow() async throws -> Int {
        let (waiting, isInWAL, unclaimed) = try store.read { db in
            (
                try Row.fetchAll(db, sql: "SELECT * FROM erasure WHERE done = 0 ORDER BY id"),
                try Bool.fetchOne(db, sql: "SELECT count(*) > 0 FROM erasure WHERE done = 1") ?? false,
                try Int64.fetchAll(db, sql: "SELECT position FROM unclaimed LIMIT 100000")
            )
        }
        guard !waiting.isEmpty || isInWAL || !unclaimed.isEmpty else { return 0 }
        // The ledger may not be ahead of the state it depends on: a power cut would leave half a person under new numbers.
        try store.writeDurably { try $0.execute(sql: "UPDATE erasure SET done = 0 WHERE done = 0") }
        var removed = 0
        for row in waiting { removed += try await finish(Erasure(row)) }
        if !unclaimed.isEmpty {
            let nobody = unclaimed.map { (Position(raw: UInt64(bitPattern: $0)), Remains.tombstone(customer: nil, identifiers: [])) }
            try await ledger.erase(Dictionary(nobody) { first, _ in first })
            try store.write { db in
                for position in unclaimed { try db.execute(sql: "DELETE FROM unclaimed WHERE position = ?", arguments: [position]) }
            }
        }
        // Only now is nothing of them left in the state's WAL: a crash before this, or somebody who reads for long, and it is done again.
        try store.checkpoint()
        try store.write { try $0.execute(sql: "UPDATE erasure SET done = 2 WHERE done = 1") }
        return removed
    }

    private func finish(_ erasure: Erasure) async throws -> Int {
        var removed = 0
        // After the state was lost it meets every erasure again; what the ledger has tokens for is done.
        if !erasure.isDone {
            // Reading the whole ledger belongs on a thread of its own: a shared one would be missing for seconds.
            let (remains, count) = try await withCheckedThrowingContinuation { done in
                startThread("erasing") { [store, ledger] in
                    done.resume(
                        with: Result {
                            var search = ErasureSearch(erasure, store: store, ledger: ledger)
                            return try search.run()
                        })
                }
            }
            try await ledger.erase(remains)
            try await forgetQuarantined(Set(erasure.identifiers.map(\.value)))
            try await ledger.checkpoint()
            removed = count
        }
        try store.writeDurably {
            try $0.execute(sql: "UPDATE erasure SET done = 1, identifiers = '', positions = '' WHERE id = ?", arguments: [erasure.id])
        }
        return removed
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
            let page = try await ledger.quarantined(after: from, limit: 500, withGivenUp: true)
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
}
