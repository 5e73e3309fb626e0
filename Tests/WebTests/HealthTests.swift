import Kernel
import Testing

@Suite(.timeLimit(.minutes(15))) struct `Health` {
    @Test func `says ok, how far the ledger and the conclusions are, and the version`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/health")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            let json = try parsed(answer.body)
            #expect(json["status"] == "ok")
            #expect(json["version"] == "1.2.3")
            #expect(json["position"] == 0)
            #expect(json["concluded"] == 0)
            #expect(json["interactions"] == 0 && json["customers"] == 0)
            #expect(json["lag"]?["milliseconds"] == 0)
        }
    }

    @Test func `answers HEAD with the length and without a body`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("HEAD", "/health")
            #expect(answer.status == 200)
            #expect(answer.headers["content-length"] != "0")
            #expect(answer.body.isEmpty)
        }
    }

    @Test func `answers by the Unix socket, which nobody but the owner may open`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await server.send("GET", "/health", bySocket: true).status == 200)
            let bits = try permissions(server.socket)
            #expect(bits == 0o600)
        }
    }
}
