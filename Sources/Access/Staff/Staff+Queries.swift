import GRDB
import Kernel
import Store

// One person has at most one link: a new one takes the place of the old one.

extension Staff {
    static func people(in db: Database) throws -> [(person: Person, password: String?)] {
        try Row.fetchAll(
            db, sql: "SELECT id, email, name, role, created_at, joined_at, disabled_at, seen_at, mentions_seen_at, password FROM person ORDER BY id"
        ).map { row in
            guard let id = PersonID(row[0] as String), let role = Role(rawValue: row[3]) else {
                throw StaffProblem.damaged(table: "person", id: row[0])
            }
            func instant(_ column: Int) -> Instant? { (row[column] as Int64?).map(Instant.init(milliseconds:)) }
            let person = Person(
                id: id, email: row[1], name: row[2], role: role, createdAt: Instant(milliseconds: row[4]), joinedAt: instant(5),
                disabledAt: instant(6), seenAt: instant(7), mentionsSeenAt: instant(8))
            return (person, row[9])
        }
    }

    /// Inserts a person, or changes all but the password and which mentions they saw.
    static func save(_ person: Person, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO person (id, email, email_key, name, role, created_at, joined_at, disabled_at, seen_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, name = excluded.name, role = excluded.role,
                    joined_at = excluded.joined_at, disabled_at = excluded.disabled_at, seen_at = excluded.seen_at
                """,
            arguments: [
                person.id.description, person.email, emailKey(person.email), person.name, person.role.rawValue, person.createdAt.milliseconds,
                person.joinedAt?.milliseconds, person.disabledAt?.milliseconds, person.seenAt?.milliseconds,
            ])
    }

    static func setPassword(_ hash: String, of person: PersonID, in db: Database) throws {
        try db.execute(sql: "UPDATE person SET password = $1 WHERE id = $2", arguments: [hash, person.description])
    }

    static func setSeen(_ person: PersonID, _ at: Instant, in db: Database) throws {
        try db.execute(sql: "UPDATE person SET seen_at = $1 WHERE id = $2", arguments: [at.milliseconds, person.description])
    }

    static func setMentionsSeen(_ person: PersonID, _ at: Instant, in db: Database) throws {
        try db.execute(sql: "UPDATE person SET mentions_seen_at = $1 WHERE id = $2", arguments: [at.milliseconds, person.description])
    }

    // MARK: Teams

    static func teams(in db: Database) throws -> [Team] {
        let members = try Row.fetchAll(db, sql: "SELECT team_id, person_id FROM team_member ORDER BY person_id").reduce(into: [String: [PersonID]]())
        {
            found, row in
            guard let person = PersonID(row[1] as String) else { throw StaffProblem.damaged(table: "team_member", id: row[0]) }
            found[row[0], default: []].append(person)
        }
        return try Row.fetchAll(db, sql: "SELECT id, name, lead FROM team ORDER BY name").map { row in
            guard let id = TeamID(row[0] as String) else { throw StaffProblem.damaged(table: "team", id: row[0]) }
            return Team(id: id, name: row[1], lead: (row[2] as String?).flatMap { PersonID($0) }, members: members[row[0]] ?? [])
        }
    }

    static func save(_ team: Team, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO team (id, name, lead) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name, lead = excluded.lead",
            arguments: [team.id.description, team.name, team.lead?.description])
        try db.execute(sql: "DELETE FROM team_member WHERE team_id = $1", arguments: [team.id.description])
        for member in team.members {
            try db.execute(
                sql: "INSERT INTO team_member (team_id, person_id) VALUES ($1, $2)", arguments: [team.id.description, member.description])
        }
    }

    static func delete(_ team: TeamID, in db: Database) throws {
        try db.execute(sql: "DELETE FROM team WHERE id = $1", arguments: [team.description])
    }

    // MARK: Sessions

    static func sessions(in db: Database) throws -> [(hash: SecretHash, session: StaffSession)] {
        try Row.fetchAll(db, sql: "SELECT id, hash, person_id, began_at, seen_at, address, browser FROM session").map { row in
            guard let hash = SecretHash(text: row[1]), let person = PersonID(row[2] as String) else {
                throw StaffProblem.damaged(table: "session", id: "\(row[0] as Int64)")
            }
            return (
                hash,
                StaffSession(
                    id: row[0], person: person, beganAt: Instant(milliseconds: row[3]), seenAt: Instant(milliseconds: row[4]), address: row[5],
                    browser: row[6])
            )
        }
    }

    /// Inserts a session; its number.
    static func insert(_ session: StaffSession, _ hash: SecretHash, in db: Database) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO session (hash, person_id, began_at, seen_at, address, browser) VALUES ($1, $2, $3, $4, $5, $6)",
            arguments: [
                hash.text, session.person.description, session.beganAt.milliseconds, session.seenAt.milliseconds, session.address, session.browser,
            ])
        return db.lastInsertedRowID
    }

    static func setSeen(session: Int64, _ at: Instant, in db: Database) throws {
        try db.execute(sql: "UPDATE session SET seen_at = $1 WHERE id = $2", arguments: [at.milliseconds, session])
    }

    static func delete(sessions: [Int64], in db: Database) throws {
        for id in sessions { try db.execute(sql: "DELETE FROM session WHERE id = $1", arguments: [id]) }
    }

    // MARK: Links

    static func put(_ link: OneTimeLink, _ hash: SecretHash, in db: Database) throws {
        try db.execute(sql: "DELETE FROM one_time_link WHERE coalesce(person_id, '') = $1", arguments: [link.person?.description ?? ""])
        try db.execute(
            sql: "INSERT INTO one_time_link (hash, purpose, person_id, expires_at) VALUES ($1, $2, $3, $4)",
            arguments: [hash.text, link.purpose.rawValue, link.person?.description, link.expiresAt.milliseconds])
    }

    static func link(_ hash: SecretHash, in db: Database) throws -> OneTimeLink? {
        guard let row = try Row.fetchOne(db, sql: "SELECT purpose, person_id, expires_at FROM one_time_link WHERE hash = $1", arguments: [hash.text])
        else { return nil }
        guard let purpose = OneTimeLink.Purpose(rawValue: row[0]) else { throw StaffProblem.damaged(table: "one_time_link", id: row[0]) }
        return OneTimeLink(purpose: purpose, person: (row[1] as String?).flatMap { PersonID($0) }, expiresAt: Instant(milliseconds: row[2]))
    }

    /// Takes a person's link away, and that of the first administrator for nil.
    static func deleteLink(of person: PersonID?, in db: Database) throws {
        try db.execute(sql: "DELETE FROM one_time_link WHERE coalesce(person_id, '') = $1", arguments: [person?.description ?? ""])
    }
}
