import Access
import Kernel
import Synchronization
import Testing
import Web

@Suite(.timeLimit(.minutes(15))) struct `Routes and problems` {
    @Test func `a problem has type, title, status, detail and the request's id`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/nowhere")
            #expect(answer.status == 404)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            let problem = try parsed(answer.body)
            #expect(problem["status"] == 404)
            for key in ["type", "title", "detail", "instance"] { #expect(problem[key]?.string?.isEmpty == false, "\(key)") }
        }
    }

    @Test func `a wrong method is 405 and says which are right`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("PUT", "/api/customers/cus_0000000")
            #expect(answer.status == 405)
            #expect(answer.headers["allow"] == "DELETE, GET, HEAD")
            let tracking = try await server.send("GET", "/v1/track")
            #expect(tracking.headers["allow"] == "OPTIONS, POST")
        }
    }

    @Test func `a parameter that an address does not take is 400 and the answer names those it takes`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/api/customers?serach=ann", bySocket: true)
            #expect(answer.status == 400)
            #expect(answer.text.contains("serach") && answer.text.contains("`search`"))
        }
    }

    @Test(arguments: ["limit=0", "limit=501", "limit=many", "since=yesterday", "direction=up", "limit=", "since=", "name", "limit=5&limit=5"])
    func `a parameter outside its range, without a value or given twice is 400`(query: String) async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/api/customers/cus_0000000/interactions?\(query)", bySocket: true)
            #expect(answer.status == 400, "\(answer.text)")
        }
    }

    @Test(arguments: ["/api/customers/nonsense", "/api/customers/cus_zzzzzzz", "/api/customers/email:nobody%40example.com", "/api/customers/%ZZ"])
    func `a customer that is none is 404`(path: String) async throws {
        try await TestServer.run { (server) async throws in #expect(try await server.send("GET", path, bySocket: true).status == 404) }
    }

    @Test func `keys are made, listed without their secrets, and revoked`() async throws {
        try await TestServer.run { (server) async throws in
            let made = try await server.send("POST", "/api/keys", json: #"{"name":"web shop"}"#, bySocket: true)
            #expect(made.status == 201)
            let secret = try #require(try parsed(made.body)["secret"]?.string)
            #expect(server.services.access.source(writeKey: secret)?.name == "web shop")
            let list = try await server.send("GET", "/api/keys", bySocket: true)
            #expect(list.text.contains("web shop") && !list.text.contains(secret))
            #expect(try await server.send("POST", "/api/keys", json: #"{"name":"web shop"}"#, bySocket: true).status == 409)
            #expect(try await server.send("DELETE", "/api/keys/web%20shop", bySocket: true).status == 204)
            #expect(try await server.send("DELETE", "/api/keys/web%20shop", bySocket: true).status == 404)
            #expect(server.services.access.source(writeKey: secret) == nil)
        }
    }

    @Test func `tokens are made with a role, and an unknown role is 400`() async throws {
        try await TestServer.run { (server) async throws in
            let made = try await server.send("POST", "/api/tokens", json: #"{"name":"reports","role":"analyst"}"#, bySocket: true)
            #expect(made.status == 201)
            let secret = try #require(try parsed(made.body)["secret"]?.string)
            #expect(server.services.access.principal(token: secret)?.role == .analyst)
            let wrong = try await server.send("POST", "/api/tokens", json: #"{"name":"x","role":"king"}"#, bySocket: true)
            #expect(wrong.status == 400)
            #expect(wrong.text.contains("administrator"))
        }
    }

    @Test(arguments: ["", "[]", "{", #"{"name":7}"#, #"{"name":""}"#, #"{"nam":"x"}"#])
    func `a body that lacks what it needs is 400`(body: String) async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await server.send("POST", "/api/keys", json: body, bySocket: true).status == 400)
        }
    }

    @Test func `backup and restore reach who does them`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await server.send("POST", "/api/backups", json: #"{"to":"/tmp/b"}"#, bySocket: true).status == 201)
            #expect(try await server.send("POST", "/api/backups", json: #"{"to":"b"}"#, bySocket: true).status == 400)
            #expect(try await server.send("POST", "/api/backups", json: "{}", bySocket: true).status == 201)
            #expect(try await server.send("POST", "/api/restorations", json: #"{"from":"/tmp/b"}"#, bySocket: true).status == 201)
            #expect(server.operations.asked.withLock { $0 } == ["backup /tmp/b", "backup by itself", "restore /tmp/b"])
        }
    }

    @Test func `no token names a folder of the server's machine, not even an administrator's`() async throws {
        try await TestServer.run { (server) async throws in
            for (path, body) in [("/api/backups", #"{"to":"/tmp/b"}"#), ("/api/restorations", #"{"from":"/tmp/b"}"#)] {
                let answer = try await server.send("POST", path, as: .administrator, json: body)
                #expect(answer.status == 403 && answer.text.contains("operators-alone"), "\(path): \(answer.text)")
            }
            #expect(server.operations.asked.withLock { $0 }.isEmpty)
        }
    }

    @Test func `a member of a body that there is not is named, with the one that was meant`() async throws {
        let bodies: [(path: String, body: String, says: [String])] = [
            ("/api/keys", #"{"name":"shop","nmae":"x"}"#, ["`nmae`", "`name`?"]),
            ("/api/tokens", #"{"name":"ann","rolle":"analyst"}"#, ["`rolle`", "`role`?"]),
            ("/api/customers/user_id:u/merges", #"{"with":"user_id:v","remark":"same"}"#, ["`remark`", "`note`, `with`"]),
            ("/api/reviews/1/decision", #"{"same":true,"sane":false}"#, ["`sane`", "`same`?"]),
            ("/api/quarantine/replay", #"{"All":true}"#, ["`All`", "`all`?"]),
            ("/api/backups", #"{"to":"/tmp/b","compress":true}"#, ["`compress`", "`to`"]),
            ("/api/restorations", #"{"from":"/tmp/b","keepreplaced":true}"#, ["`keepreplaced`", "`keepReplaced`?"]),
            ("/api/blueprint", #"{"documents":[],"checkOnly":true}"#, ["`checkOnly`", "`check`"]),
            ("/api/blueprint", #"{"documents":[{"name":"a.yaml","txt":""}]}"#, ["`txt`", "`text`?"]),
        ]
        try await TestServer.run { (server) async throws in
            for (path, body, says) in bodies {
                let answer = try await server.send("POST", path, json: body, bySocket: true)
                #expect(answer.status == 400, "\(path) \(body)")
                for part in says { #expect(answer.text.contains(part), "\(part) in \(answer.text)") }
            }
            #expect(server.operations.asked.withLock { $0 } == [])
            #expect(try server.services.access.keys().isEmpty)
        }
    }

    @Test func `the ledger tells its state and verifies itself`() async throws {
        try await TestServer.run { (server) async throws in
            _ = try await server.send("POST", "/v1/track?wait=view", headers: [TestServer.basic(try server.key())], json: Tracking.item)
            let status = try parsed(try await server.send("GET", "/api/ledger", bySocket: true).body)
            #expect(
                status["position"] == 65_536 && status["concluded"] == 65_536 && status["interactions"] == 1 && status["customers"] == 1
                    && status["unwritable"] == .null)
            let found = try await server.send("POST", "/api/ledger/verification", bySocket: true)
            #expect(found.status == 200)
            #expect(try parsed(found.body)["records"] == 1)
            #expect(try parsed(found.body)["damaged"] == [])
        }
    }

    @Test func `the access log has a line of JSON a request, without address, query, client or name`() async throws {
        let lines = Lines()
        try await TestServer.run(site: { $0.accessLog = { lines.add($0) } }) { (server) async throws in
            _ = try await server.send("GET", "/api/customers/email:ann%40example.com?secret=1", bySocket: true)
            _ = try await server.send("GET", "/health")
        }
        let all = lines.text.split(separator: "\n")
        #expect(all.count == 2)
        let first = try parsed(Array(all[0].utf8))
        #expect(first["route"] == "/api/customers/{ref}")
        #expect(first["method"] == "GET")
        #expect(first["status"] == 400)
        #expect(first["request"]?.string?.isEmpty == false)
        #expect(!lines.text.contains("ann") && !lines.text.contains("secret") && !lines.text.contains("127.0.0.1"))
    }
}
