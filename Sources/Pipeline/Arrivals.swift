import GRDB
package import Kernel
package import Ledger
package import Store

// What came in lately, by the minute in which it was received, the write key it came by, and its channel. Minutes are kept
// for a day and an hour behind the newest one: what is counted follows from what the ledger says alone, so that a rebuild of
// the state counts the same. Only what was erased meanwhile is not counted again: a tombstone does not say who sent it.

/// Counts what each source sends.
package struct ArrivalsReaction: Reaction {
    package init() {}

    package let migrations = [
        Migration(
            "arrivals 1: what came in, by minute",
            """
            CREATE TABLE arrival (
                minute   INTEGER NOT NULL,
                source   INTEGER NOT NULL,
                channel  INTEGER NOT NULL,
                accepted INTEGER NOT NULL,
                repeated INTEGER NOT NULL,
                PRIMARY KEY (minute, source, channel)
            ) WITHOUT ROWID;
            -- When something came last, for sources that are silent for longer.
            CREATE TABLE arrival_last (
                source INTEGER PRIMARY KEY,
                at     BIGINT NOT NULL
            );
            """)
    ]

    private struct Key: Hashable {
        var minute: Int64
        var source: UInt16
        var channel: UInt8
    }
    private struct Count {
        var accepted = 0
        var repeated = 0
    }

    package func react(to concluded: Concluded, in writer: Writer) throws {
        var counts: [Key: Count] = [:]
        var last: [UInt16: Int64] = [:]
        // Nearly all of a body came by one key in one minute, so what is counted now is at hand.
        var key: Key?
        var count = Count()
        for i in concluded.range {
            guard let record = concluded.view[i], record.kind == .interaction, !Self.isOurs(record) else { continue }
            let here = Key(minute: record.receivedAt.minute, source: record.source, channel: record.channel.rawValue)
            if here != key {
                if let key { counts[key] = count }
                key = here
                count = counts[here] ?? Count()
                last[here.source] = max(last[here.source] ?? 0, record.receivedAt.milliseconds)
            }
            if concluded.customers[i] & Concluded.duplicate == 0 { count.accepted += 1 } else { count.repeated += 1 }
            last[here.source] = max(last[here.source] ?? 0, record.receivedAt.milliseconds)
        }
        if let key { counts[key] = count }
        guard !counts.isEmpty else { return }
        try write(counts, last, writer.database)
    }

    private func write(_ counts: [Key: Count], _ last: [UInt16: Int64], _ db: Database) throws {
        let add = try db.cachedStatement(
            sql: """
                INSERT INTO arrival (minute, source, channel, accepted, repeated) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (minute, source, channel) DO UPDATE SET
                    accepted = accepted + excluded.accepted, repeated = repeated + excluded.repeated
                """)
        for (key, count) in counts {
            try add.execute(arguments: [key.minute, Int(key.source), Int(key.channel), count.accepted, count.repeated])
        }
        let note = try db.cachedStatement(
            sql: "INSERT INTO arrival_last (source, at) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET at = max(at, excluded.at)")
        for (source, at) in last { try note.execute(arguments: [Int(source), at]) }
        try db.cachedStatement(sql: "DELETE FROM arrival WHERE minute <= (SELECT max(minute) FROM arrival) - ?").execute(arguments: [
            RecentMinutes.kept
        ])
    }

    /// What our own people wrote about a customer came from nobody.
    private static func isOurs(_ record: RecordView) -> Bool {
        guard record.source == 0, record.direction == .internal else { return false }
        var names = false
        record.identifiers { kind, _ in if kind == .customer { names = true } }
        return names
    }
}

/// What came in by one source on one channel in one of the last 24 hours.
package struct Arrival: Sendable, Equatable {
    /// The number of the write key; 0 for none.
    package var source: UInt16
    package var channel: Channel
    /// 0 is the minute that is not over and the 59 before it, up to 23.
    package var hoursAgo: Int
    /// New interactions.
    package var accepted: Int
    /// Messages that had been there before, and count for nothing.
    package var repeated: Int
}

extension Pipeline {
    /// What came in during the last 24 hours, as far as it is concluded; in no order.
    package func arrivals(now: Instant) throws -> [Arrival] {
        let minute = now.minute
        return try folder.store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT source, channel, ($1 - minute) / 60, sum(accepted), sum(repeated) FROM arrival
                    WHERE minute > $2 AND minute <= $1 GROUP BY 1, 2, 3
                    """, arguments: [minute, minute - Int64(RecentMinutes.day)]
            ).map { row in
                Arrival(
                    source: UInt16(truncatingIfNeeded: row[0] as Int), channel: Channel(rawValue: UInt8(truncatingIfNeeded: row[1] as Int)),
                    hoursAgo: row[2], accepted: row[3], repeated: row[4])
            }
        }
    }

    /// When each source sent something last.
    package func lastArrivals() throws -> [UInt16: Instant] {
        try folder.store.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT source, at FROM arrival_last")
            return Dictionary(rows.map { (UInt16(truncatingIfNeeded: $0[0] as Int), Instant(milliseconds: $0[1])) }) { max($0, $1) }
        }
    }
}
