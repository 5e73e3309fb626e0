import Kernel

// What a formula asks of interactions.
extension Checker {
    mutating func call(_ function: FormulaFunction, _ events: Events, _ span: Span, wanted: ValueType?) throws(FormulaProblem) -> Checked {
        func make(_ term: Term.Function, _ sources: Set<Source>, _ type: ValueType) -> Checked {
            Checked(kind: .term(Term(term, sources, window: events.window)), type: type, span: span)
        }
        guard let property = events.property else {
            let sources = try sources(events, property: nil, type: .number)
            switch function {
            case .count: return make(.count, sources, .number)
            case .did, .never:
                return Checked(kind: .known(make(.lastSecond, sources, .date), function == .did), type: .flag, span: span)
            case .timeSinceLast, .timeSinceFirst:
                let second = make(function == .timeSinceLast ? .lastSecond : .firstSecond, sources, .date)
                let now = Checked(kind: .now, type: .date, span: span)
                return Checked(kind: .arithmetic(.subtract, now, second), type: .duration, span: span)
            case .daysActive: return make(.daysActive, sources, .number)
            case .first: return make(.firstSecond, sources, .date)
            case .last: return make(.lastSecond, sources, .date)
            case .sum, .average, .min, .max, .distinct:
                throw problem(
                    events.span, "\(function.rawValue) of what?",
                    "name a property: \(function.rawValue)(\(example(events)).\(function == .distinct ? "city" : "value"))")
            }
        }
        guard function.takesProperty || property.list != nil else {
            throw problem(events.propertySpan, "\(function.rawValue) takes no property", "write \(function.rawValue)(\(example(events)))")
        }
        for name in events.names { try look(up: name) }
        try look(up: [property], of: events, events.propertySpan)
        let type = try type(of: property, of: events, function, wanted)
        let sources = try sources(events, property: property, type: type)
        switch function {
        case .sum: return make(.sum, sources, .number)
        case .average: return make(.average, sources, .number)
        case .min: return make(.min, sources, type)
        case .max: return make(.max, sources, type)
        case .first: return make(.first, sources, type)
        case .last: return make(.last, sources, type)
        case .distinct: return make(.distinct, sources, .number)
        case .count: return make(.count, sources, .number)
        case .did, .never: return Checked(kind: .known(make(.lastSecond, sources, .date), function == .did), type: .flag, span: span)
        case .timeSinceLast, .timeSinceFirst, .daysActive:
            throw problem(events.propertySpan, "\(function.rawValue) takes no property", "write \(function.rawValue)(\(example(events)))")
        }
    }

    private func example(_ events: Events) -> String { events.names.first.map { FormulaText.quoted($0.text) } ?? "any" }

    /// The kind of a property's values: as declared, or as the function or the comparison needs it.
    private func type(of property: PropertyPath, of events: Events, _ function: FormulaFunction, _ wanted: ValueType?) throws(FormulaProblem)
        -> ValueType
    {
        let declared = property == PropertyPath("value") ? .number : declared(property, of: events)
        switch function {
        case .sum, .average:
            if let declared, declared != .number {
                throw problem(
                    events.propertySpan, "\(property) is \(declared.noun), and \(function.rawValue) works with numbers",
                    "name a property that is a number, or mend the definition of the event")
            }
            return .number
        case .min, .max:
            let type = declared ?? (wanted == .date ? .date : .number)
            guard type == .number || type == .date else {
                throw problem(events.propertySpan, "\(property) is \(type.noun), which has no \(function.rawValue)", "name a number or a date")
            }
            return type
        case .first, .last, .distinct:
            // What is counted may be of any kind, whatever the count is compared with.
            let type = declared ?? (function == .distinct ? nil : wanted) ?? .text
            guard type != .texts else {
                throw problem(events.propertySpan, "\(property) is a list", "name its elements: \(property)[]")
            }
            return type == .duration ? .number : type
        default: return declared ?? .text
        }
    }

