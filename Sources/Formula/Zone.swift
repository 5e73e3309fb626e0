import Kernel

/// A time zone as steps of its distance from UTC: what days are in a place, without a calendar at hand.
package struct Zone: Sendable, Equatable {
    /// When each distance begins to hold, in seconds since 1970, ascending; the first holds for all time before too.
    private let starts: [Int64]
    /// Seconds east of UTC.
    private let offsets: [Int64]

    /// - Parameter steps: One at least, ascending.
    package init(steps: [(start: Int64, offset: Int64)]) {
        precondition(!steps.isEmpty)
        starts = steps.map(\.start)
        offsets = steps.map(\.offset)
    }

    package static let utc = Zone(steps: [(0, 0)])

    private func step(at second: Int64) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// Seconds east of UTC at a moment.
    package func offset(at second: Int64) -> Int64 { offsets[step(at: second)] }

    /// The day there at a moment, in days since 1970-01-01.
    package func day(at second: Int64) -> Int {
        let local = second + offset(at: second)
        return Int(local >= 0 ? local / 86_400 : (local - 86_399) / 86_400)
    }

    /// The first moment of a day, in seconds since 1970: where clocks go forward at midnight, that is later than 0:00 would be.
    package func start(ofDay day: Int) -> Int64 {
        let midnight = Int64(day) * 86_400
        var candidates: [Int64] = []
        let first = step(at: midnight - 2 * 86_400)
        let last = step(at: midnight + 2 * 86_400)
        for i in first...last {
            candidates.append(midnight - offsets[i])
            if i > first { candidates.append(starts[i]) }
        }
        return candidates.sorted().first { self.day(at: $0) == day } ?? midnight - offset(at: midnight)
    }

    /// The first moment of the day, the week (from Monday, ISO 8601), the month or the year in which a moment is.
    package func start(of window: Window, at second: Int64) -> Int64 {
        let today = day(at: second)
        let (year, month, _) = Instant.date(days: today)
        switch window {
        // 1970-01-01 was a Thursday.
        case .thisWeek: return start(ofDay: today - ((today + 3) % 7 + 7) % 7)
        case .thisMonth: return start(ofDay: Instant.days(year: year, month: month, day: 1))
        case .thisYear: return start(ofDay: Instant.days(year: year, month: 1, day: 1))
        case .last(let seconds): return second - seconds
        case .since(let date): return start(of: date)
        case .today: return start(ofDay: today)
        }
    }

    package func start(of date: DateLiteral) -> Int64 {
        switch date {
        case .moment(let second): second
        case .day(let year, let month, let day): start(ofDay: Instant.days(year: year, month: month, day: day))
        }
    }
}
