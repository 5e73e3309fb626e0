import Glibc

extension LogisticRegression {
    /// Rows with each column brought to mean 0 and deviation 1, after a column of ones for the intercept.
    struct Standardised {
        let width: Int
        let values: [Double]
        let outcomes: [Bool]
        let people: [Double]
        let means: [Double]
        let deviations: [Double]

        /// A column that does not vary has nothing to be standardised by: its weight is 0 under a penalty, and unknown without.
        init(_ rows: Rows, _ penalty: Double) throws(StatisticsProblem) {
            let (k, n) = (rows.columns, rows.outcomes.count)
            let people = rows.people.reduce(0, +)
            var means = [Double](repeating: 0, count: k)
            var deviations = [Double](repeating: 0, count: k)
            for i in 0..<n { for j in 0..<k { means[j] += rows.people[i] * rows.values[i * k + j] / people } }
            for i in 0..<n { for j in 0..<k { deviations[j] += rows.people[i] * pow(rows.values[i * k + j] - means[j], 2) / people } }
            for j in 0..<k {
                deviations[j] = deviations[j].squareRoot()
                guard deviations[j] > 1e-12 * abs(means[j]) else {
                    if penalty == 0 { throw .dependentColumn(j) }
                    deviations[j] = 1
                    continue
                }
            }
            var values: [Double] = []
            values.reserveCapacity(n * (k + 1))
            for i in 0..<n {
                values.append(1)
                for j in 0..<k { values.append((rows.values[i * k + j] - means[j]) / deviations[j]) }
            }
            width = k + 1
            self.values = values
            outcomes = rows.outcomes
            self.people = rows.people
            self.means = means
            self.deviations = deviations
        }

        /// Weights and errors in the units of the columns.
        func result(_ newton: Newton, _ baseline: Double) -> LogisticRegression {
            let weights = (1..<width).map { newton.weights[$0] / deviations[$0 - 1] }
            let intercept = newton.weights[0] - zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 }
            // The intercept is a sum of all standardised weights with these factors; its variance follows.
            let factors = [1] + zip(means, deviations).map { -$0 / $1 }
            var variance = 0.0
            for i in 0..<width { for j in 0..<width { variance += factors[i] * factors[j] * newton.covariance[i, j] } }
            return LogisticRegression(
                intercept: intercept, weights: weights, interceptError: max(0, variance).squareRoot(),
                errors: (1..<width).map { newton.covariance[$0, $0].squareRoot() / deviations[$0 - 1] },
                logLikelihood: newton.value, baseline: baseline, iterations: newton.iterations)
        }
    }

    /// The search for the weights of standardised columns.
    struct Newton {
        let rows: Standardised
        let penalty: Double
        var weights: [Double]
        /// The log-likelihood without the penalty.
        var value: Double
        /// The inverse of the second derivatives.
        var covariance: SquareMatrix
        var iterations = 0

        init(rows: Standardised, penalty: Double, start: Double) {
            self.rows = rows
            self.penalty = penalty
            weights = [start] + [Double](repeating: 0, count: rows.width - 1)
            covariance = SquareMatrix(size: rows.width)
            value = 0
            value = likelihood(weights)
        }

        private func score(_ row: Int, _ weights: [Double]) -> Double {
            var sum = 0.0
            for j in 0..<rows.width { sum += rows.values[row * rows.width + j] * weights[j] }
            return sum
        }

        private func likelihood(_ weights: [Double]) -> Double {
            rows.outcomes.indices.reduce(0) { sum, i in
                let s = score(i, weights)
                return sum - rows.people[i] * softplus(rows.outcomes[i] ? -s : s)
            }
        }

        private func taken(_ weights: [Double]) -> Double { penalty / 2 * weights.dropFirst().reduce(0) { $0 + $1 * $1 } }

        mutating func run() throws(StatisticsProblem) {
            var gradient = 0.0
            for _ in 0..<100 {
                let step = try next()
                iterations += 1
                gradient = step.gradient
                // The decrement says by how much the value can still grow (Boyd and Vandenberghe 2004, "Convex Optimization", 9.5.1).
                if step.decrement < 1e-16 * max(1, abs(value)) { return try checkBounded() }
                // So close, rounding hides from the likelihood which of two steps is better, and Newton's whole step is the right one: it
                // squares the distance.
                if step.decrement < 1e-11 * max(1, abs(value)) {
                    weights = zip(weights, step.change).map { $0 + $1 }
                    value = likelihood(weights)
                    // How sure they are is worked out where they are.
                    _ = try next()
                    return try checkBounded()
                }
                var length = 1.0
                var moved = false
                for _ in 0..<40 where !moved {
                    let tried = zip(weights, step.change).map { $0 + length * $1 }
                    let there = likelihood(tried)
                    if there - taken(tried) >= value - taken(weights) {
                        (weights, value, moved) = (tried, there, true)
                    }
                    length /= 2
                }
                if !moved { return try checkBounded() }
                // Without a penalty weights that tell the outcomes apart grow for ever: likelier than any real outcome.
                if penalty == 0 && value > -1e-7 * rows.people.reduce(0, +) { throw .separated }
            }
            throw penalty == 0 ? .separated : .notConverged(model: "logistic regression", evaluations: iterations, gradient: gradient)
        }

        /// A column that some outcome never comes with has a weight without end: the search stops far out, where it no longer matters, and
        /// the error shows it. A hundred standardised units is far beyond what any real data leave open.
        private func checkBounded() throws(StatisticsProblem) {
            if penalty == 0 && (0..<rows.width).contains(where: { covariance[$0, $0] > 1e4 }) { throw .separated }
        }

        /// Newton's step from here; leaves ``covariance`` behind.
        private mutating func next() throws(StatisticsProblem) -> (change: [Double], decrement: Double, gradient: Double) {
            let k = rows.width
            var gradient = [Double](repeating: 0, count: k)
            var curvature = SquareMatrix(size: k)
            for i in rows.outcomes.indices {
                let p = logistic(score(i, weights))
                let residual = rows.people[i] * ((rows.outcomes[i] ? 1 : 0) - p)
                let weight = rows.people[i] * p * (1 - p)
                for a in 0..<k {
                    let x = rows.values[i * k + a]
                    gradient[a] += residual * x
                    for b in 0...a { curvature[a, b] += weight * x * rows.values[i * k + b] }
                }
            }
            for a in 0..<k {
                if a > 0 {
                    gradient[a] -= penalty * weights[a]
                    curvature[a, a] += penalty
                }
                for b in 0..<a { curvature[b, a] = curvature[a, b] }
            }
            do { covariance = try curvature.inverseOfPositiveDefinite() } catch {
                // At the start all depends on the columns alone; later on the outcomes have been told apart.
                throw iterations == 0 ? .dependentColumn(max(0, error.column - 1)) : .separated
            }
            let change = (0..<k).map { a in (0..<k).reduce(0) { $0 + covariance[a, $1] * gradient[$1] } }
            return (change, zip(change, gradient).reduce(0) { $0 + $1.0 * $1.1 }, gradient.reduce(0) { max($0, abs($1)) })
        }
    }
}
