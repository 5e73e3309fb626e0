import Glibc

/// An IP address. One of IPv4 is the same as itself written in IPv6 (RFC 4291, section 2.5.5.2), as a listener on `::` sees it.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    fileprivate let bits: UInt128
    /// The first 96 bits of every IPv4 address.
    private static let mapped: UInt128 = 0xffff << 32

    /// Reads `192.0.2.7` or `2001:db8::7`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bits = Self.mapped | UInt128(UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bits = withUnsafeBytes(of: &v6) { $0.reduce(0) { $0 << 8 | UInt128($1) } }
        } else {
            return nil
        }
    }

    /// Reads the 16 bytes of IPv6, the most significant first; nil for any other number of them.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// Whether it is one of IPv4, however it was written.
    package var isIPv4: Bool { bits >> 32 == Self.mapped >> 32 }

    /// Whom the address belongs to, for counting: one of IPv4 to itself, one of IPv6 to its network of 64 bits, as whoever has one
    /// address of it has them all.
    package var holder: String {
        guard !isIPv4 else { return description }
        return IPAddress(bits: (bits >> 64) << 64).description + "/64"
    }

    private init(bits: UInt128) { self.bits = bits }

    package var description: String {
        if isIPv4 { return (0..<4).reversed().map { String((bits >> ($0 * 8)) & 0xff) }.joined(separator: ".") }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { bytes in
            for i in 0..<16 { bytes[i] = UInt8(truncatingIfNeeded: bits >> (8 * (15 - i))) }
        }
        var text = [UInt8](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten = text.withUnsafeMutableBytes { inet_ntop(AF_INET6, &address, $0.baseAddress?.assumingMemoryBound(to: CChar.self), 46) != nil }
        return isWritten ? String(decoding: text.prefix { $0 != 0 }, as: UTF8.self) : ""
    }
}

/// All addresses that begin with the same bits: `10.0.0.0/8`, `fd00::/8`, or a single address.
package struct AddressRange: Hashable, Sendable {
    private let first: UInt128
    private let mask: UInt128

    /// Reads an address, or one with the number of bits that count after a slash (RFC 4632, section 3.1).
    ///
    /// Nil for anything else, and when bits are set that do not count: of `10.0.0.1/8` nobody knows what was meant.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        let isIPv4 = !parts[0].contains(":")
        var bits = 128
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let given = Int(parts[1]), given <= (isIPv4 ? 32 : 128) else { return nil }
            bits = isIPv4 ? 96 + given : given
        }
        mask = bits == 0 ? 0 : UInt128.max << (128 - bits)
        first = address.bits
        guard first & ~mask == 0 else { return nil }
    }

    package func contains(_ address: IPAddress) -> Bool { address.bits & mask == first }
}
