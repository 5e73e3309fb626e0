import Access
import Audit
import HTTPTypes
import Hummingbird
import Kernel
import Ledger

/// What each source sent, and what was refused: `/api/sources`, `/api/quarantine`.
struct QuarantineRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [sources, list, reasons, replay, giveUp, takeBack, drop] }

    /// Groups of refusals that are told of, at most.
    static let mostReasons = 1000
    /// Items that can be named one by one.
    static let mostIDs = 10_000

    private static let filters: [Endpoint.Parameter] = [
        .init(
            "source", "Only what came by the write key of this number; 0 for what came by none.",
            ["type": "integer", "minimum": 0, "maximum": 65535]),
        .init("kind", "Only what was refused with this word."), .init("reason", "Only what was refused with this sentence."),
    ]

    private static func filter(_ query: Query) throws -> QuarantineFilter {
        let source = try query.value("source") == nil ? nil : UInt16(query.integer("source", in: 0...65535, default: 0))
        return QuarantineFilter(source: source, kind: query.value("kind"), reason: query.value("reason"))
    }

    private var sources: Endpoint {
        Endpoint(
            .get, "/api/sources", .read,
            about: .init(
                "What each source sent in the last hour and day", tag: "Quarantine",
                description: """
                    A source is a write key, also a revoked one; number 0 stands for what came by none. Counted by the minute: the last hour is \
                    the minute that is not over and the 59 before it. What is not yet concluded is not counted.
                    """, answer: .init(200, "All of them", .init("SourcePage")))
        ) { _, _ in page(try await services.sources().map(\.json)) }
    }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/quarantine", .read,
            about: .init(
                "What was refused, and why", tag: "Quarantine",
                description: """
                    The same bytes, by the same write key and route, refused for the same reason, are one item: `times` says how often they \
                    came. A page of long items has fewer than `limit`; `next` is null on the last page alone.
                    """,
                parameters: [
                    .limit(default: 50, most: 500),
                    .init(
                        "after", "The `next` of the page before, with the same filters and order.",
                        ["type": "integer", "minimum": 0, "maximum": .integer(.max)]),
                    .init("order", "Which come first; the oldest unless given.", ["type": "string", "enum": ["oldest", "newest"]]),
                ] + Self.filters,
                answer: .init(200, "A page", .init("QuarantinePage")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...500, default: 50))
            let filter = try Self.filter(context.query)
            let found: QuarantinePage
            switch context.query.value("order") {
            case nil, "oldest":
                found = try await services.ledger.quarantined(
                    after: try context.query.integer("after", in: 0...Int64.max, default: 0), limit: limit, filter)
            case "newest":
                found = try await services.ledger.quarantined(
                    before: try context.query.integer("after", in: 0...Int64.max, default: .max), limit: limit, filter)
            default: throw Problem.badRequest("`order` can be `oldest` or `newest`.")
            }
            let mask = services.seen(by: context).mask
            return page(found.items.map { json(mask($0)) }, next: found.next.map(JSON.integer) ?? .null)
        }
    }

    private func json(_ item: Quarantined) -> JSON {
        let refused = item.refused
        return [
            "id": .integer(item.id), "receivedAt": JSON(refused.receivedAt), "lastReceivedAt": JSON(item.lastReceivedAt), "times": JSON(item.times),
            "source": JSON(services.access.name(ofSource: refused.source)), "sourceId": JSON(Int(refused.source)), "route": .string(refused.route),
            "index": JSON(refused.index), "messageId": JSON(refused.messageID), "kind": .string(refused.kind), "reason": .string(refused.reason),
            "bytes": JSON(item.bytes), "truncated": .bool(item.isTruncated), "item": .string(String(decoding: refused.item, as: UTF8.self)),
        ]
    }

    private var reasons: Endpoint {
        Endpoint(
            .get, "/api/quarantine/reasons", .read,
            about: .init(
                "What is in quarantine, by source and reason", tag: "Quarantine",
                description: "What came most often first; the first \(Self.mostReasons) groups.", parameters: Self.filters,
                answer: .init(200, "The groups", .init("RefusalPage")))
        ) { _, context in
            let mask = services.seen(by: context).mask
            let groups = try await services.ledger.refusals(try Self.filter(context.query), limit: Self.mostReasons).map { mask($0) }
            return page(
                groups.map { group in
                    [
                        "source": JSON(services.access.name(ofSource: group.source)), "sourceId": JSON(Int(group.source)),
                        "kind": .string(group.kind), "reason": .string(group.reason), "items": JSON(group.items), "times": JSON(group.times),
                        "lastReceivedAt": JSON(group.lastReceivedAt), "sample": .integer(group.sample),
                    ]
                })
        }
    }

    private var replay: Endpoint {
        Endpoint(
            .post, "/api/quarantine/replay", .change, audit: .replay,
            about: .init(
                "Take refused items in again, after a fix", tag: "Quarantine",
                description: """
                    Each item is checked by today's rules, with the time and the write key it came with. What is accepted leaves the quarantine; \
                    what is refused again stays, and so does what was kept only in part (`truncated`). What came several times is taken in once. \
                    Name them by `ids`, or by what they have in common (`source`, `kind`, `reason`), or send `all: true`.
                    """,
                body: .init("Replay"), answer: .init(200, "What became of them", .init("Replayed")), problems: [429, 503])
        ) { request, context in
            let done = try await services.replay(Self.selection(try await Body.json(request, "Replay")))
            context.trail.detail = "\(done.accepted) taken in, \(done.refused) refused again"
            return Response(.ok, services.seen(by: context).mask(done).json)
        }
    }

    private var giveUp: Endpoint {
        Endpoint(
            .post, "/api/quarantine/dismissals", .change, audit: .dismissal,
            about: .init(
                "Give up refused items", tag: "Quarantine",
                description: """
                    Nobody sees them any more. For a day they can be taken back, by the number in the answer; then they are gone. Named as for \
                    replaying them.
                    """,
                body: .init("Replay"), answer: .init(201, "How many, and the number to take them back by", .init("Dismissal")), problems: [429, 503])
        ) { request, context in
            let given = try await services.giveUp(Self.selection(try await Body.json(request, "Replay")))
            context.trail.detail = "\(given.count) given up"
            return Response(.created, ["number": .integer(given.number), "dropped": JSON(given.count)])
        }
    }

    private var takeBack: Endpoint {
        Endpoint(
            .delete, "/api/quarantine/dismissals/{number}", .change, audit: .dismissal,
            about: .init(
                "Take back what was given up", tag: "Quarantine", answer: .init(200, "How many are in quarantine again", .init("TakenBack")),
                problems: [404, 503])
        ) { _, context in
            guard let number = context.parameters.get("number", as: Int64.self) else { throw Problem.notFound("dismissal") }
            let count = try await services.ledger.takeBack(number)
            guard count > 0 else { throw Problem.notFound("dismissal of the last day that has items left") }
            context.trail.detail = "\(count) taken back"
            return Response(.ok, ["returned": JSON(count)])
        }
    }

    private var drop: Endpoint {
        Endpoint(
            .delete, "/api/quarantine/{id}", .change, audit: .dismissal,
            about: .init("Give up a refused item", tag: "Quarantine", answer: .init(204, "Nobody sees it any more"), problems: [404, 503])
        ) { _, context in
            guard let id = context.parameters.get("id", as: Int64.self), try await services.giveUp(.ids([id])).count == 1 else {
                throw Problem.notFound("refused item")
            }
            return .noContent
        }
    }

    /// Which items a body means.
    static func selection(_ body: JSON) throws -> QuarantineSelection {
        let all = try body.flag("all")
        var filter = QuarantineFilter(kind: try body.optional("kind"), reason: try body.optional("reason"))
        if let source = body["source"], !source.isNull {
            guard let number = source.whole.flatMap({ UInt16(exactly: $0) }) else {
                throw Problem.badRequest("`source` must be the number of a write key, or 0 for none.")
            }
            filter.source = number
        }
        let ids = body["ids"].flatMap { $0.isNull ? nil : $0 }
        guard [all, ids != nil, filter != .init()].filter({ $0 }).count == 1 else {
            throw Problem.badRequest("The body needs `ids`, or some of `source`, `kind` and `reason`, or `all: true`; one of these alone.")
        }
        guard let ids else { return .fitting(filter) }
        guard let numbers = ids.array?.compactMap(\.whole), numbers.count == ids.array?.count, numbers.count <= mostIDs else {
            throw Problem.badRequest("`ids` must be an array of at most \(mostIDs) whole numbers.")
        }
        return .ids(numbers)
    }
}

extension Replayed {
    var json: JSON {
        [
            "accepted": JSON(accepted), "refused": JSON(refused),
            "refusals": .array(refusals.map { ["id": .integer($0.id), "kind": .string($0.kind), "reason": .string($0.reason)] }),
        ]
    }
}

extension SourceFigures {
    var json: JSON {
        [
            "id": JSON(Int(id)), "name": JSON(name), "createdAt": JSON(createdAt), "revokedAt": JSON(revokedAt), "lastAt": JSON(lastAt),
            "hour": hour.json, "day": day.json, "hours": .array(hours.map { JSON($0) }),
            "channels": .array(channels.map { ["name": .string($0.name), "hour": JSON($0.hour), "day": JSON($0.day)] }),
            "quarantined": JSON(quarantined),
        ]
    }
}

extension SourceFigures.Counts {
    var json: JSON { ["accepted": JSON(accepted), "repeated": JSON(repeated), "refused": JSON(refused)] }
}
