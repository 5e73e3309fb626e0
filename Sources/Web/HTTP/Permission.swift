package import Access

/// What a route demands of its caller.
package enum Permission: String, Sendable, CaseIterable {
    /// Nothing: anybody may call.
    case anyone
    /// A write key: the tracking API.
    case track
    /// To see customers and how the installation is doing.
    case read
    /// To take out everything at once.
    case export
    /// To decide about customers and refused interactions.
    case change
    /// To decide about the installation: keys, tokens, backups, definitions, erasing people.
    case administer

    /// The roles that have it. ``anyone`` and ``track`` ask for no role.
    ///
    /// An employee has none of them: who only hears about customers needs no personal data of them all.
    package var roles: Set<Role> {
        switch self {
        case .anyone, .track: []
        case .read: [.administrator, .lead, .analyst, .marketer, .agent]
        case .export: [.administrator, .lead, .analyst]
        case .change: [.administrator, .lead]
        case .administer: [.administrator]
        }
    }
}
