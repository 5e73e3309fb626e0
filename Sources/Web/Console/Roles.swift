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

    /// `Administrator`, `CX lead`
    static func name(_ role: Role) -> String {
        switch role {
        case .administrator: "Administrator"
        case .lead: "CX lead"
        case .analyst: "Analyst"
        case .marketer: "Marketer"
        case .agent: "Agent"
        case .employee: "Employee"
        }
    }

    /// What the role is for, in a few words.
    static func words(_ role: Role) -> String {
        switch role {
        case .administrator: "everything, people and keys too"
        case .lead: "decides about customers, writes on their pages, takes data out"
        case .analyst: "sees customers and takes them out, changes nothing"
        case .marketer: "sees customers, writes on their pages"
        case .agent: "answers customers, writes on their pages"
        case .employee: "their own line of sight, no customers"
        }
    }
}
