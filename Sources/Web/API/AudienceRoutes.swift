import Access
import Audiences
import Audit
import Customers
import Definitions
import Formula
import Hummingbird
import Kernel
import NIOCore

/// Audiences, metrics and the lifecycle: `/api/audiences`, `/api/metrics`, `/api/lifecycle`, `/api/customers/{ref}/metrics`.
struct AudienceRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [list, show, members, file, metrics, lifecycle, values] }

    private var audiences: Audiences { services.audiences }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/audiences", .read,
            about: .init(
                "The audiences, with how many are in each", tag: "Audiences",
                description: """
                    `size` is as of a few seconds ago, and null until it is known. Entered and left count from the beginning of today in the \
                    workspace's time zone. While `state` is `preparing`, a changed definition is put to work and the one before holds.
                    """, answer: .init(200, "All of them, by key", .init("AudiencePage")))
        ) { _, _ in
            let found = try Found(services)
            return page(services.definitions.blueprint.defined(AudienceDefinition.self).map { found.json($0) })
        }
    }

    private var show: Endpoint {
        Endpoint(
            .get, "/api/audiences/{key}", .read,
            about: .init("One audience", tag: "Audiences", answer: .init(200, "The audience", .init("Audience")), problems: [404])
        ) { _, context in
            Response(.ok, try Found(services).json(try defined(context)))
        }
    }

    private var members: Endpoint {
        Endpoint(
            .get, "/api/audiences/{key}/members", .read, audit: .view,
            about: .init(
                "Who belongs to an audience, the newest first", tag: "Audiences",
                description: """
                    `since` is since when they belong without a break. Where `found` is true they never entered but were found by the \
                    definition: it is worked out from their \(Audiences.mostLookedBack) newest interactions, and where `atLeast` is true it \
                    may be longer. As members come and go between two pages, one may be on both or on none.
                    """, parameters: [.limit(default: 50, most: 500), .place(from: 0)],
                answer: .init(200, "A page", .init("MemberPage")), problems: [404])
        ) { _, context in
            let audience = try defined(context)
            context.trail.subject = "audience/\(audience.key)"
            let limit = Int(try context.query.integer("limit", in: 1...500, default: 50))
            let offset = Int(try context.query.integer("after", in: 0...Int64.max, default: 0))
            let set = "audience/\(audience.key)"
            let found = try audiences.members(of: set, offset: offset, limit: limit)
            let seen = services.seen(by: context)
            let items = try found.compactMap { member -> JSON? in
                guard let view = try seen.view(member.customer) else { return nil }
                let best = Who.best(view.identifiers)
                return [
                    "customer": .string(view.id.description), "name": JSON(view.name),
                    "identifier": best.map { ["kind": .string($0.kind), "value": .string($0.value)] } ?? .null, "since": JSON(member.since.at),
                    "found": .bool(member.since.isFound), "atLeast": .bool(member.since.isAtLeast),
                ]
            }
            return page(items, next: found.count < limit ? .null : JSON(offset + found.count))
        }
    }

    private var file: Endpoint {
        Endpoint(
            .get, "/api/audiences/{key}/members.csv", .export, audit: .export,
            about: .init(
                "Who belongs to an audience, as CSV", tag: "Audiences",
                description: "By id. What a spreadsheet would take for a formula has an apostrophe before it.",
                answer: .init(200, "A line for each, and a head", .init(type: "text/csv", schema: nil)), problems: [404])
        ) { request, context in
            let audience = try defined(context)
            context.trail.subject = "audience/\(audience.key)"
            context.trail.isSilent = request.method == .head
            let seen = services.seen(by: context)
            let file = MembersCSV(audiences, set: "audience/\(audience.key)") { try seen.view($0) }
            return CustomerRoutes.stream("text/csv; charset=utf-8; header=present", name: "\(audience.key).csv", context) { writer in
                while let piece = try await file.next() { try await writer.write(ByteBuffer(bytes: piece)) }
            }
        }
    }

    private var metrics: Endpoint {
        Endpoint(
            .get, "/api/metrics", .read,
            about: .init("The metrics", tag: "Audiences", answer: .init(200, "All of them, by key", .init("MetricPage")))
        ) { _, context in
            let titles = audiences.company?.titles ?? FormulaTitles()
            let library = audiences.company?.library
            let words = try? services.formulas.words()
            let mask = services.seen(by: context).mask
            let formats = services.formats
            return page(
                services.definitions.blueprint.defined(MetricDefinition.self).map { metric in
                    let type = words.flatMap { words in
                        metric.definition.formula.flatMap { services.formulas.read($0, as: .value, words, of: "metric/\(metric.key)").type }
                    }
                    let learned = mask.hides(metric.definition, library) ? nil : audiences.model(of: metric.key)
                    return [
                        "key": .string(metric.key), "name": .string(metric.definition.name), "meaning": JSON(metric.definition.meaning),
                        "unit": JSON(metric.definition.countedIn), "owner": JSON(metric.owner), "way": .string(metric.definition.wayName),
                        "formula": JSON(metric.definition.formula(learned: learned)), "type": JSON(type?.rawValue),
                        "explanation": .string(metric.definition.explained(titles, learned: learned, formats)),
                        "shown": .bool(metric.definition.isShown),
                        "model": learned?.json ?? .null,
                    ]
                })
        }
    }

    private var lifecycle: Endpoint {
        Endpoint(
            .get, "/api/lifecycle", .read,
            about: .init(
                "The stages of the lifecycle, with how many are in each", tag: "Audiences",
                description: "Everybody is in exactly one: the last whose formula holds, or the first. Without a lifecycle there are no stages.",
                answer: .init(200, "The stages, in their order", .init("Lifecycle")))
        ) { _, _ in
            let found = try Found(services)
            let document = services.definitions.blueprint[LifecycleDefinition.kind]
            let stages = services.definitions.blueprint.definition(LifecycleDefinition.self).stages
            return Response(
                .ok,
                [
                    "owner": JSON(document?.owner), "customers": found.people.map { JSON($0) } ?? .null, "asOf": JSON(found.sweptAt),
                    "stages": .array(
                        stages.map { stage in
                            var members: [JSON.Member] = [
                                .init("name", .string(stage.name)), .init("when", JSON(stage.when?.text)), .init("wants", JSON(stage.wants)),
                                .init("owner", JSON(stage.owner)),
                            ]
                            members += found.sizes("lifecycle/\(stage.name)")
                            return .object(members)
                        }),
                    "lifeEvents": audiences.lifeEvents().map { events in
                        .array(
                            events.map {
                                [
                                    "title": .string($0.title), "event": .string($0.event), "customers7d": JSON($0.lately),
                                    "customers7dBefore": JSON($0.before), "last": JSON($0.last),
                                ]
                            })
                    } ?? .null,
                ])
        }
    }

    private var values: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}/metrics", .read, audit: .view,
            about: .init(
                "The metrics of a customer, worked out now", tag: "Audiences",
                description: "A value is a number, a text, true or false, or a date; a length of time is its seconds. Null is unknown.",
                answer: .init(200, "All of them", .init("MetricValuePage")), problems: [404])
        ) { _, context in
            let id = try services.customer(context.parameters.get("ref"))
            context.trail.subject = id.description
            let mask = services.seen(by: context).mask
            let secrets = try services.customers.view(id).map { mask.secrets(of: $0) } ?? []
            let formats = services.formats
            let library = audiences.company?.library
            return page(
                try audiences.metrics(of: id, at: services.clock.now).map { metric, value in
                    var (json, text) = (MetricWords.json(value), MetricWords.text(value, unit: metric.definition.countedIn, formats))
                    if mask.hides(metric.definition, library) {
                        (json, text) = (.string(Mask.hidden), Mask.hidden)
                    } else if let said = value.text {
                        text = mask.text(said, secrets)
                        json = .string(text)
                    }
                    return [
                        "key": .string(metric.key), "name": .string(metric.definition.name), "unit": JSON(metric.definition.countedIn),
                        "type": .string(value.type.rawValue), "value": json, "text": .string(text),
                    ]
                })
        }
    }

    /// The audience that the path names.
    /// - Throws: a 404 problem.
    private func defined(_ context: Context) throws -> Defined<AudienceDefinition> {
        let key = context.parameters.get("key").flatMap { Percent.decode($0) } ?? ""
        guard let found = services.definitions.blueprint.defined(AudienceDefinition.self).first(where: { $0.key == key }) else {
            throw Problem.notFound("audience")
        }
        return found
    }

    /// What was worked out, as of one moment.
    private struct Found {
        let sizes: [String: Audiences.Size]
        let people: Int?
        let sweptAt: Instant?
        let company: Company?
        let titles: FormulaTitles

        init(_ services: Services) throws {
            let formats = services.formats
            sizes = try services.audiences.sizes(since: formats.start(of: formats.today))
            let swept = services.audiences.swept
            people = swept?.people
            sweptAt = swept?.at
            company = services.audiences.company
            titles = company?.titles ?? FormulaTitles()
        }

        func sizes(_ set: String) -> [JSON.Member] {
            let size = people == nil ? nil : sizes[set]
            let share = size.flatMap { size in people.flatMap { $0 > 0 ? Double(size.people) / Double($0) : nil } }
            return [
                .init("size", size.map { JSON($0.people) } ?? .null), .init("share", share.map { .figure($0) } ?? .null),
                .init("enteredToday", JSON(sizes[set]?.entered ?? 0)), .init("leftToday", JSON(sizes[set]?.left ?? 0)),
            ]
        }

        func json(_ audience: Defined<AudienceDefinition>) -> JSON {
            let isInForce = company?.audiences.contains { $0.key == audience.key && $0.definition == audience.definition } ?? false
            var members: [JSON.Member] = [
                .init("key", .string(audience.key)), .init("name", .string(audience.definition.name)),
                .init("purpose", JSON(audience.definition.purpose)), .init("owner", JSON(audience.owner)),
                .init("who", .string(audience.definition.who.text)), .init("except", JSON(audience.definition.except?.text)),
                .init("explanation", .string(audience.definition.explained(titles))),
                .init("state", .string(isInForce ? "inForce" : "preparing")),
            ]
            members += sizes("audience/\(audience.key)")
            members += [
                .init("definedAt", JSON(sizes["audience/\(audience.key)"]?.definedAt)), .init("asOf", JSON(sweptAt)),
            ]
            return .object(members)
        }
    }
}

