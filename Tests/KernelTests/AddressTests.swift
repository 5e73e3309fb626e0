import Testing

@testable import Kernel

@Suite struct `Addresses and ranges of them` {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false), ("192.0.2.6/31", "192.0.2.7", true), ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("2001:db8::1", "2001:db8::1", true), ("::/0", "2001:db8::1", true),
        ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("::ffff:10.0.0.0/104", "10.1.2.3", true),
    ])
    func `a range has the addresses that begin as it does`(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == isIn)
    }

    @Test(arguments: [
        "", "10", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.1/8", "10.0.0.0/8/8", "fd00::/129", "fd00::1/8",
        "localhost", "10.0.0.0 /8", "::1%eth0",
    ])
    func `what is no range is none`(text: String) { #expect(AddressRange(text) == nil) }

    @Test(arguments: [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:DB8:0:0::7", "2001:db8::7"), ("::", "::")])
    func `an address is written in one way`(text: String, written: String) throws {
        #expect(try #require(IPAddress(text)).description == written)
    }

    @Test func `an address has 16 bytes, of which those of IPv4 are the last four`() {
        #expect(IPAddress([UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 7])?.description == "192.0.2.7")
        #expect(IPAddress([0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7])?.description == "2001:db8::7")
        #expect(IPAddress([UInt8](repeating: 0, count: 15)) == nil && IPAddress([UInt8](repeating: 0, count: 17)) == nil)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"), ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ])
    func `an IPv6 network of 64 bits belongs to one`(address: String, holder: String) throws {
        #expect(try #require(IPAddress(address)).holder == holder)
    }
}
