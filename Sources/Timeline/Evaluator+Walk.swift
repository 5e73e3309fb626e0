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
            @inline(__always) func prefetchRecent(_ c: Int) {
                active.prefetch(c)
                frozen?.prefetch(c)
            }
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

    mutating func evaluate(_ sides: borrowing Sides, _ customers: [UInt32], _ identifiers: UInt64) {
        if !plain.isEmpty { walk(sides.plain, customers, plain.sight) }
        if !selected.isEmpty { walk(sides.selected, customers, selected.sight) }
        conclude(identifiers: identifiers)
    }

    /// The marks of some raw customers, whatever they have: those of their bases too are brought in order first.
    private mutating func walk(_ side: borrowing Sides.Side, _ customers: [UInt32], _ sight: Lookout.Sight) {
        recent.removeAll(keepingCapacity: true)
        for customer in customers { gather(side, Int(customer), sight) }
        if recent.isEmpty, side.expiry.isEmpty { return walkSlices(side.columns, customers, sight) }
        for customer in customers {
            for i in side.base.slice(customer).reversed() {
                let second = side.base.seconds[i]
                guard second >= earliest else { break }
                if sight.counts(side.base.events[i], second), side.expiry.isEmpty || !side.base.isExpired(i, side.expiry) {
                    recent.append(side.base.mark(i))
                }
            }
        }
        sortNewestFirst(&recent)
        for i in 0..<recent.count { see(sight, recent[i]) }
    }

    /// The same of a base alone: where its marks lie is brought in order, and no more of them is read than terms ask for.
    private mutating func walkSlices(_ columns: SweptColumns, _ customers: [UInt32], _ sight: Lookout.Sight) {
        places.removeAll(keepingCapacity: true)
        for customer in customers where Int(customer) < columns.customers {
            let first = Int(columns.offsets[Int(customer)])
            var i = Int(columns.offsets[Int(customer) &+ 1])
            while i > first {
                i &-= 1
                let second = columns.seconds[i]
                guard second >= earliest else { break }
                guard sight.counts(columns.events[i], second) else { continue }
                // Each customer's come newest first already.
                var k = places.count
                places.append(i)
                while k > 0, columns.isAfter(i, places[k &- 1]) {
                    places[k] = places[k &- 1]
                    k &-= 1
                }
                places[k] = i
            }
        }
        for i in places { see(sight, columns, i, columns.seconds[i]) }
    }

    /// Adds what came since the base to ``recent``, in no order.
    mutating func gather(_ side: borrowing Sides.Side, _ customer: Int, _ sight: Lookout.Sight) {
        let earliest = earliest
        for delta in side.deltas where delta.hasMarks(UInt32(customer)) {
            delta.visit(UInt32(customer), since: earliest) { mark in
                if sight.counts(mark.event, mark.second), side.expiry.isEmpty || !side.expiry.takes(mark) {
                    recent.append(mark)
                }
                return earliest
            }
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

    /// Whether one mark is newer than another.
    @inline(__always) func isAfter(_ i: Int, _ j: Int) -> Bool {
        seconds[i] != seconds[j] ? seconds[i] > seconds[j] : positions[i] > positions[j]
    }

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
