import Access
import Definitions
import Kernel
import Testing

@testable import Web

@Suite struct `A mask` {
    private let mask = Mask(["personal", "passport_no"])

    private func json(_ text: String, _ secrets: [String] = []) throws -> String { mask.json(try parsed(Array(text.utf8)), secrets).text }

    @Test func `knows a field whatever a sender calls it`() {
        let fields = PersonalFields(["email", "phone", "birthday", "passport_no", "address", "last_name"])
        for key in [
            "email", "E-Mail", "emailAddress", "billing_email", "Customer Email", "useremail", "email_sha256", "phone", "mobile_phone", "phone_2",
            "phoneNumber", "telephone", "birthday", "dateOfBirth", "date_of_birth", "DOB", "passportNo", "Passport no", "my_passport_no",
            "shippingAddress", "address_line_1", "zip", "postalCode", "city", "last_name", "firstName", "first-name", "name",
        ] {
            #expect(fields.contains(key), "\(key)")
        }
        for key in [
            "email_opened", "email_subject", "emailed", "headphones", "headphone", "phones_sold", "username", "birth_country", "country", "total",
            "product_id", "", "passport", "no", "number", "address_count", "velocity",
        ] {
            #expect(!fields.contains(key), "\(key)")
        }
        #expect(!PersonalFields(["email"]).contains("phone") && PersonalFields([]).isEmpty && !PersonalFields([]).contains("email"))
    }

    @Test func `puts one word in the place of every value, whatever its kind and length`() throws {
        #expect(
            try json(#"{"email":"a@b.example","phone":7,"address":{"street":"x"},"birthday":null,"dob":["1"],"total":5}"#)
                == #"{"email":"hidden","phone":"hidden","address":"hidden","birthday":null,"dob":"hidden","total":5}"#)
    }

    @Test func `leaves the names of things, and hides those of people`() throws {
        #expect(
            try json(#"{"products":[{"name":"Oak bench"}],"product":{"name":"Bench"},"name":"Nora","customer":{"name":"Nora"}}"#)
                == #"{"products":[{"name":"Oak bench"}],"product":{"name":"Bench"},"name":"hidden","customer":{"name":"hidden"}}"#)
        #expect(try json(#"{"name":"Oak bench","price":3}"#) == #"{"name":"Oak bench","price":3}"#)
    }

    @Test(arguments: [
        ("write to nora@mail.example, please", "write to hidden, please"), ("<nora.o'neil+x@mail.example>", "<hidden>"),
        ("https://a.example/?e=nora%40mail.example&x=1", "https://a.example/?e=hidden&x=1"), ("@Nora promised", "@Nora promised"),
        ("3 @ 4", "3 @ 4"), ("100%", "100%"), ("call +44 (0)7700 900123 now", "call hidden now"), ("call 07700-900123.", "call hidden."),
        ("2026-11-19T10:42:00Z", "2026-11-19T10:42:00Z"), ("order 40817-22331", "order 40817-22331"), ("+1 and 0 and 007", "+1 and 0 and 007"),
        ("tel:+447700900123", "tel:hidden"), ("ноra@почта.example", "hidden"),
    ])
    func `takes addresses and numbers out of texts`(text: String, shown: String) {
        #expect(mask.text(text, []) == shown)
    }

    @Test func `takes a customer's own values out of texts, as words of their own`() {
        let secrets = ["Élise Quartermain", "Élise", "Al"]
        #expect(
            mask.text("ELISE QUARTERMAIN and elise and Al, also Always Elisewood", secrets) == "hidden and hidden and hidden, also Always Elisewood")
        #expect(mask.text("", secrets) == "")
        #expect(Mask.none.text("Élise, a@b.example", secrets) == "Élise, a@b.example")
    }

    // MARK: The definition

    private func read(_ yaml: String) -> (definition: PrivacyDefinition, told: [String]) {
        let findings = Findings()
        let blueprint = Blueprint(files: [(name: "p.yaml", bytes: Array(yaml.utf8))], findings)
        DefinitionKinds([PrivacyDefinition.self]).check(blueprint, findings)
        return (blueprint.definition(PrivacyDefinition.self), findings.all.map(\.description))
    }

    @Test func `is what the definition says for each role, and by default nothing is hidden`() {
        let (definition, told) = read(
            "privacy:\n  masks:\n    - fields: [email, phone]\n      from: [analyst, marketer]\n    - fields: [birthday]\n      from: [analyst]\n")
        #expect(told == [])
        let privacy = Privacy(definition)
        #expect(privacy.mask(for: .analyst).fields.contains("email") && privacy.mask(for: .analyst).fields.contains("dob"))
        #expect(privacy.mask(for: .marketer).fields.contains("phone") && !privacy.mask(for: .marketer).fields.contains("birthday"))
        for role in [Role.administrator, .lead, .agent, .employee] { #expect(privacy.mask(for: role).isNone) }
        for role in Role.allCases { #expect(Privacy.open.mask(for: role).isNone) }
        #expect(read(definition.yaml).definition == definition)
        #expect(read(PrivacyDefinition.standard.yaml).told == [] && PrivacyDefinition.standard.masks.isEmpty)
    }

    @Test(arguments: [
        ("masks:\n    - from: [analyst]", "p.yaml:3:7: privacy.masks[1]: fields is missing; write fields: [email, phone]"),
        ("masks:\n    - fields: [email]", "p.yaml:3:7: privacy.masks[1]: from is missing; write from: [analyst]"),
        (
            "masks:\n    - {fields: [email], from: [administrator]}",
            "p.yaml:3:32: privacy.masks[1].from: nothing can be hidden from an administrator, who decides what is; write one of lead, analyst, marketer, agent, employee"
        ),
        ("masks:\n    - {fields: [email], from: [analist]}", "p.yaml:3:32: privacy.masks[1].from: there is no role analist; did you mean analyst?"),
        (
            "masks:\n    - {fields: ['?'], from: [agent]}",
            "p.yaml:3:17: privacy.masks[1].fields: ? is no name of a field; write letters or digits, as email"
        ),
    ])
    func `is refused where it says what cannot be`(yaml: String, says: String) {
        #expect(read("privacy:\n  \(yaml)\n").told == [says])
    }
}
