import Audiences
import Definitions
import Formula
import Foundation
import Kernel

/// Worked-out values as people read them, and as programs do.
enum MetricWords {
    /// `£1,203.50`, `12.5 points`, `91.2%`, `yes`, `19 Nov 2026`, `3 days`; `unknown` when it is.
    static func text(_ value: Audiences.Value, unit: String?, _ formats: Formats) -> String {
        guard value.isKnown else { return "unknown" }
        if let text = value.text { return text }
        return self.text(value.number, value.type, unit: unit, formats)
    }

    static func text(_ number: Double, _ type: ValueType, unit: String?, _ formats: Formats) -> String {
        guard number.isFinite else { return "unknown" }
        switch type {
        case .flag: return number == 1 ? "yes" : number == 0 ? "no" : Formats.number(number * 100, places: 1) + "% yes"
        case .date: return moment(number).map(formats.shortDate) ?? "unknown"
        case .duration: return length(number)
        case .number, .text, .texts:
            guard let unit else { return Formats.number(number, places: 2) }
            if unit == MetricDefinition.share { return number > 0 && number < 0.001 ? "under 0.1%" : Formats.number(number * 100, places: 1) + "%" }
            return isCurrency(unit) ? Formats.money(number, unit) : Formats.number(number, places: 2) + "\u{A0}" + unit
        }
    }

    static func isCurrency(_ unit: String) -> Bool { unit.utf8.count == 3 && unit.utf8.allSatisfy { (65...90).contains($0) } }

    /// The moment of a date that was worked out; nil for one that no calendar has, before the year 1 or after 9999.
    static func moment(_ seconds: Double) -> Instant? {
        guard seconds >= -62_135_596_800, seconds < 253_402_300_800 else { return nil }
        return Instant(milliseconds: Int64(seconds) * 1000)
    }

    /// `16 days`, `5 h 20 min`, `40 s`
    static func length(_ seconds: Double) -> String {
        // Longer than the world is old: what was worked out need not be.
        guard abs(seconds) < 1e15 else { return (seconds < 0 ? "−" : "") + Formats.number((abs(seconds) / 86_400).rounded()) + " days" }
        let whole = Int64(seconds.rounded())
        let days = abs(whole) / 86_400
        return (whole < 0 ? "−" : "") + (days >= 2 ? Formats.counted(Int(days), "day") : Formats.span(abs(whole)))
    }

    /// What a number is counted in, for people: `orders`, `GBP`, `percent`.
    static func unit(_ unit: String?) -> String? { unit == MetricDefinition.share ? "percent" : unit }

    /// A number, a text, true or false, a date as RFC 3339; null when it is unknown. A length of time is its seconds.
    static func json(_ value: Audiences.Value) -> JSON {
        guard value.isKnown else { return .null }
        if let text = value.text { return .string(text) }
        switch value.type {
        case .flag: return .bool(value.number == 1)
        case .date: return JSON(moment(value.number)?.rfc3339)
        default: return .figure(value.number)
        }
    }
}

/// A definition of which there are many, as somebody wrote it.
struct Defined<D: Definition>: Sendable {
    var key: String
    var owner: String?
    var definition: D
}

extension Blueprint {
    /// All definitions of a kind, with who answers for each, by name.
    func defined<D: Definition>(_ type: D.Type = D.self) -> [Defined<D>] {
        documents.filter { $0.id.kind == D.kind }.compactMap { document in
            document.id.key.map { Defined(key: $0, owner: document.owner, definition: document.read(D.self)) }
        }
    }
}

extension Company {
    /// A definition that names another in its formula.
    struct Use: Sendable, Equatable {
        /// `Audience`, `Metric`, `Stage`
        var kind: String
        var name: String
        var place: String
    }

    /// Who names an audience or a metric.
    func uses(where names: (FormulaReads) -> Bool) -> [Use] {
        func isNamed(_ trees: [FormulaExpression?]) -> Bool { names(FormulaReads(trees.compactMap { $0 })) }
        var found: [Use] = []
        for audience in audiences where isNamed([audience.definition.who.tree, audience.definition.except?.tree]) {
            found.append(Use(kind: "Audience", name: audience.definition.name, place: "/audiences/\(audience.key)"))
        }
        for metric in metrics where isNamed(metric.definition.trees) {
            found.append(Use(kind: "Metric", name: metric.definition.name, place: "/metric/\(metric.key)"))
        }
        for stage in lifecycle.stages where isNamed([stage.when?.tree]) {
            found.append(Use(kind: "Stage", name: stage.name, place: "/lifecycle/" + Parameters.encoded(stage.name)))
        }
        return found
    }
}

extension MetricDefinition {
    /// How it is worked out, in plain words.
    /// - Parameter learned: How it was learned last, so that the weights that hold are said, and where they come from.
    func explained(_ titles: FormulaTitles, learned: ModelState?, _ formats: Formats) -> String {
        switch way {
        case .formula(let written): return written.tree.map { Explainer.explain($0, titles: titles) } ?? written.text
        case .engagement(let engagement):
            let kinds = engagement.weights(learned: learned).map { "\($0.event) counts \(FormulaText.number(Double($0.hundredths) / 100))" }
            let said = "Engagement in the last \(engagement.days) days, added up: \(kinds.joined(separator: ", "))."
            guard let learning = engagement.learning else { return said }
            let asked = "what came before \(learning.conversion) within \(Formats.counted(learning.days, "day"))"
            guard case .engagement(let fit)? = learned?.inForce else {
                return "\(said) These weights are written, until others are learned from \(asked)."
            }
            let of = "\(Formats.counted(fit.people, "customer")), of whom \(Formats.number(fit.converted)) came to it"
            return "\(said) These weights were learned on \(formats.shortDate(fit.at)) from \(asked), of \(of)."
        case .lifetime(let lifetime):
            let what =
                switch lifetime.gives {
                case .value: "What they will pay in the next \(lifetime.days) days"
                case .purchases: "How often they will buy in the next \(lifetime.days) days"
                case .alive: "How likely it is that they still buy"
                }
            return "\(what), by the model of customer lifetime value over \(lifetime.orders)."
        }
    }

    var wayName: String {
        switch way {
        case .formula: "formula"
        case .engagement: "engagement"
        case .lifetime: "lifetime"
        }
    }
}

extension AudienceDefinition {
    /// Who belongs, in plain words.
    func explained(_ titles: FormulaTitles) -> String {
        let belongs = who.tree.map { Explainer.explain($0, titles: titles) } ?? who.text
        guard let except else { return belongs }
        return belongs + " But never: " + (except.tree.map { Explainer.explain($0, titles: titles) } ?? except.text)
    }
}

extension Mask {
    /// The first thing that a formula looks at which is hidden; nil when nothing is.
    func hidden(in reads: FormulaReads) -> String? {
        if isNone { return nil }
        if let trait = reads.traits.first(where: { trait in
            trait.split(separator: ".").contains { fields.contains(String($0)) }
        }) {
            return "trait.\(trait)"
        }
        for event in reads.events {
            for property in event.properties {
                var parent = ""
                for part in property.split(separator: ".") {
                    let name = String(part.filter { $0 != "[" && $0 != "]" && $0 != "\"" })
                    if fields.contains(name, in: [], called: parent) { return "\"\(event.name)\".\(property)" }
                    parent = name
                }
            }
        }
        return nil
    }
}

extension Services {
    /// Times as the workspace reads them now.
    var formats: Formats {
        let zone = definitions.blueprint.definition(WorkspaceDefinition.self).timeZone
        return Formats(zone: TimeZone(identifier: zone) ?? .gmt, now: clock.now)
    }
}
