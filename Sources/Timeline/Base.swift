import Glibc

// A columns file, format version 1. Numbers are little-endian; each column starts at a multiple of 4,096 bytes.
//
//   0  UInt64  "SLCOLS01"
//   8  UInt64  raw customers
//  16  UInt64  marks
//  24  UInt64  the file's size
//  64  UInt32 × (customers + 1)  where each customer's marks start
//      UInt64 × marks  ledger position
//      Double × marks  value
//      UInt32 × marks  second
//      UInt16 × marks  event
//      UInt8  × marks  channel
//      UInt8  × marks  flags
//
// Marks lie by customer, then second, then position. The file is written once, synced, and then named by `snapshot`; it is
// never changed. Offsets of 32 bits bound it to 4.29 billion marks.

/// The immutable part of the timeline.
///
/// @unchecked Sendable: read-only memory whose mapping lives as long as `memory`.
final class Base: @unchecked Sendable {
    private static let magic: UInt64 = 0x3130_534C_4F43_4C53
    private let memory: Mapped
    let customers: Int
    let marks: Int
    let offsets: UnsafeMutablePointer<UInt32>
    let positions: UnsafeMutablePointer<UInt64>
    let values: UnsafeMutablePointer<Double>
    let seconds: UnsafeMutablePointer<UInt32>
    let events: UnsafeMutablePointer<UInt16>
    let channels: UnsafeMutablePointer<UInt8>
    let flags: UnsafeMutablePointer<UInt8>

    private struct Layout {
        let offsets = 64
        let positions, values, seconds, events, channels, flags, size: Int
        init(customers: Int, marks: Int) {
            func up(_ n: Int) -> Int { (n + 4095) & ~4095 }
            positions = up(offsets + 4 * (customers + 1))
            values = up(positions + 8 * marks)
            seconds = up(values + 8 * marks)
            events = up(seconds + 4 * marks)
            channels = up(events + 2 * marks)
            flags = up(channels + marks)
            size = up(flags + marks)
        }
    }

    init(_ memory: Mapped, customers: Int, marks: Int) {
        let l = Layout(customers: customers, marks: marks)
        self.memory = memory
        self.customers = customers
        self.marks = marks
        offsets = memory.at(l.offsets)
        positions = memory.at(l.positions)
        values = memory.at(l.values)
        seconds = memory.at(l.seconds)
        events = memory.at(l.events)
        channels = memory.at(l.channels)
        flags = memory.at(l.flags)
    }

    /// Nil when the file is missing or damaged so that reading it would leave its bounds.
    convenience init?(file: String) {
        guard let m = Mapped(file: file), m.count >= 4096 else { return nil }
        let head: UnsafeMutablePointer<UInt64> = m.at(0)
        guard head[0] == Self.magic, head[1] < 1 << 32, head[2] < 1 << 32 else { return nil }
        let customers = Int(head[1])
        let marks = Int(head[2])
        guard Layout(customers: customers, marks: marks).size == m.count, head[3] == UInt64(m.count) else { return nil }
        self.init(m, customers: customers, marks: marks)
        var last: UInt32 = 0
        for c in 0...customers {
            guard offsets[c] >= last else { return nil }
            last = offsets[c]
        }
        guard Int(last) == marks else { return nil }
    }

    static func empty() -> Base { Base(Mapped(anonymous: 4096 * 8), customers: 0, marks: 0) }

    func slice(_ c: UInt32) -> Range<Int> { Int(c) < customers ? Int(offsets[Int(c)])..<Int(offsets[Int(c) &+ 1]) : 0..<0 }

    func mark(_ i: Int) -> Mark {
        Mark(position: positions[i], second: seconds[i], event: events[i], channel: channels[i], flags: flags[i], value: values[i])
    }

