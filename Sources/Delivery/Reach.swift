package import Kernel

/// Which addresses messages may go to: those of the public internet, and networks that whoever runs the server allows all the same.
///
/// An address that somebody typed, or a name that leads wherever its owner wants, must not make the server speak to what stands behind
/// its firewall. So it is asked of each address just before it is connected to (`CurlRequest.mayConnect`), and what a name led to
/// when it was looked at earlier says nothing.
///
/// What is not public follows the registries of special addresses: iana-ipv4-special-registry, iana-ipv6-special-registry (RFC 6890),
/// multicast (RFC 5771), and of IPv6 all that is not global unicast (2000::/3, RFC 4291, section 2.4).
package struct Reach: Sendable {
    private let allowed: [AddressRange]

    /// - Parameter allowed: Networks that may be reached though they are not public.
    package init(allowed: [AddressRange] = []) { self.allowed = allowed }

    /// Whether messages may go there: it is public, or allowed all the same.
    package func contains(_ address: IPAddress) -> Bool { Self.isPublic(address) || allowed.contains { $0.contains(address) } }

    /// Whether anybody on the internet could be there.
    package static func isPublic(_ address: IPAddress) -> Bool {
        if address.isIPv4 { return !special4.contains { $0.contains(address) } }
        return unicast6.contains { $0.contains(address) } && !special6.contains { $0.contains(address) }
    }

    private static func ranges(_ texts: String...) -> [AddressRange] {
        texts.map { text in
            guard let range = AddressRange(text) else { preconditionFailure("\(text) is no range of addresses") }
            return range
        }
    }

    /// This network, private, shared with a provider (RFC 6598), this machine, this link, private, protocols, documentation, 6to4 relays,
    /// private, benchmarks, documentation twice, multicast, reserved and broadcast.
    private static let special4 = ranges(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4")
    private static let unicast6 = ranges("2000::/3")
    /// Protocols (Teredo, ORCHID and others), documentation, 6to4 (which has an address of IPv4 in it), documentation.
    private static let special6 = ranges("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
}
