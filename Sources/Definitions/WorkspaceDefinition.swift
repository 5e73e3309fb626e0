import CText
import Foundation
import Kernel

/// The colour of what acts on the console's pages: links, buttons, what is chosen. 01-tokens.css has the values of each, in the light
/// and in the dark; red and amber are not among them, since they say that something needs attention.
package enum Accent: String, Sendable, CaseIterable {
    case teal, blue, indigo, violet, plum, pine, slate
}

/// The company itself: what it is called, and where and in which languages it is at home.
package struct WorkspaceDefinition: Definition, Equatable {
    package static let kind = "workspace"
    package static let summary = "The company: its name, country, time zone, languages, orders, currency and accent."

    package static let guide = DefinitionGuide(
        fields: [
            .init("name", "what pages call the company"),
            .init("country", "ISO 3166-1 alpha-2, as `GB`; a phone number without a country is read as from there"),
            .init("time_zone", "a place of the IANA time zone database, or `UTC`: the days and hours that pages show"),
            .init("languages", "BCP 47 tags, the most used first"),
            .init("orders", "names of the interactions that are orders: what the list of customers counts, and whose values it sums"),
            .init(
                "currency",
                "ISO 4217, as `GBP`: what the values of orders are in. Values in other currencies are not converted. Without it they are plain numbers"
            ),
            .init("accent", "the colour of links and buttons on the console's pages"),
        ],
        example: """
            workspace:
              owner: ann@example.com
              name: Example Shop
              country: GB
              time_zone: Europe/London
              languages: [en, cy]
              orders: [Order Completed, Store Purchase Made]
              currency: GBP
              accent: plum

            """)

    /// What pages call the company. 1 to 100 characters.
    package var name = "Sightline"
    /// ISO 3166-1 alpha-2: how a phone number without a country is read.
    package var country = "US"
    /// A name of the IANA time zone database: the days and hours that pages show.
    package var timeZone = "UTC"
    /// BCP 47 tags, the most used first: what the company writes and reads. At least one.
    package var languages = ["en"]
    /// The interactions that are orders: what lists of customers count, and sum the values of. 1 to 50 names of 1 to 200 characters.
    package var orders = ["Order Completed"]
    /// ISO 4217: the currency that values of orders are in; nil shows them as plain numbers.
    package var currency: String?
    /// The colour of links and buttons on the console's pages.
    package var accent = Accent.teal

    package init(reading reader: Reader) {
        name = reader.text("name", 1...100, example: "name: Example Shop") ?? name
        if let found = reader.text("country", 1...100, example: "country: GB") {
            if Self.isCountry(found) {
                country = found
            } else {
                let upper = found.uppercased()
                let mend = Self.isCountry(upper) ? "write \(upper)" : "write two letters (ISO 3166-1), as GB, DE or BR"
                reader.problem("\(found) is no country", mend: mend, with: "country")
            }
        }
        if let found = reader.text("time_zone", 1...100, example: "time_zone: Europe/London") {
            if Self.isTimeZone(found) {
                timeZone = found
            } else {
                let near = Nearest.word(to: found, among: TimeZone.knownTimeZoneIdentifiers)
                let mend = near.map { "did you mean \($0)?" } ?? "write a name of the IANA time zone database, as Europe/London"
                reader.problem("\(found) is no time zone", mend: mend, with: "time_zone")
            }
        }
        if let found = reader.texts("languages", count: 1...50, length: 1...35, example: "en") {
            for (text, place) in found where !Self.isLanguage(text) {
                reader.problem("\(text) is no language", mend: "write a BCP 47 tag, as en, pt-BR or zh-Hant", with: "languages", at: place)
            }
            let fitting = found.map(\.text).filter(Self.isLanguage)
            if !fitting.isEmpty { languages = fitting }
        }
        if let found = reader.texts("orders", count: 1...50, length: 1...200, example: "Order Completed"), !found.isEmpty {
            orders = found.map(\.text)
        }
        if let found = reader.text("currency", 1...100, example: "currency: GBP") {
            if Self.isCurrency(found) {
                currency = found
            } else {
                let upper = found.uppercased()
                let mend = Self.isCurrency(upper) ? "write \(upper)" : "write three letters (ISO 4217), as GBP, EUR or BRL"
                reader.problem("\(found) is no currency", mend: mend, with: "currency")
            }
        }
        accent = reader.choice("accent") ?? accent
    }

    package func write(to yaml: inout YAMLText) {
        yaml.put("name", name)
        yaml.put("country", country)
        yaml.put("time_zone", timeZone)
        yaml.put("languages", languages)
        yaml.put("orders", orders)
        if let currency { yaml.put("currency", currency) }
        yaml.put("accent", accent.rawValue)
    }

    /// Two upper-case letters of a country that phone numbers are known of.
    package static func isCountry(_ text: String) -> Bool {
        text.utf8.count == 2 && text.utf8.allSatisfy { (65...90).contains($0) } && sl_phone_knows(text) == 1
    }

    /// Only names of places and UTC: abbreviations as EST stand for different hours in different countries.
    static func isTimeZone(_ text: String) -> Bool {
        text == "UTC" || (text.contains("/") && !text.hasPrefix("/") && !text.contains("..") && TimeZone(identifier: text) != nil)
    }

    /// Three upper-case letters of a currency of ISO 4217.
    package static func isCurrency(_ text: String) -> Bool {
        text.utf8.count == 3 && text.utf8.allSatisfy { (65...90).contains($0) } && Locale.Currency(text).isISOCurrency
    }

    /// A language of ISO 639, then script and region if need be.
    static func isLanguage(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, (2...3).contains(first.utf8.count), first == first.lowercased(), Locale.LanguageCode(first).isISOLanguage
        else { return false }
        return parts.dropFirst().allSatisfy { part in
            part.utf8.allSatisfy { (65...90).contains($0 & 0xDF) || (48...57).contains($0) } && (2...8).contains(part.utf8.count)
        }
    }
}
