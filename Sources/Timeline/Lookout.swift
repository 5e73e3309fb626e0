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
        /// Marks from before it count for nothing; 0 for sequences, whose steps have their own rules.
        var start: UInt32
    }
    /// Where everything lies; valid while the lookout is.
    struct Sight: BitwiseCopyable {
        /// By number, for every number that there can be: whether anything looks at it.
        fileprivate(set) var relevant: UnsafeMutablePointer<Bool>
        /// By number up to ``numbers``: of marks from before it nothing is counted.
        fileprivate var earliest: UnsafeMutablePointer<UInt32>
        fileprivate var starts: UnsafeMutablePointer<UInt32>
        fileprivate var first: UnsafeMutablePointer<Watch>
        /// Numbers that have watches of their own; those beyond have what looks at all, which stands last.
        fileprivate var numbers: Int

        @inline(__always) func counts(_ number: UInt16, _ second: UInt32) -> Bool { second >= earliest[min(Int(number), numbers)] }

        /// The first of what looks at a number, and the one behind the last.
        @inline(__always) func watches(_ number: Int) -> (UnsafePointer<Watch>, UnsafePointer<Watch>) {
            let place = min(number, numbers)
            return (UnsafePointer(first + Int(starts[place])), UnsafePointer(first + Int(starts[place &+ 1])))
        }
    }
    let sight: Sight
    private let count: Int
    var isEmpty: Bool { count == 0 }

    /// - Parameters:
    ///   - starts: By number: where its uses start; one more for the end.
    ///   - any: The uses of all numbers beyond.
    init(_ starts: [UInt32], _ uses: [BoundProgram.Use], any: [BoundProgram.Use], _ terms: [BoundProgram.TermInfo]) {
        let all = uses + any
        let numbers = max(0, starts.count - 1)
        count = all.count
        sight = Sight(
            relevant: .allocate(capacity: 1 << 16), earliest: .allocate(capacity: numbers + 1), starts: .allocate(capacity: numbers + 2),
            first: .allocate(capacity: max(1, all.count)),
            numbers: numbers)
        sight.relevant.initialize(repeating: !any.isEmpty, count: 1 << 16)
        sight.earliest.initialize(repeating: 0, count: numbers + 1)
        sight.starts.initialize(repeating: UInt32(uses.count), count: numbers + 2)
        for number in 0..<numbers {
            sight.starts[number] = starts[number]
            sight.relevant[number] = starts[number] != starts[number + 1]
        }
        sight.starts[numbers + 1] = UInt32(all.count)
        for (i, use) in all.enumerated() {
            (sight.first + i).initialize(
                to: Watch(function: terms[Int(use.term)].function, step: use.step, filter: use.filter, term: use.term, start: 0))
        }
    }
    deinit {
        sight.relevant.deallocate()
        sight.earliest.deallocate()
        sight.starts.deallocate()
        sight.first.deallocate()
    }

    /// Takes over from which second on each term counts.
    func begin(_ starts: UnsafeMutablePointer<UInt32>) {
        for i in 0..<count where sight.first[i].function != .sequence && sight.first[i].function != .unfollowed {
            sight.first[i].start = starts[Int(sight.first[i].term)]
        }
        for number in 0...sight.numbers {
            let watches = Int(sight.starts[number])..<Int(sight.starts[number + 1])
            sight.earliest[number] = watches.map { sight.first[$0].start }.min() ?? .max
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
