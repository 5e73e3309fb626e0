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

/// Some refused items, oldest first.
package struct QuarantinePage: Sendable {
    package var items: [Quarantined] = []
    /// After which id the next page starts; nil when this is the last.
    package var next: Int64?
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

    /// Bytes of an item that are kept, with what its batch shared; of a longer one only its start, and it cannot be replayed.
    ///
    /// More than any settings let in (49,152 bytes of an item, and as many that its batch shares), so an item that a raised
    /// limit would take is always there whole.
    package static let itemBytes = 128 << 10
    /// Bytes of items after which a page ends, whatever number was asked for.
    static let pageBytes = 8 << 20

    static func prepare(_ db: Database) throws {
        if try !db.columns(in: "quarantine").contains(where: { $0.name == "print" }) { try db.execute(sql: additions) }
    }

    static func insert(_ refused: [Refused], _ db: Database, key: FingerprintKey, keeping limit: Int) throws {
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO quarantine (received_at, source, route, place, message_id, kind, reason, item, print, bytes, last_received_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $1)
                ON CONFLICT (print) DO UPDATE SET times = times + 1, last_received_at = max(last_received_at, excluded.last_received_at)
                """)
        for r in refused {
            try insert.execute(arguments: [
                r.receivedAt.milliseconds, Int(r.source), r.route, r.index, r.messageID, r.kind, r.reason, Data(r.item.prefix(itemBytes)),
                key.refused(r), r.item.count,
            ])
        }
        try db.execute(sql: "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", arguments: [limit])
    }

    /// Takes replayed items out; gives back those of the ids that were not there any more.
    static func settle(_ ids: [Int64], _ db: Database) throws -> Set<Int64> {
        let delete = try db.cachedStatement(sql: "DELETE FROM quarantine WHERE id = ?")
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

extension Ledger {
    /// Refused items, oldest first: at most so many, and fewer when they are long.
    package func quarantined(after id: Int64, limit: Int) async throws -> QuarantinePage {
        try await look { db in
            var page = QuarantinePage()
            var bytes = 0
            let rows = try Row.fetchCursor(db, sql: "SELECT * FROM quarantine WHERE id > ? ORDER BY id", arguments: [id])
            while let row = try rows.next() {
                if page.items.count == limit || bytes > Quarantine.pageBytes {
                    page.next = page.items.last?.id
                    break
                }
                page.items.append(Quarantine.read(row))
                bytes += page.items.last?.refused.item.count ?? 0
            }
            return page
        }
    }

    /// The refused items with these ids, oldest first; those that are not there are left out.
    package func quarantined(ids: [Int64]) async throws -> [Quarantined] {
        try await look { db in
            let statement = try db.cachedStatement(sql: "SELECT * FROM quarantine WHERE id = ?")
            return try Set(ids).sorted().compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Quarantine.read) }
        }
    }

    /// How many are kept.
    package func quarantineCount() async throws -> Int {
        try await look { try Int.fetchOne($0, sql: "SELECT count(*) FROM quarantine") ?? 0 }
    }

    /// Removes refused items that nobody wants. Returns how many were there. Those that are replayed go by ``Batch/settle(_:)``.
    @discardableResult package func dropQuarantined(ids: [Int64]) async throws -> Int {
        try await perform { db in Set(ids).count - (try Quarantine.settle(ids, db)).count }
    }
}
