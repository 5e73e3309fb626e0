import Identity
package import Kernel
import Ledger
import Pipeline
import Timeline

/// What happened in a stretch of time.
package struct PeriodFigures: Sendable, Equatable {
    /// Those that passed between customers and the company, not what was worked out.
    package var interactions = 0
    /// Customers with at least one interaction.
    package var customers = 0
    package var orders = 0
    /// The sum of the orders' values.
    package var spent = 0.0
    package init() {}
}

/// Days beside each other: whole days, and the same stretch of each day from midnight to the time of day that it is now.
package struct DayFigures: Sendable {
    /// The stretch of today and of each day before until the same time of day; today is the last.
    package var untilNow: [PeriodFigures]
    /// The whole of each day; today's is not over.
    package var whole: [PeriodFigures]
    /// When each day began; today's is the last.
    package var days: [Instant]
    /// For today, the last, and for the same day of each week before: what happened in each half hour. ``PeriodFigures/customers``
    /// are those whose first interaction of that day it was, so that a day's half hours add up to the day.
    package var halfHours: [[PeriodFigures]]
    /// Interactions of the last 60 minutes by channel, the most first.
    package var channels: [(name: String, count: Int)]
    package var asOf: Instant

    package init(
        untilNow: [PeriodFigures], whole: [PeriodFigures], days: [Instant], halfHours: [[PeriodFigures]], channels: [(name: String, count: Int)],
        asOf: Instant
    ) {
        self.untilNow = untilNow
        self.whole = whole
        self.days = days
        self.halfHours = halfHours
        self.channels = channels
        self.asOf = asOf
    }
}

extension Customers {
    /// The most days that can be looked at together: a bit for each stands in one word for each customer.
    package static let mostDays = 63

    /// Figures of the days that began at these moments.
    ///
    /// Worked out from the timeline's columns in one sweep, so some tenths of a second at a hundred million interactions: keep
    /// what it gives for a few seconds.
    /// - Parameters:
    ///   - days: Ascending, at most ``mostDays``; the last is today. Each day ends where the next begins, today now.
    ///   - untils: For each day, where its stretch until the present time of day ends.
    ///   - orderNames: The interactions that count as orders.
    package func figures(days: [Instant], untils: [Instant], orderNames: Set<String>) -> DayFigures {
        precondition(days.count == untils.count && (1...Self.mostDays).contains(days.count), "1 to \(Self.mostDays) days, each with its end")
        let now = clock.now
        let rootOf = pipeline.people.allRoots
        let orders = pipeline.names.numbers(orderNames)
        var sweep = DaySweep(days: days, untils: untils, now: now, people: rootOf.count)
        pipeline.timeline.sweep { c, columns, marks in
            guard Int(c) < rootOf.count else { return }
            // Marks of one customer lie in order: those before the first day are left out at once.
            var from = marks.lowerBound
            var to = marks.upperBound
            while from < to {
                let middle = (from + to) / 2
                if columns.seconds[middle] < sweep.first { from = middle + 1 } else { to = middle }
            }
            for i in from..<marks.upperBound {
                sweep.count(
                    rootOf[Int(c)], columns.seconds[i], orders.contains(columns.events[i]) ? columns.values[i] : nil, columns.channels[i],
                    isBetweenUs: Mark.isBetweenUs(columns.flags[i]))
            }
        } recent: { c, mark in
            guard Int(c) < rootOf.count, mark.second >= sweep.first else { return }
            sweep.count(rootOf[Int(c)], mark.second, orders.contains(mark.event) ? mark.value : nil, mark.channel, isBetweenUs: mark.isBetweenUs)
        }
        let vocabulary = ledger.vocabulary
        let channels = sweep.channels.indices.filter { sweep.channels[$0] > 0 }.map {
            (name: vocabulary.name(of: Channel(rawValue: UInt8($0))), count: sweep.channels[$0])
        }
        let (untilNow, whole) = sweep.figures()
        return DayFigures(
            untilNow: untilNow, whole: whole, days: days, halfHours: sweep.halfHours(),
            channels: channels.sorted { ($1.count, $0.name) < ($0.count, $1.name) }, asOf: now)
    }
}

