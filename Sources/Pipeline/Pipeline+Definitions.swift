import GRDB
package import Kernel
package import Ledger
import Store

/// One version of one document of the blueprint, as the ledger has it.
package struct DefinitionVersion: Sendable, Equatable {
    /// A version's place among those of all documents: where the next page of them begins.
    package struct Place: Sendable, Equatable, CustomStringConvertible {
        package var position: Position
        package var document: String

        package init(position: Position, document: String) {
            self.position = position
            self.document = document
        }

        /// `65536:identity`, as ``description`` writes it; nil for anything else.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let raw = UInt64(parts[0]), raw <= UInt64(Int64.max) else { return nil }
            self.init(position: Position(raw: raw), document: String(parts[1]))
        }

        package var description: String { "\(position.raw):\(document)" }
    }

    /// `identity`, `metric/lifetime_value`
    package var document: String
    /// 1, 2, 3, … for each document.
    package var number: Int
    /// As it was written; nil when this version took the document out of force.
    package var text: String?
    /// The name of whoever put it in force.
    package var author: String
    package var at: Instant
    /// Of the command in the ledger.
    package var position: Position

    package var place: Place { Place(position: position, document: document) }

    package init(document: String, number: Int, text: String?, author: String, at: Instant, position: Position) {
        self.document = document
        self.number = number
        self.text = text
        self.author = author
        self.at = at
        self.position = position
    }
}

// The table `definition` has every version of every document. It is written where the command is concluded, so a rebuild gives
// the same rows in the same order.
extension Pipeline {
    private static let columns = "kind, version, text, author, at, position"

    /// Versions, newest first.
    /// - Parameters:
    ///   - document: Of this document alone; nil for all.
    ///   - before: Only what comes after this place, on the way to the oldest.
    package func definitionVersions(of document: String? = nil, before: DefinitionVersion.Place? = nil, limit: Int) throws -> [DefinitionVersion] {
        try read(
            """
            SELECT \(Self.columns) FROM definition
            WHERE (position, kind) < ($1, $2) AND ($3 IS NULL OR kind = $3) ORDER BY position DESC, kind DESC LIMIT $4
            """, [Int64(bitPattern: before?.position.raw ?? UInt64(Int64.max)), before?.document ?? "", document, limit])
    }

    /// One version of a document; nil when there is none of this number.
    package func definitionVersion(_ number: Int, of document: String) throws -> DefinitionVersion? {
        try read("SELECT \(Self.columns) FROM definition WHERE kind = $1 AND version = $2", [document, number]).first
    }

    /// The newest version of every document that there ever was, by document.
    package func newestDefinitionVersions() throws -> [DefinitionVersion] {
        try read(
            """
            SELECT \(Self.columns) FROM definition AS d
            WHERE version = (SELECT max(version) FROM definition WHERE kind = d.kind) ORDER BY kind
            """, [])
    }

    private func read(_ sql: String, _ arguments: StatementArguments) throws -> [DefinitionVersion] {
        try store.read { db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
                let text: String = row["text"]
                return DefinitionVersion(
                    document: row["kind"], number: row["version"], text: text.isEmpty ? nil : text, author: row["author"],
                    at: Instant(milliseconds: row["at"]), position: Position(raw: UInt64(bitPattern: row["position"])))
            }
        }
    }
}
