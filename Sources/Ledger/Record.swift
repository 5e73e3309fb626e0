package import Kernel

// A record, version 1: what a body holds per interaction. Numbers are little-endian.
//
//   0  UInt8   what: 1 interaction, 2 command, 3 erased, 4 expired
//   1  UInt8   channel
//   2  UInt8   direction (bits 0-1), media (bits 2-3), call type (bits 4-6)
//   3  UInt8   count of identifiers
//   4  UInt16  bytes of the name
//   6  UInt16  bytes of the message id
//   8  Int64   at, milliseconds since 1970
//  16  Int64   received at
//  24  Double  value; NaN when there is none
//  32  UInt64  fingerprint of the message id, high half
//  40  UInt64  low half
//  48  UInt32  bytes of all identifiers
//  52  UInt32  bytes of the properties
//  56  UInt16  source: the number of the write key it came by; 0 when none
//  58  UInt16  zero
//  60  UInt32  bytes of the context
//  64  name | message id | identifiers | properties | context
//
// An identifier is its kind (UInt8), its length (UInt16) and its bytes, normalised. Properties and context are JSON objects
// without spaces; empty when there are none. A command's name says what to do, its properties with what. Of an erased
// interaction the value is the number of the raw customer it belonged to, and tokens stand for its identifiers: see Erasing.swift.
// Of an expired one only its times, its fingerprint and its identifiers are left: see Expiring.swift. A program that does not know the
// kind takes it for erased, and concludes the same customers from it.

/// Where an interaction lies in the ledger: a body and its place in it.
package struct Position: Hashable, Comparable, Sendable {
    package let raw: UInt64
    @inlinable package init(raw: UInt64) { self.raw = raw }
    @inlinable package init(body: Int64, index: Int) { raw = UInt64(bitPattern: body) << 16 | UInt64(index) }
    @inlinable package var body: Int64 { Int64(raw >> 16) }
    @inlinable package var index: Int { Int(raw & 0xffff) }
    @inlinable package static func < (a: Position, b: Position) -> Bool { a.raw < b.raw }
}

package enum RecordKind: UInt8, Sendable {
    case interaction = 1
    case command = 2
    case erased = 3
    /// An interaction whose time to be kept is over.
    case expired = 4
}

/// The fixed part of a record.
package struct RecordHeader: Sendable {
    package static let size = 64
    /// The most bytes a record may have: with the body's header it stays below a page of 64 KB.
    package static let maximumRecord = 64_000
    package static let maximumName = 512
    package static let maximumMessageID = 512
    package static let maximumIdentifiers = 64
    package static let maximumIdentifierValue = 1024

    package var kind: RecordKind = .interaction
    package var channel: Channel = .other
    package var direction: Direction = .in
    package var media: Media = .unknown
    package var type: CallType = .track
    package var at: Instant
    package var receivedAt: Instant
    package var value: Double?
    package var message: Fingerprint
    package var source: UInt16 = 0

    package init(at: Instant, receivedAt: Instant, message: Fingerprint) {
        self.at = at
        self.receivedAt = receivedAt
        self.message = message
    }
}

