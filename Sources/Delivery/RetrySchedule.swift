package import Kernel

/// When a message that was not taken is tried again.
///
/// The waits are those that Standard Webhooks recommends. Together they are some three days: who is back by then misses nothing.
package enum RetrySchedule {
    /// Milliseconds from one attempt to the next.
    package static let waits: [Int64] = [
        5_000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour,
    ]
    /// The first and one after each wait. After the last one a message is dead.
    package static let mostAttempts = waits.count + 1
    /// The longest that a receiver may ask us to wait, in milliseconds.
    package static let longestAsked = 24 * hour
    /// Each wait is up to this part longer or shorter, so that what failed together does not come back together.
    package static let jitter = 0.1

    private static let minute: Int64 = 60_000
    private static let hour = 60 * minute

    /// The milliseconds to wait after so many attempts have failed; nil when there is no further one.
    /// - Parameters:
    ///   - attempts: 1 or more.
    ///   - asked: How many milliseconds the receiver wants to be left alone; a longer one than ``longestAsked`` counts as that.
    ///   - chance: 0 up to 1.
    package static func wait(after attempts: Int, asked: Int64? = nil, chance: Double) -> Int64? {
        guard attempts < mostAttempts else { return nil }
        let wait = Int64((Double(waits[max(0, attempts - 1)]) * (1 - jitter + 2 * jitter * chance)).rounded())
        return max(wait, min(asked ?? 0, longestAsked))
    }

    /// The milliseconds for which nothing is sent to a receiver that has failed so many times in a row, so that many messages to one
    /// that is down are not many calls: 1 s, 2 s, 4 s, … up to a minute.
    package static func rest(after failures: Int, asked: Int64? = nil) -> Int64 {
        guard failures > 0 else { return 0 }
        return max(min(minute, 1_000 << Int64(min(failures - 1, 6))), min(asked ?? 0, longestAsked))
    }

    /// What an answer asks for by `Retry-After`, in milliseconds: 0 to ``longestAsked``, however far off the moment is; nil for nothing.
    package static func asked(seconds: Int?, at: Instant?, now: Instant) -> Int64? {
        if let seconds { return Int64(max(0, min(seconds, Int(longestAsked / 1_000)))) * 1_000 }
        return at.map { max(now, min($0, now + longestAsked)) - now }
    }
}
