package import Definitions
package import Formula
import Kernel

/// A kind of interaction in the company's vocabulary: what it means and what it carries.
package struct EventDefinition: Definition, Equatable {
    package static let kind = "event"
    package static let summary = "A kind of interaction: what it means, and what it carries."
    package static let isKeyed = true
    package static let guide = DefinitionGuide(
        fields: [
            .init("name", "the interaction's name, as it arrives"),
            .init("meaning", "what it means when it happens, for everybody to read"),
            .init("value", "the property that is its value, one of those below"),
            .init("properties", "what it carries, by the path: `total`, `address.city`, `products[].price`"),
            .init("properties.a_name.type", "the kind of value", standard: "`text`"),
            .init("properties.a_name.meaning", "what it means"),
            .init("life_event", "what it stands for in a customer's life, in a word or two, as `Moved house`: the page Lifecycle shows these"),
        ],
        example: """
            event:
              key: order_completed
              name: Order Completed
              meaning: Somebody has bought something, in whatever way.
              owner: Marta Lindqvist
              value: total
              properties:
                total: {type: number, meaning: 'What they pay, in pounds.'}
                products[].sku: {type: text}
                products[].price: {type: number}
                gift: {type: yes/no}

            """,
        sample: """
            event:
              key: a_name
              name: A Name
              properties:
                a_name: {}

            """)

    /// The most properties of an event.
    package static let mostProperties = 200

    package struct Property: Sendable, Equatable {
        /// `products[].price`
        package var path: String
        package var type: ValueType
        package var meaning: String?

        package init(path: String, type: ValueType, meaning: String? = nil) { (self.path, self.type, self.meaning) = (path, type, meaning) }
    }
    package var name = ""
    package var meaning: String?
    package var value: String?
    /// What it stands for in a customer's life: `Moved house`. Nil for what is everyday.
    package var lifeEvent: String?
    package var properties: [Property] = []

    package init(reading reader: Reader) {
        name = reader.required("name", reader.text("name", 1...200, example: "name: Order Completed"), example: "Order Completed") ?? ""
        if Self.ours.contains(name) {
            reader.problem("\(name) is written by Sightline itself", mend: "remove the document: its meaning is fixed", with: "name")
        }
        meaning = reader.text("meaning", 1...1_000, example: "meaning: what it means when it happens")
        lifeEvent = reader.text("life_event", 1...100, example: "life_event: Moved house")
        properties =
            reader.named("properties", count: 0...Self.mostProperties) { path, place, reader in
                let type = reader.choice("type", of: PropertyType.self) ?? .text
                let meaning = reader.text("meaning", 1...1_000, example: "meaning: what it says")
                if path != DefinitionGuide.placeholder, !Self.isPath(path) {
                    reader.problem(
                        "\(path.prefix(60)) is no path of a property",
                        mend: "write total, address.city or products[].price; odd names in quotation marks",
                        at: place)
                }
                return Property(path: path, type: type.type, meaning: meaning)
            } ?? []
        value = reader.text("value", 1...200, example: "value: total")
        if let value, let property = properties.first(where: { $0.path == value }) {
            if property.type != .number {
                reader.problem("\(value) is \(property.type.noun), and a value is a number", mend: "name a property that is a number", with: "value")
            } else if valuePath == nil {
                reader.problem("\(value) has many values", mend: "name a property outside of lists", with: "value")
            }
        } else if let value {
            let advice = Nearest.advice(for: value, among: properties.map(\.path))
            reader.problem("\(value.prefix(60)) is none of the properties", mend: advice, with: "value")
        }
    }

    package func write(to yaml: inout YAMLText) {
        yaml.put("name", name)
        if let meaning { yaml.put("meaning", meaning) }
        if let value { yaml.put("value", value) }
        if let lifeEvent { yaml.put("life_event", lifeEvent) }
        if !properties.isEmpty {
            yaml.mapping("properties") { yaml in
                for property in properties {
                    yaml.mapping(property.path) { yaml in
                        yaml.put("type", property.type.rawValue)
                        if let meaning = property.meaning { yaml.put("meaning", meaning) }
                    }
                }
            }
        }
    }

    /// Interactions that Sightline writes about membership: what formulas give, so formulas do not ask for them.
    package static let ours = FormulaNames.ours

    /// The keys that lead to the value; nil when there is none, or when it is in a list and so no one value of an interaction.
    package var valuePath: [String]? { value.flatMap { PropertyFit.path($0)?.plain } }

    private static func isPath(_ text: String) -> Bool { PropertyFit.path(text)?.description == text }
}
