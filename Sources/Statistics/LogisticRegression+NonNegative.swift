extension LogisticRegression {
    /// A fit in which no weight is below 0.
    package struct NonNegative: Equatable, Sendable {
        /// Of each column: its weight and how uncertain it is; 0 for one that is held there.
        package var weights: [Double]
        package var errors: [Double]
        /// Columns that are held at 0, each with the weight below 0 that it had when it was taken out, beside those that were in then.
        package var held: [Int: (weight: Double, error: Double)]
        package var logLikelihood: Double
        package var baseline: Double

        package static func == (a: NonNegative, b: NonNegative) -> Bool {
            a.weights == b.weights && a.errors == b.errors && a.logLikelihood == b.logLikelihood && a.baseline == b.baseline
                && a.held.mapValues { [$0.weight, $0.error] } == b.held.mapValues { [$0.weight, $0.error] }
        }
    }

    /// The weights of 0 or more under which the outcomes are most likely, less the penalty of ``fit(_:penalty:)``.
    ///
    /// By active sets: the column that is furthest below 0 is taken out and the rest is fitted again, until none is below 0; then a column
    /// whose weight would grow from 0 comes back, until none would (the conditions of Karush, Kuhn and Tucker; as Lawson and Hanson 1974,
    /// "Solving Least Squares Problems", chapter 23, do for squares). The likelihood is concave, so what meets them is the best there is.
    /// - throws: as ``fit(_:penalty:)``.
    package static func nonNegative(_ rows: Rows, penalty: Double = 1) throws(StatisticsProblem) -> NonNegative {
        var inside = Array(0..<rows.columns)
        var held: [Int: (weight: Double, error: Double)] = [:]
        // Each round takes one out or brings one back; a column that was brought back and is taken out again stays out.
        var returned: Set<Int> = []
        while true {
            // Without a column left everybody is as likely as the other.
            let found = inside.isEmpty ? nil : try fit(rows.keeping(inside), penalty: penalty)
            if let found, let worst = inside.indices.min(by: { found.weights[$0] / found.errors[$0] < found.weights[$1] / found.errors[$1] }),
                found.weights[worst] < 0
            {
                held[inside[worst]] = (found.weights[worst], found.errors[worst])
                inside.remove(at: worst)
                continue
            }
            if let back = try growing(rows, inside, found).first(where: { !returned.contains($0) }) {
                returned.insert(back)
                held[back] = nil
                inside = (inside + [back]).sorted()
                continue
            }
            var (weights, errors) = ([Double](repeating: 0, count: rows.columns), [Double](repeating: 0, count: rows.columns))
            guard let found else {
                let baseline = try fit(rows, penalty: penalty).baseline
                return NonNegative(weights: weights, errors: errors, held: held, logLikelihood: baseline, baseline: baseline)
            }
            for (place, column) in inside.enumerated() { (weights[column], errors[column]) = (found.weights[place], found.errors[place]) }
            return NonNegative(weights: weights, errors: errors, held: held, logLikelihood: found.logLikelihood, baseline: found.baseline)
        }
    }

    /// Columns left out under which the outcomes would be likelier with a little weight, the strongest first.
    private static func growing(_ rows: Rows, _ inside: [Int], _ found: LogisticRegression?) throws(StatisticsProblem) -> [Int] {
        let converted = zip(rows.people, rows.outcomes).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
        let share = converted / rows.people.reduce(0, +)
        let outside = (0..<rows.columns).filter { !inside.contains($0) }
        var gradient = [Double](repeating: 0, count: rows.columns)
        for i in rows.outcomes.indices {
            let row = rows.values[(i * rows.columns)..<((i + 1) * rows.columns)]
            let expected = try found?.probability(inside.map { row[row.startIndex + $0] }) ?? share
            let residual = rows.people[i] * ((rows.outcomes[i] ? 1 : 0) - expected)
            for column in outside { gradient[column] += residual * row[row.startIndex + column] }
        }
        return outside.filter { gradient[$0] > 1e-6 * rows.people.reduce(0, +) }.sorted { gradient[$0] > gradient[$1] }
    }
}

extension LogisticRegression.Rows {
    /// The same people with some of the columns.
    func keeping(_ kept: [Int]) -> Self {
        var part = self
        part.columns = kept.count
        part.values = outcomes.indices.flatMap { i in kept.map { values[i * columns + $0] } }
        return part
    }
}
