import Ledger

/// Which marks of a name are gone: those that happened before a second and stand before a position.
package struct ExpiryRule: Sendable, Equatable {
    package var second: UInt32
    package var position: UInt64
    package init(second: UInt32, position: UInt64) {
        self.second = second
        self.position = position
    }
}

/// Marks whose time to be kept is over: nobody sees them from the moment it is said, and the next merge leaves them out.
struct Expiry: Sendable {
    /// By the number of the name. Rules differ in both their parts, or one would say it all.
    private var rules: [UInt16: [ExpiryRule]] = [:]
    /// Of these nothing is kept, whenever it was.
    private var dropped: Set<UInt16> = []
    /// No mark of this second or a later one is gone.
    private(set) var latest: UInt32 = 0
    var isEmpty: Bool { rules.isEmpty && dropped.isEmpty }

    func dropping(_ dropped: Set<UInt16>) -> Expiry {
        guard !dropped.isEmpty else { return self }
        var all = self
        all.dropped.formUnion(dropped)
        all.latest = .max
        return all
    }

    func adding(_ new: [UInt16: ExpiryRule]) -> Expiry {
        var all = self
        for (event, rule) in new {
            var here = all.rules[event] ?? []
            here.removeAll { $0.second <= rule.second && $0.position <= rule.position }
            here.append(rule)
            all.rules[event] = here
            all.latest = max(all.latest, rule.second)
        }
        return all
    }

    /// Without those that a merge up to this body has done.
    func without(upTo body: Int64) -> Expiry {
        let end = Position(body: body + 1, index: 0).raw
        var left = Expiry()
        for (event, rules) in rules {
            for rule in rules where rule.position >= end { left = left.adding([event: rule]) }
        }
        return left
    }

    func takes(_ mark: Mark) -> Bool { takes(mark.event, mark.flags, mark.second, mark.position) }

    func takes(_ event: UInt16, _ flags: UInt8, _ second: UInt32, _ position: UInt64) -> Bool {
        if !dropped.isEmpty, dropped.contains(event) { return true }
        guard second < latest, let rules = rules[event], CallType(rawValue: flags >> 4 & 7)?.canExpire == true else { return false }
        return rules.contains { second < $0.second && position < $0.position }
    }
}

extension Base {
    func isExpired(_ i: Int, _ expiry: Expiry) -> Bool {
        seconds[i] < expiry.latest && expiry.takes(events[i], flags[i], seconds[i], positions[i])
    }

    /// How many of a customer's marks are gone. They lie by time, so only the oldest are looked at.
    func expired(_ c: UInt32, _ expiry: Expiry) -> Int {
        var count = 0
        for i in slice(c) {
            guard seconds[i] < expiry.latest else { break }
            if isExpired(i, expiry) { count += 1 }
        }
        return count
    }

    /// The parts of a slice without the marks that are gone.
    func visible(_ slice: Range<Int>, _ expiry: Expiry, _ body: (Range<Int>) -> Void) {
        var from = slice.lowerBound
        for i in slice {
            guard seconds[i] < expiry.latest else { break }
            if isExpired(i, expiry) {
                if from < i { body(from..<i) }
                from = i + 1
            }
        }
        if from < slice.upperBound { body(from..<slice.upperBound) }
    }
}
