package import Kernel

/// Which customers a list shows, and in which order. What is nil asks for nothing.
package struct CustomerQuery: Sendable, Equatable {
    package enum Sort: String, Sendable, CaseIterable {
        case lastSeen = "last_seen"
        case firstSeen = "first_seen"
        case interactions
        case orders
        case spent
    }
    /// Seen within the last so many days, and not seen for so many: 1 to 36,500.
    package var seenWithin: Int?
    package var notSeenFor: Int?
    /// The name of a channel on which they were seen at least once.
    package var channel: String?
    /// The name of an interaction that they have at least once, and of one that they never have.
    package var did: String?
    package var didNot: String?
    package var ordersAtLeast: Int?
    package var ordersAtMost: Int?
    package var spentAtLeast: Double?
    package var spentAtMost: Double?
    package var sort = Sort.lastSeen
    package var ascending = false

    package init() {}

    /// Whether it asks for less than everybody.
    package var isFiltered: Bool {
        var plain = CustomerQuery()
        plain.sort = sort
        plain.ascending = ascending
        return self != plain
    }
}

/// A row of a list of customers.
package struct CustomerRow: Sendable, Equatable {
    package var id: CustomerID
    package var name: String?
    /// True where there is a name, which whoever looks does not get to see.
    package var isNameHidden = false
    /// The best identifier to recognise them by: kind and value; nil when they have none.
    package var identifier: (kind: String, value: String)?
    /// Nil for somebody without interactions.
    package var firstSeen: Instant?
    package var lastSeen: Instant?
    package var interactions: Int
    package var orders: Int
    package var spent: Double

    package static func == (a: CustomerRow, b: CustomerRow) -> Bool {
        a.id == b.id && a.name == b.name && a.identifier?.kind == b.identifier?.kind && a.identifier?.value == b.identifier?.value
            && a.firstSeen == b.firstSeen && a.lastSeen == b.lastSeen && a.interactions == b.interactions && a.orders == b.orders
            && a.spent == b.spent
    }
}

/// A page of a list of customers.
package struct CustomerListPage: Sendable {
    package var rows: [CustomerRow]
    /// How many fit the query, and how many customers there are at all.
    package var total: Int
    package var everybody: Int
    /// When the figures were worked out: a few seconds ago at most.
    package var asOf: Instant
}

/// Everybody whom a query found, to be read piece by piece by whoever has the time.
package struct CustomerListing: Sendable {
    /// How many there are.
    package let total: Int
    private let read: @Sendable (Range<Int>) throws -> [CustomerRow]

    /// - Parameter read: The rows at these places, without those who are gone.
    package init(total: Int, read: @escaping @Sendable (Range<Int>) throws -> [CustomerRow]) {
        self.total = total
        self.read = read
    }

    /// The next ``Customers/longestPage`` from a place on, fewer at the end and where somebody was erased meanwhile; go on that many
    /// places further.
    package func rows(from place: Int) throws -> [CustomerRow] {
        let from = min(max(place, 0), total)
        return try read(from..<min(total, from + Customers.longestPage))
    }
}
