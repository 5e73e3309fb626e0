import Foundation

/// Ways of writing brought together: what is the same to a person becomes the same text.
enum Folding {
    /// Without white space and invisible marks around it (of all Unicode: no-break spaces, zero-width spaces, byte order marks).
    static func trimmed(_ text: String) -> String {
        func blank(_ c: Unicode.Scalar) -> Bool { c.properties.isWhitespace || c.properties.generalCategory == .format }
        let scalars = text.unicodeScalars
        guard let from = scalars.firstIndex(where: { !blank($0) }), let last = scalars.lastIndex(where: { !blank($0) }) else { return "" }
        return String(scalars[from...last])
    }

    /// Compatibility forms brought to the usual ones (NFKC: full-width letters, ligatures), upper and lower case as one,
    /// and every run of white space one space, none around. Accents stay: they tell people apart.
    static func same(_ text: String) -> String {
        var text = text
        let plain = text.withUTF8 { bytes in
            var before: UInt8 = 32
            for c in bytes {
                if c >= 128 || c &- 65 < 26 || c < 32 || c == 127 || (c == 32 && before == 32) { return false }
                before = c
            }
            return before != 32
        }
        if plain { return text }
        // Case is mapped between two foldings, since a mapping may leave forms that fold further (Unicode 3.13, D145).
        let folded = text.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
        var out = String.UnicodeScalarView()
        var gap = false
        for c in folded.unicodeScalars {
            if c.properties.isWhitespace || c.properties.generalCategory == .control {
                gap = !out.isEmpty
            } else if c.properties.generalCategory != .format {
                if gap { out.append(" ") }
                gap = false
                out.append(c)
            }
        }
        return String(out)
    }

    /// ``same(_:)`` without accents and with what is no letter or digit as spaces: for comparing, not for joining.
    static func rough(_ text: String) -> String {
        let decomposed = same(text).decomposedStringWithCompatibilityMapping
        var out = String.UnicodeScalarView()
        for c in decomposed.unicodeScalars {
            switch c.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: continue
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .spacingMark, .decimalNumber, .letterNumber,
                .otherNumber:
                switch c {
                case "ß": out.append(contentsOf: "ss".unicodeScalars)
                case "æ": out.append(contentsOf: "ae".unicodeScalars)
                case "ø": out.append("o")
                case "œ": out.append(contentsOf: "oe".unicodeScalars)
                case "ł": out.append("l")
                case "đ", "ð": out.append("d")
                case "ı": out.append("i")
                default: out.append(c)
                }
            // O'Neil and ONeil are one word.
            default: if c != "'" && c != "’", out.last != " ", !out.isEmpty { out.append(" ") }
            }
        }
        if out.last == " " { out.removeLast() }
        return String(out)
    }

    /// Decimal digits of other scripts as 0 to 9, and the full-width plus as +.
    static func ascii(digitsOf text: String) -> String {
        var out = String.UnicodeScalarView()
        for c in text.unicodeScalars {
            if c.properties.generalCategory == .decimalNumber, let value = c.properties.numericValue, value >= 0, value < 10 {
                out.append(Unicode.Scalar(48 + UInt8(value)))
            } else {
                out.append(c == "＋" ? "+" : c)
            }
        }
        return String(out)
    }
}
