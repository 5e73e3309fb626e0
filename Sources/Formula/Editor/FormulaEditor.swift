/// What an editor of formulas needs while somebody types: colours, and what may come next. Nothing here throws: most of the time a
/// formula is not finished.
package enum FormulaEditor {
    /// What a part of a formula's text is, for its colour.
    package enum Kind: String, CaseIterable, Sendable {
        /// `and`, `where`, `in last`…
        case word
        case function
        /// The name of an interaction.
        case event
        case text
        case number
        /// A number with its unit: `90 days`.
        case duration
        case date
        /// A property, a trait, a metric, or what else has a name.
        case name
        /// Comparisons, calculation, parentheses, brackets and commas.
        case sign = "operator"
        case comment
        /// What can be no part of a formula.
        case wrong
    }

    package struct Highlight: Sendable, Equatable {
        package var span: Span
        package var kind: Kind
        package init(_ span: Span, _ kind: Kind) {
            self.span = span
            self.kind = kind
        }
    }

    /// The parts of a text with their kinds, ascending and apart from each other; white space is in none. What is longer than
    /// ``FormulaLimits/length`` is wrong from there on. One pass: the time is linear in the text.
    package static func highlight(_ text: String) -> [Highlight] {
        let scanned = LooseTokens(text)
        var painter = Painter(scanned)
        painter.paint()
        var all = painter.found + scanned.comments.map { Highlight($0, .comment) } + scanned.wrong.map { Highlight($0, .wrong) }
        all.sort { $0.span.from < $1.span.from }
        return all
    }
}

/// The tokens of a text that may not be finished: what cannot be read is passed over.
struct LooseTokens {
    private(set) var tokens: [Token] = []
    private(set) var comments: [Span] = []
    private(set) var wrong: [Span] = []
    /// Places of tokens with a comment, or what is wrong, before them.
    private(set) var parted: Set<Int> = []
    private let text: [Unicode.Scalar]
    /// Quotation marks that were found to have no end: behind one no other of the kind has.
    private var endless: Set<Unicode.Scalar> = []

    init(_ written: String) {
        let all = Array(written.unicodeScalars.prefix(FormulaLimits.length + 1))
        text = Array(all.prefix(FormulaLimits.length))
        var lexer = Lexer(text: text)
        while true {
            let from = skip(lexer.at)
            lexer.at = from
            guard from < text.count else { break }
            if endless.contains(text[from]) {
                lexer.at = lineEnd(from)
                wrong.append(Span(from: from, to: lexer.at))
                continue
            }
            do throws(FormulaProblem) {
                tokens.append(try lexer.next())
                let before = max(comments.last?.from ?? -1, wrong.last?.from ?? -1)
                if tokens.count > 1, before >= tokens[tokens.count - 2].span.to { parted.insert(tokens.count - 1) }
            } catch {
                lexer.at = isQuotation(from) ? quotationEnd(from) : max(error.span.to, from + 1)
                wrong.append(Span(from: from, to: lexer.at))
            }
        }
        if all.count > text.count { wrong.append(Span(from: text.count, to: written.unicodeScalars.count)) }
    }

    /// Past white space and comments.
    private mutating func skip(_ from: Int) -> Int {
        var at = from
        while at < text.count {
            if text[at] == "#" {
                let end = lineEnd(at)
                comments.append(Span(from: at, to: end))
                at = end
            } else if text[at].properties.isWhitespace {
                at += 1
            } else {
                break
            }
        }
        return at
    }

    private func lineEnd(_ from: Int) -> Int { text[from...].firstIndex(of: "\n") ?? text.count }
    private func isQuotation(_ at: Int) -> Bool { text[at] == "\"" || text[at] == "\u{201C}" }

    /// Behind a text that means nothing, or behind its line when it has no end.
    private mutating func quotationEnd(_ from: Int) -> Int {
        var at = from + 1
        while at < text.count {
            if text[at] == "\"" || text[from] == "\u{201C}" && (text[at] == "\u{201C}" || text[at] == "\u{201D}") { return at + 1 }
            at += text[at] == "\\" ? 2 : 1
        }
        endless.insert(text[from])
        return lineEnd(from)
    }
}

/// Tokens → kinds, by what stands before and behind.
private struct Painter {
    private let tokens: [Token]
    private let parted: Set<Int>
    private var at = 0
    private(set) var found: [FormulaEditor.Highlight] = []
    /// Open parentheses: whether each is one of a function.
    private var open: [Bool] = []
    /// How many were open where `where` began; nil outside of it.
    private var whereDepth: Int?
    /// Up to which token names are joined by `or`, and whether they are of interactions.
    private var row: (end: Int, areEvents: Bool)?

