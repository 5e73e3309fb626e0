/// Text as a terminal may see it.
enum Text {
    /// Makes text from outside harmless: what would steer the terminal (control characters, escape sequences) or turn the
    /// direction of writing is shown as `\u{1B}`, line ends and tabs become spaces.
    ///
    /// A customer's name comes from whoever filled in a form. Printed as it is, it could colour the screen, change the
    /// window's title, or hide what follows.
    static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if !isHarmful(scalar) {
                out.unicodeScalars.append(scalar)
            } else if scalar == "\n" || scalar == "\r" || scalar == "\t" {
                out += " "
            } else {
                out += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            }
        }
        return out
    }

    /// ``clean(_:)`` of each line.
    static func cleanLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { clean(String($0)) }.joined(separator: "\n")
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true  // C0, DEL and C1 control characters
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x061C: true  // marks that turn the direction of writing
        case 0x2028, 0x2029: true  // line and paragraph separators
        default: false
        }
    }

    /// Columns that text takes in a terminal.
    static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    private static func width(_ character: Character) -> Int {
        character.unicodeScalars.reduce(0) { max($0, columns($1)) }
    }

    /// 0 for what is written onto the letter before it, 2 for wide and full-width letters (UAX #11) and emoji, else 1.
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18CFF, 0x1B000...0x1B2FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// At most `columns` wide; what was cut off is marked by an ellipsis.
    static func cut(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var out = ""
        var used = 0
        for character in text {
            let wide = width(character)
            if used + wide > columns - 1 { break }
            out.append(character)
            used += wide
        }
        return out + "…"
    }

    /// Exactly `columns` wide.
    static func padded(_ text: String, to columns: Int, right: Bool = false) -> String {
        let short = cut(text, to: columns)
        let space = String(repeating: " ", count: max(0, columns - width(short)))
        return right ? space + short : short + space
    }

    /// Lines of at most `columns`, broken at spaces.
    static func wrapped(_ text: String, to columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, width(line) + 1 + width(String(word)) > columns {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// A number with its thousands apart: `1,234,567`.
    static func count(_ number: some BinaryInteger) -> String {
        var out: [Character] = []
        for (i, digit) in String(number).reversed().enumerated() {
            if i > 0, i % 3 == 0, digit != "-" { out.append(",") }
            out.append(digit)
        }
        return String(out.reversed())
    }

    /// `1 row`, `2 rows`.
    static func count(_ number: some BinaryInteger, _ noun: String, _ plural: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? noun : plural ?? noun + "s")"
    }
}
