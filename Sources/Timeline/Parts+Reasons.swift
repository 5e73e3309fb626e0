import Formula
import Ledger

extension Parts {
    /// Where the interactions lie that a program's terms are made of for one person, newest first: of a term that is about the newest or
    /// the oldest that one, of a lowest or highest value those that have it, of any other the newest.
    ///
    /// It looks at all marks of the person: about a nanosecond each, so it is for one customer at a time.
    /// - Parameters:
    ///   - customers: The raw customers that the person is made of.
    ///   - now: The moment for which the program is worked out; what happened later is not looked at.
    ///   - limit: 1 or more.
    package func reasons(of program: BoundProgram, _ customers: [UInt32], now: UInt32, limit: Int) -> [Mark] {
        let starts = program.program.terms.map { term in
            UInt32(clamping: term.window.map { program.binding.zone.start(of: $0, at: Int64(now)) } ?? 0)
        }
        var kept = program.terms.map { Reason(function: $0.function, newest: NewestMarks(limit: limit)) }
        func see(_ mark: Mark, _ uses: ArraySlice<BoundProgram.Use>) {
            for use in uses where use.filter == 0 || program.filters[Int(use.filter)].passes(mark.channel, mark.flags) {
                if mark.second >= starts[Int(use.term)] { kept[Int(use.term)].offer(mark) }
            }
        }
        forEach(customers) { mark in
            guard mark.second <= now else { return }
            let event = Int(mark.event)
            if event + 1 < program.plainStarts.count {
                see(mark, program.plainUses[Int(program.plainStarts[event])..<Int(program.plainStarts[event + 1])])
            } else {
                see(mark, program.anyUses[...])
            }
        }
        forEachMarked(customers) { mark in
            let selector = Int(mark.event)
            guard mark.second <= now, selector + 1 < program.selectedStarts.count else { return }
            see(mark, program.selectedUses[Int(program.selectedStarts[selector])..<Int(program.selectedStarts[selector + 1])])
        }
        // One interaction may be looked at by several terms.
        var seen: Set<UInt64> = []
        var all = kept.flatMap { $0.marks }.filter { seen.insert($0.position).inserted }
        sortNewestFirst(&all)
        return Array(all.prefix(limit))
    }

    /// Calls back with every mark of selectors of these raw customers, in no order; the selector's number stands in the place of the event's.
    private func forEachMarked(_ customers: [UInt32], _ body: (Mark) -> Void) {
        func each(_ mark: Mark) -> UInt32 {
            if !marked.expiry.takes(mark) { body(mark) }
            return 0
        }
        for c in customers where !isHidden(c) {
            for i in marked.base.slice(c) where !marked.base.isExpired(i, marked.expiry) { body(marked.base.mark(i)) }
            marked.active.visit(c, each)
            marked.frozen?.visit(c, each)
        }
    }
}

/// The marks that one term is made of.
private struct Reason {
    let function: BoundProgram.Function
    var newest: NewestMarks
    /// Of a function that is made of one mark.
    private var one: Mark?

    init(function: BoundProgram.Function, newest: consuming NewestMarks) {
        self.function = function
        self.newest = newest
    }

    mutating func offer(_ mark: Mark) {
        guard let one else {
            one = mark
            newest.offer(mark)
            return
        }
        switch function {
        case .last, .lastTold, .lastSecond: if mark.isAfter(one) { self.one = mark }
        case .first, .firstSecond: if one.isAfter(mark) { self.one = mark }
        case .min: if mark.value < one.value || one.value.isNaN { self.one = mark }
        case .max: if mark.value > one.value || one.value.isNaN { self.one = mark }
        case .count, .sum, .average, .distinct, .daysActive, .sequence, .unfollowed: newest.offer(mark)
        }
    }

    var marks: [Mark] {
        switch function {
        case .first, .last, .lastTold, .firstSecond, .lastSecond, .min, .max: one.map { [$0] } ?? []
        case .count, .sum, .average, .distinct, .daysActive, .sequence, .unfollowed: newest.sorted()
        }
    }
}
