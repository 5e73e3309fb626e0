import Kernel

// Interactions: "Order Completed".total where channel = "web" in last 90 days
extension Parser {
    /// Whether the text here names interactions rather than being a value: something follows that only interactions have.
    var isEvents: Bool { isEventsBehind(1) }

    /// The same, looking at what stands so many tokens further on.
    func isEventsBehind(_ n: Int) -> Bool {
        switch ahead(n).kind {
        case .word("then"), .word("where"), .word("since"), .word("today"), .word("this"): true
        case .word("not"): isWord("followed", ahead: n + 1)
        case .word("in"): isWord("last", ahead: n + 1)
        case .word("or"): isMoreNames(n)
        default: false
        }
    }

    /// `"A" or "B" then …`: names of interactions joined by `or`, with something behind the last that only interactions have.
    private func isMoreNames(_ n: Int) -> Bool {
        var n = n
        while isWord("or", ahead: n), case .text = ahead(n + 1).kind { n += 2 }
        if isWord("or", ahead: n) { return false }
        return isEventsBehind(n)
    }

    /// - Parameter closing: A parenthesis must follow, so that `or` joins names.
    mutating func events(closing: Bool) throws(FormulaProblem) -> Events {
        let from = token.span
        var events = Events(names: [], property: nil, propertySpan: from, condition: nil, window: nil, span: from)
        if takeWords("any") {
            if case .text = token.kind { throw unexpected("where, a window or the end of the events") }
        } else {
            events.names = try names()
        }
        if take(".") {
            let start = token.span
            events.property = try path()
            events.propertySpan = start.joined(last)
        }
        if takeWords("where") {
            // No condition stands within another, so its inside is the only place where names are properties.
            isInCondition = true
            events.condition = try or()
            isInCondition = false
        }
        events.window = try window()
        if closing, case .text = token.kind { throw unexpected("where, a window or )") }
        events.span = from.joined(last)
        return events
    }

    private mutating func names() throws(FormulaProblem) -> [Events.Name] {
        var names: [Events.Name] = []
        while true {
            guard case .text(let text) = token.kind else { throw unexpected("the name of an interaction in quotation marks, or any") }
            guard names.count < FormulaLimits.events else {
                throw FormulaProblem(token.span, "at most \(FormulaLimits.events) interactions may be named in one place", mend: "add two counts")
            }
            names.append(.init(text: text, span: token.span))
            advance()
            guard isWord("or"), case .text = ahead().kind else { return names }
            advance()
        }
    }

    private mutating func window() throws(FormulaProblem) -> Window? {
        if takeWords("in last") {
            let from = token.span
            let seconds = try duration()
            guard seconds > 0 else { throw FormulaProblem(from.joined(last), "the time has no length", mend: "write for example 90 days") }
            return .last(seconds)
        }
        if takeWords("since") {
            guard case .date(let date) = token.kind else { throw unexpected("a date, as 2026-01-31") }
            advance()
            return .since(date)
        }
        if takeWords("today") { return .today }
        if takeWords("this week") { return .thisWeek }
        if takeWords("this month") { return .thisMonth }
        if takeWords("this year") { return .thisYear }
        if isWord("this") {
            advance()
            throw unexpected("week, month or year")
        }
        return nil
    }

    mutating func sequence() throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        var sequence = StepSequence(first: try events(closing: false), rest: [], isUnfollowed: false)
        if takeWords("not followed by") {
            sequence.isUnfollowed = true
            let events = try self.events(closing: false)
            guard takeWords("within") else {
                throw FormulaProblem(
                    token.span, "expected within, found \(token.noun)", mend: "say after which time it has not followed: within 1 hour")
            }
            sequence.rest = [.init(events: events, within: try duration())]
        } else {
            while takeWords("then") {
                guard sequence.rest.count < FormulaLimits.steps else {
                    throw FormulaProblem(last, "a sequence has at most \(FormulaLimits.steps) steps", mend: "part it into two with and")
                }
                let events = try self.events(closing: false)
                sequence.rest.append(.init(events: events, within: takeWords("within") ? try duration() : nil))
            }
            guard !sequence.rest.isEmpty else {
                throw FormulaProblem(
                    from.joined(last), "interactions alone are no condition",
                    mend: "ask did(…), count(…), or what follows: then … within 1 hour")
            }
        }
        // A window at the end is that of the first.
        if sequence.first.window == nil, let window = try window() { sequence.first.window = window }
        return FormulaExpression(kind: .sequence(sequence), span: from.joined(last))
    }
}
