import Kernel

/// Something that may stand where somebody types.
package struct Completion: Sendable, Equatable {
    /// As a list of choices shows it.
    package var label: String
    /// What comes into the text, in the place of ``span``.
    package var insert: String
    /// What it takes the place of, in Unicode scalars: what was typed of it so far.
    package var span: Span
    /// What it is: `a number`, `how often it happened`.
    package var detail: String

    package init(label: String, insert: String, span: Span, detail: String) {
        self.label = label
        self.insert = insert
        self.span = span
        self.detail = detail
    }
}

extension FormulaEditor {
    /// The most that are offered at once.
    package static let mostCompletions = 30

    /// What may come at a place of a text that may not be finished: what begins as was typed first, then what has a word that does,
    /// what has it within, and, when there is nothing of these, the nearest.
    /// - Parameter offset: Unicode scalars before the place; past the end is the end.
    package static func completions(
        _ text: String, at offset: Int, names: FormulaNames, library: FormulaLibrary, titles: FormulaTitles = FormulaTitles()
    ) -> [Completion] {
        let scalars = Array(text.unicodeScalars.prefix(FormulaLimits.length))
        guard let scene = CompletionScene(scalars, at: max(0, min(offset, scalars.count))) else { return [] }
        let offer = CompletionOffer(scene: scene, names: names, library: library, titles: titles)
        return rank(offer.all, scene.typed).map { Completion(label: $0.label, insert: $0.insert, span: scene.span, detail: $0.detail) }
    }

    private static func rank(_ all: [CompletionOffer.One], _ typed: String) -> [CompletionOffer.One] {
        guard !typed.isEmpty else { return Array(all.prefix(mostCompletions)) }
        let typed = typed.lowercased()
        var places: [[CompletionOffer.One]] = [[], [], []]
        for one in all {
            let label = one.label.lowercased()
            if label.hasPrefix(typed) {
                places[0].append(one)
            } else if label.contains(" " + typed) || label.contains("." + typed) || label.contains("_" + typed) {
                places[1].append(one)
            } else if typed.count >= 3, label.contains(typed) {
                places[2].append(one)
            }
        }
        let found = Array(places.joined().prefix(mostCompletions))
        if !found.isEmpty { return found }
        // With fewer letters everything would be near.
        guard typed.count >= 3 else { return [] }
        let allowed = max(1, typed.count / 3)
        let near = all.filter { abs($0.label.count - typed.count) <= allowed }
        guard let word = Nearest.word(to: typed, among: near.map(\.label)) else { return [] }
        return near.filter { $0.label == word }.prefix(1).map { $0 }
    }
}

/// What may stand at a place.
struct CompletionOffer {
    struct One {
        var label: String
        var insert: String
        var detail: String
        init(_ label: String, _ insert: String? = nil, _ detail: String) {
            self.label = label
            self.insert = insert ?? label
            self.detail = detail
        }
    }
    let scene: CompletionScene
    let names: FormulaNames
    let library: FormulaLibrary
    let titles: FormulaTitles

    var all: [One] {
        switch scene.wanted {
        case .nothing: []
        case .condition: functions + subjects + [One("not", "not ", "what follows does not hold")] + events
        case .value: functions + subjects + metricsAndNow
        case .events: scene.isQuoted ? events : events + [One("any", nil, "any interaction")]
        case .metrics: metrics
        case .audiences: library.audiences.keys.sorted().map { One($0, nil, titles.audiences[$0] ?? "audience") }
        case .stages: library.stages.map { One($0.name, FormulaText.quoted($0.name), "stage") }
        case .words(let field): words(field).map { One($0, FormulaText.quoted($0), field) }
        case .traits: names.traits.keys.sorted().map { One($0, key($0), (names.traits[$0] ?? nil)?.noun ?? "trait") }
        case .channels: names.channels.sorted().map { One($0, key($0), "consent to \(FormulaNames.purpose) by \($0)") }
        case .purposes: [One(FormulaNames.purpose, nil, "purpose")]
        case .identifiers: names.identifierKinds.sorted().map { One($0, key($0) + " is known", "kind of identifier") }
        case .properties: properties
        case .operand: properties + Self.ways
        case .windows: Self.windows
        case .lengths:
            ["7 days", "30 days", "90 days", "365 days", "24 hours", "2 weeks", "1 hour", "30 minutes"].map { One($0, nil, "length of time") }
        case .units: ["days", "hours", "minutes", "weeks", "seconds", "years"].map { One($0, nil, "unit of time") } + afterNumber
        case .some(let words): words.map { One($0, nil, "") }
        case .afterEvents: afterEvents
        case .afterValue: scene.isBehindStage ? Self.comparisons(isStage: true) : Self.comparisons(isStage: false) + joins
        case .afterCondition: joins
        }
    }

    /// A key as it stands behind a point.
    private func key(_ key: String) -> String { PropertyPath.isWord(key) ? key : FormulaText.quoted(key) }

    private var events: [One] {
        names.events.keys.sorted().map { One($0, FormulaText.quoted($0), "interaction") }
    }

    private var functions: [One] {
        FormulaFunction.allCases.map { One($0.rawValue, $0.rawValue + "(", $0.summary) }
            + (library.metrics.isEmpty ? [] : RankFunction.allCases.map { One($0.rawValue, $0.rawValue + "(", $0.summary) })
    }

