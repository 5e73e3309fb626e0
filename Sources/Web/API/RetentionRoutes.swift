import Audit
import Consent
import Customers
import Definitions
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// How long interactions are kept: `/api/retention`.
struct RetentionRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [status, run] }

    /// Runs that are told of.
    static let newest = 20

    private var status: Endpoint {
        Endpoint(
            .get, "/api/retention", .administer,
            about: .init(
                "How long interactions are kept, and what is due", tag: "Installation",
                description: "Reads the columns of every interaction: about a second for each hundred million.",
                answer: .init(200, "By name, and what was taken out before", .init("Retention")))
        ) { _, _ in
            let policy = services.retention
            let events = services.customers.retention(policy, now: services.clock.now)
            return Response(
                .ok,
                [
                    "everythingElseDays": policy.everythingElse.json, "due": JSON(events.map(\.due).reduce(0, +)),
                    "events": .array(events.map(\.json)), "runs": .array(try services.customers.expiries(limit: Self.newest).map(\.json)),
                    "checkedAt": JSON(services.customers.lastRetention),
                ])
        }
    }

    private var run: Endpoint {
        Endpoint(
            .post, "/api/retention/runs", .administer, audit: .retention,
            about: .init(
                "Take out what is kept no longer", tag: "Installation",
                description: """
                    What is due is out of sight when this answers; what it said is then taken out of the ledger in the background, and \
                    `GET /api/retention` says how far that is. It cannot be taken back. With `dryRun: true` nothing changes.
                    """, body: .init("NewRetentionRun"), answer: .init(201, "What was due", .init("RetentionRunMade")), problems: [422, 429, 503])
        ) { request, context in
            let isDry = try await Body.json(request, "NewRetentionRun").flag("dryRun")
            let policy = services.retention
            let events = services.customers.retention(policy, now: services.clock.now).filter { $0.due > 0 }
            var due = events.map(\.due).reduce(0, +)
            if isDry {
                context.trail.isSilent = true
            } else {
                due = try await services.customers.expire(policy, by: context.caller)
                context.trail.detail = "\(due) interactions"
            }
            return Response(.created, ["due": JSON(due), "events": .array(events.map(\.json))])
        }
    }
}

extension Services {
    /// How long interactions are kept, by the definitions in force.
    var retention: RetentionPolicy { RetentionPolicy(definitions: pipeline.definitions, names: pipeline.names.all) }
}

extension RetentionPolicy {
    /// The policy of the definitions in force: a document's id and its text.
    /// - Parameter names: Of the interactions that there are: those that say what customers agree to are its proof, and kept.
    package init(definitions: [String: String], names: [String]) {
        let text = definitions[RetentionDefinition.kind]
        let files = text.map { [(name: RetentionDefinition.kind + ".yaml", bytes: Array($0.utf8))] } ?? []
        let definition = Blueprint(files: files, Findings()).definition(RetentionDefinition.self)
        func keep(_ keep: RetentionDefinition.Keep) -> Keep {
            switch keep {
            case .forever: .forever
            case .days(let days): .days(days)
            }
        }
        var events = Dictionary(definition.events.map { ($0.name, keep($0.keep)) }) { first, _ in first }
        for name in RetentionDefinition.ours + names.filter(Consents.says) { events[name] = .forever }
        self.init(events: events, everythingElse: keep(definition.everythingElse))
    }
}

extension RetentionPolicy.Keep {
    var json: JSON {
        switch self {
        case .forever: .null
        case .days(let days): JSON(days)
        }
    }
}

extension RetentionFigures {
    var json: JSON {
        [
            "name": .string(name), "keepDays": keep.json, "listed": .bool(isListed), "interactions": JSON(interactions), "due": JSON(due),
            "oldest": JSON(oldest),
        ]
    }
}

extension ExpiryRun {
    /// From 0 to 1.
    var progress: Double { isDone ? 1 : position.body == 0 ? 0 : Double(body) / Double(position.body) }
    var json: JSON {
        [
            "number": position.json, "at": JSON(at), "author": .string(author), "interactions": JSON(interactions), "progress": .figure(progress),
            "done": .bool(isDone),
        ]
    }
}
