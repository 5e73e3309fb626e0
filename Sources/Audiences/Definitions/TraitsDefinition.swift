package import Definitions
package import Formula
import Kernel

/// What customers tell about themselves: the company's words for it, and what kinds of values they are.
package struct TraitsDefinition: Definition, Equatable {
    package static let kind = "traits"
    package static let summary = "What customers tell about themselves: what it means, and what kind of value it is."
    package static let guide = DefinitionGuide(
        fields: [
            .init("fields", "what is told, by its name as it arrives"),
            .init("fields.a_name.type", "the kind of value", standard: "`text`"),
            .init("fields.a_name.meaning", "what it means"),
        ],
        example: """
            traits:
              owner: Marta Lindqvist
              fields:
                newsletter: {type: yes/no, meaning: They asked for news when they signed up.}
                birthday: {type: date}

            """,
        sample: """
            traits:
              fields:
                a_name: {}

            """)

    /// The most traits that may be defined.
    package static let most = 500

    package struct Field: Sendable, Equatable {
        package var name: String
        package var type: ValueType
        package var meaning: String?
    }
    package var fields: [Field] = []

    package init(reading reader: Reader) {
        fields =
            reader.named("fields", count: 0...Self.most) { name, _, reader in
                let type = reader.choice("type", of: PropertyType.self) ?? .text
                let meaning = reader.text("meaning", 1...1_000, example: "meaning: what it says")
                return Field(name: name, type: type.type, meaning: meaning)
            } ?? []
    }

    package func write(to yaml: inout YAMLText) {
        yaml.mapping("fields") { yaml in
            for field in fields {
                yaml.mapping(field.name) { yaml in
                    yaml.put("type", field.type.rawValue)
                    if let meaning = field.meaning { yaml.put("meaning", meaning) }
                }
            }
        }
    }
}

/// The kinds of values that may be declared, as they are written.
enum PropertyType: String, CaseIterable {
    case number, text
    case flag = "yes/no"
    case date
    case texts = "list of text"

    var type: ValueType {
        switch self {
        case .number: .number
        case .text: .text
        case .flag: .flag
        case .date: .date
        case .texts: .texts
        }
    }
}
