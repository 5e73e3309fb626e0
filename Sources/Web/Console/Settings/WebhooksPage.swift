import Audiences
import Audit
import Customers
import Definitions
import Delivery
import Kernel
import Rendering

/// Webhooks: who outside is told what, whether it arrives, and what to do when it does not.
extension Console {
    static let webhooksRoutes: [PageRoute] =
        [
            PageRoute(.get, "/settings/webhooks", .administer, to: "look after webhooks") { try await $0.webhooksPage($1) },
            PageRoute(.get, "/settings/webhooks/:key", .administer, to: "look after webhooks") { try await $0.webhookPage($1) },
            PageRoute(.post, "/settings/webhooks/:key/secret", .administer, to: "look at secrets", audit: .webhookSecret) {
                try await $0.showSecret($1)
            },
            PageRoute(.post, "/settings/webhooks/:key/rotation", .administer, to: "change secrets", audit: .webhookSecretChange) {
                try await $0.changeSecret($1)
            },
            PageRoute(.post, "/settings/webhooks/:key/test", .administer, to: "try webhooks", audit: .webhookTest) { try await $0.tryWebhook($1) },
            PageRoute(.post, "/settings/webhooks/:key/enabling", .administer, to: "switch webhooks on", audit: .webhookEnable) {
                try $0.enableWebhook($1)
            },
            PageRoute(.post, "/settings/webhooks/:key/messages/:id", .administer, to: "send messages again", audit: .webhookSend) {
                try $0.sendMessageAgain($1)
            },
        ] + webhookFormRoutes

    /// Messages of a page.
    private static let messagesPage = 25

    static func webhookPlace(_ key: String) -> String { "/settings/webhooks/" + key }

    /// The webhook that the path names.
    /// - Throws: a 404 problem.
    func webhook(_ visit: Visit) throws -> Defined<WebhookDefinition> {
        let all = services.definitions.blueprint.defined(WebhookDefinition.self)
        guard let found = all.first(where: { $0.key == visit.parameters[0] }) else { throw Self.nowhere }
        visit.trail.subject = "webhook/\(found.key)"
        return found
    }

    private func sender() throws -> Webhooks {
        guard let webhooks = services.webhooks else { throw Self.nowhere }
        return webhooks
    }

    /// How it is with a webhook; without anybody who sends as though nothing had been sent yet.
    private func state(_ webhook: Defined<WebhookDefinition>) throws -> Webhooks.State {
        try services.webhooks?.state(of: webhook.key, webhook.definition)
            ?? Webhooks.State(word: webhook.definition.isEnabled ? .ok : .off, figures: OutboxFigures())
    }

    // MARK: All

    private func webhooksPage(_ visit: Visit) async throws -> PageAnswer {
        let all = services.definitions.blueprint.defined(WebhookDefinition.self)
        let rows = try all.map { webhook -> Fields in
            let state = try state(webhook)
            var fields = WebhookWording.fields(state, visit.formats)
            fields["href"] = Self.webhookPlace(webhook.key)
            fields["name"] = webhook.definition.name
            fields["host"] = WebhookWording.host(of: webhook.definition.url)
            fields["owner"] = webhook.owner
            fields["hears"] = WebhookWording.list(webhook.definition.interactions, most: 3)
            return fields
        }
        return try await settingsPage("webhooks", title: "Webhooks", visit, ["webhooks": rows, "isEmpty": rows.isEmpty])
    }

    /// What an audience's page says of who hears of its changes.
    func hearers(of audience: String) -> Fields {
        let all = services.definitions.blueprint.defined(WebhookDefinition.self).filter { webhook in
            webhook.definition.interactions.contains(where: WebhookDefinition.ofAudiences.contains)
                && webhook.definition.audiences?.contains(audience) ?? true
        }
        return [
            "webhooks": all.map { webhook -> Fields in
                let told = webhook.definition.interactions
                let only = told.contains("Audience Entered") ? told.contains("Audience Left") ? nil : "of who enters" : "of who leaves"
                return [
                    "href": Self.webhookPlace(webhook.key), "name": webhook.definition.name,
                    "note": webhook.definition.isEnabled ? only : "off",
                ]
            }, "add": "/new/webhook?audience=" + Parameters.encoded(audience),
        ]
    }

    // MARK: One

    /// What is shown once, on the page that the form leads to.
    private struct Shown {
        var secret = false
        var trial: WebhookTrial?
    }

