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

    /// Every part, the whole one first.
    package func visit(_ body: (Checked) -> Void) {
        body(self)
        switch kind {
        case .not(let a), .oneOfTexts(let a, _), .oneOf(let a, _), .match(_, let a, _), .known(let a, _), .negative(let a): a.visit(body)
        case .and(let a, let b), .or(let a, let b), .compare(_, let a, let b), .sameText(let a, let b, _), .arithmetic(_, let a, let b):
            a.visit(body)
            b.visit(body)
        case .constant, .day, .text, .term, .now, .identifier, .metric, .audience, .rank, .stage: break
        }
    }

    /// The terms in it, without those of the definitions that it names.
    package var terms: Set<Term> {
        var found: Set<Term> = []
        visit { part in
            if case .term(let term) = part.kind { found.insert(term) }
        }
        return found
    }
}
