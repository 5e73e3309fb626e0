import Collect
import Kernel
import Testing

@Suite struct `When it happened` {
    private func at(_ fields: String, _ route: Route = .track) throws -> String {
        try record(
            route,
            route.isBatch
                ? "{\"batch\":[{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\"\(fields)}]}" : "{\"userId\":\"u\",\"event\":\"E\"\(fields)}"
        ).at.rfc3339
    }

    @Test func `without any time it is when we received it`() throws {
        #expect(try at("") == "2026-11-21T12:00:00.000Z")
        #expect(try at(#","sentAt":"2020-01-01T00:00:00Z""#) == "2026-11-21T12:00:00.000Z")
    }

    @Test func `without sentAt the sender is taken at their word`() throws {
        #expect(try at(#","timestamp":"2026-11-20T08:00:00.5+02:00""#) == "2026-11-20T06:00:00.500Z")
        #expect(try at(#","originalTimestamp":"2026-11-20T08:00:00Z","timestamp":"2026-11-20T09:00:00Z""#) == "2026-11-20T08:00:00.000Z")
    }

    @Test func `with sentAt the sender's clock is corrected by ours`() throws {
        // Five hours fast, and the event 90 seconds before it was sent.
        #expect(try at(#","originalTimestamp":"2026-11-21T16:58:30Z","sentAt":"2026-11-21T17:00:00Z""#) == "2026-11-21T11:58:30.000Z")
        #expect(try at(#","timestamp":"2026-11-21T16:58:30Z","sentAt":"2026-11-21T17:00:00Z""#) == "2026-11-21T11:58:30.000Z")
        // Sent four minutes before it happened: as much as clocks may differ.
        #expect(try at(#","timestamp":"2020-01-01T00:04:00Z","sentAt":"2020-01-01T00:00:00Z""#) == "2026-11-21T12:04:00.000Z")
    }

