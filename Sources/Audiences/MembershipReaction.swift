import GRDB
import GRDBSQLite
package import Identity
package import Kernel
import Ledger
package import Pipeline
import Simdjson
package import Store

/// Keeps who belongs to what, as the ledger says it: interactions of our own say who entered and left, and commands whom a definition
/// found. It tells the engine whose view has changed.
package struct MembershipReaction: Reaction {
    private let membership: Membership
    private let parsers = JSONParserPool(most: 1)

    package init(_ membership: Membership) { self.membership = membership }

    package var migrations: [Migration] { Audiences.migrations }

    package func load(_ store: Store) throws { try membership.load(store) }

    package func react(to concluded: Concluded, in writer: Writer) throws {
        var raws: [UInt32] = []
        raws.reserveCapacity(concluded.range.count)
        var history: [UInt32] = []
        var last = UInt32.max
        try concluded.forEach { record, customer, _ in
            if record.direction == .internal, record.isOurs, let name = EventDefinition.ours.firstIndex(of: record.name) {
                let said = try parsers.borrow { try $0.parse(record.properties) { $0.toJSON() } }
                try conclude(name, said, of: concluded.people.members(of: customer), at: record.at, noticed: record.receivedAt, writer.database)
            } else if History.isHistory(record) {
                if history.last != customer { history.append(customer) }
            } else if customer != last {
                raws.append(customer)
                last = customer
            }
        }
        if !raws.isEmpty { membership.touched(.now(raws)) }
        guard !history.isEmpty else { return }
        try writer.database.cachedStatement(
            sql: "INSERT INTO member_history (id, first, newest) VALUES (1, $1, $1) ON CONFLICT (id) DO UPDATE SET newest = excluded.newest"
        ).execute(arguments: [concluded.body])
        membership.touched(.longAgo(history, body: concluded.body))
    }

    package func settle(upTo body: Int64, in writer: Writer) throws {
        try writer.database.execute(sql: "DELETE FROM member_history WHERE newest <= ?", arguments: [body])
        try writer.database.execute(sql: "UPDATE member_history SET first = max(first, ?)", arguments: [body + 1])
    }

    private func conclude(_ name: Int, _ said: JSON, of members: [UInt32], at: Instant, noticed: Instant, _ db: Database) throws {
        if name == 2 {
            let to = said["to"]?.string
            let stage = try to.map { try number(of: "lifecycle/\($0)", db) }
            try move(members, to: stage, Since(at: at, isFound: false), db)
            for (key, entered) in [("to", true), ("from", false)] {
                if let stage = said[key]?.string { try count(number(of: "lifecycle/\(stage)", db), entered, noticed, db) }
            }
            return
        }
        guard let key = said["audience"]?.string else { return }
        let set = try number(of: "audience/\(key)", db)
        membership.put(members, in: set, name == 0)
        for member in members {
            if name == 0 { try insert(set, member, Since(at: at, isFound: false), db) } else { try delete(set, member, db) }
        }
        try count(set, name == 0, noticed, db)
    }

    /// Since when somebody belongs, and whether that is when they were found rather than when they entered.
    private struct Since {
        var at: Instant
        var isFound: Bool
    }

    /// Everybody is in one stage, so whoever comes into one leaves every other.
    private func move(_ members: [UInt32], to set: Int?, _ since: Since, _ db: Database) throws {
        membership.put(members, inStage: set)
        for member in members {
            try db.cachedStatement(
                sql:
                    "DELETE FROM member WHERE customer_id = ? AND set_id IN (SELECT id FROM member_set WHERE name >= 'lifecycle/' AND name < 'lifecycle0')"
            ).execute(arguments: [member])
            if let set { try insert(set, member, since, db) }
        }
    }

    private func insert(_ set: Int, _ member: UInt32, _ since: Since, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT INTO member (set_id, customer_id, since, found) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        ).execute(arguments: [set, member, since.at.milliseconds, since.isFound])
    }

    private func delete(_ set: Int, _ member: UInt32, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM member WHERE set_id = ? AND customer_id = ?").execute(arguments: [set, member])
    }

    private func count(_ set: Int, _ entered: Bool, _ at: Instant, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO member_hour (set_id, hour, entered, left_it) VALUES ($1, $2, $3, $4)
                ON CONFLICT (set_id, hour) DO UPDATE SET entered = entered + excluded.entered, left_it = left_it + excluded.left_it
                """
        ).execute(arguments: [set, at.milliseconds / 3_600_000, entered ? 1 : 0, entered ? 0 : 1])
    }

    private func number(of set: String, _ db: Database) throws -> Int {
        if let known = membership.number(of: set) { return known }
        try db.execute(sql: "INSERT INTO member_set (name) VALUES (?) ON CONFLICT DO NOTHING", arguments: [set])
        let number = try Int.fetchOne(db, sql: "SELECT id FROM member_set WHERE name = ?", arguments: [set])!
        membership.name(set, number)
        return number
    }

    // MARK: What definitions find

    package func settle(_ members: MembersOfSet, at: Instant, in writer: Writer) throws {
        let db = writer.database
        let set = try number(of: members.set, db)
        let isStage = members.set.hasPrefix("lifecycle/")
        let wanted = members.members
        let here = try UInt32.fetchAll(
            db, sql: "SELECT customer_id FROM member WHERE set_id = ? AND customer_id >= ? AND customer_id < ?",
            arguments: [set, members.from, members.to])
        let gone = Set(here).subtracting(wanted)
        let found = Since(at: at, isFound: true)
        for customer in gone { try delete(set, customer, db) }
        if isStage {
            membership.put(membership.among(Array(gone), inStage: set, true), inStage: nil)
            let new = membership.among(wanted, inStage: set, false)
            try move(new, to: set, found, db)
        } else {
            membership.put(Array(gone), in: set, false)
            membership.put(wanted, in: set, true)
            // Who belonged before goes on since then.
            for customer in Set(wanted).subtracting(here) { try insert(set, customer, found, db) }
        }
        if members.isLast {
            try db.execute(
                sql: "UPDATE member_set SET signature = ?, at = ? WHERE id = ?", arguments: [members.signature, at.milliseconds, set])
        }
    }

    // MARK: Persons

    /// Whoever is one person belongs together to what any of them belonged to, until it is worked out again.
    package func regroup(_ customers: [UInt32], _ people: People, isParted: Bool, in writer: Writer) throws {
        let db = writer.database
        var seen: Set<UInt32> = []
        for customer in customers {
            let members = people.members(of: customer)
            guard seen.insert(members[0]).inserted, members.count > 1 else { continue }
            for (set, inside) in membership.audiences(ofSome: members) {
                let since = try since(set, inside, db)
                membership.put(members, in: set, true)
                for member in members { try insert(set, member, since, db) }
            }
            // Of their stages that of the first who has one stays.
            if let stage = membership.stage(ofSome: members) { try move(members, to: stage, since(stage, members, db), db) }
        }
        membership.touched(isParted ? .parted(customers) : .regrouped(customers))
    }

    /// Of the first of them.
    private func since(_ set: Int, _ members: [UInt32], _ db: Database) throws -> Since {
        let list = members.map(String.init).joined(separator: ",")
        let first = try Row.fetchOne(
            db, sql: "SELECT since, found FROM member WHERE set_id = ? AND customer_id IN (\(list)) ORDER BY since LIMIT 1", arguments: [set])
        return Since(at: Instant(milliseconds: first?[0] ?? 0), isFound: first?[1] ?? true)
    }

    package func forget(_ forgotten: Forgotten, in writer: Writer) throws {
        membership.forget(forgotten.customers)
        for customer in forgotten.customers { try writer.database.execute(sql: "DELETE FROM member WHERE customer_id = ?", arguments: [customer]) }
    }
}

extension Membership {
    /// Reads what the state has.
    fileprivate func load(_ store: Store) throws {
        clear()
        try store.read { db in
            for row in try Row.fetchAll(db, sql: "SELECT id, name FROM member_set") { name(row[1], row[0]) }
            let stages = Set(now.numbers.filter { $0.key.hasPrefix("lifecycle/") }.values)
            // Millions, so the rows are read where SQLite has them; the cache keeps the statement alive.
            let rows = try db.cachedStatement(sql: "SELECT set_id, customer_id FROM member ORDER BY set_id").sqliteStatement
            var here: [UInt32] = []
            var set = -1
            func flush() {
                if set >= 0, stages.contains(set) { put(here, inStage: set) } else if set >= 0 { put(here, in: set, true) }
                here.removeAll(keepingCapacity: true)
            }
            var code = sqlite3_step(rows)
            while code == SQLITE_ROW {
                let next = Int(sqlite3_column_int64(rows, 0))
                if next != set {
                    flush()
                    set = next
                }
                here.append(UInt32(truncatingIfNeeded: sqlite3_column_int64(rows, 1)))
                code = sqlite3_step(rows)
            }
            sqlite3_reset(rows)
            guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "who belongs cannot be read") }
            flush()
        }
    }
}
