package import GRDB
package import Kernel
package import Ledger

/// What people decide about persons. Called by the pipeline between two groups, inside its transaction.
extension Resolver {
    /// Joins two persons because somebody said so; limits and earlier decisions do not count. Nil when they are one already.
    package mutating func merge(_ a: UInt32, _ b: UInt32, by author: String, note: String?, at: Instant, position: Position, _ db: Database) throws
        -> MergeMade?
    {
        try save(db)
        guard Int(a) < people.count, Int(b) < people.count, people.root(a) != people.root(b), try !areErased(a, b, db) else { return nil }
        let left = people.members(of: a)
        let right = Set(people.members(of: b))
        for m in left {
            for other in apart[m] ?? [] where right.contains(other) {
                apart[m]?.remove(other)
                apart[other]?.remove(m)
                try db.execute(sql: "DELETE FROM apart WHERE a = ? AND b = ?", arguments: [min(m, other), max(m, other)])
            }
        }
        let made = unite(a, b)
        pending.merges.append(
            .init(
                id: made.id, a: a, b: b, kept: made.kept, absorbed: made.absorbed, reason: .person, kind: .init(rawValue: 0), value: "",
                otherKind: .init(rawValue: 0),
                otherValue: "", author: author, note: note, position: position, at: at))
        try save(db)
        return made
    }

    private func areErased(_ a: UInt32, _ b: UInt32, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT count(*) > 0 FROM customer WHERE id IN (?, ?) AND erased_at IS NOT NULL", arguments: [a, b]) ?? false
    }

    /// What an unmerge came to: the members of each of the two persons.
    package struct Unmerged: Sendable {
        package var merge: Int64
        package var left: [UInt32]
        package var right: [UInt32]
    }

    /// Takes a merge back: each side keeps its raw customers, and the two stay apart. Nil when there is no such active merge.
    /// - Parameter isMistake: The merge itself is unsaid: nothing keeps the two apart.
    package mutating func undo(merge id: Int64, by author: String, at: Instant, isMistake: Bool = false, _ db: Database) throws -> Unmerged? {
        try save(db)
        guard let row = try Row.fetchOne(db, sql: "SELECT a, b FROM merge WHERE id = ? AND undone_at IS NULL", arguments: [id]) else { return nil }
        let a: UInt32 = row[0]
        let b: UInt32 = row[1]
        try db.execute(sql: "UPDATE merge SET undone_at = ?, undone_by = ? WHERE id = ?", arguments: [at.milliseconds, author, id])
        let members = people.members(of: a)
        people.rebuild(members, edges: try edges(among: members, db))
        limits.recount(members, people: people)
        if !isMistake { try keepApart(a, b, db) }
        return Unmerged(merge: id, left: people.members(of: a), right: people.members(of: b))
    }

    /// Somebody said these are two people: nothing joins them from now on, until somebody does. False when they are one.
    package mutating func part(_ a: UInt32, _ b: UInt32, _ db: Database) throws -> Bool {
        guard Int(max(a, b)) < people.count, people.root(a) != people.root(b) else { return false }
        try keepApart(a, b, db)
        return true
    }

