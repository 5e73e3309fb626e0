import Kernel

/// Bytes that JSON is written into: a buffer that grows and is used again, without the checks of an array per byte.
///
/// Writes the same text as ``JSONText``.
package struct JSONSink: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// Bytes written so far.
    package private(set) var count = 0

    package init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }
    deinit { base.deallocate() }

    /// What was written; valid until the next write.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Forgets what was written and keeps the room, unless that grew past `keep` bytes.
    package mutating func removeAll(keep: Int = 1 << 20) {
        count = 0
        if capacity > keep {
            base.deallocate()
            capacity = 4096
            base = .allocate(capacity: capacity)
        }
    }

    /// Takes back what was written behind `count`.
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count)
        self.count = count
    }

    private mutating func ensure(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    @inline(never) private mutating func grow(_ more: Int) {
        let wanted = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    package mutating func byte(_ byte: UInt8) {
        ensure(1)
        base[count] = byte
        count &+= 1
    }

    /// Up to eight bytes, the first in the lowest bits.
    package mutating func word(_ word: UInt64, _ bytes: Int) {
        ensure(8)
        UnsafeMutableRawPointer(base + count).storeBytes(of: word.littleEndian, as: UInt64.self)
        count &+= bytes
    }

    /// Bytes as they are.
    package mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, bytes.count > 0 else { return }
        ensure(bytes.count)
        UnsafeMutableRawPointer(base + count).copyMemory(from: from, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Text as it is: what we ourselves write between values.
    package mutating func raw(_ text: StaticString) {
        raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A quoted string, escaped as RFC 8259 section 7 demands and no more.
    package mutating func string(_ text: UnsafeRawBufferPointer) {
        // Six bytes for one is the most an escape takes.
        ensure(text.count &* 6 &+ 16)
        var to = UnsafeMutableRawPointer(base + count)
        let start = to
        to.storeBytes(of: 34, as: UInt8.self)
        to += 1
        var i = 0
        let n = text.count
        while i < n {
            // Eight at a time as long as nothing needs an escape.
            while i &+ 8 <= n {
                let eight = text.loadUnaligned(fromByteOffset: i, as: UInt64.self)
                guard Self.plain(eight) else { break }
                to.storeBytes(of: eight, as: UInt64.self)
                to += 8
                i &+= 8
            }
            let stop = min(i &+ 8, n)
            while i < stop {
                let c = text[i]
                if c >= 32 && c != 34 && c != 92 {
                    to.storeBytes(of: c, as: UInt8.self)
                    to += 1
                } else {
                    to += Self.escape(c, to)
                }
                i &+= 1
            }
        }
        to.storeBytes(of: 34, as: UInt8.self)
        count &+= to - start &+ 1
    }

    /// Whether none of eight bytes is a control character, a quote or a backslash (Warren, "Hacker's Delight", section 6-1).
    @inline(__always) private static func plain(_ v: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quote = v ^ (ones &* 34)
        let slash = v ^ (ones &* 92)
        let control = (v &- (ones &* 32)) & ~v
        return (((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | control) & highs == 0
    }

    private static func escape(_ c: UInt8, _ to: UnsafeMutableRawPointer) -> Int {
        let letter: UInt8? =
            switch c {
            case 34, 92: c
            case 8: 98
            case 9: 116
            case 10: 110
            case 12: 102
            case 13: 114
            default: nil
            }
        to.storeBytes(of: 92, as: UInt8.self)
        if let letter {
            to.storeBytes(of: letter, toByteOffset: 1, as: UInt8.self)
            return 2
        }
        let low = c & 15
        to.storeBytes(of: 117, toByteOffset: 1, as: UInt8.self)
        to.storeBytes(of: 48, toByteOffset: 2, as: UInt8.self)
        to.storeBytes(of: 48, toByteOffset: 3, as: UInt8.self)
        to.storeBytes(of: 48 + (c >> 4), toByteOffset: 4, as: UInt8.self)
        to.storeBytes(of: low < 10 ? 48 + low : 87 + low, toByteOffset: 5, as: UInt8.self)
        return 6
    }

    package mutating func integer(_ value: Int64) {
        if value < 0 { byte(45) }
        integer(value.magnitude)
    }

    package mutating func integer(_ value: UInt64) {
        ensure(20)
        var digits = 1
        var power: UInt64 = 10
        while digits < 20 && value >= power {
            digits &+= 1
            let (more, over) = power.multipliedReportingOverflow(by: 10)
            if over { break }
            power = more
        }
        var n = value
        var i = count &+ digits
        count = i
        repeat {
            i &-= 1
            base[i] = 48 &+ UInt8(truncatingIfNeeded: n % 10)
            n /= 10
        } while n > 0
    }

    /// The shortest text that reads back as the same number, as ``JSONText`` writes it.
    package mutating func number(_ value: Double) {
        let scaled = value * 10_000
        if scaled.magnitude < 1e15, let whole = Int64(exactly: Self.nearest(scaled)), Double(whole) / 10_000 == value {
            // A decimal of at most 15 digits is the only one of its length that reads back as this double, so it is the
            // shortest (Steele and White 1990). Prices and amounts end here.
            decimal(whole)
        } else {
            var text: [UInt8] = []
            JSONText.append(value, to: &text)
            text.withUnsafeBytes { raw($0) }
        }
    }

    private static func nearest(_ value: Double) -> Double {
        // Adding and taking away 2^52 + 2^51 rounds to a whole number; exact below 2^51.
        let magic = 0x1.8p52
        return (value + magic) - magic
    }

    private mutating func decimal(_ tenThousandths: Int64) {
        if tenThousandths < 0 { byte(45) }
        let n = tenThousandths.magnitude
        integer(n / 10_000)
        var rest = n % 10_000
        guard rest > 0 else { return }
        var places = 4
        while rest % 10 == 0 {
            rest /= 10
            places &-= 1
        }
        byte(46)
        ensure(4)
        for i in stride(from: places &- 1, through: 0, by: -1) {
            base[count &+ i] = 48 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count &+= places
    }
}
