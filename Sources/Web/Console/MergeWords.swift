import Customers

/// Why two customers are one, as people say it.
///
/// The API's sentence names kinds and days as programs write them; a page says the same in the words and the dates of the rest of the page.
enum MergeWords {
    /// The whole sentence without its full stop: `Joined because both used e-mail ann@example.com: on 3 May 2026 it came together with account 88213`.
    static func sentence(_ merge: Merge, _ formats: Formats) -> String {
        let day = formats.date(formats.day(of: merge.at))
        switch merge.reason {
        case .identifiers(_, "", _, ""):
            return "Joined because one interaction on \(day) carried identifiers of both, since erased"
        case .identifiers(let kind, let value, let otherKind, let otherValue):
            let other = otherValue.isEmpty ? "an identifier that was since erased" : named(otherKind, otherValue)
            if value.isEmpty { return "Joined because on \(day) \(other) came together with an identifier of the other, since erased" }
            return "Joined because both used \(named(kind, value)): on \(day) it came together with \(other)"
        case .match(let rule, let values):
            let shown = values.map { formats.readable($0) ?? $0 }.joined(separator: ", ")
            return "Joined because both have the same \(Self.rule(rule))" + (shown.isEmpty ? "" : " (\(shown))") + ", seen on \(day)"
        case .person(let name, let note):
            return "Joined by \(name) on \(day)" + (note.map { $0.trimmed }.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? "")
        }
    }

    /// `loyalty card 4410 0932`, `browser or app 7f3a9b…c210`
    private static func named(_ kind: String, _ value: String) -> String {
        let isMachine = ["anonymous_id", "device_id", "advertising_id"].contains(kind)
        return NameWords.inline(kind) + " " + (isMachine ? Who.shortened(value) : value)
    }

    /// `surname + date_of_birth` is `surname and date of birth`.
    private static func rule(_ name: String) -> String {
        let traits = name.split(separator: "+").map { NameWords.inline($0.trimmed) }
        guard let last = traits.last, traits.count > 1 else { return traits.first ?? "details" }
        return traits.dropLast().joined(separator: ", ") + " and " + last
    }
}
