import Audit
import Definitions
import Delivery
import Hummingbird
import Kernel

/// Webhooks: `/api/webhooks`. Which there are the blueprint says.
struct WebhookRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [list, messages, sendAgain, test, secret, changeSecret, enable] }

    private var webhooks: Webhooks { services.webhooks }
    /// The most messages of a page.
    private static let largestPage: Int64 = 100

    private var list: Endpoint {
        Endpoint(
            .get, "/api/webhooks", .administer,
            about: .init(
                "The webhooks, with how sending goes", tag: "Webhooks",
                description: """
                    `state` is `ok`; `failing` since the newest attempt was not taken; `off` when the definition says so; `disabled` when the \
                    receiver answered 410, until somebody enables it.
                    """, answer: .init(200, "All of them, by key", .init("WebhookPage")))
        ) { _, _ in
            page(try services.definitions.blueprint.defined(WebhookDefinition.self).map { try json($0) })
        }
    }

    private var messages: Endpoint {
        Endpoint(
            .get, "/api/webhooks/{key}/messages", .administer,
            about: .init(
                "The messages of a webhook, newest first", tag: "Webhooks",
                description: "A message is kept for 30 days, and of those that are done the newest 100,000.",
                parameters: [
                    .init(
                        "state", "Only these.",
                        ["type": "string", "enum": .array(OutboxMessage.State.allCases.map { .string($0.word) })]),
                    .limit(default: 50, most: Self.largestPage), .cursor,
                ], answer: .init(200, "A page", .init("WebhookMessagePage")), problems: [404])
        ) { _, context in
            let webhook = try defined(context)
            let limit = Int(try context.query.integer("limit", in: 1...Self.largestPage, default: 50))
            let state = try context.query.value("state").map { word in
                guard let state = OutboxMessage.State(word: word) else {
                    throw Problem.badRequest(
                        "`state` must be one of " + OutboxMessage.State.allCases.map { "`\($0.word)`" }.joined(separator: ", ") + ".")
                }
                return state
            }
            let found = try webhooks.messages(of: webhook.key, state, before: context.query.value("after"), limit: limit)
            return page(found.map(\.json), next: found.count < limit ? .null : JSON(found.last?.id))
        }
    }

    private var sendAgain: Endpoint {
        Endpoint(
            .post, "/api/webhooks/{key}/messages/{id}/send", .administer, audit: .webhookSend,
            about: .init(
                "Send a message again", tag: "Webhooks",
                description: "Whatever became of it: under the same id, with all attempts before it.",
                answer: .init(200, "The message, which waits now", .init("WebhookMessage")), problems: [404, 409, 503])
        ) { _, context in
            let webhook = try defined(context)
            let message = try webhooks.sendAgain(context.parameters.get("id") ?? "", of: webhook.key)
            context.trail.detail = message.id
            return Response(.ok, message.json)
        }
    }

    private var test: Endpoint {
        Endpoint(
            .post, "/api/webhooks/{key}/test", .administer, audit: .webhookTest,
            about: .init(
                "Send a signed message that says nothing, and tell what came back", tag: "Webhooks",
                description: "Its type is `test`. It is sent once, now, also while the webhook is off or disabled.",
                answer: .init(200, "What came back, also when it was not taken", .init("WebhookTrial")), problems: [404, 503])
        ) { _, context in
            let webhook = try defined(context)
            let trial = try await webhooks.test(webhook.key)
            context.trail.detail = trial.status.map(String.init) ?? "no answer"
            return Response(.ok, trial.json)
        }
    }

    private var secret: Endpoint {
        Endpoint(
            .get, "/api/webhooks/{key}/secret", .administer, audit: .webhookSecret,
            about: .init(
                "The secret that a webhook signs with", tag: "Webhooks", description: "Each look is in the audit log.",
                answer: .init(200, "The secret, and for a day after a change the one before", .init("WebhookSecret")), problems: [404])
        ) { _, context in Response(.ok, secret(of: try defined(context).key)) }
    }

    private var changeSecret: Endpoint {
        Endpoint(
            .post, "/api/webhooks/{key}/secret", .administer, audit: .webhookSecretChange,
            about: .init(
                "Make a new secret", tag: "Webhooks",
                description: "For 24 hours messages are signed with the new and the old one. Changed again within them, the oldest ends at once.",
                answer: .init(200, "The new secret, and the one before", .init("WebhookSecret")), problems: [404, 503])
        ) { _, context in
            let key = try defined(context).key
            try webhooks.changeSecret(of: key)
            return Response(.ok, secret(of: key))
        }
    }

    private var enable: Endpoint {
        Endpoint(
            .post, "/api/webhooks/{key}/enable", .administer, audit: .webhookEnable,
            about: .init(
                "Switch a webhook on again whose receiver answered 410", tag: "Webhooks",
                description: "What waited goes out. One that is on stays on.", answer: .init(200, "The webhook", .init("Webhook")),
                problems: [404, 503])
        ) { _, context in
            let webhook = try defined(context)
            try webhooks.enable(webhook.key)
            return Response(.ok, try json(webhook))
        }
    }

    /// The webhook that the path names.
    /// - Throws: a 404 problem.
    private func defined(_ context: Context) throws -> Defined<WebhookDefinition> {
        let key = context.parameters.get("key").flatMap { Percent.decode($0) } ?? ""
        guard let found = services.definitions.blueprint.defined(WebhookDefinition.self).first(where: { $0.key == key }) else {
            throw Problem.notFound("webhook")
        }
        context.trail.subject = "webhook/\(key)"
        return found
    }

    private func json(_ webhook: Defined<WebhookDefinition>) throws -> JSON {
        let state = try webhooks.state(of: webhook.key, webhook.definition)
        return [
            "key": .string(webhook.key), "name": .string(webhook.definition.name), "url": .string(webhook.definition.url),
            "interactions": .array(webhook.definition.interactions.map(JSON.string)), "audiences": JSON(webhook.definition.audiences),
            "owner": JSON(webhook.owner), "state": .string(state.word.rawValue), "waiting": JSON(state.figures.waiting),
            "dead": JSON(state.figures.dead), "sentLastDay": JSON(state.figures.sent), "lastSentAt": JSON(state.figures.lastSentAt),
            "failingSince": JSON(state.figures.failingSince), "disabledAt": JSON(state.disabledAt), "error": JSON(state.figures.lastError),
        ]
    }

    private func secret(of key: String) -> JSON {
        let previous = webhooks.secrets.previous(of: key, at: services.clock.now)
        return [
            "secret": .string(webhooks.secrets.secret(of: key)),
            "previous": previous.map { ["secret": .string($0.secret), "until": .string($0.until.rfc3339)] } ?? .null,
        ]
    }
}

extension Webhooks.Message {
    var json: JSON {
        [
            "id": .string(id), "position": message.position.json, "name": JSON(name), "at": JSON(at), "customer": JSON(customer?.description),
            "state": .string(message.state.word), "reason": JSON(message.reason?.rawValue), "attempts": JSON(message.attempts),
            "receivedAt": JSON(message.madeAt), "dueAt": message.state == .waiting ? JSON(message.dueAt) : .null, "triedAt": JSON(message.triedAt),
            "status": message.status.map { JSON($0) } ?? .null, "error": JSON(message.error),
        ]
    }
}

extension WebhookTrial {
    var json: JSON {
        [
            "id": .string(id), "taken": .bool(fault == nil), "status": status.map { JSON($0) } ?? .null, "error": JSON(fault),
            "answer": .string(answer), "milliseconds": JSON(milliseconds),
        ]
    }
}
