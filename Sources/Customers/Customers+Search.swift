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
    /// - Parameters:
    ///   - limit: 1 to 100.
    ///   - mayBegin: Whether the beginning of an identifier or a name (kind `name`) is enough to find somebody by it; what it says no
    ///     to is found by the whole identifier alone. Nil for everything.
    package func search(_ text: String, limit: Int, mayBegin: ((_ kind: String, _ value: String) -> Bool)? = nil) throws -> [Found] {
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
        if let mayBegin { hits.removeAll { !$0.exact && !mayBegin($0.matched, $0.value) } }
        return try found(hits, limit: limit)
    }

    private struct Hit {
        var customer: UInt32
        var matched: String
        var value: String
        var exact: Bool

        /// A whole identifier says more than a name, and a name more than the beginning of an identifier: who types `ann` means
        /// Ann, though her address begins so too.
        func says(moreThan other: Hit) -> Bool { weight > other.weight }
        private var weight: Int { exact ? 2 : matched == "name" ? 1 : 0 }
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
                while let row = try rows.next() { hits.append(hit(row, vocabulary, prefixes)) }
            }
            let folded = try db.cachedStatement(
                sql: """
                    SELECT kind, value, customer_id FROM \(table)
                    WHERE lower(value) >= ? AND lower(value) < ? AND value <> lower(value) \(hidden) LIMIT \(Self.most)
                    """)
            let low = typed.lowercased()
            let rows = try Row.fetchCursor(folded, arguments: [low, Folding.end(ofPrefix: low)])
            while let row = try rows.next() { hits.append(hit(row, vocabulary, prefixes)) }
        }
    }

    private func hit(_ row: Row, _ vocabulary: Vocabulary, _ prefixes: Set<String>) -> Hit {
        let value: String = row[1]
        return Hit(
            customer: row[2], matched: vocabulary.name(of: IdentifierKind(rawValue: row[0])), value: value,
            exact: prefixes.contains(value) || prefixes.contains(value.lowercased()))
    }

    /// Every word must start a word of the customer's names. The longest word is looked up first, as the rarest.
    private func names(_ typed: String, _ db: Database, _ hits: inout [Hit]) throws {
        let words = Folding.words(typed).sorted { $0.count > $1.count }
        // With an @ it is an address, or part of one.
        guard let first = words.first, words.count <= 8, !typed.contains("@") else { return }
        var columns = ["w0.customer_id", "w0.word"]
        var joins = ""
        var conditions = ["w0.word >= ? AND w0.word < ?"]
        var arguments: [String] = [first, Folding.end(ofPrefix: first)]
        for (i, word) in words.enumerated().dropFirst() {
            columns.append("w\(i).word")
            joins += " JOIN name_word AS w\(i) ON w\(i).customer_id = w0.customer_id"
            conditions.append("w\(i).word >= ? AND w\(i).word < ?")
            arguments += [word, Folding.end(ofPrefix: word)]
        }
        let sql = """
            SELECT \(columns.joined(separator: ", ")) FROM name_word AS w0\(joins)
            WHERE \(conditions.joined(separator: " AND "))
            """
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        // Each once, and counted here: SQL would have to look at all of them first.
        var seen: Set<UInt32> = []
        while seen.count < Self.most, let row = try rows.next() {
            guard seen.insert(row[0]).inserted else { continue }
            let found = (1...words.count).map { row[$0] as String }
            hits.append(Hit(customer: row[0], matched: "name", value: found.joined(separator: " "), exact: false))
        }
    }

    private func found(_ hits: [Hit], limit: Int) throws -> [Found] {
        let roots = pipeline.people.roots(hits.map(\.customer))
        let parts = pipeline.timeline
        var best: [UInt32: Hit] = [:]
        for (hit, root) in zip(hits, roots) where best[root].map({ hit.says(moreThan: $0) }) ?? true { best[root] = hit }
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
                // A name that was given up, or a company's, is found too: then the words say what matched.
                let isShown = hit.matched == "name" && Set(hit.value.split(separator: " ").map(String.init)).isSubset(of: Folding.words(name ?? ""))
                return Found(id: CustomerID(raw: root), name: name, matched: hit.matched, value: isShown ? name ?? "" : hit.value, lastSeen: last)
            }
        }
    }
}
