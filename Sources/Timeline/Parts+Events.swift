import Ledger

extension Parts {
    /// How often an interaction's name arrived.
    package struct Arrivals: Sendable, Equatable {
        package var count = 0
        /// Since the second asked for.
        package var lately = 0
        /// The second of the newest; 0 without any.
        package var last: UInt32 = 0
    }

    /// How often each name arrived, by its number. One look at all marks: about a nanosecond each.
    package func arrivals(names: Int, since: UInt32) -> [Arrivals] {
        var found = [Arrivals](repeating: Arrivals(), count: names)
        func see(_ event: UInt16, _ second: UInt32) {
            guard Int(event) < names else { return }
            found[Int(event)].count += 1
            if second >= since { found[Int(event)].lately += 1 }
            found[Int(event)].last = max(found[Int(event)].last, second)
        }
        sweep { _, columns, marks in
            for i in marks { see(columns.events[i], columns.seconds[i]) }
        } recent: { _, mark in
            see(mark.event, mark.second)
        }
        return found
    }

    /// To whom something happened.
    package struct Happened: Sendable, Equatable {
        /// Of each stretch of time asked for, the people by their roots.
        package var people: [Set<UInt32>]
        /// The second of the newest up to the end of the last stretch; nil without any.
        package var last: UInt32?
    }

    /// To whom each of some names happened, by its number, in some stretches of time. One look at all marks; those of other names
    /// cost next to nothing.
    /// - Parameters:
    ///   - stretches: Apart from each other.
    ///   - root: The person that a raw customer is now.
    package func happened(_ events: Set<UInt16>, in stretches: [ClosedRange<UInt32>], root: (UInt32) -> UInt32) -> [UInt16: Happened] {
        let end = stretches.map(\.upperBound).max() ?? 0
        var isWanted = [Bool](repeating: false, count: 1 << 16)
        for event in events { isWanted[Int(event)] = true }
        var found = Dictionary(uniqueKeysWithValues: events.map { ($0, Happened(people: stretches.map { _ in [] })) })
        func see(_ c: UInt32, _ event: UInt16, _ second: UInt32) {
            guard second <= end else { return }
            let last = found[event]?.last ?? 0
            found[event]?.last = max(last, second)
            for (i, stretch) in stretches.enumerated() where stretch.contains(second) { found[event]?.people[i].insert(root(c)) }
        }
        sweep { c, columns, marks in
            for i in marks where isWanted[Int(columns.events[i])] { see(c, columns.events[i], columns.seconds[i]) }
        } recent: { c, mark in
            if isWanted[Int(mark.event)] { see(c, mark.event, mark.second) }
        }
        return found
    }

    /// The newest marks of each of some names, newest first, each with its raw customer. One look at all marks.
    /// - Parameter limit: Of each name; 1 or more.
    package func newest(of events: Set<UInt16>, limit: Int) -> [UInt16: [(customer: UInt32, mark: Mark)]] {
        var kept: [UInt16: NewestMarks] = [:]
        var isWanted = [Bool](repeating: false, count: 1 << 16)
        for event in events {
            isWanted[Int(event)] = true
            kept[event] = NewestMarks(limit: limit)
        }
        func offer(_ c: UInt32, _ mark: Mark) {
            var mark = mark
            // A list's links mean nothing outside it, so the field carries whose it is.
            mark.next = c
            kept[mark.event]?.offer(mark)
        }
        sweep { c, columns, marks in
            for i in marks where isWanted[Int(columns.events[i])] {
                // Most are older than what is kept already.
                if let oldest = kept[columns.events[i]]?.oldest, columns.seconds[i] >= oldest { offer(c, base.mark(i)) }
            }
        } recent: { c, mark in
            if isWanted[Int(mark.event)] { offer(c, mark) }
        }
        return kept.mapValues { $0.sorted().map { ($0.next, $0) } }
    }
}
