import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import Timeline

extension Customers {
    /// The longest text that is searched for.
    package static let longestSearch = 200

    /// Customers found by any identifier, order number or name that starts with what was typed; names by each of their
    /// words. Those seen last come first.
    ///
    /// - Parameter limit: 1 to 100.
    package func search(_ text: String, limit: Int) throws -> [Found] {
        let typed = String(text.trimmed.prefix(Self.longestSearch))
        guard !typed.isEmpty else { return [] }
        let limit = min(max(limit, 1), 100)
        var hits: [Hit] = []
        if let id = CustomerID(typed), let person = try find(.id(id)) {
            hits.append(Hit(customer: person.raw, matched: "id", value: typed, exact: true))
        }
        try store.read { db in
            try identifiers(typed, db, &hits)
            try names(typed, db, &hits)
        }
        return try found(hits, limit: limit)
    }

    private struct Hit {
        var customer: UInt32
        var matched: String
        var value: String
        var exact: Bool
    }
    /// Hits looked at per way of finding.
    private static let most = 200

    private func identifiers(_ typed: String, _ db: Database, _ hits: inout [Hit]) throws {
        let vocabulary = ledger.vocabulary
        var prefixes = Set([typed, typed.lowercased()])
        // A phone number as people write it; its kind says how it is kept.
        if typed.utf8.count >= 6, typed.allSatisfy({ $0.isNumber || "+()-./ ".contains($0) }) {
            for kind in pipeline.rules.kinds where kind.normalise == .phone { prefixes.insert(normalised(kind, typed)) }
        }
        for table in ["identifier", "reference"] {
            let hidden = table == "identifier" ? "AND kind <> 10" : ""
            let plain = try db.cachedStatement(
                sql: "SELECT kind, value, customer_id FROM \(table) WHERE value >= ? AND value < ? \(hidden) ORDER BY value LIMIT \(Self.most)")
            for prefix in prefixes {
                let rows = try Row.fetchCursor(plain, arguments: [prefix, Folding.end(ofPrefix: prefix)])
                while let row = try rows.next() { hits.append(hit(row, vocabulary, typed)) }
            }
            let folded = try db.cachedStatement(
                sql: """
                    SELECT kind, value, customer_id FROM \(table)
                    WHERE lower(value) >= ? AND lower(value) < ? AND value <> lower(value) \(hidden) LIMIT \(Self.most)
                    """)
            let low = typed.lowercased()
            let rows = try Row.fetchCursor(folded, arguments: [low, Folding.end(ofPrefix: low)])
            while let row = try rows.next() { hits.append(hit(row, vocabulary, typed)) }
        }
    }

    private func hit(_ row: Row, _ vocabulary: Vocabulary, _ typed: String) -> Hit {
        let value: String = row[1]
        return Hit(
            customer: row[2], matched: vocabulary.name(of: IdentifierKind(rawValue: row[0])), value: value,
            exact: value.count == typed.count)
    }

    /// Every word must start a word of the customer's names. The longest word is looked up first, as the rarest.
    private func names(_ typed: String, _ db: Database, _ hits: inout [Hit]) throws {
        let words = Folding.words(typed).sorted { $0.count > $1.count }
        guard let first = words.first, words.count <= 8 else { return }
        var sql = "SELECT DISTINCT w0.customer_id FROM name_word AS w0"
        var conditions = ["w0.word >= ? AND w0.word < ?"]
        var arguments: [String] = [first, Folding.end(ofPrefix: first)]
        for (i, word) in words.enumerated().dropFirst() {
            sql += " JOIN name_word AS w\(i) ON w\(i).customer_id = w0.customer_id"
            conditions.append("w\(i).word >= ? AND w\(i).word < ?")
            arguments += [word, Folding.end(ofPrefix: word)]
        }
        sql += " WHERE " + conditions.joined(separator: " AND ") + " LIMIT \(Self.most)"
        let rows = try UInt32.fetchCursor(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        while let customer = try rows.next() { hits.append(Hit(customer: customer, matched: "name", value: "", exact: false)) }
    }

    private func found(_ hits: [Hit], limit: Int) throws -> [Found] {
        let roots = pipeline.people.roots(hits.map(\.customer))
        let parts = pipeline.timeline
        var best: [UInt32: Hit] = [:]
        for (hit, root) in zip(hits, roots) where best[root] == nil || (hit.exact && !best[root]!.exact) { best[root] = hit }
        var ranked: [(root: UInt32, hit: Hit, last: Instant?)] = []
        for (root, hit) in best {
            let last = parts.latest(pipeline.people.members(of: root))
            ranked.append((root, hit, last.map { Instant(milliseconds: Int64($0) * 1000) }))
        }
        ranked.sort { a, b in
            if a.hit.exact != b.hit.exact { return a.hit.exact }
            return (a.last?.milliseconds ?? 0, b.root) > (b.last?.milliseconds ?? 0, a.root)
        }
        let vocabulary = ledger.vocabulary
        return try store.read { db in
            try ranked.prefix(limit).map { root, hit, last in
                let name = Self.name(try traits(pipeline.people.members(of: root), vocabulary, db))
                return Found(
                    id: CustomerID(raw: root), name: name, matched: hit.matched, value: hit.value.isEmpty ? name ?? "" : hit.value, lastSeen: last)
            }
        }
    }
}
