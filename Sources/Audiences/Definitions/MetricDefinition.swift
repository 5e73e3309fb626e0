package import Definitions
package import Formula
import Kernel

/// A number, a text or a date that is worked out for each customer.
package struct MetricDefinition: Definition, Equatable {
    package static let kind = "metric"
    package static let summary = "What is worked out for each customer: by a formula, by weights of engagement, or by the model of lifetime value."
    package static let isKeyed = true
    package static let guide = DefinitionGuide(
        fields: [
            .init("name", "what people call it"),
            .init("meaning", "what it says"),
            .init(
                "unit", "what it is counted in; a currency's three letters for money, `share` for a part of 1, which people read as a percentage",
                standard: "no unit, and `share` for how likely it is that they still buy"),
            .init("formula", "how it is worked out: see [the language](formulas.md)"),
            .init("engagement", "instead of a formula: each kind of engagement times its weight, added up"),
            .init("engagement.days", "of how many days"),
            .init("engagement.weights", "kinds of engagement, with what each is worth"),
            .init("engagement.weights[].event", "an interaction's name"),
            .init("engagement.weights[].weight", "what one is worth, in hundredths: 100 is one"),
            .init("engagement.learn", "learns the weights from what came of engagement; those written hold until it has enough to learn from"),
            .init("engagement.learn.conversion", "the interaction that engagement should lead to"),
            .init("engagement.learn.days", "within how many days after"),
            .init("lifetime", "instead of a formula: what the model of customer lifetime value gives"),
            .init("lifetime.gives", "which of its figures", standard: "`value`"),
            .init("lifetime.orders", "the interaction that is an order"),
            .init("lifetime.value", "its property that is what was paid", standard: "`value`"),
            .init("lifetime.days", "how far it looks ahead", standard: "`365`"),
            .init("shown", "whether the page of a customer shows it", standard: "`true`"),
        ],
        example: """
            metric:
              key: spend_365d
              name: Spend in a year
              meaning: What they paid in the last 365 days.
              unit: GBP
              owner: Marta Lindqvist
              formula: sum("Order Completed".total in last 365 days)

            """)

    /// What the model of customer lifetime value gives.
    package enum Gives: String, CaseIterable, Sendable {
        /// What they will pay.
        case value
        /// How often they will buy.
        case purchases
        /// How likely it is, from 0 to 1, that they still buy at all.
        case alive
    }
    package struct Engagement: Sendable, Equatable {
        package struct Weight: Sendable, Equatable {
            package var event: String
            /// In hundredths.
            package var hundredths: Int

            package init(event: String, hundredths: Int) { (self.event, self.hundredths) = (event, hundredths) }
        }
        package struct Learning: Sendable, Equatable {
            package var conversion: String
            package var days: Int

            package init(conversion: String, days: Int) { (self.conversion, self.days) = (conversion, days) }
        }
        package var days: Int
        package var weights: [Weight]
        package var learning: Learning?

        /// The weights that hold: those learned, or else those written.
        package func weights(learned: ModelState?) -> [Weight] {
            guard learning != nil, case .engagement(let fit)? = learned?.inForce, fit.kinds.map(\.event) == weights.map(\.event) else {
                return weights
            }
            return fit.kinds.map { Weight(event: $0.event, hundredths: $0.hundredths) }
        }

        package init(days: Int, weights: [Weight], learning: Learning? = nil) {
            (self.days, self.weights, self.learning) = (days, weights, learning)
        }
    }
    package struct Lifetime: Sendable, Equatable {
        package var gives: Gives
        package var orders: String
        package var value: String
        package var days: Int

        package init(gives: Gives, orders: String, value: String, days: Int) {
            (self.gives, self.orders, self.value, self.days) = (gives, orders, value, days)
        }
    }
    package enum Way: Sendable, Equatable {
        case formula(WrittenFormula)
        case engagement(Engagement)
        case lifetime(Lifetime)
    }

    package var name = ""
    package var meaning: String?
    package var unit: String?
    package var way = Way.formula(WrittenFormula(text: "count(any)"))
    package var isShown = true

    /// The unit of a part of 1: 0.91 is 91%.
    package static let share = "share"

    /// What it is counted in: what somebody wrote, or what follows from how it is worked out.
    package var countedIn: String? {
        if let unit { return unit }
        if case .lifetime(let lifetime) = way, lifetime.gives == .alive { return Self.share }
        return nil
    }

    package init(reading reader: Reader) {
        name = reader.required("name", reader.text("name", 1...100, example: "name: Spend in a year"), example: "Spend in a year") ?? ""
        meaning = reader.text("meaning", 1...1_000, example: "meaning: what it says")
        unit = reader.text("unit", 1...30, example: "unit: GBP")
        isShown = reader.flag("shown") ?? true
        let formula = reader.formula("formula", example: "count(\"Order Completed\" in last 365 days)")
        let engagement = reader.mapping("engagement", Self.engagement) ?? nil
        let lifetime = reader.mapping("lifetime", Self.lifetime) ?? nil
        let ways = ["formula", "engagement", "lifetime"].filter { reader.has($0) }
        if ways.count != 1, !reader.isDescribing {
            reader.problem(
                ways.isEmpty ? "nothing says how it is worked out" : "\(ways.joined(separator: " and ")) say how it is worked out",
                mend: "write one of formula, engagement and lifetime", with: ways.last)
        }
        if let formula { way = .formula(formula) }
        if let engagement { way = .engagement(engagement) }
        if let lifetime { way = .lifetime(lifetime) }
    }

    private static func engagement(_ reader: Reader) -> Engagement? {
        let days = reader.required("days", reader.whole("days", in: 1...3_650), example: "90")
        let weights = reader.mappings("weights", count: 1...50) { reader -> Engagement.Weight? in
            let event = reader.required("event", reader.text("event", 1...200, example: "event: Email Opened"), example: "Email Opened")
            let weight = reader.required("weight", reader.whole("weight", in: -100_000...100_000), example: "100")
            guard let event, let weight else { return nil }
            return .init(event: event, hundredths: weight)
        }
        let learning =
            reader.mapping("learn") { reader -> Engagement.Learning? in
                let conversion = reader.required(
                    "conversion", reader.text("conversion", 1...200, example: "conversion: Order Completed"), example: "Order Completed")
                let days = reader.required("days", reader.whole("days", in: 1...365), example: "30")
                guard let conversion, let days else { return nil }
                return .init(conversion: conversion, days: days)
            } ?? nil
        guard let days, let weights = reader.required("weights", weights, example: "- {event: Email Opened, weight: 100}") else { return nil }
        return Engagement(days: days, weights: weights.compactMap { $0 }, learning: learning)
    }

    private static func lifetime(_ reader: Reader) -> Lifetime? {
        let gives = reader.choice("gives", of: Gives.self) ?? .value
        let orders = reader.required("orders", reader.text("orders", 1...200, example: "orders: Order Completed"), example: "Order Completed")
        let value = reader.text("value", 1...200, example: "value: total") ?? "value"
        let days = reader.whole("days", in: 1...3_650) ?? 365
        return orders.map { Lifetime(gives: gives, orders: $0, value: value, days: days) }
    }

    package func write(to yaml: inout YAMLText) {
        yaml.put("name", name)
        if let meaning { yaml.put("meaning", meaning) }
        if let unit { yaml.put("unit", unit) }
        switch way {
        case .formula(let written): yaml.block("formula", written.text)
        case .engagement(let engagement):
            yaml.mapping("engagement") { yaml in
                yaml.put("days", engagement.days)
                yaml.list("weights", engagement.weights) { weight, yaml in
                    yaml.put("event", weight.event)
                    yaml.put("weight", weight.hundredths)
                }
                if let learning = engagement.learning {
                    yaml.mapping("learn") { yaml in
                        yaml.put("conversion", learning.conversion)
                        yaml.put("days", learning.days)
                    }
                }
            }
        case .lifetime(let lifetime):
            yaml.mapping("lifetime") { yaml in
                yaml.put("gives", lifetime.gives.rawValue)
                yaml.put("orders", lifetime.orders)
                yaml.put("value", lifetime.value)
                yaml.put("days", lifetime.days)
            }
        }
        yaml.put("shown", isShown)
    }

    /// The formula of what it is worked out by, where it is one: that of engagement has the weights that are written.
    package var formula: String? { formula(learned: nil) }

    /// The formula with the weights that hold.
    /// - Parameter learned: How the weights were learned last; without it those that are written hold.
    package func formula(learned: ModelState?) -> String? {
        switch way {
        case .formula(let written): return written.text
        case .engagement(let engagement):
            return zip(engagement.weights(learned: learned), Self.inputs(engagement))
                .map { "\(FormulaText.number(Double($0.hundredths) / 100)) * \($1)" }.joined(separator: " + ")
        case .lifetime: return nil
        }
    }

    /// What it is worked out from, as formulas: its own, or what its model reads of a customer.
    private var formulas: [String] {
        switch way {
        case .formula(let written): [written.text]
        case .engagement(let engagement): Self.inputs(engagement) + (engagement.learning.map { Self.evidence(engagement, $0) } ?? [])
        case .lifetime(let lifetime): Self.inputs(lifetime)
        }
    }

    /// What its model reads of a customer, as formulas, each with the setting below `metric` that it comes from; none for a metric of a
    /// formula. Those of the last setting name what the ones before do too.
    var questions: [(path: String, formula: String)] {
        switch way {
        case .formula: return []
        case .engagement(let engagement):
            let weights = Self.inputs(engagement).enumerated().map { (path: "engagement.weights[\($0 + 1)].event", formula: $1) }
            let evidence = engagement.learning.map { Self.evidence(engagement, $0) } ?? []
            return weights + evidence.map { (path: "engagement.learn.conversion", formula: $0) }
        case .lifetime(let lifetime):
            let inputs = Self.inputs(lifetime)
            return inputs.dropLast().map { (path: "lifetime.orders", formula: $0) } + inputs.suffix(1).map { (path: "lifetime.value", formula: $0) }
        }
    }

    /// The formulas that it is worked out from, as far as they read.
    package var trees: [FormulaExpression] { formulas.compactMap { try? Parser.parse($0) } }

    /// What engagement is worked out from, as formulas: how often a customer did each kind.
    static func inputs(_ engagement: Engagement) -> [String] {
        engagement.weights.map { "count(\(FormulaText.quoted($0.event)) in last \(engagement.days) days)" }
    }

    /// What the model of lifetime value needs of a customer, as formulas: days with an order, seconds since the first and since the last,
    /// how many orders, and what was paid for them.
    package static func inputs(_ lifetime: Lifetime) -> [String] {
        let orders = FormulaText.quoted(lifetime.orders)
        return [
            "days active(\(orders))", "time since first(\(orders)) / 1 second", "time since last(\(orders)) / 1 second", "count(\(orders))",
            "sum(\(orders).\(lifetime.value))",
        ]
    }
}
