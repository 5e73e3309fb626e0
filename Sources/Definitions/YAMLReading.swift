import Yams

// How a document's text becomes a tree.
//
// YAML can do much more than a definition needs, and some of it does harm. A document is refused when it
//   - has more than 60,000 bytes (it must fit one record of the ledger),
//   - is no UTF-8,
//   - nests deeper than 20,
//   - uses anchors and aliases (`&name`, `*name`), which let a few lines stand for billions,
//   - uses tags (`!name`), keys that are no text, or a key twice.
//
// The parser below (libyaml) stops at a depth of 1,000 by itself. It shares what an alias stands for instead of copying it, but
// hashes keys by all that they hold, so that a key built of aliases of aliases would keep it busy for years. Hence the look for
// aliases before it starts: see ``aliased(_:)``.

package enum YAMLReading {
    /// The most bytes a document may have.
    package static let largest = 60_000
    /// How deep a document may nest. What definitions need is about six.
    package static let deepest = 20

    /// The document's tree; nil, with what is wrong in `findings`, when it cannot be read.
    package static func read(_ bytes: [UInt8], file: String, _ findings: Findings) -> YAMLNode? {
        let start = Place(file: file, line: 1, column: 1)
        func refuse(_ what: String, _ mend: String, at place: Place) -> YAMLNode? {
            findings.add(Finding(place: place, path: "", what: what, mend: mend))
            return nil
        }
        guard bytes.count <= largest else {
            return refuse("a document may have \(largest) bytes, this one has \(bytes.count)", "split it into several documents", at: start)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return refuse("this is no UTF-8", "save the file as UTF-8", at: place(ofFirstWrongByteIn: bytes, file: file))
        }
        if let at = aliased(bytes) {
            return refuse(
                "anchors and aliases are not used here", "write the value out, or put it in quotation marks", at: place(at, in: bytes, file))
        }
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            // The parser holds the anchors that its nodes only refer to weakly.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    return refuse("the file is empty", "write a definition, or remove the file", at: start)
                }
                var tree = Tree(file: file, findings: findings)
                return tree.node(root, depth: 1, fallback: start)
            }
        } catch let error as YamlError {
            let told = explain(error, text, file)
            return refuse(told.what, told.mend, at: told.place)
        } catch {
            return refuse("this is no YAML (\(error))", "see docs/definitions.md for the form", at: start)
        }
    }

    /// Where an anchor stands that is used by an alias, as an offset into the bytes; nil when there is none.
    ///
    /// Errs on the safe side without parsing: an anchor can only begin at the start or after a blank, a line break or one of
    /// `[{]},:?-`, and so can an alias; a document that has both for the same name is taken to mean them, even where they
    /// stand within a longer text.
    static func aliased(_ bytes: [UInt8]) -> Int? {
        func isName(_ c: UInt8) -> Bool { c | 32 >= 97 && c | 32 <= 122 || c >= 48 && c <= 57 || c == 45 || c == 95 }
        func mayPrecede(_ c: UInt8) -> Bool { c <= 32 || c >= 128 || "[{]},:?-".utf8.contains(c) }
        var anchors: [ArraySlice<UInt8>: Int] = [:]
        var aliases: Set<ArraySlice<UInt8>> = []
        for (i, c) in bytes.enumerated() where c == UInt8(ascii: "&") || c == UInt8(ascii: "*") {
            if i > 0, !mayPrecede(bytes[i - 1]) { continue }
            let name = bytes[(i + 1)...].prefix(while: isName)
            if name.isEmpty { continue }
            if c == UInt8(ascii: "&") { anchors[name] = min(anchors[name] ?? i, i) } else { aliases.insert(name) }
        }
        return anchors.filter { aliases.contains($0.key) }.values.min()
    }

    private static func place(_ offset: Int, in bytes: [UInt8], _ file: String) -> Place {
        let before = bytes[..<offset]
        let lineStart = (before.lastIndex(of: 10) ?? -1) + 1
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 }
        return Place(file: file, line: before.count { $0 == 10 } + 1, column: column + 1)
    }

    private static func place(ofFirstWrongByteIn bytes: [UInt8], file: String) -> Place {
        // By halving. A prefix may end within a letter, so up to 3 bytes less count as valid too; they are taken off at the end.
        func isText(_ count: Int) -> Bool { String(validating: bytes[..<count], as: UTF8.self) != nil }
        var low = 0
        var high = bytes.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if (0...min(3, middle)).contains(where: { isText(middle - $0) }) { low = middle } else { high = middle }
        }
        let end = (0...min(3, low)).map { low - $0 }.first(where: isText) ?? low
        return place(end, in: bytes, file)
    }

    /// The parser's words in ours. libyaml says what it expected; here is what people most often did.
    private static func explain(_ error: YamlError, _ text: String, _ file: String) -> (what: String, mend: String, place: Place) {
        let start = Place(file: file, line: 1, column: 1)
        func at(_ mark: Mark) -> Place { Place(file: file, line: mark.line, column: mark.column) }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            let (what, mend) = advice(for: problem)
            return (what, mend, at(mark))
        case .reader(let problem, let offset, let value, _):
            let lines = text.prefix(offset ?? 0).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            let which = value > 0 ? " (U+\(String(value, radix: 16, uppercase: true)))" : ""
            return (
                "\(problem)\(which)", "remove the character, or write it escaped in \"quotation marks\"",
                Place(file: file, line: lines.count, column: (lines.last?.count ?? 0) + 1)
            )
        case .duplicatedKeysInMapping(let keys, let context):
            return ("\(keys.joined(separator: ", ")) is written twice", "keep one of them", at(context.mark))
        default:
            return ("this is no YAML (\(error))", "see docs/definitions.md for the form", start)
        }
    }

    private static func advice(for problem: String) -> (what: String, mend: String) {
        switch problem {
        case let p where p.contains("found another document"):
            ("a second document begins here (---)", "put it in a file of its own")
        case let p where p.contains("undefined alias"):
            ("* at the start of a value has a meaning in YAML", "put the value in quotation marks")
        case let p where p.contains("mapping values are not allowed"):
            ("a colon stands where YAML allows none", "put the value in quotation marks, or mend the indentation")
        case let p where p.contains("cannot start any token"):
            ("a value cannot begin with this character (or a tab stands where spaces must)", "put the value in quotation marks, indent with spaces")
        case let p where p.contains("could not find expected ':'"):
            ("a key without a colon", "write `key: value`, and mind the indentation")
        case let p where p.contains("did not find expected key"), let p where p.contains("did not find expected '-'"):
            ("the indentation does not fit what stands before", "indent as the lines of the same list or mapping are")
        case let p where p.contains("unexpected end of stream"), let p where p.contains("did not find expected ',' or"):
            ("a bracket or a quotation mark is not closed", "close it")
        case let p where p.contains("expected node content"):
            ("a value is missing, or a bracket is not closed", "write the value, or close the bracket")
        case let p where p.contains("nesting level"):
            ("a document may nest \(deepest) deep", "write it flatter")
        case let p where p.contains("unknown escape character"):
            ("a \\ in \"quotation marks\" has a meaning", "use 'single quotation marks'")
        default: ("this is no YAML: \(problem)", "see docs/definitions.md for the form")
        }
    }
}

