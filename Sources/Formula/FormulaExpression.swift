/// A formula as it was written: a tree of what stands in it, with its places. Names are not looked up yet.
package struct FormulaExpression: Sendable {
    package indirect enum Kind: Sendable {
        case number(Double)
        case text(String)
        /// `yes`, `no`.
        case flag(Bool)
        /// Seconds.
        case duration(Int64)
        case date(DateLiteral)
        /// `trait.city`, `stage`, a metric's key; within `where` a property.
        case name(PropertyPath)
        /// `in audience vip`: the key.
        case inAudience(String)
        case call(FormulaFunction, Events)
        /// `percentile(spend)`: the metric's key.
        case rank(RankFunction, metric: String)
        case sequence(StepSequence)
        case not(FormulaExpression)
        case and(FormulaExpression, FormulaExpression)
        case or(FormulaExpression, FormulaExpression)
        case compare(Comparison, FormulaExpression, FormulaExpression)
        case match(TextMatch, FormulaExpression, FormulaExpression)
        case oneOf(FormulaExpression, [FormulaExpression])
        /// `is known`, or `is unknown`.
        case known(FormulaExpression, Bool)
        case arithmetic(Arithmetic, FormulaExpression, FormulaExpression)
        case negative(FormulaExpression)
    }
    package let kind: Kind
    package let span: Span
    /// How many parts stand in each other at the deepest place.
    let depth: Int

    init(kind: Kind, span: Span) {
        self.kind = kind
        self.span = span
        depth =
            switch kind {
            case .and(let a, let b), .or(let a, let b), .compare(_, let a, let b), .match(_, let a, let b), .arithmetic(_, let a, let b):
                max(a.depth, b.depth) + 1
            case .not(let a), .known(let a, _), .negative(let a), .oneOf(let a, _): a.depth + 1
            case .call(_, let events): (events.condition?.depth ?? 0) + 1
            case .sequence(let sequence):
                ([sequence.first] + sequence.rest.map(\.events)).reduce(0) { max($0, $1.condition?.depth ?? 0) } + 1
            case .number, .text, .flag, .duration, .date, .name, .inAudience, .rank: 1
            }
    }
}

/// Where a value stands in an interaction: `total`, `address.city`, `products[].price`.
package struct PropertyPath: Hashable, Codable, Sendable, CustomStringConvertible {
    package struct Step: Hashable, Codable, Sendable {
        package var key: String
        /// `[]` follows: each element of the list there.
        package var isEach: Bool
        package init(_ key: String, isEach: Bool = false) {
            self.key = key
            self.isEach = isEach
        }
    }
    package var steps: [Step]

    package init(_ steps: [Step]) { self.steps = steps }
    package init(_ keys: String...) { steps = keys.map { Step($0) } }

    /// The same without regard to which of its values are lists.
    package var withoutLists: PropertyPath { PropertyPath(steps.map { Step($0.key) }) }
    /// The keys in a row; nil when a list stands in it.
    package var plain: [String]? { steps.contains(where: \.isEach) ? nil : steps.map(\.key) }
    /// What leads to the elements of its last list, and what follows it; nil without a list.
    package var list: (outer: [Step], inner: [Step])? {
        guard let last = steps.lastIndex(where: \.isEach) else { return nil }
        return (Array(steps[...last]), Array(steps[(last + 1)...]))
    }

    package var description: String {
        steps.map { (Self.isWord($0.key) ? $0.key : FormulaText.quoted($0.key)) + ($0.isEach ? "[]" : "") }.joined(separator: ".")
    }

    static func isWord(_ key: String) -> Bool {
        guard let first = key.unicodeScalars.first, first == "_" || first == "$" || first.properties.isAlphabetic else { return false }
        return key.unicodeScalars.allSatisfy {
            $0 == "_" || $0 == "$" || $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0.properties.isDiacritic
        }
    }
}

/// Interactions that a formula speaks of: by their names, and what else must hold of each.
package struct Events: Sendable {
    package struct Name: Sendable {
        package var text: String
        package var span: Span
    }
    /// What they are called; empty for `any`.
    package var names: [Name]
    package var property: PropertyPath?
    package var propertySpan: Span
    package var condition: FormulaExpression?
    package var window: Window?
    package var span: Span
}

/// The time in which an interaction counts.
package enum Window: Hashable, Sendable {
    /// `in last 90 days`: seconds up to now, the moment so long ago too.
    case last(Int64)
    /// `since 2026-01-01`.
    case since(DateLiteral)
    case today
    /// From Monday on (ISO 8601).
    case thisWeek
    case thisMonth
    case thisYear
}

/// What is asked of interactions.
package enum FormulaFunction: String, CaseIterable, Sendable {
    case count, sum, average, min, max, first, last, distinct, did, never
    case timeSinceLast = "time since last"
    case timeSinceFirst = "time since first"
    case daysActive = "days active"

    /// Whether it asks for a property of them: `first` and `last` may be asked without, for when it was.
    package var takesProperty: Bool {
        switch self {
        case .sum, .average, .min, .max, .first, .last, .distinct: true
        case .count, .did, .never, .timeSinceLast, .timeSinceFirst, .daysActive: false
        }
    }
}

/// Where somebody's value of a metric stands among everybody's.
package enum RankFunction: String, CaseIterable, Sendable {
    /// The share of customers, of those for whom the metric is known, with at most this value: above 0 up to 100.
    case percentile
    /// The fifth in which the percentile is: 1, the lowest, to 5.
    case quintile
}

/// `A then B within 1 hour`, `A not followed by B within 1 hour`.
package struct StepSequence: Sendable {
    package struct Step: Sendable {
        package var events: Events
        /// Seconds after the step before, at most; nil for any time after it.
        package var within: Int64?
    }
    package var first: Events
    /// What follows, in order; one when nothing must follow.
    package var rest: [Step]
    /// `not followed by`.
    package var isUnfollowed: Bool
}

package enum Comparison: String, CaseIterable, Codable, Sendable, BitwiseCopyable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    /// Never true when one is unknown, which is NaN.
    @inlinable package func holds(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a < b || a > b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }

    /// The same with its sides exchanged.
    var flipped: Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

package enum TextMatch: String, CaseIterable, Codable, Sendable {
    case contains
    case startsWith = "starts with"
    case endsWith = "ends with"

    /// Upper and lower case are one, as in every comparison of texts.
    package func holds(_ text: String, _ part: String) -> Bool {
        let (text, part) = (TextCase.folded(text), TextCase.folded(part))
        switch self {
        case .contains: return part.isEmpty || text.contains(part)
        case .startsWith: return text.hasPrefix(part)
        case .endsWith: return text.hasSuffix(part)
        }
    }
}

package enum Arithmetic: String, CaseIterable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"

    /// NaN, unknown, when it has no result.
    @inlinable package func apply(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: b == 0 ? .nan : a / b
        }
    }
}

/// Texts are compared without regard to case: people do not know how another system wrote them.
package enum TextCase {
    package static func folded(_ text: String) -> String { text.lowercased() }
}
