package import Ledger

/// What a company decides about identifiers: which kinds there are, where they are found, how they are written the same
/// way, which values prove nothing, and what joins two people. One immutable value; a change is a new one.
///
/// How values are normalised is in `IdentityRules+Normalise.swift`, the built-in kinds are in `IdentityRules+Standard.swift`,
/// the YAML form is ``IdentityDefinition``.
package struct IdentityRules: Sendable {
    /// How values of a kind are brought to one way of writing. Of every kind surrounding white space goes, and Unicode is
    /// brought to its composed form (NFC), so that an accent typed in two ways is one letter.
    package enum Normalisation: String, Sendable, CaseIterable {
        /// Nothing else changes.
        case trim
        /// And lower case (Unicode default case conversion).
        case lowercase
        /// ``lowercase``, and it must look like an e-mail address: one @ with something on both sides, no spaces,
        /// 254 bytes at most.
        case email
        /// E.164 as seen from the workspace's country.
        case phone
    }

    /// A kind of identifier.
    package struct Kind: Sendable, Equatable {
        package var kind: IdentifierKind
        package var name: String
        /// Where it is found: `userId`, `anonymousId`, `traits.email`, `context.device.id`, `properties.order_id`,
        /// `externalIds.NAME`. First found wins; each kind is taken once per interaction.
        package var from: [String]
        package var normalise: Normalisation
        /// True when a value belongs to one customer and so joins; false when it is only found by (an order number).
        package var unique: Bool
        /// How many a customer may have, 1 or more; nil for any number.
        package var limit: Int?
        /// The rank, 1 the strongest: when a limit is passed the identifier with the largest number is left out first.
        package var priority: Int
        /// A value seen with so many distinct `user_id`s (2 or more) is shared and joins nobody from then on; nil for never.
        package var sharedAfter: Int?

        package init(
            kind: IdentifierKind, name: String, from: [String], normalise: Normalisation, unique: Bool, limit: Int?, priority: Int, sharedAfter: Int?
        ) {
            self.kind = kind
            self.name = name
            self.from = from
            self.normalise = normalise
            self.unique = unique
            self.limit = limit
            self.priority = priority
            self.sharedAfter = sharedAfter
        }
    }

    /// People whose traits agree exactly, after normalising, in all of these are one: `[surname, date_of_birth]`.
    package struct Match: Sendable, Equatable {
        package var name: String
        package var traits: [String]
        package init(name: String, traits: [String]) {
            self.name = name
            self.traits = traits
        }
    }

    /// By priority, the strongest first; of equal priority by name, so that the same rules always read the same way.
    package let kinds: [Kind]
    package let matches: [Match]
    /// ISO 3166-1 alpha-2; how phone numbers without a country are read.
    package let country: String
    /// The values that prove nothing.
    package let blocked: BlockedValues

    /// Rules as they are put in force. Checked already: ``IdentityDefinition`` is where what a person wrote is checked.
    package init(kinds: [Kind], matches: [Match], country: String, blocked: BlockedValues = .standard) {
        self.kinds = kinds.sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
        self.matches = matches
        self.country = country
        self.blocked = blocked
    }

    /// The kind of a name, as `email`; nil when these rules have none.
    package func kind(_ name: String) -> Kind? { kinds.first { $0.name == name } }
    /// The kind of a code; nil when these rules have none.
    package func kind(_ code: IdentifierKind) -> Kind? { kinds.first { $0.kind == code } }
}