    /// The declared kind of a property, when all the named interactions that declare it agree.
    func declared(_ property: PropertyPath, of events: Events) -> ValueType? {
        var found: ValueType?
        for name in events.names {
            guard let type = names.events[name.text]?[property.description] else { continue }
            if let found, found != type { return nil }
            found = type
        }
        return found
    }

    /// Which interactions are meant.
    mutating func sources(_ events: Events, property: PropertyPath?, type: ValueType) throws(FormulaProblem) -> Set<Source> {
        for name in events.names { try look(up: name) }
        var condition: Condition?
        if let e = events.condition { condition = try self.condition(e, of: events, list: property?.list?.outer) }
        let isPlain = property == nil || property == PropertyPath("value")
        if isPlain, let filter = PlainFilter(condition) {
            let names: [String?] = events.names.isEmpty ? [nil] : events.names.map(\.text)
            return Set(names.map { .plain(PlainSource(name: $0, channels: filter.channels, media: filter.media, directions: filter.directions)) })
        }
        guard !events.names.isEmpty else {
            throw problem(
                property == nil ? events.condition?.span ?? events.span : events.propertySpan,
                "any interaction is told apart by channel, media and direction only",
                "name the interactions: \"…\" or \"…\"")
        }
        return Set(
            events.names.map {
                .selected(
                    Selector(
                        subject: .event($0.text), condition: condition, property: isPlain && property != nil ? PropertyPath("value") : property,
                        type: type))
            })
    }

    private func look(up name: Events.Name) throws(FormulaProblem) {
        guard names.areEventsKnown, names.events[name.text] == nil else { return }
        let known = Array(names.events.keys)
        let near = Nearest.word(to: name.text, among: known).map { "did you mean \"\($0)\"?" }
        throw problem(
            name.span, "unknown event \"\(name.text.prefix(80))\"",
            near ?? "nothing of this name has arrived or is defined: define the event, or see the list of them")
    }

    mutating func sequence(_ sequence: StepSequence) throws(FormulaProblem) -> Term {
        var steps: [Term.Step] = []
        func bare(_ events: Events) throws(FormulaProblem) {
            if events.property != nil {
                throw problem(events.propertySpan, "a step of a sequence has no property", "use where to say what it must be")
            }
        }
        try bare(sequence.first)
        var first = try sources(sequence.first, property: nil, type: .number)
        for step in sequence.rest {
            try bare(step.events)
            if step.events.window != nil {
                throw problem(step.events.span, "the window belongs to the first step", "put it behind the first interaction")
            }
            steps.append(Term.Step(sources: try sources(step.events, property: nil, type: .number), within: step.within))
        }
        // Marks of both kinds lie in columns of their own, and an order is only within one.
        let all = steps.reduce(first) { $0.union($1.sources) }
        if all.contains(where: \.isSelected), all.contains(where: { !$0.isSelected }) {
            let spans = [sequence.first] + sequence.rest.map(\.events)
            first = try selected(first, spans[0])
            for i in steps.indices { steps[i].sources = try selected(steps[i].sources, spans[i + 1]) }
        }
        return Term(.sequence, first, window: sequence.first.window, steps: steps, isUnfollowed: sequence.isUnfollowed)
    }

    private func selected(_ sources: Set<Source>, _ events: Events) throws(FormulaProblem) -> Set<Source> {
        var out: Set<Source> = []
        for source in sources {
            guard case .plain(let plain) = source else {
                out.insert(source)
                continue
            }
            guard let name = plain.name else {
                throw problem(events.span, "any cannot stand beside a step that looks at properties", "name the interactions: \"…\" or \"…\"")
            }
            out.insert(.selected(Selector(subject: .event(name), condition: plain.condition)))
        }
        return out
    }

    // MARK: where

