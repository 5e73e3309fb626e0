extension Parts {
    /// What somebody has at least one mark of.
    package enum Having: Hashable, Sendable {
        case event(UInt16)
        /// Of what passed between the customer and the company.
        case channel(UInt8)
    }

    /// Whether each person has such a mark. About a nanosecond a mark; a person is left at the first that is found.
    /// - Parameter rootOf: The person of each raw customer, by number; raw customers past its end count for nobody.
    /// - Returns: By person.
    package func having(_ what: Having, rootOf: [UInt32]) -> [Bool] {
        var found = [Bool](repeating: false, count: rootOf.count)
        found.withUnsafeMutableBufferPointer { found in
            rootOf.withUnsafeBufferPointer { rootOf in
                switch what {
                case .event(let event): look(for: event, in: UnsafePointer(base.events), withInternal: true, rootOf, found)
                case .channel(let channel): look(for: channel, in: UnsafePointer(base.channels), withInternal: false, rootOf, found)
                }
            }
        }
        for delta in [frozen, active].compactMap(\.self) {
            delta.forEach { c, mark in
                guard Int(c) < rootOf.count, !isHidden(c), !expiry.takes(mark) else { return }
                switch what {
                case .event(let event): if mark.event == event { found[Int(rootOf[Int(c)])] = true }
                case .channel(let channel): if mark.channel == channel, mark.isBetweenUs { found[Int(rootOf[Int(c)])] = true }
                }
            }
        }
        return found
    }

    // One column, without a call for each mark: that is what makes it quick.
    private func look<Value: Equatable>(
        for value: Value, in column: UnsafePointer<Value>, withInternal: Bool, _ rootOf: UnsafeBufferPointer<UInt32>,
        _ found: UnsafeMutableBufferPointer<Bool>
    ) {
        for c in 0..<min(base.customers, rootOf.count) where !found[Int(rootOf[c])] && !isHidden(UInt32(c)) {
            var i = Int(base.offsets[c])
            let end = Int(base.offsets[c + 1])
            while i < end,
                column[i] != value || (!expiry.isEmpty && base.isExpired(i, expiry)) || (!withInternal && !Mark.isBetweenUs(base.flags[i]))
            {
                i += 1
            }
            if i < end { found[Int(rootOf[c])] = true }
        }
    }
}
