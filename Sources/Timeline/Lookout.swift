import CMemory

/// Which terms look at the marks of which events, or of which selectors: ready for the loops that run for every mark.
struct Lookout: ~Copyable {
    /// A term looks at marks.
    struct Watch: BitwiseCopyable {
        var function: BoundProgram.Function
        /// 0 for the term itself, or the first step of a sequence; else the step.
        var step: UInt8
        /// The filter that the mark must pass; 0 for none.
        var filter: UInt8
        var term: UInt16
        /// Marks from before it count for nothing.
        var start: UInt32
    }
    /// Where everything lies; valid while the lookout is.
    struct Sight: BitwiseCopyable {
        /// Seconds from a start on.
        fileprivate struct Time: BitwiseCopyable {
            var start = UInt32.max
            var length: UInt32 = 0
            @inline(__always) func contains(_ second: UInt32) -> Bool { second &- start <= length }
        }
        /// Of which time marks of a number are looked at, and of which time their values are.
        fileprivate struct Times: BitwiseCopyable {
            var any = Time()
            var value = Time()
        }
        /// By number up to ``numbers``.
        fileprivate var times: UnsafeMutablePointer<Times>
        fileprivate var starts: UnsafeMutablePointer<UInt32>
        /// What looks at a number, furthest back first.
        fileprivate var first: UnsafeMutablePointer<Watch>
        /// Numbers that have watches of their own; those beyond have what looks at all, which stands last.
        fileprivate var numbers: Int

        /// Whether anything looks at a mark of this number and second.
        @inline(__always) func counts(_ number: UInt16, _ second: UInt32) -> Bool { times[min(Int(number), numbers)].any.contains(second) }

        /// The first of what looks at a number, and the one behind the last.
        @inline(__always) func watches(_ number: Int) -> (UnsafePointer<Watch>, UnsafePointer<Watch>) {
            let place = min(number, numbers)
            return (UnsafePointer(first + Int(starts[place])), UnsafePointer(first + Int(starts[place &+ 1])))
        }
    }
    /// Which marks of some customers in a row may count: found for all of them, without a branch for each mark, before the first of them is
    /// worked out. So what is read of these marks here and there is on its way from memory by then.
    struct Counting: ~Copyable {
        /// A bit for each mark, 64 in a word, the highest for the first.
        private var words: UnsafeMutablePointer<UInt64>
        private var capacity = 64
        /// Where the first mark lies.
        private var start = 0
        /// The numbers that are looked at, those whose values are before the others; nil when there are too many to look for each.
        private let few: (numbers: [UInt16], withValues: Int)?
        private let sight: Sight

        init(_ lookout: borrowing Lookout) {
            words = .allocate(capacity: capacity)
            few = lookout.few
            sight = lookout.sight
        }
        deinit { words.deallocate() }

        /// Whole words, so some marks of others before and behind are looked at too. What lies behind a column's end is the next column.
        mutating func find(_ columns: SweptColumns, _ customers: Range<Int>) {
            let end = Int(columns.offsets[min(customers.upperBound, columns.customers)])
            start = Int(columns.offsets[min(customers.lowerBound, columns.customers)]) & ~63
            if (end - start) / 64 >= capacity {
                words.deallocate()
                capacity = 2 * ((end - start) / 64 + 1)
                words = .allocate(capacity: capacity)
            }
            if few == nil { findAny(columns, end) } else { findFew(columns, end) }
        }

        /// By the number alone, sixteen at a time: when a mark was is looked at only of those that are found.
        @inline(never) private func findFew(_ columns: SweptColumns, _ end: Int) {
            guard let few else { return }
            few.numbers.withUnsafeBufferPointer { numbers in
                var word = words
                for from in stride(from: start, to: end, by: 64) {
                    let value = sl_among(columns.events + from, numbers.baseAddress, few.withValues)
                    let other = sl_among(columns.events + from, numbers.baseAddress! + few.withValues, numbers.count - few.withValues)
                    word.pointee = value | other
                    prefetch(columns.values, from &+ 63, value)
                    prefetch(columns.seconds, from &+ 63, value | other)
                    word += 1
                }
            }
        }

        @inline(never) private func findAny(_ columns: SweptColumns, _ end: Int) {
            let (times, numbers) = (sight.times, sight.numbers)
            var word = words
            for from in stride(from: start, to: end, by: 64) {
                let (events, seconds) = (columns.events + from, columns.seconds + from)
                var (any, value): (UInt64, UInt64) = (0, 0)
                for i in 0..<64 {
                    let second = seconds[i]
                    let times = times[min(Int(events[i]), numbers)]
                    any = any &+ any &+ (times.any.contains(second) ? 1 : 0)
                    value = value &+ value &+ (times.value.contains(second) ? 1 : 0)
                }
                word.pointee = any
                prefetch(columns.values, from &+ 63, value)
                word += 1
            }
        }

