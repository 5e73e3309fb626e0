import Formula
import Identity
package import Kernel
package import Ledger
import Pipeline
import Synchronization
import Timeline

// Where one customer stands, and what made it so.
extension Audiences {
    /// The stage that a customer is in, from memory; nil without a lifecycle, or when there is no such customer.
    package func stage(of customer: CustomerID) -> String? {
        guard let stages = company?.lifecycle.stages, let first = stages.first, Int(customer.raw) < pipeline.people.count else { return nil }
        let tables = engine.membership.now
        guard let set = tables.stage(pipeline.people.root(customer.raw)) else { return first.name }
        return stages.first { tables.numbers["lifecycle/\($0.name)"] == set }?.name ?? first.name
    }

    /// What somebody may ask about.
    package enum Subject: Sendable, Equatable {
        /// By the key.
        case audience(String)
        case metric(String)
        /// By the name.
        case stage(String)
    }

    /// The most interactions that are given as reasons.
    package static let mostReasons = 10

    /// The interactions that the formula of an audience, a metric or a stage is made of for a customer now, newest first, with everything
    /// that it leads to. Of the first stage there are none: nothing leads to it.
    /// - Returns: At most ``mostReasons``; nil when there is no such definition or customer.
    package func why(_ subject: Subject, _ customer: CustomerID, at: Instant) -> [Position]? {
        guard let inForce = engine.state.withLock({ $0.inForce }), Int(customer.raw) < pipeline.people.count,
            !pipeline.timeline.isHidden(customer.raw)
        else { return nil }
        let company = inForce.company
        var program = Program(names: company.names, library: company.library)
        do throws(FormulaProblem) {
            switch subject {
            case .audience(let key):
                guard company.library.audiences[key] != nil else { return nil }
                try program.add(.audience(key))
            case .metric(let key):
                guard company.library.metrics[key] != nil else { return nil }
                try program.add(.metric(key))
            case .stage(let name):
                guard let stage = company.library.stages.first(where: { $0.name == name }) else { return nil }
                guard let entry = stage.entry else { return [] }
                var checker = Checker(names: company.names, library: company.library)
                try program.add(try checker.condition(entry, of: "lifecycle"), as: .asked(0))
            }
            // What the program in force asks of old interactions is there already, and this asks no more.
            let bound = try BoundProgram(program, inForce.bound.binding)
            var members: [UInt32] = []
            _ = pipeline.people.known(of: customer.raw, &members)
            return pipeline.timeline.reasons(of: bound, members, now: UInt32(clamping: at.seconds), limit: Self.mostReasons)
                .map { Position(raw: $0.position) }
        } catch {
            return nil
        }
    }
}
