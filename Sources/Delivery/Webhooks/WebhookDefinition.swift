package import Definitions
import Kernel

/// Who outside is told when something happens with a customer: each interaction as a signed message to an address.
package struct WebhookDefinition: Definition, Equatable {
    package static let kind = "webhook"
    package static let summary = "An address outside that is told when something happens with a customer."
    package static let isKeyed = true
    package static let guide = DefinitionGuide(
        fields: [
            .init("name", "what people call it"),
            .init("url", "where messages go, by `http` or `https`, without a user or a password. International names in Punycode (`xn--…`)"),
            .init("interactions", "the names of what it is told of, as `Audience Entered`, `Stage Changed` or `Order Completed`"),
            .init("audiences", "of *Audience Entered* and *Audience Left* only these, by their keys", standard: "all of them"),
            .init("enabled", "`false` while nothing is to be sent; what happens meanwhile is not sent later either"),
        ],
        example: """
            webhook:
              key: crm
              name: The sales team's CRM
              owner: Priya Nair
              url: https://crm.example.com/hooks/sightline
              interactions: [Audience Entered, Audience Left, Stage Changed]
              audiences: [best_customers]

            """)

    /// What Sightline writes by itself when membership changes, of which ``audiences`` speak.
    package static let ofAudiences = ["Audience Entered", "Audience Left"]
    /// The most names of interactions.
    package static let mostInteractions = 50
    /// The most characters of an address.
    package static let longestURL = 2_000
    /// The most webhooks of a company: as many messages may be under way at once.
    package static let most = 100

    /// What people call it.
    package var name = ""
    /// Where messages go: `http://…` or `https://…` in ASCII; empty where it did not read.
    package var url = ""
    /// Each once.
    package var interactions: [String] = []
    /// Keys of audiences; nil for all.
    package var audiences: [String]?
    /// Whether anything is sent, and written down to be sent.
    package var isEnabled = true

    package init(reading reader: Reader) {
        name = reader.required("name", reader.text("name", 1...100, example: "name: The CRM"), example: "The CRM") ?? ""
        let example = "https://crm.example.com/hooks"
        if let url = reader.required("url", reader.text("url", 1...Self.longestURL, example: "url: \(example)"), example: example) {
            if let fault = Self.fault(of: url) {
                reader.problem(fault, mend: "write an address as \(example)", with: "url")
            } else {
                self.url = url
            }
        }
        let names = reader.texts("interactions", count: 1...Self.mostInteractions, length: 1...200, example: "Audience Entered")
        interactions = Self.once(reader.required("interactions", names, example: "[Audience Entered]") ?? [], "interactions", reader)
        if let keys = reader.texts("audiences", count: 1...500, length: 1...60, example: "best_customers") {
            audiences = Self.once(keys, "audiences", reader)
            if !interactions.isEmpty, !interactions.contains(where: Self.ofAudiences.contains) {
                reader.problem(
                    "audiences says of which audiences, but neither Audience Entered nor Audience Left is among the interactions",
                    mend: "add one of them to interactions, or remove audiences", with: "audiences")
            }
        }
        isEnabled = reader.flag("enabled") ?? true
    }

    private static func once(_ all: [(text: String, place: Place)], _ key: String, _ reader: Reader) -> [String] {
        var seen: Set<String> = []
        for (text, place) in all where !seen.insert(text).inserted {
            reader.problem("\(text.prefix(60)) stands here twice", mend: "write it once", with: key, at: place)
        }
        seen = []
        return all.map(\.text).filter { seen.insert($0).inserted }
    }

    package func write(to yaml: inout YAMLText) {
        yaml.put("name", name)
        yaml.put("url", url)
        yaml.put("interactions", interactions)
        if let audiences { yaml.put("audiences", audiences) }
        yaml.put("enabled", isEnabled)
    }

    /// Whether it can be sent to: what did not read has no address.
    var isWhole: Bool { !url.isEmpty && !interactions.isEmpty }

    /// What keeps a text from being an address that messages go to; nil for nothing.
    package static func fault(of url: String) -> String? {
        guard url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return "an address has no spaces, and only the letters, digits and signs of ASCII"
        }
        let lower = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return "an address begins with https:// or http://" }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#\\".contains($0) }
        if authority.contains("@") { return "an address has no user and no password in it: messages are signed instead" }
        if rest.contains("#") { return "what follows a # is never sent" }
        if rest.contains("\\") { return "an address has no \\ in it" }
        var host = authority
        if let bracket = authority.lastIndex(of: "]") {
            guard authority.first == "[", IPAddress(authority[..<bracket].dropFirst()) != nil else { return "there is no host in it" }
            host = authority[authority.index(after: bracket)...]
            guard host.isEmpty || host.first == ":" else { return "there is no host in it" }
        }
        if let colon = host.lastIndex(of: ":") {
            let port = host[host.index(after: colon)...]
            guard port.allSatisfy(\.isNumber), let number = Int(port), (1...65_535).contains(number) else {
                return "its port is none: it is a number from 1 to 65535"
            }
            host = host[..<colon]
        }
        if authority.first != "[", host.isEmpty || host.contains(":") { return "there is no host in it" }
        return nil
    }

    // MARK: Between documents

    /// Says of webhooks that name an audience that there is none of, and when there are too many.
    package static func check(_ blueprint: Blueprint, _ findings: Findings) {
        let audiences = blueprint.documents.filter { $0.id.kind == "audience" }.compactMap(\.id.key)
        let webhooks = blueprint.definitions(Self.self)
        for (key, webhook) in webhooks {
            for name in webhook.audiences ?? [] where !audiences.contains(name) {
                findings.add(
                    Finding(
                        place: place(of: key, blueprint), path: "webhook.audiences", what: "there is no audience \(name)",
                        mend: Nearest.advice(for: name, among: audiences)))
            }
        }
        if webhooks.count > most, let last = webhooks.last {
            findings.add(
                Finding(
                    place: place(of: last.key, blueprint), path: kind, what: "there are \(webhooks.count) of them, and at most \(most) may be",
                    mend: "remove some that nobody listens to"))
        }
    }

    private static func place(of key: String, _ blueprint: Blueprint) -> Place {
        blueprint[kind, key]?.bodyPlace ?? Place(file: "", line: 1, column: 1)
    }
}
