import Glibc

/// What a customer spent: how many purchases, and their mean value.
package struct Spending: Hashable, Sendable {
    /// x: purchases with a value. At least 1.
    package let purchases: Int
    /// The mean value of these, in the company's currency. Above 0.
    package let mean: Double

    /// The most that values may be.
    package static let mostMean = 1e12

    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` or ``StatisticsProblem/notPositive(what:value:)``. Customers without a
    ///   purchase, or whose purchases were worth nothing, say nothing about how much people spend: leave them out.
    package init(purchases: Int, mean: Double) throws(StatisticsProblem) {
        guard (1...PurchaseHistory.mostRepeats).contains(purchases) else {
            throw .outOfRange(what: "purchases", value: Double(purchases), least: 1, most: Double(PurchaseHistory.mostRepeats))
        }
        guard mean > 0 else { throw .notPositive(what: "mean", value: mean) }
        guard mean >= 1 / Self.mostMean && mean <= Self.mostMean else {
            throw .outOfRange(what: "mean", value: mean, least: 1 / Self.mostMean, most: Self.mostMean)
        }
        self.purchases = purchases
        self.mean = mean
    }
}

/// How much each customer spends at a purchase: the Gamma-Gamma model.
///
/// Fader and Hardie 2013, "The Gamma-Gamma Model of Monetary Value". Values of a customer's purchases vary around a mean of
/// their own (gamma distributed, shape `p`), and these means vary over customers (`q`, `v`, the paper's γ). It assumes that how much people spend
/// does not depend on how often they buy: ``correlation(_:)`` tells.
package struct GammaGamma: Equatable, Sendable {
    /// Shape of the values of one customer: large when a customer's purchases are alike.
    package let p: Double
    /// Shape of how customers differ: large when customers are alike.
    package let q: Double
    /// Scale, in the company's currency; the paper's γ.
    package let v: Double

    /// What a parameter may be.
    package static let range = 1e-18...1e18

    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` for a parameter outside ``range``.
    package init(p: Double, q: Double, v: Double) throws(StatisticsProblem) {
        for (what, value) in [("p", p), ("q", q), ("v", v)] where !Self.range.contains(value) {
            throw .outOfRange(what: what, value: value, least: Self.range.lowerBound, most: Self.range.upperBound)
        }
        self.p = p
        self.q = q
        self.v = v
    }

    /// The mean value of a purchase over all customers: p · v / (q − 1).
    ///
    /// - throws: ``StatisticsProblem/infiniteMean(shape:)`` when q is not above 1.
    package func expectedValue() throws(StatisticsProblem) -> Double {
        guard q > 1 else { throw .infiniteMean(shape: q) }
        return p * v / (q - 1)
    }

    /// The value expected of a customer's next purchases on the average: their own mean, drawn towards that of all the more, the fewer
    /// purchases they made. Fader and Hardie 2013, equation 5.
    ///
    /// - throws: ``StatisticsProblem/infiniteMean(shape:)`` when p · x + q is not above 1.
    package func expectedValue(_ spending: Spending) throws(StatisticsProblem) -> Double {
        let x = Double(spending.purchases)
        let shape = p * x + q
        guard shape > 1 else { throw .infiniteMean(shape: shape) }
        return p * (v + x * spending.mean) / (shape - 1)
    }

    /// The natural logarithm of how likely a mean value is. Fader and Hardie 2013, equation 1a.
    package func logLikelihood(_ spending: Spending) -> Double {
        let x = Double(spending.purchases)
        let px = p * x
        let m = spending.mean
        // (px) ln(x m) − (px + q) ln(x m + v) + q ln v, without differences of large numbers.
        return logGammaRise(px, by: q) - logGamma(q) - log(m) - px * log1p(v / (x * m)) - q * log1p(x * m / v)
    }

    /// How strongly the number of purchases and their mean value go together: Pearson's correlation, from −1 to 1.
    ///
    /// The model assumes nearly 0; CDNOW's 0.11 is commonly taken to be near enough.
    ///
    /// - Returns: nil for fewer than three customers, or when all buy equally often or spend the same.
    package static func correlation(_ spendings: some Sequence<Spending>) -> Double? {
        var n = 0.0
        var (meanX, meanY, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for spending in spendings {
            n += 1
            let dx = Double(spending.purchases) - meanX
            meanX += dx / n
            let dy = spending.mean - meanY
            meanY += dy / n
            xx += dx * (Double(spending.purchases) - meanX)
            yy += dy * (spending.mean - meanY)
            xy += dx * (spending.mean - meanY)
        }
        let spread = (xx * yy).squareRoot()
        return n >= 3 && spread > 0 ? min(1, max(-1, xy / spread)) : nil
    }
}
