import Access
import Audiences
import Customers
import Definitions
import Formula
import Kernel
import Ledger
import Rendering

/// One event: what it means and carries, what does not fit, and what came last.
extension Console {
    /// Samples on the page.
    static let samplesShown = 20
    /// Lines of properties of a sample.
    static let sampleRows = 12

    func eventPage(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        let event = vocabulary().first { $0.definition.name == name }
        guard event != nil || services.names().contains(name) else { throw Self.nowhere }
        let samples = await services.audiences?.samples(of: name) ?? []
        let guesses = PropertyFit.guess(samples.map(\.properties))
        let isFixed = Self.fixedEvents.contains(name)
        let mayDefine = visit.may(.administer)
        var fields: Fields = [
            "name": name, "owner": event?.document.owner, "meaning": event?.definition.meaning, "lifeEvent": event?.definition.lifeEvent,
            "value": event?.definition.value,
            "document": mayDefine && services.formulas != nil ? event?.document.id.key.map { Self.editPlace(.event, $0) } : event?.place,
            "remove": mayDefine ? event?.document.id.key.map { Self.editPlace(.event, $0) + "/remove" } : nil,
            "define": mayDefine ? "/new/event?name=" + Parameters.encoded(name) : nil, "mayDefine": mayDefine, "isKnown": event != nil,
            "isFixed": isFixed,
            "isStrange": event == nil && !isFixed, "adopt": mayDefine ? Self.place(ofEvent: name) + "/adoption" : nil,
            "looked": Formats.counted(samples.count, "interaction"), "hasSamples": !samples.isEmpty,
        ]
        if let arrival = services.audiences?.arrived()?.events.first(where: { $0.name == name }) {
            fields["arrival"] =
                "\(Formats.counted(arrival.lately, "time")) in the last \(Arrived.days) days, \(Formats.number(arrival.count)) in all, "
                + "last \(visit.formats.ago(arrival.last))."
        }
        if !samples.isEmpty {
            var everybody = Parameters()
            everybody.add("did", name)
            fields["everybody"] = ListQuery.address(everybody)
        }
        let misfits = event.map { Audiences.misfits($0.definition, samples) } ?? []
        fields["properties"] = properties(event?.definition, guesses, misfits, samples.count)
        fields["hasProperties"] = event.map { !$0.definition.properties.isEmpty } ?? !guesses.isEmpty
        fields["undeclared"] = event.map { event in undeclared(event.definition, guesses) }
        fields["misfits"] = misfits.sorted { $0.count > $1.count }.map { misfit -> Fields in
            [
                "source": services.sourceName(misfit.source) ?? "source \(misfit.source)", "property": misfit.property, "type": misfit.type.rawValue,
                "count": Formats.number(misfit.count),
                // A value may be personal.
                "example": services.mask.isNone ? misfit.example : Mask.hidden,
            ]
        }
        fields["hasMisfits"] = !misfits.isEmpty
        fields["samples"] = try await shown(samples.prefix(Self.samplesShown), visit)
        return try await page("event-page", title: name, room: "events", visit, fields)
    }

    private func properties(_ event: EventDefinition?, _ guesses: [PropertyFit.Guess], _ misfits: [Arrived.Misfit], _ looked: Int) -> [Fields] {
        func row(_ path: String, _ type: ValueType, _ meaning: String?) -> Fields {
            let count = guesses.first { $0.path == path }?.count ?? 0
            let wrong = misfits.filter { $0.property == path }.reduce(0) { $0 + $1.count }
            return [
                "path": path, "type": type.rawValue, "meaning": meaning, "share": looked == 0 ? "–" : Formats.share(count, of: looked),
                "wrong": wrong > 0 ? Formats.number(wrong) : nil,
            ]
        }
        guard let event else { return guesses.map { row($0.path, $0.type, nil) } }
        return event.properties.map { row($0.path, $0.type, $0.meaning) }
    }

    /// Properties that came and that nobody has declared.
    private func undeclared(_ event: EventDefinition, _ guesses: [PropertyFit.Guess]) -> String? {
        let declared = Set(event.properties.map(\.path))
        let rest = guesses.map(\.path).filter { !declared.contains($0) }
        guard !rest.isEmpty else { return nil }
        let more = rest.count > 12 ? " and \(rest.count - 12) more" : ""
        return rest.prefix(12).joined(separator: ", ") + more
    }

    private func shown(_ samples: ArraySlice<Audiences.Sample>, _ visit: Visit) async throws -> [Fields] {
        var rows: [Fields] = []
        for sample in samples {
            // As whoever looks gets to see it.
            guard let item = try await services.interaction(sample.customer, sample.position),
                let view = try await services.view(.id(item.customer))
            else { continue }
            let members = services.json(item.interaction.properties)?.members ?? []
            let properties = PropertyRow.rows(of: members, isFromCustomer: item.interaction.direction == .in, visit.formats)
            rows.append([
                "at": item.interaction.at.rfc3339, "whole": visit.formats.whole(item.interaction.at), "when": visit.formats.ago(item.interaction.at),
                "channel": ChannelWords.title(item.channel), "source": services.sourceName(item.interaction.source),
                "who": Who(view).title, "link": "/customers/\(item.customer)/interactions/\(item.interaction.position.raw)",
                "rows": properties.rows.prefix(Self.sampleRows).map(\.fields), "isBare": members.isEmpty,
                "more": properties.rows.count > Self.sampleRows,
            ])
        }
        return rows
    }
}
