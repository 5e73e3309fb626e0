import Customers
import Kernel
import Ledger
import Synchronization
import Testing

@testable import Web

@Suite struct `Now` {
    private func signedIn(_ world: SampleWorld) async throws -> Browser {
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        return browser
    }

    // Reference values: mean, standard deviation and square root by Python, the quantile from a table of t.
    @Test(arguments: [
        ([10, 12, 9, 11], 5.9073, 15.0927), ([100, 100, 100, 100, 100, 100, 100, 100], 100, 100), ([12, 15, 11, 14, 13, 16, 10, 13], 8.0, 18.0),
        ([0, 0, 1, 0], 0, 2.0290),
    ])
    func `what is usual is the prediction interval of the next value`(values: [Double], low: Double, high: Double) throws {
        let range = try #require(UsualRange(values))
        #expect(abs(range.low - low) < 0.02 && abs(range.high - high) < 0.02, "\(range)")
        #expect(range.count == values.count && range.contains(values.reduce(0, +) / Double(values.count)))
    }

    @Test func `three weeks are too few to say what is usual`() {
        #expect(UsualRange([1, 2, 3]) == nil)
        #expect(UsualRange([]) == nil)
        #expect(UsualRange(Array(repeating: 1, count: 9)) == nil)
    }

    @Test func `a drawing fills its height, and nothing draws nothing`() {
        let spark = Spark(today: [0, 5, 10], last: [10, 10, 10, 20], usual: [nil, UsualRange([5, 5, 5, 5]), UsualRange([5, 5, 5, 5]), nil])
        #expect(spark.line == "0,36 66.7,27 133.3,18")
        #expect(spark.last == "0,18 66.7,18 133.3,18 200,0")
        #expect(spark.band == "66.7,27 133.3,27 133.3,27 66.7,27")
        let empty = Spark(today: [0, 0], last: [], usual: [])
        #expect(empty.line == nil && empty.last == nil && empty.band == nil)
    }

    @Test func `the line of a long relationship has no separators in its numbers, which SVG would not read`() throws {
        let formats = try SampleWorld.furnished().console().formats(SampleWorld.now)
        var week = Relationship.Week()
        week.interactions = 3
        week.talks = 1
        week.orders = 1
        let fields = try #require(Lifeline(weeks: Array(repeating: week, count: Lifeline.wide), formats: formats).fields)
        let html = try SampleWorld().console().render("lifeline", fields)
        #expect(html.contains("viewBox=\"0 0 1160 64\"") && html.contains("viewBox=\"0 0 358 64\""))
        #expect(html.matches(of: #/ (x|y|cx|width|height)="[^"]*,/#).isEmpty)
        #expect(html.matches(of: #/<circle class="life-mark" cx/#).count == Lifeline.wide + Lifeline.narrow + 1)
        #expect(Lifeline(weeks: [Relationship.Week()], formats: formats).fields == nil)
    }

