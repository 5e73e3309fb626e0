package import Kernel

/// What ``BGNBD`` needs to know of one customer's purchases.
///
/// Times are in a unit of the caller's choice (days, weeks), counted from the customer's first purchase; the model's `alpha`
/// and every horizon are in the same unit. Purchases within one unit of time are best counted as one, as two orders
/// of one day are one visit: then customers also share histories and a fit is faster.
package struct PurchaseHistory: Hashable, Sendable {
    /// x: purchases after the first one. From 0 to ``mostRepeats``.
    package let repeats: Int
    /// t_x: when the last of them was; 0 if there is none.
    package let last: Double
    /// T: how long the customer was watched, up to now. From 0 to ``longest``.
    package let age: Double

    /// The most repeat purchases of one customer.
    package static let mostRepeats = 1_000_000_000
    /// The longest time, in units.
    package static let longest = 1e9

    /// - throws: what of it cannot be: negative or infinite numbers, a last purchase after the end, repeat purchases without time
    ///   for them, or a last repeat purchase where there is none.
    package init(repeats: Int, last: Double, age: Double) throws(StatisticsProblem) {
        guard (0...Self.mostRepeats).contains(repeats) else {
            throw .outOfRange(what: "repeats", value: Double(repeats), least: 0, most: Double(Self.mostRepeats))
        }
        for (what, value) in [("last", last), ("age", age)] where !(value >= 0 && value <= Self.longest) {
            throw .outOfRange(what: what, value: value, least: 0, most: Self.longest)
        }
        guard last <= age else { throw .lastAfterEnd(last: last, age: age) }
        if repeats == 0 && last > 0 { throw .lastWithoutRepeats(last: last) }
        if repeats > 0 && last == 0 { throw .repeatsInNoTime(repeats: repeats) }
        self.repeats = repeats
        self.last = last
        self.age = age
    }

    /// The history that times of purchases make, in whole units since the first: purchases of one unit count as one.
    ///
    /// - Parameters:
    ///   - purchases: in any order; those after `now` are left out, as they are not known yet.
    ///   - unit: milliseconds of a unit: a day is 86,400,000. At least 1.
    /// - Returns: nil when there is no purchase up to `now`.
    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` when the time is longer than ``longest`` units.
    package init?(purchases: [Instant], now: Instant, unit: Int64) throws(StatisticsProblem) {
        guard unit >= 1 else { throw .notPositive(what: "unit", value: Double(unit)) }
        let known = purchases.filter { $0 <= now }
        guard let first = known.min() else { return nil }
        // Moments may lie further apart than a number of milliseconds can say.
        let (whole, tooFar) = now.milliseconds.subtractingReportingOverflow(first.milliseconds)
        if tooFar { throw .outOfRange(what: "age", value: .infinity, least: 0, most: Self.longest) }
        let units = Set(known.map { ($0 - first) / unit })
        try self.init(repeats: units.count - 1, last: Double(units.max() ?? 0), age: Double(whole / unit))
    }
}

/// Histories of many customers, the same ones counted: what a fit goes over.
package struct PurchaseHistories: Sendable {
    /// A history, and how many customers have it.
    struct Group: Sendable, Equatable {
        var history: PurchaseHistory
        var count: Double
    }
    /// By repeats, then age, then last.
    let groups: [Group]
    /// How many customers there are.
    package let customers: Int
    /// How many different histories they have.
    package var distinct: Int { groups.count }

    /// Takes some 0.2 µs a customer and log₂ of how many there are.
    package init(_ histories: some Sequence<PurchaseHistory>) {
        self.init(histories.lazy.map { ($0, 1) })
    }

    /// - Parameter counted: histories with how many customers have each; those that nobody has are left out.
    package init(counted: some Sequence<(history: PurchaseHistory, customers: Int)>) {
        self.init(counted.lazy.map { ($0.history, $0.customers) })
    }

    private init(_ counted: some Sequence<(PurchaseHistory, Int)>) {
        var all = counted.filter { $0.1 > 0 }
        all.sort { a, b in
            if a.0.repeats != b.0.repeats { return a.0.repeats < b.0.repeats }
            return a.0.age != b.0.age ? a.0.age < b.0.age : a.0.last < b.0.last
        }
        var groups: [Group] = []
        var customers = 0
        for (history, count) in all {
            customers += count
            if groups.last?.history == history {
                groups[groups.count - 1].count += Double(count)
            } else {
                groups.append(Group(history: history, count: Double(count)))
            }
        }
        self.groups = groups
        self.customers = customers
    }
}
