import Audiences
import Definitions
import Formula
import Kernel
import Rendering

/// A metric as somebody is writing it. It keeps what was typed for each of the three ways, and one of them holds.
struct MetricForm: DefinitionForm {
    static let kind = FormKind.metric

    enum Way: String, CaseIterable, Sendable {
        case formula, engagement, lifetime
    }
    struct Weight: Sendable {
        var event = ""
        /// What one is worth, as people write it: `2.5`.
        var worth = ""
    }

    var base: FormBase
    var purpose = ""
    var unit = ""
    var isShown = true
    var way = Way.formula
    var formula = FormulaField(
        name: "formula", label: "The formula", hint: "A formula that gives a value, as count(any in last 30 days).", text: "", kind: .value)
    // Of engagement.
    var days = "90"
    var weights = [Weight(event: "", worth: "1")]
    var learns = false
    var conversion = ""
    var within = "30"
    // Of lifetime value.
    var gives = MetricDefinition.Gives.value
    var orders = "Order Completed"
    var value = "value"
    var ahead = "365"

    static let mostWeights = 50

    var formulas: [FormulaField] {
        get { way == .formula ? [formula] : [] }
        set { if let first = newValue.first { formula = first } }
    }
    var fieldIDs: [String] {
        ["purpose", "unit", "days", "conversion", "within", "orders", "value", "ahead"]
            + (1...max(1, weights.count)).flatMap { ["event\($0)", "worth\($0)"] }
    }

    init(owner: String) { base = FormBase(owner: owner) }

    init(_ document: Document, basis: Int) {
        let definition = document.read(MetricDefinition.self)
        base = FormBase(key: document.id.key, name: definition.name, owner: document.owner ?? "", basis: basis)
        purpose = definition.meaning ?? ""
        unit = definition.unit ?? ""
        isShown = definition.isShown
        switch definition.way {
        case .formula(let written): formula.text = written.text.trimmedEnd
        case .engagement(let engagement):
            way = .engagement
            days = "\(engagement.days)"
            weights = engagement.weights.map { Weight(event: $0.event, worth: FormulaText.number(Double($0.hundredths) / 100)) }
            learns = engagement.learning != nil
            conversion = engagement.learning?.conversion ?? ""
            within = engagement.learning.map { "\($0.days)" } ?? within
        case .lifetime(let lifetime):
            way = .lifetime
            gives = lifetime.gives
            orders = lifetime.orders
            value = lifetime.value
            ahead = "\(lifetime.days)"
        }
    }

    init(_ sent: Parameters, key: String?) {
        base = FormBase(sent, key: key)
        purpose = sent.lines("purpose")
        unit = sent["unit"] ?? ""
        isShown = sent["shown"] != nil
        way = sent["way"].flatMap { Way(rawValue: $0) } ?? .formula
        formula.text = FormulaField.text(sent, "formula")
        days = sent["days"] ?? ""
        weights = (0..<FormRows.count(sent, most: Self.mostWeights)).map {
            Weight(event: sent["event\($0 + 1)"] ?? "", worth: sent["worth\($0 + 1)"] ?? "")
        }
        learns = sent["learns"] != nil
        conversion = sent["conversion"] ?? ""
        within = sent["within"] ?? ""
        gives = sent["gives"].flatMap { MetricDefinition.Gives(rawValue: $0) } ?? .value
        orders = sent["orders"] ?? ""
        value = sent["value"] ?? ""
        ahead = sent["ahead"] ?? ""
    }

    mutating func change(_ asked: String) {
        base.stay(FormRows.change(&weights, asked, empty: Weight(event: "", worth: "1"), most: Self.mostWeights, least: 1))
    }

    /// What is worked out for each customer; nil as long as a number in it is none.
    var definition: MetricDefinition? {
        var definition = MetricDefinition.standard
        definition.name = base.name
        definition.meaning = purpose.ifAny
        definition.unit = unit.ifAny
        definition.isShown = isShown
        switch way {
        case .formula: definition.way = .formula(WrittenFormula(text: formula.text))
        case .engagement:
            guard let days = Int(days) else { return nil }
            var found: [MetricDefinition.Engagement.Weight] = []
            for weight in weights {
                guard let hundredths = Self.hundredths(weight.worth) else { return nil }
                found.append(.init(event: weight.event, hundredths: hundredths))
            }
            var learning: MetricDefinition.Engagement.Learning?
            if learns {
                guard let within = Int(within) else { return nil }
                learning = .init(conversion: conversion, days: within)
            }
            definition.way = .engagement(.init(days: days, weights: found, learning: learning))
        case .lifetime:
            guard let ahead = Int(ahead) else { return nil }
            definition.way = .lifetime(.init(gives: gives, orders: orders, value: value, days: ahead))
        }
        return definition
    }

