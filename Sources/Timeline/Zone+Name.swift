package import Formula
import Foundation
import Synchronization

extension Zone {
    private static let known = Mutex<[String: Zone]>([:])
    /// Seconds between two looks at the clock: no place has changed it twice within so little time.
    private static let look: Int64 = 2 * 86_400

    /// The zone of a name of the tz database, as `Europe/London`; nil when there is none. From 1970 to 2100, whose last step holds for
    /// ever after.
    package init?(named name: String) {
        if let known = Self.known.withLock({ $0[name] }) {
            self = known
            return
        }
        guard let zone = TimeZone(identifier: name) else { return nil }
        func offset(_ second: Int64) -> Int64 { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))) }
        var steps = [(start: Int64(0), offset: offset(0))]
        var second: Int64 = 0
        while second < 4_102_444_800 {
            let next = second + Self.look
            let there = offset(next)
            if there != steps[steps.count - 1].offset {
                // The first second at which it is what it is there.
                var low = second
                var high = next
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if offset(middle) == there { high = middle } else { low = middle }
                }
                steps.append((high, there))
            }
            second = next
        }
        let made = Zone(steps: steps)
        Self.known.withLock { $0[name] = made }
        self = made
    }
}
