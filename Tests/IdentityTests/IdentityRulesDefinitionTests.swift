import Definitions
import Ledger
import Testing

@testable import Identity

@Suite struct `The identity document` {
    func read(_ yaml: String) -> (definition: IdentityDefinition, told: [String]) {
        let findings = Findings()
        let blueprint = Blueprint(files: [("identity.yaml", Array(yaml.utf8))], findings)
        DefinitionKinds([IdentityDefinition.self]).check(blueprint, findings)
        return (blueprint.definition(IdentityDefinition.self), findings.all.map(\.description))
    }

    func code(_ name: String) -> IdentifierKind? { Vocabulary().kind(name) }

    @Test func `that is not there means the built-in rules`() throws {
        let rules = try IdentityDefinition.standard.rules(country: "US", code: code)
        #expect(rules.kinds == IdentityRules.standard.kinds)
        #expect(rules.matches == [] && rules.blocked.all == BlockedValues.standardForAll)
        #expect(rules.blocked.own.filter { !$0.value.isEmpty } == BlockedValues.standardForKinds)
        #expect(IdentityDefinition.standard.declared == [])
    }

    @Test func `ranks user ids first and anonymous ids last`() {
        #expect(
            IdentityRules.standard.kinds.map(\.name) == [
                "user_id", "loyalty_id", "email", "phone", "device_id", "advertising_id", "order_id", "anonymous_id",
            ])
        #expect(IdentityRules.standard.kind("user_id")?.limit == 1)
        #expect(IdentityRules.standard.kinds.filter { !$0.unique }.map(\.name) == ["phone", "order_id"])
        #expect(IdentityRules.standard.kinds.filter { $0.sharedAfter == 3 }.map(\.name) == ["device_id", "advertising_id", "anonymous_id"])
    }

    @Test func `written out says all defaults and reads back the same`() {
        let written = IdentityDefinition.standard.yaml
        let (again, told) = read(written)
        #expect(told == [])
        #expect(again.kinds == IdentityDefinition.standard.kinds)
        #expect(again.blocked == IdentityDefinition.standard.blocked)
        #expect(again.yaml == written)
    }

    @Test func `changes built-in kinds field by field and declares others`() throws {
        let (definition, told) = read(
            """
            identity:
              kinds:
                phone: {unique: true, limit: 3}
                order_id: {from: []}
                email: {limit: none, blocked: ['@partner\\.example$']}
                customer_number:
                  from: [traits.customer_number, properties.customer.number]
                  normalise: lowercase
                  priority: 10
                  shared_after: 2
              blocked:
                also: ['^9+$']
              match: [surname + date_of_birth]
            """)
        #expect(told == [])
        #expect(definition.declared == ["customer_number"])
        let rules = try definition.rules(country: "GB") { self.code($0) ?? IdentifierKind(rawValue: 32) }
        #expect(rules.kinds.map(\.name).prefix(3) == ["user_id", "customer_number", "loyalty_id"])
        let number = try #require(rules.kind("customer_number"))
        #expect(
            number
                == IdentityRules.Kind(
                    kind: IdentifierKind(rawValue: 32), name: "customer_number",
                    from: ["traits.customer_number", "properties.customer.number", "externalIds.customer_number"],
                    normalise: .lowercase,
                    unique: true, limit: 5, priority: 10, sharedAfter: 2))
        #expect(rules.kind("phone")?.unique == true && rules.kind("phone")?.normalise == .phone)
        #expect(rules.kind("email")?.limit == nil)
        #expect(rules.kind("order_id")?.from == [])
        #expect(rules.normalise(number, "9999") == .failure(.init(refusal: .blocked(pattern: "^9+$"))))
        #expect(rules.normalise(number, "null").isFailure)
        #expect(rules.normalise(try #require(rules.kind("email")), "a@partner.example").isFailure)
        #expect(rules.normalise(number, " AB ") == .success("ab"))
    }

    @Test func `without a code for a declared kind gives no rules`() {
        let (definition, _) = read("identity: {kinds: {x: {from: [traits.x]}}}")
        #expect(throws: IdentityRulesProblem.noCode(kind: "x")) { try definition.rules(country: "US", code: code) }
    }

    @Test func `tells what is wrong, where, and how to mend it`() {
        let (_, told) = read(
            """
            identity:
              kinds:
                user_id: {limit: 2}
                emial: {unique: false}
                Card No: {from: [traits.card]}
                previous_id: {from: [traits.x]}
                a: {from: [trait.a, cookie, traits., traits.b]}
                b: {from: [traits.b], priority: 100, limit: 0, shared_after: 1, normalise: upper, blocked: ['(', '.*']}
              blocked:
                patterns: ['a|']
              match:
                - surname
                - surname + + b
                - a + a
                - b + a
                - a + b
                - a + b + c + d + e + f + g
            """)
        #expect(
            told == [
                "identity.yaml:3:22: identity.kinds.user_id.limit: two user ids are two customers; leave the limit of user_id at 1; to join two, merge them by hand",
                "identity.yaml:4:5: identity.kinds.emial: from is missing; did you mean email? A kind of your own needs it, as from: [traits.emial]",
                "identity.yaml:5:5: identity.kinds.Card No: Card No is no name of a kind; write small letters a to z, digits and _, beginning with a letter",
                "identity.yaml:6:5: identity.kinds.previous_id: previous_id is what an alias call names; nothing is decided about it; remove it",
                "identity.yaml:7:16: identity.kinds.a.from: trait.a is no place in a call; did you mean traits.a?",
                "identity.yaml:7:25: identity.kinds.a.from: cookie is no place in a call; write userId, anonymousId, groupId, or traits.NAME, context.NAME, properties.NAME, externalIds.NAME",
                "identity.yaml:7:33: identity.kinds.a.from: traits. is no place in a call; write userId, anonymousId, groupId, or traits.NAME, context.NAME, properties.NAME, externalIds.NAME",
                "identity.yaml:8:37: identity.kinds.b.priority: 100 is out of range; write a number from 1 to 99",
                "identity.yaml:8:49: identity.kinds.b.limit: 0 is out of range; write a number from 1 to 1000",
                "identity.yaml:8:66: identity.kinds.b.shared_after: 1 is out of range; write a number from 2 to 1000",
                "identity.yaml:8:80: identity.kinds.b.normalise: upper is none of trim, lowercase, email, phone; known here: email, lowercase, phone, trim",
                "identity.yaml:8:97: identity.kinds.b.blocked: ( is no pattern: missing ): (; write it in the syntax of RE2",
                "identity.yaml:8:102: identity.kinds.b.blocked: .* blocks every value; say where it begins and ends: ^…$",
                "identity.yaml:10:16: identity.blocked.patterns: a| blocks every value; say where it begins and ends: ^…$",
                "identity.yaml:12:7: identity.match: one trait alone is an identifier; declare a kind with from: [traits.surname], or add a trait, as surname + date_of_birth",
                "identity.yaml:13:7: identity.match: a trait is missing in surname + + b; write names of traits with + between them, as surname + date_of_birth",
                "identity.yaml:14:7: identity.match: a trait stands twice in a + a; write each once",
                "identity.yaml:16:7: identity.match: the rule a + b is written twice; keep one of them",
                "identity.yaml:17:7: identity.match: a rule may have 6 traits, this has 7; keep those that tell people apart",
            ])
    }

    @Test func `may declare 64 kinds and have 200 patterns and 20 match rules`() {
        func kinds(_ count: Int) -> String { "{" + (0..<count).map { "k\($0): {from: [traits.k\($0)]}" }.joined(separator: ", ") + "}" }
        #expect(read("identity: {kinds: \(kinds(64))}").told == [])
        #expect(read("identity: {kinds: \(kinds(65))}").told.count == 1)
        func patterns(_ count: Int) -> String { "[" + (0..<count).map { "'^x\($0)$'" }.joined(separator: ", ") + "]" }
        #expect(read("identity: {blocked: {also: \(patterns(200))}}").told == [])
        #expect(read("identity: {blocked: {also: \(patterns(201))}}").told.count == 1)
        func rules(_ count: Int) -> String { "[" + (0..<count).map { "a + b\($0)" }.joined(separator: ", ") + "]" }
        #expect(read("identity: {match: \(rules(20))}").told == [])
        #expect(read("identity: {match: \(rules(21))}").told.count == 1)
        #expect(read("identity: {blocked: {also: ['^\(String(repeating: "x", count: 499))']}}").told == [])
        #expect(read("identity: {blocked: {also: ['^\(String(repeating: "x", count: 500))']}}").told.count == 1)
    }
}

extension Result {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
