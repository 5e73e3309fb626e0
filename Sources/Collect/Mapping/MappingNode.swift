import Yams

/// A value of a mapping file with its place, and the sentences for what is wrong with it.
struct MappingNode {
    let node: Node
    let path: String
    /// What it is, for problems: “event 2 of source “orders””.
    let what: String

    var place: MappingPlace {
        MappingPlace(path: path, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    init(_ node: Node, path: String, what: String) {
        self.node = node
        self.path = path
        self.what = what
    }

    /// The whole document.
    init(yaml: String, path: String) throws(MappingProblem) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw Self.problem(error, path: path)
        } catch {
            throw .notYAML(MappingPlace(path: path, line: 1, column: 1), "\(error)")
        }
        guard let root else { throw .missing(MappingPlace(path: path, line: 1, column: 1), key: "mapping", of: "the file") }
        self.init(root, path: path, what: "the mapping")
    }

    private static func problem(_ error: YamlError, path: String) -> MappingProblem {
        func place(_ mark: Mark?) -> MappingPlace { MappingPlace(path: path, line: mark?.line ?? 1, column: mark?.column ?? 1) }
        switch error {
        case .scanner(_, let words, let mark, _), .parser(_, let words, let mark, _), .composer(_, let words, let mark, _):
            return .notYAML(place(mark), words)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return .repeated(place(context.mark), what: "key", name: duplicates.first ?? "")
        default:
            return .notYAML(place(nil), "\(error)")
        }
    }

    /// The text of a scalar, whatever YAML makes of it: `yes` is “yes”.
    func text() throws(MappingProblem) -> String {
        guard case .scalar(let scalar) = node else { throw .shape(place, what: what, wanted: "a text") }
        return scalar.string
    }
    /// A text that may not be empty.
    func word() throws(MappingProblem) -> String {
        let text = try text()
        if text.isEmpty { throw .shape(place, what: what, wanted: "a text that is not empty") }
        return text
    }
    /// Whether a plain scalar stands here, which YAML reads as a number or a yes or no when it looks like one.
    var isPlainScalar: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .plain || scalar.style == .any
    }
    var isMap: Bool { if case .mapping = node { true } else { false } }
    var isList: Bool { if case .sequence = node { true } else { false } }

    func yesNo() throws(MappingProblem) -> Bool {
        switch try text().lowercased() {
        case "yes", "true", "on": return true
        case "no", "false", "off": return false
        default: throw .value(place, what: what, value: try text(), wanted: "yes or no", known: [])
        }
    }
    func integer(_ range: ClosedRange<Int>) throws(MappingProblem) -> Int {
        guard let number = Int(try text()), range.contains(number) else {
            throw .value(place, what: what, value: try text(), wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)", known: [])
        }
        return number
    }
    /// One of the words of an enumeration.
    func choice<T: RawRepresentable & CaseIterable>(_: T.Type) throws(MappingProblem) -> T where T.RawValue == String {
        let word = try text()
        guard let made = T(rawValue: word) else {
            throw .value(place, what: what, value: word, wanted: "one of a few words", known: T.allCases.map(\.rawValue))
        }
        return made
    }
    /// The elements of a list; a single value is a list of one.
    func elements() -> [MappingNode] {
        guard case .sequence(let sequence) = node else { return [self] }
        return sequence.enumerated().map { MappingNode($1, path: path, what: "entry \($0 + 1) of \(what)") }
    }
    func map() throws(MappingProblem) -> MappingMap {
        guard case .mapping(let mapping) = node else { throw .shape(place, what: what, wanted: "keys with values, one a line") }
        var entries: [(String, MappingNode)] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                throw .shape(
                    MappingPlace(path: path, line: key.mark?.line ?? 1, column: key.mark?.column ?? 1), what: "a key of \(what)", wanted: "a text")
            }
            entries.append((name, MappingNode(value, path: path, what: "“\(name)” of \(what)")))
        }
        return MappingMap(entries: entries, place: place, what: what)
    }
}

/// The keys of one map. What was not asked for is unknown.
struct MappingMap {
    let entries: [(name: String, node: MappingNode)]
    let place: MappingPlace
    let what: String
    private var asked: Set<String> = []

    init(entries: [(String, MappingNode)], place: MappingPlace, what: String) {
        self.entries = entries
        self.place = place
        self.what = what
    }

    mutating func take(_ key: String) -> MappingNode? {
        asked.insert(key)
        return entries.first { $0.name == key }?.node
    }
    mutating func need(_ key: String) throws(MappingProblem) -> MappingNode {
        guard let found = take(key) else { throw .missing(place, key: key, of: what) }
        return found
    }
    /// Refuses what nobody asked for.
    func finish() throws(MappingProblem) {
        for (name, node) in entries where !asked.contains(name) {
            throw .unknownKey(node.place, key: name, of: what, known: asked.sorted())
        }
    }
}
