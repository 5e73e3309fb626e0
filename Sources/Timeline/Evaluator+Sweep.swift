package import Identity

// Everybody, one after the other.
extension Evaluator {
    /// People in a row whose marks are looked through at once.
    private static var ahead: Int { 32 }

    /// Works the program out for every person whose root is in the range.
    /// - Parameter body: Called with the root and the values, by slot, of each person who was not erased.
    package mutating func sweep(_ parts: Parts, _ people: People.Rings, _ range: Range<Int>, _ body: (UInt32, UnsafePointer<Double>) -> Void) {
        let sides = Sides(parts)
        let (isPlain, hidesAny) = (sides.isPlain, !parts.hidden.isEmpty)
        let (looksAtPlain, looksAtSelected) = (!plain.isEmpty, !selected.isEmpty)
        let (plainSight, selectedSight) = (plain.sight, selected.sight)
        var plainCounting = Lookout.Counting(plain)
        var selectedCounting = Lookout.Counting(selected)
        var members: [UInt32] = []
        people.withTables { parent, next, kinds in
            for from in stride(from: range.lowerBound, to: range.upperBound, by: Self.ahead) {
                let some = from..<min(from + Self.ahead, range.upperBound)
                if isPlain, looksAtPlain { sides.plain.lookAhead(some, &plainCounting) }
                if isPlain, looksAtSelected { sides.selected.lookAhead(some, &selectedCounting) }
                for c in some where parent[c] == UInt32(c) && !(hidesAny && parts.isHidden(UInt32(c))) {
                    // The usual case, one raw customer, touches columns and little else.
                    if isPlain, next[c] == UInt32(c) {
                        if looksAtPlain { walk(sides.plain, c, plainSight, plainCounting) }
                        if looksAtSelected { walk(sides.selected, c, selectedSight, selectedCounting) }
                        if !isTouched, let untouched {
                            body(UInt32(c), untouched)
                            continue
                        }
                        conclude(identifiers: kinds[c])
                    } else {
                        members.removeAll(keepingCapacity: true)
                        let known = people.members(of: c, into: &members)
                        evaluate(sides, members, known)
                    }
                    body(UInt32(c), values)
                }
            }
        }
    }

    @inline(__always) private mutating func walk(
        _ side: borrowing Sides.Side, _ c: Int, _ sight: Lookout.Sight, _ counting: borrowing Lookout.Counting
    ) {
        let columns = side.columns
        if side.hasRecent(c) {
            recent.removeAll(keepingCapacity: true)
            gather(side, c, sight)
            if !recent.isEmpty { return walkMixed(columns, c, sight, counting) }
        }
        counting.forEach(columns, c) { see(sight, columns, $0, columns.seconds[$0]) }
    }

    /// The same with what is in ``recent`` in between.
    @inline(never) private mutating func walkMixed(
        _ columns: SweptColumns, _ c: Int, _ sight: Lookout.Sight, _ counting: borrowing Lookout.Counting
    ) {
        sortNewestFirst(&recent)
        var next = 0
        counting.forEach(columns, c) { i in
            let second = columns.seconds[i]
            while next < recent.count,
                recent[next].second > second || recent[next].second == second && recent[next].position > columns.positions[i]
            {
                see(sight, recent[next])
                next &+= 1
            }
            see(sight, columns, i, second)
        }
        while next < recent.count {
            see(sight, recent[next])
            next &+= 1
        }
    }
}

extension Evaluator.Sides.Side {
    /// Finds which marks of these customers may count, and has fetched what will be read of them.
    fileprivate func lookAhead(_ customers: Range<Int>, _ counting: inout Lookout.Counting) {
        for c in customers { prefetchRecent(c) }
        counting.find(columns, customers)
    }
}
