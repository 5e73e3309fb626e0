import GRDB
import Kernel
import Store

extension Consents {
    static func insert(_ change: ConsentChange, in db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO consent (customer_id, position, purpose, channel, given, at, method, wording, recorded_by)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
                """
        ).execute(
            arguments: [
                change.customer.raw, Int64(bitPattern: change.position), change.purpose, change.channel, change.given, change.at.milliseconds,
                change.method, change.wording, change.recordedBy,
            ])
    }

    /// Everything that these raw customers said, at most ``most`` of each, the newest.
    static func history(of members: [UInt32], in db: Database) throws -> [ConsentChange] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT customer_id, position, purpose, channel, given, at, method, wording, recorded_by FROM consent
                WHERE customer_id = $1 ORDER BY position DESC LIMIT $2
                """)
        return try members.flatMap { member in
            try Row.fetchAll(statement, arguments: [member, most]).map { row in
                ConsentChange(
                    purpose: row[2], channel: row[3], given: row[4], at: Instant(milliseconds: row[5]),
                    position: UInt64(bitPattern: row[1] as Int64), customer: CustomerID(raw: row[0]), method: row[6], wording: row[7],
                    recordedBy: row[8])
            }
        }
    }

    static func delete(of customers: [UInt32], in db: Database) throws {
        for customer in customers { try db.execute(sql: "DELETE FROM consent WHERE customer_id = $1", arguments: [customer]) }
    }
}