    init(_ scanned: LooseTokens) {
        tokens = scanned.tokens
        parted = scanned.parted
    }

    private func kind(_ ahead: Int) -> Token.Kind {
        let i = at + ahead
        return tokens.indices.contains(i) ? tokens[i].kind : .end
    }
    private func isWord(_ word: String, _ ahead: Int) -> Bool { kind(ahead) == .word(word) }

    private mutating func take(_ kind: FormulaEditor.Kind, _ count: Int = 1, apart: Bool = false) {
        let taken = tokens[at..<min(at + count, tokens.count)]
        if apart || (at + 1..<at + max(1, taken.count)).contains(where: parted.contains) {
            for token in taken { found.append(.init(token.span, kind)) }
        } else if let first = taken.first, let last = taken.last {
            found.append(.init(first.span.joined(last.span), kind))
        }
        at += taken.count
    }

    mutating func paint() {
        while at < tokens.count {
            switch tokens[at].kind {
            case .text: text()
            case .number:
                if at + 1 < tokens.count, DurationUnit(tokens[at + 1]) != nil { take(.duration, 2) } else { take(.number) }
            case .date: take(.date)
            case .sign(let sign): self.sign(sign)
            case .word(let word): self.word(word)
            case .end: take(.wrong)
            }
        }
    }

    private mutating func sign(_ sign: String) {
        switch sign {
        case "(":
            open.append(found.last?.kind == .function)
        case ")":
            _ = open.popLast()
            if let depth = whereDepth, open.count < depth { whereDepth = nil }
        default: break
        }
        take(.sign)
    }

    private mutating func text() {
        if kind(-1) == .sign(".") { return take(.name) }
        let isEvent = whereDepth == nil && (isBehindEvents || isBeforeEvents())
        take(isEvent ? .event : .text)
    }

    /// Whether names of interactions stand behind what was before: a function's parenthesis, `then`, `followed by`, `or` after another.
    private var isBehindEvents: Bool {
        switch kind(-1) {
        case .sign("("): open.last == true
        case .word("then"): true
        case .word("by"): isWord("followed", -2)
        case .word("or"): found.count > 1 && found[found.count - 2].kind == .event && open.last == true
        default: false
        }
    }

    /// Whether something follows that only interactions have, and nothing stands before that takes a value.
    private mutating func isBeforeEvents() -> Bool {
        switch kind(-1) {
        case .sign("("), .word("and"), .word("or"), .word("not"), .end: break
        default: return false
        }
        // In a row of names joined by `or` what stands behind the last is asked once.
        if let row, at < row.end { return row.areEvents }
        var n = 1
        while isWord("or", n), case .text = kind(n + 1) { n += 2 }
        let areEvents =
            switch kind(n) {
            case .word("then"), .word("where"), .word("since"), .word("today"), .word("this"): true
            case .word("not"): isWord("followed", n + 1)
            case .word("in"): isWord("last", n + 1)
            default: false
            }
        row = (at + n, areEvents)
        return areEvents
    }

    private mutating func word(_ word: String) {
        if kind(-1) == .sign(".") { return take(.name) }
        if let count = phrase(word) {
            if word == "where" { whereDepth = open.count }
            if ["then", "within", "since", "today", "this"].contains(word) || count > 1 && (word == "not" || word == "in") && !isWord("audience", 1) {
                whereDepth = nil
            }
            return take(.word, count, apart: true)
        }
        if whereDepth == nil {
            for function in FormulaFunction.allCases {
                let words = function.rawValue.split(separator: " ")
                if words.enumerated().allSatisfy({ isWord(String($1), $0) }), kind(words.count) == .sign("(") { return take(.function, words.count) }
            }
            if RankFunction(rawValue: word) != nil, kind(1) == .sign("(") { return take(.function) }
        }
        take(.name)
    }

    /// How many words of the language begin here; nil when this is none.
    private func phrase(_ word: String) -> Int? {
        // Whatever stands before a point is a name.
        if kind(1) == .sign(".") { return word == "any" ? 1 : nil }
        switch word {
        case "and", "or", "where", "then", "within", "since", "today", "contains", "yes", "no", "true", "false", "any": return 1
        case "not": return isWord("followed", 1) ? (isWord("by", 2) ? 3 : 2) : 1
        case "in": return isWord("last", 1) || isWord("audience", 1) ? 2 : 1
        case "is":
            if isWord("not", 1), isWord("known", 2) { return 3 }
            return isWord("known", 1) || isWord("unknown", 1) ? 2 : 1
        case "this": return ["week", "month", "year"].contains { isWord($0, 1) } ? 2 : 1
        case "starts", "ends": return isWord("with", 1) ? 2 : nil
        default: return nil
        }
    }
}
