package import Definitions
import Kernel
import Ledger

/// The `channels` document: further channels, and the company's own rules for channel, direction and media.
///
/// ```yaml
/// channels:
///   declared: [kiosk]
///   events:
///     'Kiosk *': {channel: kiosk, direction: in}
///   libraries:
///     till-sdk*: {channel: store}
///   paid: {mediums: [zeppelin], referrers: [ads.example.com], click_ids: [zclid]}
///   passing: [pay.example.com]
/// ```
package struct ChannelsDefinition: Definition, Equatable {
    package static let kind = "channels"
    package static let summary = "Channels beside the built-in ones, and how channel, direction and media of an interaction are worked out."

    package static let guide = DefinitionGuide(
        fields: [
            .init("defaults", "whether the built-in rules hold where these say nothing"),
            .init(
                "declared",
                "channels besides the built-in ones (\(Channel.builtIn.map { "`\($0)`" }.joined(separator: ", "))); a name has a to z, 0 to 9, `-` and "
                    + "`_`, and begins with a letter. A name that is neither is refused with the interaction"),
            .init("events", "rules by the interaction's name, each with one of the settings at least. What it leaves open other rules may say"),
            .init("events.a_name.channel", "the channel it was on", standard: "left open"),
            .init("events.a_name.direction", "from the customer, to them, or neither", standard: "left open"),
            .init("events.a_name.media", "what brought the customer", standard: "left open"),
            .init("libraries", "rules by the library that sent it (`context.library.name`)"),
            .init("libraries.a_name.channel", "the channel it was on"),
            .init("paid", "what tells that a medium is paid: bought attention"),
            .init("paid.mediums", "of the address's `utm_medium`", standard: "`[]`"),
            .init("paid.sources", "of its `utm_source`", standard: "`[]`"),
            .init("paid.referrers", "hosts of the page before", standard: "`[]`"),
            .init("paid.click_ids", "parameters of the page's address", standard: "`[]`"),
            .init("earned", "what tells that a medium is earned: what others say by themselves"),
            .init("earned.mediums", "of the address's `utm_medium`", standard: "`[]`"),
            .init("earned.sources", "of its `utm_source`", standard: "`[]`"),
            .init("earned.referrers", "hosts of the page before", standard: "`[]`"),
            .init("earned.click_ids", "parameters of the page's address", standard: "`[]`"),
            .init("owned", "what tells that a medium is owned: what the company sends itself"),
            .init("owned.mediums", "of the address's `utm_medium`", standard: "`[]`"),
            .init("owned.sources", "of its `utm_source`", standard: "`[]`"),
            .init("owned.referrers", "hosts of the page before", standard: "`[]`"),
            .init("owned.click_ids", "parameters of the page's address", standard: "`[]`"),
            .init("passing", "hosts that bring nobody, though customers come back from them, as payment services"),
        ],
        example: """
            channels:
              declared: [kiosk]
              events:
                'Kiosk *': {channel: kiosk, direction: in}
                Warranty Letter Printed: {channel: letter, direction: out, media: owned}
              libraries:
                till-sdk*: {channel: store}
              paid: {mediums: [zeppelin], referrers: [ads.example.com], click_ids: [zclid]}
              earned: {referrers: [fans.example.com]}
              owned: {mediums: [receipt]}
              passing: [pay.example.com]

            """)

    /// The most channels that a company may declare.
    package static let mostDeclared = 100
    /// The most rules of one sort, and entries of one list.
    package static let mostRules = 500

    /// The company's own rules, without the built-in ones.
    package let own: ChannelRules
    /// Whether the built-in rules hold where the company's say nothing.
    package let defaults: Bool

    /// The rules as they are put in force. The channels in ``declared`` need codes of the ledger's vocabulary first.
    package var rules: ChannelRules { defaults ? own.before(.standard) : own }
    /// Channels that need a code.
    package var declared: [String] { own.declared }

    package init(reading reader: Reader) {
        defaults = reader.flag("defaults") ?? true
        var rules = ChannelRules()
        for (name, place) in reader.texts("declared", count: 0...Self.mostDeclared, length: 1...32, example: "kiosk") ?? [] {
            if Channel.builtIn.contains(name) {
                reader.problem("\(name) is a built-in channel", mend: "remove it", with: "declared", at: place)
            } else if !ChannelRules.isName(name) {
                reader.problem(
                    "\(name) is no name of a channel", mend: "write small letters a to z, digits, - and _, beginning with a letter", with: "declared",
                    at: place)
            } else if rules.declared.contains(name) {
                reader.problem("\(name) is declared twice", mend: "keep one of them", with: "declared", at: place)
            } else {
                rules.declared.append(name)
            }
        }
        let known = Channel.builtIn + rules.declared
        let events = reader.named("events", count: 0...Self.mostRules) { name, place, reader in
            let rule = ChannelRules.Event(
                name, channel: Self.channel(reader, known), direction: reader.choice("direction", of: DirectionWord.self)?.direction,
                media: reader.choice("media", of: MediaWord.self)?.media)
            if !["channel", "direction", "media"].contains(where: reader.has) {
                reader.problem("the rule says nothing", mend: "write channel, direction or media", at: place)
            }
            return rule
        }
        if let events, !events.isEmpty { rules.events = [ChannelRules.sorted(events)] }
        let libraries = reader.named("libraries", count: 0...Self.mostRules) { name, _, reader in
            reader.required("channel", Self.channel(reader, known), example: "app").map { ChannelRules.Library(name, channel: $0) }
        }
        rules.libraries = ChannelRules.sorted((libraries ?? []).compactMap { $0 })
        rules.paid = Self.marks("paid", reader)
        rules.earned = Self.marks("earned", reader)
        rules.owned = Self.marks("owned", reader)
        rules.passing = Self.list("passing", reader, "pay.example.com").map(Glob.init)
        own = rules
    }

    private static func channel(_ reader: Reader, _ known: [String]) -> String? {
        guard let name = reader.text("channel", 1...32, example: "channel: web") else { return nil }
        if known.contains(name) { return name }
        let mend =
            Nearest.word(to: name, among: known).map { "did you mean \($0)? Or declare it: declared: [\(name)]" }
            ?? "declare it: declared: [\(name)]"
        reader.problem("\(name) is no channel", mend: mend, with: "channel")
        return nil
    }

    private static func marks(_ key: String, _ reader: Reader) -> ChannelRules.Marks {
        reader.mapping(key) { reader in
            ChannelRules.Marks(
                mediums: list("mediums", reader, "cpc"), sources: list("sources", reader, "newsletter"),
                referrers: list("referrers", reader, "example.com"),
                clickIDs: list("click_ids", reader, "gclid"))
        } ?? ChannelRules.Marks()
    }

    private static func list(_ key: String, _ reader: Reader, _ example: String) -> [String] {
        (reader.texts(key, count: 0...mostRules, length: 1...200, example: example) ?? []).map(\.text)
    }

    package func write(to yaml: inout YAMLText) {
        yaml.comment("Whether the built-in rules of docs/tracking.md hold where these say nothing.")
        yaml.put("defaults", defaults)
        yaml.put("declared", own.declared)
        yaml.mapping("events") { yaml in
            for rule in own.events.joined() {
                yaml.mapping(rule.event.pattern) { yaml in
                    if let channel = rule.channel { yaml.put("channel", channel) }
                    if let direction = rule.direction { yaml.put("direction", direction.name) }
                    if let media = rule.media?.name { yaml.put("media", media) }
                }
            }
        }
        yaml.mapping("libraries") { yaml in
            for rule in own.libraries { yaml.mapping(rule.library.pattern) { $0.put("channel", rule.channel) } }
        }
        for (key, marks) in [("paid", own.paid), ("earned", own.earned), ("owned", own.owned)] where marks != ChannelRules.Marks() {
            yaml.mapping(key) { yaml in
                yaml.put("mediums", marks.mediums.map(\.pattern))
                yaml.put("sources", marks.sources.map(\.pattern))
                yaml.put("referrers", marks.referrers.map(\.pattern))
                yaml.put("click_ids", marks.clickIDs)
            }
        }
        yaml.put("passing", own.passing.map(\.pattern))
    }

    private enum DirectionWord: String, CaseIterable {
        case `in`, out, `internal`
        var direction: Direction {
            switch self {
            case .in: .in
            case .out: .out
            case .internal: .internal
            }
        }
    }

    private enum MediaWord: String, CaseIterable {
        case owned, earned, paid
        var media: Media {
            switch self {
            case .owned: .owned
            case .earned: .earned
            case .paid: .paid
            }
        }
    }
}

extension ChannelRules {
    /// The closest pattern first: the one with the most letters, whatever the order in the document.
    static func sorted(_ rules: [Event]) -> [Event] { rules.sorted { ($1.event.letters, $0.event.pattern) < ($0.event.letters, $1.event.pattern) } }
    static func sorted(_ rules: [Library]) -> [Library] {
        rules.sorted { ($1.library.letters, $0.library.pattern) < ($0.library.letters, $1.library.pattern) }
    }
}
