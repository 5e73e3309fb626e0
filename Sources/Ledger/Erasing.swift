import Foundation
import GRDB

/// What stands in the place of a record after an erasure.
package enum Remains: Sendable {
    /// A tombstone: when it was, the fingerprint of its message, and what a rebuild needs so that everybody else keeps their
    /// numbers and merges.
    ///
    /// - Parameters:
    ///   - customer: the raw customer it was concluded to belong to; nil for none.
    ///   - identifiers: tokens in the place of those that are forgotten, and those that are somebody else's.
    case tombstone(customer: UInt32?, identifiers: [(IdentifierKind, [UInt8])])
    /// The record, with these identifiers for its own.
    case identifiers([(IdentifierKind, [UInt8])])
    /// The record, with these properties for its own.
    case properties([UInt8])
}

/// What stands in the ledger for an identifier that is forgotten: the same token wherever the same identifier stood, so that
/// a rebuild tells people apart as before, and nothing that could be led back to the value.
package enum ErasedIdentifier {
    /// No identifier has a control character in it, so a token is never taken for one.
    private static let mark: UInt8 = 1

    /// - Parameters:
    ///   - erasure: the number of the erasure, of which there is one only.
    ///   - index: which of its identifiers.
    package static func token(erasure: Int64, index: Int) -> [UInt8] {
        [mark] + Array("\(String(erasure, radix: 36)).\(String(index, radix: 36))".utf8)
    }

    /// Whether the value is a token, or a previous id of which a part may be one.
    package static func isToken(_ value: UnsafeRawBufferPointer) -> Bool { value.first == mark || value.first == pair }
    package static func isToken(_ value: String) -> Bool { value.utf8.first == mark || value.utf8.first == pair }

    /// A previous id stands for a user id and for an anonymous id. When one of them is forgotten, or they were two people's, they
    /// part: 2, bytes of the user id (UInt16), the user id, the anonymous id.
    private static let pair: UInt8 = 2

    package static func previous(user: [UInt8], anonymous: [UInt8]) -> [UInt8] {
        if user == anonymous { return user }
        return [pair, UInt8(user.count & 0xff), UInt8(user.count >> 8)] + user + anonymous
    }

    /// The user id and the anonymous id that a previous id stands for; the same value unless an erasure parted them.
    package static func parts(ofPrevious value: UnsafeRawBufferPointer) -> (user: UnsafeRawBufferPointer, anonymous: UnsafeRawBufferPointer) {
        guard value.first == pair, value.count >= 3 else { return (value, value) }
        let middle = 3 + Int(value.loadUnaligned(fromByteOffset: 1, as: UInt16.self))
        guard middle <= value.count else { return (value, value) }
        return (.init(rebasing: value[3..<middle]), .init(rebasing: value[middle...]))
    }
}

extension Ledger {
    /// Bodies written anew in one transaction: of nearly all people everything at once, so that no crash leaves a half.
    private static let bodiesAtOnce = 1024

    /// Puts what remains in the place of records. No position changes, and no message is taken for a new one. Afterwards nothing
    /// of what the records said before is left in the file or its WAL.
    ///
    /// - Throws: ``LedgerProblem``; what was written by then stays, and the same call does the rest.
    package func erase(_ records: [Position: Remains]) async throws {
        let bodies = Dictionary(grouping: records, by: \.key.body).sorted { $0.key < $1.key }
        for from in stride(from: 0, to: bodies.count, by: Self.bodiesAtOnce) {
            let chunk = bodies[from..<min(from + Self.bodiesAtOnce, bodies.count)]
            try await perform { db in
                for (id, here) in chunk {
                    guard let data = try Data.fetchOne(db, sql: "SELECT data FROM body WHERE id = ?", arguments: [id]) else { continue }
                    let places = Dictionary(uniqueKeysWithValues: here.map { ($0.key.index, $0.value) })
                    let fresh = try data.withUnsafeBytes { bytes in
                        guard let body = BodyView(bytes) else { throw LedgerProblem.damaged(body: id) }
                        return try Self.erasing(places, of: body, id: id)
                    }
                    try db.execute(sql: "UPDATE body SET data = ? WHERE id = ?", arguments: [fresh, id])
                }
            }
        }
        try await checkpoint()
    }

    /// The body may grow by some bytes when tokens are longer than what they stand for; then it reaches into a second page.
    private static func erasing(_ places: [Int: Remains], of body: BodyView, id: Int64) throws -> Data {
        var builder = BodyBuilder()
        for i in 0..<body.count {
            guard let record = body[i] else { throw LedgerProblem.damaged(body: id) }
            guard let remains = places[i] else {
                builder.add(record.bytes)
                continue
            }
            replace(record, by: remains).bytes.withUnsafeBytes { builder.add($0) }
        }
        return builder.finish { Data($0) }
    }

    private static func replace(_ record: RecordView, by remains: Remains) -> Batch {
        var header = RecordHeader(at: record.at, receivedAt: record.receivedAt, message: record.message)
        // An alias joins in a way of its own.
        header.type = record.type
        var batch = Batch()
        func identifiers(_ all: [(IdentifierKind, [UInt8])]) {
            for (kind, value) in all { value.withUnsafeBytes { batch.identifier(kind, $0) } }
        }
        if case .tombstone(let customer, let left) = remains {
            header.kind = .erased
            header.direction = .internal
            header.value = customer.map(Double.init)
            batch.begin(header, name: .init(start: nil, count: 0), messageID: .init(start: nil, count: 0))
            identifiers(left)
            batch.end()
            return batch
        }
        header.kind = record.kind
        header.channel = record.channel
        header.direction = record.direction
        header.media = record.media
        header.value = record.value
        header.source = record.source
        batch.begin(header, name: record.nameBytes, messageID: record.messageBytes)
        if case .identifiers(let all) = remains {
            identifiers(all)
        } else {
            record.identifiers { batch.identifier($0, $1) }
        }
        if case .properties(let bytes) = remains {
            batch.properties { $0.append(contentsOf: bytes) }
        } else {
            batch.properties { $0.append(contentsOf: record.properties) }
        }
        batch.context { $0.append(contentsOf: record.context) }
        batch.end()
        return batch
    }
}
