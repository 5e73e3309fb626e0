import Foundation
import GRDB
package import Kernel
import Synchronization

/// An item that was refused, kept so that it can be looked at and, after a fix, replayed.
package struct Quarantined: Sendable, Equatable {
    package var id: Int64
    /// As it first came; of a long item only the start, see ``Quarantine/itemBytes``.
    package var refused: Refused
    /// Bytes that the whole item had.
    package var bytes: Int
    /// How often the same bytes came by the same source and route and were refused for the same reason.
    package var times: Int
    /// When they came last.
    package var lastReceivedAt: Instant

    /// Whether only the start of the item is kept, so that it cannot be replayed.
    package var isTruncated: Bool { bytes > refused.item.count }
}

/// Some refused items, in the order that was asked for.
package struct QuarantinePage: Sendable {
    package var items: [Quarantined] = []
    /// After which id, in that order, the next page starts; nil when this is the last.
    package var next: Int64?
    package init() {}
}

package enum Quarantine {
    static let schema = """
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received_at BIGINT NOT NULL,
            source INTEGER NOT NULL,
            route TEXT NOT NULL,
            place INTEGER NOT NULL,
            message_id TEXT,
            kind TEXT NOT NULL,
            reason TEXT NOT NULL,
            item BLOB NOT NULL
        );
        """
    /// What the first ledgers lack. `print` stands for the same item refused again; it is null in rows older than itself.
    private static let additions = """
        ALTER TABLE quarantine ADD COLUMN print BLOB;
        ALTER TABLE quarantine ADD COLUMN bytes INTEGER;
        ALTER TABLE quarantine ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE quarantine ADD COLUMN last_received_at BIGINT;
        CREATE UNIQUE INDEX quarantine_print ON quarantine (print);
        """
    /// What came after those: what was given up stays for a day, so that it can be taken back; reasons are counted out of an
    /// index, without a look at the items; and each minute's refusals are counted, for they may outlive their items.
    private static let counting = """
        ALTER TABLE quarantine ADD COLUMN given_up_at BIGINT;
        UPDATE quarantine SET last_received_at = received_at WHERE last_received_at IS NULL;
        CREATE INDEX quarantine_reason ON quarantine (source, kind, reason, last_received_at, times, given_up_at) WHERE given_up_at IS NULL;
        CREATE INDEX quarantine_given_up ON quarantine (given_up_at) WHERE given_up_at IS NOT NULL;
        CREATE TABLE IF NOT EXISTS refusal (
            minute INTEGER NOT NULL,
            source INTEGER NOT NULL,
            times  INTEGER NOT NULL,
            PRIMARY KEY (minute, source)
        ) WITHOUT ROWID;
        """

    /// Bytes of an item that are kept, with what its batch shared; of a longer one only its start, and it cannot be replayed.
    ///
    /// More than any settings let in (49,152 bytes of an item, and as many that its batch shares), so an item that a raised
    /// limit would take is always there whole.
    package static let itemBytes = 128 << 10
    /// Bytes of items after which a page ends, whatever number was asked for.
    static let pageBytes = 8 << 20

    static func prepare(_ db: Database) throws {
        let columns = Set(try db.columns(in: "quarantine").map(\.name))
        if !columns.contains("print") { try db.execute(sql: additions) }
        if !columns.contains("given_up_at") { try db.execute(sql: counting) }
    }

    static func insert(_ refused: [Refused], _ db: Database, key: FingerprintKey, keeping limit: Int) throws {
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO quarantine (received_at, source, route, place, message_id, kind, reason, item, print, bytes, last_received_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $1)
                ON CONFLICT (print) DO UPDATE SET
                    times = CASE WHEN given_up_at IS NULL THEN times ELSE 0 END + 1,
                    received_at = CASE WHEN given_up_at IS NULL THEN received_at ELSE excluded.received_at END,
                    last_received_at = max(last_received_at, excluded.last_received_at), given_up_at = NULL
                """)
        try count(refused, db)
        for r in refused {
            try insert.execute(arguments: [
                r.receivedAt.milliseconds, Int(r.source), r.route, r.index, r.messageID, r.kind, r.reason, Data(r.item.prefix(itemBytes)),
                key.refused(r), r.item.count,
            ])
        }
        try db.execute(sql: "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", arguments: [limit])
    }

    /// Counts refusals by minute and source, and forgets the minutes that nobody asks for any more.
    private static func count(_ refused: [Refused], _ db: Database) throws {
        var counts: [Int64: [UInt16: Int]] = [:]
        for r in refused { counts[r.receivedAt.minute, default: [:]][r.source, default: 0] += 1 }
        let add = try db.cachedStatement(
            sql:
                "INSERT INTO refusal (minute, source, times) VALUES (?, ?, ?) ON CONFLICT (minute, source) DO UPDATE SET times = times + excluded.times"
        )
        for (minute, sources) in counts {
            for (source, times) in sources { try add.execute(arguments: [minute, Int(source), times]) }
        }
        try db.cachedStatement(sql: "DELETE FROM refusal WHERE minute <= (SELECT max(minute) FROM refusal) - ?")
            .execute(arguments: [RecentMinutes.kept])
    }

    /// Takes replayed items out; gives back those of the ids that were not there any more, or had been given up.
    static func settle(_ ids: [Int64], _ db: Database) throws -> Set<Int64> {
        let delete = try db.cachedStatement(sql: "DELETE FROM quarantine WHERE id = ? AND given_up_at IS NULL")
        var gone: Set<Int64> = []
        for id in Set(ids) {
            try delete.execute(arguments: [id])
            if db.changesCount == 0 { gone.insert(id) }
        }
        return gone
    }

    static func read(_ row: Row) -> Quarantined {
        let data: Data = row["item"]
        let source: Int = row["source"]
        let received: Int64 = row["received_at"]
        return Quarantined(
            id: row["id"],
            refused: Refused(
                route: row["route"], index: row["place"], messageID: row["message_id"], kind: row["kind"], reason: row["reason"], item: Array(data),
                source: UInt16(truncatingIfNeeded: source), receivedAt: Instant(milliseconds: received)),
            bytes: row["bytes"] ?? data.count, times: row["times"], lastReceivedAt: Instant(milliseconds: row["last_received_at"] ?? received))
    }
}

extension FingerprintKey {
    /// What two refusals of the same bytes by the same source and route for the same reason have in common.
    fileprivate func refused(_ r: Refused) -> Data {
        func bytes(_ print: Fingerprint) -> [UInt8] { withUnsafeBytes(of: (print.high.littleEndian, print.low.littleEndian)) { Array($0) } }
        // The texts before hold no zero byte, so no two sets of them run together to the same bytes.
        var all = Array("\(r.source)\0\(r.route)\0\(r.kind)\0\(r.reason)\0".utf8)
        all += bytes(r.item.withUnsafeBytes { item($0) })
        return Data(bytes(all.withUnsafeBytes { item($0) }))
    }
}
