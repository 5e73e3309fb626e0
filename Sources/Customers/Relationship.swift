import Identity
package import Kernel
import Ledger
import Pipeline
import Timeline

/// What a customer is worth and how lately they came: from the marks of their timeline.
package struct Relationship: Sendable, Equatable {
    /// A week, seven days that end with today.
    package struct Week: Sendable, Equatable {
        /// Those that passed between us, not what was worked out.
        package var interactions = 0
        /// Those on channels on which people talk with each other: chat, e-mail, phone, SMS, social and store, from the customer.
        package var talks = 0
        package var orders = 0
        package init() {}
    }
    package var orders = 0
    /// The sum of the orders' values.
    package var spent = 0.0
    package var firstOrder: Instant?
    package var lastOrder: Instant?
    /// The newest weeks, oldest first; the last ends with today.
    package var weeks: [Week] = []
    package init() {}

    /// What an order is worth on average; nil without any.
    package var average: Double? { orders > 0 ? spent / Double(orders) : nil }
}

extension Customers {
    /// The channels on which customers talk with us.
    private static let talking = ["chat", "email", "phone", "sms", "social", "store"]

    /// One pass over all marks of a customer: a nanosecond or so each.
    /// - Parameters:
    ///   - end: When the last week ends.
    ///   - weeks: How many to count, at least one.
    package func relationship(of customer: CustomerID, orderNames: Set<String>, weeks: Int, end: Instant) -> Relationship {
        precondition(weeks > 0)
        var found = Relationship()
        guard Int(customer.raw) < pipeline.people.count else { return found }
        let orders = pipeline.names.numbers(orderNames)
        let vocabulary = ledger.vocabulary
        let talking = Set(Self.talking.compactMap { vocabulary.channel($0)?.rawValue })
        let last = UInt32(clamping: end.seconds)
        let span = UInt32(weeks) * 604_800
        var counts = [Relationship.Week](repeating: .init(), count: weeks)
        pipeline.timeline.forEach(pipeline.people.members(of: customer.raw)) { mark in
            let isOrder = orders.contains(mark.event)
            if isOrder {
                let at = Instant(milliseconds: Int64(mark.second) * 1000)
                found.orders += 1
                if mark.value.isFinite { found.spent += mark.value }
                found.firstOrder = min(found.firstOrder ?? at, at)
                found.lastOrder = max(found.lastOrder ?? at, at)
            }
            guard mark.second < last, last - mark.second <= span else { return }
            let week = weeks - 1 - Int((last - mark.second - 1) / 604_800)
            if mark.isBetweenUs { counts[week].interactions += 1 }
            if isOrder { counts[week].orders += 1 }
            if mark.flags & 3 == Direction.in.rawValue, talking.contains(mark.channel) { counts[week].talks += 1 }
        }
        found.weeks = counts
        return found
    }
}
