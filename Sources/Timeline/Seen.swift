import Glibc
import Ledger

// A file of seen messages, format version 1. Numbers are little-endian.
//
//   0  UInt64  "SLSEEN01"
//   8  UInt64  count
//  16  UInt64  bits of the index
//  24  UInt64  the file's size
//  64  UInt32 × (2^bits + 1)  where fingerprints with these leading bits start
//      16 bytes × count  fingerprints, ascending by their high half (starts at a multiple of 64)
//      UInt32 × count    when each was received, in seconds since 1970

/// Fingerprints of messages received within the window, up to a snapshot; never written after it was made.
///
/// @unchecked Sendable: immutable memory, kept mapped by `memory`.
final class SeenBase: @unchecked Sendable {
    private static let magic: UInt64 = 0x3130_4E45_4553_4C53
    private let memory: Mapped
    let count: Int
    private let bits: UInt64
    private let index: UnsafeMutablePointer<UInt32>
    fileprivate let prints: UnsafeMutablePointer<Fingerprint>
    fileprivate let seconds: UnsafeMutablePointer<UInt32>

    private init(_ memory: Mapped, count: Int, bits: UInt64) {
        self.memory = memory
        self.count = count
        self.bits = bits
        index = memory.at(64)
        prints = memory.at(Self.printsAt(bits))
        seconds = memory.at(Self.printsAt(bits) + 16 * count)
    }

    /// Nil when the file is missing or damaged so that reading it would leave its bounds.
    convenience init?(file: String) {
        guard let m = Mapped(file: file), m.count >= 64 else { return nil }
        let head: UnsafeMutablePointer<UInt64> = m.at(0)
        guard head[0] == Self.magic, head[1] < 1 << 32, head[2] <= 32, head[3] == UInt64(m.count), Self.size(Int(head[1]), head[2]) == m.count else {
            return nil
        }
        self.init(m, count: Int(head[1]), bits: head[2])
        var last: UInt32 = 0
        for b in 0...(1 << Int(bits)) {
            guard index[b] >= last else { return nil }
            last = index[b]
        }
        guard Int(last) == count else { return nil }
    }

    private static func printsAt(_ bits: UInt64) -> Int { (64 + 4 * ((1 << Int(bits)) + 1) + 63) & ~63 }
    private static func size(_ n: Int, _ bits: UInt64) -> Int { printsAt(bits) + 20 * max(n, 1) }

    /// When it was received, or nil.
    func second(_ f: Fingerprint) -> UInt32? {
        let b = Int(f.high &>> (64 &- bits))
        var newest: UInt32?
        for i in Int(index[b])..<Int(index[b &+ 1]) where prints[i].low == f.low && prints[i].high == f.high {
            newest = max(newest ?? 0, seconds[i])
        }
        return newest
    }

    /// Base and frozen delta → a new file, synced. What was received before `oldest` is forgotten.
    static func merge(_ base: SeenBase?, _ delta: SeenDelta, oldest: UInt32, to file: String) throws(TimelineProblem) {
        let fresh = delta.sorted()
        var n = fresh.count
        if let base { for i in 0..<base.count where base.seconds[i] >= oldest { n += 1 } }
        var bits: UInt64 = 8
        while (16 << bits) < n { bits += 1 }
        let memory = try Mapped(create: file, size: size(n, bits))
        let head: UnsafeMutablePointer<UInt64> = memory.at(0)
        (head[0], head[1], head[2], head[3]) = (magic, UInt64(n), bits, UInt64(memory.count))
        let out = SeenBase(memory, count: n, bits: bits)
        var k = 0
        var bucket = 0
        func put(_ f: Fingerprint, _ second: UInt32) {
            let b = Int(f.high &>> (64 &- bits))
            while bucket <= b {
                out.index[bucket] = UInt32(k)
                bucket &+= 1
            }
            out.prints[k] = f
            out.seconds[k] = second
            k &+= 1
        }
        var j = 0
        if let base {
            for i in 0..<base.count where base.seconds[i] >= oldest {
                while j < fresh.count, fresh[j].print.high < base.prints[i].high {
                    put(fresh[j].print, fresh[j].second)
                    j += 1
                }
                put(base.prints[i], base.seconds[i])
            }
        }
        while j < fresh.count {
            put(fresh[j].print, fresh[j].second)
            j += 1
        }
        while bucket <= 1 << Int(bits) {
            out.index[bucket] = UInt32(k)
            bucket &+= 1
        }
        try memory.sync()
    }
}

/// Fingerprints since the snapshot. Written by the pipeline only; read by the merge only after it was frozen.
///
/// @unchecked Sendable: the hand-over from the pipeline to the merge goes through a lock, after which nobody writes.
final class SeenDelta: @unchecked Sendable {
    private static let slots = 1 << 23
    private let memory = Mapped(anonymous: slots * 20)
    private let table: UnsafeMutablePointer<Fingerprint>
    private let times: UnsafeMutablePointer<UInt32>
    private(set) var count = 0
    /// The latest time received.
    private(set) var newest: UInt32 = 0
    var isFull: Bool { count > Self.slots / 8 * 6 }

    init() {
        table = memory.at(0)
        times = memory.at(Self.slots * 16)
    }

    private func place(_ f: Fingerprint) -> (index: Int, found: Bool) {
        var i = Int(truncatingIfNeeded: f.low &>> 1) & (Self.slots &- 1)
        while true {
            let e = table[i]
            if e.low == f.low && e.high == f.high { return (i, true) }
            if e.low == 0 && e.high == 0 { return (i, false) }
            i = (i &+ 1) & (Self.slots &- 1)
        }
    }

    /// When it was received before, or nil.
    func second(_ f: Fingerprint) -> UInt32? {
        let p = place(f)
        return p.found ? times[p.index] : nil
    }

    func insert(_ f: Fingerprint, _ second: UInt32) {
        let p = place(f)
        if !p.found {
            table[p.index] = f
            count &+= 1
        }
        times[p.index] = second
        newest = max(newest, second)
    }

    func sorted() -> [(print: Fingerprint, second: UInt32)] {
        var all: [(print: Fingerprint, second: UInt32)] = []
        all.reserveCapacity(count)
        for i in 0..<Self.slots where table[i].low != 0 || table[i].high != 0 { all.append((table[i], times[i])) }
        all.sort { $0.print.high < $1.print.high }
        return all
    }
}
