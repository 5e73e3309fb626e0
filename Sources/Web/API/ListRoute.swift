import Customers
import Definitions
import Hummingbird
import Kernel

/// The list of customers: `/api/customers/list`.
struct ListRoute: Sendable {
    let services: Services

    var endpoint: Endpoint {
        Endpoint(
            .get, "/api/customers/list", .read,
            about: .init(
                "Customers who fit, in an order", tag: "Customers",
                description: """
                    The figures are of some seconds ago at most: `asOf` says of when. What counts as an order, and its currency, stands in the \
                    `workspace` definition. `next` is null on the last page, else what `after` takes for the next.
                    """, parameters: Self.parameters, answer: .init(200, "A page", .init("CustomerList")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...Int64(Customers.longestPage), default: 50))
            let offset = Int(try context.query.integer("after", in: 0...Int64.max, default: 0))
            let orders = Set(services.definitions.blueprint.definition(WorkspaceDefinition.self).orders)
            let found = try services.customers.list(Self.query(context.query), orderNames: orders, offset: offset, limit: limit)
            let next = offset + found.rows.count
            let mask = services.seen(by: context).mask
            return Response(
                .ok,
                [
                    "items": .array(found.rows.map { mask($0).json }), "total": JSON(found.total), "customers": JSON(found.everybody),
                    "asOf": JSON(found.asOf), "next": found.rows.isEmpty || next >= found.total ? .null : JSON(next),
                ])
        }
    }

    private static let parameters: [Endpoint.Parameter] =
        ListQuery.Field.allCases.map { field in
            switch field {
            case .seenWithin, .notSeenFor: .init(field.rawValue, field.meaning, whole(ListQuery.days))
            case .ordersAtLeast, .ordersAtMost: .init(field.rawValue, field.meaning, whole(ListQuery.orders))
            case .spentAtLeast, .spentAtMost:
                .init(
                    field.rawValue, field.meaning,
                    ["type": "number", "minimum": .number(-ListQuery.mostSpent), "maximum": .number(ListQuery.mostSpent)])
            case .channel, .did, .didNot: .init(field.rawValue, field.meaning)
            }
        } + [
            .init(
                "sort", "By what they are sorted.",
                ["type": "string", "enum": .array(CustomerQuery.Sort.allCases.map { .string($0.rawValue) }), "default": "last_seen"]),
            .init(
                "order", "Most or newest first, or the other way.", ["type": "string", "enum": ["descending", "ascending"], "default": "descending"]),
            .limit(default: 50, most: Int64(Customers.longestPage)),
            .place(from: 0),
        ]
    private static func whole(_ range: ClosedRange<Int>) -> JSON {
        ["type": "integer", "minimum": JSON(range.lowerBound), "maximum": JSON(range.upperBound)]
    }

    /// - Throws: a 400 problem that names what is wrong.
    private static func query(_ asked: Query) throws -> CustomerQuery {
        var parameters = Parameters()
        for name in ListQuery.Field.allCases.map(\.rawValue) + ["sort", "order"] {
            if let value = asked.value(name) { parameters.add(name, value) }
        }
        let list = ListQuery(parameters)
        if let (field, fault) = list.faults.min(by: { $0.key.rawValue < $1.key.rawValue }) {
            switch fault {
            case .whole(let range):
                throw Problem.badRequest("`\(field.rawValue)` must be a whole number from \(range.lowerBound) to \(range.upperBound).")
            case .amount: throw Problem.badRequest("`\(field.rawValue)` must be an amount in digits, as 250 or 99.90.")
            }
        }
        if let sort = asked.value("sort"), CustomerQuery.Sort(rawValue: sort) == nil {
            throw Problem.badRequest("`sort` must be one of " + CustomerQuery.Sort.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + ".")
        }
        if let order = asked.value("order"), !["ascending", "descending"].contains(order) {
            throw Problem.badRequest("`order` must be `ascending` or `descending`.")
        }
        return list.query
    }
}

extension ListQuery.Field {
    fileprivate var meaning: String {
        switch self {
        case .seenWithin: "Seen within the last so many days."
        case .notSeenFor: "Not seen for so many days."
        case .channel: "Seen on this channel at least once."
        case .did: "With at least one interaction of this name."
        case .didNot: "Without any interaction of this name."
        case .ordersAtLeast: "With at least so many orders."
        case .ordersAtMost: "With at most so many orders."
        case .spentAtLeast: "Whose orders are worth at least this together."
        case .spentAtMost: "Whose orders are worth at most this together."
        }
    }
}

extension CustomerRow {
    var json: JSON {
        [
            "id": .string(id.description), "name": JSON(name),
            "identifier": identifier.map { ["kind": .string($0.kind), "value": .string($0.value)] } ?? .null, "firstSeen": JSON(firstSeen),
            "lastSeen": JSON(lastSeen), "interactions": JSON(interactions), "orders": JSON(orders), "spent": .figure(spent),
        ]
    }
}
