import Formula
import Kernel

/// An interaction as it was sent.
struct Happened: Sendable {
    var position: UInt64
    var second: Int64
    var name: String
    var channel: String
    var direction: String
    var value: Double?
    var properties: JSON
    var isIdentify = false
}

/// The obvious way to work out a formula: one question at a time over everything that happened. What is fast is held against it.
struct NaiveEvaluator {
    enum Value: Equatable {
        case number(Double)
        case text(String)
        case flag(Bool)
        case unknown

        var number: Double? {
            switch self {
            case .number(let number): number
            case .flag(let flag): flag ? 1 : 0
            // A number that somebody sent as a text is one.
            case .text(let text): Double(text)
            case .unknown: nil
            }
        }
        var isTrue: Bool { self == .flag(true) }
    }
    /// Oldest first.
    let all: [Happened]
    let now: Int64
    let zone: Zone

    init(_ all: [Happened], now: Int64, zone: Zone) {
        self.all = all.filter { $0.second <= now }.sorted { ($0.second, $0.position) < ($1.second, $1.position) }
        self.now = now
        self.zone = zone
    }

    func value(_ e: FormulaExpression) -> Value {
        switch e.kind {
        case .number(let number): return .number(number)
        case .text(let text): return .text(text)
        case .flag(let flag): return .flag(flag)
        case .duration(let seconds): return .number(Double(seconds))
        case .date(let date): return .number(Double(zone.start(of: date)))
        case .name(let path): return name(path)
        case .call(let function, let events): return call(function, events)
        case .sequence(let sequence): return .flag(holds(sequence))
        case .not(let a): return .flag(!value(a).isTrue)
        case .and(let a, let b): return .flag(value(a).isTrue && value(b).isTrue)
        case .or(let a, let b): return .flag(value(a).isTrue || value(b).isTrue)
        case .compare(let comparison, let a, let b): return .flag(Self.compare(comparison, value(a), value(b)))
        case .match(let match, let a, let b):
            guard case .text(let text) = value(a), case .text(let part) = value(b) else { return .flag(false) }
            return .flag(Self.match(match, text, part))
        case .oneOf(let a, let list): return .flag(list.contains { Self.compare(.equal, value(a), value($0)) })
        case .known(let a, let isKnown): return .flag((value(a) != .unknown) == isKnown)
        case .arithmetic(let operation, let a, let b):
            guard let left = value(a).number, let right = value(b).number else { return .unknown }
            switch operation {
            case .add: return .number(left + right)
            case .subtract: return .number(left - right)
            case .multiply: return .number(left * right)
            case .divide: return right == 0 ? .unknown : .number(left / right)
            }
        case .negative(let a): return value(a).number.map { .number(-$0) } ?? .unknown
        case .inAudience, .rank: fatalError("not asked of the naive evaluator")
        }
    }

    private func name(_ path: PropertyPath) -> Value {
        let keys = path.plain ?? []
        if keys == ["now"] { return .number(Double(now)) }
        precondition(keys.first == "trait" && keys.count == 2)
        for happened in all.reversed() where happened.isIdentify {
            guard let said = happened.properties[keys[1]] else { continue }
            return Self.read(said)
        }
        return .unknown
    }

    static func compare(_ comparison: Comparison, _ a: Value, _ b: Value) -> Bool {
        if case .text(let left) = a, case .text(let right) = b {
            let same = left.lowercased() == right.lowercased()
            return comparison == .equal ? same : comparison == .notEqual ? !same : false
        }
        guard let left = a.number, let right = b.number else { return false }
        switch comparison {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less: return left < right
        case .lessOrEqual: return left <= right
        case .greater: return left > right
        case .greaterOrEqual: return left >= right
        }
    }

