import Customers

/// A list of customers as an address asks for it: `?seen_within=30&did=Order+Completed&sort=spent`.
struct ListQuery: Sendable {
    /// A filter: its name in the address and what it is called on the page.
    enum Field: String, CaseIterable, Sendable {
        case seenWithin = "seen_within"
        case notSeenFor = "not_seen_for"
        case channel
        case did
        case didNot = "did_not"
        case ordersAtLeast = "orders_min"
        case ordersAtMost = "orders_max"
        case spentAtLeast = "spent_min"
        case spentAtMost = "spent_max"

        /// The filter that the backend calls so in ``CustomersProblem/filter(field:value:known:)``.
        init?(backend name: String) {
            switch name {
            case "channel": self = .channel
            case "did": self = .did
            case "didNot": self = .didNot
            default: return nil
            }
        }
    }
    /// Why a value filters nothing.
    enum Fault: Equatable, Sendable {
        /// No whole number, or one out of the range.
        case whole(ClosedRange<Int>)
        case amount
    }

    /// The longest that anybody is looked back for, in days: a hundred years.
    static let days = 1...36_500
    static let orders = 0...1_000_000_000
    /// The largest amount either way: above it a number no longer holds cents.
    static let mostSpent = 1e12
    /// The last page that can be asked for; what there is ends long before.
    private static let pages = 1...10_000_000

    private(set) var query = CustomerQuery()
    /// What was typed, right or wrong.
    private(set) var typed: [Field: String] = [:]
    private(set) var faults: [Field: Fault] = [:]
    /// Counted from 1.
    private(set) var page = 1

    init(_ parameters: Parameters) {
        for field in Field.allCases { typed[field] = parameters[field.rawValue] }
        query.channel = typed[.channel]
        query.did = typed[.did]
        query.didNot = typed[.didNot]
        query.seenWithin = whole(.seenWithin, Self.days)
        query.notSeenFor = whole(.notSeenFor, Self.days)
        query.ordersAtLeast = whole(.ordersAtLeast, Self.orders)
        query.ordersAtMost = whole(.ordersAtMost, Self.orders)
        query.spentAtLeast = amount(.spentAtLeast)
        query.spentAtMost = amount(.spentAtMost)
        query.sort = parameters["sort"].flatMap(CustomerQuery.Sort.init) ?? .lastSeen
        query.ascending = parameters["order"] == "ascending"
        page = parameters["page"].flatMap(Int.init).map { min(max($0, Self.pages.lowerBound), Self.pages.upperBound) } ?? 1
    }

    private mutating func whole(_ field: Field, _ range: ClosedRange<Int>) -> Int? {
        guard let text = typed[field] else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        faults[field] = .whole(range)
        return nil
    }

    private mutating func amount(_ field: Field) -> Double? {
        guard let text = typed[field] else { return nil }
        if let number = Self.amount(text) { return number }
        faults[field] = .amount
        return nil
    }

    /// An amount as people type it, up to ``mostSpent`` either way; nil for anything else.
    static func amount(_ text: String) -> Double? {
        // Digits, and powers of ten as programs write them: `Double` also reads `nan`, `inf` and `0x1p3`.
        guard text.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }), let number = Double(text),
            abs(number) <= mostSpent
        else { return nil }
        return number
    }

    /// The address's query with what is changed in it; it begins at the first page unless told otherwise.
    func parameters(
        leavingOut left: Field? = nil, setting set: (Field, String)? = nil, sort: CustomerQuery.Sort? = nil, ascending: Bool? = nil, page: Int = 1
    )
        -> Parameters
    {
        var out = Parameters()
        for field in Field.allCases where field != left {
            let value = set?.0 == field ? set?.1 : typed[field]
            if let value { out.add(field.rawValue, value) }
        }
        let sort = sort ?? query.sort
        let ascending = ascending ?? query.ascending
        if sort != .lastSeen || ascending { out.add("sort", sort.rawValue) }
        if ascending { out.add("order", "ascending") }
        if page > 1 { out.add("page", String(page)) }
        return out
    }

    /// `/customers?did=Order%20Completed`
    static func address(_ parameters: Parameters, at path: String = "/customers") -> String {
        parameters.pairs.isEmpty ? path : path + "?" + parameters.encoded
    }
}
