/// What people call the definitions that formulas name by their keys.
package struct FormulaTitles: Sendable {
    /// By their keys; where there is none, the key is said.
    package var metrics: [String: String]
    package var audiences: [String: String]

    package init(metrics: [String: String] = [:], audiences: [String: String] = [:]) {
        self.metrics = metrics
        self.audiences = audiences
    }
}

/// Says in plain words what a formula means: short, and as one who looks after customers would say it.
///
/// It takes the tree of a formula that was checked; of one that means nothing it says nothing wrong, but nothing useful either.
/// Its words are linear in the formula: of long lists the first entries are named, the others counted.
package struct Explainer: Sendable {
    /// One of the conditions that all must hold.
    package struct Part: Sendable, Equatable {
        /// Where it stands in the formula.
        package var span: Span
        /// As it stands within a sentence: `no Complaint Received in the last 30 days`.
        package var words: String
        /// By itself, for the head of a row: `No Complaint Received in the last 30 days`.
        package var label: String
    }
    let titles: FormulaTitles

    /// The most entries of a list, or names in one place, that are said one by one.
    static let mostNamed = 5

    /// One sentence for the whole, with its full stop.
    /// - Parameter isCondition: Whether it is yes or no, where that is known; a trait by itself may be of any kind.
    package static func explain(_ tree: FormulaExpression, titles: FormulaTitles = FormulaTitles(), isCondition: Bool? = nil) -> String {
        let explainer = Explainer(titles: titles)
        let words = isCondition ?? tree.isCondition ? explainer.joined(tree.conjuncts.map(explainer.condition), by: "and") : explainer.value(tree)
        return capitalised(words) + "."
    }

    /// The conditions that all must hold, in the order in which they stand; the whole formula when it is one.
    /// - Parameter isCondition: As for ``explain(_:titles:isCondition:)``.
    package static func conjuncts(_ tree: FormulaExpression, titles: FormulaTitles = FormulaTitles(), isCondition: Bool? = nil) -> [Part] {
        let explainer = Explainer(titles: titles)
        let all = tree.conjuncts
        return all.map {
            let words = all.count > 1 || isCondition ?? $0.isCondition ? explainer.condition($0) : explainer.value($0)
            return Part(span: $0.span, words: words, label: capitalised(words))
        }
    }

    static func capitalised(_ words: String) -> String {
        if words.hasPrefix("(") { return "(" + capitalised(String(words.dropFirst())) }
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// `a`, `a and b`, `a, b, and c`. What has a comma or the word itself is set off by a comma.
    func joined(_ parts: [String], by word: String) -> String {
        guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
        let joints = [",", " and ", " or ", " with "]
        let isPlain = parts.count == 2 && !parts.contains { part in joints.contains { part.contains($0) } }
        return parts.dropLast().joined(separator: ", ") + (isPlain ? " " : ", ") + word + " " + last
    }

    /// `a, b or c`, and how many more when there are many.
    func few(_ parts: [String], by word: String) -> String {
        guard parts.count > 1 else { return parts.first ?? "" }
        guard parts.count > Self.mostNamed else { return parts.dropLast().joined(separator: ", ") + " " + word + " " + parts[parts.count - 1] }
        return parts.prefix(Self.mostNamed).joined(separator: ", ") + " " + word + " \(parts.count - Self.mostNamed) more"
    }

    // MARK: Conditions

    /// A condition as it stands within a sentence.
    func condition(_ e: FormulaExpression) -> String {
        switch e.kind {
        case .and(let a, let b): return joined((a.conjuncts + b.conjuncts).map(condition), by: "and")
        case .or(let a, let b): return "either " + alternatives(a.alternatives + b.alternatives)
        case .not(let inner): return negated(inner)
        case .call(let function, let events):
            switch function {
            case .did: return happened(events)
            case .never: return notHappened(events)
            default: return "\(value(e)) is yes"
            }
        case .sequence(let sequence): return said(sequence)
        case .inAudience(let key): return "in the audience \(titles.audiences[key] ?? key)"
        case .name(let path):
            if let consent = consent(path) { return consent }
            return "\(value(e)) is yes"
        case .flag(let flag): return flag ? "always" : "never"
        case .compare(let comparison, let a, let b):
            return a.isLiteral && !b.isLiteral ? compared(comparison.flipped, b, a) : compared(comparison, a, b)
        case .match(let match, let a, let b): return "\(value(a)) \(Self.verb(match)) \(value(b))"
        case .oneOf(let a, let list):
            if a.isStage { return "stage " + few(list.map(word), by: "or") }
            return "\(value(a)) is " + few(list.map(word), by: "or")
        case .known(let inner, let isKnown): return known(inner, isKnown)
        case .number, .text, .duration, .date, .rank, .arithmetic, .negative: return value(e)
        }
    }

    func alternatives(_ parts: [FormulaExpression]) -> String {
        let words = parts.map { part -> String in
            if case .and = part.kind { return "(\(condition(part)))" }
            return condition(part)
        }
        return words.dropLast().joined(separator: ", ") + (words.count > 1 ? " or " : "") + (words.last ?? "")
    }

    private func negated(_ e: FormulaExpression) -> String {
        switch e.kind {
        case .not(let inner): return condition(inner)
        case .call(.did, let events): return notHappened(events)
        case .call(.never, let events): return happened(events)
        case .or(let a, let b):
            let parts = (a.alternatives + b.alternatives).map(condition)
            return "neither " + parts.dropLast().joined(separator: ", ") + " nor " + (parts.last ?? "")
        case .and(let a, let b): return "not all of (\(joined((a.conjuncts + b.conjuncts).map(condition), by: "and")))"
        case .compare(let comparison, let a, let b):
            if a.isStage || b.isStage {
                let other = a.isStage ? b : a
                return comparison == .equal ? "not \(word(other))" : "stage \(word(other))"
            }
            // A count is never unknown, so what does not hold of it is that the opposite holds.
            if case .call(let function, _) = a.kind, function == .count || function == .daysActive || function == .distinct, b.isLiteral {
                return compared(comparison.opposite, a, b)
            }
            return "not (\(condition(e)))"
        case .oneOf(let a, let list) where a.isStage:
            return "neither " + few(list.map(word), by: "nor")
        case .known(let inner, let isKnown): return known(inner, !isKnown)
        case .name(let path):
            if let consent = consent(path) { return "no " + consent }
            return "not (\(condition(e)))"
        case .inAudience: return "not " + condition(e)
        default: return "not (\(condition(e)))"
        }
    }

    private func known(_ e: FormulaExpression, _ isKnown: Bool) -> String {
        let ending = isKnown ? "is known" : "is unknown"
        guard case .name(let path) = e.kind, let keys = path.plain, keys.count > 1 else { return "\(value(e)) \(ending)" }
        switch keys[0] {
        case "identifier": return isKnown ? "\(keys[1]) known" : "no \(keys[1]) known"
        case "consent":
            let about = "about \(keys.count > 2 ? keys[2] : FormulaNames.purpose) by \(keys[1])"
            return isKnown ? "has said yes or no \(about)" : "has said neither yes nor no \(about)"
        default: return "\(value(e)) \(ending)"
        }
    }

    /// `consent to marketing by email`; nil for another name.
    func consent(_ path: PropertyPath) -> String? {
        guard let keys = path.plain, keys.first == "consent", keys.count > 1 else { return nil }
        return "consent to \(keys.count > 2 ? keys[2] : FormulaNames.purpose) by \(keys[1])"
    }

    private func compared(_ comparison: Comparison, _ a: FormulaExpression, _ b: FormulaExpression) -> String {
        if a.isStage || b.isStage {
            let other = a.isStage ? b : a
            return comparison == .equal ? "stage \(word(other))" : "not \(word(other))"
        }
        switch (a.kind, b.kind) {
        case (.call(let function, let events), _) where b.isLiteral:
            if let short = asked(function, events, comparison, b) { return short }
        case (.rank(let function, let metric), .number(let number)):
            if let short = ranked(function, metric, comparison, number) { return short }
        case (.name(let path), .flag(let flag)):
            if let consent = consent(path) {
                let isGiven = flag == (comparison == .equal)
                return isGiven ? consent : "\(consent) withdrawn"
            }
        default: break
        }
        if a.isDate || b.isDate { return "\(value(a, isDate: true)) is \(Self.moment(comparison, value(b, isDate: true), isDay: b.isDay))" }
        return "\(value(a)) is \(Self.amount(comparison, word(b)))"
    }

    private func ranked(_ function: RankFunction, _ metric: String, _ comparison: Comparison, _ number: Double) -> String? {
        let name = titles.metrics[metric] ?? metric
        switch (function, comparison) {
        // Whoever is at 95 or above has at most 5% above them.
        case (.percentile, .greaterOrEqual) where number > 0 && number < 100: return "in the top \(Self.number(100 - number))% by \(name)"
        case (.percentile, .lessOrEqual) where number > 0 && number < 100: return "in the bottom \(Self.number(number))% by \(name)"
        case (.quintile, .equal) where number == 5: return "in the highest fifth by \(name)"
        case (.quintile, .equal) where number == 1: return "in the lowest fifth by \(name)"
        case (.quintile, .greaterOrEqual) where number == 4: return "in the highest two fifths by \(name)"
        default: return nil
        }
    }

    static func verb(_ match: TextMatch) -> String {
        switch match {
        case .contains: "contains"
        case .startsWith: "starts with"
        case .endsWith: "ends with"
        }
    }

    /// `at least 3`
    static func amount(_ comparison: Comparison, _ words: String) -> String {
        switch comparison {
        case .equal: words
        case .notEqual: "something other than \(words)"
        case .less: "less than \(words)"
        case .lessOrEqual: "at most \(words)"
        case .greater: "more than \(words)"
        case .greaterOrEqual: "at least \(words)"
        }
    }

    /// `before 1 May 2026`. A day stands for its first moment.
    static func moment(_ comparison: Comparison, _ words: String, isDay: Bool) -> String {
        switch comparison {
        case .equal: isDay ? "the first moment of \(words)" : words
        case .notEqual: isDay ? "not the first moment of \(words)" : "not \(words)"
        case .less: "before \(words)"
        case .lessOrEqual: isDay ? "at the first moment of \(words) or before" : "\(words) or before"
        case .greater: isDay ? "after the first moment of \(words)" : "after \(words)"
        case .greaterOrEqual: isDay ? "on \(words) or after" : "\(words) or after"
        }
    }
}

extension FormulaExpression {
    /// The conditions that all must hold, in the order in which they stand.
    package var conjuncts: [FormulaExpression] {
        if case .and(let a, let b) = kind { return a.conjuncts + b.conjuncts }
        return [self]
    }
    /// The conditions of which one must hold.
    var alternatives: [FormulaExpression] {
        if case .or(let a, let b) = kind { return a.alternatives + b.alternatives }
        return [self]
    }

    /// Whether it is yes or no by its form; a name may be of any kind.
    var isCondition: Bool {
        switch kind {
        case .and, .or, .not, .compare, .match, .oneOf, .known, .inAudience, .sequence, .flag, .call(.did, _), .call(.never, _): true
        case .name(let path): path.plain?.first == "consent"
        case .number, .text, .duration, .date, .call, .rank, .arithmetic, .negative: false
        }
    }

    var isLiteral: Bool {
        switch kind {
        case .number, .text, .flag, .duration, .date: true
        case .negative(let inner): inner.isLiteral
        default: false
        }
    }

    var isStage: Bool {
        if case .name(let path) = kind { return path.plain == ["stage"] }
        return false
    }

    /// Whether it is a date by its form.
    var isDate: Bool {
        switch kind {
        case .date: true
        case .name(let path): path.plain == ["now"]
        case .call(let function, let events): (function == .first || function == .last) && events.property == nil
        case .arithmetic(let operation, let a, let b): (operation == .add || operation == .subtract) && a.isDate != b.isDate
        default: false
        }
    }

    var isDay: Bool {
        if case .date(.day) = kind { return true }
        return false
    }
}

extension Comparison {
    /// What holds of two known values when this does not.
    var opposite: Comparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }
}
