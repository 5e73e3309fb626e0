
/// What someone may do. The next issue gives each its permissions; until then all read and administrators change.
package enum Role: String, Sendable, CaseIterable {
    case administrator
    case lead
    case analyst
    case marketer
    case agent
    case employee
}

/// Who is calling.
package struct Principal: Sendable, Equatable {
    /// The token's name, as shown in histories ("joined by …").
    package var name: String
    package var role: Role
    package init(name: String, role: Role) {
        self.name = name
        self.role = role
    }
}
