import Kernel
import Testing

@Suite struct `An instant` {
    @Test func `reads what clients send and writes RFC 3339`() {
        #expect(Instant("2026-11-21T23:59:06.123Z")?.rfc3339 == "2026-11-21T23:59:06.123Z")
        #expect(Instant("2026-11-21T23:59:06+02:00")?.rfc3339 == "2026-11-21T21:59:06.000Z")
        #expect(Instant("2026-11-21 23:59:06.123456")?.rfc3339 == "2026-11-21T23:59:06.123Z")
        #expect(Instant("2024-02-29")?.rfc3339 == "2024-02-29T00:00:00.000Z")
        #expect(Instant("1969-12-31T23:59:59.999Z")?.milliseconds == -1)
    }

    @Test(arguments: [
        "", "2026-02-29", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "yesterday",
        "2026-01-01T00:00",
    ])
    func `refuses what is no time`(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `days and dates are inverse over four centuries`() {
        for day in stride(from: -200_000, to: 200_000, by: 7) {
            let d = Instant.date(days: day)
            #expect(Instant.days(year: d.year, month: d.month, day: d.day) == day)
        }
    }
}
