import Kernel

/// Times as the terminal shows them, in UTC: the server's folder knows no other zone yet.
enum Moment {
    /// `2026-11-21 23:59` of RFC 3339 text; the text itself when it is none.
    static func minute(_ text: String) -> String { Instant(text) == nil ? text : text.prefix(10) + " " + text.dropFirst(11).prefix(5) }
    /// `23:59`
    static func clock(_ text: String) -> String { Instant(text) == nil ? text : String(text.dropFirst(11).prefix(5)) }
    /// `2026-11-21`
    static func day(_ text: String) -> String { String(text.prefix(10)) }

    private static let weekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    /// `Saturday 21 November 2026`
    static func longDay(_ text: String) -> String {
        guard let at = Instant(text) else { return text }
        let days = Int((at.milliseconds - (at.milliseconds % 86_400_000 + 86_400_000) % 86_400_000) / 86_400_000)
        let date = Instant.date(days: days)
        return "\(weekdays[(days % 7 + 7) % 7]) \(date.day) \(months[date.month - 1]) \(date.year)"
    }
}

extension Terminal {
    /// A table on standard output, or a sentence on standard error when it has no rows.
    func show(_ table: Table, none: String) throws(WriteProblem) {
        if table.rows.isEmpty { return say(none) }
        for line in table.lines(width: out.columns, style: Style(on: out.colours)) { try print(line) }
    }
}