    /// Takes back what somebody said of exactly these two: joined by hand they are two again, told apart they may be joined again.
    /// - Returns: Raw customers of which one at least is in every pair that it changed; nil when nothing of the kind stands.
    package mutating func takeBack(_ a: UInt32, _ b: UInt32, by author: String, at: Instant, _ db: Database) throws -> [UInt32]? {
        guard Int(max(a, b)) < people.count else { return nil }
        try save(db)
        if people.root(a) == people.root(b) {
            let merge = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(id) FROM merge WHERE ((a = $1 AND b = $2) OR (a = $2 AND b = $1)) AND reason = 3 AND undone_at IS NULL
                    """, arguments: [a, b])
            guard let merge, let parted = try undo(merge: merge, by: author, at: at, isMistake: true, db) else { return nil }
            return parted.left + parted.right
        }
        guard apart[a]?.remove(b) != nil else { return nil }
        apart[b]?.remove(a)
        try db.execute(sql: "DELETE FROM apart WHERE a = ? AND b = ?", arguments: [min(a, b), max(a, b)])
        return people.smaller(a, b)
    }

    private mutating func keepApart(_ a: UInt32, _ b: UInt32, _ db: Database) throws {
        guard a != b else { return }
        apart[a, default: []].insert(b)
        apart[b, default: []].insert(a)
        try db.execute(sql: "INSERT INTO apart (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [min(a, b), max(a, b)])
    }

    /// Takes back every merge between one of these and anybody else: they are a person, or several, of their own.
    package mutating func separate(_ customers: Set<UInt32>, by author: String, at: Instant, _ db: Database) throws {
        for c in customers {
            let crossing = try Row.fetchAll(db, sql: "SELECT id, a, b FROM merge WHERE (a = $1 OR b = $1) AND undone_at IS NULL", arguments: [c])
            for row in crossing where !(customers.contains(row[1]) && customers.contains(row[2])) {
                _ = try undo(merge: row[0], by: author, at: at, db)
            }
        }
    }

    private func edges(among members: [UInt32], _ db: Database) throws -> [(UInt32, UInt32)] {
        var found: [(Int64, UInt32, UInt32)] = []
        let statement = try db.cachedStatement(sql: "SELECT id, a, b FROM merge WHERE a = ? AND undone_at IS NULL")
        for m in members {
            for row in try Row.fetchAll(statement, arguments: [m]) { found.append((row[0], row[1], row[2])) }
        }
        return found.sorted { $0.0 < $1.0 }.map { ($0.1, $0.2) }
    }

    /// Forgets everything that names these raw customers: identifiers, references, conflicts, the evidence of their merges.
    ///
    /// - Returns: the identifiers forgotten, so that others can forget them too.
    package mutating func erase(_ customers: [UInt32], at: Instant, _ db: Database) throws -> [ForgottenIdentifier] {
        try save(db)
        var forgotten: [ForgottenIdentifier] = []
        for c in customers {
            for row in try Row.fetchAll(db, sql: "SELECT kind, value, flags FROM identifier WHERE customer_id = ?", arguments: [c]) {
                let kind = IdentifierKind(rawValue: row[0])
                let value: String = row[1]
                let flags: Int = row[2]
                forgotten.append(ForgottenIdentifier(kind: kind.rawValue, value: value, joins: true))
                map.remove(key.identifier(kind, value))
                conflicts[key.identifier(kind, value)] = nil
                if flags & 3 == 0, let k = plan.limited(kind) { limits.count(k, c, root: people.root(c), by: -1) }
                try db.execute(sql: "DELETE FROM conflict WHERE kind = ? AND value = ?", arguments: [kind.rawValue, value])
                if kind == .userID {
                    for device in conflicts.keys { conflicts[device]?.remove(key.identifier(kind, value)) }
                }
                if kind == .userID { try db.execute(sql: "DELETE FROM conflict WHERE user_value = ?", arguments: [value]) }
                // Before it was shared it may have joined others; what joined these customers goes below.
                if flags & 1 != 0 { try forgetMerges(by: kind, value, db) }
            }
            for row in try Row.fetchAll(db, sql: "SELECT kind, value FROM reference WHERE customer_id = ?", arguments: [c]) {
                forgotten.append(ForgottenIdentifier(kind: row[0], value: row[1], joins: false))
            }
            try db.execute(sql: "DELETE FROM identifier WHERE customer_id = ?", arguments: [c])
            try db.execute(sql: "DELETE FROM reference WHERE customer_id = ?", arguments: [c])
            try db.execute(sql: "UPDATE merge SET value = '', other_value = '', note = NULL WHERE a = $1 OR b = $1", arguments: [c])
            try db.execute(sql: "UPDATE customer SET erased_at = ? WHERE id = ?", arguments: [at.milliseconds, c])
        }
        return forgotten
    }

    private func forgetMerges(by kind: IdentifierKind, _ value: String, _ db: Database) throws {
        try db.execute(sql: "UPDATE merge SET value = '' WHERE kind = ? AND value = ?", arguments: [kind.rawValue, value])
        try db.execute(sql: "UPDATE merge SET other_value = '' WHERE other_kind = ? AND other_value = ?", arguments: [kind.rawValue, value])
    }

    /// A rebuild meets the tombstone, without identifiers, of an erased interaction: its raw customer's number is taken.
    ///
    /// - Parameter customer: the number as the tombstone has it.
    /// - Throws: ``Problem``
    package mutating func reserve(_ customer: Double, at position: Position) throws(Problem) {
        guard let customer = UInt32(exactly: customer), Int(customer) < most else { throw .tombstone(position) }
        while people.count <= Int(customer) { _ = try create(position) }
    }
}

/// An identifier of somebody who was erased.
package struct ForgottenIdentifier: Codable, Sendable, Equatable {
    /// The code of its kind.
    package var kind: UInt8
    package var value: String
    /// Whether it was theirs alone; false for what they were only found by, as an order number, which others may have too.
    package var joins: Bool
}
