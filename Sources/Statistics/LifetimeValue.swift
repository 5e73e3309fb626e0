import Glibc

/// What customers are expected to spend from now on: expected purchases of ``BGNBD`` times the expected value of ``GammaGamma``.
///
/// Summed over a horizon of equal periods: what is bought in a period counts as paid at its end, discounted by how long that is away. (Fader,
/// Hardie and Lee 2005, "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", discount continuously and without an end.) What comes
/// out is revenue; for profit multiply the value by the margin.
package struct LifetimeValue: Equatable, Sendable {
    /// Length of a period, in the model's unit of time.
    package let period: Double
    /// How many periods the horizon has. From 1 to 1,200.
    package let periods: Int
    /// What money loses in a period: 0.01 makes 101 at the end of a period worth 100 now. From 0 to 10.
    package let discount: Double

    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` or ``StatisticsProblem/notPositive(what:value:)``.
    package init(period: Double, periods: Int, discountPerPeriod discount: Double) throws(StatisticsProblem) {
        guard period > 0 && period <= PurchaseHistory.longest else { throw .notPositive(what: "period", value: period) }
        guard (1...1200).contains(periods) else { throw .outOfRange(what: "periods", value: Double(periods), least: 1, most: 1200) }
        guard discount >= 0 && discount <= 10 else { throw .outOfRange(what: "discount", value: discount, least: 0, most: 10) }
        self.period = period
        self.periods = periods
        self.discount = discount
    }

    /// With a discount rate per year: (1 + rate) to the power of period / year is the factor per period.
    ///
    /// - Parameters:
    ///   - rate: per year, 0.1 for 10 %. From 0 to 10.
    ///   - year: the length of a year, in the model's unit of time: 365.25 for days.
    /// - throws: see ``init(period:periods:discountPerPeriod:)``.
    package init(period: Double, periods: Int, discountPerYear rate: Double, year: Double) throws(StatisticsProblem) {
        guard year > 0 && year.isFinite else { throw .notPositive(what: "year", value: year) }
        guard rate >= 0 && rate <= 10 else { throw .outOfRange(what: "discount per year", value: rate, least: 0, most: 10) }
        try self.init(period: period, periods: periods, discountPerPeriod: expm1(log1p(rate) * period / year))
    }

    /// Purchases expected over the horizon, those of later periods discounted.
    package func discountedPurchases(of history: PurchaseHistory, _ model: BGNBD) -> Double {
        let x = Double(history.repeats)
        let alive = WhileAlive(n: model.r + x, a: model.a, b: model.b + x)
        let unit = period / (model.alpha + history.age)
        var (sum, before, factor) = (0.0, 0.0, 1.0)
        for k in 1...periods {
            let until = alive.purchases(in: unit * Double(k))
            factor /= 1 + discount
            sum += (until - before) * factor
            before = until
        }
        return model.probabilityAlive(history) * sum
    }

    /// What a customer is expected to spend over the horizon, in the currency of `value`.
    ///
    /// - Parameter value: of one purchase, from ``GammaGamma/expectedValue(_:)``, or ``GammaGamma/expectedValue()`` for who has not bought again.
    package func of(_ history: PurchaseHistory, value: Double, _ model: BGNBD) -> Double { discountedPurchases(of: history, model) * value }
}
