package import Ledger

/// Which calls a sender may make.
package struct AllowedCalls: Sendable, Equatable {
    /// The names there are, in the order in which they are told.
    package static let names = CallType.allCases.map(\.name) + [Route.import.rawValue]
    package static let all = AllowedCalls(bits: .max)

    private var bits: UInt8

    private init(bits: UInt8) { self.bits = bits }

    /// - Parameter names: nil for all; a name that there is none of allows nothing.
    package init(_ names: Set<String>?) {
        guard let names else {
            bits = .max
            return
        }
        bits = names.contains(Route.import.rawValue) ? 1 << 7 : 0
        for type in CallType.allCases where names.contains(type.name) { bits |= 1 << type.rawValue }
    }

    package func contains(_ type: CallType) -> Bool { bits & (1 << type.rawValue) != 0 }
    /// Historical data, by the route that takes times as given.
    package var importing: Bool { bits & (1 << 7) != 0 }

    /// Whether something may come by a route: by that of batches whatever is allowed.
    package func allow(_ route: Route) -> Bool { route == .import ? importing : route.type.map(contains) ?? true }

    /// The names of those that are allowed.
    package var allowed: [String] { CallType.allCases.filter(contains).map(\.name) + (importing ? [Route.import.rawValue] : []) }
}
