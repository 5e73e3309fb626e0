import Formula
import Kernel
import Ledger
import Simdjson
import Timeline

/// What an interaction says about consent.
package struct ConsentWord: Sendable {
    package var purpose: String
    /// Nil for every channel.
    package var channel: String?
    package var given: Bool
    package init(purpose: String, channel: String?, given: Bool) {
        self.purpose = purpose
        self.channel = channel
        self.given = given
    }
}

/// Finds out which selectors an interaction is for. It belongs to one thread.
struct SelectorMatcher {
    struct Numbered: Sendable {
        var number: UInt16
        var selector: Selector
    }
    private var byName: [String: [Numbered]] = [:]
    private var traits: [Numbered] = []
    private var consents: [Numbered] = []
    private let parser = JSONParser()
    private let texts: TextNumbers
    private let consent: @Sendable (RecordView, JSON) -> ConsentWord?
    private let vocabulary: Vocabulary
    /// By the number of the event; filled in as events come.
    private var byEvent: [[Numbered]?] = []
    var isEmpty: Bool { byName.isEmpty && traits.isEmpty && consents.isEmpty }

    init(
        _ selectors: [Numbered], texts: TextNumbers, vocabulary: Vocabulary, consent: @escaping @Sendable (RecordView, JSON) -> ConsentWord?
    ) {
        self.texts = texts
        self.vocabulary = vocabulary
        self.consent = consent
        for one in selectors {
            switch one.selector.subject {
            case .event(let name): byName[name, default: []].append(one)
            case .trait: traits.append(one)
            case .consent: consents.append(one)
            }
        }
    }

    /// Calls back with the marks that an interaction makes, the number of the selector in the place of the event's.
    /// - Parameter mark: The interaction's own.
    mutating func match(_ record: RecordView, _ mark: Mark, _ body: (Mark) throws -> Void) throws {
        if !consents.isEmpty { try matchConsents(record, mark, body) }
        let isTraits = record.type == .identify || record.type == .group
        if isTraits, !traits.isEmpty, !record.properties.isEmpty {
            var told = mark
            // A clock that runs ahead may not keep later words from counting for longer than a day.
            told.second = UInt32(clamping: min(record.at, record.receivedAt + 86_400_000).seconds)
            try parser.parse(record.properties) { root in
                for one in traits { try matchTrait(one, root, isGroup: record.type == .group, told, body) }
            }
        }
        let selectors = selectors(record, mark.event)
        guard !selectors.isEmpty else { return }
        if record.properties.isEmpty {
            try "{}".withUTF8Bytes { bytes in try parser.parse(bytes) { try match(selectors, record, $0, mark, body) } }
        } else {
            try parser.parse(record.properties) { try match(selectors, record, $0, mark, body) }
        }
    }

    private mutating func selectors(_ record: RecordView, _ event: UInt16) -> [Numbered] {
        guard !byName.isEmpty else { return [] }
        guard event != EventNames.others else { return byName[record.name] ?? [] }
        let event = Int(event)
        if event >= byEvent.count { byEvent += Array(repeating: nil, count: event + 1 - byEvent.count) }
        if let known = byEvent[event] { return known }
        let found = byName[record.name] ?? []
        byEvent[event] = found
        return found
    }

    private func matchTrait(_ one: Numbered, _ root: JSONValueView, isGroup: Bool, _ mark: Mark, _ body: (Mark) throws -> Void) rethrows {
        guard case .trait(let key) = one.selector.subject, !isGroup || key == "group_id", let value = root[named: key] else { return }
        var mark = mark
        mark.event = one.number
        if value.isNull {
            mark.value = .nan
        } else if let number = number(value, as: one.selector.type, one.number) {
            mark.value = number
        } else {
            // It was said, and is nothing that formulas can work with.
            mark.value = .nan
        }
        try body(mark)
    }

    private func matchConsents(_ record: RecordView, _ mark: Mark, _ body: (Mark) throws -> Void) throws {
        guard let last = record.nameBytes.last, last | 32 == 100 || last | 32 == 110 else { return }
        let properties = record.properties.isEmpty ? JSON.object([]) : try parser.parse(record.properties) { $0.toJSON() }
        guard let word = consent(record, properties) else { return }
        for one in consents {
            guard case .consent(let channel, let purpose) = one.selector.subject, purpose == word.purpose,
                word.channel == nil || word.channel == channel
            else { continue }
            var mark = mark
            mark.event = one.number
            mark.value = word.given ? 1 : 0
            try body(mark)
        }
    }

    private func match(
        _ selectors: [Numbered], _ record: RecordView, _ root: JSONValueView, _ mark: Mark, _ body: (Mark) throws -> Void
    ) rethrows {
        for one in selectors {
            var mark = mark
            mark.event = one.number
            let selector = one.selector
            guard let list = selector.property?.list else {
                if let condition = selector.condition, !holds(condition, Scope(record: record, root: root, element: nil)) { continue }
                guard let path = selector.property else {
                    mark.value = .nan
                    try body(mark)
                    continue
                }
                if path == PropertyPath("value") {
                    mark.value = record.rawValue
                } else {
                    guard let value = Self.find(path.steps, root), let number = number(value, as: selector.type, one.number) else { continue }
                    mark.value = number
                }
                if !mark.value.isNaN { try body(mark) }
                continue
            }
            try each(list.outer[...], root) { element in
                if let condition = selector.condition, !holds(condition, Scope(record: record, root: root, element: element)) { return }
                if list.inner.isEmpty, element.isObject || element.isArray {
                    mark.value = .nan
                } else {
                    guard let value = Self.find(list.inner, element), let number = number(value, as: selector.type, one.number) else { return }
                    mark.value = number
                }
                try body(mark)
            }
        }
    }

