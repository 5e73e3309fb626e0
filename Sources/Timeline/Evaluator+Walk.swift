package import Identity

// Which marks a customer has, and in which order.
extension Evaluator {
    /// Works the program out for the person made of these raw customers.
    /// - Parameters:
    ///   - customers: Not those that were erased.
    ///   - identifiers: Bits of the kinds of identifiers that are known of them.
    package mutating func evaluate(_ parts: Parts, _ customers: [UInt32], identifiers: UInt64) {
        reset()
        if !program.plainUses.isEmpty || !program.anyUses.isEmpty {
            walk(parts.base, [parts.active, parts.frozen].compactMap { $0 }, customers, parts.expiry, isSelected: false)
        }
        if !program.selectedUses.isEmpty {
            walk(parts.marked.base, [parts.marked.active, parts.marked.frozen].compactMap { $0 }, customers, parts.marked.expiry, isSelected: true)
        }
        conclude(identifiers: identifiers)
    }

    private mutating func walk(_ base: Base, _ deltas: [Delta], _ customers: [UInt32], _ expiry: Expiry, isSelected: Bool) {
        recent.removeAll(keepingCapacity: true)
        let earliest = earliest
        for customer in customers {
            for delta in deltas where delta.hasMarks(customer) {
                delta.visit(customer, since: earliest) { mark in
                    if mark.second <= now, mark.second >= earliest, !expiry.takes(mark) { recent.append(mark) }
                    return earliest
                }
            }
        }
        if customers.count > 1 {
            for customer in customers {
                for i in base.slice(customer).reversed() {
                    guard base.seconds[i] >= earliest else { break }
                    if base.seconds[i] <= now, !base.isExpired(i, expiry) { recent.append(base.mark(i)) }
                }
            }
            sortNewestFirst(&recent)
            for i in 0..<recent.count { see(recent[i], isSelected) }
            walked &+= recent.count
            return
        }
        sortNewestFirst(&recent)
        walk(base, base.slice(customers[0]), expiry, isSelected: isSelected)
    }

    /// Marks of one customer in the base, with what came since in between.
    private mutating func walk(_ base: Base, _ slice: Range<Int>, _ expiry: Expiry, isSelected: Bool) {
        var i = slice.upperBound &- 1
        var next = 0
        while i >= slice.lowerBound {
            let second = base.seconds[i]
            if second < earliest { break }
            while next < recent.count, recent[next].second > second || recent[next].second == second && recent[next].position > base.positions[i] {
                see(recent[next], isSelected)
                next &+= 1
            }
            if second <= now, expiry.isEmpty || !base.isExpired(i, expiry) { see(base, i, isSelected) }
            i &-= 1
        }
        while next < recent.count {
            see(recent[next], isSelected)
            next &+= 1
        }
        walked &+= slice.upperBound &- 1 &- i &+ recent.count
    }

    @inline(__always) private mutating func see(_ mark: Mark, _ isSelected: Bool) {
        if isSelected {
            guard Int(mark.event) &+ 1 < selectedStarts.count else { return }
            see(
                selectedUses.first, Int(selectedStarts[Int(mark.event)])..<Int(selectedStarts[Int(mark.event) &+ 1]), mark.second, mark.value,
                channel: mark.channel, flags: mark.flags, position: mark.position)
        } else if Int(mark.event) &+ 1 < plainStarts.count {
            see(
                plainUses.first, Int(plainStarts[Int(mark.event)])..<Int(plainStarts[Int(mark.event) &+ 1]), mark.second, mark.value,
                channel: mark.channel, flags: mark.flags, position: mark.position)
        } else {
            see(anyUses.first, 0..<anyUses.count, mark.second, mark.value, channel: mark.channel, flags: mark.flags, position: mark.position)
        }
    }

    @inline(__always) private mutating func see(_ base: Base, _ i: Int, _ isSelected: Bool) {
        let event = Int(base.events[i])
        if isSelected {
            guard event &+ 1 < selectedStarts.count else { return }
            let range = Int(selectedStarts[event])..<Int(selectedStarts[event &+ 1])
            if range.isEmpty { return }
            see(
                selectedUses.first, range, base.seconds[i], base.values[i], channel: base.channels[i], flags: base.flags[i],
                position: base.positions[i])
        } else if event &+ 1 < plainStarts.count {
            let range = Int(plainStarts[event])..<Int(plainStarts[event &+ 1])
            if range.isEmpty { return }
            see(plainUses.first, range, base.seconds[i], base.values[i], channel: base.channels[i], flags: base.flags[i], position: base.positions[i])
        } else if anyUses.count > 0 {
            see(
                anyUses.first, 0..<anyUses.count, base.seconds[i], base.values[i], channel: base.channels[i], flags: base.flags[i],
                position: base.positions[i])
        }
    }

    /// Works the program out for every person whose root is in the range.
    /// - Parameter body: Called with the root and the values, by slot, of each person who was not erased.
    package mutating func sweep(_ parts: Parts, _ people: People.Rings, _ range: Range<Int>, _ body: (UInt32, UnsafePointer<Double>) -> Void) {
        let (main, marked) = (SweptColumns(parts.base), SweptColumns(parts.marked.base))
        let deltas = [parts.active, parts.frozen, parts.marked.active, parts.marked.frozen].compactMap { $0 }
        let isPlain = parts.expiry.isEmpty && parts.marked.expiry.isEmpty
        let (looksAtPlain, looksAtMarked) = (plainUses.count > 0 || anyUses.count > 0, selectedUses.count > 0)
        people.withTables { parent, next, kinds in
            for c in range where parent[c] == UInt32(c) && !parts.isHidden(UInt32(c)) {
                // The usual case, one raw customer to whom nothing happened lately, touches columns and nothing else.
                if isPlain, next[c] == UInt32(c), !deltas.contains(where: { $0.hasMarks(UInt32(c)) }) {
                    reset()
                    if looksAtPlain { walk(main, c, isSelected: false) }
                    if looksAtMarked { walk(marked, c, isSelected: true) }
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
                    let here = members
                    evaluate(parts, here, identifiers: known)
                }
                body(UInt32(c), values)
            }
        }
    }

    @inline(__always) private mutating func walk(_ columns: SweptColumns, _ c: Int, isSelected: Bool) {
        guard c < columns.customers else { return }
        let low = Int(columns.offsets[c])
        let high = Int(columns.offsets[c &+ 1])
        var i = high &- 1
        let (now, earliest) = (now, earliest)
        let relevant = isSelected ? selectedRelevant.first : plainRelevant.first
        let starts = isSelected ? selectedStarts.first : plainStarts.first
        let uses = isSelected ? selectedUses.first : plainUses.first
        let known = isSelected ? selectedRelevant.count : plainRelevant.count
        let all = !isSelected && anyUses.count > 0
        while i >= low {
            let event = Int(columns.events[i])
            if event < known ? relevant[event] : all {
                let second = columns.seconds[i]
                if second < earliest { break }
                if second <= now {
                    if event < known {
                        see(
                            uses, Int(starts[event])..<Int(starts[event &+ 1]), second, columns.values[i], channel: columns.channels[i],
                            flags: columns.flags[i], position: columns.positions[i])
                    } else {
                        see(
                            anyUses.first, 0..<anyUses.count, second, columns.values[i], channel: columns.channels[i], flags: columns.flags[i],
                            position: columns.positions[i])
                    }
                }
            }
            i &-= 1
        }
        walked &+= high &- 1 &- i
    }
}

/// The columns of a base at hand.
private struct SweptColumns {
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
