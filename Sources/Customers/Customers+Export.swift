import Foundation
import GRDB
import Identity
import Kernel
package import Ledger
import Pipeline
import Store
import Timeline

extension Customers {
    /// Appends the next interactions of everybody, in the order of the ledger, as lines of JSON; duplicates and what was
    /// erased are left out.
    ///
    /// - Parameters:
    ///   - after: the position of the last one written, or 0.
    ///   - body: the newest body to read; it must be concluded.
    ///   - bytes: stops after about so many.
    /// - Returns: where to go on; nil at the end, when nothing was appended.
    package func writeExport(after: Position, upTo body: Int64, bytes: Int, to out: inout [UInt8]) throws -> Position? {
        let vocabulary = ledger.vocabulary
        let before = out.count
        var last = after
        var lines: [UInt8] = []
        swap(&lines, &out)
        defer { swap(&lines, &out) }
        try each(after: after, upTo: body) { record, position, customer in
            InteractionJSON.write(record, position, vocabulary, source: sourceName(record.source), customer: customer, to: &lines)
            lines.append(10)
            last = position
            return lines.count - before < bytes
        }
        return lines.count == before ? nil : last
    }

    /// The newest interactions of the bodies after one, up to another that is concluded, the oldest first.
    package func newest(after: Int64, upTo body: Int64, limit: Int) throws -> [HistoryItem] {
        let vocabulary = ledger.vocabulary
        var found: [HistoryItem] = []
        // Of a flood only the newest bodies are read; a body holds 1 record or more.
        try each(after: Position(body: max(after, body - Int64(limit)), index: 0xffff), upTo: body) { record, position, customer in
            found.append(
                HistoryItem(interaction: Interaction(record, at: position), channel: vocabulary.name(of: record.channel), customer: customer))
            if found.count > limit * 8 { found.removeFirst(found.count - limit) }
            return true
        }
        return found.suffix(limit)
    }

    /// The next interactions of everybody, in the order of the ledger; duplicates and what was erased are left out.
    ///
    /// - Parameters:
    ///   - after: the position of the last one read, or 0.
    ///   - body: the newest body to read; it must be concluded.
    ///   - limit: 1 or more. Empty at the end alone.
    package func next(after: Position, upTo body: Int64, limit: Int) throws -> [HistoryItem] {
        let vocabulary = ledger.vocabulary
        var found: [HistoryItem] = []
        try each(after: after, upTo: body) { record, position, customer in
            found.append(
                HistoryItem(interaction: Interaction(record, at: position), channel: vocabulary.name(of: record.channel), customer: customer))
            return found.count < limit
        }
        return found
    }

    /// Calls back with each interaction that was concluded, the person it belongs to, in order, until the call says false.
    private func each(after: Position, upTo body: Int64, _ use: (RecordView, Position, CustomerID) throws -> Bool) throws {
        let people = pipeline.people
        let parts = pipeline.timeline
        try store.read { db in
            let statement = try db.cachedStatement(sql: "SELECT customers FROM concluded WHERE body = ?")
            try readers.use { reader in
                _ = try reader.bodies(after: after.body - 1) { id, view in
                    guard id <= body else { return false }
                    // The body that the position lies in may be finished.
                    let first = id == after.body ? after.index + (after.raw == 0 ? 0 : 1) : 0
                    guard first < view.count else { return true }
                    guard let blob = try Data.fetchOne(statement, arguments: [id]), blob.count == 4 * view.count else {
                        throw PipelineProblem.missing(body: id)
                    }
                    let customers = blob.withUnsafeBytes { bytes in
                        (0..<view.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
                    }
                    for i in first..<view.count where customers[i] & Concluded.duplicate == 0 {
                        guard let record = view[i], record.kind == .interaction, !parts.isHidden(customers[i]) else { continue }
                        guard try use(record, Position(body: id, index: i), CustomerID(raw: people.root(customers[i]))) else { return false }
                    }
                    return true
                }
            }
        }
    }

    /// An interaction as JSON.
    /// - Parameter withCustomer: A page of one customer leaves it out.
    package func write(_ item: HistoryItem, withCustomer: Bool = true, to out: inout [UInt8]) {
        let vocabulary = ledger.vocabulary
        let i = item.interaction
        var header = RecordHeader(at: i.at, receivedAt: i.receivedAt, message: ledger.key.message(i.messageID))
        header.channel = i.channel
        header.direction = i.direction
        header.media = i.media
        header.type = i.type
        header.value = i.value
        header.source = i.source
        // Written by way of a record, so that an interaction has one form only.
        var batch = Batch()
        var name = i.name
        var message = i.messageID
        name.withUTF8 { n in message.withUTF8 { m in batch.begin(header, name: UnsafeRawBufferPointer(n), messageID: UnsafeRawBufferPointer(m)) } }
        for (kind, value) in i.identifiers {
            var value = value
            value.withUTF8 { batch.identifier(kind, UnsafeRawBufferPointer($0)) }
        }
        batch.properties { $0.append(contentsOf: i.properties) }
        batch.context { $0.append(contentsOf: i.context) }
        batch.bytes.withUnsafeBytes { bytes in
            guard let record = RecordView(bytes) else { return }
            InteractionJSON.write(
                record, i.position, vocabulary, source: sourceName(i.source), customer: withCustomer ? item.customer : nil, to: &out)
        }
    }
}
