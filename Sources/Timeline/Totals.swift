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
    fileprivate static func begin(ofWeek week: Int) -> Int64 { firstMonday + Int64(week) * 604_800 }
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
        let dense = weeks * events * Counter.channels <= 1 << 22
        let found = Mutex<[Totals]>([])
        let done = DispatchSemaphore(value: 0)
        let ranges = split(2, customers: max(base.customers, 1))
        for (i, range) in ranges.enumerated() {
            startThread("totals") { [self] in
                var counter = Counter(seconds: seconds, firstWeek: firstWeek, weeks: weeks, events: events, isDense: dense)
                let columns = SweptColumns(base)
                if hidden.isEmpty, expiry.isEmpty {
                    // Of people one after the other the marks lie so too.
                    let known = range.clamped(to: 0..<base.customers)
                    counter.add(columns, Int(base.offsets[known.lowerBound])..<Int(base.offsets[known.upperBound]))
                } else {
                    for c in range where !isHidden(UInt32(c)) {
                        for i in base.slice(UInt32(c)) where expiry.isEmpty || !base.isExpired(i, expiry) { counter.add(columns, i..<i + 1) }
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
    /// When the first week began; 0 when that was before 1970.
    private let began: UInt32
    private let weeks: Int
    private let events: Int
    private let cells: UnsafeMutablePointer<Totals.Cell>
    private let count: Int
    private var rest: [Totals.Key: Totals.Cell] = [:]

    init(seconds: ClosedRange<UInt32>, firstWeek: Int, weeks: Int, events: Int, isDense: Bool) {
        self.seconds = seconds
        self.firstWeek = firstWeek
        self.weeks = weeks
        self.events = events
        began = UInt32(clamping: Totals.begin(ofWeek: firstWeek))
        count = isDense && began > 0 ? Self.channels * events * weeks : 0
        cells = .allocate(capacity: max(1, count))
        cells.initialize(repeating: .init(), count: max(1, count))
    }
    deinit { cells.deallocate() }

    /// Channels in the dense table: those that are built in, and some of a company's own.
    static let channels = 64

    /// Some marks that lie side by side.
    @inline(never) mutating func add(_ columns: SweptColumns, _ marks: Range<Int>) {
        guard count > 0 else {
            for i in marks { add(columns.seconds[i], columns.channels[i], columns.events[i], columns.values[i]) }
            return
        }
        let (seconds, channels, names, values) = (columns.seconds, columns.channels, columns.events, columns.values)
        let (cells, events, weeks, began) = (cells, events, weeks, began)
        let (first, length) = (self.seconds.lowerBound, self.seconds.upperBound - self.seconds.lowerBound)
        for i in marks {
            let (second, channel, event) = (seconds[i], channels[i], names[i])
            guard second &- first <= length else { continue }
            guard channel < Self.channels, Int(event) < events else {
                addRare(second, channel, event, values[i])
                continue
            }
            // Weeks of one channel and event lie side by side: what is used of the table is little.
            let row = Int(channel) &* events &+ Int(event)
            let week = Int((second &- began) / 604_800)
            let cell = cells + (row &* weeks &+ week)
            cell.pointee.count &+= 1
            // Only of what is no number it does not hold that it equals itself.
            cell.pointee.sum += values[i] == values[i] ? values[i] : 0
        }
    }

    /// One mark.
    mutating func add(_ second: UInt32, _ channel: UInt8, _ event: UInt16, _ value: Double) {
        guard seconds.contains(second) else { return }
        guard count > 0, channel < Self.channels, Int(event) < events else { return addRare(second, channel, event, value) }
        let place = (Int(channel) * events + Int(event)) * weeks + Int((second - began) / 604_800)
        cells[place].count += 1
        if !value.isNaN { cells[place].sum += value }
    }

    @inline(never) private mutating func addRare(_ second: UInt32, _ channel: UInt8, _ event: UInt16, _ value: Double) {
        let key = Totals.Key(week: Totals.week(of: second), channel: channel, event: event)
        rest[key, default: .init()].count += 1
        if !value.isNaN { rest[key, default: .init()].sum += value }
    }

    var totals: Totals {
        var totals = Totals()
        totals.cells = rest
        for place in 0..<count where cells[place].count > 0 {
            let key = Totals.Key(
                week: firstWeek + place % weeks, channel: UInt8(place / weeks / events), event: UInt16(place / weeks % events))
            totals.cells[key] = cells[place]
        }
        return totals
    }
}
