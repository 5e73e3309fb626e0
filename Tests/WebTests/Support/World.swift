import Kernel
import Testing

/// A few customers, sent over HTTP.
enum World {
    /// Ann on two devices, with an order; Bob; and one item that is refused.
    static func fill(_ server: TestServer) async throws {
        let answer = try await server.send(
            "POST", "/v1/batch?wait=view", headers: [TestServer.basic(try server.key("shop"))],
            json: #"""
                {"batch":[
                  {"type":"page","anonymousId":"ann-phone","name":"Start","messageId":"m1","timestamp":"2026-09-01T10:00:00Z"},
                  {"type":"identify","userId":"ann","anonymousId":"ann-phone","messageId":"m2","timestamp":"2026-09-01T10:01:00Z",
                   "traits":{"email":"ann@example.com","name":"Ann Archer"}},
                  {"type":"track","userId":"ann","event":"Order Placed","messageId":"m3","timestamp":"2026-09-02T09:00:00Z",
                   "properties":{"order_id":"o-1","total":12.5}},
                  {"type":"track","userId":"ann","event":"Newsletter Sent","messageId":"m4","timestamp":"2026-09-03T09:00:00Z",
                   "context":{"channel":"email","direction":"out"}},
                  {"type":"identify","userId":"bob","messageId":"m5","timestamp":"2026-09-03T10:00:00Z","traits":{"name":"Bob Baker"}},
                  {"type":"track","event":"Nobody's","messageId":"m6"}
                ]}
                """#)
        let receipt = try parsed(answer.body)
        try #require(answer.status == 200, "\(answer.text)")
        #expect(receipt["accepted"] == 5)
        #expect(receipt["refused"]?.array?.first?["messageId"] == "m6")
    }

    /// The id that a reference leads to.
    static func customer(_ server: TestServer, _ reference: String) async throws -> String {
        let answer = try await server.send("GET", "/api/customers/\(reference)", bySocket: true)
        return try #require(try parsed(answer.body)["id"]?.string, "\(answer.text)")
    }
}
