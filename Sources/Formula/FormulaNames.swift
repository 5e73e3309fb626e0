/// What a formula may name.
package struct FormulaNames: Sendable {
    /// Interactions, with the kinds of their properties as far as somebody declared them: `total`, `products[].price`.
    package var events: [String: [String: ValueType]] = [:]
    /// False while nobody knows all of them, as when definitions are checked without the data: then any name may be one.
    package var areEventsKnown = true
    /// Whether a property that the definition of an interaction does not name has arrived with it all the same; nil when nobody can know.
    package var arrives: (@Sendable (_ event: String, _ property: PropertyPath) -> Bool)?
    /// What customers tell about themselves; nil as the kind when nobody declared it.
    package var traits: [String: ValueType?] = [:]
    package var areTraitsKnown = true
    package var channels: Set<String> = []
    package var identifierKinds: Set<String> = []

    package init() {}

    package static let media = ["owned", "earned", "paid"]
    package static let directions = ["in", "out", "internal"]
    /// Interactions that Sightline writes about membership. They follow from formulas, so `any` does not mean them, and none asks for them.
    package static let ours = ["Audience Entered", "Audience Left", "Stage Changed"]
    /// For which purpose `consent.email` asks.
    package static let purpose = "marketing"
}

/// The formulas of a company that others may name.
package struct FormulaLibrary: Sendable {
    package struct Stage: Sendable {
        package var name: String
        /// Nil for the first, which everybody is in who is in no other.
        package var entry: FormulaExpression?
        package init(name: String, entry: FormulaExpression?) {
            self.name = name
            self.entry = entry
        }
    }
    /// What a metric is worked out by.
    package enum Metric: Sendable {
        case formula(FormulaExpression)
        /// By a model that is fitted to all customers: which number of those that it gives, from these values of a customer.
        case model(String, output: Int, inputs: [FormulaExpression])
    }
    package struct Audience: Sendable {
        package var who: FormulaExpression
        /// Who is left out even so.
        package var except: FormulaExpression?
        package init(who: FormulaExpression, except: FormulaExpression? = nil) {
            self.who = who
            self.except = except
        }
    }
    package var metrics: [String: Metric] = [:]
    package var audiences: [String: Audience] = [:]
    package var stages: [Stage] = []

    package init() {}
}