extension ModelState {
    var json: JSON {
        switch self {
        case .failed(let words, let at, let before):
            // What was learned before holds, and so does its evidence.
            guard let before, case .object(let members) = before.json else { return ["at": JSON(at), "failed": .string(words), "learnedAt": .null] }
            return .object([.init("at", JSON(at)), .init("failed", .string(words))] + members.filter { !["at", "failed"].contains($0.key) })
        case .lifetime(let fit):
            let parameters = (fit.purchaseParameters + fit.spendingParameters).map { JSON.Member($0.name, .number($0.value)) }
            return [
                "at": JSON(fit.at), "failed": .null, "learnedAt": JSON(fit.at), "customers": JSON(fit.buyers), "parameters": .object(parameters),
                "logLikelihood": .figure(fit.logLikelihood), "averageOrder": .figure(fit.meanOrder),
                "atEdge": .array(fit.edges.map { .string($0) }),
            ]
        case .engagement(let fit):
            return [
                "at": JSON(fit.at), "failed": .null, "learnedAt": JSON(fit.at), "customers": JSON(fit.people), "converted": JSON(fit.converted),
                "explained": .figure(fit.explained),
                "weights": .array(
                    fit.kinds.map { kind in
                        [
                            "event": .string(kind.event), "weight": .figure(Double(kind.hundredths) / 100), "customers": JSON(kind.people),
                            "converted": JSON(kind.converted), "contrary": .bool(kind.isContrary),
                            "oddsRatio": kind.oddsRatio.map { ["least": .figure($0.least), "likely": .figure($0.likely), "most": .figure($0.most)] }
                                ?? .null,
                        ]
                    }),
            ]
        }
    }
}

extension Mask {
    /// Whether what a metric says would tell what is hidden.
    func hides(_ metric: MetricDefinition, _ library: FormulaLibrary?) -> Bool {
        !isNone && hidden(in: FormulaReads(metric.trees, through: library)) != nil
    }
}
