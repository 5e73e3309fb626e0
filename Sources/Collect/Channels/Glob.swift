/// A pattern as people write them: `Email *`, where `*` stands for any text, also none. ASCII letters match in either case.
package struct Glob: Sendable, Equatable {
    package let pattern: String
    private let parts: [[UInt8]]

    package init(_ pattern: String) {
        self.pattern = pattern
        parts = pattern.utf8.split(separator: 42, omittingEmptySubsequences: false).map { $0.map(Glob.lower) }
    }

    /// How many bytes of the text the pattern names.
    var letters: Int { parts.reduce(0) { $0 + $1.count } }

    package static func == (a: Glob, b: Glob) -> Bool { a.pattern == b.pattern }

    /// Whether the whole text matches.
    package func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = parts.first, let last = parts.last, has(text, first, at: 0) else { return false }
        if parts.count == 1 { return text.count == first.count }
        var from = first.count
        let end = text.count - last.count
        guard end >= from, has(text, last, at: end) else { return false }
        // What stands between two stars is taken where it first is: later places only leave less room.
        for part in parts.dropFirst().dropLast() {
            guard let found = find(text, part, from, end) else { return false }
            from = found + part.count
        }
        return true
    }

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    private func has(_ text: UnsafeRawBufferPointer, _ part: [UInt8], at from: Int) -> Bool {
        guard from + part.count <= text.count else { return false }
        for i in 0..<part.count where Glob.lower(text[from + i]) != part[i] { return false }
        return true
    }

    private func find(_ text: UnsafeRawBufferPointer, _ part: [UInt8], _ from: Int, _ end: Int) -> Int? {
        var i = from
        while i + part.count <= end {
            if has(text, part, at: i) { return i }
            i += 1
        }
        return nil
    }

    static func lower(_ c: UInt8) -> UInt8 { c &- 65 < 26 ? c | 32 : c }
}
