/// Writes YAML as people would: two spaces, quotation marks only where they are needed.
package struct YAMLText: Sendable {
    package private(set) var text = ""
    private var depth = 0

    package init() {}

    /// A line that explains.
    package mutating func comment(_ words: String) { line("# \(words)") }

    /// `key: value`.
    package mutating func put(_ key: String, _ value: String) { line("\(Self.scalar(key)): \(Self.scalar(value))") }
    package mutating func put(_ key: String, _ value: Bool) { line("\(Self.scalar(key)): \(value)") }
    package mutating func put(_ key: String, _ value: Int) { line("\(Self.scalar(key)): \(value)") }

    /// `key: value`, with a text of several lines as a block of them.
    package mutating func block(_ key: String, _ value: String) {
        let lines = value.split(separator: "\n", omittingEmptySubsequences: false)
        let isBlock = lines.count > 1 && lines.allSatisfy { !$0.hasSuffix(" ") && !$0.contains("\t") && !$0.contains("\r") } && lines[0].first != " "
        guard isBlock, !(lines[0].isEmpty) else { return put(key, value) }
        // A block ends with one line break, which is then part of the text; `-` takes it away.
        line("\(Self.scalar(key)): |\(value.hasSuffix("\n") ? "" : "-")")
        depth += 1
        for one in value.hasSuffix("\n") ? lines.dropLast() : lines[...] { one.isEmpty ? (text += "\n") : line(String(one)) }
        depth -= 1
    }

    /// A list of texts, on one line when that is short.
    package mutating func put(_ key: String, _ values: [String]) {
        let flow = "\(Self.scalar(key)): [\(values.map { Self.scalar($0, inFlow: true) }.joined(separator: ", "))]"
        if flow.count + depth * 2 <= 100 { return line(flow) }
        line("\(Self.scalar(key)):")
        depth += 1
        for value in values { line("- \(Self.scalar(value))") }
        depth -= 1
    }

    /// A list of mappings below a key, each entry's first line behind a dash.
    package mutating func list<T>(_ key: String, _ values: [T], _ write: (T, inout YAMLText) -> Void) {
        if values.isEmpty { return line("\(Self.scalar(key)): []") }
        line("\(Self.scalar(key)):")
        for value in values {
            var inner = YAMLText()
            write(value, &inner)
            // A block of text may have empty lines, which stay empty.
            for (i, said) in inner.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
                if said.isEmpty { text += "\n" } else { line((i == 0 ? "  - " : "    ") + said) }
            }
        }
    }

    /// A mapping below a key.
    package mutating func mapping(_ key: String, _ write: (inout YAMLText) -> Void) {
        let before = text.count
        line("\(Self.scalar(key)):")
        let opened = text.count
        depth += 1
        write(&self)
        depth -= 1
        if text.count == opened {
            text.removeLast(opened - before)
            line("\(Self.scalar(key)): {}")
        }
    }

    /// A line as it is, at the depth of where it stands.
    package mutating func line(_ content: String) {
        text += String(repeating: "  ", count: depth) + content + "\n"
    }

    /// A text so that it reads back as the same text.
    package static func scalar(_ text: String, inFlow: Bool = false) -> String {
        if isPlain(text) { return text }
        let printable = text.unicodeScalars.allSatisfy {
            $0.value >= 32 && $0.value != 127 && !(0x80...0x9F).contains($0.value) && !breaks.contains($0)
        }
        if printable { return "'" + text.replacing("'", with: "''") + "'" }
        var out = "\""
        for c in text.unicodeScalars {
            switch c {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case _ where c.value < 32 || c.value == 127 || (0x80...0x9F).contains(c.value) || breaks.contains(c):
                out += "\\u" + String(repeating: "0", count: 4 - String(c.value, radix: 16).count) + String(c.value, radix: 16)
            default: out.unicodeScalars.append(c)
            }
        }
        return out + "\""
    }

    /// Line breaks and marks that YAML folds or refuses.
    private static let breaks: Set<Unicode.Scalar> = ["\u{2028}", "\u{2029}", "\u{FEFF}"]
    /// Words that other readers of YAML take for something else.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]

    /// Safe without quotation marks everywhere, also for other programs: letters, digits and a few marks, beginning with a letter.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.properties.isAlphabetic, !words.contains(text.lowercased()), text.last != " " else {
            return false
        }
        return text.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./+@ ".unicodeScalars.contains($0) }
    }
}
