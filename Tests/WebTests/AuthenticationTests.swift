import Access
import Audit
import HTTPTypes
import Kernel
import Testing
import Web

@Suite(.timeLimit(.minutes(1))) struct `Authentication` {
    @Test func `every route of the API names a permission, and only health, readiness and the document are for anyone`() async throws {
        try await TestServer.run { (server) async throws in
            for endpoint in Routes.all(server.services) {
                switch endpoint.path {
                case "/health", "/ready", "/api/openapi.json": #expect(endpoint.permission == .anyone)
                case _ where endpoint.path.hasPrefix("/v1/"): #expect(endpoint.permission == .track)
                default: #expect(!endpoint.permission.roles.isEmpty, "\(endpoint.method) \(endpoint.path)")
                }
                // Whoever changes something may do more than read.
                if endpoint.path.hasPrefix("/api/"), endpoint.method != .get {
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

    @Test func `without a token every route of the API is 401 with a challenge`() async throws {
        try await TestServer.run { (server) async throws in
            for endpoint in Routes.all(server.services) where !endpoint.permission.roles.isEmpty {
                let answer = try await server.send(endpoint.method.rawValue, endpoint.path.replacing("{", with: "").replacing("}", with: ""))
                #expect(answer.status == 401, "\(endpoint.method) \(endpoint.path)")
                #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                #expect(answer.headers["content-type"] == "application/problem+json")
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
