// What a formula asks of interactions, in words.
extension Explainer {
    /// `Order Completed with region north in the last 90 days`
    func happened(_ events: Events, how: String? = nil) -> String {
        ([names(events, none: "any interaction")] + about(events) + [how].compactMap { $0 } + when(events)).joined(separator: " ")
    }

    func notHappened(_ events: Events) -> String {
        (["no " + names(events, none: "interaction")] + about(events) + when(events)).joined(separator: " ")
    }

    private func names(_ events: Events, none: String) -> String {
        events.names.isEmpty ? none : few(events.names.map { Self.plain($0.text) }, by: "or")
    }

    private func about(_ events: Events) -> [String] { events.condition.map(filters) ?? [] }
    private func when(_ events: Events) -> [String] { events.window.map { [Self.words($0)] } ?? [] }

    /// Everything but the window: `Order Completed by web`.
    private func meant(_ events: Events) -> String { ([names(events, none: "any interaction")] + about(events)).joined(separator: " ") }

    static func words(_ window: Window) -> String {
        switch window {
        case .last(let seconds):
            if seconds == 86_400 { return "in the last 24 hours" }
            // `in the last hour` needs no number.
            let words = Self.duration(seconds)
            return "in the last " + (words.hasPrefix("1 ") ? String(words.dropFirst(2)) : words)
        case .since(let date): return "since \(date.spoken)"
        case .today: return "today"
        case .thisWeek: return "this week"
        case .thisMonth: return "this month"
        case .thisYear: return "this year"
        }
    }

    func said(_ sequence: StepSequence) -> String {
        var words = happened(sequence.first)
        for step in sequence.rest {
            words += sequence.isUnfollowed ? " not followed by " : ", then "
            words += happened(step.events)
            if let within = step.within { words += " within \(Self.duration(within))" }
        }
        return words
    }

    // MARK: Comparing what is asked with a value

    /// The short way of saying it, where there is one.
    func asked(_ function: FormulaFunction, _ events: Events, _ comparison: Comparison, _ other: FormulaExpression) -> String? {
        switch function {
        case .count:
            guard case .number(let number) = other.kind else { return nil }
            return counted(events, comparison, number)
        case .timeSinceLast, .timeSinceFirst:
            guard case .duration(let seconds) = other.kind, comparison != .equal, comparison != .notEqual else { return nil }
            let which = function == .timeSinceLast ? "last" : "first"
            return "\(which) \(happened(events)) \(Self.amount(comparison, Self.duration(seconds))) ago"
        case .daysActive:
            guard case .number(let number) = other.kind, comparison != .notEqual else { return nil }
            return happened(events, how: "on \(Self.amount(comparison, Self.number(number))) day\(number == 1 ? "" : "s")")
        case .distinct:
            guard case .number(let number) = other.kind, comparison != .notEqual, let property = events.property else { return nil }
            let values = "value\(number == 1 ? "" : "s") of \(Self.words(property))"
            return happened(events, how: "with \(Self.amount(comparison, Self.number(number))) different \(values)")
        case .first, .last:
            guard events.property == nil, case .date(let date) = other.kind else { return nil }
            let which = function == .last ? "last" : "first"
            return "\(which) \(happened(events)) \(Self.moment(comparison, date.spoken, isDay: other.isDay))"
        case .sum, .average, .min, .max, .did, .never: return nil
        }
    }

    private func counted(_ events: Events, _ comparison: Comparison, _ number: Double) -> String? {
        guard number >= 0, number == number.rounded() else { return nil }
        if let property = events.property {
            guard comparison != .notEqual else { return nil }
            return "\(Self.amount(comparison, Self.number(number))) \(Self.words(property)) in \(happened(events))"
        }
        switch (comparison, number) {
        case (.greaterOrEqual, 1), (.greater, 0), (.notEqual, 0): return happened(events)
        case (.equal, 0), (.less, 1), (.lessOrEqual, 0): return notHappened(events)
        case (.notEqual, _): return nil
        case (.less, _): return happened(events, how: "fewer than \(Self.times(number))")
        case (.equal, _): return happened(events, how: "exactly \(Self.times(number))")
        case (_, _): return happened(events, how: Self.amount(comparison, Self.times(number)))
        }
    }

    private static func times(_ number: Double) -> String {
        switch number {
        case 1: "once"
        case 2: "twice"
        default: "\(Self.number(number)) times"
        }
    }

