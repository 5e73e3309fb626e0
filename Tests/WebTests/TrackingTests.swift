import Access
import Kernel
import Ledger
import Pipeline
import Testing
import Web

/// What belongs to HTTP; what becomes of the items is tested with Collect.
@Suite(.timeLimit(.minutes(15))) struct `Tracking` {
    static let item = #"{"type":"track","event":"Seen","userId":"u1","messageId":"m1"}"#
    static let batch = #"{"batch":[\#(item)]}"#

    @Test(arguments: ["identify", "track", "page", "screen", "group", "alias", "batch", "import", "i", "t", "p", "s", "g", "a", "b"])
    func `every call of the API and its short name is taken`(path: String) async throws {
        try await TestServer.run { (server) async throws in
            let json = ["batch", "import", "b"].contains(path) ? Self.batch : Self.whole(path)
            let answer = try await server.send("POST", "/v1/\(path)", headers: [TestServer.basic(try server.key())], json: json)
            #expect(answer.status == 200, "\(answer.text)")
            let receipt = try parsed(answer.body)
            #expect(receipt["success"] == true)
            #expect(receipt["accepted"] == 1)
            #expect(receipt["refused"] == [])
        }
    }

    /// An item that every call takes.
    static func whole(_ path: String) -> String {
        #"{"event":"Seen","name":"Start","userId":"u1","previousId":"u0","groupId":"g1","messageId":"m-\#(path)"}"#
    }

    @Test func `what was answered with 200 is in the ledger under the key's number`() async throws {
        try await TestServer.run { (server) async throws in
            _ = try server.key("first")
            let answer = try await server.send("POST", "/v1/batch", headers: [TestServer.basic(try server.key("second"))], json: Self.batch)
            let position = try #require(try parsed(answer.body)["position"]?.integer)
            let source = try LedgerReader(path: server.services.ledger.path).record(Position(raw: UInt64(position))) { $0.source }
            #expect(source == 2)
        }
    }

    @Test func `the write key may stand in the body, as sendBeacon needs it, with text slash plain`() async throws {
        try await TestServer.run { (server) async throws in
            let body = #"{"writeKey":"\#(try server.key())",\#(Self.item.dropFirst())"#
            let answer = try await server.send("POST", "/v1/track", headers: [("Content-Type", "text/plain")], body: Array(body.utf8))
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    @Test func `without a key, with an unknown one and with a revoked one the answer is 401 and a problem`() async throws {
        try await TestServer.run { (server) async throws in
            let key = try server.key("gone")
            try server.services.access.revokeKey(name: "gone")
            for (headers, kind) in [
                ([], "no-write-key"), ([TestServer.basic("nonsense")], "unknown-write-key"), ([TestServer.basic(key)], "unknown-write-key"),
                ([("Authorization", "Bearer \(key)")], "no-write-key"), ([("Authorization", "Basic %%%")], "no-write-key"),
            ] as [([(String, String)], String)] {
                let answer = try await server.send("POST", "/v1/batch", headers: headers, json: Self.batch)
                #expect(answer.status == 401)
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(try parsed(answer.body)["type"]?.string?.hasSuffix(kind) == true, "\(answer.text)")
            }
            #expect(server.services.ledger.newestBody == 0)
        }
    }

    @Test func `unknown write keys are never rate limited, so that a wrong client silences no right one behind the same address`() async throws {
        try await TestServer.run { (server) async throws in
            for _ in 0...Web.Authentication.wrongTokens {
                #expect(try await server.send("POST", "/v1/track", headers: [TestServer.basic("wrong")], json: Self.item).status == 401)
            }
            #expect(try await server.send("POST", "/v1/track", headers: [TestServer.basic(try server.key())], json: Self.item).status == 200)
        }
    }

    @Test func `a body that is no JSON is 400`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("POST", "/v1/batch", headers: [TestServer.basic(try server.key())], json: "nonsense")
            #expect(answer.status == 400)
            #expect(answer.headers["content-type"] == "application/problem+json")
        }
    }

    @Test func `wait=view says whether the view has it`() async throws {
        try await TestServer.run { (server) async throws in
            let key = TestServer.basic(try server.key())
            let waited = try await server.send("POST", "/v1/track?wait=view", headers: [key], json: Self.item)
            #expect(try parsed(waited.body)["concluded"] == true, "\(waited.text)")
            #expect(server.services.pipeline.body == server.services.ledger.newestBody)
            let not = try await server.send("POST", "/v1/track", headers: [key], json: Self.item)
            #expect(try parsed(not.body)["concluded"] == nil)
            #expect(try parsed(not.body)["repeated"] == nil)
        }
    }

    @Test func `wait=view says how much was taken before, and health speaks of the same positions`() async throws {
        try await TestServer.run { (server) async throws in
            let key = TestServer.basic(try server.key())
            func send(_ numbers: ClosedRange<Int>) async throws -> JSON {
                let items = numbers.map { #"{"type":"track","userId":"u","event":"Seen","messageId":"m-\#($0)"}"# }.joined(separator: ",")
                return try parsed(try await server.send("POST", "/v1/batch?wait=view", headers: [key], json: "{\"batch\":[\(items)]}").body)
            }
            #expect(try await send(1...3)["repeated"] == 0)
            let some = try await send(2...6)
            #expect(some["accepted"] == 5 && some["repeated"] == 2)
            // Over several bodies, of which only the newest are this batch's.
            #expect(try await send(7...1500)["repeated"] == 0)
            let all = try await send(1...1501)
            #expect(all["accepted"] == 1501 && all["repeated"] == 1500)
            let health = try parsed(try await server.send("GET", "/health").body)
            #expect(health["position"] == all["position"] && health["concluded"] == all["position"])
            #expect(health["interactions"] == 1501 && health["customers"] == 1)
        }
    }

    @Test(arguments: [
        "wait=ever", "wait=view&timeout=0", "wait=view&timeout=5.1", "wait=view&timeout=soon", "timeout=0", "wait=", "wait=view&wait=view",
        "timeout=",
    ])
    func `a wait that is none or too long is 400`(query: String) async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("POST", "/v1/track?\(query)", headers: [TestServer.basic(try server.key())], json: Self.item)
            #expect(answer.status == 400)
        }
    }

    @Test func `parameters that clients append are ignored`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("POST", "/v1/track?ref=analytics.js", headers: [TestServer.basic(try server.key())], json: Self.item)
            #expect(answer.status == 200)
        }
    }

    @Test func `an encoding other than gzip is 415`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send(
                "POST", "/v1/track", headers: [TestServer.basic(try server.key()), ("Content-Encoding", "br")], json: Self.item)
            #expect(answer.status == 415)
        }
    }

    // MARK: CORS

    @Test func `a preflight is answered for any origin, without a key`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send(
                "OPTIONS", "/v1/t",
                headers: [
                    ("Origin", "https://shop.example"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type"),
                ])
            #expect(answer.status == 204)
            #expect(answer.headers["access-control-allow-origin"] == "https://shop.example")
            #expect(answer.headers["access-control-allow-credentials"] == "true")
            #expect(answer.headers["access-control-allow-methods"] == "POST, OPTIONS")
            #expect(answer.headers["access-control-allow-headers"]?.contains("Content-Type") == true)
        }
    }

    @Test func `a page of any origin may read the answer, also a problem`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("POST", "/v1/t", headers: [("Origin", "https://shop.example")], json: Self.item)
            #expect(answer.status == 401)
            #expect(answer.headers["access-control-allow-origin"] == "https://shop.example")
            #expect(answer.headers["vary"] == "Origin")
        }
    }

    @Test func `with origins named only they may send`() async throws {
        try await TestServer.run(site: { $0.origins = ["https://shop.example"] }) { (server) async throws in
            let ours = try await server.send("OPTIONS", "/v1/t", headers: [("Origin", "https://shop.example")])
            #expect(ours.headers["access-control-allow-origin"] == "https://shop.example")
            let other = try await server.send("OPTIONS", "/v1/t", headers: [("Origin", "https://other.example")])
            #expect(other.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test func `the rest of the API is not for pages of other origins`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/health", headers: [("Origin", "https://shop.example")])
            #expect(answer.headers["access-control-allow-origin"] == nil)
        }
    }

    // MARK: Full and broken disks

    @Test func `a full queue is 429 with Retry-After, and nothing of it is kept`() async throws {
        var options = Ledger.Options()
        options.queueBytes = 1
        try await TestServer.run(ledger: options) { (server) async throws in
            let key = TestServer.basic(try server.key())
            // The queue takes one batch whatever its size; the one beside it is refused.
            let statuses = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
                for i in 0..<24 {
                    group.addTask {
                        let answer = try await server.send("POST", "/v1/track", headers: [key], json: #"{"event":"Seen","userId":"u\#(i)"}"#)
                        return (answer.status, answer.headers["retry-after"])
                    }
                }
                return try await group.reduce(into: [(Int, String?)]()) { $0.append($1) }
            }
            #expect(statuses.contains { $0.0 == 200 })
            for (status, retry) in statuses where status != 200 {
                #expect(status == 429)
                #expect(retry == "1")
            }
        }
    }

    @Test func `a ledger that was closed is 503 with Retry-After`() async throws {
        try await TestServer.run { (server) async throws in
            let key = TestServer.basic(try server.key())
            await server.services.ledger.close()
            let answer = try await server.send("POST", "/v1/track", headers: [key], json: Self.item)
            #expect(answer.status == 503)
            #expect(answer.headers["retry-after"] != nil)
        }
    }
}
