import Testing

@testable import Web

/// Which site answers; that nothing crosses between them is tested end to end.
@Suite struct `The name of a host` {
    @Test(arguments: [
        ("brand.example", "brand.example"), ("Brand.EXAMPLE", "brand.example"), ("brand.example:8080", "brand.example"),
        ("brand.example.", "brand.example"), ("brand.example.:80", "brand.example"), ("brand.example..", "brand.example."),
        ("127.0.0.1:80", "127.0.0.1"), ("[::1]:8080", "[::1]"), ("[::1]", "[::1]"), ("", ""), (":80", ""), ("me@brand.example", "me@brand.example"),
        ("brand.example:80:90", "brand.example:80"), ("[::1", "[:"),
    ])
    func `is compared without case, port and the dot at its end`(authority: String, name: String) {
        #expect(Hosts.name(authority) == name)
    }
}
