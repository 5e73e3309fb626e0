import Foundation

// Personal data within texts: what is known of the customer, and what has the form of an address or a number.
extension Mask {
    /// A text without what is hidden.
    /// - Parameter secrets: What is hidden of the customer it is about, the longest first.
    func text(_ text: String, _ secrets: [String]) -> String {
        if isNone || text.isEmpty { return text }
        var out = text
        if fields.families.contains(.email) { out = Self.withoutAddresses(out) }
        if fields.families.contains(.phone) { out = Self.withoutNumbers(out) }
        for secret in secrets where secret != Self.hidden { out = Self.without(secret, out) }
        return out
    }

    /// Without a value, where it stands as a word or words of its own; upper and lower case, accents and marks are one.
    private static func without(_ secret: String, _ text: String) -> String {
        var out = text
        var from = out.startIndex
        while let found = out.range(of: secret, options: [.caseInsensitive, .diacriticInsensitive], range: from..<out.endIndex) {
            let isWord =
                (found.lowerBound == out.startIndex || !isPart(out[out.index(before: found.lowerBound)]))
                && (found.upperBound == out.endIndex || !isPart(out[found.upperBound]))
            if isWord {
                let start = out.distance(from: out.startIndex, to: found.lowerBound)
                out.replaceSubrange(found, with: hidden)
                from = out.index(out.startIndex, offsetBy: start + hidden.count)
            } else {
                from = out.index(after: found.lowerBound)
            }
        }
        return out
    }

    private static func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// Without what has the form of an e-mail address, `@` or as an address of the web writes it (`%40`).
    static func withoutAddresses(_ text: String) -> String {
        guard text.utf8.contains(64) || text.utf8.contains(37) else { return text }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            let at = bytes[i] == 64 ? 1 : bytes[i...].starts(with: [37, 52, 48]) ? 3 : 0
            let start = out.lastIndex { !isLocal($0) }.map { $0 + 1 } ?? 0
            var end = i + at
            while at > 0, end < bytes.count, isDomain(bytes[end]) { end += 1 }
            guard at > 0, start < out.count, end > i + at else {
                out.append(bytes[i])
                i += 1
                continue
            }
            out.removeSubrange(start...)
            out.append(contentsOf: hidden.utf8)
            i = end
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isLocal(_ c: UInt8) -> Bool {
        isDomain(c) || "_%+'!#$&*/=?^`{|}~".utf8.contains(c) && c != 47 && c != 61 && c != 63 && c != 38
    }
    private static func isDomain(_ c: UInt8) -> Bool {
        (48...57).contains(c) || (97...122).contains(c | 32) || c >= 128 || c == 45 || c == 46
    }

    /// Without what has the form of a phone number: 7 to 20 digits behind a `+`, or 8 to 20 that begin with 0, with the marks that
    /// people write between them.
    static func withoutNumbers(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 43 || $0 == 48 }) else { return text }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var i = 0
        while i < bytes.count {
            let before = i == 0 ? 32 : bytes[i - 1]
            let mayBegin = bytes[i] == 43 || (bytes[i] == 48 && !isDomain(before) && before != 58)
            guard mayBegin, let end = numberEnd(bytes, from: i) else {
                out.append(bytes[i])
                i += 1
                continue
            }
            out.append(contentsOf: hidden.utf8)
            i = end
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func numberEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        var digits = 0
        var end = start + 1
        var at = start
        while at < bytes.count, (48...57).contains(bytes[at]) || " ()-./+\u{A0}".utf8.contains(bytes[at]) {
            if (48...57).contains(bytes[at]) {
                digits += 1
                end = at + 1
            }
            at += 1
        }
        guard (bytes[start] == 43 ? 7...20 : 8...20).contains(digits) else { return nil }
        // Letters behind it: an id, not a number.
        return end < bytes.count && (97...122).contains(bytes[end] | 32) ? nil : end
    }
}
