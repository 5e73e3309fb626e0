import Access
import Audiences
import Audit
import Definitions
import Delivery
import Kernel
import Pipeline
import Rendering

/// A webhook as somebody is writing it.
private struct WebhookForm {
    /// Nil for a new one.
    var key: String?
    var name = ""
    var url = ""
    var owner = ""
    /// Those that Sightline writes by itself and that are chosen.
    var chosen: Set<String> = []
    /// Other names, one a line.
    var others = ""
    /// Keys of audiences; empty for all.
    var audiences: Set<String> = []
    var isEnabled = true
    /// The version that was edited, 0 for a new one.
    var basis = 0
    /// What is wrong, by the field; what belongs to none under an empty name.
    var faults: [String: String] = [:]
    var overtaken: Overtaken?

    /// What happens by itself and is worth telling.
    static let offered = ["Audience Entered", "Audience Left", "Stage Changed"]

    var document: String { "webhook/\(key ?? FormBase.key(of: name))" }

    init(owner: String, audience: String?) {
        self.owner = owner
        if let audience {
            chosen = Set(WebhookDefinition.ofAudiences)
            audiences = [audience]
        }
    }

    init(_ webhook: Defined<WebhookDefinition>, basis: Int) {
        let definition = webhook.definition
        key = webhook.key
        name = definition.name
        url = definition.url
        owner = webhook.owner ?? ""
        chosen = Set(definition.interactions).intersection(Self.offered)
        others = definition.interactions.filter { !Self.offered.contains($0) }.joined(separator: "\n")
        audiences = Set(definition.audiences ?? [])
        isEnabled = definition.isEnabled
        self.basis = basis
    }

    /// What a browser sent.
    init(_ form: Parameters, key: String?) {
        self.key = key
        name = form["name"] ?? ""
        url = form["url"] ?? ""
        owner = form["owner"] ?? ""
        chosen = Set(form.all("event")).intersection(Self.offered)
        others = (form["others"] ?? "").replacing("\r\n", with: "\n")
        audiences = Set(form.all("audience"))
        isEnabled = form["enabled"] != nil
        basis = form["basis"].flatMap { Int($0) } ?? 0
    }

    private var interactions: [String] {
        var seen: Set<String> = []
        let written = others.split(separator: "\n").map { $0.trimmed }.filter { !$0.isEmpty }
        return (Self.offered.filter(chosen.contains) + written).filter { seen.insert($0).inserted }
    }

    /// The whole document.
    var yaml: String {
        var definition = WebhookDefinition.standard
        definition.name = name
        definition.url = url
        definition.interactions = interactions
        // Which audiences says nothing where none is told of.
        let isOfAudiences = definition.interactions.contains(where: WebhookDefinition.ofAudiences.contains)
        definition.audiences = audiences.isEmpty || !isOfAudiences ? nil : audiences.sorted()
        definition.isEnabled = isEnabled
        var yaml = YAMLText()
        yaml.mapping(WebhookDefinition.kind) { yaml in
            yaml.put("key", key ?? FormBase.key(of: name))
            if !owner.isEmpty { yaml.put("owner", owner) }
            definition.write(to: &yaml)
        }
        return yaml.text
    }

    /// Whether nothing that this page can see is wrong.
    mutating func check(taken: (String) -> Bool) -> Bool {
        if name.isEmpty { faults["name"] = "Give it a name." }
        if url.isEmpty { faults["url"] = "Say where messages go." }
        if interactions.isEmpty { faults["interactions"] = "Choose or write at least one." }
        if key == nil, !name.isEmpty {
            let made = FormBase.key(of: name)
            if made.isEmpty { faults["name"] = "Its key is made of the letters a to z of its name, and this one has none." }
            if taken(made) { faults["name"] = "There is one with the key \(made) already. Choose another name." }
        }
        return faults.isEmpty
    }

    /// Takes what the definitions say against it to the fields that it is of.
    mutating func tell(_ findings: [Finding]) {
        for finding in findings {
            let field = finding.path.split(separator: ".").last.map(String.init) ?? ""
            let own = finding.path.hasPrefix("webhook.") && finding.place.file == document + ".yaml"
            let key = own && ["name", "url", "owner", "interactions", "audiences"].contains(field) ? field : ""
            let words = finding.what + "; " + finding.mend + "."
            let place = own || finding.place.file.isEmpty ? "" : "\(finding.place.file.replacing(".yaml", with: "")): "
            faults[key] = [faults[key], place + words.prefix(1).uppercased() + words.dropFirst()].compactMap { $0 }.joined(separator: " ")
        }
    }
}

