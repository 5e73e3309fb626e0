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
    /// Whether a raw customer was erased.
    package func isHidden(_ customer: UInt32) -> Bool { !hidden.isEmpty && hidden.contains(customer) }

    init(base: Base, frozen: Delta?, active: Delta, seenBase: SeenBase?, seenFrozen: SeenDelta?, seenActive: SeenDelta, hidden: Set<UInt32>) {
        self.base = base
        self.frozen = frozen
        self.active = active
        self.seenBase = seenBase
        self.seenFrozen = seenFrozen
        self.seenActive = seenActive
        self.hidden = hidden
    }

    package var isFull: Bool { active.isFull || seenActive.isFull }
    /// Marks that are in no snapshot yet.
    package var recent: Int { active.count + (frozen?.count ?? 0) }
    /// All marks.
    package var marks: Int { base.marks + recent }

    /// Appends a mark. The pipeline alone calls this.
    package func append(_ customer: UInt32, _ mark: Mark) { active.append(customer, mark) }

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
    /// - Parameters:
    ///   - before: only marks older than this one.
    ///   - matches: which marks count.
    package func newest(_ members: [UInt32], limit: Int, before: Cursor? = nil, into out: inout [Mark], where matches: (Mark) -> Bool = { _ in true })
    {
        out.removeAll(keepingCapacity: true)
        var runs: [(from: Int, next: Int)] = []
        var recent: [Mark] = []
        for c in members where hidden.isEmpty || !hidden.contains(c) {
            active.add(c, &recent)
            frozen?.add(c, &recent)
            let slice = base.slice(c)
            if !slice.isEmpty { runs.append((slice.lowerBound, end(slice, before) - 1)) }
        }
        if let before { recent.removeAll { !before.isAfter($0) } }
        sortNewestFirst(&recent)
        var r = 0
        runs.removeAll { $0.next < $0.from }
        while out.count < limit {
            var best = -1
            for i in runs.indices where best < 0 || isAfter(runs[i].next, runs[best].next) { best = i }
            let mark: Mark
            if r < recent.count, best < 0 || recent[r].isAfter(base.mark(runs[best].next)) {
                mark = recent[r]
                r += 1
            } else if best >= 0 {
                mark = base.mark(runs[best].next)
                runs[best].next -= 1
                if runs[best].next < runs[best].from { runs.remove(at: best) }
            } else {
                return
            }
            if matches(mark) { out.append(mark) }
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
        var recent: [Mark] = []
        for c in members where hidden.isEmpty || !hidden.contains(c) {
            for i in base.slice(c) { body(base.mark(i)) }
            active.add(c, &recent)
            frozen?.add(c, &recent)
        }
        for m in recent { body(m) }
    }

    /// The second of the newest mark of these raw customers; `last` stays as it is when there is none.
    package func newest(_ members: [UInt32], last: inout UInt32) {
        var newest: [Mark] = []
        self.newest(members, limit: 1, into: &newest)
        if let mark = newest.first { last = mark.second }
    }
}
