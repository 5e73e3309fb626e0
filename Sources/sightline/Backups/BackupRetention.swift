import Kernel

/// Which backups are kept: every one for some time, and of each week the newest sound one for some weeks.
///
/// ```swift
/// Retention(all: 7 * Retention.day, weeks: 8).removable(backups, now: now)
/// ```
struct Retention: Equatable, Sendable {
    static let day: Int64 = 86_400_000

    /// Milliseconds for which every backup is kept.
    var all: Int64
    /// For how many weeks the newest sound backup of each is kept, beside this week's. A week begins on Monday, in UTC.
    var weeks: Int

    struct Candidate: Equatable, Sendable {
        var name: String
        var madeAt: Instant
        /// A test restore found it sound.
        var isSound: Bool
    }

    /// What is not kept any more, oldest first. The newest sound backup never is among them, and nothing is while none is sound.
    func removable(_ backups: [Candidate], now: Instant) -> [Candidate] {
        let sound = backups.filter(\.isSound)
        guard let newest = sound.max(by: { ($0.madeAt, $0.name) < ($1.madeAt, $1.name) }) else { return [] }
        var ofWeek: [Int64: Candidate] = [:]
        for one in sound where ofWeek[Self.week(one.madeAt)].map({ ($0.madeAt, $0.name) < (one.madeAt, one.name) }) ?? true {
            ofWeek[Self.week(one.madeAt)] = one
        }
        return backups.filter { one in
            if now - one.madeAt <= all || one == newest { return false }
            let week = Self.week(one.madeAt)
            return !(ofWeek[week] == one && Self.week(now) - week <= Int64(weeks))
        }.sorted { ($0.madeAt, $0.name) < ($1.madeAt, $1.name) }
    }

    /// Weeks since the one of 1970-01-05, a Monday.
    static func week(_ at: Instant) -> Int64 {
        let since = at.milliseconds - 4 * day
        return since >= 0 ? since / (7 * day) : (since - 7 * day + 1) / (7 * day)
    }
}
