import Access
import Audiences
import Audit
import Definitions
import Formula
import Kernel
import Ledger
import Rendering

/// The company's vocabulary: what interactions are called, what they mean and carry, and what arrives that nobody has defined.
extension Console {
    static let eventsRoutes: [PageRoute] = [
        PageRoute(.get, "/events", .read, to: "see the vocabulary") { try await $0.eventsPage($1) },
        PageRoute(.get, "/events/:name", .read, to: "see the vocabulary", audit: .view) { try await $0.eventPage($1.parameters[0], $1) },
        PageRoute(.post, "/events/:name/adoption", .administer, to: "define events", audit: .definitions) {
            try await $0.adopt($1.parameters[0], $1)
        },
    ]
    /// Names that are written by Sightline itself, or whose meaning is fixed.
    static let fixedEvents = Set(
        EventDefinition.ours + ["Customer Identified", "Group Joined", "Alias Added", "Note Written", "Consent Given", "Consent Withdrawn"])

    /// A definition in force, with its document.
    struct KnownEvent: Sendable {
        var document: Document
        var definition: EventDefinition
        var place: String { "/settings/definitions/" + Parameters.encoded("\(document.id)") }
    }

    /// The vocabulary, by name.
    func vocabulary() -> [KnownEvent] {
        services.definitions.blueprint.documents.filter { $0.id.kind == EventDefinition.kind }
            .map { KnownEvent(document: $0, definition: $0.read(EventDefinition.self)) }.sorted { $0.definition.name < $1.definition.name }
    }

    static func place(ofEvent name: String) -> String { "/events/" + Parameters.encoded(name) }

    func eventsPage(_ visit: Visit) async throws -> PageAnswer {
        let known = vocabulary()
        let arrived = services.audiences?.arrived()
        let formats = visit.formats
        let counts = Dictionary((arrived?.events ?? []).map { ($0.name, $0) }) { a, _ in a }
        let names = Set(known.map(\.definition.name))
        let strange = (arrived?.events ?? []).filter { !names.contains($0.name) && !Self.fixedEvents.contains($0.name) }
            .sorted { ($1.lately, $1.count, $0.name) < ($0.lately, $0.count, $1.name) }
        let mayDefine = visit.may(.administer)
        var fields: Fields = [
            "again": "/events?part=1", "asOf": arrived.map { formats.timeWithSeconds($0.at) }, "isOld": arrived?.isOld(at: formats.now) ?? false,
            "isWaiting": arrived == nil && services.audiences != nil, "mayDefine": mayDefine,
            "days": Int(Arrived.days),
            "strange": strange.prefix(200).map { event -> Fields in
                [
                    "name": event.name, "link": Self.place(ofEvent: event.name), "lately": Formats.number(event.lately),
                    "whole": Formats.number(event.count), "last": formats.ago(event.last),
                    "adopt": mayDefine ? Self.place(ofEvent: event.name) + "/adoption" : nil,
                ]
            },
            "hasStrange": !strange.isEmpty, "strangeMore": strange.count > 200 ? Formats.number(strange.count - 200) : nil,
            "known": known.map { event -> Fields in
                let name = event.definition.name
                let count = counts[name]
                let misfits = (arrived?.misfits ?? []).filter { $0.event == name }.reduce(0) { $0 + $1.count }
                return [
                    "name": name, "link": Self.place(ofEvent: name), "meaning": event.definition.meaning, "owner": event.document.owner,
                    "lifeEvent": event.definition.lifeEvent,
                    "lately": arrived == nil ? "…" : Formats.number(count?.lately ?? 0),
                    "last": count.map { formats.ago($0.last) } ?? (arrived == nil ? nil : "never"),
                    "wrong": misfits > 0 ? Formats.number(misfits) : nil, "properties": Formats.number(event.definition.properties.count),
                ]
            },
            "hasKnown": !known.isEmpty, "new": mayDefine && services.formulas != nil ? "/new/event" : nil,
            "isNothing": known.isEmpty && strange.isEmpty && arrived != nil,
            "looked": Formats.number(Arrived.mostLooked), "form": visit.session.formToken, "example": EventDefinition.guide.example,
        ]
        if visit.request.query["part"] != nil { return try part("events-body", fields) }
        fields["hasAll"] = true
        return try await page("events", title: "Events", room: "events", visit, fields)
    }

    // MARK: Adopting

    /// The key of a name's document: letters, digits and underscores; one that is free.
    static func key(for name: String, taken: Set<String>) -> String {
        var key = ""
        for character in name.lowercased().unicodeScalars {
            if ("a"..."z").contains(character) || ("0"..."9").contains(character) {
                key.unicodeScalars.append(character)
            } else if !key.isEmpty, !key.hasSuffix("_") {
                key += "_"
            }
        }
        while key.hasSuffix("_") { key.removeLast() }
        if key.isEmpty || key.first?.isNumber == true { key = "event" + (key.isEmpty ? "" : "_" + key) }
        key = String(key.prefix(50))
        guard taken.contains(key) else { return key }
        return (2...).lazy.map { "\(key)_\($0)" }.first { !taken.contains($0) } ?? key
    }

    /// The properties that are an event's value in many vocabularies, best first.
    private static let values = ["value", "revenue", "total", "amount", "price"]

    /// The property that is likely an event's value; nil when none is.
    static func likelyValue(_ guesses: [PropertyFit.Guess]) -> String? {
        values.first { value in guesses.contains { $0.path == value && $0.type == .number } }
    }

    /// A document for a name that nobody has defined, with the properties that its newest interactions carry.
    static func document(for name: String, key: String, _ guesses: [PropertyFit.Guess]) -> String {
        var yaml = YAMLText()
        yaml.mapping(EventDefinition.kind) { yaml in
            yaml.put("key", key)
            yaml.put("name", name)
            if let value = likelyValue(guesses) { yaml.put("value", value) }
            guard !guesses.isEmpty else { return }
            yaml.mapping("properties") { yaml in
                for guess in guesses.sorted(by: { $0.path < $1.path }) { yaml.mapping(guess.path) { $0.put("type", guess.type.rawValue) } }
            }
        }
        return yaml.text
    }

    func adopt(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        visit.trail.isSilent = true
        let known = vocabulary()
        if known.contains(where: { $0.definition.name == name }) { return .seeOther(Self.place(ofEvent: name)) }
        guard let audiences = services.audiences, !Self.fixedEvents.contains(name), services.names().contains(name) else { throw Self.nowhere }
        let key = Self.key(for: name, taken: Set(known.compactMap(\.document.id.key)))
        let text = Self.document(for: name, key: key, PropertyFit.guess(await audiences.samples(of: name).map(\.properties)))
        do {
            let change = try await services.definitions.save("event/\(key)", text: text, basis: nil, by: visit.session.principal.name)
            visit.trail.note(change.map { [$0] } ?? [])
        } catch DefinitionsProblem.wrong(let findings, _) {
            throw Problem(
                status: 422, kind: "definition", title: "\(name) could not be taken into the vocabulary",
                detail: "Define it yourself, on the page Events. What is in the way: "
                    + findings.prefix(3).map(\.description).joined(separator: " "))
        }
        sessions.leave(Sessions.Flash(text: "\(name) is in the vocabulary. Say what it means by editing it."), for: visit.session)
        return .seeOther(Self.place(ofEvent: name))
    }
}
