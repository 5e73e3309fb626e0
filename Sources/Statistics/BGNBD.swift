import Glibc

/// How often each customer will buy, and whether they still do: the BG/NBD model.
///
/// Fader, Hardie and Lee 2005, "“Counting Your Customers” the Easy Way: An Alternative to the Pareto/NBD Model", Marketing
/// Science 24(2). A customer who is alive buys at random at a rate of their own (rates are gamma distributed: `r`,
/// `alpha`), and after each purchase leaves for good with a probability of their own (beta distributed: `a`, `b`).
/// It is for purchases without contract, where nobody says that they leave.
package struct BGNBD: Equatable, Sendable {
    /// Shape of the purchase rates; small when customers differ much.
    package let r: Double
    /// Rate parameter of the purchase rates, in the histories' unit of time. The mean rate is r / alpha.
    package let alpha: Double
    /// Of the probability of leaving after a purchase, whose mean is a / (a + b).
    package let a: Double
    /// See ``a``.
    package let b: Double

    /// What a parameter may be.
    package static let range = 1e-9...1e15

    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` for a parameter outside ``range``.
    package init(r: Double, alpha: Double, a: Double, b: Double) throws(StatisticsProblem) {
        for (what, value) in [("r", r), ("alpha", alpha), ("a", a), ("b", b)] where !Self.range.contains(value) {
            throw .outOfRange(what: what, value: value, least: Self.range.lowerBound, most: Self.range.upperBound)
        }
        self.r = r
        self.alpha = alpha
        self.a = a
        self.b = b
    }

    /// The probability that a customer still buys, from 0 to 1. Who has never bought again is alive with certainty in this model: one leaves
    /// only after a repeat purchase.
    ///
    /// Fader, Hardie and Lee 2008, "Computing P(alive) Using the BG/NBD Model" (a note); in logarithms.
    package func probabilityAlive(_ history: PurchaseHistory) -> Double {
        guard history.repeats > 0 else { return 1 }
        let x = Double(history.repeats)
        let quiet = log1p((history.age - history.last) / (alpha + history.last))
        return logistic(-(log(a / (b + x - 1)) + (r + x) * quiet))
    }

    /// How many purchases a customer is expected to make in the next `time` units.
    ///
    /// Fader, Hardie and Lee 2005, equation 10. Relative accuracy 1e-10.
    ///
    /// - Parameter time: from now; nothing is expected in a time that is not above 0.
    package func expectedPurchases(in time: Double, after history: PurchaseHistory) -> Double {
        let x = Double(history.repeats)
        return probabilityAlive(history) * WhileAlive(n: r + x, a: a, b: b + x).purchases(in: time / (alpha + history.age))
    }

    /// How many repeat purchases somebody who just bought for the first time is expected to make in `time` units.
    ///
    /// Fader, Hardie and Lee 2005, equation 9. Relative accuracy 1e-10.
    package func expectedPurchasesOfNewCustomer(in time: Double) -> Double {
        WhileAlive(n: r, a: a, b: b).purchases(in: time / alpha)
    }

    /// The natural logarithm of how likely a history is. Fader, Hardie and Lee 2005, equation 6.
    package func logLikelihood(_ history: PurchaseHistory) -> Double {
        let x = Double(history.repeats)
        return Repeats(x, self).likelihood(of: history, self).value
    }

    /// The natural logarithm of how likely all histories are together.
    package func logLikelihood(_ histories: PurchaseHistories) -> Double {
        var gradient = Gradient()
        return logLikelihood(histories, &gradient)
    }
}