        /// - Parameter last: Where the element lies that the lowest bit stands for.
        @inline(__always) private func prefetch<Element>(_ column: UnsafePointer<Element>, _ last: Int, _ bits: UInt64) {
            var bits = bits
            while bits != 0 {
                sl_prefetch(column + (last &- bits.trailingZeroBitCount))
                bits &= bits &- 1
            }
        }

        /// Calls back with where each mark of a customer lies that counts, the last first.
        @inline(__always) func forEach(_ columns: SweptColumns, _ customer: Int, _ body: (Int) -> Void) {
            guard customer < columns.customers else { return }
            let first = Int(columns.offsets[customer]) &- start
            let last = Int(columns.offsets[customer &+ 1]) &- start &- 1
            guard first <= last else { return }
            let lowest = first &>> 6
            var place = last &>> 6
            var word = words[place] & (.max &<< UInt64(truncatingIfNeeded: 63 &- last & 63))
            while true {
                if place == lowest { word &= .max &>> UInt64(truncatingIfNeeded: first & 63) }
                while word != 0 {
                    let i = start &+ place &<< 6 &+ 63 &- word.trailingZeroBitCount
                    word &= word &- 1
                    if few == nil || sight.counts(columns.events[i], columns.seconds[i]) { body(i) }
                }
                if place == lowest { return }
                place &-= 1
                word = words[place]
            }
        }
    }
    let sight: Sight
    private let few: (numbers: [UInt16], withValues: Int)?
    private let count: Int
    /// The most numbers that are looked for one by one: of more it is quicker to look each mark's up.
    private static let mostFew = 8
    var isEmpty: Bool { count == 0 }

    /// - Parameters:
    ///   - starts: By number: where its uses start; one more for the end.
    ///   - any: The uses of all numbers beyond.
    init(_ starts: [UInt32], _ uses: [BoundProgram.Use], any: [BoundProgram.Use], _ terms: [BoundProgram.TermInfo]) {
        let all = uses + any
        let numbers = max(0, starts.count - 1)
        count = all.count
        sight = Sight(
            times: .allocate(capacity: numbers + 1), starts: .allocate(capacity: numbers + 2), first: .allocate(capacity: max(1, all.count)),
            numbers: numbers)
        let looked = (0..<numbers).filter { starts[$0] != starts[$0 + 1] }.map { number in
            let watches = uses[Int(starts[number])..<Int(starts[number + 1])]
            return (number: UInt16(number), isRead: watches.contains { terms[Int($0.term)].function.readsValue })
        }
        let isFew = any.isEmpty && looked.count <= Self.mostFew
        few = isFew ? ((looked.filter(\.isRead) + looked.filter { !$0.isRead }).map(\.number), looked.count(where: \.isRead)) : nil
        sight.times.initialize(repeating: .init(), count: numbers + 1)
        sight.starts.initialize(repeating: UInt32(uses.count), count: numbers + 2)
        for number in 0..<numbers { sight.starts[number] = starts[number] }
        sight.starts[numbers + 1] = UInt32(all.count)
        for (i, use) in all.enumerated() {
            (sight.first + i).initialize(
                to: Watch(function: terms[Int(use.term)].function, step: use.step, filter: use.filter, term: use.term, start: 0))
        }
    }
    deinit {
        sight.times.deallocate()
        sight.starts.deallocate()
        sight.first.deallocate()
    }

    /// Takes over from which second on each term counts, up to now.
    func begin(_ starts: UnsafeMutablePointer<UInt32>, now: UInt32) {
        func time(_ start: UInt32?) -> Sight.Time {
            if let start, start <= now { Sight.Time(start: start, length: now - start) } else { Sight.Time() }
        }
        for i in 0..<count { sight.first[i].start = starts[Int(sight.first[i].term)] }
        for number in 0...sight.numbers {
            var watches = UnsafeMutableBufferPointer(
                start: sight.first + Int(sight.starts[number]), count: Int(sight.starts[number + 1] - sight.starts[number]))
            // Of steps of one sequence the later comes first.
            watches.sort { ($0.start, $0.term, $1.step) < ($1.start, $1.term, $0.step) }
            sight.times[number] = .init(any: time(watches.first?.start), value: time(watches.first { $0.function.readsValue }?.start))
        }
    }
}

/// An array's elements at a fixed place in memory, for loops that run for every mark.
struct Table<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        base = .allocate(capacity: max(1, elements.count))
        base.initialize(from: elements, count: elements.count)
        count = elements.count
    }
    deinit { base.deallocate() }

    @inline(__always) subscript(_ i: Int) -> Element { base[i] }
    /// Valid while the table is.
    var first: UnsafePointer<Element> { UnsafePointer(base) }
}
