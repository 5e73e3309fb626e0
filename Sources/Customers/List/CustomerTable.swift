import Identity
import Kernel
import Timeline

/// Figures of every person as of one moment, worked out from the timeline's columns: what lists are sorted and filtered by.
/// Twenty-eight bytes a person, a byte more for each answer that is ``known``, and four for each raw customer.
struct CustomerTable: Sendable {
    /// Persons by their root, ascending; erased ones are not among them.
    private(set) var roots: [UInt32] = []
    /// Seconds since 1970 of the oldest and newest interaction that passed between us; 0 for a person without any.
    private(set) var first: [UInt32] = []
    private(set) var last: [UInt32] = []
    private(set) var interactions: [UInt32] = []
    private(set) var orders: [UInt32] = []
    /// The sum of the orders' values.
    private(set) var spent: [Double] = []
    /// When it was worked out.
    let asOf: Instant
    /// The root of each raw customer at that moment.
    let rootOf: [UInt32]
    /// Who did what, of the people in it.
    let known = KnownPeople()

    var count: Int { roots.count }

    /// - Parameters:
    ///   - rootOf: The root of each raw customer.
    ///   - orderEvents: Numbers of the names that are orders.
    init(_ parts: Parts, rootOf: [UInt32], orderEvents: Set<UInt16>, asOf: Instant) {
        self.asOf = asOf
        self.rootOf = rootOf
        let n = rootOf.count
        var first = [UInt32](repeating: .max, count: n)
        var last = [UInt32](repeating: 0, count: n)
        var interactions = [UInt32](repeating: 0, count: n)
        var orders = [UInt32](repeating: 0, count: n)
        var spent = [Double](repeating: 0, count: n)
        var isOrder = [Bool](repeating: false, count: 1 << 16)
        for event in orderEvents { isOrder[Int(event)] = true }
        func count(_ person: Int, _ event: UInt16, _ value: Double) {
            guard isOrder[Int(event)] else { return }
            orders[person] += 1
            if value.isFinite { spent[person] += value }
        }
        parts.sweep { c, columns, marks in
            // Somebody new since the roots were read counts next time.
            guard Int(c) < n else { return }
            let person = Int(rootOf[Int(c)])
            // What is worked out inside the company is no sign of the customer.
            var between: UInt32 = 0
            for i in marks where Mark.isBetweenUs(columns.flags[i]) { between &+= 1 }
            if between > 0 {
                var from = marks.lowerBound
                while !Mark.isBetweenUs(columns.flags[from]) { from += 1 }
                var to = marks.upperBound - 1
                while !Mark.isBetweenUs(columns.flags[to]) { to -= 1 }
                first[person] = min(first[person], columns.seconds[from])
                last[person] = max(last[person], columns.seconds[to])
                interactions[person] &+= between
            }
            for i in marks where isOrder[Int(columns.events[i])] { count(person, columns.events[i], columns.values[i]) }
        } recent: { c, mark in
            guard Int(c) < n else { return }
            let person = Int(rootOf[Int(c)])
            if mark.isBetweenUs {
                first[person] = min(first[person], mark.second)
                last[person] = max(last[person], mark.second)
                interactions[person] &+= 1
            }
            count(person, mark.event, mark.value)
        }
        for c in 0..<n where rootOf[c] == c && !parts.isHidden(UInt32(c)) {
            roots.append(UInt32(c))
            self.first.append(first[c] == .max ? 0 : first[c])
            self.last.append(last[c])
            self.interactions.append(interactions[c])
            self.orders.append(orders[c])
            self.spent.append(spent[c])
        }
    }
}

extension CustomerTable {
    /// Whether each person of the table has a mark that fits, by their place in it.
    func people(having what: Parts.Having, _ parts: Parts) -> [Bool] {
        // By the roots of this table: whom it has as one person is asked as one, though others may have been joined since.
        known.people(what) { places(of: what, parts) }
    }

    /// Works out in advance what was asked of the table before this one.
    func prepare(like before: CustomerTable, _ parts: Parts) {
        known.prepare(like: before.known) { places(of: $0, parts) }
    }

    private func places(of what: Parts.Having, _ parts: Parts) -> [Bool] {
        let found = parts.having(what, rootOf: rootOf)
        return roots.map { found[Int($0)] }
    }
}
