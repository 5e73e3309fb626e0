/// Tells the time. Handed in by the composition root: nothing but the executable reads the system's clock.
package struct Clock: Sendable {
    private let read: @Sendable () -> Instant
    package init(_ read: @escaping @Sendable () -> Instant) { self.read = read }
    package var now: Instant { read() }
}

/// Random bytes. Handed in by the composition root, so that tests and the demo are repeatable.
package struct Randomness: Sendable {
    private let fill: @Sendable (Int) -> [UInt8]
    package init(_ fill: @escaping @Sendable (Int) -> [UInt8]) { self.fill = fill }
    package func bytes(_ count: Int) -> [UInt8] { fill(count) }
}

/// A seeded generator: xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64. Repeatable, not secret.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    package init(seed: UInt64) {
        var x = seed
        func split() -> UInt64 {
            x &+= 0x9E37_79B9_7F4A_7C15
            var z = x
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (split(), split(), split(), split())
    }

    package mutating func next() -> UInt64 {
        func rotl(_ v: UInt64, _ k: UInt64) -> UInt64 { (v << k) | (v >> (64 - k)) }
        let result = rotl(state.1 &* 5, 7) &* 9
        let t = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= t
        state.3 = rotl(state.3, 45)
        return result
    }

    /// A number in 0..<1.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    /// A number in 0..<bound. `bound` is at least 1.
    package mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high) }
}

/// Crockford's base 32 (www.crockford.com/base32.html), lower case: sortable, without i, l, o and u.
package enum Base32 {
    private static let letters = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The number in `width` letters, the most significant first.
    package static func text(_ number: UInt64, width: Int) -> String {
        var bytes = [UInt8](repeating: 48, count: width)
        var n = number
        for i in stride(from: width - 1, through: 0, by: -1) {
            bytes[i] = letters[Int(n & 31)]
            n >>= 5
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The letters of random bytes, five bits each; the rest below five bits is dropped.
    package static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                out.append(letters[Int(buffer >> UInt32(bits) & 31)])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The number that letters stand for, or nil when one is none of the alphabet or more than 64 bits are named.
    package static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.count <= 12 else { return nil }
        var n: UInt64 = 0
        for byte in text.utf8 {
            guard let i = letters.firstIndex(of: byte) else { return nil }
            n = n << 5 | UInt64(i)
        }
        return n
    }
}

/// A customer, as the API and pages name them: `cus_` and seven letters of Crockford's base 32.
///
/// The number is that of the *raw customer* (see ``Identity``): given in the order of the ledger, so a rebuild gives the
/// same ids. After a merge the id of each raw customer still leads to the person, whose own id is the lowest.
package struct CustomerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let raw: UInt32
    @inlinable package init(raw: UInt32) { self.raw = raw }
    @inlinable package static func < (a: CustomerID, b: CustomerID) -> Bool { a.raw < b.raw }
    package init?(_ text: String) {
        guard text.hasPrefix("cus_"), text.utf8.count == 11, let n = Base32.number(text.dropFirst(4)), n <= UInt64(UInt32.max) else { return nil }
        raw = UInt32(n)
    }
    package var description: String { "cus_" + Base32.text(UInt64(raw), width: 7) }
}

/// What went wrong, as facts that RFC 9457 shows to a client. Errors of the targets become one of these in one place.
package struct Problem: Error, Sendable, Equatable {
    /// HTTP status.
    package var status: Int
    /// The last part of the problem's `type`, and its key in the documentation: `too-large`, `unknown-key`.
    package var kind: String
    /// One short sentence, the same for every problem of this kind.
    package var title: String
    /// What, where and how to mend it, for this occurrence. No personal data.
    package var detail: String
    /// Seconds after which trying again makes sense.
    package var retryAfter: Int?

    package init(status: Int, kind: String, title: String, detail: String, retryAfter: Int? = nil) {
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.retryAfter = retryAfter
    }
}

extension Double {
    /// The nearest number with six decimals at most: a sum of money is `214.9`, and not `214.89999999999998`, which is the same to a machine.
    package var tidy: Double {
        // Past this the sixth decimal is less than a Double tells apart.
        guard abs(self) < 1e9 else { return self }
        return (self * 1e6).rounded() / 1e6
    }
}
