package import Formula
package import Kernel
package import Pipeline
import Synchronization

extension Audiences {
    /// What can be said of a lifecycle that is being written.
    package enum StagesReply: Sendable {
        case problem(FormulaProblem)
        /// What it asks of old interactions is being read.
        case reading(SelectorProgress?)
        /// How many would be in each stage, the first included, and how long that took.
        case answer(sizes: [Int], at: Instant, milliseconds: Double)
    }

    /// How many would be in each stage of a lifecycle that is not in force.
    /// - Parameter stages: The formulas of all stages but the first, in order: at most ``Program/mostStages`` less one.
    package func ask(stages: [String], _ names: FormulaNames) -> StagesReply {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return .reading(nil) }
        var program = Program(names: names, library: inForce.company.library)
        do throws(FormulaProblem) {
            // From the last stage to the second: who is left after each is in an earlier one.
            for (i, text) in stages.reversed().enumerated() {
                let holds = try check(text, names, isCondition: true, of: LifecycleDefinition.kind)
                try program.add(Checked(kind: .not(holds), type: .flag, span: holds.span), as: .asked(i))
            }
        } catch {
            return .problem(error)
        }
        do {
            guard let bound = try bind(program, inForce) else { return .reading(pipeline.selecting) }
            let answer = answer(bound, everybody, 0)
            let left = [answer.people] + answer.narrowing
            // The last stage has whom the first question takes away, and so on; whoever is left at the end is in the first.
            let sizes = [left[left.count - 1]] + zip(left, left.dropFirst()).map { $0 - $1 }.reversed()
            return .answer(sizes: sizes, at: answer.at, milliseconds: answer.milliseconds)
        } catch let problem as FormulaProblem {
            return .problem(problem)
        } catch {
            return .reading(pipeline.selecting)
        }
    }
}
