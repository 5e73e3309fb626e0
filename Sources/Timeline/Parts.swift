package import Ledger

/// What a reader needs, as of one moment: an immutable whole, replaced as a whole. Holding it keeps its files mapped.
package final class Parts: Sendable {
    let base: Base
    let frozen: Delta?
    let active: Delta
    let seenBase: SeenBase?
    let seenFrozen: SeenDelta?
    let seenActive: SeenDelta
    /// Raw customers that were erased: their marks are not shown, and left out at the next merge.
    let hidden: Set<UInt32>
    /// Marks whose time to be kept is over are not shown, and left out at the next merge.
    let expiry: Expiry
    /// How many of those that are not the hidden customers'.
    let expired: Int
    /// The marks of selectors.
    let marked: Marked
    /// How many marks they have.
    private let gone: Int
    /// Whether a raw customer was erased.
    package func isHidden(_ customer: UInt32) -> Bool { !hidden.isEmpty && hidden.contains(customer) }

    init(
        base: Base, frozen: Delta?, active: Delta, seenBase: SeenBase?, seenFrozen: SeenDelta?, seenActive: SeenDelta, hidden: Set<UInt32>,
        expiry: Expiry, expired: Int, marked: Marked
    ) {
        self.marked = marked
        self.expiry = expiry
        self.expired = expired
        self.base = base
        self.frozen = frozen
        self.active = active
        self.seenBase = seenBase
        self.seenFrozen = seenFrozen
        self.seenActive = seenActive
        self.hidden = hidden
        gone = hidden.reduce(0) { $0 + base.slice($1).count + (frozen?.count(of: $1) ?? 0) + active.count(of: $1) }
    }

    package var isFull: Bool { active.isFull || seenActive.isFull || marked.active.isFull }
    /// Marks that are in no snapshot yet.
    package var recent: Int { active.count + (frozen?.count ?? 0) + marked.active.count + (marked.frozen?.count ?? 0) }
    /// All marks of interactions.
    package var marks: Int { base.marks + active.count + (frozen?.count ?? 0) }
    /// All marks but those of erased customers and those whose time is over.
    package var interactions: Int { marks - gone - expired }

    /// How many marks are gone by an expiry, without those of hidden customers.
    static func expired(_ base: Base, _ deltas: [Delta], _ expiry: Expiry, _ hidden: Set<UInt32>) -> Int {
        guard !expiry.isEmpty else { return 0 }
        var count = 0
        for c in 0..<UInt32(base.customers) where !hidden.contains(c) { count += base.expired(c, expiry) }
        for delta in deltas { delta.forEach { c, mark in if expiry.takes(mark), !hidden.contains(c) { count += 1 } } }
        return count
    }

    /// Appends a mark; not one whose time is over, as after a start that reads the ledger again. The pipeline alone calls this.
    package func append(_ customer: UInt32, _ mark: Mark) {
        if !expiry.takes(mark) { active.append(customer, mark) }
    }

    /// Appends a mark of a selector, whose number stands in the place of the event's. The pipeline alone calls this.
    package func append(_ customer: UInt32, selected mark: Mark) {
        if !marked.expiry.takes(mark) { marked.active.append(customer, mark) }
    }

    /// Whether a message was not received within the window before; it is noted as received. The pipeline alone calls this.
    package func isNew(_ f: Fingerprint, second: UInt32, window: UInt32) -> Bool {
        if let before = seenActive.second(f) ?? seenFrozen?.second(f) ?? seenBase?.second(f), Int64(second) - Int64(before) <= Int64(window) {
            return false
        }
        seenActive.insert(f, second)
        return true
    }

    /// Notes a message as received. For replay.
    package func note(_ f: Fingerprint, second: UInt32) { seenActive.insert(f, second) }

    // MARK: Reading

    /// Where a page of marks goes on: after this one, towards the past.
    package struct Cursor: Sendable, Equatable {
        package var second: UInt32
        package var position: UInt64
        package init(second: UInt32, position: UInt64) {
            self.second = second
            self.position = position
        }
        /// Whether a mark comes before the cursor, that is, is older.
        func isAfter(_ m: Mark) -> Bool { second != m.second ? second > m.second : position > m.position }
    }

    /// The newest marks of these raw customers, newest first.
    ///
    /// It looks at about as many marks as it gives back, when they arrived in the order in which they happened: besides at
    /// those that do not match, and those newer than the cursor that are in no snapshot yet.
    ///
    /// - Parameters:
    ///   - limit: 1 or more.
    ///   - before: only marks older than this one.
    ///   - since: only marks of this second or later.
    ///   - matches: which marks count; asked of every mark looked at.
    package func newest(
        _ members: [UInt32], limit: Int, before: Cursor? = nil, since: UInt32 = 0, into out: inout [Mark],
        where matches: (Mark) -> Bool = { _ in true }
    ) {
        out.removeAll(keepingCapacity: true)
        var runs: [(from: Int, next: Int)] = []
        var kept = NewestMarks(limit: limit)
        func offer(_ m: Mark) -> UInt32 {
            if m.second >= since, before?.isAfter(m) ?? true, !expiry.takes(m), matches(m) { kept.offer(m) }
            return kept.oldest
        }
        for c in members where hidden.isEmpty || !hidden.contains(c) {
            active.visit(c, since: max(since, kept.oldest), offer)
            frozen?.visit(c, since: max(since, kept.oldest), offer)
            let slice = base.slice(c)
            if !slice.isEmpty { runs.append((slice.lowerBound, end(slice, before) - 1)) }
        }
        let recent = kept.sorted()
        var r = 0
        runs.removeAll { $0.next < $0.from }
        while out.count < limit {
            var best = -1
            for i in runs.indices where best < 0 || isAfter(runs[i].next, runs[best].next) { best = i }
            if r < recent.count, best < 0 || recent[r].isAfter(base.mark(runs[best].next)) {
                out.append(recent[r])
                r += 1
            } else if best >= 0 {
                let mark = base.mark(runs[best].next)
                guard mark.second >= since else { return }
                runs[best].next -= 1
                if runs[best].next < runs[best].from { runs.remove(at: best) }
                if !expiry.takes(mark), matches(mark) { out.append(mark) }
            } else {
                return
            }
        }
    }

    private func isAfter(_ i: Int, _ j: Int) -> Bool {
        base.seconds[i] != base.seconds[j] ? base.seconds[i] > base.seconds[j] : base.positions[i] > base.positions[j]
    }

    /// The end of the part of a slice that is older than the cursor.
    private func end(_ slice: Range<Int>, _ before: Cursor?) -> Int {
        guard let before else { return slice.upperBound }
        var low = slice.lowerBound
        var high = slice.upperBound
        while low < high {
            let middle = (low + high) / 2
            if before.isAfter(base.mark(middle)) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Calls back with every mark of these raw customers, in no order.
    package func forEach(_ members: [UInt32], _ body: (Mark) -> Void) {
        func each(_ m: Mark) -> UInt32 {
            if !expiry.takes(m) { body(m) }
            return 0
        }
        for c in members where hidden.isEmpty || !hidden.contains(c) {
            for i in base.slice(c) where !base.isExpired(i, expiry) { body(base.mark(i)) }
            active.visit(c, each)
            frozen?.visit(c, each)
        }
    }

    /// The second of the newest mark of these raw customers that passed between them and the company; nil when there is none. It looks at
    /// that one and at what was worked out since.
    package func latest(_ members: [UInt32]) -> UInt32? {
        var latest: UInt32?
        for c in members where hidden.isEmpty || !hidden.contains(c) {
            for delta in [active, frozen].compactMap({ $0 }) where delta.hasMarks(c) {
                delta.visit(c, since: latest.map { $0 &+ 1 } ?? 0) { mark in
                    if mark.isBetweenUs, !expiry.takes(mark), mark.second >= latest ?? 0 { latest = mark.second }
                    return latest.map { $0 &+ 1 } ?? 0
                }
            }
            for i in base.slice(c).reversed() {
                if let latest, base.seconds[i] <= latest { break }
                guard Mark.isBetweenUs(base.flags[i]), !base.isExpired(i, expiry) else { continue }
                latest = base.seconds[i]
                break
            }
        }
        return latest
    }

    /// The second of the oldest mark of these raw customers; nil when there is none.
    package func earliest(_ members: [UInt32]) -> UInt32? {
        var earliest: UInt32?
        for c in members where !isHidden(c) {
            if let first = base.slice(c).first { earliest = min(earliest ?? .max, base.seconds[first]) }
            for delta in [active, frozen].compactMap({ $0 }) where delta.hasMarks(c) {
                delta.visit(c) {
                    earliest = min(earliest ?? .max, $0.second)
                    return 0
                }
            }
        }
        return earliest
    }
}
