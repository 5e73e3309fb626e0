import Kernel

/// The least part of a formula that means something.
struct Token: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// A word: `count`, `trait`, `total`.
        case word(String)
        /// `"Order Completed"`, without the quotation marks.
        case text(String)
        case number(Double)
        /// A day, or a moment: `2026-01-01`, `2026-01-01T12:00:00Z`.
        case date(DateLiteral)
        /// `(`, `>=`, `[]`…
        case sign(String)
        case end
    }
    var kind: Kind
    var span: Span

    /// As it is told of in problems.
    var noun: String {
        switch kind {
        case .word(let word): word
        case .text(let text): "\"\(text.prefix(60))\""
        case .number(let number): FormulaText.number(number)
        case .date(let date): date.text
        case .sign(let sign): sign
        case .end: "the end"
        }
    }
}

/// A date as it was written.
package enum DateLiteral: Hashable, Sendable {
    /// The first moment of a day in the workspace's time zone.
    case day(year: Int, month: Int, day: Int)
    /// Seconds since 1970.
    case moment(second: Int64)

    var text: String {
        switch self {
        case .day(let year, let month, let day): "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
        case .moment(let second): Instant(milliseconds: second * 1000).rfc3339
        }
    }
}

/// How parts of formulas are written.
package enum FormulaText {
    /// A number without a needless fraction: `90`, `2.5`.
    package static func number(_ value: Double) -> String {
        value.rounded() == value && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// A text in quotation marks, so that it reads back as the same.
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// `90 days`, `1 hour`: the largest unit that goes in without a rest.
    package static func duration(_ seconds: Int64) -> String {
        for (size, name) in [(604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")] as [(Int64, String)] {
            // Weeks are said only of whole ones that people say: 90 days are not 12 weeks and 6 days.
            if seconds != 0, seconds % size == 0, name != "week" || seconds / size <= 8 {
                let count = seconds / size
                return "\(count) \(name)\(abs(count) == 1 ? "" : "s")"
            }
        }
        return "\(seconds) second\(abs(seconds) == 1 ? "" : "s")"
    }
}
