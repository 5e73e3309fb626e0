import Kernel
import Ledger

/// One interaction in words.
struct Sentence: Sendable, Equatable {
    /// Who does it.
    enum Subject: Sendable, Equatable {
        /// The customer: `Nora ordered …`.
        case customer
        /// The company: `We delivered …`.
        case we
        /// Nobody: the words stand by themselves.
        case nobody
    }
    enum Tone: String, Sendable { case plain = "", good = "is-good", bad = "is-bad" }

    var subject: Subject
    /// What is done, after the subject: `ordered`. The head of the line when there is no subject: `Order HP-1 approved`.
    var does: String
    /// To what: `Tarn oak bench`.
    var what: String?
    /// What else there is to say, set quietly: an order number, an amount.
    var asides: [String] = []
    /// What the customer said, in their own words.
    var words: String?
    /// What we said.
    var said: String?
    /// `3 of 10`
    var score: String?
    var tone: Tone = .plain
    /// An amount for lists: `£64.00`.
    var amount: String?
    /// From whom it is, when it is neither from the customer nor from us nor worked out: `by a colleague`.
    var origin: String?
    /// The mark's icon; nil for that of the channel.
    var icon: String?

    init(_ subject: Subject, _ does: String, _ what: String? = nil, _ asides: [String?] = [], icon: String? = nil) {
        self.subject = subject
        self.does = does
        self.what = what
        self.asides = asides.compactMap { $0 }
        self.icon = icon
    }
}

/// What is known of an interaction when its sentence is made.
struct Telling: Sendable {
    var name: String
    var channel: String
    var direction: Direction
    var type: CallType
    var value: Double?
    var properties: Properties
    /// How the page writes times.
    var formats: Formats

    /// The amount of money in it.
    var amount: String? {
        properties.money("total", "ordertotal", "revenue", "amount", "paymentvalue", "price", "subtotal")
            ?? value.flatMap { properties.text("currency") == nil ? nil : Formats.money($0, properties.text("currency")) }
    }
}

/// Channels as people say them.
enum ChannelWords {
    private static let known: [String: (title: String, icon: String)] = [
        "web": ("Web", "web"), "app": ("App", "app"), "email": ("E-mail", "email"), "sms": ("SMS", "sms"), "chat": ("Chat", "chat"),
        "phone": ("Phone", "phone"), "store": ("Store", "store"), "social": ("Social", "social"), "letter": ("Letter", "letter"),
        "push": ("Push", "push"), "other": ("Other", "other"),
    ]
    /// `E-mail`; a channel that a company declared with its own name and a capital letter.
    static func title(_ channel: String) -> String {
        known[channel]?.title ?? Properties.words(of: channel).prefix(1).uppercased() + Properties.words(of: channel).dropFirst()
    }
    /// Inside a sentence: `e-mail`, `SMS`.
    static func inline(_ channel: String) -> String { channel == "sms" ? "SMS" : title(channel).lowercased() }
    static func icon(_ channel: String) -> String { known[channel]?.icon ?? "other" }
}

/// Identifiers and traits as people say them.
enum NameWords {
    private static let kinds: [String: String] = [
        "email": "E-mail", "phone": "Phone", "user_id": "Account", "anonymous_id": "Browser or app", "device_id": "Device",
        "advertising_id": "Advertising id", "loyalty_id": "Loyalty card", "order_id": "Order", "previous_id": "Former account", "name": "Name",
    ]
    /// The name of a kind of identifier, or of a trait.
    static func title(_ key: String) -> String {
        if let known = kinds[key] { return known }
        let words = Properties.words(of: key)
        return words.prefix(1).uppercased() + words.dropFirst()
    }
    static func inline(_ key: String) -> String {
        let title = title(key)
        return title.dropFirst().contains(where: \.isUppercase) ? title : title.prefix(1).lowercased() + title.dropFirst()
    }
}
