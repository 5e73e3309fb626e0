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
        // An event of the future, as a delivery that is planned, stays as far in the future.
        #expect(try at(#","timestamp":"2020-01-02T00:00:00Z","sentAt":"2020-01-01T00:00:00Z""#) == "2026-11-22T12:00:00.000Z")
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

    @Test func `1970 to 2106 can be said, and not a millisecond more`() throws {
        #expect(try at(#","timestamp":"1970-01-01T00:00:00Z""#) == "1970-01-01T00:00:00.000Z")
        #expect(try at(#","timestamp":"2106-02-07T06:28:15.999Z""#) == "2106-02-07T06:28:15.999Z")
        for time in ["1969-12-31T23:59:59.999Z", "2106-02-07T06:28:16Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            #expect(try refusal(.track, #"{"userId":"u","event":"E","timestamp":"\#(time)"}"#).kind == "time-out-of-range")
        }
        // The correction too can lead out of the range.
        #expect(
            try refusal(.track, #"{"userId":"u","event":"E","timestamp":"0001-01-01T00:00:00Z","sentAt":"9999-01-01T00:00:00Z"}"#).kind
                == "time-out-of-range")
    }

    @Test(
        arguments: ["timestamp", "originalTimestamp", "sentAt"], [#""yesterday""#, "1763726400", "{}", #""""#, #""2026-02-30T00:00:00Z""#, "true"])
    func `what is no time refuses the item and names the field`(field: String, value: String) throws {
        let refused = try refusal(.track, #"{"userId":"u","event":"E","\#(field)":\#(value)}"#)
        #expect(refused.kind == "invalid-time")
        #expect(refused.reason.hasPrefix("\(field) is no time."))
    }
}
