import GRDB
package import Kernel

/// Which refused items are meant; nil stands for all.
package struct QuarantineFilter: Sendable, Equatable {
    /// The number of the write key they came by; 0 for none.
    package var source: UInt16?
    package var kind: String?
    package var reason: String?

    package init(source: UInt16? = nil, kind: String? = nil, reason: String? = nil) {
        self.source = source
        self.kind = kind
        self.reason = reason
    }

    fileprivate var sql: (text: String, arguments: StatementArguments) {
        var text = "given_up_at IS NULL"
        var arguments = StatementArguments()
        if let source {
            text += " AND source = ?"
            arguments += [Int(source)]
        }
        if let kind {
            text += " AND kind = ?"
            arguments += [kind]
        }
        if let reason {
            text += " AND reason = ?"
            arguments += [reason]
        }
        return (text, arguments)
    }
}

/// Refused items that have source, kind and reason in common.
package struct RefusalGroup: Sendable, Equatable {
    package var source: UInt16
    package var kind: String
    package var reason: String
    /// Items of the quarantine.
    package var items: Int
    /// How often they came, all together.
    package var times: Int
    package var lastReceivedAt: Instant
    /// The newest of them.
    package var sample: Int64
}

/// How far back what arrived and what was refused is counted by the minute.
package enum RecentMinutes {
    /// A day, and an hour more for clocks that do not agree.
    package static let kept = 25 * 60
    /// Minutes of the day that pages look back on: the one that is not over, and those before it.
    package static let day = 24 * 60
}

extension Instant {
    /// Whole minutes since 1970.
    package var minute: Int64 { seconds / 60 }
}

extension Quarantine {
    /// How long what was given up can be taken back, in milliseconds: a day.
    package static let regret: Int64 = 86_400_000
    /// Items given up in one transaction, so that appends never wait long.
    fileprivate static let atOnce = 1000

    /// Removes for good what was given up longer than a day ago.
    static func purge(now: Instant, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM quarantine WHERE given_up_at < ?", arguments: [now.milliseconds - regret])
    }
}

extension Ledger {
    /// Refused items, oldest first: at most so many, and fewer when they are long.
    /// - Parameter withGivenUp: Whether those are among them that can still be taken back; then no filter counts.
    package func quarantined(after id: Int64, limit: Int, _ filter: QuarantineFilter = .init(), withGivenUp: Bool = false) async throws
        -> QuarantinePage
    {
        let (condition, arguments) = withGivenUp ? ("TRUE", StatementArguments()) : filter.sql
        return try await page(limit, "\(condition) AND id > ?", arguments + [id], filter == .init() || withGivenUp ? "id" : "+id")
    }

    /// Refused items, newest first: at most so many, and fewer when they are long.
    package func quarantined(before id: Int64, limit: Int, _ filter: QuarantineFilter = .init()) async throws -> QuarantinePage {
        let (condition, arguments) = filter.sql
        return try await page(limit, "\(condition) AND id < ?", arguments + [id], filter == .init() ? "id DESC" : "+id DESC")
    }

    private func page(_ limit: Int, _ condition: String, _ arguments: StatementArguments, _ order: String) async throws -> QuarantinePage {
        try await look { db in
            var page = QuarantinePage()
            var bytes = 0
            // The ids alone first: a filter finds them in an index without a look at the items, which `+` makes SQLite do.
            let ids = try Int64.fetchAll(
                db, sql: "SELECT id FROM quarantine WHERE \(condition) ORDER BY \(order) LIMIT ?", arguments: arguments + [limit + 1])
            let one = try db.cachedStatement(sql: "SELECT * FROM quarantine WHERE id = ?")
            for id in ids {
                if page.items.count == limit || bytes > Quarantine.pageBytes {
                    page.next = page.items.last?.id
                    break
                }
                guard let row = try Row.fetchOne(one, arguments: [id]) else { continue }
                page.items.append(Quarantine.read(row))
                bytes += page.items.last?.refused.item.count ?? 0
            }
            return page
        }
    }