    /// Base and frozen delta → a new file, synced. Marks of hidden customers are left out, and those whose time is over.
    static func merge(_ base: Base, _ delta: Delta, customers: Int, hidden: Set<UInt32>, expiry: Expiry, to file: String) throws(TimelineProblem) {
        let gone = hidden.reduce(0) { $0 + base.slice($1).count + delta.count(of: $1) } + Parts.expired(base, [delta], expiry, hidden)
        let total = base.marks + delta.count - gone
        let memory = try create(file, customers: customers, marks: total)
        var merge = Merge(base: base, out: Base(memory, customers: customers, marks: total))
        var scratch: [Mark] = []
        for c in 0..<UInt32(customers) {
            let isHidden = !hidden.isEmpty && hidden.contains(c)
            let expires = !expiry.isEmpty && !isHidden && base.expired(c, expiry) > 0
            guard isHidden || expires || delta.hasMarks(c) else { continue }
            delta.collect(c, &scratch)
            if !expiry.isEmpty { scratch.removeAll(where: expiry.takes) }
            merge.flush(upTo: Int(c))
            merge.customer(Int(c), isHidden ? nil : scratch, expires ? expiry : nil)
        }
        merge.flush(upTo: customers)
        merge.out.offsets[customers] = UInt32(merge.written)
        precondition(merge.written == total)
        try memory.sync()
    }

    /// A new file with its head.
    static func create(_ file: String, customers: Int, marks: Int) throws(TimelineProblem) -> Mapped {
        guard marks <= Int(UInt32.max) else { throw .unwritable("more than \(UInt32.max) interactions: use several data folders") }
        let memory = try Mapped(create: file, size: Layout(customers: customers, marks: marks).size)
        let head: UnsafeMutablePointer<UInt64> = memory.at(0)
        head[0] = magic
        head[1] = UInt64(customers)
        head[2] = UInt64(marks)
        head[3] = UInt64(memory.count)
        return memory
    }

    func put(_ m: Mark, at i: Int) {
        positions[i] = m.position
        values[i] = m.value
        seconds[i] = m.second
        events[i] = m.event
        channels[i] = m.channel
        flags[i] = m.flags
    }

    private struct Merge {
        let base: Base
        let out: Base
        /// Marks written.
        var written = 0
        /// The first customer not yet written.
        private var run = 0

        init(base: Base, out: Base) {
            self.base = base
            self.out = out
        }

        private mutating func copy(_ from: Int, _ n: Int) {
            guard n > 0 else { return }
            memcpy(out.positions + written, base.positions + from, n * 8)
            memcpy(out.values + written, base.values + from, n * 8)
            memcpy(out.seconds + written, base.seconds + from, n * 4)
            memcpy(out.events + written, base.events + from, n * 2)
            memcpy(out.channels + written, base.channels + from, n)
            memcpy(out.flags + written, base.flags + from, n)
            written += n
        }

        private mutating func put(_ m: Mark) {
            out.put(m, at: written)
            written += 1
        }

        /// Customers without new marks are copied as one run.
        mutating func flush(upTo c: Int) {
            guard run < c else { return }
            let known = min(c, base.customers)
            if run < known {
                let from = Int(base.offsets[run])
                let shift = UInt32(truncatingIfNeeded: written &- from)
                for i in run..<known { out.offsets[i] = base.offsets[i] &+ shift }
                copy(from, Int(base.offsets[known]) - from)
            }
            for i in max(run, known)..<max(c, max(run, known)) { out.offsets[i] = UInt32(written) }
            run = c
        }

        /// - Parameters:
        ///   - fresh: newest first; nil when the customer is hidden.
        ///   - expiry: which marks of the base are left out; nil when none is.
        mutating func customer(_ c: Int, _ fresh: [Mark]?, _ expiry: Expiry?) {
            out.offsets[c] = UInt32(written)
            run = c + 1
            guard let fresh else { return }
            let s = base.slice(UInt32(c))
            var i = s.lowerBound
            if let expiry {
                var new = fresh
                for i in s where !base.isExpired(i, expiry) {
                    let mark = base.mark(i)
                    while let next = new.last, mark.isAfter(next) {
                        put(next)
                        new.removeLast()
                    }
                    copy(i, 1)
                }
                for mark in new.reversed() { put(mark) }
                return
            }
            guard let oldest = fresh.last else { return copy(i, s.count) }
            if s.isEmpty || base.seconds[s.upperBound - 1] < oldest.second {  // nearly always: everything new is later
                copy(i, s.count)
                i = s.upperBound
            }
            for m in fresh.reversed() {
                while i < s.upperBound, !base.mark(i).isAfter(m) {
                    copy(i, 1)
                    i += 1
                }
                put(m)
            }
            copy(i, s.upperBound - i)
        }
    }
}
