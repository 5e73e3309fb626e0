import Glibc

extension BGNBD {
    /// The name of a parameter.
    package enum Parameter: String, Sendable, CaseIterable { case r, alpha, a, b }

    /// Parameters learned from customers, with the evidence.
    package struct Fit: Equatable, Sendable {
        package var model: BGNBD
        /// The natural logarithm of how likely the histories are under the model.
        package var logLikelihood: Double
        package var customers: Int
        /// Different histories among them.
        package var distinct: Int
        /// How often the likelihood was worked out.
        package var evaluations: Int
        /// Parameters that the data push as far as the search goes (``BGNBD/edges``): the likelihood still rises there, but hardly,
        /// and what the model expects hardly changes. It happens with few customers, or when they differ too little in rate or leaving.
        package var atEdge: [Parameter]
        /// The standard error of each parameter (observed information, delta method); nil when one is at its edge or the likelihood too flat to tell.
        package var errors: [Parameter: Double]?
    }

    /// How far the search for r, a and b goes, and, as a multiple of the mean time customers were watched, for alpha.
    package static let edges = 1e-4...1e5

    /// The parameters under which the histories are most likely.
    ///
    /// Maximum likelihood over the logarithms of the parameters, with the exact gradient; alpha in
    /// units of the mean time, so that the unit of time does not matter. It takes two starts, as nothing proves that
    /// the likelihood has one maximum only.
    ///
    /// - throws: ``StatisticsProblem``: `nothing`, `allAlike`, `nobodyReturned`, or `notConverged`.
    package static func fit(_ histories: PurchaseHistories) throws(StatisticsProblem) -> Fit {
        guard histories.customers > 0 else { throw .nothing }
        guard histories.groups.contains(where: { $0.history.repeats > 0 }) else { throw .nobodyReturned(customers: histories.customers) }
        guard histories.distinct > 1 else { throw .allAlike(customers: histories.customers) }
        let n = Double(histories.customers)
        let unit = histories.groups.reduce(0) { $0 + $1.count * $1.history.age } / n
        let returns = histories.groups.reduce(0) { $0 + $1.count * Double($1.history.repeats) } / n
        let edge = log(edges.lowerBound)...log(edges.upperBound)
        let minimiser = Minimiser(box: [edge, edge, edge, edge])
        func model(_ p: [Double]) throws(StatisticsProblem) -> BGNBD {
            try BGNBD(r: exp(p[0]), alpha: exp(p[1]) * unit, a: exp(p[2]), b: exp(p[3]))
        }
        // A rate of r / alpha that gives the mean of repeat purchases, with customers who differ and customers who differ much.
        let starts = [[0, -log(returns), -1, 0], [-1, -1 - log(returns), 0, 1]]
        let function: Minimiser.Function = { p, g in
            guard let tried = try? model(p) else { return .infinity }
            var gradient = Gradient()
            let value = tried.logLikelihood(histories, &gradient)
            g = [gradient.r * tried.r, gradient.alpha * tried.alpha, gradient.a * tried.a, gradient.b * tried.b].map { -$0 / n }
            return -value / n
        }
        let found = minimiser.minimum(from: starts, function)
        guard found.converged else { throw .notConverged(model: "BG/NBD", evaluations: found.evaluations, gradient: found.gradient) }
        let best = try model(found.point)
        let relative = found.atEdge.isEmpty ? Minimiser.errors(at: found.point, count: n, function) : nil
        let errors = relative.map { Dictionary(uniqueKeysWithValues: zip(Parameter.allCases, zip([best.r, best.alpha, best.a, best.b], $0).map(*))) }
        return Fit(
            model: best, logLikelihood: -found.value * n, customers: histories.customers, distinct: histories.distinct,
            evaluations: found.evaluations, atEdge: found.atEdge.map { Parameter.allCases[$0] }, errors: errors)
    }
}