/// A view of one record inside memory that somebody else owns: valid only during the call that hands it out.
package struct RecordView {
    package let bytes: UnsafeRawBufferPointer
    @usableFromInline let base: UnsafeRawPointer

    /// Nil when the parts do not add up to the whole: a damaged record is never read past its end.
    @inlinable package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= RecordHeader.size, let base = bytes.baseAddress else { return nil }
        self.bytes = bytes
        self.base = base
        guard RecordHeader.size + nameCount + messageCount + identifierBytes + propertyBytes + contextBytes == bytes.count else { return nil }
    }

    @inlinable func load<T>(_ offset: Int, as type: T.Type) -> T where T: BitwiseCopyable { base.loadUnaligned(fromByteOffset: offset, as: type) }
    @inlinable package var nameCount: Int { Int(load(4, as: UInt16.self)) }
    @inlinable package var messageCount: Int { Int(load(6, as: UInt16.self)) }
    @inlinable package var identifierBytes: Int { Int(load(48, as: UInt32.self)) }
    @inlinable package var propertyBytes: Int { Int(load(52, as: UInt32.self)) }
    @inlinable package var contextBytes: Int { Int(load(60, as: UInt32.self)) }

    @inlinable package var kind: RecordKind { RecordKind(rawValue: load(0, as: UInt8.self)) ?? .erased }
    @inlinable package var channel: Channel { Channel(rawValue: load(1, as: UInt8.self)) }
    /// Direction, media and call type in one byte, as the timeline keeps them.
    @inlinable package var flags: UInt8 { load(2, as: UInt8.self) }
    @inlinable package var direction: Direction { Direction(rawValue: flags & 3) ?? .internal }
    @inlinable package var media: Media { Media(rawValue: flags >> 2 & 3) ?? .unknown }
    @inlinable package var type: CallType { CallType(rawValue: flags >> 4 & 7) ?? .track }
    @inlinable package var identifierCount: Int { Int(load(3, as: UInt8.self)) }
    @inlinable package var at: Instant { Instant(milliseconds: load(8, as: Int64.self)) }
    @inlinable package var receivedAt: Instant { Instant(milliseconds: load(16, as: Int64.self)) }
    @inlinable package var rawValue: Double { load(24, as: Double.self) }
    @inlinable package var value: Double? { rawValue.isNaN ? nil : rawValue }
    @inlinable package var message: Fingerprint { Fingerprint(high: load(32, as: UInt64.self), low: load(40, as: UInt64.self)) }
    @inlinable package var source: UInt16 { load(56, as: UInt16.self) }

    @inlinable func slice(_ from: Int, _ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + from, count: count) }
    @inlinable package var nameBytes: UnsafeRawBufferPointer { slice(RecordHeader.size, nameCount) }
    @inlinable package var messageBytes: UnsafeRawBufferPointer { slice(RecordHeader.size + nameCount, messageCount) }
    @inlinable package var identifierSlice: UnsafeRawBufferPointer { slice(RecordHeader.size + nameCount + messageCount, identifierBytes) }
    @inlinable package var properties: UnsafeRawBufferPointer { slice(RecordHeader.size + nameCount + messageCount + identifierBytes, propertyBytes) }
    @inlinable package var context: UnsafeRawBufferPointer { slice(bytes.count - contextBytes, contextBytes) }

    package var name: String { String(decoding: nameBytes, as: UTF8.self) }
    package var messageID: String { String(decoding: messageBytes, as: UTF8.self) }

    /// Calls `body` with each identifier's kind and value.
    @inlinable package func identifiers(_ body: (IdentifierKind, UnsafeRawBufferPointer) -> Void) {
        let all = identifierSlice
        var o = 0
        while o &+ 3 <= all.count {
            let n = Int(all.loadUnaligned(fromByteOffset: o &+ 1, as: UInt16.self))
            guard o &+ 3 &+ n <= all.count else { return }
            body(IdentifierKind(rawValue: all[o]), UnsafeRawBufferPointer(rebasing: all[(o &+ 3)..<(o &+ 3 &+ n)]))
            o &+= 3 &+ n
        }
    }
}