    @Test func `sentAt may stand on the batch, and the item's own wins`() throws {
        let items =
            #"{"type":"track","userId":"u","event":"E","timestamp":"2020-01-01T00:00:00Z"},{"type":"track","userId":"u","event":"E","timestamp":"2020-01-01T00:00:00Z","sentAt":"2020-01-01T00:00:10Z"}"#
        let outcome = try collect(.batch, #"{"sentAt":"2020-01-01T00:01:00Z","batch":[\#(items)]}"#)
        #expect(outcome.records.map(\.at.rfc3339) == ["2026-11-21T11:59:00.000Z", "2026-11-21T11:59:50.000Z"])
    }

    @Test func `an import is historical: times are as given`() throws {
        #expect(try at(#","timestamp":"1987-06-05T04:03:02.001Z","sentAt":"2020-01-01T00:00:00Z""#, .import) == "1987-06-05T04:03:02.001Z")
        #expect(try at(#","timestamp":"1987-06-05T04:03:02Z","originalTimestamp":"1986-01-01T00:00:00Z""#, .import) == "1987-06-05T04:03:02.000Z")
        #expect(try at(#","originalTimestamp":"1986-01-01T00:00:00Z""#, .import) == "1986-01-01T00:00:00.000Z")
        #expect(try at("", .import) == "2026-11-21T12:00:00.000Z")
    }

    @Test func `what is still to come counts as of when it was received, from five minutes on`() throws {
        func item(_ time: String) -> String {
            #"{"userId":"u","event":"E","context":{"originalTimestamp":"x","locale":"fr"},"timestamp":"\#(time)"}"#
        }
        let near = try collect(.track, item("2026-11-21T12:05:00.000Z"))
        #expect(near.receipt.ahead == 0 && near.records[0].at.rfc3339 == "2026-11-21T12:05:00.000Z")
        #expect(near.records[0].context == ["originalTimestamp": "x", "locale": "fr"])
        for time in ["2026-11-21T12:05:00.001Z", "2026-11-22T12:00:00Z", "2106-02-07T06:28:16Z", "9999-12-31T23:59:59Z"] {
            let outcome = try collect(.track, item(time))
            #expect(outcome.receipt.ahead == 1 && outcome.receipt.accepted == 1 && outcome.receipt.refused == [])
            #expect(outcome.records.map(\.at) == [noon])
            // What was said is not lost.
            #expect(outcome.records[0].context == ["locale": "fr", "originalTimestamp": .string(time)])
        }
        // After the correction, and in a batch, where originalTimestamp is what the sender said.
        let batch =
            #"{"sentAt":"2020-01-01T00:00:00Z","batch":[{"type":"page","userId":"u","timestamp":"2020-01-01T00:05:00.001Z"},"#
            + #"{"type":"page","userId":"u","originalTimestamp":"2020-01-01T00:05:00.000Z","timestamp":"2030-01-01T00:00:00Z"}]}"#
        let outcome = try collect(.batch, batch)
        #expect(outcome.receipt.ahead == 1)
        #expect(outcome.records.map(\.at.rfc3339) == ["2026-11-21T12:00:00.000Z", "2026-11-21T12:05:00.000Z"])
        #expect(outcome.records.map(\.context) == [["originalTimestamp": "2020-01-01T00:05:00.001Z"], nil])
        #expect(String(decoding: outcome.receipt.json, as: UTF8.self) == #"{"success":true,"accepted":2,"ahead":1,"refused":[]}"#)
    }

    @Test func `an import of what is still to come is refused, from five minutes on`() throws {
        #expect(try at(#","timestamp":"2026-11-21T12:05:00.000Z""#, .import) == "2026-11-21T12:05:00.000Z")
        for (field, time) in [("timestamp", "2026-11-21T12:05:00.001Z"), ("originalTimestamp", "2027-01-01"), ("timestamp", "9999-12-31T23:59:59Z")] {
            let refused = try refusal(.import, #"{"batch":[{"type":"track","userId":"u","event":"E","\#(field)":"\#(time)"}]}"#)
            #expect(refused.kind == "time-ahead")
            #expect(refused.reason.hasPrefix("\(field) is more than 5 minutes in the future."), "\(refused.reason)")
        }
    }

    @Test(arguments: [0, 1, 1000, 86_400_000])
    func `how far ahead a clock may be can be set`(tolerance: Int) throws {
        let made = try collector(limits: ["ahead-milliseconds": tolerance])
        for (more, ahead) in [(0, 0), (1, 1)] {
            let time = (noon + Int64(tolerance + more)).rfc3339
            #expect(try collect(.track, #"{"userId":"u","event":"E","timestamp":"\#(time)"}"#, with: made).receipt.ahead == ahead)
        }
        #expect(throws: LimitProblem.self) { try collector(limits: ["ahead-milliseconds": 86_400_001]) }
        #expect(throws: LimitProblem.self) { try collector(limits: ["ahead-milliseconds": -1]) }
    }

    @Test func `what lies before 1970 is refused`() throws {
        #expect(try at(#","timestamp":"1970-01-01T00:00:00Z""#) == "1970-01-01T00:00:00.000Z")
        for time in ["1969-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            for route in [Route.track, .import] {
                let item = #"{"type":"track","userId":"u","event":"E","timestamp":"\#(time)"}"#
                #expect(try refusal(route, route == .import ? "{\"batch\":[\(item)]}" : item).kind == "time-out-of-range")
            }
        }
        // The correction too can lead out of the range.
        #expect(
            try refusal(.track, #"{"userId":"u","event":"E","timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-01-01T00:00:00Z"}"#).kind
                == "time-out-of-range")
    }

    @Test(
        arguments: ["timestamp", "originalTimestamp", "sentAt"],
        [
            #""yesterday""#, "1763726400", "1e18", "-1", #""-0001-01-01T00:00:00Z""#, #""12026-01-01T00:00:00Z""#, "{}", #""""#,
            #""2026-02-30T00:00:00Z""#, "true",
        ])
    func `what is no time refuses the item and names the field`(field: String, value: String) throws {
        let refused = try refusal(.track, #"{"userId":"u","event":"E","\#(field)":\#(value)}"#)
        #expect(refused.kind == "invalid-time")
        #expect(refused.reason.hasPrefix("\(field) is no time."))
    }
}
