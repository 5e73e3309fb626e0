/// What people are told of a kind beside what its reader says by itself: what each setting is, and an example.
///
/// What a setting takes, its range and whether it must be there come from the reading itself (``FieldDescription``), and defaults from
/// what is written; so the reference cannot say what the program does not do.
package struct DefinitionGuide: Sendable {
    package struct Field: Sendable {
        /// Below the kind: `kinds.a_name.limit`, `masks[].fields`.
        package var path: String
        /// What it is, in a phrase of Markdown.
        package var words: String
        /// What holds without it, where what is written does not say it.
        package var standard: String?

        package init(_ path: String, _ words: String, standard: String? = nil) {
            self.path = path
            self.words = words
            self.standard = standard
        }
    }

    package var fields: [Field]
    /// A whole document that shows what there is.
    package var example: String
    /// A document that has an entry of each of its named mappings, called ``placeholder``, and says no more: for the defaults of
    /// settings within them. Empty when there is none.
    package var sample: String

    /// What stands where a company writes a name of its own.
    package static let placeholder = "a_name"

    package init(fields: [Field] = [], example: String = "", sample: String = "") {
        self.fields = fields
        self.example = example
        self.sample = sample
    }
}

/// One setting as its kind's reader asks for it.
package struct FieldDescription: Sendable, Equatable {
    /// Below the kind: `kinds.a_name.limit`, `masks[].fields`.
    package var path: String
    /// What it takes, in Markdown: "a whole number from 1 to 99".
    package var takes: String
    package var isRequired: Bool
}

/// Notes what a reader is asked for.
final class FieldLog {
    private(set) var fields: [FieldDescription] = []

    func add(_ path: String, _ takes: String) {
        if !fields.contains(where: { $0.path == path }) { fields.append(FieldDescription(path: path, takes: takes, isRequired: false)) }
    }
    func require(_ path: String) {
        if let at = fields.firstIndex(where: { $0.path == path }) { fields[at].isRequired = true }
    }
}

/// The words for what a setting takes.
enum Takes {
    static func text(_ length: ClosedRange<Int>) -> String { "a text of \(range(length)) characters" }
    static let flag = "`true` or `false`"
    static func whole(_ range: ClosedRange<Int>, or word: String? = nil) -> String {
        "a whole number from \(number(range.lowerBound)) to \(number(range.upperBound))" + (word.map { ", or `\($0)`" } ?? "")
    }
    static func choice(_ words: [String]) -> String {
        let quoted = words.map { "`\($0)`" }
        return quoted.count < 2 ? quoted.joined() : quoted.dropLast().joined(separator: ", ") + " or " + quoted[quoted.count - 1]
    }
    static func texts(_ count: ClosedRange<Int>, _ length: ClosedRange<Int>) -> String {
        "a list of \(counted(count)) texts of \(range(length)) characters"
    }
    static let mapping = "the settings below"
    static func mappings(_ count: ClosedRange<Int>) -> String { "a list of \(counted(count)), each with the settings below" }
    static func named(_ count: ClosedRange<Int>) -> String { "\(counted(count)) names, each with the settings below" }

    private static func counted(_ range: ClosedRange<Int>) -> String {
        range.lowerBound == 0 ? "at most \(number(range.upperBound))" : self.range(range)
    }
    private static func range(_ range: ClosedRange<Int>) -> String { "\(number(range.lowerBound)) to \(number(range.upperBound))" }
    private static func number(_ number: Int) -> String {
        number < 1_000 ? "\(number)" : "\(number / 1_000),\(String(number % 1_000 + 1_000).dropFirst())"
    }
}
