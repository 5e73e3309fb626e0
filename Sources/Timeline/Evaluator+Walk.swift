package import Identity

// Which marks a customer has, and in which order.
extension Evaluator {
    /// The two sides of a timeline, its own marks and those of selectors, at hand.
    struct Sides {
        struct Side {
            let columns: SweptColumns
            let base: Base
            let deltas: [Delta]
            private let active: Delta.Heads
            private let frozen: Delta.Heads?
            let expiry: Expiry

            init(_ base: Base, _ active: Delta, _ frozen: Delta?, _ expiry: Expiry) {
                (self.base, self.expiry, columns) = (base, expiry, SweptColumns(base))
                deltas = [active, frozen].compactMap { $0 }
                (self.active, self.frozen) = (active.heads, frozen?.heads)
            }
            @inline(__always) func hasRecent(_ c: Int) -> Bool { active.hasMarks(c) || frozen?.hasMarks(c) ?? false }
        }
        let plain: Side
        let selected: Side
        var isPlain: Bool { plain.expiry.isEmpty && selected.expiry.isEmpty }

        init(_ parts: Parts) {
            plain = Side(parts.base, parts.active, parts.frozen, parts.expiry)
            selected = Side(parts.marked.base, parts.marked.active, parts.marked.frozen, parts.marked.expiry)
        }
    }

    /// Works the program out for the person made of these raw customers.
    /// - Parameters:
    ///   - customers: Not those that were erased.
    ///   - identifiers: Bits of the kinds of identifiers that are known of them.
    package mutating func evaluate(_ parts: Parts, _ customers: [UInt32], identifiers: UInt64) {
        evaluate(Sides(parts), customers, identifiers)
    }

    private mutating func evaluate(_ sides: borrowing Sides, _ customers: [UInt32], _ identifiers: UInt64) {
        reset()
        if !plain.isEmpty { walk(sides.plain, customers, plain.sight) }
        if !selected.isEmpty { walk(sides.selected, customers, selected.sight) }
        conclude(identifiers: identifiers)
    }

    /// The marks of some raw customers, whatever they have: those of their bases too are brought in order first.
    private mutating func walk(_ side: borrowing Sides.Side, _ customers: [UInt32], _ sight: Lookout.Sight) {
        recent.removeAll(keepingCapacity: true)
        for customer in customers {
            gather(side, Int(customer), sight)
            for i in side.base.slice(customer).reversed() where sight.relevant[Int(side.base.events[i])] {
                let second = side.base.seconds[i]
                guard second >= earliest else { break }
                if second <= now, side.expiry.isEmpty || !side.base.isExpired(i, side.expiry) { recent.append(side.base.mark(i)) }
            }
        }
        sortNewestFirst(&recent)
        for i in 0..<recent.count { see(sight, recent[i]) }
    }

    /// Adds what came since the base to ``recent``, in no order.
    private mutating func gather(_ side: borrowing Sides.Side, _ customer: Int, _ sight: Lookout.Sight) {
        let (now, earliest) = (now, earliest)
        for delta in side.deltas where delta.hasMarks(UInt32(customer)) {
            delta.visit(UInt32(customer), since: earliest) { mark in
                if mark.second <= now, mark.second >= earliest, sight.relevant[Int(mark.event)], side.expiry.isEmpty || !side.expiry.takes(mark) {
                    recent.append(mark)
                }
                return earliest
            }
        }
    }

    /// Works the program out for every person whose root is in the range.
    /// - Parameter body: Called with the root and the values, by slot, of each person who was not erased.
    package mutating func sweep(_ parts: Parts, _ people: People.Rings, _ range: Range<Int>, _ body: (UInt32, UnsafePointer<Double>) -> Void) {
        let sides = Sides(parts)
        let isPlain = sides.isPlain
        let (looksAtPlain, looksAtSelected) = (!plain.isEmpty, !selected.isEmpty)
        let (plainSight, selectedSight) = (plain.sight, selected.sight)
        var members: [UInt32] = []
        people.withTables { parent, next, kinds in
            for c in range where parent[c] == UInt32(c) && !parts.isHidden(UInt32(c)) {
                // The usual case, one raw customer, touches columns and little else.
                if isPlain, next[c] == UInt32(c) {
                    reset()
                    if looksAtPlain { walk(sides.plain, c, plainSight) }
                    if looksAtSelected { walk(sides.selected, c, selectedSight) }
                    conclude(identifiers: kinds[c])
                } else {
                    members.removeAll(keepingCapacity: true)
                    members.append(UInt32(c))
                    var known = kinds[c]
                    var m = Int(next[c])
                    while m != c {
                        members.append(UInt32(m))
                        known |= kinds[m]
                        m = Int(next[m])
                    }
                    evaluate(sides, members, known)
                }
                body(UInt32(c), values)
            }
        }
    }

    @inline(__always) private mutating func walk(_ side: borrowing Sides.Side, _ c: Int, _ sight: Lookout.Sight) {
        if side.hasRecent(c) {
            recent.removeAll(keepingCapacity: true)
            gather(side, c, sight)
            sortNewestFirst(&recent)
            if !recent.isEmpty { return walkMixed(side.columns, c, sight) }
        }
        walk(side.columns, c, sight)
    }

    @inline(__always) private mutating func walk(_ columns: SweptColumns, _ c: Int, _ sight: Lookout.Sight) {
        guard c < columns.customers else { return }
        let (low, relevant, now, earliest) = (Int(columns.offsets[c]), sight.relevant, now, earliest)
        var i = Int(columns.offsets[c &+ 1]) &- 1
        while i >= low {
            if relevant[Int(columns.events[i])] {
                let second = columns.seconds[i]
                if second < earliest { return }
                if second <= now, sight.counts(columns.events[i], second) { see(sight, columns, i, second) }
            }
            i &-= 1
        }
    }

    /// The same with what is in ``recent`` in between.
    private mutating func walkMixed(_ columns: SweptColumns, _ c: Int, _ sight: Lookout.Sight) {
        var next = 0
        if c < columns.customers {
            let low = Int(columns.offsets[c])
            var i = Int(columns.offsets[c &+ 1]) &- 1
            while i >= low {
                if sight.relevant[Int(columns.events[i])] {
                    let second = columns.seconds[i]
                    if second < earliest { break }
                    while next < recent.count,
                        recent[next].second > second || recent[next].second == second && recent[next].position > columns.positions[i]
                    {
                        see(sight, recent[next])
                        next &+= 1
                    }
                    if second <= now { see(sight, columns, i, second) }
                }
                i &-= 1
            }
        }
        while next < recent.count {
            see(sight, recent[next])
            next &+= 1
        }
    }
}

/// The columns of a base at hand.
struct SweptColumns {
    let customers: Int
    let offsets: UnsafePointer<UInt32>
    let seconds: UnsafePointer<UInt32>
    let events: UnsafePointer<UInt16>
    let channels: UnsafePointer<UInt8>
    let flags: UnsafePointer<UInt8>
    let values: UnsafePointer<Double>
    let positions: UnsafePointer<UInt64>

    init(_ base: Base) {
        customers = base.customers
        offsets = UnsafePointer(base.offsets)
        seconds = UnsafePointer(base.seconds)
        events = UnsafePointer(base.events)
        channels = UnsafePointer(base.channels)
        flags = UnsafePointer(base.flags)
        values = UnsafePointer(base.values)
        positions = UnsafePointer(base.positions)
    }
}
