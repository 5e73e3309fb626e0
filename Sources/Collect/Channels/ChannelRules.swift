package import Ledger

/// What a company decides about channels, directions and media: further channels, and how the three are worked out when
/// the sender does not say them. `docs/tracking.md` states the order.
package struct ChannelRules: Sendable, Equatable {
    /// What an interaction of some name is.
    package struct Event: Sendable, Equatable {
        /// The name of the interaction; `*` stands for any text.
        package var event: Glob
        package var channel: String?
        package var direction: Direction?
        package var media: Media?

        package init(_ event: String, channel: String? = nil, direction: Direction? = nil, media: Media? = nil) {
            self.event = Glob(event)
            self.channel = channel
            self.direction = direction
            self.media = media
        }
    }

    /// What a client library runs on.
    package struct Library: Sendable, Equatable {
        /// `context.library.name`; `*` stands for any text.
        package var library: Glob
        package var channel: String

        package init(_ library: String, channel: String) {
            self.library = Glob(library)
            self.channel = channel
        }
    }

    /// How to tell that an interaction came by some media.
    package struct Marks: Sendable, Equatable {
        /// Of `context.campaign.medium`, without regard to case, `-`, `_` and spaces.
        package var mediums: [Glob]
        /// Of `context.campaign.source`, likewise.
        package var sources: [Glob]
        /// Hosts of the page before; a host stands for those below it too.
        package var referrers: [Glob]
        /// Parameters of the page's address that name a click on an advertisement.
        package var clickIDs: [String]

        package init(mediums: [String] = [], sources: [String] = [], referrers: [String] = [], clickIDs: [String] = []) {
            self.mediums = mediums.map(Glob.init)
            self.sources = sources.map(Glob.init)
            self.referrers = referrers.map(Glob.init)
            self.clickIDs = clickIDs
        }
    }

    /// Channels beside the built-in ones: 1 to 32 of a-z, 0-9, `-` and `_`, beginning with a letter.
    package var declared: [String]
    /// In layers, the company's own before the built-in one. Of each layer the first rule that matches counts; what it leaves
    /// open the next layer may say.
    package var events: [[Event]]
    /// Tried in their order.
    package var libraries: [Library]
    package var paid: Marks
    package var earned: Marks
    package var owned: Marks
    /// Hosts whose pages bring nobody, though one comes from them: payment and sign-in services.
    package var passing: [Glob]

    package init(
        declared: [String] = [], events: [Event] = [], libraries: [Library] = [], paid: Marks = Marks(), earned: Marks = Marks(),
        owned: Marks = Marks(),
        passing: [String] = []
    ) {
        self.declared = declared
        self.events = events.isEmpty ? [] : [events]
        self.libraries = libraries
        self.paid = paid
        self.earned = earned
        self.owned = owned
        self.passing = passing.map(Glob.init)
    }

    /// These rules, and where they say nothing those of `other`.
    package func before(_ other: ChannelRules) -> ChannelRules {
        var all = self
        all.declared += other.declared.filter { !declared.contains($0) }
        all.events += other.events
        all.libraries += other.libraries
        all.paid = paid.with(other.paid)
        all.earned = earned.with(other.earned)
        all.owned = owned.with(other.owned)
        all.passing += other.passing
        return all
    }
}

extension ChannelRules.Marks {
    func with(_ other: Self) -> Self {
        var all = self
        all.mediums += other.mediums
        all.sources += other.sources
        all.referrers += other.referrers
        all.clickIDs += other.clickIDs
        return all
    }
}

/// Why channel rules cannot be used. Facts only.
package enum ChannelRulesProblem: Error, Equatable, Sendable {
    /// A rule names a channel that is neither built in nor declared.
    case undeclared(String)
    /// Not 1 to 32 of a-z, 0-9, `-` and `_`, beginning with a letter.
    case badName(String)
}

extension ChannelRules {
    /// What is wrong with the rules in themselves.
    package func problems() -> [ChannelRulesProblem] {
        let known = Set(Channel.builtIn + declared)
        let named = events.joined().compactMap(\.channel) + libraries.map(\.channel)
        return declared.filter { !Self.isName($0) }.map(ChannelRulesProblem.badName)
            + named.filter { !known.contains($0) }.map(ChannelRulesProblem.undeclared)
    }

    /// Whether a channel may be called so.
    package static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first &- 97 < 26, name.utf8.count <= 32 else { return false }
        return name.utf8.allSatisfy { $0 &- 97 < 26 || $0 &- 48 < 10 || $0 == 45 || $0 == 95 }
    }
}
