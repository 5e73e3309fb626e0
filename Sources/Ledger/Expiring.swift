import Foundation
import GRDB

// What becomes of an interaction whose time to be kept is over. Its name, its message id, its properties and context, its value
// and where it came from are gone. When it was, the fingerprint of its message and its identifiers stay: by these a rebuild of
// the state concludes the same customers and merges as before, and an erasure still finds what is left of a person.

extension Ledger {
    /// Bodies written anew in one transaction: four megabytes at most, so that appends do not wait long.
    private static let expiredAtOnce = 64

    /// Takes out what interactions said. No position changes, and no message is taken for a new one. What is no interaction any
    /// more, as it was erased or has expired, stays as it is.
    ///
    /// What they said may be left in the WAL until ``checkpoint()``.
    /// - Returns: how many expired.
    /// - Throws: ``LedgerProblem``; what was written by then stays, and the same call does the rest.
    @discardableResult package func expire(_ positions: [Position]) async throws -> Int {
        let bodies = Dictionary(grouping: positions, by: \.body).sorted { $0.key < $1.key }
        var count = 0
        for from in stride(from: 0, to: bodies.count, by: Self.expiredAtOnce) {
            let chunk = bodies[from..<min(from + Self.expiredAtOnce, bodies.count)]
            count += try await perform { db in
                var count = 0
                for (id, here) in chunk {
                    guard let data = try Data.fetchOne(db, sql: "SELECT data FROM body WHERE id = ?", arguments: [id]) else { continue }
                    let places = Set(here.map(\.index))
                    let (fresh, expired) = try data.withUnsafeBytes { bytes in
                        guard let body = BodyView(bytes) else { throw LedgerProblem.damaged(body: id) }
                        return try Self.expiring(places, of: body, id: id)
                    }
                    guard expired > 0 else { continue }
                    try db.execute(sql: "UPDATE body SET data = ? WHERE id = ?", arguments: [fresh, id])
                    count += expired
                }
                return count
            }
        }
        return count
    }

    private static func expiring(_ places: Set<Int>, of body: BodyView, id: Int64) throws -> (Data, Int) {
        var builder = BodyBuilder()
        var count = 0
        for i in 0..<body.count {
            guard let record = body[i] else { throw LedgerProblem.damaged(body: id) }
            guard places.contains(i), record.kind == .interaction else {
                builder.add(record.bytes)
                continue
            }
            count += 1
            var header = RecordHeader(at: record.at, receivedAt: record.receivedAt, message: record.message)
            header.kind = .expired
            header.direction = .internal
            header.type = record.type
            var batch = Batch()
            batch.begin(header, name: .init(start: nil, count: 0), messageID: .init(start: nil, count: 0))
            record.identifiers { batch.identifier($0, $1) }
            batch.end()
            batch.bytes.withUnsafeBytes { builder.add($0) }
        }
        return (builder.finish { Data($0) }, count)
    }
}