    private func webhookPage(_ visit: Visit, _ shown: Shown = Shown()) async throws -> PageAnswer {
        let webhook = try webhook(visit)
        let definition = webhook.definition
        var fields = WebhookWording.fields(try state(webhook), visit.formats)
        fields["place"] = Self.webhookPlace(webhook.key)
        fields["name"] = definition.name
        fields["url"] = definition.url
        fields["owner"] = webhook.owner
        fields["isPlain"] = definition.url.lowercased().hasPrefix("http://")
        fields["document"] = "/settings/definitions/" + Parameters.encoded("webhook/\(webhook.key)")
        fields["events"] = events(definition)
        fields["audiences"] = audienceLinks(definition)
        if let trial = shown.trial { fields["trial"] = WebhookWording.fields(trial) }
        if shown.secret, let webhooks = services.webhooks {
            let previous = webhooks.secrets.previous(of: webhook.key, at: services.clock.now)
            fields["secret"] = webhooks.secrets.secret(of: webhook.key)
            fields["previous"] = previous?.secret
            fields["previousUntil"] = previous.map { visit.formats.shortDate($0.until) + ", " + visit.formats.time($0.until) }
        }
        try await addMessages(of: webhook.key, visit, to: &fields)
        return try await settingsPage("webhook", section: "webhooks", title: definition.name, visit, fields)
    }

    private func events(_ definition: WebhookDefinition) -> [Fields] {
        let arrived = Set(services.names())
        return definition.interactions.map { name in
            ["name": name, "isNew": !arrived.contains(name)]
        }
    }

    private func audienceLinks(_ definition: WebhookDefinition) -> [Fields] {
        let names = Dictionary(services.definitions.blueprint.defined(AudienceDefinition.self).map { ($0.key, $0.definition.name) }) { a, _ in a }
        return (definition.audiences ?? []).map { ["href": "/audiences/\($0)", "name": names[$0] ?? $0] }
    }

    private func addMessages(of key: String, _ visit: Visit, to fields: inout Fields) async throws {
        let query = visit.request.query
        let state = query["state"].flatMap { OutboxMessage.State(word: $0) }
        let found = try services.webhooks?.messages(of: key, state, before: query["before"], limit: Self.messagesPage + 1) ?? []
        let shown = found.prefix(Self.messagesPage)
        var rows: [Fields] = []
        for message in shown {
            var row = WebhookWording.fields(message, visit.formats)
            if let customer = message.customer, let view = try await services.view(.id(customer)) {
                row["customer"] = Who(view).title
                row["customerHref"] = "/customers/\(customer)"
            }
            row["again"] = Self.webhookPlace(key) + "/messages/" + message.id
            rows.append(row)
        }
        fields["messages"] = rows
        fields["isFiltered"] = state != nil
        fields["filters"] = ([nil] + OutboxMessage.State.allCases.map { .some($0) }).map { one -> Fields in
            [
                "label": one.map(WebhookWording.name) ?? "All", "current": one == state,
                "href": Self.webhookPlace(key) + (one.map { "?state=\($0.word)" } ?? "") + "#messages",
            ]
        }
        if found.count > Self.messagesPage, let last = shown.last {
            var next = Parameters()
            if let state { next.add("state", state.word) }
            next.add("before", last.id)
            fields["older"] = Self.webhookPlace(key) + "?" + next.encoded + "#messages"
        }
    }

    // MARK: Doing

    private func showSecret(_ visit: Visit) async throws -> PageAnswer {
        _ = try sender()
        return try await webhookPage(visit, Shown(secret: true))
    }

    private func changeSecret(_ visit: Visit) async throws -> PageAnswer {
        try sender().changeSecret(of: try webhook(visit).key)
        return try await webhookPage(visit, Shown(secret: true))
    }

    private func tryWebhook(_ visit: Visit) async throws -> PageAnswer {
        let trial = try await sender().test(try webhook(visit).key)
        visit.trail.detail = trial.status.map(String.init) ?? "no answer"
        return try await webhookPage(visit, Shown(trial: trial))
    }

    private func enableWebhook(_ visit: Visit) throws -> PageAnswer {
        let webhook = try webhook(visit)
        try sender().enable(webhook.key)
        sessions.leave(Sessions.Flash(text: "\(webhook.definition.name) is on again. What waited is sent now."), for: visit.session)
        return .seeOther(Self.webhookPlace(webhook.key))
    }

