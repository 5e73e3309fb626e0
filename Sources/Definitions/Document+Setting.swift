extension Document {
    /// The text with some settings changed, and everything else, comments and order too, as it was written.
    ///
    /// Works on documents that have each setting on lines of its own, as nearly all do. A list over several lines that is changed
    /// loses what was written between its lines.
    /// - Parameter settings: The settings to change, each with the lines that say its new value (`name: Shop`); nil takes it out.
    /// - Returns: nil when the text is written so that this cannot be done: within brackets, or several settings on a line.
    package func text(setting settings: [(key: String, lines: [String]?)]) -> String? {
        guard case .mapping(let entries) = body.content, !isOneOfSeveral else { return nil }
        let sorted = entries.sorted { $0.keyPlace < $1.keyPlace }
        guard let first = sorted.first, first.keyPlace.line > place.line, Set(sorted.map(\.keyPlace.line)).count == sorted.count,
            sorted.allSatisfy({ $0.keyPlace.column == first.keyPlace.column })
        else { return nil }
        let indent = String(repeating: " ", count: first.keyPlace.column - 1)
        var lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        // From the end, so that the places of those before it stay true.
        var added: [String] = []
        var end = lines.count
        var edits: [(range: Range<Int>, lines: [String])] = []
        for (i, entry) in sorted.enumerated() {
            let start = entry.keyPlace.line - 1
            end = i + 1 < sorted.count ? sorted[i + 1].keyPlace.line - 1 : lines.count
            // Comments and empty lines belong to what follows them.
            while end > start + 1, Self.saysNothing(lines[end - 1]) { end -= 1 }
            guard let setting = settings.first(where: { $0.key == entry.key }) else { continue }
            var new = (setting.lines ?? []).map { indent + $0 }
            if new.count == 1, end == start + 1, let comment = Self.comment(of: lines[start]) { new[0] += " " + comment }
            edits.append((start..<end, new))
        }
        for setting in settings where !sorted.contains(where: { $0.key == setting.key }) {
            added += (setting.lines ?? []).map { indent + $0 }
        }
        lines.insert(contentsOf: added, at: end)
        for edit in edits.reversed() { lines.replaceSubrange(edit.range, with: edit.lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func saysNothing(_ line: String) -> Bool {
        let said = line.drop { $0 == " " || $0 == "\t" }
        return said.isEmpty || said.first == "#"
    }

    /// The comment at the end of a line that has a whole setting; nil when there is none.
    private static func comment(of line: String) -> String? {
        var quote: Character?
        var before: Character = " "
        for at in line.indices {
            let c = line[at]
            if let open = quote {
                if c == open { quote = nil }
            } else if (c == "\"" || c == "'") && " [,{:".contains(before) {
                quote = c
            } else if c == "#", before == " " || before == "\t" {
                return String(line[at...])
            }
            before = c
        }
        return nil
    }
}