    /// What is asked, as a value.
    func asked(_ function: FormulaFunction, _ events: Events, isDate: Bool) -> String {
        let after = when(events).map { " " + $0 }.joined()
        let property = events.property.map { Self.words($0) } ?? "value"
        // What stands before `where` is a property of the list's elements, so the filter stands with it.
        let inside = "\(property) in \(meant(events))\(after)"
        switch function {
        case .count: return events.property == nil ? "the number of \(meant(events))\(after)" : "the number of \(inside)"
        case .sum: return "the sum of \(inside)"
        case .average: return "the average \(inside)"
        case .min: return "the \(isDate ? "earliest" : "lowest") \(inside)"
        case .max: return "the \(isDate ? "latest" : "highest") \(inside)"
        case .first: return events.property == nil ? "the time of the first \(meant(events))\(after)" : "the first \(inside)"
        case .last: return events.property == nil ? "the time of the last \(meant(events))\(after)" : "the last \(inside)"
        case .distinct: return "the number of different values of \(inside)"
        case .did: return happened(events)
        case .never: return notHappened(events)
        case .timeSinceLast: return "the time since the last \(meant(events))\(after)"
        case .timeSinceFirst: return "the time since the first \(meant(events))\(after)"
        case .daysActive: return "the number of days with \(meant(events))\(after)"
        }
    }

    // MARK: where

    /// What `where` says, behind the names: `by web`, `with total more than 20`.
    private func filters(_ condition: FormulaExpression) -> [String] {
        var words: [String] = []
        var properties: [String] = []
        for part in condition.conjuncts {
            if let way = way(part) { words.append(way) } else { properties.append(filter(part)) }
        }
        if !properties.isEmpty { words.append("with " + properties.joined(separator: " and ")) }
        return words
    }

    /// Channel, media and direction have words of their own.
    private func way(_ e: FormulaExpression) -> String? {
        let texts: [String]
        let field: String
        switch e.kind {
        case .compare(.equal, let a, let b):
            guard case .name(let path) = a.kind, case .text(let text) = b.kind else { return nil }
            (field, texts) = (path.description, [text])
        case .oneOf(let a, let list):
            guard case .name(let path) = a.kind else { return nil }
            field = path.description
            texts = list.compactMap { if case .text(let text) = $0.kind { text } else { nil } }
            guard texts.count == list.count else { return nil }
        default: return nil
        }
        switch field {
        case "channel": return "by " + few(texts, by: "or")
        case "media": return "on \(few(texts, by: "or")) media"
        case "direction" where texts == ["in"]: return "from the customer"
        case "direction" where texts == ["out"]: return "to the customer"
        case "direction" where texts == ["internal"]: return "among colleagues"
        default: return nil
        }
    }

    private func filter(_ e: FormulaExpression) -> String {
        switch e.kind {
        case .and(let a, let b): return (a.conjuncts + b.conjuncts).map(filter).joined(separator: " and ")
        case .or(let a, let b):
            let parts = (a.alternatives + b.alternatives).map { part -> String in
                if case .and = part.kind { return "(\(filter(part)))" }
                return filter(part)
            }
            return "(" + parts.joined(separator: " or ") + ")"
        case .not(let inner): return "not " + filter(inner)
        case .compare(let comparison, let a, let b):
            let (left, right, sign) = a.isLiteral && !b.isLiteral ? (b, a, comparison.flipped) : (a, b, comparison)
            let amount =
                sign == .notEqual
                ? "other than \(word(right))" : right.isDate ? Self.moment(sign, value(right), isDay: right.isDay) : Self.amount(sign, word(right))
            return "\(operand(left)) \(amount)"
        case .match(let match, let a, let b):
            let verb =
                switch match {
                case .contains: "containing"
                case .startsWith: "starting with"
                case .endsWith: "ending with"
                }
            return "\(operand(a)) \(verb) \(value(b))"
        case .oneOf(let a, let list): return "\(operand(a)) " + few(list.map(word), by: "or")
        case .known(let a, let isKnown): return "\(operand(a)) \(isKnown ? "known" : "unknown")"
        default: return operand(e)
        }
    }

    private func operand(_ e: FormulaExpression) -> String {
        if case .name(let path) = e.kind { return Self.words(path) }
        return value(e)
    }
}
