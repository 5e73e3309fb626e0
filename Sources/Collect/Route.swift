package import Ledger

/// The calls of the tracking API: the last part of the path under `/v1/`.
package enum Route: String, Sendable, CaseIterable {
    case identify, track, page, screen, group, alias, batch
    /// Historical data: larger bodies, and times are taken as given.
    case `import`

    /// The route of a path's last part, `track` as well as the one letter `t` that browser and mobile clients use.
    package init?(path: some StringProtocol) {
        switch path {
        case "i": self = .identify
        case "t": self = .track
        case "p": self = .page
        case "s": self = .screen
        case "g": self = .group
        case "a": self = .alias
        case "b": self = .batch
        default:
            guard let found = Route(rawValue: String(path)) else { return nil }
            self = found
        }
    }

    /// Whether the body holds a `batch` of items.
    package var isBatch: Bool { self == .batch || self == .import }

    /// The call that every item of the route is; nil where each item says so itself.
    package var type: CallType? {
        switch self {
        case .identify: .identify
        case .track: .track
        case .page: .page
        case .screen: .screen
        case .group: .group
        case .alias: .alias
        case .batch, .import: nil
        }
    }
}
