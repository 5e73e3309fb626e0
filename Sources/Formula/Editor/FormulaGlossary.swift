/// Everything that a formula may say and name at this moment, for somebody who looks through it.
///
/// It is made of the language's own functions and of the names that the checker knows, so it cannot offer what does not read.
package struct FormulaGlossary: Sendable {
    /// What a section is of.
    package enum Kind: String, CaseIterable, Sendable {
        case functions, phrases, interactions, metrics, audiences, stages, traits, consent, identifiers, channels
    }
    /// A word as it stands in a formula.
    package struct Word: Sendable, Equatable {
        package var text: String
        /// What it is or gives, in a few words.
        package var meaning: String
        /// A formula, or a part of one, with it.
        package var example: String?
        /// What stands behind it: the properties of an interaction.
        package var parts: [Word] = []

        package init(_ text: String, _ meaning: String, example: String? = nil, parts: [Word] = []) {
            self.text = text
            self.meaning = meaning
            self.example = example
            self.parts = parts
        }
    }
    /// Words of one kind.
    package struct Section: Sendable {
        package var kind: Kind
        package var words: [Word]
    }
    /// All kinds in their order; one of which there is nothing has no words.
    package let sections: [Section]

    /// - Parameter meanings: What interactions mean, by their names.
    package init(names: FormulaNames, library: FormulaLibrary, titles: FormulaTitles = FormulaTitles(), meanings: [String: String] = [:]) {
        sections = Kind.allCases.map { Section(kind: $0, words: Self.words($0, names, library, titles, meanings)) }
    }

    package subscript(_ kind: Kind) -> [Word] { sections.first { $0.kind == kind }?.words ?? [] }

    private static func words(
        _ kind: Kind, _ names: FormulaNames, _ library: FormulaLibrary, _ titles: FormulaTitles, _ meanings: [String: String]
    ) -> [Word] {
        switch kind {
        case .functions: functions
        case .phrases: phrases
        case .interactions:
            [Word("any", "any interaction")]
                + names.events.sorted { $0.key < $1.key }.map { event in
                    Word(
                        FormulaText.quoted(event.key), meanings[event.key] ?? "",
                        parts: event.value.sorted { $0.key < $1.key }.map { Word($0.key, $0.value.noun) })
                }
        case .metrics: library.metrics.keys.sorted().map { Word($0, titles.metrics[$0] ?? "") }
        case .audiences: library.audiences.keys.sorted().map { Word("in audience \($0)", titles.audiences[$0] ?? "") }
        case .stages: library.stages.map { Word("stage = \(FormulaText.quoted($0.name))", "") }
        case .traits: names.traits.sorted { $0.key < $1.key }.map { Word("trait." + key($0.key), ($0.value)?.noun ?? "") }
        case .consent:
            names.channels.sorted().map { Word("consent." + key($0), "\(FormulaNames.purpose) by \($0)") }
                + (names.channels.min().map { [Word("consent.\(key($0)).surveys", "another purpose, by its name")] } ?? [])
        case .identifiers: names.identifierKinds.sorted().map { Word("identifier.\(key($0)) is known", "") }
        case .channels:
            names.channels.sorted().map { Word("channel = \(FormulaText.quoted($0))", "") }
                + FormulaNames.directions.map { Word("direction = \(FormulaText.quoted($0))", "") }
                + FormulaNames.media.map { Word("media = \(FormulaText.quoted($0))", "") }
        }
    }

    private static func key(_ key: String) -> String { PropertyPath.isWord(key) ? key : FormulaText.quoted(key) }

    /// What is asked of interactions, and where somebody stands among everybody.
    package static let functions: [Word] =
        FormulaFunction.allCases.map { Word($0.rawValue + "(…)", $0.summary, example: $0.example) }
        + RankFunction.allCases.map { Word($0.rawValue + "(…)", $0.summary, example: $0.example) }

    /// How the rest is said: when, in which order, and compared with what.
    package static let phrases: [Word] = [
        Word("where …", "what must hold of each interaction", example: "count(\"Order Completed\" where total >= 50 and channel = \"web\") >= 1"),
        Word("in last …", "up to now, from so long ago", example: "did(\"Order Completed\" in last 30 days)"),
        Word("today, this week, this month, this year", "in the company’s zone; weeks begin on Monday", example: "did(\"Page Viewed\" this week)"),
        Word("since …", "from a day on", example: "count(\"Order Completed\" since 2026-01-31) >= 2"),
        Word("… or …", "one of several interactions", example: "did(\"Product Added\" or \"Checkout Started\")"),
        Word("[]", "each entry of a list", example: "sum(\"Order Completed\".products[].quantity where category = \"Sofas\") > 2"),
        Word(
            "… then … within …", "one after the other, and how soon at most",
            example: "\"Checkout Started\" then \"Order Completed\" within 1 hour"),
        Word(
            "… not followed by … within …", "what did not come after it",
            example: "\"Checkout Started\" in last 7 days not followed by \"Order Completed\" within 1 hour"),
        Word("and, or, not", "both must hold, one must, none may", example: "did(any today) and not did(\"Email Sent\" today)"),
        Word("= != < <= > >=", "compared with a value", example: "last(\"Survey Answered\".score) <= 6"),
        Word("in […]", "one of these", example: "trait.city in [\"Leeds\", \"York\"]"),
        Word("contains, starts with, ends with", "a part of a text", example: "trait.city starts with \"new\""),
        Word("is known, is unknown", "whether there is a value", example: "identifier.email is known"),
        Word("+ - * /", "reckoned with numbers, dates and lengths of time", example: "time since last(\"Order Completed\") / 1 day"),
        Word("now", "this moment", example: "last(\"Order Completed\") > now - 3 days"),
        Word("#", "a note for people, up to the end of the line", example: "did(any) # whoever was here at all"),
    ]
}

extension FormulaFunction {
    /// A formula with it.
    package var example: String {
        switch self {
        case .count: "count(\"Order Completed\" in last 90 days) >= 3"
        case .sum: "sum(\"Order Completed\".total this year) > 500"
        case .average: "average(\"Order Completed\".total) > 20.5"
        case .min: "min(\"Survey Answered\".score in last 365 days) >= 9"
        case .max: "max(\"Order Completed\".total) > 200"
        case .first: "first(\"Order Completed\") >= 2026-01-01"
        case .last: "last(\"Survey Answered\".score) <= 6"
        case .distinct: "distinct(\"Order Completed\".shop) > 1"
        case .did: "did(\"Order Completed\" today)"
        case .never: "never(\"Email Sent\" in last 7 days)"
        case .timeSinceLast: "time since last(\"Order Completed\") > 180 days"
        case .timeSinceFirst: "time since first(\"Order Completed\") <= 30 days"
        case .daysActive: "days active(any where direction = \"in\" this month) >= 5"
        }
    }
}

extension RankFunction {
    /// A formula with it.
    package var example: String {
        switch self {
        case .percentile: "percentile(spend) >= 95"
        case .quintile: "quintile(spend) = 5"
        }
    }
}