    /// The refused items with these ids, oldest first; those that are not there or were given up are left out.
    package func quarantined(ids: [Int64]) async throws -> [Quarantined] {
        try await look { db in
            let statement = try db.cachedStatement(sql: "SELECT * FROM quarantine WHERE id = ? AND given_up_at IS NULL")
            return try Set(ids).sorted().compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Quarantine.read) }
        }
    }

    /// How many are kept, without those that were given up.
    package func quarantineCount() async throws -> Int {
        try await look { try Int.fetchOne($0, sql: "SELECT count(*) FROM quarantine WHERE given_up_at IS NULL") ?? 0 }
    }

    /// Refused items by source, kind and reason, what came most often first.
    /// - Parameter limit: How many groups at most.
    package func refusals(_ filter: QuarantineFilter = .init(), limit: Int) async throws -> [RefusalGroup] {
        let (condition, arguments) = filter.sql
        return try await look { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT source, kind, reason, count(*) AS items, sum(times) AS times, max(last_received_at) AS last, max(id) AS sample
                    FROM quarantine WHERE \(condition) GROUP BY source, kind, reason ORDER BY times DESC, sample DESC LIMIT ?
                    """, arguments: arguments + [limit]
            ).map { row in
                RefusalGroup(
                    source: UInt16(truncatingIfNeeded: row["source"] as Int), kind: row["kind"], reason: row["reason"], items: row["items"],
                    times: row["times"], lastReceivedAt: Instant(milliseconds: row["last"]), sample: row["sample"])
            }
        }
    }

    /// How many items of each source are in quarantine.
    package func quarantinedBySource() async throws -> [UInt16: Int] {
        try await look { db in
            let rows = try Row.fetchAll(db, sql: "SELECT source, count(*) FROM quarantine WHERE given_up_at IS NULL GROUP BY source")
            return Dictionary(rows.map { (UInt16(truncatingIfNeeded: $0[0] as Int), $0[1] as Int) }) { $0 + $1 }
        }
    }

    /// How often something was refused, by source and by how many hours ago: 0 is the minute of `now` and the 59 before it, up to 23.
    package func recentRefusals(now: Instant) async throws -> [(source: UInt16, hoursAgo: Int, times: Int)] {
        let minute = now.minute
        return try await look { db in
            try Row.fetchAll(
                db, sql: "SELECT source, ($1 - minute) / 60, sum(times) FROM refusal WHERE minute > $2 AND minute <= $1 GROUP BY 1, 2",
                arguments: [minute, minute - Int64(RecentMinutes.day)]
            ).map { (UInt16(truncatingIfNeeded: $0[0] as Int), $0[1], $0[2]) }
        }
    }

    /// Removes refused items for good, those that were given up too. Returns how many were there. Those that are replayed go by
    /// ``Batch/settle(_:)``.
    @discardableResult package func dropQuarantined(ids: [Int64]) async throws -> Int {
        try await perform { db in
            let delete = try db.cachedStatement(sql: "DELETE FROM quarantine WHERE id = ?")
            return try Set(ids).reduce(0) { sum, id in
                try delete.execute(arguments: [id])
                return sum + db.changesCount
            }
        }
    }

    /// What was given up in one go.
    package struct GivenUp: Sendable, Equatable {
        package var count: Int
        /// Names it, so that it can be taken back within a day.
        package var number: Int64
        package init(count: Int, number: Int64) {
            self.count = count
            self.number = number
        }
    }

    /// Gives up refused items: nobody sees them any more, and a day later they are gone for good.
    /// - Parameter ids: These; nil for all that fit the filter.
    package func giveUp(ids: [Int64]? = nil, _ filter: QuarantineFilter = .init(), now: Instant) async throws -> GivenUp {
        // Its number is when it was, to the millisecond, and never that of another.
        let number = try await perform { db in
            try Quarantine.purge(now: now, db)
            return max(now.milliseconds, 1 + (try Int64.fetchOne(db, sql: "SELECT max(given_up_at) FROM quarantine") ?? 0))
        }
        var given = GivenUp(count: 0, number: number)
        let (condition, arguments) = filter.sql
        let all = ids.map { Array(Set($0)) }
        var from = 0
        while true {
            let chunk = all.map { Array($0[from..<min(from + Quarantine.atOnce, $0.count)]) }
            let changed = try await perform { db in
                if let chunk {
                    let one = try db.cachedStatement(sql: "UPDATE quarantine SET given_up_at = ? WHERE id = ? AND given_up_at IS NULL")
                    return try chunk.reduce(0) { sum, id in
                        try one.execute(arguments: [number, id])
                        return sum + db.changesCount
                    }
                }
                try db.execute(
                    sql:
                        "UPDATE quarantine SET given_up_at = ? WHERE id IN (SELECT id FROM quarantine WHERE \(condition) LIMIT \(Quarantine.atOnce))",
                    arguments: [number] + arguments)
                return db.changesCount
            }
            given.count += changed
            from += Quarantine.atOnce
            if let all { if from >= all.count { return given } } else if changed == 0 { return given }
        }
    }

    /// Puts back what was given up under a number; how many items that were still there.
    package func takeBack(_ number: Int64) async throws -> Int {
        try await perform { db in
            try db.execute(sql: "UPDATE quarantine SET given_up_at = NULL WHERE given_up_at = ?", arguments: [number])
            return db.changesCount
        }
    }

    /// Removes for good what was given up longer than a day ago.
    package func purgeGivenUp(now: Instant) async throws { try await perform { try Quarantine.purge(now: now, $0) } }
}
