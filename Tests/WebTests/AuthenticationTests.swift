import Access
import Audit
import HTTPTypes
import Kernel
import Testing
import Web

@Suite(.timeLimit(.minutes(15))) struct `Authentication` {
    @Test func `every route of the API names a permission, and only health, readiness and the document are for anyone`() async throws {
        try await TestServer.run { (server) async throws in
            for endpoint in Routes.all(server.services) {
                switch endpoint.path {
                case "/health", "/ready", "/api/openapi.json": #expect(endpoint.permission == .anyone)
                case _ where endpoint.path.hasPrefix("/v1/"): #expect(endpoint.permission == .track)
                default: #expect(!endpoint.permission.roles.isEmpty, "\(endpoint.method) \(endpoint.path)")
                }
                // Whoever changes something may do more than read.
                // A formula stands in the body of what only asks.
                if endpoint.path.hasPrefix("/api/"), endpoint.method != .get, !endpoint.path.hasPrefix("/api/formulas/") {
                    #expect([.annotate, .change, .administer].contains(endpoint.permission))
                }
            }
        }
    }

    @Test func `every permission is an administrator's, and an employee's only that to belong`() {
        for permission in Permission.allCases where permission != .anyone && permission != .track {
            #expect(permission.roles.contains(.administrator))
            #expect(permission.roles.contains(.employee) == (permission == .belong))
        }
    }

    @Test func `whatever changes something, and every look at a customer, stands in the audit log`() async throws {
        try await TestServer.run { (server) async throws in
            for endpoint in Routes.all(server.services) where endpoint.path.hasPrefix("/api/") {
                // Reads all bodies and changes none.
                if endpoint.path == "/api/ledger/verification" { continue }
                // Asks of nobody in particular.
                if ["/api/formulas/check", "/api/formulas/explain"].contains(endpoint.path) { continue }
                let isCustomer = endpoint.path.hasPrefix("/api/customers/{ref}")
                if endpoint.method != .get || isCustomer { #expect(endpoint.audit != nil, "\(endpoint.method) \(endpoint.path)") }
            }
            let key = try await server.send("POST", "/api/keys", as: .administrator, json: #"{"name":"web shop"}"#)
            #expect(key.status == 201)
            _ = try await server.send("POST", "/api/keys", as: .agent, json: #"{"name":"other"}"#)
            let log = try server.services.audit.entries(limit: 10)
            #expect(log.map(\.action) == [.keyCreate])
            #expect(log.first?.subject == "web shop" && log.first?.actor.hasPrefix("token ") == true && log.first?.address == "127.0.0.1")
        }
    }

    /// Calls every route as every role. A route that lets somebody in answers something else than 401 or 403.
    @Test(arguments: Role.allCases)
    func `each role reaches exactly the routes of its permissions`(role: Role) async throws {
        try await TestServer.run { (server) async throws in
            let token = ("Authorization", "Bearer \(try server.token(role))")
            for endpoint in Routes.all(server.services) where !endpoint.permission.roles.isEmpty && endpoint.path != "/api/live" {
                let path = endpoint.path.replacing("{ref}", with: "cus_0000000").replacing("{merge}", with: "1").replacing("{id}", with: "1")
                    .replacing("{name}", with: "x").replacing("{number}", with: "1")
                let answer = try await server.send(
                    endpoint.method.rawValue, path, headers: [token], body: endpoint.method == .post ? Array("{}".utf8) : nil)
                #expect((answer.status == 403) == !endpoint.permission.roles.contains(role), "\(endpoint.method) \(path): \(answer.status)")
                #expect(answer.status != 401)
            }
        }
    }

    /// Calls every route with a token of each permission alone, made for an administrator.
    @Test(arguments: Permission.scopes(of: .administrator))
    func `a token with a scope reaches exactly the routes of that permission`(scope: Permission) async throws {
        try await TestServer.run { (server) async throws in
            let made = try server.services.access.createToken(name: "scoped", role: .administrator, scopes: [scope.rawValue])
            let token = ("Authorization", "Bearer \(made.secret)")
            for endpoint in Routes.all(server.services) where !endpoint.permission.roles.isEmpty && endpoint.path != "/api/live" {
                let path = endpoint.path.replacing("{ref}", with: "cus_0000000").replacing("{merge}", with: "1").replacing("{id}", with: "1")
                    .replacing("{name}", with: "x").replacing("{number}", with: "1")
                let answer = try await server.send(
                    endpoint.method.rawValue, path, headers: [token], body: endpoint.method == .post ? Array("{}".utf8) : nil)
                #expect((answer.status == 403) == (endpoint.permission != scope), "\(endpoint.method) \(path): \(answer.status)")
                #expect(answer.status != 401)
            }
        }
    }

    @Test func `a scope never gives what the role has not, and only permissions of the role can be named`() async throws {
        for permission in Permission.allCases where !permission.roles.isEmpty {
            for role in Role.allCases {
                let scoped = Principal(name: "x", role: role, scopes: [permission.rawValue])
                #expect(permission.isHeld(by: scoped) == permission.roles.contains(role))
                for other in Permission.allCases where other != permission { #expect(!other.isHeld(by: scoped)) }
            }
        }
        try await TestServer.run { (server) async throws in
            for (body, status) in [
                (#"{"name":"a","role":"agent","scopes":["administer"]}"#, 422), (#"{"name":"a","role":"agent","scopes":["king"]}"#, 422),
                (#"{"name":"a","role":"agent","scopes":[]}"#, 422), (#"{"name":"a","role":"agent","scopes":"read"}"#, 400),
                (#"{"name":"a","role":"agent","expiresAt":"2001-01-01"}"#, 422), (#"{"name":"a","role":"agent","expiresAt":"soon"}"#, 400),
                (#"{"name":"a","role":"agent","scopes":["read","read"],"expiresAt":"2100-01-01"}"#, 201),
            ] {
                let answer = try await server.send("POST", "/api/tokens", json: body, bySocket: true)
                #expect(answer.status == status, "\(body): \(answer.text)")
            }
            let made = try #require(try server.services.access.tokens().first)
            #expect(made.scopes == ["read"] && made.expiresAt == Instant("2100-01-01"))
            let said = try server.services.audit.entries(limit: 1).first?.detail ?? ""
            #expect(said.hasPrefix("agent, read only, until 2100-01-01T00:00:00"), "\(said)")
        }
    }

    @Test func `a write key takes what it was made for, in a batch item by item, and a replay asks again`() async throws {
        try await TestServer.run { (server) async throws in
            for wrong in [#"{"name":"w","calls":["read"]}"#, #"{"name":"w","calls":[]}"#] {
                #expect(try await server.send("POST", "/api/keys", json: wrong, bySocket: true).status == 422)
            }
            let secret = try server.services.access.createKey(name: "web", calls: ["track", "page"]).secret
            let key = TestServer.basic(secret)
            for (path, status) in [("track", 200), ("t", 200), ("identify", 403), ("i", 403), ("alias", 403), ("import", 403), ("batch", 200)] {
                let body = path == "batch" || path == "import" ? #"{"batch":[]}"# : #"{"userId":"u","event":"E","previousId":"v"}"#
                let answer = try await server.send("POST", "/v1/\(path)", headers: [key], json: body)
                #expect(answer.status == status, "\(path): \(answer.text)")
            }
            let batch = #"{"batch":[{"type":"identify","userId":"u"},{"type":"track","userId":"u","event":"E"}]}"#
            let receipt = try parsed(try await server.send("POST", "/v1/batch", headers: [key], json: batch).body)
            #expect(receipt["accepted"] == 1 && receipt["refused"]?.array?.first?["kind"] == "call-not-allowed")
            let replayed = try parsed(try await server.send("POST", "/api/quarantine/replay", json: #"{"all":true}"#, bySocket: true).body)
            #expect(replayed["accepted"] == 0 && replayed["refused"] == 1)
            // By the socket the operator names a key, and is held to none.
            let operated = try await server.send(
                "POST", "/v1/identify", headers: [("Sightline-Source", "web")], json: #"{"userId":"u"}"#, bySocket: true)
            #expect(operated.status == 200)
        }
    }

    @Test func `without a token every route of the API is 401 with a challenge`() async throws {
        try await TestServer.run { (server) async throws in
            for endpoint in Routes.all(server.services) where !endpoint.permission.roles.isEmpty {
                let answer = try await server.send(endpoint.method.rawValue, endpoint.path.replacing("{", with: "").replacing("}", with: ""))
                #expect(answer.status == 401, "\(endpoint.method) \(endpoint.path)")
                #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                #expect(answer.headers["content-type"] == "application/problem+json")
                // Whoever calls has no shell on the server: they hear what to send, and from whom they get it.
                #expect(answer.text.contains("Authorization: Bearer") && !answer.text.contains("`sightline"), "\(answer.text)")
            }
            let wrong = try await server.send("GET", "/api/keys", headers: [("Authorization", "Bearer wrong")])
            #expect(wrong.text.contains("Authorization: Bearer") && !wrong.text.contains("`sightline"), "\(wrong.text)")
            for key in [[], [TestServer.basic("wrong")]] {
                let refused = try await server.send("POST", "/v1/track", headers: key, json: #"{"userId":"ann","event":"A"}"#)
                #expect(refused.status == 401 && refused.text.contains("administrator") && !refused.text.contains("`sightline"), "\(refused.text)")
            }
        }
    }

    @Test func `the Unix socket is the operator's, and a token shown there counts for what it is`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await server.send("GET", "/api/keys", bySocket: true).status == 200)
            let agent = ("Authorization", "Bearer \(try server.token(.agent))")
            #expect(try await server.send("GET", "/api/keys", headers: [agent], bySocket: true).status == 403)
            #expect(try await server.send("GET", "/api/keys", headers: [("Authorization", "Bearer wrong")], bySocket: true).status == 401)
        }
    }

    @Test func `a revoked token is refused at once`() async throws {
        try await TestServer.run { (server) async throws in
            let made = try server.services.access.createToken(name: "brief", role: .agent).secret
            #expect(try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer \(made)")]).status == 200)
            try server.services.access.revokeToken(name: "brief")
            #expect(try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer \(made)")]).status == 401)
        }
    }

    @Test func `after 20 unknown tokens in a minute an address waits for the minute's end, the right token too`() async throws {
        try await TestServer.run { (server) async throws in
            let right = ("Authorization", "Bearer \(try server.token(.agent))")
            for _ in 0..<Web.Authentication.wrongTokens {
                #expect(try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong")]).status == 401)
            }
            let waiting = try await server.send("GET", "/api/ledger", headers: [right])
            #expect(waiting.status == 429)
            #expect(waiting.headers["retry-after"] == "60")
            #expect(try await server.send("GET", "/api/ledger", bySocket: true).status == 200)
            server.time.advance(Web.Authentication.window)
            #expect(try await server.send("GET", "/api/ledger", headers: [right]).status == 200)
        }
    }

    @Test func `behind a trusted proxy failures count for the address it names last`() async throws {
        try await TestServer.run({ $0.proxies = [AddressRange("127.0.0.1")].compactMap(\.self) }) { (server) async throws in
            for i in 0..<Web.Authentication.wrongTokens {
                let headers = [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "10.0.0.\(i), 203.0.113.9")]
                #expect(try await server.send("GET", "/api/ledger", headers: headers).status == 401)
            }
            #expect(
                try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.9")]).status
                    == 429)
            #expect(
                try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.10")]).status
                    == 401)
        }
    }

    @Test func `without a trusted proxy nobody can claim another address`() async throws {
        try await TestServer.run { (server) async throws in
            for i in 0..<Web.Authentication.wrongTokens {
                _ = try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.\(i)")])
            }
            #expect(
                try await server.send("GET", "/api/ledger", headers: [("Authorization", "Bearer wrong"), ("X-Forwarded-For", "203.0.113.99")]).status
                    == 429)
        }
    }
}
