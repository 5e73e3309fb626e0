import Dispatch
import Kernel
import Synchronization

/// Everybody's interactions by week, channel and event: how many, and their values added up.
package struct Totals: Sendable {
    package struct Key: Hashable, Sendable {
        /// Weeks since 1970-01-05, a Monday, UTC.
        package var week: Int
        package var channel: UInt8
        package var event: UInt16
        package init(week: Int, channel: UInt8, event: UInt16) {
            self.week = week
            self.channel = channel
            self.event = event
        }
    }
    package struct Cell: Sendable, Equatable {
        package var count = 0
        package var sum = 0.0
        package init(count: Int = 0, sum: Double = 0) {
            self.count = count
            self.sum = sum
        }
    }
    package fileprivate(set) var cells: [Key: Cell] = [:]
    package init() {}

    /// The Monday before 1970-01-08, in seconds.
    private static let firstMonday: Int64 = 4 * 86_400
    package static func week(of second: UInt32) -> Int {
        let since = Int64(second) - firstMonday
        return Int(since >= 0 ? since / 604_800 : (since - 604_799) / 604_800)
    }
}

extension Parts {
    /// Everybody's interactions of a time, on both cores: dense counters by week, channel and event, so a mark costs about a nanosecond.
    /// - Parameters:
    ///   - seconds: Of which time.
    ///   - events: Numbers of names there are.
    package func totals(in seconds: ClosedRange<UInt32>, events: Int) -> Totals {
        let firstWeek = Totals.week(of: seconds.lowerBound)
        let weeks = Totals.week(of: seconds.upperBound) - firstWeek + 1
        // What is rare, as a declared channel or a time of decades, goes another way.
        let dense = weeks * events * 64 <= 1 << 22
        let found = Mutex<[Totals]>([])
        let done = DispatchSemaphore(value: 0)
        let ranges = split(2, customers: max(base.customers, 1))
        for (i, range) in ranges.enumerated() {
            startThread("totals") { [self] in
                var counter = Counter(seconds: seconds, firstWeek: firstWeek, weeks: weeks, events: events, isDense: dense)
                let isPlain = expiry.isEmpty
                for c in range where !isHidden(UInt32(c)) {
                    for mark in base.slice(UInt32(c)) where isPlain || !base.isExpired(mark, expiry) {
                        counter.add(base.seconds[mark], base.channels[mark], base.events[mark], base.values[mark])
                    }
                }
                if i == 0 {
                    for delta in [frozen, active].compactMap({ $0 }) {
                        func add(_ mark: Mark) { if !expiry.takes(mark) { counter.add(mark.second, mark.channel, mark.event, mark.value) } }
                        if hidden.isEmpty { delta.forEach(add) } else { delta.forEach { c, mark in if !isHidden(c) { add(mark) } } }
                    }
                }
                let made = counter.totals
                found.withLock { $0.append(made) }
                done.signal()
            }
        }
        for _ in ranges { done.wait() }
        return found.withLock { all in
            all.dropFirst().reduce(into: all.first ?? Totals()) { whole, part in
                for (key, cell) in part.cells {
                    whole.cells[key, default: .init()].count += cell.count
                    whole.cells[key, default: .init()].sum += cell.sum
                }
            }
        }
    }
}

/// Adds marks up: by a place in a dense table where that is small, by a key where it is not.
private struct Counter: ~Copyable {
    private let seconds: ClosedRange<UInt32>
    private let firstWeek: Int
    private let events: Int
    private let cells: UnsafeMutablePointer<Totals.Cell>
    private let count: Int
    private var rest: [Totals.Key: Totals.Cell] = [:]
    /// The week of the last mark and when it began: the next is mostly of the same.
    private var week = 0
    private var weekBegan: Int64 = .max / 2

    init(seconds: ClosedRange<UInt32>, firstWeek: Int, weeks: Int, events: Int, isDense: Bool) {
        self.seconds = seconds
        self.firstWeek = firstWeek
        self.events = events
        count = isDense ? weeks * events * 64 : 0
        cells = .allocate(capacity: max(1, count))
        cells.initialize(repeating: .init(), count: max(1, count))
    }
    deinit { cells.deallocate() }

    @inline(__always) mutating func add(_ second: UInt32, _ channel: UInt8, _ event: UInt16, _ value: Double) {
        guard seconds.contains(second) else { return }
        let since = Int64(second) &- weekBegan
        if since < 0 || since >= 604_800 {
            week = Totals.week(of: second)
            weekBegan = 4 * 86_400 + Int64(week) * 604_800
        }
        if count > 0, channel < 64, Int(event) < events {
            let place = ((week &- firstWeek) &* events &+ Int(event)) &* 64 &+ Int(channel)
            cells[place].count &+= 1
            if !value.isNaN { cells[place].sum += value }
        } else {
            let key = Totals.Key(week: week, channel: channel, event: event)
            rest[key, default: .init()].count += 1
            if !value.isNaN { rest[key, default: .init()].sum += value }
        }
    }

    var totals: Totals {
        var totals = Totals()
        totals.cells = rest
        for place in 0..<count where cells[place].count > 0 {
            let key = Totals.Key(week: firstWeek + place / 64 / events, channel: UInt8(place % 64), event: UInt16(place / 64 % events))
            totals.cells[key] = cells[place]
        }
        return totals
    }
}
