import Collect
import Identity
import Kernel
import Ledger
import Simdjson
import Testing

@Suite struct `Batches` {
    @Test func `context and integrations of a batch reach each item, and the item wins key by key`() throws {
        let outcome = try collect(
            .batch,
            #"""
            {"context": {"locale": "pt-BR", "app": {"name": "Kiosk", "version": "1.0"}, "traits": {"email": "b@example.com", "vip": true}, "page": {"url": "x"}},
             "integrations": {"All": true, "Mixpanel": {"a": 1}},
             "batch": [
               {"type": "track", "userId": "u", "event": "Plain"},
               {"type": "track", "userId": "u", "event": "Own", "integrations": {"All": false, "Mixpanel": {"b": 2}},
                "context": {"app": {"version": "2.0"}, "page": "none", "ip": "::1", "traits": {"email": "i@example.com"}}},
               {"type": "identify", "userId": "u", "traits": {"vip": false}, "context": {"traits": {"age": 4}}}
             ]}
            """#)
        #expect(outcome.receipt.accepted == 3)
        #expect(
            outcome.records[0].context == [
                "locale": "pt-BR", "app": ["name": "Kiosk", "version": "1.0"], "traits": ["email": "b@example.com", "vip": true],
                "page": ["url": "x"],
                "integrations": ["All": true, "Mixpanel": ["a": 1]],
            ])
        #expect(outcome.records[0].identifiers == ["user_id:u", "email:b@example.com"])
        #expect(
            outcome.records[1].context == [
                "app": ["version": "2.0", "name": "Kiosk"], "page": "none", "ip": "::1", "traits": ["email": "i@example.com", "vip": true],
                "locale": "pt-BR",
                "integrations": ["All": false, "Mixpanel": ["b": 2]],
            ])
        #expect(outcome.records[1].identifiers == ["user_id:u", "email:i@example.com"])
        #expect(outcome.records[2].properties == ["vip": false, "age": 4, "email": "b@example.com"])
        #expect(outcome.records[2].context?["traits"] == nil)
        #expect(outcome.records[2].context?["locale"] == "pt-BR")
    }

    @Test func `a bad item never sinks its batch, whatever is bad about it`() throws {
        let good = #"{"type":"track","userId":"u","event":"E","messageId":"good"}"#
        let bad: [(item: [UInt8], kind: String, id: String?)] = [
            (Array(#"{"type":"dance","messageId":"b"}"#.utf8), "unknown-type", "b"),
            (Array(#"{"messageId":"b","type":"track","userId":"u","event":"E","n":123456789012345678901234567890}"#.utf8), "invalid-number", "b"),
            (Array(#"{"type":"track","userId":"u","event":"E","n":1e999,"messageId":"b"}"#.utf8), "invalid-number", "b"),
            (Array(#"{"messageId":"b","event":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8), "invalid-utf8", "b"),
            (Array(#"{"messageId":"b","event":"\ud800"}"#.utf8), "invalid-string", "b"),
            (Array(#"{"messageId":"b","event":"\x"}"#.utf8), "invalid-string", "b"),
            (Array(#"{"messageId":"b","type":"track","userId":"u","userId":"v","event":"E"}"#.utf8), "duplicate-key", "b"),
            (Array(#"{"messageId":"b","type":"track","userId":"u","event":"E","properties":{"a":{"k":1,"k":2}}}"#.utf8), "duplicate-key", "b"),
            (
                Array((#"{"messageId":"b","a":"# + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}").utf8), "too-deep",
                "b"
            ),
            (Array(#"{"messageId":"b","type":tru}"#.utf8), "invalid-json", "b"),
            (Array(#"{"messageId":"b","type":}"#.utf8), "invalid-json", "b"),
            (Array(#"{"messageId":"b",}"#.utf8), "invalid-json", "b"),
            (Array("17".utf8), "not-an-object", nil), (Array("null".utf8), "not-an-object", nil), (Array("[{}]".utf8), "not-an-object", nil),
            (Array("\"text\"".utf8), "not-an-object", nil), (Array("{}".utf8), "missing-field", nil),
            (Array(#"{"messageId":"b","type":"track","event":"E"}"#.utf8), "no-identifier", "b"),
            (Array(#"{"messageId":"b","type":"track","event":"E","userId":"null"}"#.utf8), "blocked-identifier", "b"),
            (Array(#"{"messageId":"b","type":"track","event":"E","userId":"u","timestamp":"yesterday"}"#.utf8), "invalid-time", "b"),
            (Array(#"{"messageId":"b","type":"track","event":"E","userId":"u","channel":"smoke"}"#.utf8), "unknown-channel", "b"),
        ]
        var body = Array("{\"batch\":[".utf8)
        for item in bad { body += Array(good.utf8) + [0x2c] + item.item + [0x2c] }
        body += Array("\(good)]}".utf8)
        let outcome = try collect(.batch, body)
        #expect(outcome.receipt.accepted == bad.count + 1)
        #expect(outcome.receipt.refused.map(\.kind) == bad.map(\.kind))
        #expect(outcome.receipt.refused.map(\.messageID) == bad.map(\.id))
        #expect(outcome.receipt.refused.map(\.index) == bad.indices.map { $0 * 2 + 1 })
        #expect(outcome.records.allSatisfy { $0.messageID == "good" })
    }

    @Test(arguments: [
        ("", CollectProblem.empty), (" \r\n\t ", .empty), ("{", .notJSON(at: 1)), ("hello", .notJSON(at: 0)), ("[]", .notAnObject),
        ("\"x\"", .notAnObject),
        ("5", .notAnObject), ("{}", .noBatch), (#"{"batch":{}}"#, .noBatch), (#"{"batch":null}"#, .noBatch), (#"{"batch":[]} x"#, .notJSON(at: 13)),
        (#"{"batch":[{}"#, .notJSON(at: 12)), (#"{"batch":[{} {}]}"#, .notJSON(at: 13)), (#"{"batch":[{},]}"#, .notJSON(at: 13)),
        (#"{"batch":[],}"#, .notJSON(at: 12)),
        (#"{"batch":[{"a":"]}"#, .notJSON(at: 18)), (#"{"batch":[],"batch":[]}"#, .duplicateKey("batch")),
        (#"{"context":{},"batch":[],"context":{}}"#, .duplicateKey("context")), (#"{"batch" []}"#, .notJSON(at: 9)),
        (#"{batch:[]}"#, .notJSON(at: 1)),
        (#"{"batch":[],"context":[]}"#, .shared(field: "context", .wrongType(field: "context", expected: "an object"))),
        (#"{"batch":[],"context":{"a":1,"a":2}}"#, .shared(field: "context", .flaw(.duplicateKey("a")))),
        (#"{"batch":[],"integrations":{"a":1e999}}"#, .shared(field: "integrations", .unreadable(.number))),
        (#"{"batch":[],"sentAt":tru}"#, .shared(field: "sentAt", .unreadable(.syntax))),
    ])
    func `a body that is no batch is a problem of its own`(body: String, problem: CollectProblem) {
        var batch = Batch()
        #expect(throws: problem) { try collector().collect(.batch, body: Array(body.utf8), source: 0, receivedAt: noon, into: &batch) }
        #expect(batch.isEmpty)
        #expect(problem.problem.status == 400)
        #expect(!problem.problem.detail.isEmpty)
    }

    @Test(arguments: ["{", "{\"userId\":\"u\"", "{\"userId\":}", "{\"userId\":\"u\"} more", "{\"userId\":\"u\",}", "{\"a\":tru}", "nul"])
    func `alone, an item that is no JSON is a body that is no JSON`(body: String) throws {
        var batch = Batch()
        let made = try collector()
        let thrown = #expect(throws: CollectProblem.self) {
            try made.collect(.track, body: Array(body.utf8), source: 0, receivedAt: noon, into: &batch)
        }
        #expect(thrown?.problem.status == 400)
        #expect(batch.isEmpty)
    }

    @Test func `null in an item's context is as good as leaving out, and what is no object hides what the batch says below it`() throws {
        let outcome = try collect(
            .batch,
            """
            {"context": {"locale": "fr", "channel": "email", "campaign": {"medium": "cpc", "name": "n"}, "device": {"id": "d-1"},
                "traits": {"email": "b@example.com", "vip": true}},
             "integrations": {"All": true, "X": {"k": 1}},
             "batch": [
               {"type": "track", "userId": "u", "event": "E", "integrations": {"All": null, "X": {"k": null}, "Y": null}, "context":
                 {"locale": null, "channel": null, "campaign": {"medium": null}, "device": null, "os": null, "traits": {"vip": null}}},
               {"type": "track", "userId": "u", "event": "E", "context": {"campaign": "none", "device": []}}
             ]}
            """)
        #expect(
            outcome.records[0].context == [
                "campaign": ["medium": "cpc", "name": "n"], "os": .null, "traits": ["vip": .null, "email": "b@example.com"], "locale": "fr",
                "channel": "email", "device": ["id": "d-1"], "integrations": ["X": ["k": .null], "Y": .null, "All": true],
            ])
        #expect(outcome.records[0].channel == .email && outcome.records[0].media == .paid)
        #expect(outcome.records[0].identifiers == ["user_id:u", "email:b@example.com", "device_id:d-1"])
        #expect(outcome.records[1].context?["campaign"] == "none" && outcome.records[1].media == .unknown)
        #expect(outcome.records[1].identifiers == ["user_id:u", "email:b@example.com"])
    }

    @Test func `an empty batch is taken`() throws {
        #expect(try collect(.batch, #" {"batch" : [ ] , "sentAt":null,"context":null, "other": [1,{"x":"}"}] } "#).receipt == Receipt())
    }

    @Test func `the answer is JSON`() throws {
        let outcome = try collect(.batch, #"{"batch":[{"type":"track","userId":"u","event":"E"},{"type":"da\"\nnce","messageId":"m"},7]}"#)
        let text = String(decoding: outcome.receipt.json, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"success":true,"accepted":1,"ahead":0,"refused":[{"index":1,"messageId":"m","kind":"unknown-type","reason":"type is \"da\"\#u{fffd}nce\", which"#
            ))
        #expect(
            text.hasSuffix(
                #"{"index":2,"messageId":null,"kind":"not-an-object","reason":"The item is no JSON object. Send each item as {\"type\": …}."}]}"#))
    }

    @Test func `the write key is found in a body, and never taken for a part of an item`() {
        func key(_ body: String) -> String? { Array(body.utf8).withUnsafeBytes { Collector.writeKey(in: $0) } }
        #expect(key(#"{"batch":[{"writeKey":"no"}],"sentAt":"x","writeKey":"slk_1"}"#) == "slk_1")
        #expect(key(#" {"writeKey":"slk_2","userId":"u"}"#) == "slk_2")
        #expect(key(#"{"context":{"writeKey":"no"}}"#) == nil)
        #expect(key(#"{"writeKey":""}"#) == nil)
        #expect(key(#"{"writeKey":7}"#) == nil)
        #expect(key("") == nil)
        #expect(key("[]") == nil)
        #expect(key(#"{"writeKey":""# + String(repeating: "x", count: 256) + "\"}")?.utf8.count == 256)
        #expect(key(#"{"writeKey":""# + String(repeating: "x", count: 257) + "\"}") == nil)
    }
}

@Suite struct `Replay` {
    @Test func `a refused item, collected again after a fix, gives what it would have given`() throws {
        let body = #"""
            {"context": {"locale": "fr", "device": {"id": "d-1"}}, "integrations": {"All": false}, "sentAt": "2026-11-21T13:00:00Z", "writeKey": "secret",
             "batch": [
               {"type": "track", "userId": "u", "event": "E", "messageId": "m1", "timestamp": "2026-11-21T12:30:00Z", "context": {"channel": "kiosk", "locale": "en"}},
               {"type": "track", "userId": "u", "event": "E", "messageId": "m2", "channel": "web"}
             ]}
            """#
        let first = try collect(.batch, body)
        #expect(first.receipt.accepted == 1)
        let refused = try #require(first.refused.first)
        #expect(refused.kind == "unknown-channel")
        #expect(refused.route == "batch")
        #expect(refused.source == 3)
        #expect(!String(decoding: refused.item, as: UTF8.self).contains("secret"))

        var again = Batch()
        #expect(try collector().replay(refused, into: &again).refused.map(\.kind) == ["unknown-channel"])
        #expect(again.refused.map(\.item) == [refused.item])

        let store = try collector(.standard, ChannelRules(declared: ["kiosk"]).before(.standard), vocabulary: words(32, "kiosk"))
        let whole = try collect(.batch, body, with: store)
        var batch = Batch()
        // Much later: what counts is when it came.
        #expect(try store.replay(refused, into: &batch).accepted == 1)
        #expect(try records(batch) == [whole.records[0]])
        #expect(whole.records[0].at == Instant("2026-11-21T11:30:00Z"))
        #expect(whole.records[0].channel == Channel(rawValue: 32))
        #expect(whole.records[0].context == ["channel": "kiosk", "locale": "en", "device": ["id": "d-1"], "integrations": ["All": false]])
    }

    @Test func `an item refused for its size is taken by a larger limit`() throws {
        let text = String(repeating: "x", count: 2000)
        let small = try collector(limits: ["item-bytes": 1024])
        let item = #"{"type":"track","userId":"u","event":"E","properties":{"t":"\#(text)"}}"#
        for (route, body) in [(Route.track, item), (.batch, "{\"batch\":[\(item)]}"), (.import, "{\"batch\":[\(item)]}")] {
            let refused = try #require(try collect(route, body, with: small).refused.first)
            #expect(refused.kind == "too-large")
            var batch = Batch()
            #expect(try collector().replay(refused, into: &batch).accepted == 1)
        }
    }
}