    func write(to yaml: inout YAMLText) { definition?.write(to: &yaml) }

    /// `2.5` in hundredths; nil for what is no number or has more than two places.
    static func hundredths(_ text: String) -> Int? {
        guard let match = text.wholeMatch(of: /([-−]?)([0-9]{1,7})(?:[.,]([0-9]{1,2}))?/), let whole = Int(match.2) else { return nil }
        let places = match.3.map { Int($0.count == 1 ? $0 + "0" : $0) ?? 0 } ?? 0
        return (whole * 100 + places) * (match.1.isEmpty ? 1 : -1)
    }

    func field(of path: String) -> String? {
        if let match = path.wholeMatch(of: /engagement\.weights\[(\d+)\](?:\.(\w+))?/) {
            return (match.2 == "weight" ? "worth" : "event") + match.1
        }
        return switch path {
        case "meaning": "purpose"
        case "unit", "formula": path
        case "engagement.days": "days"
        case "engagement.learn.conversion": "conversion"
        case "engagement.learn.days": "within"
        case "lifetime.orders": "orders"
        case "lifetime.value": "value"
        case "lifetime.days": "ahead"
        default: nil
        }
    }

    mutating func check(among blueprint: Blueprint) {
        checkName { blueprint[Self.kind.rawValue, $0] != nil }
        let number = "Write a whole number."
        switch way {
        case .formula: break
        case .engagement:
            if Int(days) == nil { base.faults["days"] = number }
            for (i, weight) in weights.enumerated() {
                if weight.event.isEmpty { base.faults["event\(i + 1)"] = "Write the name of an interaction." }
                if Self.hundredths(weight.worth) == nil { base.faults["worth\(i + 1)"] = "Write a number, as 1 or 2.5." }
            }
            if weights.isEmpty { base.faults[""] = "Write one kind of engagement at least." }
            if learns, conversion.isEmpty { base.faults["conversion"] = "Write the name of an interaction." }
            if learns, Int(within) == nil { base.faults["within"] = number }
        case .lifetime:
            if orders.isEmpty { base.faults["orders"] = "Write the name of an interaction." }
            if value.isEmpty { base.faults["value"] = "Write the name of a property." }
            if Int(ahead) == nil { base.faults["ahead"] = number }
        }
    }

    var fields: Fields {
        let ways: [(Way, String, String)] = [
            (.formula, "By a formula", "a value of what each customer did, told or agreed to"),
            (
                .engagement, "By weights of engagement",
                "how much they have to do with you: each kind of interaction counts what you say, or what is learned"
            ),
            (.lifetime, "By the model of lifetime value", "what they will pay, how often they will buy, or how likely it is that they still do"),
        ]
        let given: [(MetricDefinition.Gives, String)] = [
            (.value, "What they will pay"), (.purchases, "How often they will buy"), (.alive, "How likely it is that they still buy, from 0 to 1"),
        ]
        return [
            "isMetric": true, "hasPurpose": true, "purpose": purpose, "purposeLabel": "What it says", "unit": unit, "shown": isShown, "hasName": true,
            "ways": ways.map { ["id": $0.0.rawValue, "words": $0.1, "more": $0.2, "chosen": $0.0 == way] as Fields },
            "days": days, "learns": learns, "conversion": conversion, "within": within, "orders": orders, "valueName": value, "ahead": ahead,
            "given": given.map { ["id": $0.0.rawValue, "words": $0.1, "chosen": $0.0 == gives] as Fields },
            "isFull": weights.count >= Self.mostWeights, "rows": weights.count,
            "weights": weights.enumerated().map { i, weight -> Fields in
                var fields: Fields = [
                    "event": weight.event, "worth": weight.worth, "eventFault": base.faults["event\(i + 1)"],
                    "worthFault": base.faults["worth\(i + 1)"],
                ]
                fields.merge(FormRows.buttons(i + 1, of: weights.count, least: 1, focus: base.focus))
                return fields
            },
        ]
    }
}