/// One pass over the marks of some days.
private struct DaySweep {
    /// Second in which the first day began.
    let first: UInt32
    private let starts: [UInt32]
    private let untils: [UInt32]
    private let hourAgo: UInt32
    private let end: UInt32
    private var whole: [PeriodFigures]
    private var untilNow: [PeriodFigures]
    /// For each person a bit for each day with an interaction, and for each with one in the stretch.
    private var active: [UInt64]
    private var activeUntilNow: [UInt64]
    /// For each person and each day that has half hours: the first of them with an interaction.
    private var firstHalfHour: [UInt8]
    private var slots: [[PeriodFigures]]
    private(set) var channels = [Int](repeating: 0, count: 256)

    /// A day of 25 hours has 50 half hours.
    private static let mostSlots = 50
    private static let none = UInt8.max

    init(days: [Instant], untils: [Instant], now: Instant, people: Int) {
        starts = days.map { UInt32(clamping: $0.seconds) }
        self.untils = untils.map { UInt32(clamping: $0.seconds) }
        first = starts[0]
        end = UInt32(clamping: now.seconds)
        hourAgo = end - min(end, 3600)
        whole = days.map { _ in PeriodFigures() }
        untilNow = whole
        active = [UInt64](repeating: 0, count: people)
        activeUntilNow = active
        let weeks = (days.count - 1) / 7 + 1
        firstHalfHour = [UInt8](repeating: Self.none, count: people * weeks)
        let today = days.count - 1
        slots = (0..<weeks).map { week in
            let day = today - 7 * (weeks - 1 - week)
            // Today's day ends where a day of 24 hours would: what is not yet is empty.
            let seconds = day < today ? Int(days[day + 1].seconds - days[day].seconds) : 86_400
            return Array(repeating: PeriodFigures(), count: min(Self.mostSlots, (seconds + 1799) / 1800))
        }
    }

    /// Which row of the half hours a day is; nil for one that has none.
    private func week(of day: Int) -> Int? {
        let before = starts.count - 1 - day
        return before % 7 == 0 ? slots.count - 1 - before / 7 : nil
    }

    /// - Parameter order: An order's value, not a number when it has none; nil for what is no order.
    mutating func count(_ person: UInt32, _ second: UInt32, _ order: Double?, _ channel: UInt8, isBetweenUs: Bool) {
        guard second >= first, second <= end else { return }
        // Days have 23 to 25 hours: the guess is right or next to it.
        var day = min(Int(second - first) / 86_400, starts.count - 1)
        while day > 0, second < starts[day] { day -= 1 }
        while day + 1 < starts.count, second >= starts[day + 1] { day += 1 }
        let isUntilNow = second < untils[day] || day == starts.count - 1
        Self.add(order, to: &whole[day], isBetweenUs)
        if isUntilNow { Self.add(order, to: &untilNow[day], isBetweenUs) }
        if isBetweenUs {
            active[Int(person)] |= 1 << UInt64(day)
            if isUntilNow { activeUntilNow[Int(person)] |= 1 << UInt64(day) }
            if second > hourAgo { channels[Int(channel)] += 1 }
        }
        guard let week = week(of: day) else { return }
        let slot = min(Int(second - starts[day]) / 1800, slots[week].count - 1)
        Self.add(order, to: &slots[week][slot], isBetweenUs)
        guard isBetweenUs else { return }
        let place = Int(person) * slots.count + week
        firstHalfHour[place] = min(firstHalfHour[place], UInt8(slot))
    }

    private static func add(_ order: Double?, to figures: inout PeriodFigures, _ isBetweenUs: Bool) {
        if isBetweenUs { figures.interactions += 1 }
        guard let order else { return }
        figures.orders += 1
        if order.isFinite { figures.spent += order }
    }

    func halfHours() -> [[PeriodFigures]] {
        var slots = slots
        for place in firstHalfHour.indices where firstHalfHour[place] != Self.none {
            slots[place % slots.count][Int(firstHalfHour[place])].customers += 1
        }
        return slots
    }

    func figures() -> (untilNow: [PeriodFigures], whole: [PeriodFigures]) {
        var (untilNow, whole) = (untilNow, whole)
        for person in active.indices where active[person] != 0 {
            for day in starts.indices {
                whole[day].customers += Int(active[person] >> UInt64(day) & 1)
                untilNow[day].customers += Int(activeUntilNow[person] >> UInt64(day) & 1)
            }
        }
        return (untilNow, whole)
    }
}
