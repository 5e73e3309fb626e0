import Dispatch
package import Formula
import Identity
package import Kernel
package import Ledger
package import Pipeline
import Synchronization
import Timeline

// Formulas that somebody only asks: before they are saved, or to find something out.
extension Audiences {
    /// What a formula says of everybody.
    package struct Answer: Sendable {
        /// For how many it holds.
        package var holds: Int
        /// How many there are.
        package var people: Int
        /// Some for whom it holds.
        package var sample: [CustomerID]
        /// How many are left after each condition that is joined by `and`, in order.
        package var narrowing: [Int]
        package var at: Instant
        /// How long it took.
        package var milliseconds: Double
    }

    /// What can be said of a formula that was asked.
    package enum Reply: Sendable {
        case problem(FormulaProblem)
        /// What it asks of old interactions is being read.
        case reading(SelectorProgress?)
        case answer(Answer)
    }

    /// The names that formulas may use now: of the definitions in force, and of what has arrived.
    package var names: (names: FormulaNames, library: FormulaLibrary)? { company.map { ($0.names, $0.library) } }

    /// Looks names up in a formula.
    /// - Parameter isCondition: Whether it must be yes or no.
    package func check(_ text: String, _ names: FormulaNames, isCondition: Bool, of circle: String? = nil) throws(FormulaProblem) -> Checked {
        var checker = Checker(names: names, library: company?.library ?? FormulaLibrary())
        let tree = try Parser.parse(text)
        return isCondition ? try checker.condition(tree, of: circle) : try checker.formula(tree, of: circle)
    }

    /// For whom a condition holds, and an exception does not.
    /// - Parameters:
    ///   - names: What it may name.
    ///   - circle: What it defines, `audience/best_customers`, so that it cannot name itself.
    ///   - sampleCount: How many to give as examples, at most 100.
    package func ask(_ who: String, except: String? = nil, _ names: FormulaNames, of circle: String? = nil, sampleCount: Int = 5) -> Reply {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return .reading(nil) }
        var program = Program(names: names, library: inForce.company.library)
        do throws(FormulaProblem) {
            let checked = try check(who, names, isCondition: true, of: circle)
            for (i, part) in checked.conjuncts.enumerated() { try program.add(part, as: .asked(i)) }
            let count = checked.conjuncts.count
            if let except, !except.isEmpty {
                let left = try check(except, names, isCondition: true, of: circle)
                try program.add(Checked(kind: .not(left), type: .flag, span: left.span), as: .asked(count))
            }
        } catch {
            return .problem(error)
        }
        do {
            guard let bound = try bind(program, inForce) else { return .reading(pipeline.selecting) }
            return .answer(answer(bound, everybody, sampleCount))
        } catch let problem as FormulaProblem {
            return .problem(problem)
        } catch {
            return .reading(pipeline.selecting)
        }
    }

    /// The value of a formula for one customer, and where the interactions lie that it is made of, newest first, at most ``mostReasons``; nil
    /// while what it asks of old interactions is being read, or when there is no such customer.
    package func evaluate(
        _ text: String, _ names: FormulaNames, for customer: CustomerID, at: Instant
    ) throws -> (value: Value, reasons: [Position])? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return nil }
        var program = Program(names: names, library: inForce.company.library)
        let checked = try check(text, names, isCondition: false)
        let slot = try program.add(checked, as: .asked(0))
        guard let bound = try bind(program, inForce), let values = evaluate(bound, everybody, customer, at) else { return nil }
        var members: [UInt32] = []
        _ = pipeline.people.known(of: customer.raw, &members)
        let reasons = pipeline.timeline.reasons(of: bound, members, now: UInt32(clamping: at.seconds), limit: Self.mostReasons)
        return (value(values[slot], checked.type), reasons.map { Position(raw: $0.position) })
    }

    /// Nil while selectors that it needs are being filled in, which this begins.
    func bind(_ program: Program, _ inForce: InForce) throws -> BoundProgram? {
        var binding = inForce.bound.binding
        binding.events = pipeline.names.all
        binding.keepsTexts = false
        let missing = program.selectors.subtracting(binding.selectors.keys)
        if !missing.isEmpty {
            guard let all = engine.ask(program.selectors) else { return nil }
            binding.selectors = all
        }
        return try BoundProgram(program, binding)
    }

    func answer(_ bound: BoundProgram, _ everybody: Everybody, _ sampleCount: Int) -> Answer {
        let at = engine.clock.now
        let begun = engine.uptime
        let count = bound.program.slots.count
        // Besides what is asked there are what it leads to: only the asked ones narrow.
        let asked = (0..<count).filter { if case .asked = bound.program.slots[$0].name { true } else { false } }
        struct Part: Sendable {
            var people = 0
            var left: [Int]
            var sample: [UInt32] = []
        }
        let found = Sweep.run(
            bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: at.seconds), isPatient: false,
            make: { Part(left: Array(repeating: 0, count: asked.count)) },
            { root, values, part in
                part.people += 1
                for (i, slot) in asked.enumerated() {
                    guard values[slot] == 1 else { return }
                    part.left[i] += 1
                }
                if part.sample.count < sampleCount { part.sample.append(root) }
            })
        let left = asked.indices.map { i in found.reduce(0) { $0 + $1.left[i] } }
        return Answer(
            holds: left.last ?? 0, people: found.reduce(0) { $0 + $1.people },
            sample: found.flatMap(\.sample).prefix(sampleCount).map { CustomerID(raw: $0) }, narrowing: left, at: at,
            milliseconds: engine.uptime - begun)
    }
}

extension AudienceEngine {
    /// Milliseconds since the machine began to run.
    var uptime: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e6 }

    /// The numbers of these selectors; nil while they are being filled in. What is only asked stays until definitions change.
    func ask(_ wanted: Set<Selector>) -> [Selector: UInt16]? {
        let known = asked.withLock { $0 }
        if wanted.isSubset(of: known.numbers.keys) { return known.numbers }
        let inForce = state.withLock { $0.inForce?.program.selectors ?? [] }
        let isNew = asked.withLock { asked in
            guard !asked.isFilling else { return false }
            // So many past questions at a time: what was asked long ago is read again when somebody asks again.
            if asked.wanted.count > 50 { asked.wanted = [] }
            asked.wanted.formUnion(wanted)
            asked.isFilling = true
            return true
        }
        guard isNew else { return nil }
        let all = asked.withLock { $0.wanted }.union(inForce)
        let pipeline = pipeline
        Task { [self] in
            let numbers = try? await pipeline.select(all)
            asked.withLock { asked in
                asked.isFilling = false
                if let numbers { asked.numbers = numbers }
            }
        }
        return nil
    }
}
