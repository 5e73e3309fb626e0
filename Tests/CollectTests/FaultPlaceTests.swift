import Collect
import Identity
import Kernel
import Ledger
import Testing

@Suite struct `The place of a fault` {
    /// What is marked in an item that is refused.
    private func marked(_ item: String, _ route: Route = .track) throws -> String? {
        let bytes = Array(item.utf8)
        return try marked(bytes, route)
    }

    private func marked(_ bytes: [UInt8], _ route: Route = .track) throws -> String? {
        var batch = Batch()
        let body = Array(#"{"batch":["#.utf8) + bytes + Array("]}".utf8)
        let receipt = try collector().collect(.batch, body: body, source: 1, receivedAt: Instant("2026-05-03T10:00:00Z")!, into: &batch)
        let refusal = try #require(receipt.refused.first)
        return FaultPlace.find(in: batch.refused[0].item, kind: refusal.kind, reason: refusal.reason)
            .map { String(decoding: batch.refused[0].item[$0], as: UTF8.self) }
    }

    @Test func `a wrong field is marked, however deep`() throws {
        #expect(try marked(#"{"type":"track","userId":"u","event":"E","timestamp":"yesterday"}"#) == #""yesterday""#)
        #expect(try marked(#"{"type":"track","userId":"u","event":7}"#) == "7")
        #expect(try marked(#"{"type":"track","userId":"u","event":"E","context":{"direction":"up"}}"#) == #""up""#)
        #expect(try marked(#"{"type":"trak","userId":"u","event":"E"}"#) == #""trak""#)
    }

    @Test func `a blocked identifier is marked by the name that clients send`() throws {
        #expect(try marked(#"{"type":"track","userId":"undefined","event":"E"}"#) == #""undefined""#)
    }

    @Test func `a key that stands twice is marked where it stands the second time`() throws {
        #expect(try marked(#"{"type":"track","userId":"u","event":"E","properties":{"a":1,"b":{"c":1,"c":2}}}"#) == #""c":2"#)
    }

    @Test func `a byte that is no UTF-8 is marked`() throws {
        let bytes = Array(#"{"type":"track","userId":"u","event":"é"#.utf8) + [0xff] + Array(#""}"#.utf8)
        let found = FaultPlace.find(in: bytes, kind: "invalid-utf8", reason: "")
        #expect(found == (bytes.firstIndex(of: 0xff)!..<(bytes.firstIndex(of: 0xff)! + 1)))
    }

    @Test func `what is about the whole marks nothing, and nothing crashes on what is cut or no JSON`() throws {
        #expect(try marked(#"{"type":"track","event":"E"}"#) == nil)
        for item in ["", "{", "{\"", "{\"a\":", "[", "nul", "{\"timestamp\":\"x", "{}}"] {
            for kind in ["invalid-json", "invalid-utf8", "duplicate-key", "invalid-time", "blocked-identifier", "wrong-type"] {
                let place = FaultPlace.find(in: Array(item.utf8), kind: kind, reason: "timestamp is no \"time\".")
                if let place { #expect(place.upperBound <= item.utf8.count, "\(item) \(kind)") }
            }
        }
    }
}