    private mutating func condition(_ e: FormulaExpression, of events: Events, list: [PropertyPath.Step]?) throws(FormulaProblem) -> Condition {
        switch e.kind {
        case .and(let a, let b): return .and(try condition(a, of: events, list: list), try condition(b, of: events, list: list))
        case .or(let a, let b): return .or(try condition(a, of: events, list: list), try condition(b, of: events, list: list))
        case .not(let a): return .not(try condition(a, of: events, list: list))
        case .compare(let comparison, let a, let b):
            let (left, right) = try pair(a, b, of: events, list: list)
            if left.type == .text, comparison != .equal, comparison != .notEqual {
                throw problem(
                    e.span, "texts have no \(comparison.rawValue)", "compare them with =, !=, contains, starts with, ends with or in [\"…\"]")
            }
            return .compare(comparison, left.value, right.value)
        case .match(let match, let a, let b):
            let right = try operand(b, of: events, list: list, wanted: .text)
            let left = try operand(a, of: events, list: list, wanted: .text)
            guard right.type == .text, left.type == .text || left.type == .texts && match == .contains else {
                throw problem(e.span, "\(match.rawValue) looks for a text in a text", "compare numbers with =")
            }
            return .match(match, left.value, right.value)
        case .oneOf(let a, let entries): return try oneOf(a, entries, e.span, of: events, list: list)
        case .known(let a, let isKnown): return .known(try operand(a, of: events, list: list, wanted: nil).value, isKnown)
        case .name:
            let found = try operand(e, of: events, list: list, wanted: .flag)
            guard found.type == .flag else {
                throw problem(e.span, "where needs a condition, and this is \(found.type.noun)", "compare it with something")
            }
            return .isTrue(found.value)
        default:
            throw problem(
                e.span, "this cannot stand within where", "compare properties, channel, media or direction with values, joined by and, or and not")
        }
    }

    private mutating func oneOf(
        _ a: FormulaExpression, _ entries: [FormulaExpression], _ span: Span, of events: Events, list: [PropertyPath.Step]?
    ) throws(FormulaProblem) -> Condition {
        var found: [Operand] = []
        for entry in entries {
            let operand = try operand(entry, of: events, list: list, wanted: nil)
            if let first = found.first, first.type != operand.type {
                throw problem(entry.span, "the list has \(first.type.noun) and \(operand.type.noun)", "write values of one kind")
            }
            found.append(operand)
        }
        let type = found.first?.type ?? .text
        let left = try operand(a, of: events, list: list, wanted: type)
        guard left.type == type else {
            throw problem(span, "\(left.type.noun) is looked for among values of which each is \(type.noun)", "write values of one kind")
        }
        var texts: [String] = []
        var numbers: [Double] = []
        for (entry, operand) in zip(entries, found) {
            switch operand.value {
            case .text(let text):
                try look(up: text, as: left.value, entry.span)
                texts.append(TextCase.folded(text))
            case .number(let number): numbers.append(number)
            default: throw problem(entry.span, "a list has values only", "write numbers or texts")
            }
        }
        return texts.isEmpty ? .oneOfNumbers(left.value, numbers) : .oneOf(left.value, texts)
    }

    private struct Operand {
        var value: Condition.Value
        var type: ValueType
        var isOpen = false
    }

    private func pair(_ a: FormulaExpression, _ b: FormulaExpression, of events: Events, list: [PropertyPath.Step]?) throws(FormulaProblem) -> (
        Operand, Operand
    ) {
        var left = try operand(a, of: events, list: list, wanted: nil)
        var right = try operand(b, of: events, list: list, wanted: nil)
        if left.isOpen { left = try operand(a, of: events, list: list, wanted: right.type) }
        if right.isOpen { right = try operand(b, of: events, list: list, wanted: left.type) }
        guard left.type == right.type else {
            throw problem(a.span.joined(b.span), "\(left.type.noun) is compared with \(right.type.noun)", "compare values of one kind")
        }
        guard left.type != .texts else { throw problem(a.span, "\(left.value) is a list", "ask whether it contains something") }
        for (side, other, at) in [(left, right, b.span), (right, left, a.span)] {
            if case .text(let text) = other.value { try look(up: text, as: side.value, at) }
        }
        return (left, right)
    }

