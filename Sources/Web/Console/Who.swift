import Customers
import Kernel

/// A customer as pages call them: never a guessed “he” or “she”, and never a made-up name.
struct Who: Sendable, Equatable {
    /// The name, or what they are best known by: an e-mail address, a card, `Visitor 7f3a…c21`.
    var title: String
    /// Inside a sentence: the given name, or `The customer`.
    var short: String
    /// One or two letters for the ring; nil when there is no name.
    var initials: String?
    var hasName: Bool
    /// Why there is no name: there is none, or it is hidden from whoever looks; nil when there is one.
    var nameless: String?
    /// Within a sentence: `Nora`, `the customer`.
    var inline: String { short.hasPrefix("The ") ? short.lowercased() : short }

    /// The first letters of a name's first and last word; nil when there are none.
    static func initials(_ name: String) -> String? {
        let words = name.split(whereSeparator: \.isWhitespace)
        let letters = [words.first, words.count > 1 ? words.last : nil].compactMap { $0?.first { $0.isLetter || $0.isNumber } }
        return letters.isEmpty ? nil : String(letters).uppercased()
    }

    init(_ view: CustomerView) {
        let given = ["first_name", "firstName", "given_name", "givenName"].lazy
            .compactMap { key in view.traits.first { $0.key == key }?.value.string?.trimmed }.first { !$0.isEmpty }
        let best = Self.best(view.identifiers).map { ($0.kind, $0.value) }
        self.init(name: view.name, given: given, isHidden: view.isNameHidden, identifier: best, id: view.id)
    }

    /// - Parameters:
    ///   - isHidden: Whether there is a name that is not to be seen.
    ///   - identifier: What to call them by while there is no name.
    init(name: String?, given: String? = nil, isHidden: Bool = false, identifier: (kind: String, value: String)?, id: CustomerID) {
        if let name = name?.trimmed, !name.isEmpty {
            title = name
            // A name too long for every line of a timeline stands at the head of the page alone.
            short = given ?? (name.count <= 32 ? name : "The customer")
            initials = Self.initials(of: name)
            hasName = true
        } else {
            title = identifier.map { Self.called($0, id) } ?? (isHidden ? "Customer " : "Visitor ") + id.description.dropFirst(4)
            short = !isHidden && (identifier?.kind == "anonymous_id" || identifier == nil) ? "The visitor" : "The customer"
            initials = nil
            hasName = false
            nameless = isHidden ? "name " + Mask.hidden : "no name yet"
        }
    }

    private static func called(_ identifier: (kind: String, value: String), _ id: CustomerID) -> String {
        if identifier.value == Mask.hidden { return "Customer " + id.description.dropFirst(4) }
        return switch identifier.kind {
        case "email", "phone": identifier.value
        case "order_id": "Customer with order " + shortened(identifier.value)
        case "anonymous_id", "device_id", "advertising_id": "Visitor " + shortened(identifier.value)
        default: NameWords.title(identifier.kind) + " " + shortened(identifier.value)
        }
    }
    /// `7f3a…c21`: long identifiers tell nobody anything.
    static func shortened(_ value: String) -> String { value.count <= 18 ? value : value.prefix(6) + "…" + value.suffix(4) }

    /// The identifier that says most to a person.
    static func best(_ identifiers: [KnownIdentifier]) -> KnownIdentifier? {
        let usable = identifiers.filter { !$0.shared && $0.unique }
        for kind in ["email", "phone", "loyalty_id", "user_id"] {
            if let found = usable.filter({ $0.kind == kind && !$0.former }).max(by: { $0.firstSeen < $1.firstSeen }) { return found }
        }
        return usable.first { $0.kind != "anonymous_id" && $0.kind != "device_id" } ?? usable.first ?? identifiers.first
    }

    /// The first letters of the first and the last word.
    private static func initials(of name: String) -> String? {
        let words = name.split(whereSeparator: \.isWhitespace).filter { $0.first?.isLetter == true }
        guard let first = words.first?.first else { return nil }
        guard words.count > 1, let last = words.last?.first else { return String(first).uppercased() }
        return String(first).uppercased() + String(last).uppercased()
    }
}
