import Kernel

/// Reads a mapping of a document, key by key, into values; says of all that does not fit what, where and how to mend it.
///
/// A value that is missing or does not fit reads as nil, so that reading goes on and finds the next problem. Keys that
/// nobody asked for are problems too: a misspelled setting must not be a setting that has no effect.
package final class Reader {
    /// Where the mapping stands.
    package let place: Place
    /// From the kind down: `identity.kinds.email`.
    package let path: String
    package let findings: Findings
    private let entries: [String: YAMLNode.Entry]
    private var asked: [String] = []
    /// Where what it is asked for is noted, and the path below the kind; nil for a reader of a document.
    private var log: (fields: FieldLog, path: String)?

    /// Reads `node`, lets `read` ask for its keys, then tells of the keys it did not ask for. nil when it is no mapping.
    /// A `key:` with nothing after it is an empty mapping.
    package static func read<T>(_ node: YAMLNode, path: String, _ findings: Findings, _ read: (Reader) throws -> T) rethrows -> T? {
        guard let reader = Reader(node, path: path, findings) else { return nil }
        defer { reader.tellUnknown() }
        return try read(reader)
    }

    /// A reader of nothing: whoever reads from it gets the defaults.
    package static func empty(_ kind: String) -> Reader {
        Reader(entries: [:], place: Place(file: "\(kind).yaml", line: 1, column: 1), path: kind, findings: Findings())
    }

    /// A reader of nothing that notes what it is asked for. Of each mapping it shows one, called ``DefinitionGuide/placeholder``.
    static func describing(_ kind: String, _ log: FieldLog) -> Reader {
        let reader = empty(kind)
        reader.log = (log, "")
        return reader
    }

    private func note(_ key: String, _ takes: @autoclosure () -> String) {
        if let log { log.fields.add(log.path + key, takes()) }
    }

    /// The reader of what stands below a key, when it is only noted what is asked for.
    /// Whether nothing stands here, and what is asked for is only noted.
    package var isDescribing: Bool { log != nil }

    private func describing(below path: String) -> Reader? {
        guard let log else { return nil }
        let reader = Reader(entries: [:], place: place, path: "\(self.path).\(path)", findings: findings)
        reader.log = (log.fields, log.path + path + ".")
        return reader
    }

    private init(entries: [String: YAMLNode.Entry], place: Place, path: String, findings: Findings) {
        self.entries = entries
        self.place = place
        self.path = path
        self.findings = findings
    }

    private convenience init?(_ node: YAMLNode, path: String, _ findings: Findings) {
        switch node.content {
        case .mapping(let entries):
            // The parser has refused keys that are written twice.
            self.init(entries: Dictionary(entries.map { ($0.key, $0) }) { $1 }, place: node.place, path: path, findings: findings)
        case .text where node.isNothing:
            self.init(entries: [:], place: node.place, path: path, findings: findings)
        default:
            findings.add(
                Finding(place: node.place, path: path, what: "expected a mapping, found \(node.noun)", mend: "write `key: value` below it, indented"))
            return nil
        }
    }

    private func tellUnknown() {
        for (key, entry) in entries where !asked.contains(key) {
            let advice = Nearest.advice(for: key, among: asked)
            findings.add(Finding(place: entry.keyPlace, path: path, what: "there is no \(key.prefix(60))", mend: advice))
        }
    }

    // MARK: What is wrong

    /// Adds a problem with the value of `key`, or with the whole mapping.
    package func problem(_ what: String, mend: String, with key: String? = nil, at place: Place? = nil) {
        let at = place ?? key.flatMap { entries[$0]?.value.place } ?? self.place
        findings.add(Finding(place: at, path: key.map { "\(path).\($0)" } ?? path, what: what, mend: mend))
    }

    /// The value, or nil and a problem when there is none: wrap it around any of the readings below.
    package func required<T>(_ key: String, _ value: T?, example: String) -> T? {
        if let log { log.fields.require(log.path + key) }
        if value == nil, entries[key] == nil { problem("\(key) is missing", mend: "write \(key): \(example)") }
        return value
    }

    /// Where the value of a key stands; the mapping's place when there is none.
    package func place(of key: String) -> Place { entries[key]?.value.place ?? place }

    private func expected(_ what: String, _ example: String, _ node: YAMLNode, _ key: String) {
        problem(
            "expected \(what), found \(node.noun)", mend: node.isNothing ? "write \(example), or remove the line" : "write \(example)", with: key,
            at: node.place)
    }

    // MARK: Values

    private func node(_ key: String) -> YAMLNode? {
        if !asked.contains(key) { asked.append(key) }
        return entries[key]?.value
    }

    /// True when the key stands there, whatever its value.
    package func has(_ key: String) -> Bool { node(key) != nil }

    /// A text of so many characters. Numbers are texts too.
    package func text(_ key: String, _ length: ClosedRange<Int> = 1...200, example: String = "a text") -> String? {
        note(key, Takes.text(length))
        guard let node = node(key) else { return nil }
        return text(node, key, length, example)
    }

    private func text(_ node: YAMLNode, _ key: String, _ length: ClosedRange<Int>, _ example: String) -> String? {
        guard case .text(let text, _) = node.content, !node.isNothing else {
            expected("a text", example, node, key)
            return nil
        }
        guard length.contains(text.count) else {
            problem(
                "may have \(length.lowerBound) to \(length.upperBound) characters, has \(text.count)",
                mend: text.count < length.lowerBound ? "write \(example)" : "shorten it",
                with: key, at: node.place)
            return nil
        }
        return text
    }

    /// `true` or `false`.
    package func flag(_ key: String) -> Bool? {
        note(key, Takes.flag)
        guard let node = node(key) else { return nil }
        switch node.content {
        case .text("true", plain: true): return true
        case .text("false", plain: true): return false
        default:
            expected("true or false", "\(key): true", node, key)
            return nil
        }
    }

    /// A whole number.
    package func whole(_ key: String, in range: ClosedRange<Int>) -> Int? {
        note(key, Takes.whole(range))
        guard let node = node(key) else { return nil }
        guard case .text(let text, plain: true) = node.content, let number = Int(text) else {
            expected("a whole number", "\(key): \(range.lowerBound)", node, key)
            return nil
        }
        guard range.contains(number) else {
            problem("\(number) is out of range", mend: "write a number from \(range.lowerBound) to \(range.upperBound)", with: key)
            return nil
        }
        return number
    }

    /// A whole number, or a word that stands for no number (`limit: none`): the inner nil.
    package func whole(_ key: String, in range: ClosedRange<Int>, or word: String) -> Int?? {
        note(key, Takes.whole(range, or: word))
        guard let node = node(key) else { return nil }
        if case .text(word, _) = node.content { return .some(nil) }
        guard case .text(let text, plain: true) = node.content, Int(text) != nil else {
            expected("a whole number or \(word)", "\(key): \(range.lowerBound) or \(key): \(word)", node, key)
            return nil
        }
        return whole(key, in: range).map { .some($0) }
    }

    /// One of some words.
    package func choice<T: RawRepresentable & CaseIterable>(_ key: String, of: T.Type = T.self) -> T? where T.RawValue == String {
        let words = T.allCases.map(\.rawValue)
        note(key, Takes.choice(words))
        guard let node = node(key) else { return nil }
        guard case .text(let text, _) = node.content, !node.isNothing else {
            expected("one of \(words.joined(separator: ", "))", "\(key): \(words.first ?? "")", node, key)
            return nil
        }
        if let value = T(rawValue: text) { return value }
        problem("\(text.prefix(60)) is none of \(words.joined(separator: ", "))", mend: Nearest.advice(for: text, among: words), with: key)
        return nil
    }

    /// A list of texts, each with its place. Those that do not fit are left out.
    package func texts(
        _ key: String, count: ClosedRange<Int> = 0...1_000, length: ClosedRange<Int> = 1...200, example: String = "a text"
    ) -> [(text: String, place: Place)]? {
        note(key, Takes.texts(count, length))
        guard let node = node(key) else { return nil }
        guard let elements = list(node, key, count, "a list of texts", "\(key): ['\(example)']") else { return nil }
        return elements.compactMap { element in text(element, key, length, example).map { ($0, element.place) } }
    }

    private func list(_ node: YAMLNode, _ key: String, _ count: ClosedRange<Int>, _ what: String, _ example: String) -> [YAMLNode]? {
        guard case .list(let elements) = node.content else {
            expected(what, example, node, key)
            return nil
        }
        guard count.contains(elements.count) else {
            let mend = elements.count < count.lowerBound ? "add to it" : "keep the most important ones"
            problem("may have \(count.lowerBound) to \(count.upperBound) entries, has \(elements.count)", mend: mend, with: key)
            return nil
        }
        return elements
    }

    /// A mapping below this one.
    package func mapping<T>(_ key: String, _ read: (Reader) -> T) -> T? {
        note(key, Takes.mapping)
        if let inner = describing(below: key) { return read(inner) }
        return node(key).flatMap { Reader.read($0, path: "\(path).\(key)", findings, read) }
    }

    /// A list of mappings.
    package func mappings<T>(_ key: String, count: ClosedRange<Int> = 0...1_000, _ read: (Reader) -> T) -> [T]? {
        note(key, Takes.mappings(count))
        if let inner = describing(below: key + "[]") { return [read(inner)] }
        guard let node = node(key) else { return nil }
        guard let elements = list(node, key, count, "a list of mappings", "- key: value, below it") else { return nil }
        return elements.enumerated().compactMap { i, element in Reader.read(element, path: "\(path).\(key)[\(i + 1)]", findings, read) }
    }

    /// A mapping of names that the company gives to mappings: `kinds: {customer_number: {…}}`. In the order they are written.
    package func named<T>(_ key: String, count: ClosedRange<Int> = 0...1_000, _ read: (_ name: String, _ place: Place, Reader) -> T) -> [T]? {
        note(key, Takes.named(count))
        let name = DefinitionGuide.placeholder
        if let inner = describing(below: "\(key).\(name)") { return [read(name, place, inner)] }
        guard let node = node(key) else { return nil }
        if node.isNothing { return [] }
        guard case .mapping(let entries) = node.content else {
            expected("a mapping of names", "name: and its settings, below it", node, key)
            return nil
        }
        guard count.contains(entries.count) else {
            problem(
                "may have \(count.lowerBound) to \(count.upperBound) entries, has \(entries.count)", mend: "keep the most important ones", with: key)
            return nil
        }
        return entries.compactMap { entry in
            Reader.read(entry.value, path: "\(path).\(key).\(entry.key)", findings) { read(entry.key, entry.keyPlace, $0) }
        }
    }
}
