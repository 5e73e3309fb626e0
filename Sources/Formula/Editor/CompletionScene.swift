/// What stands before the place where somebody types, and what may therefore come.
struct CompletionScene {
    enum Wanted: Equatable {
        case nothing
        case condition, value, events, metrics, audiences, stages, traits, channels, purposes, identifiers, properties
        /// Of channel, media or direction.
        case words(String)
        /// What is compared within `where`.
        case operand
        case windows, lengths, units
        case some([String])
        case afterEvents, afterValue, afterCondition
    }
    private enum Frame: Equatable {
        case group, list, rank
        case function(FormulaFunction)
    }
    /// What was typed of it, without a quotation mark.
    private(set) var typed = ""
    private(set) var span: Span
    private(set) var isQuoted = false
    private(set) var wanted = Wanted.nothing
    /// The interactions that what is typed belongs to.
    private(set) var events: [String] = []
    private(set) var isWhere = false
    /// `products[]`: the list whose elements `where` looks at.
    private(set) var list: String?
    private var frames: [Frame] = []
    /// What stands before what is typed.
    private var tokens: [Token]

    var isInParentheses: Bool { frames.contains { $0 != .list } }
    var isInList: Bool { frames.last == .list }
    var isInFunction: Bool {
        frames.contains { if case .function = $0 { true } else { false } }
    }
    /// Whether a property may follow the interactions here.
    var takesProperty: Bool {
        guard case .function(let function)? = frames.last, !isWhere else { return false }
        return function.takesProperty && list == nil && isText(1) && !isSign(".", 2)
    }
    /// Whether the number before can only be one of a length of time.
    var isLength: Bool { isWord("within", 2) || isWord("last", 2) && isWord("in", 3) }
    var isBehindStage: Bool { isWord("stage", 1) && !isSign(".", 2) }

