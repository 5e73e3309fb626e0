import Collect
import Identity
import Kernel
import Ledger
import Testing

@Suite struct `Identifiers of an item` {
    private func found(_ fields: String, _ route: Route = .track, with made: Collector? = nil) throws -> [String] {
        try record(route, "{\"event\":\"E\",\(fields)}", with: made).identifiers
    }

    @Test func `are found in all places that the rules name, written the one way`() throws {
        let all = try found(
            #"""
            "userId": "u-1", "anonymousId": "a-1", "traits": {"email": " Ann@Example.COM "},
            "context": {"device": {"id": "d-1", "advertisingId": "AD-1"}, "traits": {"phone": "(212) 736-5000", "email": "other@example.com"}},
            "properties": {"order_id": 1007}
            """#)
        #expect(
            Set(all) == [
                "user_id:u-1", "anonymous_id:a-1", "email:ann@example.com", "phone:+12127365000", "device_id:d-1", "advertising_id:ad-1",
                "order_id:1007",
            ])
    }

    @Test func `externalIds are found by their type, in the context or beside it`() throws {
        let ids =
            #"[{"id":"L-1","type":"loyalty_id","collection":"users"},{"id":5,"type":"user_id"},{"type":"email"},{"id":null,"type":"email"},"x",{"id":"z","type":"zebra"}]"#
        #expect(try found(#""context":{"externalIds":\#(ids)}"#) == ["user_id:5", "loyalty_id:L-1"])
        #expect(try found(#""externalIds":\#(ids)"#) == ["user_id:5", "loyalty_id:L-1"])
        #expect(try found(#""userId":"first","externalIds":\#(ids)"#) == ["user_id:first", "loyalty_id:L-1"])
        #expect(try found(#""userId":"u","externalIds":{"id":"x","type":"email"}"#) == ["user_id:u"])
    }

    @Test func `numbers are taken as their text, and blank text as nothing`() throws {
        #expect(try found(#""userId":90210"#) == ["user_id:90210"])
        #expect(try found(#""userId":18446744073709551615"#) == ["user_id:18446744073709551615"])
        #expect(try found(#""userId":"  ","anonymousId":"a""#) == ["anonymous_id:a"])
        #expect(try found(#""userId":"","anonymousId":"a""#) == ["anonymous_id:a"])
    }

    @Test func `an address or a number that is none stays in the traits and identifies nobody`() throws {
        let read = try record(.identify, #"{"userId":"u","traits":{"email":"not an address","phone":"soon","loyalty_id":{"a":1}}}"#)
        #expect(read.identifiers == ["user_id:u"])
        #expect(read.properties?["email"] == "not an address")
        #expect(try refusal(.identify, #"{"traits":{"email":"not an address"}}"#).kind == "no-identifier")
    }

    @Test func `a blocked value is left out, and alone it refuses the item, naming the pattern`() throws {
        #expect(try found(#""userId":"null","anonymousId":"a""#) == ["anonymous_id:a"])
        let refused = try refusal(.track, #"{"event":"E","userId":"-1"}"#)
        #expect(refused.kind == "blocked-identifier")
        #expect(refused.reason.contains("user_id") && refused.reason.contains("^-1$"))
        #expect(try refusal(.alias, #"{"userId":"u","previousId":"anonymous"}"#).kind == "blocked-identifier")
        #expect(try refusal(.alias, #"{"userId":"0000","previousId":"p","anonymousId":"a"}"#).kind == "blocked-identifier")
    }

    @Test func `no identifier, no interaction`() throws {
        #expect(try refusal(.track, #"{"event":"E","properties":{"userId":"u"}}"#).kind == "no-identifier")
        #expect(try refusal(.group, #"{"groupId":"g","traits":{"email":"info@acme.example"}}"#).kind == "no-identifier")
    }

    @Test func `an id of 512 bytes is taken and one byte more is refused`() throws {
        let longest = String(repeating: "x", count: IdentityRules.longestValue)
        #expect(try found("\"userId\":\"\(longest)\"") == ["user_id:\(longest)"])
        for field in ["userId", "anonymousId"] {
            let refused = try refusal(.track, "{\"event\":\"E\",\"\(field)\":\"\(longest)x\"}")
            #expect(refused.kind == "invalid-identifier")
            #expect(refused.reason == "\(field) has more than 512 bytes. Send the id as your own systems know it.")
        }
    }

    @Test func `a company's own kinds are read from where its rules say`() throws {
        let kinds = (0..<70).map { i in
            IdentityRules.Kind(
                kind: IdentifierKind(rawValue: UInt8(32 + i)), name: "kind_\(i)",
                from: ["properties.deep.er.k\(i)", "context.traits.k\(i)", "k\(i)"], normalise: .trim,
                unique: true, limit: nil, priority: i, sharedAfter: nil)
        }
        let made = try collector(IdentityRules(kinds: kinds, matches: [], country: "US"))
        func body(_ count: Int) -> String {
            let deep = (0..<count).map { "\"k\($0)\":\"v\($0)\"" }.joined(separator: ",")
            return "{\"event\":\"E\",\"properties\":{\"deep\":{\"er\":{\(deep)}}}}"
        }
        #expect(try record(.track, body(64), with: made).identifiers.count == 64)
        #expect(try refusal(.track, body(65), with: made).kind == "too-many-identifiers")
        #expect(
            try record(.track, #"{"event":"E","k3":"top","traits":{"k3":"trait"},"context":{"traits":{"k4":4}}}"#, with: made).identifiers == [
                "kind-35:trait", "kind-36:4",
            ])
    }
}
