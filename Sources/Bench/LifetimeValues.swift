import Kernel
import Statistics

/// How long it takes to learn lifetime values from a million customers, and to say each customer's.
///
/// They are simulated: watched for up to two years in whole days, with the habits of the CDNOW sample (whose weeks are days times 7).
struct LifetimeValues {
    let customers: Int
    /// The design's limit for a fit.
    private static let most = 60.0

    func measure(_ report: inout Report) throws {
        let truth = try BGNBD(r: 0.2426, alpha: 4.414 * 7, a: 0.793, b: 2.426)
        let spends = try GammaGamma(p: 6.25, q: 3.74, v: 15.44)
        var random = SeededRandom(seed: 31)
        var histories: [PurchaseHistory] = []
        var spendings: [Spending] = []
        for _ in 0..<customers {
            let history = try truth.simulated(age: Double(1 + random.below(730)), whole: true, &random)
            histories.append(history)
            if history.repeats > 0 {
                spendings.append(try Spending(purchases: history.repeats, mean: spends.simulatedMean(purchases: history.repeats, &random)))
            }
        }
        let bare = bareLikelihood(histories, truth)
        report.row("likelihood of each customer, one pass, bare", milliseconds(bare))
        let began = seconds()
        let grouped = PurchaseHistories(histories)
        let grouping = seconds() - began
        let fit = try BGNBD.fit(grouped)
        let took = seconds() - began
        report.row(
            "lifetime value, fit of \(customers) customers",
            "\(milliseconds(took)), of it \(milliseconds(grouping)) to group into \(fit.distinct) histories; \(number(took / bare, 1)) times the bare limit",
            target: "≤ 60 s", reached: took <= Self.most)
        report.row(
            "  found",
            "r \(number(fit.model.r, 4)) alpha \(number(fit.model.alpha, 3)) a \(number(fit.model.a, 3)) b \(number(fit.model.b, 3)), \(fit.evaluations) passes"
        )
        let spendingBegan = seconds()
        let spending = try GammaGamma.fit(spendings)
        report.row(
            "value of a purchase, fit of \(spendings.count) customers", "\(milliseconds(seconds() - spendingBegan)), \(spending.evaluations) passes")
        try each(histories, fit.model, spending.model, &report)
    }

    /// A year of each customer, month by month.
    private func each(_ histories: [PurchaseHistory], _ model: BGNBD, _ spends: GammaGamma, _ report: inout Report) throws {
        let value = try spends.expectedValue()
        let year = try LifetimeValue(period: 365.25 / 12, periods: 12, discountPerYear: 0.1, year: 365.25)
        let began = seconds()
        var sum = 0.0
        for history in histories { sum += year.of(history, value: value, model) }
        let took = seconds() - began
        report.row(
            "lifetime value of each over twelve months",
            "\(milliseconds(took)), \(microseconds(took / Double(histories.count))) each, one thread, mean \(number(sum / Double(histories.count), 2))"
        )
    }

    /// The bare limit: what the likelihood costs when each customer is gone over once.
    private func bareLikelihood(_ histories: [PurchaseHistory], _ model: BGNBD) -> Double {
        var sum = 0.0
        let began = seconds()
        for history in histories { sum += model.logLikelihood(history) }
        let took = seconds() - began
        precondition(sum.isFinite, "a likelihood is a number")
        return took
    }
}
