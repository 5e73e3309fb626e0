/// What a formula looks at in interactions, apart from when they were: a number of these are enough for all formulas in force.
package enum Source: Hashable, Sendable {
    /// Marks of the timeline itself: names, channels and the interaction's one value are there for all that ever happened.
    case plain(PlainSource)
    /// Marks of their own, made for a selector from what stands in the interactions.
    case selected(Selector)
}

/// Interactions by what the timeline keeps of all of them.
package struct PlainSource: Hashable, Sendable {
    /// The name; nil for any.
    package var name: String?
    /// Nil for any.
    package var channels: Set<String>?
    package var media: Set<String>?
    package var directions: Set<String>?

    package init(name: String?, channels: Set<String>? = nil, media: Set<String>? = nil, directions: Set<String>? = nil) {
        self.name = name
        self.channels = channels
        self.media = media
        self.directions = directions
    }
}

/// What an interaction must be like to be marked, and with which value. Two that are equal are one, in however many formulas.
package struct Selector: Hashable, Codable, Sendable {
    package enum Subject: Hashable, Codable, Sendable {
        /// Interactions of a name.
        case event(String)
        /// What customers tell about themselves.
        case trait(String)
        /// What customers agree to, on a channel.
        case consent(channel: String, purpose: String)
    }
    package var subject: Subject
    package var condition: Condition?
    /// The value of the mark; nil when there is none to be. With a list in it each element is a mark.
    package var property: PropertyPath?
    /// What kind of value it must be; whatever is of another kind is passed over.
    package var type: ValueType

    package init(subject: Subject, condition: Condition? = nil, property: PropertyPath? = nil, type: ValueType = .number) {
        self.subject = subject
        self.condition = condition
        self.property = property
        self.type = type
    }

    /// The properties that it reads.
    package var properties: [PropertyPath] { (property.map { [$0] } ?? []) + (condition?.properties ?? []) }
}

/// What must hold of one interaction, or of one element of a list in it.
package indirect enum Condition: Hashable, Codable, Sendable {
    /// A value of the interaction, as a kind of value.
    package enum Value: Hashable, Codable, Sendable, CustomStringConvertible {
        case property(PropertyPath, ValueType)
        case channel, media, direction
        case number(Double)
        case text(String)

        package var description: String {
            switch self {
            case .property(let path, let type): "\(path):\(type.rawValue)"
            case .channel: "channel"
            case .media: "media"
            case .direction: "direction"
            case .number(let number): FormulaText.number(number)
            case .text(let text): FormulaText.quoted(text)
            }
        }
    }
    case compare(Comparison, Value, Value)
    case match(TextMatch, Value, Value)
    /// Texts, folded.
    case oneOf(Value, [String])
    case oneOfNumbers(Value, [Double])
    case known(Value, Bool)
    case not(Condition)
    case and(Condition, Condition)
    case or(Condition, Condition)
    /// A yes/no property by itself.
    case isTrue(Value)

    /// The properties that it looks at.
    package var properties: [PropertyPath] {
        func path(_ value: Value) -> [PropertyPath] { if case .property(let path, _) = value { [path] } else { [] } }
        return switch self {
        case .compare(_, let a, let b), .match(_, let a, let b): path(a) + path(b)
        case .oneOf(let value, _), .oneOfNumbers(let value, _), .known(let value, _), .isTrue(let value): path(value)
        case .not(let condition): condition.properties
        case .and(let a, let b), .or(let a, let b): a.properties + b.properties
        }
    }
}

/// One thing worked out from a customer's marks. Equal terms are worked out once, in however many formulas they are.
package struct Term: Hashable, Sendable {
    package enum Function: Hashable, Sendable {
        case count, sum, average, min, max, first, last, distinct
        /// When the first, or last, one was.
        case firstSecond, lastSecond
        case daysActive
        /// Whether what the steps say has come about.
        case sequence
    }
    package struct Step: Hashable, Sendable {
        package var sources: Set<Source>
        package var within: Int64?
        package init(sources: Set<Source>, within: Int64?) {
            self.sources = sources
            self.within = within
        }
    }
    package var function: Function
    /// Of a sequence, the first step's.
    package var sources: Set<Source>
    package var window: Window?
    /// What comes after the first.
    package var steps: [Step]
    package var isUnfollowed: Bool

    package init(_ function: Function, _ sources: Set<Source>, window: Window? = nil, steps: [Step] = [], isUnfollowed: Bool = false) {
        self.function = function
        self.sources = sources
        self.window = window
        self.steps = steps
        self.isUnfollowed = isUnfollowed
    }

    /// All sources, those of later steps too.
    package var allSources: Set<Source> { steps.reduce(sources) { $0.union($1.sources) } }
}