    /// Calls back with the elements of the last list of the steps.
    private func each(_ steps: ArraySlice<PropertyPath.Step>, _ value: JSONValueView, _ body: (JSONValueView) throws -> Void) rethrows {
        guard let step = steps.first else { return try body(value) }
        guard value.isObject, let inner = value[named: step.key] else { return }
        guard step.isEach else { return try each(steps.dropFirst(), inner, body) }
        guard inner.isArray else { return }
        for element in inner.elements { try each(steps.dropFirst(), element, body) }
    }

    private static func find(_ steps: [PropertyPath.Step], _ value: JSONValueView) -> JSONValueView? {
        var value = value
        for step in steps {
            guard value.isObject, let inner = value[named: step.key] else { return nil }
            value = inner
        }
        return value
    }

    // MARK: Values

    /// A value as the number that a mark has for it; nil when it is of another kind.
    private func number(_ value: JSONValueView, as type: ValueType, _ selector: UInt16) -> Double? {
        switch type {
        case .text: FormulaValue.text(value).flatMap { texts.number($0, for: selector) }
        case .number, .duration: FormulaValue.number(value)
        case .flag: FormulaValue.flag(value).map { $0 ? 1 : 0 }
        case .date: FormulaValue.date(value)
        case .texts: nil
        }
    }

    // MARK: Conditions

    private struct Scope {
        let record: RecordView
        let root: JSONValueView
        let element: JSONValueView?

        func find(_ path: PropertyPath) -> JSONValueView? {
            if let element, let found = SelectorMatcher.find(path.steps, element) { return found }
            return SelectorMatcher.find(path.steps, root)
        }
    }

    private func holds(_ condition: Condition, _ scope: Scope) -> Bool {
        switch condition {
        case .and(let a, let b): return holds(a, scope) && holds(b, scope)
        case .or(let a, let b): return holds(a, scope) || holds(b, scope)
        case .not(let a): return !holds(a, scope)
        case .compare(let comparison, let a, let b):
            if let left = number(a, scope), let right = number(b, scope) { return comparison.holds(left, right) }
            guard let left = text(a, scope), let right = text(b, scope) else { return false }
            let same = TextCase.folded(left) == TextCase.folded(right)
            return comparison == .equal ? same : comparison == .notEqual && !same
        case .match(let match, let a, let b):
            guard let part = text(b, scope) else { return false }
            if case .property(let path, .texts) = a {
                guard let list = scope.find(path), list.isArray else { return false }
                return list.elements.contains { FormulaValue.text($0).map { TextCase.folded($0) == TextCase.folded(part) } ?? false }
            }
            return text(a, scope).map { match.holds($0, part) } ?? false
        case .oneOf(let a, let texts): return text(a, scope).map { texts.contains(TextCase.folded($0)) } ?? false
        case .oneOfNumbers(let a, let numbers): return number(a, scope).map { numbers.contains($0) } ?? false
        case .known(let a, let isKnown): return isHere(a, scope) == isKnown
        case .isTrue(let a): return number(a, scope) == 1
        }
    }

    private func isHere(_ value: Condition.Value, _ scope: Scope) -> Bool {
        switch value {
        case .property(let path, _): scope.find(path).map { !$0.isNull } ?? false
        case .media: scope.record.media != .unknown
        default: true
        }
    }

    /// Of everything that is compared as a number.
    private func number(_ value: Condition.Value, _ scope: Scope) -> Double? {
        switch value {
        case .number(let number): number
        case .property(let path, let type):
            switch type {
            case .number, .duration:
                path == PropertyPath("value")
                    ? scope.find(path).flatMap(FormulaValue.number) ?? scope.record.value : scope.find(path).flatMap(FormulaValue.number)
            case .flag: scope.find(path).flatMap(FormulaValue.flag).map { $0 ? 1 : 0 }
            case .date: scope.find(path).flatMap(FormulaValue.date)
            case .text, .texts: nil
            }
        case .channel, .media, .direction, .text: nil
        }
    }

    private func text(_ value: Condition.Value, _ scope: Scope) -> String? {
        switch value {
        case .text(let text): text
        case .channel: vocabulary.name(of: scope.record.channel)
        case .media: scope.record.media.name
        case .direction: scope.record.direction.name
        case .property(let path, .text): scope.find(path).flatMap(FormulaValue.text)
        case .property, .number: nil
        }
    }
}

/// How values of interactions are read as the kinds that formulas know.
enum FormulaValue {
    /// A number, or a text that is one.
    static func number(_ value: JSONValueView) -> Double? {
        if let number = value.double { return number }
        guard let text = value.string, text.utf8.count <= 40, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// A text of at most 1,000 characters, or a number as it is written.
    static func text(_ value: JSONValueView) -> String? {
        if let text = value.string { return text.utf8.count <= 1_000 ? text : String(text.prefix(1_000)) }
        if let whole = value.int64 { return String(whole) }
        return value.double.map(FormulaText.number)
    }

    /// `true`, `false`, or the words `yes` and `no`.
    static func flag(_ value: JSONValueView) -> Bool? {
        if let flag = value.bool { return flag }
        switch value.string?.lowercased() {
        case "true", "yes": return true
        case "false", "no": return false
        default: return nil
        }
    }

    /// Seconds since 1970 of an RFC 3339 time; a day is its midnight, UTC.
    static func date(_ value: JSONValueView) -> Double? {
        value.string.flatMap { Instant($0) }.map { Double($0.milliseconds) / 1000 }
    }
}

extension String {
    fileprivate func withUTF8Bytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        var copy = self
        return try copy.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
    }
}
