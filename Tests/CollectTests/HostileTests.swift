import Collect
import Kernel
import Ledger
import Simdjson
import Testing

@Suite struct `Bodies made to do harm` {
    /// Every body must give a receipt or a problem, and records that read back.
    @discardableResult
    private func answer(_ route: Route, _ body: [UInt8], _ made: Collector) throws -> Receipt? {
        var batch = Batch()
        do {
            let receipt = try made.collect(route, body: body, source: 1, receivedAt: noon, into: &batch)
            #expect(try records(batch).count == receipt.accepted)
            #expect(batch.refused.count == receipt.refused.count)
            #expect(receipt.refused.allSatisfy { !$0.reason.isEmpty && !$0.kind.isEmpty })
            _ = try JSONParser(depth: 8).parse(receipt.json) { $0.count }
            return receipt
        } catch let problem as CollectProblem {
            #expect(batch.isEmpty)
            #expect((400...499).contains(problem.problem.status))
            return nil
        }
    }

    private static let mixed = #"""
        {"sentAt": "2026-11-21T11:59:59.5Z", "context": {"library": {"name": "analytics.js"}, "page": {"url": "https://shop.example/?gclid=x", "referrer": "https://www.google.com/"}},
         "integrations": {"All": true}, "batch": [
          {"type": "track", "messageId": "m1", "userId": "ü", "event": "Order \"Completed\" \\ \u00e9\ud83d\ude00", "properties": {"total": 12.5, "n": -1.5e3, "l": [true, null, {"a": []}]}},
          {"type": "identify", "anonymousId": "a", "traits": {"email": "a@b.example", "phone": "+44 20 7946 0958", "x": null}, "timestamp": "2026-11-21T10:00:00Z"},
          {"type": "page", "anonymousId": "a", "name": "Home", "context": {"campaign": {"medium": "cpc"}, "device": {"id": "d"}, "externalIds": [{"id": "x", "type": "email"}]}},
          {"type": "alias", "userId": 17, "previousId": "a"}, {"type": "group", "userId": "u", "groupId": "g", "traits": {"a": 1}}
         ]}
        """#

    @Test func `thousands of mutilated batches give clear answers`() throws {
        let made = try collector()
        let whole = Array(Self.mixed.utf8)
        #expect(try answer(.batch, whole, made)?.accepted == 5)
        let spice = Array("{}[]\",:\\u0x\u{ff}\u{0}-.eE\u{d8}tfn9".utf8)
        var taken = 0
        for seed in 0..<6000 {
            var random = SeededRandom(seed: UInt64(seed))
            var body = whole
            for _ in 0...random.below(4) where !body.isEmpty {
                let at = random.below(body.count)
                switch random.below(5) {
                case 0: body[at] = UInt8(random.below(256))
                case 1: body.removeSubrange(at..<min(body.count, at + 1 + random.below(30)))
                case 2: body.insert(contentsOf: (0...random.below(10)).map { _ in spice[random.below(spice.count)] }, at: at)
                case 3: body.insert(contentsOf: body[at..<min(body.count, at + 1 + random.below(80))], at: random.below(body.count))
                default: if random.below(4) == 0 { body.removeSubrange((at + 1)...) }
                }
            }
            if try answer(.batch, body, made) != nil { taken += 1 }
        }
        // Both ways are well trodden.
        #expect((1000...5000).contains(taken), "\(taken)")
    }

    @Test func `a batch cut off anywhere is a problem and never a part of a batch`() throws {
        let made = try collector()
        let whole = Array(Self.mixed.utf8)
        for end in 0..<whole.count { #expect(try answer(.batch, Array(whole[..<end]), made) == nil, "cut at \(end)") }
    }

    @Test func `single items cut off or mutilated give clear answers on every route`() throws {
        let made = try collector()
        let whole = Array(
            #"{"messageId":"m","userId":"u","groupId":"g","previousId":"p","event":"É","properties":{"a":[1.5,"\u00e9",{}]},"context":{"ip":"::1"},"timestamp":"2026-11-21T10:00:00Z"}"#
                .utf8)
        for route in Route.allCases where !route.isBatch {
            #expect(try answer(route, whole, made)?.accepted == 1)
            for end in 0..<whole.count { #expect(try answer(route, Array(whole[..<end]), made) == nil) }
            for seed in 0..<500 {
                var random = SeededRandom(seed: UInt64(seed))
                var body = whole
                for _ in 0...random.below(3) { body[random.below(body.count)] = UInt8(random.below(256)) }
                try answer(route, body, made)
            }
        }
    }

    @Test(arguments: [
        "[", "{\"a\":", "{\"batch\":[", "{\"batch\":[{\"a\":", "{\"batch\":[{\"a\":[", "\"", "\\", "{\"", ",", "}", "]", ":", "\u{0}", "\u{feff}",
        "{}", "[]", "1", "-", "é",
    ])
    func `one thing again and again is refused quickly`(part: String) throws {
        let made = try collector()
        for count in [1, 100, 20_000] {
            for route in [Route.track, .batch] {
                #expect(try answer(route, Array(String(repeating: part, count: count).utf8), made) == nil || part == "{}" && count == 1)
            }
            try answer(.import, Array("{\"batch\":[\(String(repeating: part, count: count))]}".utf8), made)
            try answer(.track, Array("{\"userId\":\"u\",\"event\":\"E\",\"properties\":{\"a\":\(String(repeating: part, count: count))}}".utf8), made)
            try answer(.track, Array("{\"userId\":\"u\",\"event\":\"\(String(repeating: part, count: count))\"}".utf8), made)
        }
    }

    @Test func `a string of 10 MB is refused, as body and as item`() throws {
        let huge = "{\"userId\":\"u\",\"event\":\"E\",\"properties\":{\"s\":\"\(String(repeating: "x", count: 10_000_000))\"}}"
        let large = try collector(limits: ["batch-bytes": 16 << 20, "import-bytes": 16 << 20])
        #expect(try answer(.track, Array(huge.utf8), collector()) == nil)
        #expect(try answer(.track, Array(huge.utf8), large)?.refused.map(\.kind) == ["too-large"])
        #expect(try answer(.import, Array("{\"batch\":[\(huge)]}".utf8), large)?.refused.map(\.kind) == ["too-large"])
    }

    @Test func `keys made to collide cost no more than others`() throws {
        let made = try collector()
        func took(_ keys: (Int) -> String) throws -> Duration {
            let traits = (0..<900).map { "\"\(keys($0 + 1000))\":\($0)" }.joined(separator: ",")
            let item = "{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{\(traits)},\"context\":{\"traits\":{}}}"
            let body = Array("{\"batch\":[\(Array(repeating: item, count: 20).joined(separator: ","))]}".utf8)
            let begun = ContinuousClock.now
            #expect(try answer(.batch, body, made)?.accepted == 20)
            return ContinuousClock.now - begun
        }
        let plain = try took { "\($0)-aaaaaaaabbbbbbbb" }
        // Same length, same first and last eight bytes: what the quick comparison of keys looks at. Were each compared with
        // each, it would take some hundred times as long.
        #expect(try took { "aaaaaaaa\($0)bbbbbbbb" } < plain * 40)
    }

    @Test func `zero bytes and other odd characters in texts are kept as they are`() throws {
        let read = try record(.track, #"{"userId":"u","event":"E","properties":{"a\u0000b":"\u0000\u001f\u007f\u2028\ufffe"}}"#)
        #expect(read.properties == ["a\u{0}b": "\u{0}\u{1f}\u{7f}\u{2028}\u{fffe}"])
    }

    @Test func `many threads collect with one collector`() async throws {
        let made = try collector()
        let body = Array(Self.mixed.utf8)
        let expected = try collect(.batch, body, with: made).records
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for i in 0..<200 {
                group.addTask {
                    if i % 3 == 0 { return (try? collect(.batch, Array(body.dropLast(i + 1)), with: made)) == nil }
                    return try collect(.batch, body, with: made).records == expected
                }
            }
            for try await same in group { #expect(same) }
        }
    }
}
