/// Names of fields that hold personal data, whatever a sender calls them: `email` is `Email`, `billing_email` and `emailAddress` too.
struct PersonalFields: Sendable, Equatable {
    /// Fields that are one thing under several names: who names one of them means all.
    enum Family: String, Sendable, CaseIterable {
        case email, phone, name, birth, street, postcode, city, ip

        /// The names, each in words. The first is the one that documentation and histories use.
        var names: [String] {
            switch self {
            case .email: ["email", "e mail", "mail"]
            case .phone: ["phone", "mobile", "telephone", "tel", "cell", "fax", "whatsapp"]
            case .name:
                [
                    "name", "full name", "display name", "first name", "given name", "forename", "middle name", "last name", "family name", "surname",
                    "maiden name", "nickname", "initials",
                ]
            case .birth: ["birthday", "date of birth", "birth date", "birth year", "dob", "age"]
            case .street: ["street", "address", "street address", "address line", "line", "house", "building"]
            case .postcode: ["postcode", "post code", "postal code", "zip", "zip code"]
            case .city: ["city", "town"]
            case .ip: ["ip", "ip address"]
            }
        }
    }

    /// Names for several families at once.
    static let groups: [(name: String, families: [Family])] = [
        ("contact", [.email, .phone, .street, .postcode, .city]), ("address", [.street, .postcode, .city]), ("personal", Family.allCases),
    ]

    /// The names that are one thing, and the groups, as the tables of docs/definitions.md.
    static var tables: String {
        func quoted(_ names: [String]) -> String { names.map { "`\($0.replacing(" ", with: "_"))`" }.joined(separator: ", ") }
        return "| any of | names also |\n|---|---|\n"
            + Family.allCases.map { "| `\($0.names[0])` | \(quoted(Array($0.names.dropFirst()))) |\n" }.joined()
            + "\n| group | is |\n|---|---|\n" + groups.map { "| `\($0.name)` | \(quoted($0.families.map { $0.names[0] })) |\n" }.joined()
    }

    let families: Set<Family>
    /// The names in their plain form.
    private let plain: Set<String>
    /// The names in words, the last word first.
    private let words: [[String]]

    /// - Parameter named: Names of fields, kinds of identifiers, and groups.
    init(_ named: some Sequence<String>) {
        var families: Set<Family> = []
        var names: Set<String> = []
        for name in named {
            let plain = Properties.plain(name)
            if let group = Self.groups.first(where: { $0.name == plain }) {
                families.formUnion(group.families)
            } else if let family = Family.allCases.first(where: { $0.names.contains { Properties.plain($0) == plain } }) {
                families.insert(family)
            } else {
                names.insert(Properties.words(of: name).lowercased())
            }
        }
        for family in families { names.formUnion(family.names) }
        self.families = families
        plain = Set(names.map(Properties.plain))
        words = names.map { $0.split(separator: " ").map(String.init).reversed() }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    var isEmpty: Bool { plain.isEmpty }

    /// What stands behind a field's name without making it another field: `phone_2`, `email_hash`.
    private static let endings: Set<String> = [
        "address", "number", "no", "nr", "value", "text", "raw", "normalised", "normalized", "hash", "hashed", "md5", "sha1", "sha256", "1", "2", "3",
    ]

    /// Whether a field of this name is one of them: it is called so, or its last words are, as in `billing_email` and `phone_number`.
    func contains(_ key: String) -> Bool {
        if isEmpty { return false }
        let name = Properties.plain(key)
        if plain.contains(name) { return true }
        // Written in one word: `useremail`.
        if families.contains(.email), name.hasSuffix("email") { return true }
        var said = Properties.words(of: key).lowercased().split(separator: " ").map(String.init)
        while true {
            let reversed = Array(said.reversed())
            if words.contains(where: { reversed.starts(with: $0) }) { return true }
            guard said.count > 1, let last = said.last, Self.endings.contains(last) else { return false }
            said.removeLast()
        }
    }

    // MARK: Names of things

    /// Objects that are things, not people: what is called `name` in them names a thing.
    private static let things: Set<String> = [
        "products", "items", "lineitems", "lines", "product", "item", "campaign", "library", "os", "app", "device", "network", "page", "screen",
        "plan", "store", "event", "category", "experiment", "file", "brand",
    ]
    /// What stands beside the name of a thing.
    private static let besideThings: Set<String> = ["sku", "productid", "price", "quantity", "category", "variant", "brand", "url", "path"]

    /// Whether a member of an object is one of them. `name` alone is the one word that people and things share: it is a thing's where
    /// the object is a thing by what it is called or by what else is in it.
    func contains(_ key: String, in object: [String], called parent: String) -> Bool {
        guard contains(key) else { return false }
        guard Properties.plain(key) == "name" else { return true }
        return !Self.things.contains(Properties.plain(parent)) && !object.contains { Self.besideThings.contains(Properties.plain($0)) }
    }
}
