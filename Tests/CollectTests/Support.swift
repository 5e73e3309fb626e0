import Collect
import Identity
import Kernel
import Simdjson
import Testing

@testable import Ledger

/// The moment at which every test body is received: 2026-11-21T12:00:00Z.
let noon = Instant("2026-11-21T12:00:00Z")!

/// A record read back, as values.
struct Read: Equatable {
    var name: String
    var messageID: String
    var type: CallType
    var channel: Channel
    var direction: Direction
    var media: Media
    var at: Instant
    var receivedAt: Instant
    var value: Double?
    var source: UInt16
    var identifiers: [String]
    var properties: JSON?
    var context: JSON?
}

/// The records of a batch, each read with ``RecordView``.
func records(_ batch: Batch) throws -> [Read] {
    var all: [Read] = []
    try batch.bytes.withUnsafeBytes { bytes in
        var from = 0
        for end in batch.ends {
            let view = try #require(RecordView(UnsafeRawBufferPointer(rebasing: bytes[from..<Int(end)])))
            from = Int(end)
            #expect(view.kind == .interaction)
            var identifiers: [String] = []
            let words = Vocabulary()
            view.identifiers { kind, value in identifiers.append("\(words.name(of: kind)):\(String(decoding: value, as: UTF8.self))") }
            #expect(identifiers.count == view.identifierCount)
            all.append(
                Read(
                    name: view.name, messageID: view.messageID, type: view.type, channel: view.channel, direction: view.direction, media: view.media,
                    at: view.at, receivedAt: view.receivedAt, value: view.value, source: view.source, identifiers: identifiers,
                    properties: try json(view.properties), context: try json(view.context)))
        }
        #expect(from == bytes.count)
    }
    return all
}

private func json(_ bytes: UnsafeRawBufferPointer) throws -> JSON? {
    bytes.isEmpty ? nil : try JSONParser(depth: 300).parse(bytes) { $0.toJSON() }
}

let key = FingerprintKey((0..<16).map { UInt8($0) })

func collector(
    _ identity: IdentityRules = .standard, _ channels: ChannelRules = .standard, vocabulary: Vocabulary = Vocabulary(), limits: [String: Int] = [:],
    values: [String: [String]] = [:]
) throws -> Collector {
    try Collector(
        identity: identity, channels: channels, vocabulary: vocabulary, limits: Limits(limits), fingerprints: key,
        randomness: Randomness { count in (0..<count).map { UInt8($0 * 17 & 255) } }, values: values)
}

/// What came of a body.
struct Outcome {
    var receipt: Receipt
    var records: [Read]
    var refused: [Refused]
}

func collect(_ route: Route, _ body: String, with made: Collector? = nil, at: Instant = noon) throws -> Outcome {
    try collect(route, Array(body.utf8), with: made, at: at)
}

func collect(_ route: Route, _ body: [UInt8], with made: Collector? = nil, at: Instant = noon) throws -> Outcome {
    var batch = Batch()
    let receipt = try (made ?? collector()).collect(route, body: body, source: 3, receivedAt: at, into: &batch)
    let read = try records(batch)
    #expect(read.count == receipt.accepted)
    #expect(batch.refused.map(\.kind) == receipt.refused.map(\.kind))
    return Outcome(receipt: receipt, records: read, refused: batch.refused)
}

/// The one record that a body gives.
func record(_ route: Route, _ body: String, with made: Collector? = nil, at: Instant = noon) throws -> Read {
    let outcome = try collect(route, body, with: made, at: at)
    #expect(outcome.receipt.refused == [])
    return try #require(outcome.records.first)
}

/// The word and the reason for which a body's one item is refused.
func refusal(_ route: Route, _ body: String, with made: Collector? = nil) throws -> (kind: String, reason: String) {
    let outcome = try collect(route, body, with: made)
    #expect(outcome.records.isEmpty)
    let refusal = try #require(outcome.receipt.refused.first)
    return (refusal.kind, refusal.reason)
}

/// The vocabulary of a ledger that has given a code to a channel of the company's own.
func words(_ code: UInt8, _ channel: String) -> Vocabulary {
    var words = Vocabulary()
    words.add(channel: channel, code: code)
    return words
}