/// Records on their way to the ledger, and the items refused beside them: written together or not at all.
///
/// A record is built in place: ``begin(_:name:messageID:)``, ``identifier(_:_:)``…, ``properties(_:)``, ``context(_:)``,
/// ``end()``; or ``discard()`` at any point before the end.
package struct Batch: Sendable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var ends: [UInt32] = []
    package var refused: [Refused] = []
    /// Items of the quarantine that leave it together with the writing of a record.
    private(set) var settled: [(id: Int64, record: Int)] = []
    private var from = 0
    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty && refused.isEmpty }
    /// What the bounded queue counts.
    package var weight: Int { bytes.count + refused.reduce(0) { $0 + $1.item.count + 256 } }

    package init(reservingBytes n: Int = 0) {
        bytes.reserveCapacity(n)
        ends.reserveCapacity(n / 256)
    }

    private mutating func store<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { v in
            bytes.withUnsafeMutableBytes { $0.baseAddress!.advanced(by: from + offset).copyMemory(from: v.baseAddress!, byteCount: v.count) }
        }
    }

    package mutating func begin(_ header: RecordHeader, name: UnsafeRawBufferPointer, messageID: UnsafeRawBufferPointer) {
        precondition(name.count <= Int(UInt16.max) && messageID.count <= Int(UInt16.max))
        from = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: RecordHeader.size))
        store(header.kind.rawValue, 0)
        store(header.channel.rawValue, 1)
        store(header.direction.rawValue | header.media.rawValue << 2 | header.type.rawValue << 4, 2)
        store(UInt16(name.count), 4)
        store(UInt16(messageID.count), 6)
        store(header.at.milliseconds, 8)
        store(header.receivedAt.milliseconds, 16)
        store((header.value ?? .nan).bitPattern, 24)
        store(header.message.high, 32)
        store(header.message.low, 40)
        store(header.source, 56)
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: messageID)
    }

    /// Adds a normalised identifier. After ``begin(_:name:messageID:)``, before the properties.
    package mutating func identifier(_ kind: IdentifierKind, _ value: UnsafeRawBufferPointer) {
        precondition(value.count <= Int(UInt16.max))
        bytes.append(kind.rawValue)
        withUnsafeBytes(of: UInt16(value.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value)
        let count = bytes[from + 3] + 1
        store(count, 3)
        let sofar = UInt32(3 + value.count)
        let old = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: from + 48, as: UInt32.self) }
        store(old + sofar, 48)
    }

    /// How many identifiers the record begun has so far.
    package var identifierCount: Int { Int(bytes[from + 3]) }

    /// Lets the call append the properties, a JSON object.
    package mutating func properties<E: Error>(_ write: (inout [UInt8]) throws(E) -> Void) throws(E) {
        let before = bytes.count
        try write(&bytes)
        store(UInt32(bytes.count - before), 52)
    }

    /// Lets the call append the context, a JSON object.
    package mutating func context<E: Error>(_ write: (inout [UInt8]) throws(E) -> Void) throws(E) {
        let before = bytes.count
        try write(&bytes)
        store(UInt32(bytes.count - before), 60)
    }

    /// The value, when it is known only after the properties were read.
    package mutating func setValue(_ value: Double?) { store((value ?? .nan).bitPattern, 24) }

    /// Bytes of the record begun so far.
    package var recordCount: Int { bytes.count - from }

    package mutating func end() {
        precondition(recordCount <= RecordHeader.maximumRecord)
        ends.append(UInt32(bytes.count))
        from = bytes.count
    }

    /// Says that the record ended last is this item of the quarantine: the item is taken out in the transaction that writes
    /// the record, and if it had gone before, as when two replay it at once, the record is not written.
    package mutating func settle(_ quarantined: Int64) {
        precondition(!ends.isEmpty)
        settled.append((quarantined, ends.count - 1))
    }

    /// Takes back the record begun.
    package mutating func discard() { bytes.removeSubrange(from...) }

    /// A whole record at once; for what is not hot: commands and tests.
    package mutating func append(
        _ header: RecordHeader, name: String, messageID: String, identifiers: [(IdentifierKind, String)] = [], properties: JSON? = nil,
        context: JSON? = nil
    ) {
        var name = name
        var messageID = messageID
        name.withUTF8 { n in messageID.withUTF8 { m in begin(header, name: UnsafeRawBufferPointer(n), messageID: UnsafeRawBufferPointer(m)) } }
        for (kind, value) in identifiers {
            var value = value
            value.withUTF8 { identifier(kind, UnsafeRawBufferPointer($0)) }
        }
        if let p = properties { self.properties { p.write(to: &$0) } }
        if let c = context { self.context { c.write(to: &$0) } }
        end()
    }
}

/// An item that was refused, as it is kept in quarantine.
package struct Refused: Sendable, Equatable {
    /// The path it came by: `batch`, `track`, …
    package var route: String
    /// Its place in the batch; 0 when it came alone.
    package var index: Int
    package var messageID: String?
    /// A word for machines: `too-large`, `no-identifier`, `blocked-identifier`, …
    package var kind: String
    /// What, where and how to mend it.
    package var reason: String
    /// The item as it arrived: a JSON object, or the bytes that were none.
    package var item: [UInt8]
    package var source: UInt16
    package var receivedAt: Instant

    package init(route: String, index: Int, messageID: String?, kind: String, reason: String, item: [UInt8], source: UInt16, receivedAt: Instant) {
        self.route = route
        self.index = index
        self.messageID = messageID
        self.kind = kind
        self.reason = reason
        self.item = item
        self.source = source
        self.receivedAt = receivedAt
    }
}

/// An interaction read whole, for what is not hot.
package struct Interaction: Sendable {
    package var position: Position
    package var kind: RecordKind
    package var name: String
    package var messageID: String
    package var channel: Channel
    package var direction: Direction
    package var media: Media
    package var type: CallType
    package var at: Instant
    package var receivedAt: Instant
    package var value: Double?
    package var source: UInt16
    /// Those that came with it; kinds that are ours alone are left out.
    package var identifiers: [(kind: IdentifierKind, value: String)]
    /// JSON text; empty when there is none.
    package var properties: [UInt8]
    /// JSON text; empty when there is none.
    package var context: [UInt8]

    package init(_ view: RecordView, at position: Position) {
        self.position = position
        kind = view.kind
        name = view.name
        messageID = view.messageID
        channel = view.channel
        direction = view.direction
        media = view.media
        type = view.type
        at = view.at
        receivedAt = view.receivedAt
        value = view.value
        source = view.source
        var found: [(kind: IdentifierKind, value: String)] = []
        view.identifiers { kind, bytes in
            if !kind.isInternal, !ErasedIdentifier.isToken(bytes) { found.append((kind, String(decoding: bytes, as: UTF8.self))) }
        }
        identifiers = found
        properties = Array(view.properties)
        context = Array(view.context)
    }
}
