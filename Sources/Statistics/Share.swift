import Glibc

/// How many of how many: a share as it was observed, with how sure one can be of it.
package struct Share: Equatable, Sendable {
    /// From 0 to ``total``.
    package let count: Int
    /// At least 1.
    package let total: Int

    /// - throws: ``StatisticsProblem``: `nothing` for a total of 0, `outOfRange` for a count that is not from 0 to the total.
    package init(_ count: Int, of total: Int) throws(StatisticsProblem) {
        guard total > 0 else {
            throw total == 0 ? .nothing : .outOfRange(what: "total", value: Double(total), least: 1, most: Double(Int.max))
        }
        guard (0...total).contains(count) else { throw .outOfRange(what: "count", value: Double(count), least: 0, most: Double(total)) }
        self.count = count
        self.total = total
    }

    /// From 0 to 1.
    package var value: Double { Double(count) / Double(total) }

    /// Where the true share is likely to be: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    /// Good also for few observations and shares near 0 and 1, and always within 0...1.
    ///
    /// - Parameter confidence: how often such an interval holds the true share; 0.95 is common.
    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` for a confidence that is not between 0 and 1, both left out.
    package func wilson(confidence: Double = 0.95) throws(StatisticsProblem) -> ClosedRange<Double> {
        let z = try Self.reach(confidence)
        let (n, p) = (Double(total), value)
        let z2 = z * z
        let middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        let half = z / (1 + z2 / n) * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot()
        // At the ends the interval reaches exactly there, which rounding would miss.
        return (count == 0 ? 0 : max(0, middle - half))...(count == total ? 1 : min(1, middle + half))
    }

    /// The same, as the simple interval after adding z² / 2 observations of each kind: Agresti and Coull 1998, "Approximate Is Better than
    /// 'Exact' for Interval Estimation of Binomial Proportions". A little wider than ``wilson(confidence:)``; cut to 0...1.
    ///
    /// - throws: see ``wilson(confidence:)``.
    package func adjustedWald(confidence: Double = 0.95) throws(StatisticsProblem) -> ClosedRange<Double> {
        let z = try Self.reach(confidence)
        let n = Double(total) + z * z
        let p = (Double(count) + z * z / 2) / n
        let half = z * (p * (1 - p) / n).squareRoot()
        return max(0, p - half)...min(1, p + half)
    }

    /// Standard errors on each side of an interval of this confidence: 1.96 for 0.95.
    static func reach(_ confidence: Double) throws(StatisticsProblem) -> Double { -normalQuantile(try tail(confidence)) }

    /// What an interval of this confidence leaves out on each side: 0.025 for 0.95.
    static func tail(_ confidence: Double) throws(StatisticsProblem) -> Double {
        guard confidence > 0 && confidence < 1 else { throw .outOfRange(what: "confidence", value: confidence, least: 0, most: 1) }
        return (1 - confidence) / 2
    }
}

/// How far apart two groups are, in units of how much people differ within them, so that differences of unlike things can be compared.
///
/// Positive when the first group has more. Cohen's words for the size: 0.2 small, 0.5 medium, 0.8 large (Cohen 1988, "Statistical Power Analysis for
/// the Behavioral Sciences", section 2.2.3).
package enum StandardisedDifference {
    /// Of two means, by the pooled deviation: d of Cohen 1988, equations 2.5.1 and 2.5.2.
    ///
    /// - Returns: 0 for equal means; else nil when neither group varies or both together have fewer than three numbers.
    package static func means(_ a: Moments, _ b: Moments) -> Double? {
        guard a.count > 0, b.count > 0 else { return nil }
        if a.mean == b.mean { return 0 }
        let freedom = Double(a.count + b.count - 2)
        guard freedom > 0 else { return nil }
        let squares = (a.variance ?? 0) * Double(a.count - 1) + (b.variance ?? 0) * Double(b.count - 1)
        return squares > 0 ? (a.mean - b.mean) / (squares / freedom).squareRoot() : nil
    }

    /// Of two shares: Austin 2009, "Balance diagnostics for comparing the distribution of baseline covariates between treatment groups in
    /// propensity-score matched samples", section 3.
    ///
    /// - Returns: 0 for equal shares; else nil when one is 0 and the other 1, as nobody differs within a group: ``angles(_:_:)`` has a number there.
    package static func shares(_ a: Share, _ b: Share) -> Double? {
        let (p, q) = (a.value, b.value)
        if p == q { return 0 }
        let spread = ((p * (1 - p) + q * (1 - q)) / 2).squareRoot()
        return spread > 0 ? (p - q) / spread : nil
    }

    /// Of two shares, as h of Cohen 1988, section 6.2: 2 asin √p − 2 asin √q, from −π to π. Defined for all shares.
    package static func angles(_ a: Share, _ b: Share) -> Double { 2 * asin(a.value.squareRoot()) - 2 * asin(b.value.squareRoot()) }
}
