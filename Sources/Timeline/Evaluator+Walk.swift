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
        for c in range where people.isRoot(c) && !parts.isHidden(UInt32(c)) {
            members.removeAll(keepingCapacity: true)
            let kinds = people.members(of: c, into: &members)
            let here = members
            evaluate(parts, here, identifiers: kinds)
            body(UInt32(c), values)
        }
    }
}
