package import Definitions
import Kernel
package import Ledger

/// The `identity` document: what differs from the built-in rules, and kinds that the company declares. What each setting does
/// is in `docs/definitions.md`.
package struct IdentityDefinition: Definition {
    package static let kind = "identity"
    package static let summary = "Who is who: kinds of identifiers, values that prove nothing, and what joins two people."

    package static let guide = DefinitionGuide(
        fields: [
            .init("kinds", "built-in kinds that are changed setting by setting, and further kinds under names of their own, \(mostKinds) at most"),
            .init(
                "kinds.a_name.from",
                "where the value is found in a call, the first that is there counts: `userId`, `anonymousId`, `groupId`, `traits.NAME`, "
                    + "`context.NAME`, `properties.NAME`, `externalIds.NAME`. An empty list: only found by, never taken", standard: "must be there"),
            .init("kinds.a_name.normalise", "see [below](#how-values-are-normalised)"),
            .init("kinds.a_name.unique", "`true`: a value belongs to one customer, so it joins. `false`: customers are only found by it"),
            .init("kinds.a_name.priority", "the rank; 1 is the strongest"),
            .init("kinds.a_name.limit", "how many of them a customer may have"),
            .init("kinds.a_name.shared_after", "a value seen with so many different user ids is shared, and joins nobody from then on"),
            .init("kinds.a_name.blocked", "patterns of values that prove nothing, besides those of all kinds", standard: "`[]`"),
            .init("blocked", "values of any kind that prove nothing, see [below](#blocked)"),
            .init("blocked.patterns", "patterns instead of the built-in ones"),
            .init("blocked.also", "patterns besides them", standard: "`[]`"),
            .init("match", "rules that join two customers whose traits agree exactly, see [below](#match)"),
        ],
        example: """
            identity:
              kinds:
                phone: {unique: true, limit: 2}          # changes only these two of the built-in kind
                customer_number:                         # a kind of our own
                  from: [traits.customer_number, properties.customer_number]
                  limit: 1
                  priority: 10
              blocked:
                also: ['^9{6,}$', '@our-tests\\.example$']
              match:
                - surname + date_of_birth
                - given_name + date_of_birth + postcode

            """, sample: "identity: {kinds: {a_name: {from: [traits.a_name]}}}\n")

    /// The most kinds that a company may declare besides the built-in ones.
    package static let mostKinds = 64
    /// The most patterns in one list, and characters in a pattern.
    package static let mostPatterns = 200
    package static let longestPattern = 500
    /// The most match rules, and traits in one.
    package static let mostMatches = 20
    package static let mostTraits = 6

    /// A kind as it is to be, without its code.
    package struct Kind: Sendable, Equatable {
        package var kind: IdentityRules.Kind
        /// Blocked besides what is blocked for all kinds.
        package var blocked: [String]
    }

    /// Built-in kinds with what the company changed, then those it declares in the order they are written (with code 0).
    package let kinds: [Kind]
    /// Blocked for all kinds.
    package let blocked: [String]
    package let matches: [IdentityRules.Match]

    /// The kinds that need a code of the ledger's vocabulary before ``rules(country:code:)``.
    package var declared: [String] { kinds.map(\.kind.name).filter { !IdentifierKind.builtIn.contains($0) } }

    /// The rules as they are put in force.
    /// - Parameters:
    ///   - country: The workspace's, ISO 3166-1 alpha-2.
    ///   - code: The code of a kind's name. Asked for built-in kinds too.
    /// - Throws: ``IdentityRulesProblem/noCode(kind:)`` when `code` has none for a kind.
    package func rules(country: String, code: (String) -> IdentifierKind?) throws(IdentityRulesProblem) -> IdentityRules {
        var coded: [IdentityRules.Kind] = []
        var own: [IdentifierKind: [String]] = [:]
        for var kind in kinds {
            guard let code = code(kind.kind.name) else { throw .noCode(kind: kind.kind.name) }
            kind.kind.kind = code
            let external = "externalIds.\(kind.kind.name)"
            if !kind.kind.from.isEmpty, !kind.kind.from.contains(external) { kind.kind.from.append(external) }
            coded.append(kind.kind)
            own[code] = kind.blocked
        }
        return IdentityRules(kinds: coded, matches: matches, country: country, blocked: BlockedValues.prepare(all: blocked, own: own).values)
    }

    package init(reading reader: Reader) {
        var kinds = IdentityRules.standardKinds.map { Kind(kind: $0, blocked: BlockedValues.standardForKinds[$0.kind] ?? []) }
        _ = reader.named("kinds") { name, place, reader in
            if let at = kinds.firstIndex(where: { $0.kind.name == name }) {
                Self.read(&kinds[at], reader)
            } else {
                var kind = Kind(kind: Self.undecided(name), blocked: [])
                Self.checkName(name, place, reader)
                if kinds.count == IdentityRules.standardKinds.count + Self.mostKinds {
                    reader.problem("a company may declare \(Self.mostKinds) kinds", mend: "remove those that are not used", at: place)
                }
                Self.read(&kind, reader)
                kinds.append(kind)
            }
        }
        self.kinds = kinds
        blocked =
            reader.mapping("blocked") { reader in
                let patterns = Self.patterns("patterns", reader) ?? BlockedValues.standardForAll
                return patterns + (Self.patterns("also", reader) ?? [])
            } ?? BlockedValues.standardForAll
        matches = Self.readMatches(reader)
    }

    /// A declared kind before anything is said of it: as strong as it is safe to guess.
    private static func undecided(_ name: String) -> IdentityRules.Kind {
        IdentityRules.Kind(
            kind: IdentifierKind(rawValue: 0), name: name, from: ["externalIds.\(name)"], normalise: .trim, unique: true, limit: 5, priority: 45,
            sharedAfter: nil)
    }

    private static func checkName(_ name: String, _ place: Place, _ reader: Reader) {
        if name == "previous_id" {
            reader.problem("previous_id is what an alias call names; nothing is decided about it", mend: "remove it", at: place)
        } else if !Reader.isKey(name) {
            reader.problem(
                "\(name.prefix(80)) is no name of a kind", mend: "write small letters a to z, digits and _, beginning with a letter", at: place)
        } else if !reader.has("from") {
            let near = Nearest.word(to: name, among: IdentityRules.standardKinds.map(\.name))
            let mend =
                near.map { "did you mean \($0)? A kind of your own needs it, as from: [traits.\(name)]" }
                ?? "write where it is found, as from: [traits.\(name)]"
            reader.problem("from is missing", mend: mend, at: place)
        }
    }

    private static func read(_ kind: inout Kind, _ reader: Reader) {
        if let found = reader.texts("from", count: 0...10, example: "traits.\(kind.kind.name)") {
            for (text, place) in found {
                if let mend = problem(ofPath: text) { reader.problem("\(text) is no place in a call", mend: mend, with: "from", at: place) }
            }
            kind.kind.from = found.map(\.text)
        }
        kind.kind.normalise = reader.choice("normalise") ?? kind.kind.normalise
        kind.kind.unique = reader.flag("unique") ?? kind.kind.unique
        kind.kind.priority = reader.whole("priority", in: 1...99) ?? kind.kind.priority
        if let limit = reader.whole("limit", in: 1...1_000, or: "none") { kind.kind.limit = limit }
        if let shared = reader.whole("shared_after", in: 2...1_000, or: "never") { kind.kind.sharedAfter = shared }
        if let patterns = patterns("blocked", reader) { kind.blocked = patterns }
        if kind.kind.name == "user_id", kind.kind.limit != 1 {
            reader.problem("two user ids are two customers", mend: "leave the limit of user_id at 1; to join two, merge them by hand", with: "limit")
        }
    }

    private static let wholePaths = ["userId", "anonymousId", "groupId"]
    private static let paths = ["traits", "context", "properties", "externalIds"]

    /// What is to be done about a path, or nil when it is one.
    private static func problem(ofPath path: String) -> String? {
        if wholePaths.contains(path) { return nil }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 1, paths.contains(String(parts[0])), parts.count <= 6, parts.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) { return nil }
        let first = String(parts.first ?? "")
        if let near = Nearest.word(to: first, among: paths + wholePaths), near != first {
            return "did you mean \(([near] + parts.dropFirst().map(String.init)).joined(separator: "."))?"
        }
        return "write userId, anonymousId, groupId, or traits.NAME, context.NAME, properties.NAME, externalIds.NAME"
    }

    /// Values that no list of blocked ones may hold all of: it would block everybody.
    private static let ordinary = ["ann.example@mail.example", "+442079460018", "c7b1-48"]

    private static func patterns(_ key: String, _ reader: Reader) -> [String]? {
        guard let found = reader.texts(key, count: 0...mostPatterns, length: 1...longestPattern, example: "^0+$") else { return nil }
        return found.map(\.text).enumerated().filter { i, pattern in
            if let why = PatternSet.problem(of: pattern) {
                reader.problem("\(pattern) is no pattern: \(why)", mend: "write it in the syntax of RE2", with: key, at: found[i].place)
                return false
            }
            let set = PatternSet([pattern])
            if ordinary.allSatisfy({ set.find($0) != nil }) {
                reader.problem("\(pattern) blocks every value", mend: "say where it begins and ends: ^…$", with: key, at: found[i].place)
                return false
            }
            return true
        }.map(\.element)
    }

    private static func readMatches(_ reader: Reader) -> [IdentityRules.Match] {
        let example = "surname + date_of_birth"
        var matches: [IdentityRules.Match] = []
        for (text, place) in reader.texts("match", count: 0...mostMatches, length: 1...500, example: example) ?? [] {
            let traits = text.split(separator: "+", omittingEmptySubsequences: false).map { Folding.trimmed(String($0)) }
            func problem(_ what: String, _ mend: String) { reader.problem(what, mend: mend, with: "match", at: place) }
            if traits.contains("") {
                problem("a trait is missing in \(text)", "write names of traits with + between them, as \(example)")
            } else if traits.count == 1 {
                problem("one trait alone is an identifier", "declare a kind with from: [traits.\(traits[0])], or add a trait, as \(example)")
            } else if traits.count > mostTraits {
                problem("a rule may have \(mostTraits) traits, this has \(traits.count)", "keep those that tell people apart")
            } else if Set(traits).count < traits.count {
                problem("a trait stands twice in \(text)", "write each once")
            } else if matches.contains(where: { Set($0.traits) == Set(traits) }) {
                problem("the rule \(text) is written twice", "keep one of them")
            } else {
                matches.append(IdentityRules.Match(name: traits.joined(separator: " + "), traits: traits))
            }
        }
        return matches
    }

    package func write(to yaml: inout YAMLText) {
        yaml.mapping("kinds") { yaml in
            for kind in kinds { yaml.mapping(kind.kind.name) { Self.write(kind, to: &$0) } }
        }
        yaml.comment("Values that prove nothing, of any kind: patterns in the syntax of RE2, without regard to case.")
        yaml.mapping("blocked") { $0.put("patterns", blocked) }
        yaml.comment("Combinations of traits that join two people when all of them agree, as \"surname + date_of_birth\".")
        yaml.put("match", matches.map(\.name))
    }

    private static func write(_ kind: Kind, to yaml: inout YAMLText) {
        yaml.put("from", kind.kind.from)
        yaml.put("normalise", kind.kind.normalise.rawValue)
        yaml.put("unique", kind.kind.unique)
        if let limit = kind.kind.limit { yaml.put("limit", limit) } else { yaml.put("limit", "none") }
        yaml.put("priority", kind.kind.priority)
        if let shared = kind.kind.sharedAfter { yaml.put("shared_after", shared) } else { yaml.put("shared_after", "never") }
        if !kind.blocked.isEmpty { yaml.put("blocked", kind.blocked) }
    }
}

/// Why rules cannot be put in force.
package enum IdentityRulesProblem: Error, Equatable {
    /// The ledger's vocabulary has no code for a declared kind: it was not given one, or all 224 are given.
    case noCode(kind: String)
}
