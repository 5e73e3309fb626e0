import Dispatch
import Formula
import Identity
import Kernel
import Pipeline
import Synchronization
import Timeline

/// Customers of whom something has arrived that happened long ago: an import, a system that was cut off for weeks.
struct History {
    /// Seconds after which it is looked at, though more is still arriving.
    private static let longest = 300
    private(set) var customers: Set<UInt32> = []
    /// Those of them who did something now too: what that makes of them is entering and leaving, and is looked at afterwards.
    private(set) var acted: Set<UInt32> = []
    private var began = DispatchTime.now()
    private var last = DispatchTime.now()
    var isEmpty: Bool { customers.isEmpty }

    mutating func add(_ new: [UInt32]) {
        if isEmpty { began = .now() }
        last = .now()
        customers.formUnion(new)
    }

    /// Takes those out of who something happened to now that have to wait.
    mutating func hold(_ touched: inout [UInt32]) {
        guard !isEmpty else { return }
        acted.formUnion(touched.filter(customers.contains))
        touched.removeAll(where: customers.contains)
    }

    /// Whether nothing more has arrived for so many milliseconds.
    func isOver(after pause: Int) -> Bool {
        !isEmpty && (.now() >= last + .milliseconds(pause) || .now() >= began + .seconds(Self.longest))
    }
}

extension AudienceEngine {
    /// So many customers are found one by one; for more it is quicker to find everybody.
    private static let mostOneByOne = 500

    /// Whoever belongs somewhere by what happened long ago has not entered now: they are found, as by a definition, and nothing that
    /// waits for somebody to enter begins.
    func settleHistory(_ history: History) throws {
        let acted = Set(pipeline.people.roots(Array(history.acted)))
        let customers = history.customers
        guard let (inForce, before) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return }
        var everybody = before
        if !inForce.program.ranked.isEmpty { everybody = ranks(of: inForce, before) }
        let known = everybody
        state.withLock { $0.everybody = known }
        guard customers.count <= Self.mostOneByOne else { return try settle(inForce, everybody, all: true, except: acted) }
        let tables = membership.now
        let sets = inForce.sets(tables)
        let parts = pipeline.timeline
        var evaluator = Evaluator(inForce.bound, everybody)
        evaluator.set(now: UInt32(clamping: clock.now.seconds))
        var changes: [Change] = []
        var members: [UInt32] = []
        for root in Set(pipeline.people.roots(Array(customers))) where !parts.isHidden(root) && !acted.contains(root) {
            let kinds = pipeline.people.known(of: root, &members)
            evaluator.evaluate(parts, members, identifiers: kinds)
            inForce.changes(of: members[0], evaluator.values, tables, sets.audiences, sets.stages, into: &changes)
        }
        for change in changes { try find(change, inForce) }
    }

    /// Writes one change down as found.
    private func find(_ change: Change, _ inForce: InForce) throws {
        let (set, belongs): (String, Bool) =
            switch change.what {
            case .entered(let key, _): ("audience/\(key)", true)
            case .left(let key, _): ("audience/\(key)", false)
            case .moved(let from, let to):
                // Nobody has to be said to be in the first stage.
                to != nil && to != inForce.company.lifecycle.stages.first?.name ? ("lifecycle/\(to ?? "")", true) : ("lifecycle/\(from ?? "")", false)
            }
        for raw in pipeline.people.members(of: change.customer) {
            try perform(
                .members(
                    MembersOfSet(
                        set: set, signature: inForce.company.signature(of: set), from: raw, to: raw + 1, isLast: false, members: belongs ? [raw] : [])
                ))
        }
    }
}