    static func match(_ match: TextMatch, _ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.lowercased()), Array(part.lowercased()))
        guard part.count <= text.count else { return false }
        switch match {
        case .startsWith: return Array(text[..<part.count]) == part
        case .endsWith: return Array(text[(text.count - part.count)...]) == part
        case .contains: return (0...(text.count - part.count)).contains { Array(text[$0..<($0 + part.count)]) == part }
        }
    }

    static func read(_ json: JSON?) -> Value {
        switch json {
        case .string(let text): .text(text)
        case .bool(let flag): .flag(flag)
        case .null, nil: .unknown
        case .some(let other): other.double.map { .number($0) } ?? .unknown
        }
    }

    /// As what the vocabulary of these tests declares: `due` is a date, `gift` is yes or no.
    static func read(_ json: JSON?, _ path: PropertyPath?) -> Value {
        switch (path?.description, json) {
        case ("due", .string(let text)): return Instant(text).map { .number(Double($0.milliseconds) / 1000) } ?? .unknown
        case ("due", _): return .unknown
        case ("gift", .bool(let flag)): return .flag(flag)
        case ("gift", .string(let text)):
            switch text.lowercased() {
            case "yes", "true": return .flag(true)
            case "no", "false": return .flag(false)
            default: return .unknown
            }
        case ("gift", _): return .unknown
        default: return read(json)
        }
    }

    // MARK: Interactions

    private func start(_ window: Window?) -> Int64 {
        guard let window else { return .min }
        switch window {
        case .last(let seconds): return now - seconds
        default: return zone.start(of: window, at: now)
        }
    }

    /// What of an interaction fits: the interaction itself once, or each element of a list that fits.
    private func items(_ events: Events, _ happened: Happened) -> [(Happened, JSON?)] {
        guard events.names.isEmpty || events.names.contains(where: { $0.text == happened.name }) else { return [] }
        guard let list = events.property?.list else {
            if let condition = events.condition, !holds(condition, happened, nil) { return [] }
            guard let property = events.property else { return [(happened, nil)] }
            if property == PropertyPath("value") { return happened.value.map { [(happened, JSON.number($0))] } ?? [] }
            guard let found = Self.find(property.steps, happened.properties), found != .null else { return [] }
            return [(happened, found)]
        }
        var elements: [JSON] = [happened.properties]
        for step in list.outer {
            elements = elements.flatMap { element -> [JSON] in
                guard let inner = element[step.key] else { return [] }
                guard step.isEach else { return [inner] }
                if case .array(let all) = inner { return all }
                return []
            }
        }
        return elements.compactMap { element in
            if let condition = events.condition, !holds(condition, happened, element) { return nil }
            if list.inner.isEmpty {
                switch element {
                case .null, .bool: return nil
                default: return (happened, element)
                }
            }
            guard let found = Self.find(list.inner, element), found != .null else { return nil }
            return (happened, found)
        }
    }

    private static func find(_ steps: [PropertyPath.Step], _ json: JSON) -> JSON? {
        var json = json
        for step in steps {
            guard let inner = json[step.key] else { return nil }
            json = inner
        }
        return json
    }

    private func operand(_ e: FormulaExpression, _ happened: Happened, _ element: JSON?) -> Value {
        switch e.kind {
        case .name(let path):
            switch path.plain ?? [] {
            case ["channel"]: return .text(happened.channel)
            case ["direction"]: return .text(happened.direction)
            default: return Self.read(said(path, happened, element), path)
            }
        // A day within an interaction is one of UTC.
        case .date(let date): return .number(Double(Zone.utc.start(of: date)))
        default: return value(e)
        }
    }

    private func said(_ path: PropertyPath, _ happened: Happened, _ element: JSON?) -> JSON? {
        if let element, let found = Self.find(path.steps, element) { return found }
        return Self.find(path.steps, happened.properties)
    }

    private func holds(_ e: FormulaExpression, _ happened: Happened, _ element: JSON?) -> Bool {
        switch e.kind {
        case .and(let a, let b): return holds(a, happened, element) && holds(b, happened, element)
        case .or(let a, let b): return holds(a, happened, element) || holds(b, happened, element)
        case .not(let a): return !holds(a, happened, element)
        case .compare(let comparison, let a, let b):
            return Self.compare(comparison, operand(a, happened, element), operand(b, happened, element))
        case .match(let match, let a, let b):
            if case .name(let path) = a.kind, path == PropertyPath("tags"), case .text(let part) = value(b) {
                guard case .array(let all)? = said(path, happened, element) else { return false }
                return all.contains { Self.compare(.equal, Self.read($0), .text(part)) }
            }
            guard case .text(let text) = operand(a, happened, element), case .text(let part) = operand(b, happened, element) else { return false }
            return Self.match(match, text, part)
        case .oneOf(let a, let list): return list.contains { Self.compare(.equal, operand(a, happened, element), operand($0, happened, element)) }
        case .known(let a, let isKnown):
            // Within an interaction it is asked whether something is there, of whatever kind.
            if case .name(let path) = a.kind { return ((said(path, happened, element) ?? .null) != .null) == isKnown }
            return isKnown
        default: return operand(e, happened, element).isTrue
        }
    }

    private func found(_ events: Events) -> [(Happened, JSON?)] {
        let start = start(events.window)
        return all.filter { $0.second >= start }.flatMap { items(events, $0) }
    }

    private func call(_ function: FormulaFunction, _ events: Events) -> Value {
        let found = found(events)
        // Values of another kind are passed over.
        let values = found.map { Self.read($0.1, events.property) }.filter { $0 != .unknown }
        let numbers = values.compactMap(\.number)
        func second(_ happened: Happened?) -> Value { happened.map { .number(Double($0.second)) } ?? .unknown }
        switch function {
        case .count: return .number(Double(found.count))
        case .did: return .flag(!found.isEmpty)
        case .never: return .flag(found.isEmpty)
        case .sum: return .number(numbers.reduce(0, +))
        case .average: return numbers.isEmpty ? .unknown : .number(numbers.reduce(0, +) / Double(numbers.count))
        case .min: return numbers.min().map { .number($0) } ?? .unknown
        case .max: return numbers.max().map { .number($0) } ?? .unknown
        case .first: return events.property == nil ? second(found.first?.0) : values.first ?? .unknown
        case .last: return events.property == nil ? second(found.last?.0) : values.last ?? .unknown
        case .distinct:
            var seen: Set<String> = []
            for value in values {
                switch value {
                case .text(let text): seen.insert("t" + text.lowercased())
                case .number(let number): seen.insert("n\(number)")
                case .flag(let flag): seen.insert("f\(flag)")
                case .unknown: break
                }
            }
            return .number(Double(seen.count))
        case .timeSinceLast: return found.last.map { .number(Double(now - $0.0.second)) } ?? .unknown
        case .timeSinceFirst: return found.first.map { .number(Double(now - $0.0.second)) } ?? .unknown
        case .daysActive: return .number(Double(Set(found.map { zone.day(at: $0.0.second) }).count))
        }
    }

    private func holds(_ sequence: StepSequence) -> Bool {
        func fits(_ events: Events) -> [Happened] { all.filter { !items(events, $0).isEmpty } }
        let start = start(sequence.first.window)
        let firsts = fits(sequence.first).filter { $0.second >= start }
        func isAfter(_ b: Happened, _ a: Happened, within: Int64?) -> Bool {
            (b.second, b.position) > (a.second, a.position) && within.map { b.second - a.second <= $0 } ?? true
        }
        let steps = sequence.rest.map { (fits: fits($0.events), within: $0.within) }
        func goesOn(_ a: Happened, _ step: Int) -> Bool {
            guard step < steps.count else { return true }
            return steps[step].fits.contains { isAfter($0, a, within: steps[step].within) && goesOn($0, step + 1) }
        }
        if !sequence.isUnfollowed { return firsts.contains { goesOn($0, 0) } }
        let within = sequence.rest[0].within ?? 0
        return firsts.contains { $0.second + within <= now && !goesOn($0, 0) }
    }
}
