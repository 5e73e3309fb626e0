import Formula
package import Kernel
import Synchronization
import Timeline

/// How it went with the fit of the model that a metric is worked out by.
package indirect enum ModelState: Sendable {
    case lifetime(LifetimeFit)
    case engagement(EngagementFit)
    /// In words; and what was learned before, which holds until it can be learned again.
    case failed(String, at: Instant, before: ModelState? = nil)

    /// What was learned and holds; nil when nothing was.
    package var inForce: ModelState? {
        if case .failed(_, _, let before) = self { return before }
        return self
    }
}

extension AudienceEngine {
    /// Milliseconds after which models are fitted again.
    static let fitPause = 86_400_000

    /// Fits what metrics ask for, and puts what it gives into what is known of everybody.
    /// - Parameter but: Metrics that are left as they are.
    func fitModels(_ inForce: InForce, _ everybody: inout Everybody, but kept: Set<String> = []) -> [String: ModelState] {
        var states: [String: ModelState] = [:]
        var lifetimes: [[String]: ModelState] = [:]
        // What the same definition learned before holds when it cannot be learned again.
        let before = state.withLock { state in
            inForce.company.metrics.reduce(into: [String: ModelState]()) { before, metric in
                guard state.inForce?.company.metrics.contains(where: { $0.key == metric.key && $0.definition == metric.definition }) == true else {
                    return
                }
                before[metric.key] = state.models[metric.key]?.inForce
            }
        }
        func orBefore(_ state: ModelState, _ key: String) -> ModelState {
            guard case .failed(let words, let at, _) = state else { return state }
            return .failed(words, at: at, before: before[key])
        }
        for metric in inForce.company.metrics where !kept.contains(metric.key) {
            switch metric.definition.way {
            case .lifetime(let lifetime):
                // What a model gives of the same orders comes from one fit.
                let kind = [lifetime.orders, lifetime.value]
                let state = lifetimes[kind] ?? fit(lifetime, inForce)
                lifetimes[kind] = state
                states[metric.key] = orBefore(state, metric.key)
                let (gives, days) = (lifetime.gives, Double(lifetime.days))
                guard case .lifetime(let fit) = state else { continue }
                everybody.models[metric.key] = { inputs, _ in fit.expected(gives, days: days, inputs) }
            case .engagement(let engagement):
                guard let learning = engagement.learning else { continue }
                let state = fit(engagement, learning, inForce)
                states[metric.key] = orBefore(state, metric.key)
                var weights = engagement.weights.map { Double($0.hundredths) / 100 }
                if case .engagement(let fit) = state { weights = fit.kinds.map { Double($0.hundredths) / 100 } }
                let worth = weights
                everybody.models[metric.key] = { inputs, _ in zip(worth, inputs).reduce(0) { $0 + $1.0 * $1.1 } }
            case .formula: continue
            }
        }
        return states
    }

    /// Formulas of a model, with the slot of each.
    func bind(_ formulas: [String], _ inForce: InForce) throws -> (bound: BoundProgram, slots: [Int]) {
        var program = Program(names: inForce.company.names, library: inForce.company.library)
        var checker = Checker(names: inForce.company.names, library: inForce.company.library)
        let slots = try formulas.enumerated().map { i, text in try program.add(checker.formula(Parser.parse(text)), as: .asked(i)) }
        return (try BoundProgram(program, inForce.bound.binding), slots)
    }
}