    private func sendMessageAgain(_ visit: Visit) throws -> PageAnswer {
        let webhook = try webhook(visit)
        let message = try sender().sendAgain(visit.parameters[1], of: webhook.key)
        visit.trail.detail = message.id
        sessions.leave(Sessions.Flash(text: "The message is sent again in a moment."), for: visit.session)
        return .seeOther(Self.webhookPlace(webhook.key) + "#messages")
    }
}

/// Webhooks and their messages in words.
enum WebhookWording {
    /// How sending goes: a word with its colour, and the figures.
    static func fields(_ state: Webhooks.State, _ formats: Formats) -> Fields {
        let figures = state.figures
        func moment(_ at: Instant) -> String { "\(formats.shortDate(at)), \(formats.time(at))" }
        return [
            "state": state.word == .ok ? figures.lastSentAt == nil ? "nothing sent yet" : "on" : word(state.word),
            "isGood": state.word == .ok && figures.lastSentAt != nil, "isBad": state.word == .failing || state.word == .disabled,
            "isWarn": state.word == .off, "isDisabled": state.word == .disabled, "isFailing": state.word == .failing, "isOff": state.word == .off,
            "sent": Formats.number(figures.sent), "waiting": Formats.number(figures.waiting), "dead": Formats.number(figures.dead),
            "hasWaiting": figures.waiting > 0,
            "failingSince": figures.failingSince.map(moment), "failingAt": figures.failingSince?.rfc3339,
            "failingWhole": figures.failingSince.map(formats.whole), "disabledSince": state.disabledAt.map(moment),
            "last": figures.lastSentAt.map(formats.ago), "lastAt": figures.lastSentAt?.rfc3339, "lastWhole": figures.lastSentAt.map(formats.whole),
            "error": figures.lastError,
        ]
    }

    private static func word(_ word: Webhooks.State.Word) -> String {
        switch word {
        case .ok: "on"
        case .failing: "failing"
        case .off: "off"
        case .disabled: "switched off"
        }
    }

    static func fields(_ message: Webhooks.Message, _ formats: Formats) -> Fields {
        let inner = message.message
        let due = inner.dueAt - formats.now
        return [
            "id": message.id, "name": message.name ?? "Something that cannot be read any more",
            "state": name(inner.state), "isSent": inner.state == .sent, "isWaiting": inner.state == .waiting, "isHeld": inner.state == .heldBack,
            "isDead": inner.state == .dead, "reason": inner.reason.map(reason), "error": inner.error,
            "status": inner.status.map { "answered \($0)" }, "tries": inner.attempts == 0 ? nil : Formats.counted(inner.attempts, "attempt"),
            "at": inner.triedAt.map { formats.ago($0) } ?? formats.ago(inner.madeAt), "stamp": (inner.triedAt ?? inner.madeAt).rfc3339,
            "whole": formats.whole(inner.triedAt ?? inner.madeAt),
            "next": inner.state == .waiting ? due > 0 ? "next try in " + Formats.span((due + 999) / 1_000) : "to be sent now" : nil,
            "mayAgain": message.name != nil,
        ]
    }

    static func fields(_ trial: WebhookTrial) -> Fields {
        [
            "isTaken": trial.fault == nil, "fault": trial.fault, "status": trial.status.map(String.init), "answer": trial.answer,
            "time": trial.milliseconds < 1_000 ? "\(trial.milliseconds) ms" : Formats.number(Double(trial.milliseconds) / 1_000, places: 1) + " s",
            "id": trial.id,
        ]
    }

    static func name(_ state: OutboxMessage.State) -> String {
        switch state {
        case .waiting: "Waiting"
        case .sent: "Sent"
        case .heldBack: "Held back"
        case .dead: "Given up"
        }
    }

    private static func reason(_ reason: OutboxMessage.Reason) -> String {
        switch reason {
        case .late: "it came in more than a day before it was worked out, and may have been sent before"
        case .history: "it had happened more than a week before it came in"
        case .full: "\(Formats.number(Outbox.mostWaiting)) messages were waiting already"
        case .gone: "what it was about is not there any more"
        }
    }

    /// `crm.example.com`
    static func host(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { !"/?".contains($0) })
    }

    /// `Audience Entered, Audience Left and 3 more`
    static func list(_ names: [String], most: Int) -> String {
        if names.count <= most { return names.joined(separator: ", ") }
        return names.prefix(most).joined(separator: ", ") + " and \(names.count - most) more"
    }
}
