import Collect
import Identity
import Kernel
import Ledger
import Testing

@Suite struct `A call becomes an interaction` {
    @Test func `track: the event is the name, properties stay as they are`() throws {
        let read = try record(
            .track,
            #"""
            {"messageId": "m-1", "userId": "u1", "anonymousId": "a1", "event": "Coffee Bought",
             "properties": {"cups": 2, "price": 4.50, "note": null, "where": {"city": "Lisboa", "tables": [1, 2]}},
             "context": {"ip": "203.0.113.9", "locale": "pt-PT"}, "timestamp": "2026-11-21T10:00:00.123Z"}
            """#)
        #expect(
            read
                == Read(
                    name: "Coffee Bought", messageID: "m-1", type: .track, channel: .other, direction: .in, media: .unknown,
                    at: Instant("2026-11-21T10:00:00.123Z")!, receivedAt: noon, value: 4.5, source: 3,
                    identifiers: ["user_id:u1", "anonymous_id:a1"],
                    properties: ["cups": 2, "price": 4.5, "note": .null, "where": ["city": "Lisboa", "tables": [1, 2]]],
                    context: ["ip": "203.0.113.9", "locale": "pt-PT"]))
    }

    @Test func `the message's fingerprint is that of its id`() throws {
        var batch = Batch()
        _ = try collector().collect(
            .track, body: Array(#"{"userId":"u","event":"E","messageId":"m-7"}"#.utf8), source: 0, receivedAt: noon, into: &batch)
        batch.bytes.withUnsafeBytes { #expect(RecordView($0)?.message == key.message("m-7")) }
    }

    @Test func `identify: properties are the traits, null ones too, top level over context`() throws {
        let read = try record(
            .identify,
            #"{"userId":"u","traits":{"plan":"gold","city":null,"email":"Ann@Example.com"},"context":{"locale":"de","traits":{"plan":"old","age":41}}}"#
        )
        #expect(read.name == "Customer Identified")
        #expect(read.type == .identify)
        #expect(read.direction == .internal)
        #expect(read.properties == ["plan": "gold", "city": .null, "email": "Ann@Example.com", "age": 41])
        #expect(read.context == ["locale": "de"])
        #expect(read.identifiers == ["user_id:u", "email:ann@example.com"])
        #expect(read.value == nil)
    }

    @Test func `page and screen: name and category go into the properties unless they say them`() throws {
        let page = try record(
            .page, #"{"anonymousId":"a","name":"Home","category":"Shop","properties":{"name":"Start","url":"https://shop.example/"}}"#)
        #expect(page.name == "Page Viewed")
        #expect(page.type == .page)
        #expect(page.channel == .web)
        #expect(page.properties == ["name": "Start", "url": "https://shop.example/", "category": "Shop"])
        let screen = try record(.screen, #"{"anonymousId":"a","name":"Start"}"#)
        #expect(screen.name == "Screen Viewed")
        #expect(screen.channel == .app)
        #expect(screen.properties == ["name": "Start"])
    }

    @Test func `group: group_id and the group's traits, which identify nobody`() throws {
        let read = try record(.group, #"{"userId":"u","groupId":77,"traits":{"name":"Acme","email":"info@acme.example","group_id":"other"}}"#)
        #expect(read.name == "Group Joined")
        #expect(read.type == .group)
        #expect(read.properties == ["group_id": "77", "name": "Acme", "email": "info@acme.example"])
        #expect(read.identifiers == ["user_id:u"])
    }

    @Test func `alias: user id and previous id`() throws {
        let read = try record(.alias, #"{"userId":"u","previousId":"a-1"}"#)
        #expect(read.name == "Alias Added")
        #expect(read.type == .alias)
        #expect(read.identifiers == ["user_id:u", "previous_id:a-1"])
        #expect(read.properties == nil)
        #expect(read.context == nil)
    }

    @Test(arguments: ["identify", "track", "page", "screen", "group", "alias"]) func `in a batch each item says which call it is`(type: String) throws
    {
        let item = #"{"type":"\#(type)","userId":"u","event":"E","groupId":"g","previousId":"p"}"#
        #expect(try record(.batch, "{\"batch\":[\(item)]}").type.name == type)
        #expect(try record(.import, "{\"batch\":[\(item)]}").type.name == type)
    }

    @Test func `a call's own route counts, whatever type the item says`() throws {
        #expect(try record(.page, #"{"type":"track","userId":"u"}"#).type == .page)
    }

    @Test func `routes go by their names and by the letters of Segment's clients`() {
        for route in Route.allCases { #expect(Route(path: route.rawValue) == route) }
        #expect(["i", "t", "p", "s", "g", "a", "b"].map { Route(path: $0) } == [.identify, .track, .page, .screen, .group, .alias, .batch])
        #expect(Route(path: "x") == nil)
        #expect(Route(path: "") == nil)
    }

    @Test func `an item without a message id gets a UUID`() throws {
        for id in ["", #""messageId":"","#, #""messageId":null,"#, #""messageId":"  ","#] {
            #expect(try record(.track, "{\(id)\"userId\":\"u\",\"event\":\"E\"}").messageID == "00112233-4455-4677-8899-aabbccddeeff")
        }
        #expect(try record(.track, #"{"messageId":17,"userId":"u","event":"E"}"#).messageID == "17")
    }

    @Test(arguments: [
        (#"{"event":"E"}"#, "no-identifier"), (#"{"userId":"u"}"#, "missing-field"), (#"{"userId":"u","event":""}"#, "blank-field"),
        (#"{"userId":"u","event":"  "}"#, "blank-field"), (#"{"userId":"u","event":7}"#, "wrong-type"),
        (#"{"userId":"u","event":"a\nb"}"#, "control-character"),
        (#"{"userId":"u","event":"a\u0000b"}"#, "control-character"), (#"{"userId":{},"event":"E"}"#, "wrong-type"),
        (#"{"userId":[],"event":"E"}"#, "wrong-type"),
        (#"{"userId":true,"event":"E"}"#, "wrong-type"), (#"{"userId":"u","event":"E","properties":[]}"#, "wrong-type"),
        (#"{"userId":"u","event":"E","context":"x"}"#, "wrong-type"), (#"{"userId":"u","event":"E","traits":1}"#, "wrong-type"),
        (#"{"userId":"u","event":"E","integrations":true}"#, "wrong-type"), (#"{"userId":"u","event":"E","messageId":{}}"#, "wrong-type"),
        (#"{"userId":"u","event":"E","messageId":"a\u0007"}"#, "control-character"), (#"{"userId":"a\u0000b","event":"E"}"#, "invalid-identifier"),
    ])
    func `what an item may not be`(body: String, kind: String) throws {
        let refused = try refusal(.track, body)
        #expect(refused.kind == kind)
        #expect(refused.reason.hasSuffix("."))
    }

    @Test func `group needs groupId, alias needs both ids, and a batch needs types`() throws {
        #expect(try refusal(.group, #"{"userId":"u"}"#) == ("missing-field", "groupId is missing. This call needs it."))
        #expect(try refusal(.alias, #"{"userId":"u"}"#) == ("missing-field", "previousId is missing. This call needs it."))
        #expect(try refusal(.alias, #"{"previousId":"u"}"#) == ("missing-field", "userId is missing. This call needs it."))
        #expect(try refusal(.batch, #"{"batch":[{"userId":"u"}]}"#) == ("missing-field", "type is missing. This call needs it."))
        #expect(try refusal(.batch, #"{"batch":[{"type":"dance","userId":"u"}]}"#).kind == "unknown-type")
        #expect(try refusal(.batch, #"{"batch":[{"type":5,"userId":"u"}]}"#).kind == "wrong-type")
    }

    @Test func `null stands for nothing`() throws {
        let read = try record(
            .track,
            #"{"userId":"u","anonymousId":null,"event":"E","properties":null,"context":null,"integrations":null,"timestamp":null,"traits":null,"channel":null}"#
        )
        #expect(read.identifiers == ["user_id:u"])
        #expect(read.properties == nil)
        #expect(read.context == nil)
        #expect(read.at == noon)
    }

    @Test(
        arguments: [
            (#"{"value":1,"revenue":2}"#, 1.0), (#"{"price":1,"revenue":2}"#, 2), (#"{"total":"12.50"}"#, 12.5), (#"{"amount":-3}"#, -3),
            (#"{"score":9}"#, 9),
            (#"{"value":"many","price":3}"#, 3), (#"{"value":null,"amount":18446744073709551615}"#, 18_446_744_073_709_551_616),
            (#"{"value":true}"#, nil),
            (#"{"value":"1e999"}"#, nil), (#"{"value":"nan"}"#, nil), (#"{"value":"0x10"}"#, nil), (#"{"cups":2}"#, nil),
            (#"{"value":{"amount":5}}"#, nil),
        ] as [(String, Double?)])
    func `the value is the first number among the fields that may hold it`(properties: String, value: Double?) throws {
        #expect(try record(.track, #"{"userId":"u","event":"E","properties":\#(properties)}"#).value == value)
    }

    @Test(
        arguments: [
            (#"{"value":1,"days_late":4}"#, 4.0), (#"{"value":1,"days_late":"2.5"}"#, 2.5), (#"{"value":1}"#, nil), (#"{"days_late":"many"}"#, nil),
            (#"{}"#, nil),
        ] as [(String, Double?)])
    func `the value is that of the property which the vocabulary names, and of no other`(properties: String, value: Double?) throws {
        let made = try collector(values: ["E": ["days_late"], "F": ["sum", "net"]])
        #expect(try record(.track, #"{"userId":"u","event":"E","properties":\#(properties)}"#, with: made).value == value)
        #expect(try record(.track, #"{"userId":"u","event":"F","properties":{"sum":{"net":3}}}"#, with: made).value == 3)
        #expect(try record(.track, #"{"userId":"u","event":"F","properties":{"sum":7}}"#, with: made).value == nil)
        #expect(try record(.track, #"{"userId":"u","event":"G","properties":{"total":7}}"#, with: made).value == 7)
    }
}
