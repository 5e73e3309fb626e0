package import Kernel

/// Harbour & Pine, an invented retailer of furniture and things for the home: its customers and all that passed between them and it.
///
/// The same seed, end and size give the same bytes on every machine. A million interactions take about 40 MB of memory: what
/// happened is kept as marks of 24 bytes, and items are written from them one body at a time.
///
/// ```swift
/// var company = DemoCompany(end: clock.now)
/// while let body = company.nextBody() { post(body.bytes) }
/// var live = company.live()
/// while let next = live.next() { sleep(next.wait); post(next.item) }
/// ```
package struct DemoCompany: Sendable {
    /// Items of the tracking API, ready to be sent.
    package struct Body: Sendable, Equatable {
        /// `{"batch":[…]}`.
        package let bytes: [UInt8]
        /// How many items are in it.
        package let items: Int
    }

    /// How many customers: people, some of whom never say who they are.
    package let customers: Int
    /// How many interactions ``nextBody(bytes:items:)`` gives in all.
    package var interactions: Int { marks.count }
    /// How many were given.
    package private(set) var given = 0

    let births: Births
    private(set) var persons: [Person] = []
    private(set) var orders: [Order] = []
    private var marks: [Mark] = []
    /// What history has already decided to happen after the end: deliveries, answers.
    private(set) var upcoming: [Mark] = []
    private(set) var lastNumber: UInt32 = 38_216
    let pen: ItemPen

    /// Lives through the months before `end`. Takes a second or two for 20,000 customers.
    /// - Parameters:
    ///   - seed: which world.
    ///   - end: when history ends and live traffic begins.
    ///   - customers: 2 to 10,000,000. With 20,000 there are over a million interactions.
    ///   - months: of thirty days and ten hours, 1 to 120.
    package init(seed: UInt64 = 2291, end: Instant, customers: Int = 20_000, months: Int = 24) {
        precondition((2...10_000_000).contains(customers) && (1...120).contains(months))
        self.customers = customers
        let start = end.milliseconds - Int64(months) * (30 * Time.day + 10 * Time.hour)
        let campaigns = Self.campaigns(from: start, to: end.milliseconds)
        var births = Births(
            seed: seed, start: start, end: end.milliseconds, campaigns: campaigns, troubled: (end.milliseconds - 42 * Time.day)..<Int64.max)
        pen = ItemPen(seed: seed, campaigns: campaigns)
        persons.reserveCapacity(customers)
        var random = births.random(of: 0)
        var life = Life(random: random, person: births.person(0, &random), orders: [], troubled: births.troubled)
        for index in 0..<UInt32(customers) {
            if index > 0 {
                random = births.random(of: index)
                life.person = births.person(index, &random, beside: persons.last)
            }
            life.random = random
            births.live(&life)
            persons.append(life.person)
        }
        self.births = births
        orders = life.orders
        var all = life.marks
        life.marks = []
        all.sort(by: Mark.inOrder)
        for mark in all where mark.kind == .ordered {
            lastNumber += 1
            orders[Int(mark.about)].number = lastNumber
        }
        // An order after the end would have a number from the future, so nothing is ordered then; what follows from orders may come.
        let cut = all.firstIndex { $0.at >= end.milliseconds } ?? all.count
        upcoming = all[cut...].filter { Self.follows($0.kind) && ($0.about == Mark.none || orders[Int($0.about)].at < end.milliseconds) }
        all.removeSubrange(cut...)
        marks = all
    }

    /// Interactions a second on a usual day, as the last four weeks of history had them, without letters of news.
    var usualPerSecond: Double {
        let from = births.end - 28 * Time.day
        let count = marks.count { mark in
            switch mark.kind {
            case .campaignSent, .campaignOpened, .campaignClicked, .unsubscribed: false
            default: mark.at >= from
            }
        }
        let days = (0..<28).reduce(0.0) { $0 + Rhythm.ofDay(from + $1 * Time.day + Time.day / 2) }
        return Double(max(count, 1)) / (days * 86_400)
    }

    /// Whether something follows by itself from what happened before.
    private static func follows(_ kind: Mark.Kind) -> Bool {
        switch kind {
        case .confirmed, .shipped, .late, .texted, .delivered, .asked, .answered, .returned, .refunded, .chatOut, .mailOut, .socialOut: true
        default: false
        }
    }

    private static let subjects = [
        ("What the winter oak is doing", "Rooms for short days"), ("Light until six", "The white sale, quietly"),
        ("First walks, wet boots", "Linen is back"),
        ("Open the windows", "The garden chairs are in"), ("May, outside", "How we make a bench"), ("Long evenings", "A kettle for every fire"),
        ("Slow summer", "The last of the zinc planters"), ("Before you go away", "The workshop sale"), ("Back indoors", "New: the Cooper shelf"),
        ("October letter", "Throws, and why wool"), ("Candles, early", "Made for the long table"),
        ("Last days for the post", "Thank you for this year"),
    ]

    /// Two letters a month.
    private static func campaigns(from start: Int64, to end: Int64) -> [Campaign] {
        var made: [Campaign] = []
        var day = Life.midnight(start)
        while day < end {
            let date = Instant.date(days: Int(day / Time.day))
            if date.day == 5 || date.day == 20 {
                let pair = subjects[date.month - 1]
                let name = date.day == 5 ? pair.0 : pair.1
                made.append(Campaign(at: day + 7 * Time.hour, name: name, slug: "\(date.year)-\(date.month)-\(date.day == 5 ? "a" : "b")"))
            }
            day += Time.day
        }
        return made
    }

    /// The next items in the order of time, or nil when history has been told.
    /// - Parameters:
    ///   - bytes: how large a body may be: 500,000 for `/v1/batch`, 4,000,000 for `/v1/import`. At least one item goes into each.
    ///   - items: how many items it may have: 2,500 for `/v1/batch`.
    package mutating func nextBody(bytes limit: Int = 4_000_000, items most: Int = 20_000) -> Body? {
        guard given < marks.count else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(limit)
        out.put("{\"batch\":[")
        var items = 0
        while given < marks.count, items < most {
            let before = out.count
            if items > 0 { out.append(44) }
            let mark = marks[given]
            pen.append(mark, persons[Int(mark.person)], order(mark), to: &out)
            if items > 0, out.count + 2 > limit {
                out.removeSubrange(before...)
                break
            }
            items += 1
            given += 1
        }
        out.put("]}")
        return Body(bytes: out, items: items)
    }

    private func order(_ mark: Mark) -> Order? {
        switch mark.kind {
        case .campaignSent, .campaignOpened, .campaignClicked, .unsubscribed, .page: nil
        default: mark.about == Mark.none ? nil : orders[Int(mark.about)]
        }
    }

    /// What happens from the end on, for ever: people who exist already, now and then somebody new, and what was on its way.
    /// - Parameters:
    ///   - begin: when it begins; the end of history when nil. Time that lies between is passed over.
    ///   - perSecond: interactions a second, 0.01 to 1000, at every hour alike; nil for as many as history has at such an hour.
    package func live(from begin: Instant? = nil, perSecond: Double? = nil) -> DemoLive {
        precondition(perSecond.map((0.01...1000).contains) ?? true)
        return DemoLive(self, from: begin ?? Instant(milliseconds: births.end), perSecond: perSecond)
    }
}
