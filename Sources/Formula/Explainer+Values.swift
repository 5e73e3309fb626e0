import Kernel

// Values of formulas in words.
extension Explainer {
    /// A value as it stands within a sentence.
    /// - Parameter isDate: It is held against a date, so the lowest is the earliest.
    func value(_ e: FormulaExpression, isDate: Bool = false) -> String {
        switch e.kind {
        case .number(let number): return Self.number(number)
        case .text(let text): return "“\(Self.plain(text))”"
        case .flag(let flag): return flag ? "yes" : "no"
        case .duration(let seconds): return Self.duration(seconds)
        case .date(let date): return date.spoken
        case .name(let path): return name(path)
        case .rank(let function, let metric): return "the \(function.rawValue) of \(titles.metrics[metric] ?? metric)"
        case .call(let function, let events): return asked(function, events, isDate: isDate)
        case .arithmetic(let operation, let a, let b): return calculated(operation, a, b, isDate: isDate)
        case .negative(let inner):
            if case .number(let number) = inner.kind { return "−" + Self.number(number) }
            return "minus \(part(inner))"
        case .inAudience, .sequence, .not, .and, .or, .compare, .match, .oneOf, .known: return condition(e)
        }
    }

    private func calculated(_ operation: Arithmetic, _ a: FormulaExpression, _ b: FormulaExpression, isDate: Bool) -> String {
        // What people say of dates: 3 days from now, 2 days before.
        if case .name(let path) = a.kind, path.plain == ["now"], case .duration(let seconds) = b.kind {
            if operation == .add { return "\(Self.duration(seconds)) from now" }
            if operation == .subtract { return "\(Self.duration(seconds)) ago" }
        }
        let word =
            switch operation {
            case .add: "plus"
            case .subtract: "minus"
            case .multiply: "times"
            case .divide: "divided by"
            }
        let isLoose = operation == .add || operation == .subtract
        return "\(isLoose ? value(a, isDate: isDate) : part(a)) \(word) \(part(b))"
    }

    /// A part of a calculation, in parentheses when it is one itself.
    private func part(_ e: FormulaExpression) -> String {
        if case .arithmetic = e.kind { return "(\(value(e)))" }
        return value(e)
    }

    private func name(_ path: PropertyPath) -> String {
        guard let keys = path.plain else { return Self.words(path) }
        switch keys[0] {
        case "trait" where keys.count == 2: return Self.plain(keys[1])
        case "consent" where keys.count > 1: return consent(path) ?? Self.words(path)
        case "identifier" where keys.count == 2: return keys[1]
        case let key where keys.count == 1: return titles.metrics[key] ?? key
        default: return Self.words(path)
        }
    }

    /// A text by itself where it reads as a word, else as a value.
    func word(_ e: FormulaExpression) -> String {
        guard case .text(let text) = e.kind else { return value(e) }
        let first = text.unicodeScalars.first
        let isWord =
            first.map { $0.properties.isAlphabetic } == true
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.isDiacritic || " -'’0123456789".unicodeScalars.contains($0)
            }
        return isWord && !["yes", "no"].contains(text.lowercased()) ? text : value(e)
    }

    /// `price of products`: the last first, as one says it.
    static func words(_ path: PropertyPath) -> String { path.steps.reversed().map { plain($0.key) }.joined(separator: " of ") }

    /// In days where it is some: people who count in weeks read 14 days as well, and the last week is none of the calendar.
    static func duration(_ seconds: Int64) -> String {
        seconds != 0 && seconds % 86_400 == 0
            ? "\(number(Double(seconds / 86_400))) day\(abs(seconds) == 86_400 ? "" : "s")" : FormulaText.duration(seconds)
    }

    /// A text on one line.
    static func plain(_ text: String) -> String {
        text.unicodeScalars.contains { $0.value < 32 } ? String(text.map { $0.unicodeScalars.allSatisfy { $0.value >= 32 } ? $0 : " " }) : text
    }

    /// With a comma between thousands: `12,500`, `0.5`.
    static func number(_ value: Double) -> String {
        let written = FormulaText.number(abs(value))
        let parts = written.split(separator: ".", maxSplits: 1)
        guard let whole = parts.first, whole.count > 3, whole.allSatisfy({ ("0"..."9").contains($0) }) else {
            return (value < 0 ? "−" : "") + written
        }
        var grouped = ""
        for (i, digit) in whole.enumerated() {
            if i > 0, (whole.count - i) % 3 == 0 { grouped += "," }
            grouped.append(digit)
        }
        return (value < 0 ? "−" : "") + grouped + (parts.count > 1 ? "." + parts[1] : "")
    }
}

extension DateLiteral {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    /// `1 January 2026`, `1 January 2026 at 12:00 UTC`
    var spoken: String {
        switch self {
        case .day(let year, let month, let day): return "\(day) \(Self.months[max(0, min(11, month - 1))]) \(year)"
        case .moment(let second):
            let days = Int((second >= 0 ? second : second - 86_399) / 86_400)
            let (year, month, day) = Instant.date(days: days)
            let rest = Int(second) - days * 86_400
            func two(_ n: Int) -> String { (n < 10 ? "0" : "") + String(n) }
            let seconds = rest % 60 == 0 ? "" : ":" + two(rest % 60)
            return "\(day) \(Self.months[month - 1]) \(year) at \(two(rest / 3_600)):\(two(rest / 60 % 60))\(seconds) UTC"
        }
    }
}
