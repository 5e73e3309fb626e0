/// What kind of value a formula, a property or a trait is.
package enum ValueType: String, CaseIterable, Sendable, Codable {
    case number
    case text
    case flag = "yes/no"
    case date
    case duration
    case texts = "list of text"

    /// With its article, for sentences.
    package var noun: String {
        switch self {
        case .number: "a number"
        case .text: "a text"
        case .flag: "yes or no"
        case .date: "a date"
        case .duration: "a length of time"
        case .texts: "a list of texts"
        }
    }

    /// Those that properties and traits may have.
    package static let declarable: [ValueType] = [.number, .text, .flag, .date, .texts]
}