    /// Nil within a comment, and behind a number that is being typed.
    init?(_ scalars: [Unicode.Scalar], at offset: Int) {
        func string(_ range: Range<Int>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range])
            return String(view)
        }
        let read = LooseTokens(string(0..<offset))
        if let comment = read.comments.last, comment.to == offset { return nil }
        tokens = read.tokens
        span = Span(from: offset, to: offset)
        if let open = read.wrong.last, open.to == offset {
            guard scalars[open.from] == "\"" || scalars[open.from] == "\u{201C}" else { return nil }
            isQuoted = true
            typed = string(open.from + 1..<offset)
            span = Span(from: open.from, to: Self.quotationEnd(scalars, offset))
        } else if let last = tokens.last, last.span.to == offset {
            switch last.kind {
            case .word(let word):
                typed = word
                tokens.removeLast()
                var end = offset
                while end < scalars.count, Lexer.goesOn(scalars[end]) { end += 1 }
                span = Span(from: last.span.from, to: end)
            case .number, .date: return nil
            case .text, .sign, .end: break
            }
        }
        joinFunction()
        scan()
        wanted = find()
        joinPath(scalars)
    }

    /// A text that goes on to its own quotation mark is replaced whole; where something else lies between, it was not closed.
    private static func quotationEnd(_ scalars: [Unicode.Scalar], _ offset: Int) -> Int {
        var at = offset
        while at < scalars.count, Lexer.goesOn(scalars[at]) || scalars[at] == " " { at += 1 }
        guard at < scalars.count, scalars[at] == "\"" || scalars[at] == "\u{201D}" else { return offset }
        return at + 1
    }

    private func back(_ n: Int) -> Token.Kind { tokens.count >= n ? tokens[tokens.count - n].kind : .end }
    private func isWord(_ word: String, _ n: Int) -> Bool { back(n) == .word(word) }
    private func isSign(_ sign: String, _ n: Int) -> Bool { back(n) == .sign(sign) }
    private func isText(_ n: Int) -> Bool { if case .text = back(n) { true } else { false } }
    private func isUnit(_ n: Int) -> Bool {
        guard tokens.count > n, case .number = back(n + 1) else { return false }
        return DurationUnit(tokens[tokens.count - n]) != nil
    }

    /// `time since la`: the words of a function belong together.
    private mutating func joinFunction() {
        guard !isQuoted, !typed.isEmpty else { return }
        for words in [["time", "since"], ["time"], ["days"]] {
            let n = words.count
            guard tokens.count >= n, words.enumerated().allSatisfy({ isWord($1, n - $0) }), !isSign(".", n + 1) else { continue }
            if case .number = back(n + 1) { continue }
            let whole = (words + [typed]).joined(separator: " ")
            guard FormulaFunction.allCases.contains(where: { $0.rawValue.hasPrefix(whole) }) else { continue }
            span.from = tokens[tokens.count - n].span.from
            typed = whole
            tokens.removeLast(n)
            return
        }
    }

    // MARK: What is open

    private mutating func scan() {
        var whereDepth = 0
        var listEnd: Int?
        func isAt(_ i: Int, _ kind: Token.Kind) -> Bool { tokens.indices.contains(i) && tokens[i].kind == kind }
        for (i, token) in tokens.enumerated() {
            switch token.kind {
            case .sign("("):
                let function = Self.function(tokens, before: i)
                frames.append(isWhere ? .group : function)
                if case .function = function { (events, listEnd) = ([], nil) }
            case .sign("["): frames.append(.list)
            case .sign("]"): if frames.last == .list { frames.removeLast() }
            case .sign("[]"): if !isWhere, i > 0, !events.isEmpty { listEnd = i }
            case .sign(")"):
                let closed = frames.popLast()
                if isWhere, frames.count < whereDepth { isWhere = false }
                if case .function = closed { (events, listEnd) = ([], nil) }
            case .text(let text) where !isWhere && !isAt(i - 1, .sign(".")):
                guard frames.last != .list else { break }
                if isAt(i - 1, .word("or")), !events.isEmpty { events.append(text) } else { events = [text] }
            case .word("where") where !isAt(i - 1, .sign(".")):
                isWhere = true
                whereDepth = frames.count
            case .word("then"), .word("within"), .word("since"), .word("today"), .word("this"):
                if !isAt(i - 1, .sign(".")) { isWhere = false }
            case .word("last") where isAt(i - 1, .word("in")): isWhere = false
            case .word("followed") where isAt(i - 1, .word("not")): isWhere = false
            default: break
            }
        }
        list = listEnd.map { Self.path(tokens, endingAt: $0).text }
    }

    private static func function(_ tokens: [Token], before i: Int) -> Frame {
        func isWord(_ word: String, _ at: Int) -> Bool { tokens.indices.contains(at) && tokens[at].kind == .word(word) }
        for function in FormulaFunction.allCases {
            let words = function.rawValue.split(separator: " ").map(String.init)
            if words.enumerated().allSatisfy({ isWord($1, i - words.count + $0) }) { return .function(function) }
        }
        return RankFunction.allCases.contains { isWord($0.rawValue, i - 1) } ? .rank : .group
    }

    /// The names joined by points that end with a point or `[]`: as text, by themselves, and where they begin. The interactions before
    /// them, and the point behind these, are none of them: `"Order Completed".products[]` gives `products[]`.
    private static func path(_ tokens: [Token], endingAt end: Int) -> (text: String, keys: [String], from: Int) {
        var from = end + 1
        walk: while from > 0 {
            switch tokens[from - 1].kind {
            case .sign("."), .sign("[]"): from -= 1
            case .word:
                from -= 1
                guard from > 0, tokens[from - 1].kind == .sign(".") else { break walk }
            case .text where from > 1 && tokens[from - 2].kind == .sign("."): from -= 1
            default: break walk
            }
        }
        if from <= end, tokens[from].kind == .sign(".") { from += 1 }
        var text = ""
        var keys: [String] = []
        for token in tokens[from..<max(from, end + 1)] {
            switch token.kind {
            case .word(let key):
                text += key
                keys.append(key)
            case .text(let key):
                text += FormulaText.quoted(key)
                keys.append(key)
            default: text += token.noun
            }
        }
        return (text, keys, from)
    }

    /// What was typed of a path of several names is replaced whole.
    private mutating func joinPath(_ scalars: [Unicode.Scalar]) {
        guard wanted == .properties || wanted == .operand, isSign(".", 1) else { return }
        let path = Self.path(tokens, endingAt: tokens.count - 1)
        guard path.from < tokens.count, !path.keys.isEmpty else { return }
        span.from = tokens[path.from].span.from
        typed = path.text + typed
    }

    // MARK: What may come

    private func find() -> Wanted {
        // What stands behind a point in quotation marks has a name that is no word.
        if isSign(".", 1) { return isQuoted ? .nothing : behindPoint }
        if let field = comparedField { return field }
        if isQuoted { return canBeEvents ? .events : .nothing }
        switch back(1) {
        case .end: return .condition
        case .sign(let sign): return behind(sign: sign)
        case .word(let word): return isSign(".", 2) ? behindName : behind(word: word)
        case .text: return isWhere || isBehindOperator(2) ? .afterCondition : .afterEvents
        case .number: return .units
        case .date: return isWord("since", 2) ? .afterEvents : .afterCondition
        }
    }

    private func isBehindOperator(_ n: Int) -> Bool {
        switch back(n) {
        case .sign(let sign): Comparison(rawValue: sign) != nil || sign == "[" || sign == ","
        case .word(let word): word == "contains" || word == "with"
        default: false
        }
    }

    private var canBeEvents: Bool {
        guard !isWhere else { return false }
        switch back(1) {
        case .end, .sign("("): return frames.last != .rank
        case .word(let word): return ["then", "by", "or", "and", "not"].contains(word)
        default: return false
        }
    }

    private var behindPoint: Wanted {
        let path = Self.path(tokens, endingAt: tokens.count - 1)
        if isText(2), !isSign(".", 3), !isWhere { return .properties }
        guard !isWhere else { return .operand }
        switch (path.keys.first, path.keys.count) {
        case ("trait", 1) where events.isEmpty || path.text.hasPrefix("trait."): return .traits
        case ("consent", 1) where path.text.hasPrefix("consent."): return .channels
        case ("consent", 2) where path.text.hasPrefix("consent."): return .purposes
        case ("identifier", 1) where path.text.hasPrefix("identifier."): return .identifiers
        default: return isInFunction ? .properties : .nothing
        }
    }

    /// Behind `stage =`, `channel in [`: the words that it may be; nothing behind another comparison with a text.
    private var comparedField: Wanted? {
        var n = 1
        if isInList {
            while n <= tokens.count, !isSign("[", n) { n += 1 }
            guard isSign("[", 1) || isSign(",", 1) else { return .afterList }
            guard isWord("in", n + 1) else { return nil }
            n += 2
        } else {
            guard case .sign(let sign) = back(1), sign == "=" || sign == "!=" else { return nil }
            n = 2
        }
        guard case .word(let field) = back(n), !isSign(".", n + 1) else { return isInList ? .nothing : nil }
        switch field {
        case "stage" where !isWhere: return .stages
        case "channel" where isWhere, "media" where isWhere, "direction" where isWhere: return .words(field)
        default: return isInList ? .nothing : nil
        }
    }

    private func behind(sign: String) -> Wanted {
        switch sign {
        case "(":
            switch frames.last {
            case .function?: return .events
            case .rank?: return .metrics
            default: return isWhere ? .operand : .condition
            }
        case ")": return .afterValue
        case "]": return .afterCondition
        case "[]": return .afterEvents
        case "[", ",": return .nothing
        default: return isWhere ? .operand : .value
        }
    }

    /// Behind a name of several parts: a property of interactions, or a value.
    private var behindName: Wanted { isInFunction && !isWhere ? .afterEvents : .afterValue }

    private func behind(word: String) -> Wanted {
        // Behind what names interactions `not` and `in` go on in another way than at the beginning of a condition.
        let areEvents = isText(2) && !isBehindOperator(3) || isWord("any", 2)
        switch word {
        case "and", "or", "not":
            if word == "not", areEvents, !isWhere { return .some(["followed by"]) }
            if isWhere { return .operand }
            return isInFunction ? .events : .condition
        case "in":
            if areEvents || isInFunction { return .some((isWhere ? ["["] : []) + CompletionOffer.behindIn) }
            switch back(2) {
            case .end, .sign("("), .word("and"), .word("or"), .word("not"): return .some(["audience"])
            default: return .some(["["])
            }
        case "last" where isWord("in", 2), "within": return .lengths
        case "audience" where isWord("in", 2): return .audiences
        case "this": return .some(["week", "month", "year"])
        case "followed" where isWord("not", 2): return .some(["by"])
        case "is": return .some(["known", "unknown"])
        case "starts", "ends": return .some(["with"])
        case "then": return .events
        case "by" where isWord("followed", 2): return .events
        case "where": return .operand
        case "since", "contains": return .nothing
        case "with" where isWord("starts", 2) || isWord("ends", 2): return .nothing
        case "any", "today": return .afterEvents
        case "week", "month", "year": return isWord("this", 2) ? .afterEvents : .afterValue
        case "known", "unknown", "yes", "no", "true", "false": return .afterCondition
        default:
            if isUnit(1) { return isWord("last", 3) || isWord("within", 3) ? .afterEvents : .afterCondition }
            if isWord("audience", 2), isWord("in", 3) { return .afterCondition }
            return .afterValue
        }
    }
}

extension CompletionScene.Wanted {
    /// Behind an entry of a list.
    fileprivate static var afterList: Self { .some([",", "]"]) }
}
