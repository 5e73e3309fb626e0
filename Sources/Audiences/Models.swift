import Formula
package import Kernel
import Timeline

/// How it went with the fit of the model that a metric is worked out by.
package enum ModelState: Sendable {
    case lifetime(LifetimeFit)
    case engagement(EngagementFit)
    /// In words.
    case failed(String, at: Instant)
}

extension AudienceEngine {
    /// Milliseconds after which models are fitted again.
    static let fitPause = 86_400_000

    /// Fits what metrics ask for, and puts what it gives into what is known of everybody.
    /// - Parameter but: Metrics that are left as they are.
    func fitModels(_ inForce: InForce, _ everybody: inout Everybody, but kept: Set<String> = []) -> [String: ModelState] {
        var states: [String: ModelState] = [:]
        var lifetimes: [[String]: ModelState] = [:]
        for metric in inForce.company.metrics where !kept.contains(metric.key) {
            switch metric.definition.way {
            case .lifetime(let lifetime):
                // What a model gives of the same orders comes from one fit.
                let kind = [lifetime.orders, lifetime.value]
                let state = lifetimes[kind] ?? fit(lifetime, inForce)
                lifetimes[kind] = state
                states[metric.key] = state
                let (gives, days) = (lifetime.gives, Double(lifetime.days))
                guard case .lifetime(let fit) = state else { continue }
                everybody.models[metric.key] = { inputs, _ in fit.expected(gives, days: days, inputs) }
            case .engagement(let engagement):
                guard let learning = engagement.learning else { continue }
                let state = fit(engagement, learning, inForce)
                states[metric.key] = state
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
