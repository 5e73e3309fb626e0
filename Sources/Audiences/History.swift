import Dispatch
import Formula
import Foundation
import GRDB
import Glibc
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import Synchronization
import Timeline

/// Customers of whom something has arrived that happened long ago (an import, a system that was cut off for weeks), or who turned out not to be
/// one person with others: nothing happens to them now, whatever that makes of them.
struct History: Sendable {
    /// What is older than so many milliseconds when it arrives is history: whom it makes belong somewhere has not entered now.
    private static let age: Int64 = 7 * 86_400_000
    static func isHistory(_ record: RecordView) -> Bool { record.receivedAt - record.at > age }

    /// Seconds after which it is looked at, though more is still arriving.
    private static let longest = 300
    private(set) var customers: Set<UInt32> = []
    /// Those of them who did something now too: what that makes of them is entering and leaving, and is looked at afterwards.
    private(set) var acted: Set<UInt32> = []
    /// The newest body that says some of it.
    private(set) var body: Int64 = 0
    private var began = DispatchTime.now()
    private var last = DispatchTime.now()
    var isEmpty: Bool { customers.isEmpty }

    /// - Parameter body: That says it; 0 when none has to be looked at again.
    mutating func add(_ new: [UInt32], body: Int64 = 0) {
        if isEmpty { began = .now() }
        self.body = max(self.body, body)
        last = .now()
        customers.formUnion(new)
    }

    /// Takes those out of who something happened to now that have to wait.
    mutating func hold(_ touched: inout [UInt32]) {
        guard !isEmpty else { return }
        act(Set(touched))
        touched.removeAll(where: customers.contains)
    }

    /// Takes those out of who is one person with others now who are so with one of its customers: whom the history makes belong where is not
    /// known before it is looked at.
    mutating func hold(regrouped: [UInt32], _ people: People) -> [UInt32] {
        if isEmpty { return regrouped }
        return regrouped.filter { customer in
            let isHistory = people.members(of: customer).contains(where: customers.contains)
            if isHistory { customers.insert(customer) }
            return !isHistory
        }
    }

    /// Takes over what was found of before.
    mutating func join(_ other: History) {
        guard !other.isEmpty else { return }
        add(Array(other.customers), body: other.body)
        acted.formUnion(other.acted)
    }

    /// Notes who of them did something since.
    mutating func act(_ touched: Set<UInt32>) { acted.formUnion(touched.intersection(customers)) }

    /// When it is to be looked at: when nothing more has arrived for so many milliseconds, or when it has waited long enough.
    func due(after pause: Int) -> DispatchTime { min(last + .milliseconds(pause), began + .seconds(Self.longest)) }
}

extension AudienceEngine {
    /// So many customers are found one by one; for more it is quicker to find everybody.
    private static let mostOneByOne = 500

    /// Whoever belongs somewhere by what happened long ago has not entered now: they are found, as by a definition, and nothing that
    /// waits for somebody to enter begins.
    func settleHistory(_ history: History) throws {
        // It is told while it is being concluded: until it is, nobody can see it.
        while !isStopping, pipeline.body < history.body { usleep(1_000) }
        let acted = Set(pipeline.people.roots(Array(history.acted)))
        let customers = history.customers
        guard let (inForce, before) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return }
        var everybody = before
        if !inForce.program.ranked.isEmpty { everybody = ranks(of: inForce, before) }
        let known = everybody
        state.withLock { $0.everybody = known }
        guard customers.count <= Self.mostOneByOne else { return try settle(inForce, everybody, after: history) }
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
        try end(history)
    }

    /// Writes down that nobody has to look at it again.
    func end(_ history: History) throws {
        if history.body > 0 { try perform(.settled(upTo: history.body)) }
    }

    /// Gathers the history that nobody looked at before the last stop, or that arrived while nobody was there to look, and who did
    /// something after the first of it came. It may be all that the ledger has, so it is read beside the engine's thread, in pieces.
    func lookBack() throws -> History {
        var history = History()
        guard let first = try store.read({ try Int64.fetchOne($0, sql: "SELECT first FROM member_history") }) else { return history }
        let (end, reader) = (pipeline.body, try LedgerReader(path: ledger.path))
        var acted: Set<UInt32> = []
        var after = first - 1
        while after < end, !isStopping {
            // One look at the database no longer than that, as what it writes meanwhile cannot be cleared up behind a reader.
            let piece = min(end, after + 1_000)
            try store.read { db in
                let known = try db.cachedStatement(sql: "SELECT customers FROM concluded WHERE body = ?")
                try reader.bodies(after: after) { id, view in
                    guard id <= piece, !isStopping else { return false }
                    guard let blob = try Data.fetchOne(known, arguments: [id]), blob.count == 4 * view.count else { return true }
                    let (longAgo, now) = blob.withUnsafeBytes { Self.touched(by: view, $0) }
                    if !longAgo.isEmpty { history.add(longAgo, body: id) }
                    acted.formUnion(now)
                    return true
                }
            }
            after = piece
        }
        history.act(acted)
        return history
    }

    /// Whom a body says something of that happened long ago, and whom of now.
    private static func touched(by view: BodyView, _ customers: UnsafeRawBufferPointer) -> (longAgo: [UInt32], now: [UInt32]) {
        var touched: (longAgo: [UInt32], now: [UInt32]) = ([], [])
        for i in 0..<view.count {
            let customer = customers.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
            guard customer & Concluded.duplicate == 0, let record = view[i], record.kind == .interaction, !record.isOurs else { continue }
            if History.isHistory(record) { touched.longAgo.append(customer) } else { touched.now.append(customer) }
        }
        return touched
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
