import Access
import Audit
import Consent
import Hummingbird
import Kernel
import Ledger

/// What customers agree to: `/api/customers/{ref}/consents`.
struct ConsentRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [list, write] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}/consents", .read, audit: .view,
            about: .init(
                "What a customer agrees to", tag: "Customers",
                description: """
                    `current` has the newest word on each purpose and channel; `history` everything that was said, newest first, each with the \
                    position of the interaction that proves it.
                    """, answer: .init(200, "What holds, and how it came", .init("Consents")), problems: [404])
        ) { _, context in
            let id = try services.customer(context.parameters.get("ref"))
            context.trail.subject = id.description
            return Response(.ok, try services.seen(by: context).consents(services.consents.state(of: id), of: id).json)
        }
    }

    private var write: Endpoint {
        Endpoint(
            .post, "/api/customers/{ref}/consents", .annotate, audit: .consent,
            about: .init(
                "Write down that a customer agrees to something, or no longer does", tag: "Customers", body: .init("NewConsent"),
                answer: .init(201, "What holds now, and how it came", .init("Consents")), problems: [404, 422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewConsent")
            let id = try services.customer(context.parameters.get("ref"))
            context.trail.subject = id.description
            guard let given = body["given"]?.bool else { throw Problem.badRequest("The body needs `given`, true or false.") }
            context.trail.detail = given ? "given" : "withdrawn"
            try await services.consents.record(
                given, for: body.required("purpose"), on: body.optional("channel"), of: id, method: body.optional("method"),
                wording: body.optional("wording"), by: context.caller)
            return Response(.created, try services.seen(by: context).consents(services.consents.state(of: id), of: id).json)
        }
    }
}

extension ConsentState {
    var json: JSON { ["current": .array(current.map(\.json)), "history": .array(history.map(\.json))] }
}

extension ConsentChange {
    var json: JSON {
        [
            "purpose": .string(purpose), "channel": JSON(channel), "given": .bool(given), "at": JSON(at), "position": Position(raw: position).json,
            "method": JSON(method), "wording": JSON(wording), "recordedBy": JSON(recordedBy),
        ]
    }
}
