package import Access

/// What a route demands of its caller: the one table of who may do what.
package enum Permission: String, Sendable, CaseIterable {
    /// Nothing: anybody may call.
    case anyone
    /// A write key: the tracking API.
    case track
    /// To be somebody of the company, or one of its programs: one's own account, and figures that name nobody.
    case belong
    /// To see customers and how the installation is doing.
    case read
    /// To write on a customer's page: notes, and what they consent to.
    case annotate
    /// To take out everything at once.
    case export
    /// To decide about customers and refused interactions.
    case change
    /// To see who else may sign in.
    case readStaff
    /// To decide about the installation: people, keys, tokens, backups, definitions, erasing customers; to read the audit log.
    case administer

    /// Whether somebody has it: by their role and, for a token made with scopes, by these. The one place where that is decided.
    package func isHeld(by principal: Principal) -> Bool {
        roles.contains(principal.role) && (principal.scopes?.contains(rawValue) ?? true)
    }

    /// The permissions that a token of a role can be limited to.
    package static func scopes(of role: Role) -> [Permission] { allCases.filter { $0.roles.contains(role) } }

    /// The roles that have it. ``anyone`` and ``track`` ask for no role.
    ///
    /// An employee sees no customers: who only hears about them needs no personal data of them all.
    package var roles: Set<Role> {
        switch self {
        case .anyone, .track: []
        case .belong: Set(Role.allCases)
        case .read, .readStaff: [.administrator, .lead, .analyst, .marketer, .agent]
        case .annotate: [.administrator, .lead, .marketer, .agent]
        case .export: [.administrator, .lead, .analyst]
        case .change: [.administrator, .lead]
        case .administer: [.administrator]
        }
    }
}