    private var metrics: [One] { library.metrics.keys.sorted().map { One($0, nil, titles.metrics[$0] ?? "metric") } }
    private var metricsAndNow: [One] { [One("now", nil, "this moment")] }

    private var subjects: [One] {
        metrics + [
            One("trait", "trait.", "what customers told us"), One("consent", "consent.", "what they agreed to"),
            One("identifier", "identifier.", "what they can be known by"),
        ] + (library.stages.isEmpty ? [] : [One("stage", "stage ", "where on the lifecycle")])
            + (library.audiences.isEmpty ? [] : [One("in audience", "in audience ", "who belongs to another audience")])
    }

    /// Declared properties of the interactions that are meant, each with its kind. Within a list, those of its elements by their own names first.
    private var properties: [One] {
        var found: [String: ValueType] = [:]
        let events = scene.events.isEmpty ? Array(names.events.keys) : scene.events
        for event in events { found.merge(names.events[event] ?? [:]) { a, _ in a } }
        let all = found.sorted { $0.key < $1.key }
        guard scene.isWhere else {
            return ((found["value"] == nil ? [One("value", nil, "what the interaction is worth")] : []) + all.map { One($0.key, nil, $0.value.noun) })
        }
        let list = scene.list.map { $0 + "." }
        let inner = all.compactMap { path, type in
            list.flatMap { path.hasPrefix($0) ? One(String(path.dropFirst($0.count)), nil, type.noun) : nil }
        }
        return inner + all.filter { !$0.key.contains("[]") }.map { One($0.key, nil, $0.value.noun) }
    }

    private static let ways = [
        One("channel", nil, "how it came"), One("direction", nil, "in, out or internal"), One("media", nil, "owned, earned or paid"),
    ]

    private func words(_ field: String) -> [String] {
        switch field {
        case "channel": names.channels.sorted()
        case "media": FormulaNames.media
        default: FormulaNames.directions
        }
    }

    static let windows = [
        One("in last 7 days", nil, "window"), One("in last 30 days", nil, "window"), One("in last 90 days", nil, "window"),
        One("in last 365 days", nil, "window"), One("today", nil, "window"), One("this week", nil, "from Monday on"),
        One("this month", nil, "window"), One("this year", nil, "window"), One("since", "since ", "a date, as 2026-01-31"),
    ]

    /// What may follow `in` behind interactions.
    static let behindIn = ["last 7 days", "last 30 days", "last 90 days", "last 365 days"]

    private var afterEvents: [One] {
        var all: [One] = []
        if scene.takesProperty, scene.typed.isEmpty { all += properties.map { One("." + $0.label, "." + $0.insert, $0.detail) } }
        if !scene.isWhere { all.append(One("where", "where ", "what must hold of each")) }
        all += Self.windows
        if scene.isInFunction {
            if !scene.isWhere { all.append(One("or", "or ", "another interaction")) }
            all.append(One(")", nil, "the end of the function"))
        } else {
            all += [
                One("then", "then ", "what comes after it"), One("not followed by", "not followed by ", "what does not come after it"),
                One("within", "within ", "how soon after"),
            ]
        }
        return all
    }

    private var afterNumber: [One] { scene.isInList || scene.isLength ? [] : Self.comparisons(isStage: false) + joins }

    private static func comparisons(isStage: Bool) -> [One] {
        if isStage { return [One("=", "= ", "is"), One("!=", "!= ", "is not"), One("in [", nil, "is one of")] }
        return [
            One("=", "= ", "is"), One("!=", "!= ", "is another than"), One(">=", ">= ", "at least"), One(">", "> ", "more than"),
            One("<=", "<= ", "at most"), One("<", "< ", "less than"), One("contains", "contains ", "has within it"),
            One("starts with", "starts with ", "text"), One("ends with", "ends with ", "text"), One("in [", nil, "is one of"),
            One("is known", nil, "there is a value"), One("is unknown", nil, "there is none"),
        ]
    }

    private var joins: [One] {
        var all = [One("and", "and ", "both must hold"), One("or", "or ", "one must hold")]
        if scene.isWhere { all += Self.windows }
        if scene.isInParentheses { all.append(One(")", nil, "the end of the parenthesis")) }
        return all
    }
}

extension FormulaFunction {
    /// What it gives, in a few words.
    package var summary: String {
        switch self {
        case .count: "how often it happened"
        case .sum: "all values added up"
        case .average: "the average of the values"
        case .min: "the least value"
        case .max: "the greatest value"
        case .first: "the first value, or when it first happened"
        case .last: "the last value, or when it last happened"
        case .distinct: "how many different values"
        case .did: "whether it happened"
        case .never: "whether it did not happen"
        case .timeSinceLast: "how long ago it last happened"
        case .timeSinceFirst: "how long ago it first happened"
        case .daysActive: "on how many days it happened"
        }
    }
}

extension RankFunction {
    /// What it gives, in a few words.
    package var summary: String {
        switch self {
        case .percentile: "the share of customers with at most this value"
        case .quintile: "the fifth they are in, 1 to 5"
        }
    }
}
