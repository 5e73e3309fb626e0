import Testing

@testable import Web

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
}

@Suite(.timeLimit(.minutes(1))) struct `Behind reverse proxies` {
    private static func behind(_ ranges: String...) -> @Sendable (inout Server.Settings) -> Void {
        { $0.proxies = ranges.compactMap { AddressRange($0) } }
    }

    /// The address that a wrong token is counted for, found by which one has to wait.
    private static func blames(_ server: TestServer, _ headers: [(String, String)], _ address: String) async throws -> Bool {
        for _ in 0..<FailureLimit.failures {
            _ = try await server.send("GET", "/api/ledger", headers: headers + [("Authorization", "Bearer wrong")])
        }
        return try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", address)]).status == 429
    }

    @Test(arguments: [
        (["203.0.113.9"], "203.0.113.9"), (["1.1.1.1, 203.0.113.9"], "203.0.113.9"), (["203.0.113.9, 10.2.3.4"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9, 10.2.3.4, 10.9.9.9"], "203.0.113.9"), (["1.1.1.1", "203.0.113.9", "10.2.3.4"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"), (["[2001:db8::7]:443, 10.0.0.1"], "2001:db8::7"), (["nonsense, 203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, nonsense, 10.0.0.1"], "10.0.0.1"),
    ])
    func `the client is the first from the right who is no trusted proxy`(lines: [String], client: String) async throws {
        try await TestServer.run(Self.behind("127.0.0.1", "10.0.0.0/8")) { (server) async throws in
            #expect(try await Self.blames(server, lines.map { ("X-Forwarded-For", $0) }, client))
        }
    }

    @Test func `whoever is no trusted proxy can claim neither another address nor TLS`() async throws {
        try await TestServer.run(Self.behind("10.0.0.0/8", "::1"), pages: true) { (server) async throws in
            let page = try await server.send("GET", "/signin", headers: [("X-Forwarded-Proto", "https")])
            #expect(page.headers["strict-transport-security"] == nil)
            #expect(page.headers["set-cookie"]?.contains("Secure") == false)
            for i in 0..<FailureLimit.failures {
                let headers = [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.\(i)")]
                #expect(try await server.send("GET", "/api/ledger", headers: headers).status == 401)
            }
            #expect(
                try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.99")]).status
                    == 429)
        }
    }

    @Test func `a trusted proxy says whether the client speaks TLS`() async throws {
        try await TestServer.run(Self.behind("127.0.0.0/8"), pages: true) { (server) async throws in
            for (said, isSecure) in [("https", true), ("HTTPS", true), ("http", false), ("http, https", true), ("https, http", false), ("", false)] {
                let page = try await server.send("GET", "/signin", headers: [("X-Forwarded-Proto", said)])
                #expect((page.headers["strict-transport-security"] == "max-age=31536000") == isSecure, "\(said)")
                #expect(page.headers["set-cookie"]?.hasPrefix("__Host-") == isSecure, "\(said)")
            }
            #expect(try await server.send("GET", "/signin").headers["strict-transport-security"] == nil)
            #expect(
                try await server.send("GET", "/api/nowhere", headers: [("X-Forwarded-Proto", "https")]).headers["strict-transport-security"] != nil)
            #expect(
                try await server.send("GET", "/health", headers: [("X-Forwarded-Proto", "https")], bySocket: true)
                    .headers["strict-transport-security"] == nil)
        }
    }
}
