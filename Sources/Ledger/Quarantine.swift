import Foundation
import GRDB
import Kernel

/// Items that were refused, kept so that they can be looked at, mended and replayed.
package struct Quarantined: Sendable, Equatable {
    package var id: Int64
    package var refused: Refused
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
    /// Bytes of an item that are kept; of a longer one only its start, and it cannot be replayed.
    package static let itemBytes = 64 << 10

    static func insert(_ refused: [Refused], _ db: Database, keeping limit: Int) throws {
        let insert = try db.cachedStatement(
            sql: "INSERT INTO quarantine (received_at, source, route, place, message_id, kind, reason, item) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for r in refused {
            try insert.execute(arguments: [
                r.receivedAt.milliseconds, Int(r.source), r.route, r.index, r.messageID, r.kind, r.reason, Data(r.item.prefix(itemBytes)),
            ])
        }
        try db.execute(sql: "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", arguments: [limit])
    }
}

extension Ledger {
    /// Refused items, oldest first.
    package func quarantined(after id: Int64, limit: Int) async throws -> [Quarantined] {
        try await perform { db in
            try Row.fetchAll(db, sql: "SELECT * FROM quarantine WHERE id > ? ORDER BY id LIMIT ?", arguments: [id, limit]).map(Self.quarantined)
        }
    }

    /// The refused items with these ids, oldest first.
    package func quarantined(ids: [Int64]) async throws -> [Quarantined] {
        try await perform { db in
            try ids.sorted().compactMap { id in
                try Row.fetchOne(db, sql: "SELECT * FROM quarantine WHERE id = ?", arguments: [id]).map(Self.quarantined)
            }
        }
    }

    /// How many are kept.
    package func quarantineCount() async throws -> Int {
        try await perform { try Int.fetchOne($0, sql: "SELECT count(*) FROM quarantine") ?? 0 }
    }

    /// Removes refused items; those that were replayed, or that nobody wants. Returns how many were there.
    @discardableResult package func dropQuarantined(ids: [Int64]) async throws -> Int {
        try await perform { db in
            var n = 0
            for id in ids {
                try db.execute(sql: "DELETE FROM quarantine WHERE id = ?", arguments: [id])
                n += db.changesCount
            }
            return n
        }
    }

    private static func quarantined(_ row: Row) -> Quarantined {
        let data: Data = row["item"]
        let source: Int = row["source"]
        return Quarantined(
            id: row["id"],
            refused: Refused(
                route: row["route"], index: row["place"], messageID: row["message_id"], kind: row["kind"], reason: row["reason"], item: Array(data),
                source: UInt16(truncatingIfNeeded: source), receivedAt: Instant(milliseconds: row["received_at"])))
    }
}
