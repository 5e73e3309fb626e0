package import Kernel
package import Ledger

/// What we know of one person, over all devices and channels.
package struct CustomerView: Sendable {
    /// The person's id: the lowest raw customer of those joined.
    package var id: CustomerID
    /// Every id that leads here, this one first.
    package var ids: [CustomerID]
    /// Given name and surname, a full name, or nil.
    package var name: String?
    /// True where there is a name, which whoever looks does not get to see.
    package var isNameHidden = false
    package var identifiers: [KnownIdentifier]
    package var traits: [Trait]
    /// When the first and newest interaction happened; nil when there is none.
    package var firstSeen: Instant?
    package var lastSeen: Instant?
    package var interactions: Int
    package var channels: [Count]
    package var names: [Count]
    package var merges: [Merge]

    package struct Count: Sendable, Equatable {
        package var name: String
        package var count: Int
        package var last: Instant
        package init(name: String, count: Int, last: Instant) {
            self.name = name
            self.count = count
            self.last = last
        }
    }
}

/// An identifier and what it proves.
package struct KnownIdentifier: Sendable, Equatable {
    package var kind: String
    package var value: String
    /// False for what is only found by, as an order number.
    package var unique: Bool
    /// Seen with so many people that it joins nobody any more.
    package var shared: Bool
    /// A user id that an alias replaced.
    package var former: Bool
    package var firstSeen: Instant
    /// Where it was first seen.
    package var position: Position
}

/// What somebody told us about a customer.
package struct Trait: Sendable, Equatable {
    package var key: String
    package var value: JSON
    /// When it was last set.
    package var at: Instant
    /// By what: the name of the write key.
    package var source: String?
    package var channel: String
    package var position: Position
}

/// Two customers found to be one person, and why.
package struct Merge: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// One interaction carried both identifiers.
        case identifiers(kind: String, value: String, otherKind: String, otherValue: String)
        /// An exact match of traits: the rule's name and the normalised values.
        case match(rule: String, values: [String])
        /// Somebody decided.
        case person(name: String, note: String?)
    }
    package var id: Int64
    package var kept: CustomerID
    package var absorbed: CustomerID
    package var reason: Reason
    package var at: Instant
    /// The interaction that proved it; nil when a person decided.
    package var position: Position?
    package var undoneAt: Instant?
    package var undoneBy: String?
    /// The same as a sentence for the API and the terminal, with kinds as they are named there and the day in UTC:
    /// `joined because both used email ann@example.com: one interaction on 2026-05-03 carried it with user_id 88213`.
    package var sentence: String
}

/// One line of a customer's history.
package struct HistoryItem: Sendable {
    package var interaction: Interaction
    package var channel: String
    package var customer: CustomerID
}

/// Which interactions to show.
package struct HistoryFilter: Sendable, Equatable {
    package var names: Set<String> = []
    package var channels: Set<String> = []
    package var directions: Set<Direction> = []
    /// From this moment on.
    package var since: Instant?
    /// Before this moment.
    package var until: Instant?
    package init() {}
}

/// A page, newest first.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Opaque; hand it back to get what follows. Nil at the end.
    package var next: String?
    package init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}

/// A customer found by a search.
package struct Found: Sendable, Equatable {
    package var id: CustomerID
    package var name: String?
    /// True where there is a name, which whoever looks does not get to see.
    package var isNameHidden = false
    /// What matched: `email`, `name`, `order_id`, …
    package var matched: String
    package var value: String
    package var lastSeen: Instant?
    package init(id: CustomerID, name: String?, matched: String, value: String, lastSeen: Instant?) {
        self.id = id
        self.name = name
        self.matched = matched
        self.value = value
        self.lastSeen = lastSeen
    }
}

/// Two customers who may be one person, for somebody to decide.
package struct Review: Sendable, Equatable {
    package var id: Int64
    package var a: CustomerID
    package var b: CustomerID
    /// How alike, 0 to 1.
    package var likeness: Double
    /// `same phone +44…`, `names alike: Jon Smith, John Smith`
    package var reasons: [String]
    package var at: Instant
}

/// A reference that a person or a program gives: an id, or `kind:value`.
package enum CustomerReference: Sendable, Equatable {
    case id(CustomerID)
    case identifier(kind: String, value: String)

    /// `cus_…` or `email:ann@example.com`; nil for anything else.
    package init?(_ text: String) {
        if let id = CustomerID(text) {
            self = .id(id)
        } else if let colon = text.firstIndex(of: ":"), colon != text.startIndex, text.index(after: colon) != text.endIndex {
            self = .identifier(kind: String(text[..<colon]), value: String(text[text.index(after: colon)...]))
        } else {
            return nil
        }
    }
}