    /// Channels, media and directions are words that are known.
    private func look(up text: String, as value: Condition.Value, _ span: Span) throws(FormulaProblem) {
        guard let known = Self.words(value) else { return }
        let words = value == .channel ? names.channels.sorted() : known
        guard words.contains(text) else {
            throw problem(span, "unknown \(value) \"\(text.prefix(60))\"", Nearest.advice(for: text, among: words))
        }
    }

    private static func words(_ value: Condition.Value) -> [String]? {
        switch value {
        case .channel: []
        case .media: FormulaNames.media
        case .direction: FormulaNames.directions
        default: nil
        }
    }

    private func operand(_ e: FormulaExpression, of events: Events, list: [PropertyPath.Step]?, wanted: ValueType?) throws(FormulaProblem) -> Operand
    {
        switch e.kind {
        case .number(let number): return Operand(value: .number(number), type: .number)
        case .negative(let inner):
            guard case .number(let number) = inner.kind else { throw problem(e.span, "- stands before a number", "remove it") }
            return Operand(value: .number(-number), type: .number)
        case .text(let text): return Operand(value: .text(text), type: .text)
        case .flag(let flag): return Operand(value: .number(flag ? 1 : 0), type: .flag)
        case .date(.moment(let second)): return Operand(value: .number(Double(second)), type: .date)
        case .date(.day(let year, let month, let day)):
            // Within one interaction a day is one of UTC: a property has no time zone of its own.
            return Operand(value: .number(Double(Instant.days(year: year, month: month, day: day)) * 86_400), type: .date)
        case .name(let path):
            switch path.plain ?? [] {
            case ["channel"]: return Operand(value: .channel, type: .text)
            case ["media"]: return Operand(value: .media, type: .text)
            case ["direction"]: return Operand(value: .direction, type: .text)
            default: break
            }
            if path.list != nil { throw problem(e.span, "\(path) has many values", "name the list before where: \"…\".\(path)") }
            let whole = PropertyPath((list ?? []) + path.steps)
            try look(up: list == nil ? [path] : [whole, path], of: events, list: list, e.span)
            let declared = declared(whole, of: events) ?? declared(path, of: events)
            return Operand(value: .property(path, declared ?? wanted ?? .text), type: declared ?? wanted ?? .text, isOpen: declared == nil)
        default:
            throw problem(e.span, "this cannot be compared within where", "compare properties, channel, media or direction with values")
        }
    }
}

extension Source {
    var isSelected: Bool { if case .selected = self { true } else { false } }
}

/// A condition that the timeline's own columns can answer: channel, media and direction, joined by `and`.
private struct PlainFilter {
    var channels: Set<String>?
    var media: Set<String>?
    var directions: Set<String>?

    /// Nil when it looks at anything else.
    init?(_ condition: Condition?) {
        guard let condition else { return }
        guard add(condition) else { return nil }
    }

    private mutating func add(_ condition: Condition) -> Bool {
        switch condition {
        case .and(let a, let b): return add(a) && add(b)
        case .compare(.equal, let value, .text(let text)), .compare(.equal, .text(let text), let value): return add(value, [text])
        case .oneOf(let value, let texts): return add(value, Set(texts))
        default: return false
        }
    }

    private mutating func add(_ value: Condition.Value, _ words: Set<String>) -> Bool {
        switch value {
        case .channel: channels = channels.map { $0.intersection(words) } ?? words
        case .media: media = media.map { $0.intersection(words) } ?? words
        case .direction: directions = directions.map { $0.intersection(words) } ?? words
        default: return false
        }
        return true
    }
}

extension PlainSource {
    /// The same as a condition.
    fileprivate var condition: Condition? {
        let parts: [Condition] = [(Condition.Value.channel, channels), (.media, media), (.direction, directions)].compactMap { value, words in
            words.map { .oneOf(value, $0.sorted()) }
        }
        guard var all = parts.first else { return nil }
        for part in parts.dropFirst() { all = .and(all, part) }
        return all
    }
}