    @Test func `the same time of day is found on days whose clocks changed`() throws {
        let world = try SampleWorld.furnished()
        let formats = try world.console().formats(try #require(Instant("2026-11-01T10:42:00Z")))
        for (day, expected) in [
            ("2026-10-25", "2026-10-25T10:42:00Z"), ("2026-10-18", "2026-10-18T09:42:00Z"), ("2026-11-01", "2026-11-01T10:42:00Z"),
        ] {
            let moment = formats.moment(sameTimeAs: formats.now, on: try #require(formats.day(day)))
            #expect(moment.rfc3339.hasPrefix(expected.dropLast()), "\(day): \(moment.rfc3339)")
        }
    }

    @Test func `today stands beside last week, and channels beside each other`() async throws {
        let world = try SampleWorld.furnished()
        let now = world.state.withLock { $0.now }
        let week: Int64 = 7 * 86_400_000
        for n in 0..<4 { world.happen(CustomerID(raw: 1), (now + -60_000 * Int64(n + 1)).rfc3339, "Page Viewed", channel: .letter) }
        world.happen(CustomerID(raw: 1), (now + -week + -60_000).rfc3339, "Page Viewed", channel: .letter)
        // After this time of day a week ago: no part of what today is compared with.
        world.happen(CustomerID(raw: 1), (now + -week + 60_000).rfc3339, "Page Viewed", channel: .letter)
        let html = await (try signedIn(world)).get("/now").text
        #expect(html.contains("Today until 10:42") && html.contains("last Thursday"))
        #expect(html.contains("<h3 class=\"figure-name\">Interactions</h3>") && html.contains("Usual for a Thursday by 10:42: "))
        #expect(html.contains("<th scope=\"row\">Letter</th>"))
        #expect(html.matches(of: #/<tr data-day="/#).count == 57 && html.contains("<tr data-day=\"2026-11-19\">"))
        #expect(html.contains("so far"))
    }

    @Test func `the figures alone are a part for pages that stay open`() async throws {
        let browser = try await signedIn(try SampleWorld.furnished())
        let part = await browser.get("/now/figures")
        #expect(part.status == 200 && !part.text.contains("<html") && part.text.hasPrefix("<div id=\"figures\""))
        let stranger = Browser(browser.console)
        #expect(await stranger.send(.get, "/now/figures", headers: ["hx-request": "true"]).status == 401)
    }

    @Test func `the conveyor shows what has a name and a value, and keeps both over channels`() async throws {
        let world = try SampleWorld.furnished()
        let browser = try await signedIn(world)
        let all = await browser.get("/now").text
        #expect(all.contains("Merino throw"))
        let orders = await browser.get("/now?name=Order%20Completed&value_min=10").text
        #expect(!orders.contains("Merino throw") && orders.contains("sse-connect=\"/now/stream?name=Order%20Completed&amp;value_min=10\""))
        #expect(orders.contains("href=\"/now?channel=web&amp;name=Order%20Completed&amp;value_min=10#feed\"") && orders.contains("Show all"))
        let none = await browser.get("/now?name=Nothing%20Ever").text
        #expect(none.contains("Nothing like it lately") && none.contains("value=\"Nothing Ever\""))
        let bad = await browser.get("/now?value_min=%3Cb%3E")
        #expect(bad.status == 422 && bad.text.contains("“&lt;b&gt;” is no amount.") && bad.text.contains("Merino throw"))
    }

    @Test func `what does not fit the filter is not sent`() async throws {
        let item = try SampleWorld.furnished().happen(CustomerID(raw: 1), "2026-11-19T10:42:00Z", "Order Completed", channel: .web)
        var worth = item
        worth.interaction.value = 50
        #expect(LiveFilter.everything.fits(item) && LiveFilter(channel: "web", name: "Order Completed").fits(item))
        #expect(!LiveFilter(channel: "app").fits(item) && !LiveFilter(name: "Page Viewed").fits(item))
        #expect(!LiveFilter(leastValue: 50).fits(item) && LiveFilter(leastValue: 50).fits(worth) && !LiveFilter(leastValue: 50.01).fits(worth))
    }

    @Test func `figures are worked out once for all who ask, and again when they are old`() async {
        let keeper = FigureKeeper()
        let calls = Counter()
        let day = Instant(milliseconds: 0)
        func ask(_ at: Int64, orders: Set<String> = []) async -> DayFigures {
            await keeper.figures(.init(days: [day], orders: orders), now: Instant(milliseconds: at)) {
                calls.add()
                return DayFigures(untilNow: [.init()], whole: [.init()], days: [day], halfHours: [], channels: [], asOf: Instant(milliseconds: at))
            }
        }
        await withTaskGroup { group in for _ in 0..<20 { group.addTask { _ = await ask(1000) } } }
        #expect(calls.value == 1)
        _ = await ask(1000 + FigureKeeper.fresh - 1)
        #expect(calls.value == 1)
        _ = await ask(1000 + FigureKeeper.fresh)
        #expect(calls.value == 2)
        _ = await ask(1000 + FigureKeeper.fresh, orders: ["Sale"])
        #expect(calls.value == 3)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}
