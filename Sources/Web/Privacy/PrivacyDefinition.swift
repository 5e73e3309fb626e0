package import Access
package import Definitions
import Kernel

/// Who does not get to see which personal data.
///
/// The default hides nothing: of those who may see customers at all, everybody works with people whom they must be able to tell apart
/// and to reach, and who need not see them, the employees, see no customers anyway. What a role can do without is for the company to
/// say.
package struct PrivacyDefinition: Definition, Equatable {
    package static let kind = "privacy"
    package static let summary = "Which personal data is hidden from which roles."

    package static let guide = DefinitionGuide(
        fields: [
            .init("masks", "rules; what is hidden from a role is what any of them names"),
            .init("masks[].fields", "names of traits, of properties and of kinds of identifiers, or groups of them, see below"),
            .init(
                "masks[].from",
                "roles: \(maskable.map { "`\($0.rawValue)`" }.joined(separator: ", ")). Nothing can be hidden from an administrator, who decides what is"
            ),
        ],
        example: """
            privacy:
              masks:
                - fields: [contact, birthday]
                  from: [analyst, marketer]
                - fields: [passport_no, loyalty_id]
                  from: [agent]

            """)

    /// Some fields and the roles that do not see them.
    package struct Rule: Sendable, Equatable {
        /// Names of traits, properties and kinds of identifiers, or of groups of them.
        package var fields: [String]
        package var from: [Role]
    }

    /// What is hidden from a role is what any of them names. 50 at most.
    package var masks: [Rule] = []

    /// Roles from which something can be hidden. An administrator decides what is, and so could see it.
    static let maskable = Role.allCases.filter { $0 != .administrator }

    package init(reading reader: Reader) {
        masks =
            reader.mappings("masks", count: 0...50) { rule in
                let fields = rule.required(
                    "fields", rule.texts("fields", count: 1...100, length: 1...100, example: "email"), example: "[email, phone]")
                let from = rule.required("from", rule.texts("from", count: 1...Role.allCases.count, example: "analyst"), example: "[analyst]")
                for (text, place) in fields ?? [] where Properties.plain(text).isEmpty {
                    rule.problem("\(text.prefix(60)) is no name of a field", mend: "write letters or digits, as email", with: "fields", at: place)
                }
                let roles = (from ?? []).compactMap { text, place -> Role? in
                    if let role = Role(rawValue: text), Self.maskable.contains(role) { return role }
                    let known = Self.maskable.map(\.rawValue)
                    if text == Role.administrator.rawValue {
                        rule.problem(
                            "nothing can be hidden from an administrator, who decides what is", mend: "write one of \(known.joined(separator: ", "))",
                            with: "from", at: place)
                    } else {
                        rule.problem("there is no role \(text.prefix(60))", mend: Nearest.advice(for: text, among: known), with: "from", at: place)
                    }
                    return nil
                }
                return Rule(fields: (fields ?? []).map(\.text), from: roles)
            } ?? []
    }

    package func write(to yaml: inout YAMLText) {
        yaml.list("masks", masks) { rule, yaml in
            yaml.put("fields", rule.fields)
            yaml.put("from", rule.from.map(\.rawValue))
        }
    }
}

/// What is hidden from whom, ready to be applied.
package struct Privacy: Sendable {
    private let masks: [Role: Mask]

    package init(_ definition: PrivacyDefinition) {
        var masks: [Role: Mask] = [:]
        for role in PrivacyDefinition.maskable {
            let fields = definition.masks.filter { $0.from.contains(role) }.flatMap(\.fields)
            if !fields.isEmpty { masks[role] = Mask(fields) }
        }
        self.masks = masks
    }

    /// Nothing is hidden from anybody.
    package static let open = Privacy(.standard)

    func mask(for role: Role) -> Mask { masks[role] ?? .none }
}
