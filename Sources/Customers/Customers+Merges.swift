import GRDB
import Identity
package import Kernel
import Ledger
import Pipeline
import Store

extension Customers {
    /// Merges that these raw customers took part in, the newest first; those undone too.
    func merges(_ members: [UInt32], _ vocabulary: Vocabulary, _ db: Database) throws -> [Merge] {
        var found: [Int64: Merge] = [:]
        for column in ["a", "b"] {
            let statement = try db.cachedStatement(sql: "SELECT * FROM merge WHERE \(column) = ?")
            for m in members {
                let rows = try Row.fetchCursor(statement, arguments: [m])
                while let row = try rows.next() {
                    let merge = Self.merge(row, vocabulary)
                    found[merge.id] = merge
                }
            }
        }
        return found.values.sorted { $0.id > $1.id }
    }

    static func merge(_ row: Row, _ vocabulary: Vocabulary) -> Merge {
        let position: Int64 = row["position"]
        let at = Instant(milliseconds: row["at"])
        let value: String = row["value"]
        let otherValue: String = row["other_value"]
        let kind = IdentifierKind(rawValue: row["kind"])
        let otherKind = IdentifierKind(rawValue: row["other_kind"])
        let reason: Merge.Reason
        switch row["reason"] as Int {
        case 3:
            reason = .person(name: row["author"] ?? "somebody", note: row["note"])
        case 2:
            // The rule's name and the values lie in one text, parted by the unit separator: see IdentityRules.matchKeys.
            let parts = (kind == .match ? value : otherValue).split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
            reason = .match(rule: parts.first ?? "", values: Array(parts.dropFirst()))
        default:
            reason = .identifiers(kind: vocabulary.name(of: kind), value: value, otherKind: vocabulary.name(of: otherKind), otherValue: otherValue)
        }
        let undone: Int64? = row["undone_at"]
        return Merge(
            id: row["id"], kept: CustomerID(raw: row["kept"]), absorbed: CustomerID(raw: row["absorbed"]), reason: reason, at: at,
            position: reason.isPerson ? nil : Position(raw: UInt64(bitPattern: position)), undoneAt: undone.map(Instant.init(milliseconds:)),
            undoneBy: row["undone_by"], sentence: sentence(reason, at))
    }

    private static func sentence(_ reason: Merge.Reason, _ at: Instant) -> String {
        let day = String(at.rfc3339.prefix(10))
        switch reason {
        case .identifiers(let kind, let value, let otherKind, let otherValue):
            if value.isEmpty && otherValue.isEmpty { return "joined because one interaction on \(day) carried identifiers of both, since erased" }
            return "joined because both used \(kind) \(value): one interaction on \(day) carried it with \(otherKind) \(otherValue)"
        case .match(let rule, let values):
            return "joined because both have the same \(rule) (\(values.joined(separator: ", "))), seen on \(day)"
        case .person(let name, let note):
            return "joined by \(name) on \(day)" + (note.map { ": \($0)" } ?? "")
        }
    }

    // MARK: Changes

    /// The longest note on a merge.
    package static let longestNote = 1000

    /// Joins two persons because somebody says they are one. The merge is between the raw customers named, so that undoing
    /// an older one leaves each with whom they were joined.
    ///
    /// - Throws: ``CustomersProblem/notFound``, ``CustomersProblem/samePerson``, ``CustomersProblem/tooLong(field:most:)``, ``LedgerProblem``
    package func merge(_ a: CustomerID, _ b: CustomerID, by author: String, note: String? = nil) async throws -> Merge {
        guard note?.count ?? 0 <= Self.longestNote else { throw CustomersProblem.tooLong(field: "note", most: Self.longestNote) }
        guard let a = try named(.id(a)), let b = try named(.id(b)) else { throw CustomersProblem.notFound }
        guard pipeline.people.root(a.raw) != pipeline.people.root(b.raw) else { throw CustomersProblem.samePerson }
        let position = try await pipeline.perform(.merge(a: a.raw, b: b.raw, author: author, note: note), randomness: randomness)
        tables.forget()
        return try made(at: position)
    }

    private func made(at position: Position) throws -> Merge {
        let vocabulary = ledger.vocabulary
        guard
            let row = try store.read({ db in
                try Row.fetchOne(db, sql: "SELECT * FROM merge WHERE position = ? AND reason = 3", arguments: [Int64(bitPattern: position.raw)])
            })
        else { throw CustomersProblem.samePerson }
        return Self.merge(row, vocabulary)
    }

    /// Takes a merge back: two persons again, each with their own interactions and identifiers, who stay apart.
    ///
    /// - Throws: ``CustomersProblem/noMerge(_:)`` when it is no active merge of this person, ``LedgerProblem``
    package func undo(merge id: Int64, of customer: CustomerID? = nil, by author: String) async throws -> Merge {
        let vocabulary = ledger.vocabulary
        func row() throws -> Row? { try store.read { try Row.fetchOne($0, sql: "SELECT * FROM merge WHERE id = ?", arguments: [id]) } }
        guard let before = try row(), before["undone_at"] == nil else { throw CustomersProblem.noMerge(id) }
        if let customer, pipeline.people.root(before["a"]) != pipeline.people.root(customer.raw) { throw CustomersProblem.noMerge(id) }
        _ = try await pipeline.perform(.undo(merge: id, author: author), randomness: randomness)
        tables.forget()
        guard let after = try row() else { throw CustomersProblem.noMerge(id) }
        return Self.merge(after, vocabulary)
    }
}

extension Merge.Reason {
    var isPerson: Bool { if case .person = self { true } else { false } }
}
