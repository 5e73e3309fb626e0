import Kernel

/// Tokens → a tree. Recursive descent over a bounded depth, without going back: time and memory are linear in the text.
package struct Parser {
    private let tokens: [Token]
    private(set) var at = 0
    private var depth = 0
    /// Behind a comparison a text is a value, whatever follows it.
    private var isOperand = false
    /// Within `where`, where a name is a property and no function may stand.
    var isInCondition = false

    /// Reads a whole formula.
    /// - Throws: ``FormulaProblem``, the first there is.
    package static func parse(_ text: String) throws(FormulaProblem) -> FormulaExpression {
        var parser = Parser(tokens: try Lexer.tokens(text))
        if parser.token.kind == .end {
            throw FormulaProblem(parser.token.span, "there is no formula", mend: "write for example count(\"Order Completed\" in last 90 days) >= 3")
        }
        let expression = try parser.or()
        guard parser.token.kind == .end else { throw parser.unexpected("the end, and, or, or a comparison") }
        return expression
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    // MARK: Tokens

    var token: Token { tokens[at] }
    func ahead(_ n: Int = 1) -> Token { tokens[max(0, min(at + n, tokens.count - 1))] }
    var last: Span { tokens[max(0, at - 1)].span }
    mutating func advance() { if at < tokens.count - 1 { at += 1 } }

    func isWord(_ word: String, ahead n: Int = 0) -> Bool { ahead(n).kind == .word(word) }
    /// Whether these words stand here, in this order.
    func areWords(_ words: String) -> Bool {
        words.split(separator: " ").enumerated().allSatisfy { isWord(String($1), ahead: $0) }
    }
    mutating func takeWords(_ words: String) -> Bool {
        guard areWords(words) else { return false }
        for _ in words.split(separator: " ") { advance() }
        return true
    }
    func isSign(_ sign: String) -> Bool { token.kind == .sign(sign) }
    mutating func take(_ sign: String) -> Bool {
        guard isSign(sign) else { return false }
        advance()
        return true
    }
    mutating func expect(_ sign: String, _ after: String) throws(FormulaProblem) {
        if !take(sign) { throw unexpected("\(sign) \(after)") }
    }
    func unexpected(_ wanted: String) -> FormulaProblem {
        FormulaProblem(token.span, "expected \(wanted), found \(token.noun)", mend: hint)
    }

    /// What people coming from other languages write.
    private var hint: String {
        switch token.kind {
        case .sign("=") where ahead(-1).kind == .sign("="): "write one ="
        case .sign(">") where ahead(-1).kind == .sign("<"): "write !="
        case .word(let word) where ["AND", "OR", "NOT", "And", "Or", "Not"].contains(word): "write \(word.lowercased()) in small letters"
        case .word("is"), .word("IS"): "ask is known or is unknown, and compare with ="
        case .text: "put and, or, or an operator before it"
        case .end: "go on, or take out what is unfinished"
        default: "see the language reference for what may stand here"
        }
    }

    private mutating func deeper<T>(_ body: (inout Parser) throws(FormulaProblem) -> T) throws(FormulaProblem) -> T {
        guard depth < FormulaLimits.depth else {
            throw FormulaProblem(
                token.span, "parts stand more than \(FormulaLimits.depth) deep in each other", mend: "make the inner part a metric and use its key")
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private func joined(_ kind: FormulaExpression.Kind, _ a: FormulaExpression, _ b: FormulaExpression) throws(FormulaProblem) -> FormulaExpression {
        let whole = FormulaExpression(kind: kind, span: a.span.joined(b.span))
        guard whole.depth <= FormulaLimits.parts else {
            throw FormulaProblem(
                b.span, "more than \(FormulaLimits.parts) parts are joined", mend: "make some of them a metric or an audience of its own")
        }
        return whole
    }

    // MARK: Operators, loosest first

    mutating func or() throws(FormulaProblem) -> FormulaExpression {
        try deeper { p throws(FormulaProblem) in
            var left = try p.and()
            while p.takeWords("or") {
                let right = try p.and()
                left = try p.joined(.or(left, right), left, right)
            }
            return left
        }
    }

    private mutating func and() throws(FormulaProblem) -> FormulaExpression {
        var left = try not()
        while takeWords("and") {
            let right = try not()
            left = try joined(.and(left, right), left, right)
        }
        return left
    }

    private mutating func not() throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        guard takeWords("not") else { return try comparison() }
        return try deeper { p throws(FormulaProblem) in
            let inner = try p.not()
            return FormulaExpression(kind: .not(inner), span: from.joined(inner.span))
        }
    }

    private mutating func comparison() throws(FormulaProblem) -> FormulaExpression {
        let left = try sum()
        for comparison in Comparison.allCases where isSign(comparison.rawValue) {
            advance()
            let right = try operand()
            if case .sign(let sign) = token.kind, Comparison(rawValue: sign) != nil {
                throw FormulaProblem(token.span, "a comparison stands behind a comparison", mend: "join two comparisons with and")
            }
            return FormulaExpression(kind: .compare(comparison, left, right), span: left.span.joined(right.span))
        }
        for match in TextMatch.allCases where takeWords(match.rawValue) {
            let right = try operand()
            return FormulaExpression(kind: .match(match, left, right), span: left.span.joined(right.span))
        }
        if isWord("in"), ahead().kind == .sign("[") {
            advance()
            let list = try list()
            return FormulaExpression(kind: .oneOf(left, list), span: left.span.joined(last))
        }
        if isWord("is") {
            if takeWords("is known") { return FormulaExpression(kind: .known(left, true), span: left.span.joined(last)) }
            if takeWords("is not known") || takeWords("is unknown") {
                return FormulaExpression(kind: .known(left, false), span: left.span.joined(last))
            }
        }
        return left
    }

    private mutating func operand() throws(FormulaProblem) -> FormulaExpression {
        isOperand = true
        defer { isOperand = false }
        return try sum()
    }

    private mutating func list() throws(FormulaProblem) -> [FormulaExpression] {
        let from = token.span
        try expect("[", "before the list")
        var elements: [FormulaExpression] = []
        while true {
            guard elements.count < FormulaLimits.list else {
                throw FormulaProblem(
                    from.joined(token.span), "a list has at most \(FormulaLimits.list) entries", mend: "part it into several with or")
            }
            elements.append(try unary())
            if take(",") { continue }
            try expect("]", "after the list")
            return elements
        }
    }

    private mutating func sum() throws(FormulaProblem) -> FormulaExpression {
        var left = try product()
        while isSign("+") || isSign("-") {
            let operation: Arithmetic = isSign("+") ? .add : .subtract
            advance()
            let right = try product()
            left = try joined(.arithmetic(operation, left, right), left, right)
        }
        return left
    }

    private mutating func product() throws(FormulaProblem) -> FormulaExpression {
        var left = try unary()
        while isSign("*") || isSign("/") {
            let operation: Arithmetic = isSign("*") ? .multiply : .divide
            advance()
            let right = try unary()
            left = try joined(.arithmetic(operation, left, right), left, right)
        }
        return left
    }

    private mutating func unary() throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        guard take("-") else { return try primary() }
        return try deeper { p throws(FormulaProblem) in
            let inner = try p.unary()
            return FormulaExpression(kind: .negative(inner), span: from.joined(inner.span))
        }
    }

    // MARK: What stands by itself

    private mutating func primary() throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        switch token.kind {
        case .number(let value):
            if let unit = DurationUnit(ahead()) { return try duration(value, unit) }
            advance()
            return FormulaExpression(kind: .number(value), span: from)
        case .date(let date):
            advance()
            return FormulaExpression(kind: .date(date), span: from)
        case .text(let text):
            if !isInCondition, !isOperand, isEvents { return try sequence() }
            advance()
            return FormulaExpression(kind: .text(text), span: from)
        case .sign("("):
            advance()
            let wasOperand = isOperand
            isOperand = false
            let inner = try or()
            isOperand = wasOperand
            try expect(")", "to close the parenthesis")
            return FormulaExpression(kind: inner.kind, span: from.joined(last))
        case .word(let word):
            return try self.word(word)
        default:
            throw unexpected("a value, a name or a function")
        }
    }

    private mutating func word(_ word: String) throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        if word == "yes" || word == "true" || word == "no" || word == "false", ahead().kind != .sign(".") {
            advance()
            return FormulaExpression(kind: .flag(word == "yes" || word == "true"), span: from)
        }
        if !isInCondition {
            if word == "any", isEventsBehind(1) { return try sequence() }
            if areWords("in audience") {
                advance()
                advance()
                guard case .word(let key) = token.kind else { throw unexpected("the key of an audience") }
                advance()
                return FormulaExpression(kind: .inAudience(key), span: from.joined(last))
            }
            if let rank = RankFunction(rawValue: word), ahead().kind == .sign("(") { return try self.rank(rank) }
            if let function = try function() { return try call(function, from) }
        } else if ahead().kind == .sign("("), token.kind != .sign("(") {
            throw FormulaProblem(
                token.span, "\(word)( cannot stand within where, which looks at one interaction",
                mend: "close the parenthesis of the function before it")
        }
        return FormulaExpression(kind: .name(try path()), span: from.joined(last))
    }

    /// A function when one stands here, up to and without its parenthesis.
    private mutating func function() throws(FormulaProblem) -> FormulaFunction? {
        for function in FormulaFunction.allCases where areWords(function.rawValue) {
            let words = function.rawValue.split(separator: " ").count
            guard ahead(words).kind == .sign("(") else { continue }
            for _ in 0..<words { advance() }
            return function
        }
        if case .word(let word) = token.kind, ahead().kind == .sign("(") {
            let known = FormulaFunction.allCases.map(\.rawValue) + RankFunction.allCases.map(\.rawValue)
            throw FormulaProblem(token.span, "there is no function \(word)", mend: Nearest.advice(for: word, among: known))
        }
        return nil
    }

    private mutating func rank(_ function: RankFunction) throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        advance()
        try expect("(", "after \(function.rawValue)")
        guard case .word(let key) = token.kind else { throw unexpected("the key of a metric") }
        advance()
        try expect(")", "after the metric")
        return FormulaExpression(kind: .rank(function, metric: key), span: from.joined(last))
    }

    private mutating func call(_ function: FormulaFunction, _ from: Span) throws(FormulaProblem) -> FormulaExpression {
        try expect("(", "after \(function.rawValue)")
        let wasOperand = isOperand
        defer { isOperand = wasOperand }
        isOperand = false
        let events = try self.events(closing: true)
        try expect(")", "to close \(function.rawValue)")
        return FormulaExpression(kind: .call(function, events), span: from.joined(last))
    }

    /// `total`, `products[].price`, `trait."favourite colour"`.
    mutating func path() throws(FormulaProblem) -> PropertyPath {
        var steps: [PropertyPath.Step] = []
        while true {
            switch token.kind {
            case .word(let key): steps.append(.init(key))
            case .text(let key) where !steps.isEmpty: steps.append(.init(key))
            default: throw unexpected("a name")
            }
            advance()
            if take("[]") { steps[steps.count - 1].isEach = true }
            guard take(".") else { return PropertyPath(steps) }
        }
    }

    // MARK: Durations

    mutating func duration(_ value: Double, _ unit: DurationUnit) throws(FormulaProblem) -> FormulaExpression {
        let from = token.span
        advance()
        advance()
        guard let unitSeconds = unit.seconds else {
            throw FormulaProblem(from.joined(last), "months differ in length", mend: "write 30 days, or the window this month")
        }
        let seconds = (value * unitSeconds).rounded()
        guard seconds <= 100 * 365 * 86_400 else {
            throw FormulaProblem(from.joined(last), "the time is longer than 100 years", mend: "write a shorter one, or none for ever")
        }
        return FormulaExpression(kind: .duration(Int64(seconds)), span: from.joined(last))
    }

    mutating func duration() throws(FormulaProblem) -> Int64 {
        guard case .number(let value) = token.kind else { throw unexpected("a length of time, as 90 days") }
        guard let unit = DurationUnit(ahead()) else {
            advance()
            throw unexpected("seconds, minutes, hours, days, weeks or years")
        }
        guard case .duration(let seconds) = try duration(value, unit).kind else { return 0 }
        return seconds
    }
}

/// A unit of time as a word.
enum DurationUnit {
    case second, minute, hour, day, week, month, year

    init?(_ token: Token) {
        guard case .word(let word) = token.kind else { return nil }
        switch word {
        case "second", "seconds", "sec": self = .second
        case "minute", "minutes", "min": self = .minute
        case "hour", "hours": self = .hour
        case "day", "days": self = .day
        case "week", "weeks": self = .week
        case "month", "months": self = .month
        case "year", "years": self = .year
        default: return nil
        }
    }

    /// A year has 365 days; months have no one length.
    var seconds: Double? {
        switch self {
        case .second: 1
        case .minute: 60
        case .hour: 3_600
        case .day: 86_400
        case .week: 604_800
        case .month: nil
        case .year: 31_536_000
        }
    }
}
