/// By which way an interaction came or went. A byte in the ledger; the names lie in the ledger file's `vocabulary`.
package struct Channel: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let other = Channel(rawValue: 0)
    package static let web = Channel(rawValue: 1)
    package static let app = Channel(rawValue: 2)
    package static let email = Channel(rawValue: 3)
    package static let sms = Channel(rawValue: 4)
    package static let chat = Channel(rawValue: 5)
    package static let phone = Channel(rawValue: 6)
    package static let store = Channel(rawValue: 7)
    package static let social = Channel(rawValue: 8)
    package static let letter = Channel(rawValue: 9)
    package static let push = Channel(rawValue: 10)

    /// The channels every installation has, by code. Channels a company declares have codes from 32 on.
    package static let builtIn = ["other", "web", "app", "email", "sms", "chat", "phone", "store", "social", "letter", "push"]
    package static let firstDeclared: UInt8 = 32
}

/// Who turned to whom.
package enum Direction: UInt8, Sendable, CaseIterable {
    /// Worked out by us or another system: nobody turned to anybody.
    case `internal` = 0
    /// The customer came to us.
    case `in` = 1
    /// We went to the customer.
    case out = 2

    package var name: String {
        switch self {
        case .internal: "internal"
        case .in: "in"
        case .out: "out"
        }
    }
    package init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// Whose medium brought the customer: our own, one we paid for, or somebody else's word.
package enum Media: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case owned = 1
    case earned = 2
    case paid = 3

    /// The API's word; nil when unknown.
    package var name: String? {
        switch self {
        case .unknown: nil
        case .owned: "owned"
        case .earned: "earned"
        case .paid: "paid"
        }
    }
    package init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// Which call of the tracking API an interaction came by: it says how its properties are to be read.
package enum CallType: UInt8, Sendable, CaseIterable {
    case track = 0
    /// Properties are traits of the customer.
    case identify = 1
    case page = 2
    case screen = 3
    /// Properties are traits of a group.
    case group = 4
    case alias = 5

    /// Whether it says what happened and nothing else, so that it may be kept for a time only: what the others say is who
    /// somebody is.
    @inlinable package var canExpire: Bool { self == .track || self == .page || self == .screen }

    package var name: String {
        switch self {
        case .track: "track"
        case .identify: "identify"
        case .page: "page"
        case .screen: "screen"
        case .group: "group"
        case .alias: "alias"
        }
    }
}

/// A kind of identifier, as `email` or `user_id`. A byte in the ledger; the names lie in the ledger file's `vocabulary`.
package struct IdentifierKind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let userID = IdentifierKind(rawValue: 1)
    package static let anonymousID = IdentifierKind(rawValue: 2)
    package static let email = IdentifierKind(rawValue: 3)
    package static let phone = IdentifierKind(rawValue: 4)
    package static let deviceID = IdentifierKind(rawValue: 5)
    package static let advertisingID = IdentifierKind(rawValue: 6)
    package static let loyaltyID = IdentifierKind(rawValue: 7)
    package static let orderID = IdentifierKind(rawValue: 8)
    /// The `previousId` of an alias: a former user id or an anonymous id, whichever is known.
    package static let previousID = IdentifierKind(rawValue: 9)
    /// What a match rule makes of traits: the rule's name and the normalised values. Never shown as an identifier.
    package static let match = IdentifierKind(rawValue: 10)
    /// A customer by the id we gave them (`cus_…`): what our own people write about somebody. Never taken from outside, and
    /// never shown as an identifier.
    package static let customer = IdentifierKind(rawValue: 11)
    /// Whether the kind is for our own use alone.
    package var isInternal: Bool { self == .match || self == .customer }

    /// The kinds every installation has, by code (0 is none). Kinds a company declares have codes from 32 on.
    package static let builtIn = [
        "", "user_id", "anonymous_id", "email", "phone", "device_id", "advertising_id", "loyalty_id", "order_id", "previous_id", "match",
        "customer",
    ]
    package static let firstDeclared: UInt8 = 32
}

/// Names of channels and identifier kinds and their codes in this ledger. Codes are given once and never used again.
package struct Vocabulary: Sendable, Equatable {
    package private(set) var channels: [UInt8: String] = [:]
    package private(set) var kinds: [UInt8: String] = [:]
    private var channelCodes: [String: UInt8] = [:]
    private var kindCodes: [String: UInt8] = [:]

    /// The built-in words alone.
    package init() {
        for (i, name) in Channel.builtIn.enumerated() { add(channel: name, code: UInt8(i)) }
        for (i, name) in IdentifierKind.builtIn.enumerated() where i > 0 { add(kind: name, code: UInt8(i)) }
    }

    package func name(of channel: Channel) -> String { channels[channel.rawValue] ?? "channel-\(channel.rawValue)" }
    package func name(of kind: IdentifierKind) -> String { kinds[kind.rawValue] ?? "kind-\(kind.rawValue)" }
    package func channel(_ name: String) -> Channel? { channelCodes[name].map(Channel.init(rawValue:)) }
    package func kind(_ name: String) -> IdentifierKind? { kindCodes[name].map(IdentifierKind.init(rawValue:)) }

    mutating func add(channel name: String, code: UInt8) {
        channels[code] = name
        channelCodes[name] = code
    }
    mutating func add(kind name: String, code: UInt8) {
        kinds[code] = name
        kindCodes[name] = code
    }
    /// The next free code, or nil when all 224 are given.
    func nextCode(after used: Dictionary<UInt8, String>.Keys) -> UInt8? {
        let next = max(Int(used.max() ?? 0) + 1, Int(Channel.firstDeclared))
        return next <= 255 ? UInt8(next) : nil
    }
    package func nextChannelCode() -> UInt8? { nextCode(after: channels.keys) }
    package func nextKindCode() -> UInt8? { nextCode(after: kinds.keys) }
}
