import Formula
import Identity
package import Kernel
import Pipeline
import Store
import Synchronization
import Timeline

// Since when somebody belongs who was found to belong: worked out from what happened, as of then.
extension Audiences {
    /// A person's newest interactions that are looked at to find since when they belong.
    package static let mostLookedBack = 100

    /// Since when somebody belongs.
    package struct Since: Sendable, Equatable {
        package var at: Instant
        /// Whether they were found to belong, by the definition or in history, rather than entered.
        package var isFound = false
        /// Whether it may be longer: there is more of them than was looked at, interactions of theirs may be gone, or it could not be worked out.
        package var isAtLeast = false
    }

    /// As the state has it, but for whom a definition or history found: of these since when what the definition asks holds without a break.
    ///
    /// - Parameter rows: When each entered or was found, and which it was.
    func since(_ rows: [(customer: UInt32, at: Int64, isFound: Bool)], of set: String) -> [Since] {
        let beginning = rows.contains(where: \.isFound) ? Beginning(self, of: set) : nil
        return rows.map { row in
            let known = Since(at: Instant(milliseconds: row.at), isFound: row.isFound, isAtLeast: row.isFound)
            return row.isFound ? beginning?.since(row.customer) ?? known : known
        }
    }
}

/// Finds since when people belong to a set.
///
/// It asks whether they did at the moment of each of their interactions, the newest first, and one second before each. Where the answer changes
/// between two moments, it is time alone that changed it, and the moment is searched for by halves. So what it cannot see is a break that
/// begins and ends between two interactions, by time alone. Who is one person with whom, the ranks among everybody and what models have
/// learned are taken as they are now.
private final class Beginning {
    private var evaluator: Evaluator
    private let slot: Int
    /// The value of the slot by which somebody belongs.
    private let wanted: Double
    private let pipeline: Pipeline
    private let parts: Parts
    private let now: UInt32
    /// Whether interactions may be gone whose time was over.
    private let isShortened: Bool
    private var members: [UInt32] = []
    private var marks: [Mark] = []

    /// Nil for a set that nothing defines now.
    init?(_ audiences: Audiences, of set: String) {
        guard let (inForce, everybody) = audiences.engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return nil }
        var program = Program(names: inForce.company.names, library: inForce.company.library)
        if let audience = inForce.audiences.first(where: { $0.set == set }) {
            guard let slot = try? program.add(.audience(audience.key)) else { return nil }
            (self.slot, wanted) = (slot, 1)
        } else {
            guard let place = inForce.stages.firstIndex(of: set), let slot = try? program.add(.stage) else { return nil }
            (self.slot, wanted) = (slot, Double(place))
        }
        // What the program in force asks of old interactions is there already, and this asks no more.
        guard let bound = try? BoundProgram(program, inForce.bound.binding) else { return nil }
        evaluator = Evaluator(bound, everybody)
        pipeline = audiences.pipeline
        parts = pipeline.timeline
        now = UInt32(clamping: audiences.engine.clock.now.seconds)
        isShortened = (try? audiences.store.read(ExpiryRun.isAny)) ?? true
    }

    /// Nil for somebody who does not belong now, as they are about to leave, and for somebody of whom nothing is kept.
    func since(_ customer: UInt32) -> Audiences.Since? {
        members.removeAll(keepingCapacity: true)
        let kinds = pipeline.people.known(of: customer, &members)
        parts.newest(members, limit: Audiences.mostLookedBack + 1, into: &marks) { [now] in $0.second <= now }
        guard !marks.isEmpty, holds(now, kinds) else { return nil }
        var first = now
        for mark in marks.prefix(Audiences.mostLookedBack) {
            for moment in [mark.second, mark.second &- 1] where moment < first {
                guard holds(moment, kinds) else { return found(between(moment, first, kinds)) }
                first = moment
            }
        }
        if marks.count > Audiences.mostLookedBack { return found(first, isAtLeast: true) }
        // Of whom there is nothing more, it holds since they came, unless there was more that is not kept any longer.
        return found(marks.last?.second ?? now, isAtLeast: isShortened)
    }

    private func found(_ second: UInt32, isAtLeast: Bool = false) -> Audiences.Since {
        Audiences.Since(at: Instant(milliseconds: Int64(second) * 1000), isFound: true, isAtLeast: isAtLeast)
    }

    /// The first second at which it holds, after one at which it does not and up to one at which it does.
    private func between(_ not: UInt32, _ does: UInt32, _ kinds: UInt64) -> UInt32 {
        var (not, does) = (not, does)
        while does - not > 1 {
            let middle = not + (does - not) / 2
            if holds(middle, kinds) { does = middle } else { not = middle }
        }
        return does
    }

    private func holds(_ moment: UInt32, _ kinds: UInt64) -> Bool {
        evaluator.set(now: moment)
        evaluator.evaluate(parts, members, identifiers: kinds)
        return evaluator.values[slot] == wanted
    }
}