extension Console {
    static let webhookFormRoutes: [PageRoute] = [
        PageRoute(.get, "/new/webhook", .administer, to: "add webhooks") { console, visit in
            let audience = visit.request.query["audience"]
            return try await console.webhookFormPage(WebhookForm(owner: visit.session.principal.name, audience: audience), visit)
        },
        PageRoute(.post, "/new/webhook", .administer, to: "add webhooks", audit: .definitions) { try await $0.saveWebhook(nil, $1) },
        PageRoute(.get, "/settings/webhooks/:key/edit", .administer, to: "change webhooks") { console, visit in
            let webhook = try console.webhook(visit)
            let basis = try console.services.definitions.newest(of: "webhook/\(webhook.key)")?.number ?? 0
            return try await console.webhookFormPage(WebhookForm(webhook, basis: basis), visit)
        },
        PageRoute(.post, "/settings/webhooks/:key/edit", .administer, to: "change webhooks", audit: .definitions) {
            try await $0.saveWebhook($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/webhooks/:key/removal", .administer, to: "remove webhooks", audit: .definitions) {
            try await $0.removeWebhook($1)
        },
    ]

    private func webhookFormPage(_ form: WebhookForm, _ visit: Visit, status: Int = 200) async throws -> PageAnswer {
        let title = form.key == nil ? "New webhook" : form.name.isEmpty ? "No name" : form.name
        let audiences = services.definitions.blueprint.defined(AudienceDefinition.self).sorted { $0.definition.name < $1.definition.name }
        let hasComments = services.definitions.shelf.inForce[form.document].map { text in
            form.key != nil && text.split(separator: "\n").contains { $0.trimmed.hasPrefix("#") }
        }
        return try await settingsPage(
            "webhook-form", section: "webhooks", title: title, visit, status: status,
            [
                "isNew": form.key == nil, "heading": title, "place": form.key.map { Self.webhookPlace($0) + "/edit" } ?? "/new/webhook",
                "back": form.key.map(Self.webhookPlace) ?? "/settings/webhooks", "basis": form.basis, "name": form.name, "url": form.url,
                "owner": form.owner, "others": form.others, "isEnabled": form.isEnabled,
                "events": WebhookForm.offered.map { ["name": $0, "words": WebhookForm.words($0), "chosen": form.chosen.contains($0)] as Fields },
                "audiences": audiences.map {
                    ["key": $0.key, "name": $0.definition.name, "chosen": form.audiences.contains($0.key)] as Fields
                },
                "hasAudiences": !audiences.isEmpty, "nameFault": form.faults["name"], "urlFault": form.faults["url"],
                "ownerFault": form.faults["owner"],
                "eventsFault": form.faults["interactions"], "audiencesFault": form.faults["audiences"], "fault": form.faults[""],
                "hasComments": hasComments ?? false, "document": "/settings/definitions/" + Parameters.encoded(form.document),
                "longestURL": WebhookDefinition.longestURL,
                "overtaken": try form.overtaken.map {
                    try overtakenFields($0, yours: form.yaml, theirs: Self.webhookPlace(form.key ?? "") + "/edit", visit)
                },
            ])
    }

    private func saveWebhook(_ key: String?, _ visit: Visit) async throws -> PageAnswer {
        visit.trail.isSilent = true
        if let key {
            // One that somebody removed meanwhile is told below, so that nothing that was typed is lost.
            guard try services.definitions.newest(of: "webhook/\(key)") != nil else { throw Self.nowhere }
            visit.trail.subject = "webhook/\(key)"
        }
        var form = WebhookForm(visit.request.form, key: key)
        let inForce = services.definitions.shelf.inForce
        guard form.check(taken: { inForce["webhook/\($0)"] != nil }) else { return try await webhookFormPage(form, visit, status: 422) }
        do {
            let document = form.document
            // A key that was used before goes on with its versions.
            let basis =
                key == nil ? try services.definitions.newest(of: document)?.number ?? 0 : visit.request.form["over"].flatMap { Int($0) } ?? form.basis
            let change = try await services.definitions.save(document, text: form.yaml, basis: basis, by: visit.session.principal.name)
            visit.trail.note(change.map { [$0] } ?? [])
            let said = change?.version.map { "\(form.name) is saved as version \($0)." } ?? "It says what was in force: nothing changed."
            sessions.leave(Sessions.Flash(text: said), for: visit.session)
            return .seeOther(Self.webhookPlace(key ?? FormBase.key(of: form.name)))
        } catch DefinitionsProblem.wrong(let findings, _) {
            form.tell(findings)
            return try await webhookFormPage(form, visit, status: 422)
        } catch DefinitionsProblem.overtaken(let document, let by, let version) {
            form.overtaken = Overtaken(document: document, by: by, version: version, basis: form.basis)
            return try await webhookFormPage(form, visit, status: 409)
        } catch let problem as DefinitionsProblem {
            let told = Problem(problem)
            form.faults[""] = told.detail
            return try await webhookFormPage(form, visit, status: told.status)
        }
    }

    private func removeWebhook(_ visit: Visit) async throws -> PageAnswer {
        let webhook = try webhook(visit)
        let change = try await services.definitions.remove("webhook/\(webhook.key)", by: visit.session.principal.name)
        visit.trail.note(change.map { [$0] } ?? [])
        let said = "\(webhook.definition.name) is told nothing any more. Its versions are kept among the definitions."
        sessions.leave(Sessions.Flash(text: said), for: visit.session)
        return .seeOther("/settings/webhooks")
    }
}

extension WebhookForm {
    /// What an interaction of ours is, in a few words.
    fileprivate static func words(_ name: String) -> String {
        switch name {
        case "Audience Entered": "somebody belongs to an audience from now on"
        case "Audience Left": "somebody does not belong to one any more"
        default: "somebody came into another stage of the lifecycle"
        }
    }
}
