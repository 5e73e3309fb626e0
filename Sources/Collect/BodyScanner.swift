/// Finds where the members of a body and the items of its batch lie, without reading what is in them.
///
/// It keeps to the grammar of JSON outside the items, and inside them counts brackets and skips strings. So each item can
/// be parsed by itself, and one that is broken inside (bad UTF-8, a number too large) does not hide the others.
struct BodyScanner {
    /// A part of the body: offsets of its first byte and behind its last one.
    struct Span: Equatable {
        var from: Int
        var to: Int
        var count: Int { to - from }
    }

    /// Where the body breaks the grammar.
    struct Break: Error, Equatable { var at: Int }

    let bytes: UnsafeRawBufferPointer
    private let start: UnsafeRawPointer
    private let end: Int

    /// - Parameter bytes: At least one.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        start = bytes.baseAddress!
        end = bytes.count
    }

    @inline(__always) private func byte(_ i: Int) -> UInt8 { start.load(fromByteOffset: i, as: UInt8.self) }

    /// The offset of the next byte that is no white space.
    @inline(__always) func skipSpace(_ from: Int) -> Int {
        var i = from
        while i < end {
            let c = byte(i)
            guard c == 32 || c == 10 || c == 13 || c == 9 else { break }
            i &+= 1
        }
        return i
    }

    /// The bytes of a part.
    func slice(_ span: Span) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start + span.from, count: span.count) }

    /// Whether a key is this name, written without escapes.
    func has(_ key: Span, _ name: StaticString) -> Bool {
        slice(key).elementsEqual(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// The body without white space around it.
    func trimmed() -> Span {
        let from = skipSpace(0)
        var to = end
        while to > from {
            let c = byte(to - 1)
            guard c == 32 || c == 10 || c == 13 || c == 9 else { break }
            to -= 1
        }
        return Span(from: from, to: to)
    }

    /// Calls `found` with the key (between its quotes) and the value of each member of the object at `from`; returns the offset behind it.
    func members(_ from: Int, _ found: (_ key: Span, _ value: Span) throws(Break) -> Void) throws(Break) -> Int {
        var i = skipSpace(from + 1)
        if i < end, byte(i) == 0x7d { return i + 1 }
        while true {
            guard i < end, byte(i) == 0x22 else { throw Break(at: i) }
            let key = try string(i)
            var j = skipSpace(key)
            guard j < end, byte(j) == 0x3a else { throw Break(at: j) }
            j = skipSpace(j + 1)
            let to = try value(j)
            try found(Span(from: i + 1, to: key - 1), Span(from: j, to: to))
            i = skipSpace(to)
            guard i < end else { throw Break(at: i) }
            if byte(i) == 0x7d { return i + 1 }
            guard byte(i) == 0x2c else { throw Break(at: i) }
            i = skipSpace(i + 1)
        }
    }

    /// Appends where the elements of the array at `from` lie.
    func elements(_ from: Int, to spans: inout [Span]) throws(Break) {
        var i = skipSpace(from + 1)
        if i < end, byte(i) == 0x5d { return }
        while true {
            let to = try value(i)
            spans.append(Span(from: i, to: to))
            i = skipSpace(to)
            guard i < end else { throw Break(at: i) }
            if byte(i) == 0x5d { return }
            guard byte(i) == 0x2c else { throw Break(at: i) }
            i = skipSpace(i + 1)
        }
    }

    /// The offset behind the value at `from`.
    private func value(_ from: Int) throws(Break) -> Int {
        guard from < end else { throw Break(at: from) }
        switch byte(from) {
        case 0x22: return try string(from)
        case 0x7b, 0x5b: return try nested(from)
        case 0x2c, 0x3a, 0x5d, 0x7d: throw Break(at: from)
        default:
            var i = from
            while i < end {
                switch byte(i) {
                case 0x2c, 0x5d, 0x7d, 32, 10, 13, 9: return i
                default: i &+= 1
                }
            }
            return i
        }
    }

    /// The offset behind the object or array at `from`, by counting brackets.
    private func nested(_ from: Int) throws(Break) -> Int {
        var depth = 0
        var i = from
        while i < end {
            // Between strings there are mostly commas and digits, so byte by byte is as quick as anything.
            let c = byte(i)
            if c == 0x22 {
                i = try string(i)
                continue
            }
            // { [ differ by one bit, and so do } ].
            let folded = c | 0x20
            if folded == 0x7b {
                depth &+= 1
            } else if folded == 0x7d {
                depth &-= 1
                if depth == 0 { return i &+ 1 }
            }
            i &+= 1
        }
        throw Break(at: end)
    }

    /// The offset behind the string whose quote is at `from`.
    @inline(__always) private func string(_ from: Int) throws(Break) -> Int {
        var i = from &+ 1
        while i < end {
            // Eight bytes at a time up to the first quote or backslash.
            while i &+ 8 <= end {
                let eight = start.loadUnaligned(fromByteOffset: i, as: UInt64.self).littleEndian
                let stops = Self.zeros(eight ^ 0x2222_2222_2222_2222) | Self.zeros(eight ^ 0x5c5c_5c5c_5c5c_5c5c)
                if stops == 0 {
                    i &+= 8
                } else {
                    i &+= stops.trailingZeroBitCount &>> 3
                    break
                }
            }
            guard i < end else { break }
            switch byte(i) {
            case 0x22: return i &+ 1
            case 0x5c: i &+= 2
            default: i &+= 1
            }
        }
        throw Break(at: end)
    }

    /// The high bit of each byte that is zero; those behind the first may be wrong (Warren, "Hacker's Delight", section 6-1).
    @inline(__always) private static func zeros(_ v: UInt64) -> UInt64 { (v &- 0x0101_0101_0101_0101) & ~v & 0x8080_8080_8080_8080 }
}
