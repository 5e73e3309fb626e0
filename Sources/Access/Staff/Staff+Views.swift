import GRDB
package import Kernel
import Store

/// Names ids of saved views: `viw_…`.
package enum ViewKind: IDKind { package static let prefix = "viw" }
package typealias ViewID = ID<ViewKind>

/// A list of customers as somebody likes to look at it: filters and sort under a name.
package struct SavedView: Sendable, Equatable {
    package var id: ViewID
    /// Whose it is.
    package var person: PersonID
    package var name: String
    /// The query of the list's address, without its question mark.
    package var query: String
    /// Whether colleagues see it too.
    package var isShared: Bool

    /// Characters of a name, and bytes of a query.
    package static let longestName = 60
    package static let longestQuery = 2_000
    /// Views that one person may have.
    package static let most = 50
}

// MARK: Saved views

extension Staff {
    /// Somebody's views and those that colleagues share, by name; one's own first.
    package func views(of person: PersonID) throws -> [SavedView] {
        try store.read { db in
            try Row.fetchAll(
                db,
                sql:
                    "SELECT id, person_id, name, query, shared FROM saved_view WHERE person_id = $1 OR shared ORDER BY person_id <> $1, lower(name), id",
                arguments: [person.description]
            ).compactMap { row in
                guard let id = ViewID(row[0] as String), let owner = PersonID(row[1] as String) else { return nil }
                return SavedView(id: id, person: owner, name: row[2], query: row[3], isShared: row[4])
            }
        }
    }

    /// Saves a view; one of the same name of the same person is replaced.
    /// - Throws: ``StaffProblem/viewName(_:)``, ``StaffProblem/viewTooLong(bytes:)``, ``StaffProblem/tooManyViews``.
    @discardableResult package func saveView(_ name: String, query: String, isShared: Bool, of person: PersonID) throws -> SavedView {
        let letters = name.unicodeScalars
        guard (1...SavedView.longestName).contains(letters.count), !letters.allSatisfy(\.properties.isWhitespace),
            !letters.contains(where: { $0.properties.generalCategory == .control })
        else { throw StaffProblem.viewName(letters.count) }
        guard query.utf8.count <= SavedView.longestQuery else { throw StaffProblem.viewTooLong(bytes: query.utf8.count) }
        let made = ViewID(at: clock.now, randomness: randomness)
        return try store.writeDurably { db in
            let same = try String.fetchOne(
                db, sql: "SELECT id FROM saved_view WHERE person_id = $1 AND name = $2", arguments: [person.description, name])
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM saved_view WHERE person_id = $1", arguments: [person.description]) ?? 0
            guard same != nil || count < SavedView.most else { throw StaffProblem.tooManyViews }
            let id = same.flatMap { ViewID($0) } ?? made
            try db.execute(
                sql: """
                    INSERT INTO saved_view (id, person_id, name, query, shared) VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (id) DO UPDATE SET query = excluded.query, shared = excluded.shared
                    """, arguments: [id.description, person.description, name, query, isShared])
            return SavedView(id: id, person: person, name: name, query: query, isShared: isShared)
        }
    }

    /// Takes away a view of one's own; those of others stay.
    /// - Returns: what it was, nil when there is none.
    @discardableResult package func deleteView(_ id: ViewID, of person: PersonID) throws -> SavedView? {
        guard let view = try views(of: person).first(where: { $0.id == id && $0.person == person }) else { return nil }
        try store.writeDurably { try $0.execute(sql: "DELETE FROM saved_view WHERE id = $1", arguments: [id.description]) }
        return view
    }
}
