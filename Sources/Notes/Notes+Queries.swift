import Access
import GRDB
import Kernel
import Store

extension Notes {
    /// Writes a note down; one that is there already stays as it is.
    static func insert(_ note: Note, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO note (id, customer_id, author, author_name, text, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
                """,
            arguments: [
                note.id.description, note.customer.raw, note.author, note.authorName, note.text, note.at.milliseconds,
            ])
        guard db.changesCount > 0 else { return }
        for (place, person) in note.mentions.enumerated() {
            try db.execute(
                sql: "INSERT INTO note_mention (note_id, place, person_id) VALUES ($1, $2, $3)",
                arguments: [note.id.description, place, person.description])
        }
    }

    /// The notes on these raw customers, newest first.
    static func notes(of members: [UInt32], limit: Int, in db: Database) throws -> [Note] {
        let statement = try db.cachedStatement(
            sql: "SELECT id, customer_id, author, author_name, text, at FROM note WHERE customer_id = $1 ORDER BY at DESC, id DESC LIMIT $2")
        let all = try members.flatMap { try Row.fetchAll(statement, arguments: [$0, limit]).compactMap { try note($0, db) } }
        return Array(all.sorted { ($0.at, $0.id) > ($1.at, $1.id) }.prefix(limit))
    }

    /// The notes that mention a person, newest first.
    static func notes(mentioning person: PersonID, limit: Int, in db: Database) throws -> [Note] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT n.id, n.customer_id, n.author, n.author_name, n.text, n.at
                FROM note_mention AS m JOIN note AS n ON n.id = m.note_id WHERE m.person_id = $1 ORDER BY n.at DESC, n.id DESC LIMIT $2
                """, arguments: [person.description, limit]
        ).compactMap { try note($0, db) }
    }

    static func count(mentioning person: PersonID, after: Instant, in db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(DISTINCT n.id) FROM note_mention AS m JOIN note AS n ON n.id = m.note_id
                WHERE m.person_id = $1 AND n.author <> $1 AND n.at > $2
                """, arguments: [person.description, after.milliseconds]) ?? 0
    }

    static func delete(of customers: [UInt32], in db: Database) throws {
        for customer in customers {
            try db.execute(
                sql: "DELETE FROM note_mention WHERE note_id IN (SELECT id FROM note WHERE customer_id = $1)", arguments: [customer])
            try db.execute(sql: "DELETE FROM note WHERE customer_id = $1", arguments: [customer])
        }
    }

    private static func note(_ row: Row, _ db: Database) throws -> Note? {
        guard let id = NoteID(row[0] as String) else { return nil }
        let mentions = try String.fetchAll(
            db.cachedStatement(sql: "SELECT person_id FROM note_mention WHERE note_id = $1 ORDER BY place"), arguments: [row[0] as String])
        return Note(
            id: id, customer: CustomerID(raw: row[1]), author: row[2], authorName: row[3], text: row[4],
            mentions: mentions.compactMap { PersonID($0) }, at: Instant(milliseconds: row[5]))
    }
}
