import Kernel
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `Behind reverse proxies` {
    private static func behind(_ ranges: String...) -> @Sendable (inout Server.Settings) -> Void {
        { $0.proxies = ranges.compactMap { AddressRange($0) } }
    }

    /// The address that a wrong token is counted for, found by which one has to wait.
    private static func blames(_ server: TestServer, _ headers: [(String, String)], _ address: String) async throws -> Bool {
        for _ in 0..<Web.Authentication.wrongTokens {
            _ = try await server.send("GET", "/api/ledger", headers: headers + [("Authorization", "Bearer wrong")])
        }
        return try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", address)]).status == 429
    }

    @Test func `the client is the first from the right who is no trusted proxy`() async throws {
        // Each case has a client of its own, in the place of the star.
        let cases: [(lines: [String], client: String)] = [
            (["*"], "203.0.113.1"), (["1.1.1.1, *"], "203.0.113.2"), (["*, 10.2.3.4"], "203.0.113.3"),
            (["1.1.1.1, *, 10.2.3.4, 10.9.9.9"], "203.0.113.4"), (["1.1.1.1", "*", "10.2.3.4"], "203.0.113.5"), (["*:4711"], "203.0.113.6"),
            (["[*]:443, 10.0.0.1"], "2001:db8::7"), (["nonsense, *"], "203.0.113.8"), (["203.0.113.9, nonsense, *"], "10.0.0.1"),
        ]
        try await TestServer.run(Self.behind("127.0.0.1", "10.0.0.0/8")) { (server) async throws in
            for (lines, client) in cases {
                let headers = lines.map { ("X-Forwarded-For", $0.replacing("*", with: client)) }
                #expect(try await Self.blames(server, headers, client), "\(lines)")
            }
        }
    }

    @Test func `whoever is no trusted proxy can claim neither another address nor TLS`() async throws {
        try await TestServer.run(Self.behind("10.0.0.0/8", "::1"), pages: true) { (server) async throws in
            let page = try await server.send("GET", "/signin", headers: [("X-Forwarded-Proto", "https")])
            #expect(page.headers["strict-transport-security"] == nil)
            #expect(page.headers["set-cookie"]?.contains("Secure") == false)
            for i in 0..<Web.Authentication.wrongTokens {
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
