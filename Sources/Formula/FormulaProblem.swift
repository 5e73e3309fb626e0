/// A part of a formula's text.
package struct Span: Hashable, Sendable {
    /// Where it begins, in Unicode scalars from 0.
    package var from: Int
    /// Where it has ended.
    package var to: Int

    package init(from: Int, to: Int) {
        self.from = from
        self.to = to
    }

    func joined(_ other: Span) -> Span { Span(from: min(from, other.from), to: max(to, other.to)) }
}

/// What keeps a formula from being used, where, and how to mend it.
package struct FormulaProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package var span: Span
    /// What is wrong: `unknown event "Order Complete"`.
    package var what: String
    /// What to do: `did you mean "Order Completed"?`
    package var mend: String

    package init(_ span: Span, _ what: String, mend: String) {
        self.span = span
        self.what = what
        self.mend = mend
    }

    package var description: String { "\(what); \(mend)" }

    /// Line and column of where it begins, both from 1, the column in Unicode scalars.
    package func place(in text: String) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for scalar in text.unicodeScalars.prefix(span.from) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }

    /// The line it is in with marks below the part that is meant, for a terminal; of a long line what is around that part. A tab counts
    /// as one column.
    package func excerpt(of text: String) -> String {
        let (number, column) = place(in: text)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard number <= lines.count else { return "" }
        let line = Array(lines[number - 1].replacing("\t", with: " ").unicodeScalars)
        let from = line.count <= Self.widestExcerpt ? 0 : max(0, min(column - 1 - Self.widestExcerpt / 3, line.count - Self.widestExcerpt))
        let to = min(line.count, from + Self.widestExcerpt)
        var shown = String.UnicodeScalarView(line[from..<to])
        if from > 0 { shown.replaceSubrange(...shown.startIndex, with: "…".unicodeScalars) }
        if to < line.count { shown.replaceSubrange(shown.index(before: shown.endIndex)..., with: "…".unicodeScalars) }
        let width = max(1, min(span.to - span.from, to - column + 1))
        return String(shown) + "\n" + String(repeating: " ", count: column - 1 - from) + String(repeating: "^", count: width)
    }

    /// The most columns of ``excerpt(of:)``.
    package static let widestExcerpt = 120
}

/// The limits of a formula's text: what it takes to read one is linear in its length, and bounded.
package enum FormulaLimits {
    /// Unicode scalars of a formula.
    package static let length = 10_000
    /// How deep parentheses, `not` and minus signs may stand within each other.
    package static let depth = 50
    /// How deep parts may stand in each other, a row of `and`, `or`, `+` or `*` counted as one in the other.
    package static let parts = 200
    /// Through how many other definitions a formula may lead.
    package static let definitions = 40
    /// Texts in a list.
    package static let list = 500
    /// Events named in one place.
    package static let events = 50
    /// Steps of a sequence.
    package static let steps = 10
}
