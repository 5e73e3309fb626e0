import Collect
import Kernel
import Ledger
import Testing
import Web

/// Slow and broken clients. Limits are set to a second, so that the tests need not wait long.
@Suite(.timeLimit(.minutes(15))) struct `Connections` {
    private static func quick(_ settings: inout Server.Settings) {
        settings.idle = 1
        settings.request = 1
        settings.write = 1
    }

    @Test func `a head that drips in is cut off after the idle time`() async throws {
        try await TestServer.run(Self.quick) { (server) async throws in
            try await Wire.open(.port(server.port)) { wire in
                // On a busy machine the server may have lost its patience before this.
                try? await wire.send("GET /health HTTP/1.1\r\n")
                let sender = wire.sender
                let dripping = Task {
                    for i in 0..<100 {
                        try await Task.sleep(for: .milliseconds(100))
                        try await sender.send("X-\(i): y\r\n")
                    }
                }
                #expect(await wire.receiveAll().isEmpty)
                dripping.cancel()
            }
        }
    }

    @Test func `a body that drips in is cut off after the request time, however steadily it drips`() async throws {
        try await TestServer.run(Self.quick) { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            try await Wire.open(.port(server.port)) { wire in
                try? await wire.send("POST /v1/track HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nContent-Length: 1000\r\n\r\n")
                let sender = wire.sender
                let dripping = Task {
                    for _ in 0..<900 {
                        try await Task.sleep(for: .milliseconds(100))
                        try await sender.send("x")
                    }
                }
                // The server cuts off while there are still some of the 1,000 bytes to come.
                #expect(await wire.receiveAll().isEmpty)
                dripping.cancel()
                _ = await dripping.result
            }
            #expect(server.services.ledger.newestBody == 0)
        }
    }

    @Test func `a connection without a request is closed after the idle time`() async throws {
        try await TestServer.run(Self.quick) { (server) async throws in
            try await Wire.open(.port(server.port)) { wire in #expect(await wire.receiveAll().isEmpty) }
        }
    }

    @Test func `a body announced as too large is refused before any of it arrives, and the connection ends`() async throws {
        try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            try await Wire.open(.port(server.port)) { wire in
                try await wire.send("POST /v1/batch HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nContent-Length: 999999999\r\n\r\n")
                let answer = try #require(await wire.answer())
                #expect(answer.status == 413)
                #expect(answer.headers["connection"] == "close")
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(await wire.receiveAll().isEmpty)
            }
        }
    }

    @Test func `a chunked body is refused at the byte that is too much`() async throws {
        try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            let limit = server.services.collector().limits.bytes(of: .track)
            try await Wire.open(.port(server.port)) { wire in
                try await wire.send("POST /v1/track HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = [UInt8](repeating: 120, count: limit + 1)
                try await wire.send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk)
                #expect(await wire.answer()?.status == 413)
            }
        }
    }

    @Test func `a body of exactly the limit is read`() async throws {
        try await TestServer.run { (server) async throws in
            let limit = server.services.collector().limits.bytes(of: .track)
            let start = #"{"event":"Seen","userId":"u1","messageId":"m1"}"#
            let body = Array(start.utf8) + [UInt8](repeating: 32, count: limit - start.utf8.count)
            let key = TestServer.basic(try server.key())
            #expect(try await server.send("POST", "/v1/track", headers: [key], body: body).status == 200)
            #expect(try await server.send("POST", "/v1/track", headers: [key], body: body + [32]).status == 413)
        }
    }

    @Test func `Expect 100-continue is answered for what will be read, and not for what is too large`() async throws {
        try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            let item = #"{"event":"Seen","userId":"u1"}"#
            try await Wire.open(.port(server.port)) { wire in
                let head = "POST /v1/track HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nExpect: 100-continue\r\n"
                try await wire.send("\(head)Content-Length: \(item.utf8.count)\r\n\r\n")
                #expect(await wire.answer()?.status == 100)
                try await wire.send(item)
                #expect(await wire.answer()?.status == 200)
                try await wire.send("\(head)Content-Length: 99999999\r\n\r\n")
                #expect(await wire.answer()?.status == 413)
            }
        }
    }

    @Test func `Expect 100-continue is not answered into the middle of another answer`() async throws {
        try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            let item = #"{"event":"Seen","userId":"u1"}"#
            try await Wire.open(.port(server.port)) { wire in
                let head = "POST /v1/track?wait=view HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nContent-Length: \(item.utf8.count)\r\n"
                try await wire.send(head + "\r\n" + item + head + "Expect: 100-continue\r\n\r\n" + item)
                for _ in 0..<2 {
                    let answer = await wire.answer()
                    #expect(answer?.status == 200)
                }
            }
        }
    }

    @Test func `a head beyond its limit is 400`() async throws {
        try await TestServer.run { (server) async throws in
            let long = String(repeating: "x", count: Server.fieldLimit + 1)
            #expect(try await server.send("GET", "/health", headers: [("X-Long", long)]).status == 400)
            let many = (0...Server.fieldCount).map { ("X-\($0)", "y") }
            #expect(try await server.send("GET", "/health", headers: many).status == 400)
        }
    }

    @Test func `what is no HTTP is 400`() async throws {
        try await TestServer.run { (server) async throws in
            try await Wire.open(.port(server.port)) { wire in
                try await wire.send("\u{16}\u{3}\u{1} hello\r\n\r\n")
                #expect(await wire.answer()?.status == 400)
            }
        }
    }

    @Test func `a client that goes away in the middle of its body leaves nothing behind, and the server goes on`() async throws {
        try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            for _ in 0..<20 {
                try await Wire.open(.port(server.port)) { wire in
                    try await wire.send("POST /v1/track HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nContent-Length: 1000\r\n\r\n{\"event\"")
                }
            }
            #expect(try await server.send("GET", "/health").status == 200)
            #expect(server.services.ledger.newestBody == 0)
        }
    }

    @Test func `several requests share a connection, also when they are sent at once`() async throws {
        try await TestServer.run { (server) async throws in
            try await Wire.open(.port(server.port)) { wire in
                let request = "GET /health HTTP/1.1\r\nHost: test\r\n\r\n"
                try await wire.send(request + request + request)
                for _ in 0..<3 { #expect(await wire.answer()?.status == 200) }
                try await wire.send(request)
                #expect(await wire.answer()?.status == 200)
            }
        }
    }

    @Test func `the graceful stop answers what has begun`() async throws {
        let answer = try await TestServer.run { (server) async throws in
            let (name, value) = TestServer.basic(try server.key())
            let item = #"{"event":"Seen","userId":"u1"}"#
            let begun = Task {
                try await Wire.open(.port(server.port)) { wire in
                    try await wire.send("POST /v1/track HTTP/1.1\r\nHost: test\r\n\(name): \(value)\r\nContent-Length: \(item.utf8.count)\r\n\r\n")
                    try await Task.sleep(for: .milliseconds(400))
                    try await wire.send(item)
                    return await wire.answer()
                }
            }
            try await Task.sleep(for: .milliseconds(200))
            return begun
        }
        #expect(try await answer.value?.status == 200)
    }
}
