import Audiences
import Foundation
import Kernel

/// Times, amounts and numbers as people read them, in the workspace's time zone.
struct Formats: Sendable {
    let zone: TimeZone
    let now: Instant

    /// A day of the calendar in the workspace's zone.
    struct Day: Hashable, Comparable, Sendable {
        /// Days since 1970-01-01.
        var number: Int
        static func < (a: Day, b: Day) -> Bool { a.number < b.number }
        /// 0 is Sunday.
        var weekday: Int { ((number + 4) % 7 + 7) % 7 }
        /// `2026-11-19`
        var iso: String {
            let date = Instant.date(days: number)
            return Formats.padded(date.year, 4) + "-" + Formats.padded(date.month, 2) + "-" + Formats.padded(date.day, 2)
        }
    }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(abs(number))
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private func local(_ at: Instant) -> Int64 {
        at.seconds + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(at.seconds))))
    }
    private func parts(_ at: Instant) -> (day: Day, second: Int) {
        let seconds = local(at)
        let day = Int((Double(seconds) / 86_400).rounded(.down))
        return (Day(number: day), Int(seconds) - day * 86_400)
    }

    func day(of at: Instant) -> Day { parts(at).day }
    var today: Day { day(of: now) }

    /// When a day begins in the zone. A day that a change of the clocks begins an hour late begins then.
    func start(of day: Day) -> Instant {
        let midnight = Int64(day.number) * 86_400
        var guess = midnight
        for _ in 0..<2 { guess = midnight - Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(guess)))) }
        return Instant(milliseconds: guess * 1000)
    }

    /// The day that a date field says: `2026-11-19`; nil for anything else.
    func day(_ text: String) -> Day? {
        guard text.utf8.count == 10, let midnight = Instant(text) else { return nil }
        return Day(number: Int(midnight.seconds / 86_400))
    }

    /// `07:20`
    func time(_ at: Instant) -> String {
        let second = parts(at).second
        return Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2)
    }
    /// `07:20:04`
    func timeWithSeconds(_ at: Instant) -> String { time(at) + ":" + Self.padded(parts(at).second % 60, 2) }

    /// `19 November`, with the year when it is not this one.
    func date(_ day: Day) -> String {
        let date = Instant.date(days: day.number)
        let year = Instant.date(days: today.number).year
        return "\(date.day) \(Self.months[date.month - 1])" + (date.year == year ? "" : " \(date.year)")
    }
    /// `2 to 12 November`, `28 October to 3 November`.
    func range(_ first: Day, _ last: Day) -> String {
        let a = Instant.date(days: first.number)
        let b = Instant.date(days: last.number)
        if first == last { return date(last) }
        if a.year == b.year, a.month == b.month { return "\(a.day) to " + date(last) }
        return (a.year == b.year ? "\(a.day) \(Self.months[a.month - 1])" : date(first)) + " to " + date(last)
    }

    /// `19 Nov 2026`: always with the year, for lists.
    func shortDate(_ at: Instant) -> String {
        let date = Instant.date(days: day(of: at).number)
        return "\(date.day) \(Self.months[date.month - 1].prefix(3)) \(date.year)"
    }
    /// A time of day as people read it; nil for anything else, also for a bare date, which has no zone.
    func moment(_ text: String) -> String? {
        guard text.utf8.count >= 19, text.utf8.count <= 35, let at = Instant(text) else { return nil }
        return shortDate(at) + ", " + time(at)
    }
    /// A time or a day that a program wrote (RFC 3339), as the rest of the page writes them; nil for any other text.
    ///
    /// A bare day is said as it stands, in no zone: `1987-04-02` is `2 Apr 1987` everywhere.
    func readable(_ text: String) -> String? {
        if let moment = moment(text) { return moment }
        guard let day = day(text) else { return nil }
        let date = Instant.date(days: day.number)
        return "\(date.day) \(Self.months[date.month - 1].prefix(3)) \(date.year)"
    }
    /// `19 Nov`
    func shortDay(_ at: Instant) -> String { shortDate(at).split(separator: " ").prefix(2).joined(separator: " ") }
    /// `Thursday 19 November 2026, 07:20:04`
    func whole(_ at: Instant) -> String {
        let day = day(of: at)
        let date = Instant.date(days: day.number)
        return "\(Self.weekdays[day.weekday]) \(date.day) \(Self.months[date.month - 1]) \(date.year), \(timeWithSeconds(at))"
    }

    /// A day's head: `Today` and `Thursday 19 November`; `Tuesday` and `17 November` in the last week; a date and its weekday before.
    func heading(_ day: Day) -> (name: String, rest: String) {
        switch today.number - day.number {
        case 0: ("Today", Self.weekdays[day.weekday] + " " + date(day))
        case 1: ("Yesterday", Self.weekdays[day.weekday] + " " + date(day))
        case 2...6: (Self.weekdays[day.weekday], date(day))
        default: (date(day), Self.weekdays[day.weekday])
        }
    }

    /// `Thursday`
    func weekday(_ day: Day) -> String { Self.weekdays[day.weekday] }

    /// When it is the same time of day on another day. A time that the clocks leave out on that day is an hour later.
    func moment(sameTimeAs at: Instant, on day: Day) -> Instant {
        let second = Int64(parts(at).second)
        let midnight = start(of: day)
        let guess = midnight + second * 1000
        // Where the clocks change in between, midnight and then have other hours.
        return guess + (second - Int64(parts(guess).day == day ? parts(guess).second : Int(second))) * 1000
    }

    /// A number for programs: `1203.5`, without separators.
    static func bare(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? value.description }

    /// A place or a size in a drawing: `1064.3`, without separators, which SVG does not know.
    static func drawn(_ value: Double) -> String { bare((value * 10).rounded() / 10) }

    /// Since when somebody belongs: `3 days ago`, `at least since 4 May`.
    func since(_ since: Audiences.Since) -> String { since.isAtLeast ? "at least since " + shortDate(since.at) : ago(since.at) }

    /// How long ago: `just now`, `4 min ago`, `3 h 22 min ago`, `yesterday`, `on Tuesday`, `on 6 November`.
    func ago(_ at: Instant) -> String {
        let seconds = (now - at) / 1000
        if seconds < -60 { return "on " + date(day(of: at)) }
        if seconds < 60 { return "just now" }
        if seconds < 12 * 3600 || day(of: at) == today { return Self.span(seconds) + " ago" }
        switch today.number - day(of: at).number {
        case 1: return "yesterday"
        case 2...6: return "on " + Self.weekdays[day(of: at).weekday]
        default: return "on " + date(day(of: at))
        }
    }

    /// `48 s`, `4 min`, `3 h 22 min`
    static func span(_ seconds: Int64) -> String {
        if seconds < 60 { return "\(max(0, seconds)) s" }
        if seconds < 3600 { return "\(seconds / 60) min" }
        let minutes = seconds / 60 % 60
        return "\(seconds / 3600) h" + (minutes == 0 ? "" : " \(minutes) min")
    }

    /// How long somebody has been with us: `today`, `23 days`, `14 months`, `3 years`.
    func since(_ at: Instant) -> String {
        let days = today.number - day(of: at).number
        if days <= 0 { return "since today" }
        if days < 60 { return Self.counted(days, "day") }
        let months = Int((Double(days) / 30.4369).rounded())
        return months < 24 ? Self.counted(months, "month") : Self.counted(months / 12, "year")
    }

    /// `1 day`, `14 days`; numbers with separators.
    static func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        number(count) + " " + (count == 1 ? one : many ?? one + "s")
    }

    /// `1,203,204`
    static func number(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var out = ""
        for (i, digit) in digits.enumerated() {
            if i > 0, (digits.count - i) % 3 == 0 { out.append(",") }
            out.append(digit)
        }
        return (value < 0 ? "−" : "") + out
    }

    /// `1,203.5`: what JSON says, rounded to `places` behind the point at most.
    static func number(_ value: Double, places: Int = 6) -> String {
        guard value.isFinite else { return "no number" }
        if let whole = Int(exactly: value) { return number(whole) }
        if abs(value) >= 1e15 { return value.description }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let rounded = (abs(value) * scale).rounded()
        if rounded == 0 { return "0" }
        let whole = Int(rounded / scale)
        var rest = padded(Int(rounded - Double(whole) * scale), places)
        while rest.hasSuffix("0") { rest.removeLast() }
        return (value < 0 ? "−" : "") + number(whole) + (rest.isEmpty ? "" : "." + rest)
    }

    /// `£389.00`, `BRL 129.90`, `¥1,200`. An unknown currency is nil: then the number stands alone.
    static func money(_ value: Double, _ currency: String?) -> String {
        guard value.isFinite, abs(value) < 1e13 else { return number(value) }
        let code = currency?.uppercased()
        let places = ["JPY", "KRW", "VND", "CLP", "ISK", "HUF"].contains(code) ? 0 : 2
        let cents = Int((abs(value) * (places == 0 ? 1 : 100)).rounded())
        let amount = places == 0 ? number(cents) : number(cents / 100) + "." + padded(cents % 100, 2)
        let sign = value < 0 ? "−" : ""
        switch code {
        case "GBP": return sign + "£" + amount
        case "EUR": return sign + "€" + amount
        case "USD": return sign + "$" + amount
        case "JPY": return sign + "¥" + amount
        case .some(let code) where code.utf8.count == 3 && code.utf8.allSatisfy({ (65...90).contains($0) }): return sign + code + "\u{A0}" + amount
        default: return sign + amount
        }
    }

    /// A figure in the room that it has, 12 characters at most: `£842.60`, `£1,234,568` without the pence that it has no room for,
    /// `£1.23 bn`. Numbers never wrap, and a phone shows two figures side by side.
    /// - Parameter whole: The value as it is written where there is room.
    static func figure(_ value: Double, _ whole: String) -> String {
        guard whole.count > 12, value.isFinite, abs(value) < 1e15 else { return whole }
        let sign = String(whole.prefix { !$0.isNumber })
        let short = sign + number(Int(abs(value).rounded()))
        if short.count <= 12 { return short }
        let unit = [(1e6, "m"), (1e9, "bn"), (1e12, "tn")].last { abs(value) >= $0.0 } ?? (1e6, "m")
        return sign + number(abs(value) / unit.0, places: 2) + "\u{A0}" + unit.1
    }
}
