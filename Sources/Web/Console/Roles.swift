import Access

/// Roles in sentences, in the order in which ``Role`` has them: whoever may do most comes first.
enum Roles {
    static func sorted(_ roles: Set<Role>) -> [String] { Role.allCases.filter(roles.contains).map(\.rawValue) }

    /// `administrator, lead or analyst`
    static func listed(_ roles: Set<Role>) -> String {
        let names = sorted(roles)
        guard let last = names.last, names.count > 1 else { return names.first ?? "none" }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }

    /// `an administrator`, `a lead`
    static func with(_ role: Role) -> String { ("aeiou".contains(role.rawValue.first ?? "x") ? "an " : "a ") + role.rawValue }
}
