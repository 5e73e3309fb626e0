/// A formula whose names are looked up and whose kinds of values fit: what programs are made of.
package struct Checked: Hashable, Sendable {
    package indirect enum Kind: Hashable, Sendable {
        /// A number, a duration or a date in seconds, yes as 1 and no as 0.
        case constant(Double)
        case day(DateLiteral)
        case text(String)
        case term(Term)
        /// The moment for which it is worked out.
        case now
        /// Whether some identifier of the kind is known.
        case identifier(String)
        /// Another definition's value.
        case metric(String)
        case audience(String)
        case rank(RankFunction, metric: String)
        /// Whether the customer is in one of these stages, by their places.
        case stage(Set<Int>)
        case not(Checked)
        case and(Checked, Checked)
        case or(Checked, Checked)
        /// Of numbers, dates, durations, yes and no.
        case compare(Comparison, Checked, Checked)
        /// Of texts: equal, or not equal, to one of some.
        case sameText(Checked, Checked, isEqual: Bool)
        case oneOfTexts(Checked, [String])
        case oneOf(Checked, [Double])
        case match(TextMatch, Checked, String)
        case known(Checked, Bool)
        case arithmetic(Arithmetic, Checked, Checked)
        case negative(Checked)
    }
    package var kind: Kind
    package var type: ValueType
    /// Where it stands in the text of its formula.
    package var span: Span

    package init(kind: Kind, type: ValueType, span: Span) {
        self.kind = kind
        self.type = type
        self.span = span
    }

    package static func == (a: Checked, b: Checked) -> Bool { a.type == b.type && a.kind == b.kind }
    package func hash(into hasher: inout Hasher) { hasher.combine(kind) }

    /// The conditions that all must hold, in the order in which they stand.
    package var conjuncts: [Checked] {
        if case .and(let a, let b) = kind { return a.conjuncts + b.conjuncts }
        return [self]
    }

    /// Whether it has a value of every customer, by its form.
    var isNeverUnknown: Bool {
        switch kind {
        case .constant, .day, .text, .now, .identifier, .audience, .stage, .not, .and, .or, .compare, .sameText, .oneOfTexts, .oneOf, .match, .known:
            true
        case .term(let term): term.function == .sequence
        case .metric, .rank, .arithmetic, .negative: false
        }
    }
}
