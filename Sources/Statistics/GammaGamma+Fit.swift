import Glibc

extension GammaGamma {
    /// The name of a parameter.
    package enum Parameter: String, Sendable, CaseIterable { case p, q, v }

    /// Parameters learned from customers, with the evidence.
    package struct Fit: Equatable, Sendable {
        package var model: GammaGamma
        /// The natural logarithm of how likely the mean values are under the model.
        package var logLikelihood: Double
        package var customers: Int
        /// See ``GammaGamma/correlation(_:)``.
        package var correlation: Double?
        /// How often the likelihood was worked out.
        package var evaluations: Int
        /// Parameters that the data push as far as the search goes (``GammaGamma/edges``).
        package var atEdge: [Parameter]
        /// The standard error of each parameter (observed information, delta method); nil when one is at its edge or the likelihood too flat to tell.
        package var errors: [Parameter: Double]?
    }

    /// How far the search for p and q goes, and, as a multiple of the mean value, for v.
    package static let edges = 1e-4...1e5

    /// The parameters under which the mean values are most likely.
    ///
    /// Maximum likelihood over the logarithms of the parameters, with the exact gradient; v in units of the mean value, so that
    /// the currency does not matter.
    ///
    /// - throws: ``StatisticsProblem``: `nothing`, `allAlike` (also when all means are the same), or `notConverged`.
    package static func fit(_ spendings: some Sequence<Spending>) throws(StatisticsProblem) -> Fit {
        let sorted = spendings.sorted { ($0.purchases, $0.mean) < ($1.purchases, $1.mean) }
        guard let first = sorted.first else { throw .nothing }
        guard sorted.contains(where: { $0.mean != first.mean }) else { throw .allAlike(customers: sorted.count) }
        let n = Double(sorted.count)
        let unit = sorted.reduce(0) { $0 + $1.mean } / n
        let likelihood = Likelihood(sorted, unit: unit)
        let edge = log(edges.lowerBound)...log(edges.upperBound)
        let minimiser = Minimiser(box: [edge, edge, edge])
        let function: Minimiser.Function = { point, gradient in
            let (p, q, v) = (exp(point[0]), exp(point[1]), exp(point[2]))
            let found = likelihood.value(p, q, v)
            gradient = [-found.p * p / n, -found.q * q / n, -found.v * v / n]
            return -found.value / n
        }
        let found = minimiser.minimum(from: [[1, 1, 0], [0, 0.7, 0], [2, 2, -1]], function)
        guard found.converged else { throw .notConverged(model: "Gamma-Gamma", evaluations: found.evaluations, gradient: found.gradient) }
        let model = try GammaGamma(p: exp(found.point[0]), q: exp(found.point[1]), v: exp(found.point[2]) * unit)
        let relative = found.atEdge.isEmpty ? Minimiser.errors(at: found.point, count: n, function) : nil
        let errors = relative.map { Dictionary(uniqueKeysWithValues: zip(Parameter.allCases, zip([model.p, model.q, model.v], $0).map(*))) }
        return Fit(
            model: model, logLikelihood: -found.value * n - n * log(unit), customers: sorted.count, correlation: correlation(sorted),
            evaluations: found.evaluations, atEdge: found.atEdge.map { Parameter.allCases[$0] }, errors: errors)
    }

    /// The log-likelihood of many customers with its derivatives, mean values in units of `unit`.
    ///
    /// What depends on the number of purchases alone is worked out once for each; what is left is two logarithms a customer.
    private struct Likelihood {
        /// Customers with the same number of purchases.
        private struct Same {
            var x: Double
            /// x · m of each.
            var totals: [Double]
            /// Σ ln m
            var logMeans: Double
        }
        private var groups: [Same] = []

        init(_ sorted: [Spending], unit: Double) {
            for spending in sorted {
                let x = Double(spending.purchases)
                if groups.last?.x != x { groups.append(Same(x: x, totals: [], logMeans: 0)) }
                groups[groups.count - 1].totals.append(x * spending.mean / unit)
                groups[groups.count - 1].logMeans += log(spending.mean / unit)
            }
        }

        /// With the terms of ``GammaGamma/logLikelihood(_:)`` and their derivatives by p, q and v.
        func value(_ p: Double, _ q: Double, _ v: Double) -> (value: Double, p: Double, q: Double, v: Double) {
            var sum = (value: 0.0, p: 0.0, q: 0.0, v: 0.0)
            for same in groups {
                let n = Double(same.totals.count)
                let px = p * same.x
                // Σ ln(1 + v / (x m)), Σ ln(1 + x m / v), Σ x m / (x m + v)
                var (own, other, share) = (0.0, 0.0, 0.0)
                for total in same.totals {
                    own += log1p(v / total)
                    other += log1p(total / v)
                    share += total / (total + v)
                }
                sum.value += n * (logGammaRise(px, by: q) - logGamma(q)) - same.logMeans - px * own - q * other
                let both = digamma(px + q)
                sum.p += same.x * (n * (both - digamma(px)) - own)
                sum.q += n * (both - digamma(q)) - other
                sum.v += (q * share - px * (n - share)) / v
            }
            return sum
        }
    }
}
