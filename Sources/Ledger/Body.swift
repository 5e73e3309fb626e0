import CXxhash

// A body, version 1: what one row of the ledger holds. Numbers are little-endian.
//
//   0  UInt32  "SLB1"
//   4  UInt32  count of records
//   8  UInt64  XXH3-64 of everything from byte 16 on
//  16  UInt32 × (count + 1)  where each record starts, from the body's first byte; the last is the body's size
//      records
//
// A body is at most 65,000 bytes, so that it lies in one page of 64 KB with the row's own header: it is then read in
// place, without following overflow pages. A group commit writes as many bodies as it needs.

/// A view of a body inside memory that somebody else owns: valid only during the call that hands it out.
package struct BodyView {
    package static let magic: UInt32 = 0x3142_4C53
    package static let header = 16
    /// The most bytes a body may have.
    package static let maximum = 65_000

    package let bytes: UnsafeRawBufferPointer
    package let count: Int

    /// Nil when this is no body, or a damaged one as far as its frame shows (see ``isIntact`` for all of it).
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.header + 4, bytes.loadUnaligned(as: UInt32.self) == Self.magic else { return nil }
        count = Int(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        guard count <= 65_536, bytes.count >= Self.header + 4 * (count + 1) else { return nil }
        self.bytes = bytes
        guard start(count) == bytes.count else { return nil }
    }

    @inlinable func start(_ i: Int) -> Int { Int(bytes.loadUnaligned(fromByteOffset: Self.header &+ 4 &* i, as: UInt32.self)) }

    /// Nil when the record does not lie inside the body or its parts do not add up.
    @inlinable package subscript(i: Int) -> RecordView? {
        guard i >= 0, i < count else { return nil }
        let a = start(i)
        let b = start(i &+ 1)
        guard a <= b, b <= bytes.count, a >= Self.header else { return nil }
        return RecordView(UnsafeRawBufferPointer(rebasing: bytes[a..<b]))
    }

    /// Whether the checksum fits and every record is whole.
    package var isIntact: Bool {
        guard Self.checksum(bytes) == bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) else { return false }
        return (0..<count).allSatisfy { self[$0] != nil }
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        XXH3_64bits(bytes.baseAddress! + header, bytes.count - header)
    }
}

/// Collects records into bodies.
struct BodyBuilder {
    private var records: [UInt8] = []
    private var starts: [UInt32] = [0]
    private var body: [UInt8] = []
    var count: Int { starts.count - 1 }
    /// Whether one more record of this size would make the body too large.
    func isFull(for size: Int) -> Bool {
        count > 0 && BodyView.header + 4 * (starts.count + 1) + records.count + size > BodyView.maximum
    }

    mutating func add(_ record: UnsafeRawBufferPointer) {
        records.append(contentsOf: record)
        starts.append(UInt32(records.count))
    }

    mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        starts.append(0)
    }

    /// The finished body; valid during the call. The builder is empty afterwards.
    mutating func finish<R>(_ use: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let shift = UInt32(BodyView.header + 4 * starts.count)
        body.removeAll(keepingCapacity: true)
        func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { body.append(contentsOf: $0) } }
        put(BodyView.magic)
        put(UInt32(count))
        put(UInt64(0))
        for s in starts { put(s + shift) }
        body.append(contentsOf: records)
        let sum = body.withUnsafeBytes { BodyView.checksum($0) }
        body.withUnsafeMutableBytes { $0.storeBytes(of: sum.littleEndian, toByteOffset: 8, as: UInt64.self) }
        removeAll()
        return try body.withUnsafeBytes(use)
    }
}
