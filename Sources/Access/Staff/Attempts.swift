package import Kernel
import Synchronization

/// Counts wrong tries per key (an address, an account) over fixed windows: of passwords, and of tokens.
package final class Attempts: Sendable {
    /// Wrong tries within ``window`` before a key has to wait for the window's end.
    package let allowed: Int
    /// Milliseconds.
    package let window: Int64
    /// Keys remembered; past it the quarter whose windows began first is forgotten, so that a flood of keys neither fills memory nor
    /// makes each try a search through all of them.
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
            if counts.count >= most, counts[key] == nil { Self.forget(&counts, keeping: most - max(1, most / 4)) { now - $0.since < window } }
            counts[key] = count
            return max(0, allowed - count.wrong)
        }
    }

    private static func forget(_ counts: inout [String: Count], keeping: Int, isRunning: (Count) -> Bool) {
        counts = counts.filter { isRunning($0.value) }
        let surplus = counts.count - keeping
        guard surplus > 0 else { return }
        for (key, _) in counts.sorted(by: { $0.value.since < $1.value.since }).prefix(surplus) { counts[key] = nil }
    }

    /// By what the tries from an address are counted, see ``IPAddress/holder``.
    package static func key(of address: String) -> String { IPAddress(address)?.holder ?? address }

    /// Forgets the tries of a key that got it right.
    package func right(_ key: String) { counts.withLock { $0[key] = nil } }
}
