import Audit
import Customers
import Hummingbird
import Kernel

/// Decisions about who is one person: merges, their undoing, and the queue of likely duplicates.
struct MergeRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [merge, undo, reviews, decide, reopen] }

    private var merge: Endpoint {
        Endpoint(
            .post, "/api/customers/{ref}/merges", .change, audit: .merge,
            about: .init(
                "Join two customers", tag: "Customers", body: .init("MergeRequest"), answer: .init(201, "The merge", .init("Merge")),
                problems: [404, 422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "MergeRequest")
            let a = try services.customer(context.parameters.get("ref"))
            let b = try services.customer(reference: body.required("with"))
            let note = try body.optional("note")
            context.trail.subject = a.description
            context.trail.detail = "with \(b)"
            let merge = try await services.customers.merge(a, b, by: context.caller, note: note)
            return Response(.created, try services.seen(by: context).merge(merge).json)
        }
    }

    private var undo: Endpoint {
        Endpoint(
            .delete, "/api/customers/{ref}/merges/{merge}", .change, audit: .unmerge,
            about: .init(
                "Undo a merge", tag: "Customers",
                description: "Gives back two customers with their own interactions and identifiers, and keeps them apart.",
                answer: .init(200, "The merge, undone", .init("Merge")), problems: [404, 422, 429, 503])
        ) { _, context in
            let id = try services.customer(context.parameters.get("ref"))
            guard let merge = context.parameters.get("merge", as: Int64.self) else { throw CustomersProblem.noMerge(0) }
            context.trail.subject = id.description
            context.trail.detail = "merge \(merge)"
            let undone = try await services.customers.undo(merge: merge, of: id, by: context.caller)
            return Response(.ok, try services.seen(by: context).merge(undone).json)
        }
    }

    private var reviews: Endpoint {
        Endpoint(
            .get, "/api/reviews", .read,
            about: .init(
                "Customers who may be one person", tag: "Reviews", parameters: [.limit(default: 25, most: 200), .place(from: 0)],
                answer: .init(200, "A page, in the order they were found", .init("ReviewPage")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...200, default: 25))
            let after = context.query.value("after") == nil ? nil : try context.query.integer("after", in: 0...Int64.max, default: 0)
            let found = try services.seen(by: context).reviews(limit: limit, after: after)
            return page(found.map(\.json), next: found.count < limit ? .null : JSON(found.last.map { String($0.id) }))
        }
    }

    private var decide: Endpoint {
        Endpoint(
            .post, "/api/reviews/{id}/decision", .change, audit: .review,
            about: .init(
                "Decide whether two customers are one", tag: "Reviews",
                description: "`same: true` joins them; `same: false` keeps them apart and does not ask again.",
                body: .init("Decision"), answer: .init(204, "Decided"), problems: [404, 422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "Decision")
            guard let id = context.parameters.get("id", as: Int64.self) else { throw Problem.notFound("review") }
            guard let same = body["same"]?.bool else { throw Problem.badRequest("The body needs `same`, true or false.") }
            context.trail.detail = same ? "one person" : "two people"
            try await services.customers.decide(review: id, same: same, by: context.caller)
            return .noContent
        }
    }

    private var reopen: Endpoint {
        Endpoint(
            .delete, "/api/reviews/{id}/decision", .change, audit: .review,
            about: .init(
                "Take a decision about two customers back", tag: "Reviews",
                description: "Whom it joined are two again, whom it kept apart may be joined again, and the pair waits for a decision as before.",
                answer: .init(204, "Taken back"), problems: [404, 429, 503])
        ) { _, context in
            guard let id = context.parameters.get("id", as: Int64.self) else { throw Problem.notFound("review") }
            context.trail.detail = "taken back"
            try await services.customers.reopen(review: id, by: context.caller)
            return .noContent
        }
    }
}
