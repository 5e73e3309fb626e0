package import Ledger

extension IdentityRules {
    /// What holds where a company decides nothing: the built-in kinds, no match rules, phone numbers as seen from the United States.
    package static let standard = IdentityRules(kinds: standardKinds, matches: [], country: standardCountry, blocked: .standard)

    /// The country of a workspace that names none.
    package static let standardCountry = "US"

    /// The built-in kinds. Why each is as it is stands in `docs/definitions.md`.
    package static let standardKinds: [Kind] = [
        builtIn(.userID, "user_id", from: ["userId"], limit: 1, priority: 1),
        builtIn(.loyaltyID, "loyalty_id", from: ["traits.loyalty_id", "context.traits.loyalty_id", "properties.loyalty_id"], limit: 5, priority: 20),
        builtIn(.email, "email", from: ["traits.email", "context.traits.email", "properties.email"], normalise: .email, limit: 5, priority: 30),
        // A family or an office shares a phone number: it finds people and hints at likely duplicates, but joins nobody.
        builtIn(
            .phone, "phone", from: ["traits.phone", "context.traits.phone", "properties.phone"], normalise: .phone, unique: false, limit: nil,
            priority: 40),
        builtIn(.deviceID, "device_id", from: ["context.device.id"], priority: 50, sharedAfter: 3),
        builtIn(.advertisingID, "advertising_id", from: ["context.device.advertisingId"], normalise: .lowercase, priority: 60, sharedAfter: 3),
        builtIn(.orderID, "order_id", from: ["properties.order_id"], unique: false, priority: 80),
        builtIn(.anonymousID, "anonymous_id", from: ["anonymousId"], priority: 90, sharedAfter: 3),
    ]

    /// The `previousId` of an alias: a former user id or an anonymous id. It is no kind that a company decides about, so it
    /// is not among ``kinds``; it is normalised as both of them are.
    package static let previous = Kind(
        kind: .previousID, name: "previous_id", from: ["previousId"], normalise: .trim, unique: false, limit: nil, priority: 99, sharedAfter: nil)

    private static func builtIn(
        _ kind: IdentifierKind, _ name: String, from: [String], normalise: Normalisation = .trim, unique: Bool = true, limit: Int? = nil,
        priority: Int,
        sharedAfter: Int? = nil
    ) -> Kind {
        Kind(
            kind: kind, name: name, from: from + ["externalIds.\(name)"], normalise: normalise, unique: unique, limit: limit, priority: priority,
            sharedAfter: sharedAfter)
    }
}

extension BlockedValues {
    /// The built-in patterns. A test holds that RE2 can use each of them.
    package static let standard = prepare(all: standardForAll, own: standardForKinds).values

    /// What programs send when they have no value: of any kind.
    package static let standardForAll = [
        // Zeros, also of a UUID, and the number that stands for "none".
        "^[0-]*$", "^-1$",
        // Words for "nothing" in several languages and programs, with or without brackets around them.
        #"^[\[<({'"]?(null|nil|none|undefined|unknown|unset|empty|anonymous|not set|not available|nan|n/a|#n/a)[\])}>'"]?$"#,
        // A whole object where its text was meant.
        #"^\[object \w*\]$"#, "^(true|false)$",
        // A placeholder that no template engine filled in: {{email}}, ${email}, %%EMAIL%%, *|EMAIL|*, <email>.
        #"^(\{\{|\$\{|%%|\*\||<%).*$"#, #"^<[\w .-]*>$"#,
        // Somebody trying things out.
        "^test@",
    ]

    /// What is known to stand for nobody: of one kind.
    package static let standardForKinds: [IdentifierKind: [String]] = [
        .email: [
            // What forms and tills send for "has no e-mail", and the addresses of machines.
            "^(none|null|unknown|undefined|anonymous|noemail|no-email|nomail|no-mail|asdf|qwerty)@",
            "^(no-?reply|do-?not-?reply|mailer-daemon|postmaster|abuse)@",
        ],
        // Seven or more times the same digit, and the digits in a row.
        .phone: [#"^\+?\d{0,3}(0{7,}|1{7,}|2{7,}|3{7,}|4{7,}|5{7,}|6{7,}|7{7,}|8{7,}|9{7,})$"#, #"^\+?\d{0,2}1234567890?$"#],
        .deviceID: [
            // Android 2.2 gave many devices this same id; iOS 7 and Android 6 answer so when asked for the network address.
            "^9774d56d682e549c$", "^02:00:00:00:00:00$",
        ],
    ]
}