/// Turns the parser's tree into ours and tells what is not used here.
private struct Tree {
    let file: String
    let findings: Findings
    private static let usualTags: Set<String> = ["", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"]

    mutating func node(_ node: Node, depth: Int, fallback: Place) -> YAMLNode? {
        let place = node.mark.map { Place(file: file, line: $0.line, column: $0.column) } ?? fallback
        func refuse(_ what: String, _ mend: String) { findings.add(Finding(place: place, path: "", what: what, mend: mend)) }
        guard depth <= YAMLReading.deepest else {
            refuse("a document may nest \(YAMLReading.deepest) deep", "write it flatter")
            return nil
        }
        if node.anchor != nil { refuse("& at the start of a value has a meaning in YAML", "put the value in quotation marks") }
        let tag = node.tag.description
        if !Self.usualTags.contains(tag) {
            refuse("tags (\(tag.prefix(40))) are not used here", "put the value in quotation marks, or remove the tag")
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(.text(scalar.string, plain: scalar.style == .plain || scalar.style == .any), at: place)
        case .sequence(let sequence):
            return YAMLNode(.list(sequence.compactMap { self.node($0, depth: depth + 1, fallback: place) }), at: place)
        case .mapping(let mapping):
            return YAMLNode(.mapping(mapping.compactMap { entry($0.key, $0.value, depth, place) }), at: place)
        case .alias:
            refuse("anchors and aliases are not used here", "write the value out")
            return nil
        }
    }

    private mutating func entry(_ key: Node, _ value: Node, _ depth: Int, _ fallback: Place) -> YAMLNode.Entry? {
        guard let key = self.node(key, depth: depth + 1, fallback: fallback) else { return nil }
        guard case .text(let name, _) = key.content else {
            findings.add(Finding(place: key.place, path: "", what: "a key must be a text, found \(key.noun)", mend: "write a word before the colon"))
            return nil
        }
        if name == "<<" { findings.add(Finding(place: key.place, path: "", what: "merging (<<) is not used here", mend: "write the values out")) }
        return self.node(value, depth: depth + 1, fallback: key.place).map { YAMLNode.Entry(key: name, keyPlace: key.place, value: $0) }
    }
}
