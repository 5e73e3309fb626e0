package import Formula
import Kernel
import Ledger
import Synchronization

/// Which properties came with interactions, kept for a while.
final class CarriedProperties: Sendable {
    /// Names of interactions that are kept.
    private static let mostEvents = 100
    /// Milliseconds for which what was seen is good enough: an editor asks at every key.
    private static let fresh: Int64 = 30_000
    private let known = Mutex<[String: (paths: Set<PropertyPath>, at: Instant)]>([:])
    /// Each look goes through all marks, so one at a time, and whoever waited has what it found.
    private let looking = Mutex(())

    func paths(of event: String, now: Instant, look: () -> Set<PropertyPath>) -> Set<PropertyPath> {
        func fresh() -> Set<PropertyPath>? { known.withLock { $0[event] }.flatMap { now - $0.at < Self.fresh ? $0.paths : nil } }
        if let paths = fresh() { return paths }
        return looking.withLock { _ in
            if let paths = fresh() { return paths }
            let found = look()
            known.withLock { known in
                if known.count >= Self.mostEvents { known = [:] }
                known[event] = (found, now)
            }
            return found
        }
    }
}

extension Audiences {
    /// Whether a property is in one of the newest ``Arrived/mostLooked`` interactions of a name, looked at anew every half minute; or whether a
    /// formula in force reads it: what was right once does not stand in the way of another change because it came no more.
    package func arrives(_ property: PropertyPath, with event: String) -> Bool {
        let selectors = engine.state.withLock { $0.inForce?.program.selectors ?? [] }
        let isRead = selectors.contains { selector in
            selector.subject == .event(event) && selector.properties.contains { $0.withoutLists == property.withoutLists }
        }
        return isRead
            || carried.paths(of: event, now: engine.clock.now) {
                PropertyFit.paths(in: samplesNow(of: event).map(\.properties))
            }.contains(property.withoutLists)
    }
}
