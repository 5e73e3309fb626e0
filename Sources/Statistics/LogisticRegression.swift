import Glibc

/// Weights of things that came before an outcome, learned from who had it and who had not: logistic regression.
///
/// The logarithm of the odds of the outcome is the intercept plus the sum of each column times its weight. Used to learn what each kind of
/// engagement is worth from the conversions that followed. It says what went together, not what caused what.
package struct LogisticRegression: Equatable, Sendable {
    /// What the logarithm of the odds is when all columns are 0.
    package let intercept: Double
    /// How much the logarithm of the odds grows for one more of each column; exp of it is the odds ratio.
    package let weights: [Double]
    /// Of the intercept, and of each weight: how uncertain it is. With a penalty the weight itself is also drawn towards 0.
    package let interceptError: Double
    package let errors: [Double]
    /// The natural logarithm of how likely the outcomes are; without the penalty.
    package let logLikelihood: Double
    /// The same if no column told anything: the share of outcomes is all that is known.
    package let baseline: Double
    /// Newton steps taken.
    package let iterations: Int

    /// How probable the outcome is for these columns, from 0 to 1.
    ///
    /// - throws: ``StatisticsProblem/unequalLengths(what:expected:found:)``
    package func probability(_ columns: [Double]) throws(StatisticsProblem) -> Double {
        guard columns.count == weights.count else { throw .unequalLengths(what: "columns", expected: weights.count, found: columns.count) }
        return logistic(zip(weights, columns).reduce(intercept) { $0 + $1.0 * $1.1 })
    }

    /// How unlikely a weight this far from 0 would be if it were 0, from 0 to 1: Wald's test, two-sided. Meant for fits without a penalty.
    package func significance(ofWeight i: Int) -> Double { erfc(abs(weights[i] / errors[i]) / 2.0.squareRoot()) }

    /// The columns of a fit: one row for each person, or for people who are the same in all columns and the outcome.
    package struct Rows: Sendable {
        /// How many columns a row has. From 1 to 100.
        package internal(set) var columns: Int
        var values: [Double] = []
        var outcomes: [Bool] = []
        var people: [Double] = []

        /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)``
        package init(columns: Int) throws(StatisticsProblem) {
            guard (1...100).contains(columns) else { throw .outOfRange(what: "columns", value: Double(columns), least: 1, most: 100) }
            self.columns = columns
        }

        /// - Parameters:
        ///   - row: as many finite numbers as there are columns, each within ±1e9.
        ///   - people: how many people are like that. At least 1.
        /// - throws: ``StatisticsProblem``: `unequalLengths` or `outOfRange`. Nothing was added then.
        package mutating func add(_ row: [Double], outcome: Bool, people: Int = 1) throws(StatisticsProblem) {
            guard row.count == columns else { throw .unequalLengths(what: "columns", expected: columns, found: row.count) }
            for value in row where !(abs(value) <= 1e9) { throw .outOfRange(what: "column", value: value, least: -1e9, most: 1e9) }
            guard people >= 1 else { throw .outOfRange(what: "people", value: Double(people), least: 1, most: Double(Int.max)) }
            values += row
            outcomes.append(outcome)
            self.people.append(Double(people))
        }
    }

    /// The weights under which the outcomes are most likely, less a penalty for large ones.
    ///
    /// Newton's method with halved steps, which for this model is iteratively reweighted least squares: Hastie, Tibshirani and Friedman 2009, "The
    /// Elements of Statistical Learning", section 4.4.1. Columns are brought to mean 0 and deviation 1 first and the weights back afterwards, so the penalty
    /// does not depend on units. Errors are from the second derivatives with the penalty in them.
    ///
    /// - Parameter penalty: half of this times the sum of the squared standardised weights is taken from the log-likelihood (ridge, section 3.4.1;
    ///   not of the intercept). 0 for none; 1 keeps weights in bounds and hardly matters with thousands of people. From 0 to 1e9.
    /// - throws: ``StatisticsProblem``: `nothing`, `oneOutcome`, `dependentColumn`, `separated`, `notConverged`, or `outOfRange` for the penalty.
    package static func fit(_ rows: Rows, penalty: Double = 1) throws(StatisticsProblem) -> LogisticRegression {
        guard penalty >= 0 && penalty <= 1e9 else { throw .outOfRange(what: "penalty", value: penalty, least: 0, most: 1e9) }
        guard !rows.outcomes.isEmpty else { throw .nothing }
        let people = rows.people.reduce(0, +)
        let had = zip(rows.outcomes, rows.people).reduce(0) { $1.0 ? $0 + $1.1 : $0 }
        guard had > 0 && had < people else { throw .oneOutcome(rows: rows.outcomes.count) }
        let standard = try Standardised(rows, penalty)
        var newton = Newton(rows: standard, penalty: penalty, start: log(had / (people - had)))
        let baseline = newton.value
        try newton.run()
        return standard.result(newton, baseline)
    }
}
