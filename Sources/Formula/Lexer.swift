import Kernel

/// Text → tokens, in one pass over the text.
struct Lexer {
    private let text: [Unicode.Scalar]
    var at = 0

    /// - Throws: ``FormulaProblem``, also when the text is longer than ``FormulaLimits/length``.
    static func tokens(_ text: String) throws(FormulaProblem) -> [Token] {
        var lexer = Lexer(text: Array(text.unicodeScalars.prefix(FormulaLimits.length + 1)))
        guard lexer.text.count <= FormulaLimits.length else {
            throw FormulaProblem(
                Span(from: FormulaLimits.length, to: FormulaLimits.length + 1), "a formula has at most \(FormulaLimits.length) characters",
                mend: "make parts of it metrics and use their keys")
        }
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    init(text: [Unicode.Scalar]) { self.text = text }

    private func scalar(_ ahead: Int = 0) -> Unicode.Scalar? { at + ahead < text.count ? text[at + ahead] : nil }
    private static func isDigit(_ c: Unicode.Scalar?) -> Bool { c.map { ("0"..."9").contains($0) } ?? false }
    private static func begins(_ c: Unicode.Scalar) -> Bool { c == "_" || c == "$" || c.properties.isAlphabetic }
    static func goesOn(_ c: Unicode.Scalar) -> Bool { begins(c) || isDigit(c) || c.properties.isDiacritic }

    mutating func next() throws(FormulaProblem) -> Token {
        while let c = scalar() {
            if c == "#" {
                while let c = scalar(), c != "\n" { at += 1 }
            } else if c.properties.isWhitespace {
                at += 1
            } else {
                break
            }
        }
        let from = at
        guard let c = scalar() else { return Token(kind: .end, span: Span(from: from, to: from)) }
        if c == "\"" || c == "\u{201C}" { return try quoted(from) }
        if Self.isDigit(c) { return try number(from) }
        if Self.begins(c) {
            while let c = scalar(), Self.goesOn(c) { at += 1 }
            return token(.word(string(from, at)), from)
        }
        let two = at + 1 < text.count ? string(at, at + 2) : ""
        if ["!=", "<=", ">=", "[]"].contains(two) {
            at += 2
            return token(.sign(two), from)
        }
        let same: [Unicode.Scalar: String] = ["≠": "!=", "≤": "<=", "≥": ">=", "−": "-", "×": "*", "÷": "/"]
        if let sign = same[c] ?? ("()[],.=<>+-*/".unicodeScalars.contains(c) ? String(c) : nil) {
            at += 1
            return token(.sign(sign), from)
        }
        throw FormulaProblem(
            Span(from: from, to: from + 1),
            "\(c.properties.isPatternWhitespace || c.value < 32 ? "a control character" : String(c)) means nothing here",
            mend: c == "'"
                ? "texts stand in double quotation marks: \"Order Completed\"" : c == "&" ? "write and" : c == "|" ? "write or" : "remove it")
    }

    private func string(_ from: Int, _ to: Int) -> String {
        var out = String.UnicodeScalarView()
        out.append(contentsOf: text[from..<to])
        return String(out)
    }

    private func token(_ kind: Token.Kind, _ from: Int) -> Token { Token(kind: kind, span: Span(from: from, to: at)) }

    /// In straight quotation marks, or in curly ones, as text programs make them.
    private mutating func quoted(_ from: Int) throws(FormulaProblem) -> Token {
        let isCurly = text[at] == "\u{201C}"
        at += 1
        var out = String.UnicodeScalarView()
        while let c = scalar() {
            at += 1
            if c == "\"" || isCurly && (c == "\u{201D}" || c == "\u{201C}") { return token(.text(String(out)), from) }
            guard c == "\\" else {
                out.append(c)
                continue
            }
            guard let escaped = scalar() else { break }
            at += 1
            switch escaped {
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "\"", "\\": out.append(escaped)
            default:
                throw FormulaProblem(Span(from: at - 2, to: at), "\\\(escaped) means nothing in a text", mend: "write \\\\ for a backslash")
            }
        }
        throw FormulaProblem(Span(from: from, to: from + 1), "the quotation mark has no end", mend: "add \" where the text ends")
    }

    private mutating func digits() { while Self.isDigit(scalar()) { at += 1 } }

    private mutating func number(_ from: Int) throws(FormulaProblem) -> Token {
        digits()
        if at - from == 4, scalar() == "-", Self.isDigit(scalar(1)) { return try date(from) }
        if scalar() == ".", Self.isDigit(scalar(1)) {
            at += 1
            digits()
        }
        if let c = scalar(), Self.begins(c) {
            throw FormulaProblem(
                Span(from: from, to: at + 1), "\(string(from, at + 1)) is no number", mend: "put a space between a number and a word")
        }
        guard let value = Double(string(from, at)), value < 1e15 else {
            throw FormulaProblem(Span(from: from, to: at), "the number is too large", mend: "write one below 1,000,000,000,000,000")
        }
        return token(.number(value), from)
    }

    /// `2026-01-01`, or with a time behind it, as RFC 3339 writes it.
    private mutating func date(_ from: Int) throws(FormulaProblem) -> Token {
        while let c = scalar(), Self.isDigit(c) || "-T:Z.+".unicodeScalars.contains(c) { at += 1 }
        // A full stop at the end is none of it.
        while at > from, text[at - 1] == "." || text[at - 1] == "+" { at -= 1 }
        let written = string(from, at)
        let parts = written.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        if written.count == 10, parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            Instant(written + "T00:00:00Z") != nil
        {
            return token(.date(.day(year: year, month: month, day: day)), from)
        }
        if let moment = Instant(written) { return token(.date(.moment(second: moment.seconds)), from) }
        throw FormulaProblem(
            Span(from: from, to: at), "\(written.prefix(40)) is no date", mend: "write a day as 2026-01-31, or a moment as 2026-01-31T18:00:00Z")
    }
}
