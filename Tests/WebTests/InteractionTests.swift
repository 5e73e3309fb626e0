import Access
import Kernel
import Ledger
import Testing
import Web

@Suite(.timeLimit(.minutes(15))) struct `All interactions` {
    @Test func `come as one JSON object a line, in the order of the ledger, with their customers`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let answer = try await server.send("GET", "/api/interactions", bySocket: true)
            #expect(answer.headers["content-type"] == "application/x-ndjson")
            let lines = try answer.text.split(separator: "\n").map { try parsed(Array($0.utf8)) }
            #expect(lines.compactMap { $0["messageId"]?.string } == ["m1", "m2", "m3", "m4", "m5"])
            let positions = lines.compactMap { $0["position"]?.integer }
            #expect(positions == positions.sorted() && positions.count == 5)
            let ann = try await World.customer(server, "user_id:ann")
            #expect(lines[0]["customer"]?.string == ann)
            for key in ["name", "channel", "direction", "media", "at", "receivedAt", "identifiers", "properties"] {
                #expect(lines[2][key] != nil, "\(key)")
            }
        }
    }

    @Test func `go on after a position`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let all = try await server.send("GET", "/api/interactions", bySocket: true)
            let third = try parsed(Array(all.text.split(separator: "\n")[2].utf8))
            let position = try #require(third["position"]?.integer)
            let rest = try await server.send("GET", "/api/interactions?after=\(position)", bySocket: true)
            #expect(rest.text.split(separator: "\n").count == 2)
            let none = try await server.send("GET", "/api/interactions?after=99999999", bySocket: true)
            #expect(none.status == 200 && none.body.isEmpty)
        }
    }

    @Test func `are shown as they happen`() async throws {
        try await TestServer.run { (server) async throws in
            let token = try server.token(.agent)
            try await Wire.open(.port(server.port)) { wire in
                try await wire.send("GET /api/live HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(token)\r\n\r\n")
                let head = await wire.receive { String(decoding: $0, as: UTF8.self).contains(": live") }
                #expect(String(decoding: head, as: UTF8.self).contains("text/event-stream"))
                try await World.fill(server)
                let text = String(decoding: await wire.receive { String(decoding: $0, as: UTF8.self).contains("Newsletter Sent") }, as: UTF8.self)
                #expect(text.contains("event: interaction\ndata: {"))
                #expect(text.contains("\"customer\":\"cus_"))
            }
        }
    }

    @Test func `end for who watches when the server stops, which waits for nobody who watches`() async throws {
        // Were the server to wait for whoever watches, this would never end.
        let watching = try await TestServer.run { (server) async throws in
            let token = try server.token(.agent)
            let watching = Task {
                try await Wire.open(.port(server.port)) { wire in
                    try await wire.send("GET /api/live HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(token)\r\n\r\n")
                    return await wire.receiveAll()
                }
            }
            try await Task.sleep(for: .milliseconds(300))
            return watching
        }
        let received = try await watching.value
        #expect(String(decoding: received, as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }

    @Test func `let only so many watch at once, and forget those who went`() async throws {
        try await TestServer.run { (server) async throws in
            let listeners = try (0..<Live.most).map { _ in try server.services.live.listen() }
            let refused = try await server.send("GET", "/api/live", as: .agent)
            #expect(refused.status == 429)
            for listener in listeners { listener.end() }
            _ = try server.services.live.listen()
        }
    }
}

@Suite(.timeLimit(.minutes(15))) struct `The quarantine` {
    @Test func `lists what was refused, as it came, with the reason and the key's name`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let page = try parsed(try await server.send("GET", "/api/quarantine", bySocket: true).body)
            let item = try #require(page["items"]?.array?.first)
            #expect(item["messageId"] == "m6")
            #expect(item["source"] == "shop")
            #expect(item["index"] == 5)
            #expect(item["item"]?.string?.contains("Nobody's") == true)
            #expect(item["reason"]?.string?.isEmpty == false)
        }
    }

    @Test func `replays, keeps what is refused again, and drops what is given up`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            for body in [#"{"all":true}"#, #"{"ids":[1]}"#] {
                let replayed = try await server.send("POST", "/api/quarantine/replay", json: body, bySocket: true)
                let done = try parsed(replayed.body)
                #expect(done["accepted"] == 0 && done["refused"] == 1, "\(replayed.text)")
                #expect(done["refusals"]?.array?.first?["id"] == 1)
            }
            let one = try parsed(try await server.send("GET", "/api/quarantine", bySocket: true).body)
            #expect(one["items"]?.array?.count == 1)
            let unclear = try await server.send("POST", "/api/quarantine/replay", json: "{}", bySocket: true)
            #expect(unclear.status == 400)
            let gone = try await server.send("DELETE", "/api/quarantine/1", bySocket: true)
            #expect(gone.status == 204)
            let twice = try await server.send("DELETE", "/api/quarantine/1", bySocket: true)
            #expect(twice.status == 404)
        }
    }
}

extension `The quarantine` {
    @Test func `shows an item that came twice once, and says that a cut one cannot be replayed`() async throws {
        try await TestServer.run(ledger: .init()) { (server) async throws in
            let key = TestServer.basic(try server.key("shop"))
            let long = #"{"userId":"u","event":"E","properties":{"x":"\#(String(repeating: "x", count: Quarantine.itemBytes))"}}"#
            for item in [#"{"event":"Nobody's"}"#, #"{"event":"Nobody's"}"#, long] {
                #expect(try await server.send("POST", "/v1/track", headers: [key], json: item).status == 200)
            }
            let page = try parsed(try await server.send("GET", "/api/quarantine", bySocket: true).body)
            let items = try #require(page["items"]?.array)
            #expect(items.map { $0["times"] } == [2, 1])
            #expect(items.map { $0["truncated"] } == [false, true])
            #expect(items[1]["bytes"]?.integer == Int64(long.utf8.count))
            let done = try parsed(try await server.send("POST", "/api/quarantine/replay", json: #"{"all":true}"#, bySocket: true).body)
            #expect(done["refused"] == 2)
            let last = try #require(done["refusals"]?.array?.last)
            #expect(last["kind"] == "truncated")
            #expect(last["reason"]?.string?.contains("\(long.utf8.count) bytes") == true)
        }
    }
}
