package import Kernel
import Synchronization

/// Counts wrong tries per key (an address, an account) over fixed windows.
package final class Attempts: Sendable {
    /// Wrong tries within ``window`` before a key has to wait for the window's end.
    package let allowed: Int
    /// Milliseconds.
    package let window: Int64
    /// Keys remembered; past it those whose window began first are forgotten, so that a flood of keys fills no memory.
    package let most: Int

    private struct Count {
        var since: Instant
        var wrong: Int
    }
    private let counts = Mutex<[String: Count]>([:])

    package init(allowed: Int, window: Int64, most: Int = 10_000) {
        self.allowed = allowed
        self.window = window
        self.most = most
    }

    /// Seconds to wait, or nil when the key may try.
    package func wait(_ key: String, _ now: Instant) -> Int? {
        counts.withLock { counts in
            guard let count = counts[key], count.wrong >= allowed else { return nil }
            let left = window - (now - count.since)
            return left > 0 ? Int((left + 999) / 1000) : nil
        }
    }

    /// How many wrong tries are left to a key before it waits.
    package func left(_ key: String, _ now: Instant) -> Int {
        counts.withLock { counts in
            guard let count = counts[key], now - count.since < window else { return allowed }
            return max(0, allowed - count.wrong)
        }
    }

    /// Notes a wrong try; how many are left.
    @discardableResult package func wrong(_ key: String, _ now: Instant) -> Int {
        counts.withLock { counts in
            var count = counts[key].flatMap { now - $0.since < window ? $0 : nil } ?? Count(since: now, wrong: 0)
            count.wrong += 1
            if counts.count >= most, counts[key] == nil {
                counts = counts.filter { now - $0.value.since < window }
                if counts.count >= most, let oldest = counts.min(by: { $0.value.since < $1.value.since }) { counts[oldest.key] = nil }
            }
            counts[key] = count
            return max(0, allowed - count.wrong)
        }
    }

    /// Forgets the tries of a key that got it right.
    package func right(_ key: String) { counts.withLock { $0[key] = nil } }
}
