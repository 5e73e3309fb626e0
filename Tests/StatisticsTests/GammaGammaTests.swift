import Kernel
import Testing

@testable import Statistics

/// Single figures are from the paper's formulas in mpmath 1.3.0 with 40 digits, at the parameters that `lifetimes` documents.
struct GammaGammaTests {
    private let model: GammaGamma
    init() throws { model = try GammaGamma(p: 6.25, q: 3.74, v: 15.44) }

    @Test func `what a customer spends follows the paper`() throws {
        let spending = try Spending(purchases: 2, mean: 22.35)
        #expect(near(model.logLikelihood(spending), -3.551316759732, 1e-12))
        #expect(near(model.logLikelihood(try Spending(purchases: 40, mean: 31)), -3.781570538366, 1e-12))
        #expect(try near(model.expectedValue(spending), 24.66371391076, 1e-12))
        #expect(try near(model.expectedValue(), 35.21897810219, 1e-12))
    }

    @Test(.enabled(if: CDNOW.isThere, Comment(rawValue: CDNOW.missing))) func `the CDNOW sample gives the documented parameters`() throws {
        let spendings = try CDNOW.spendings()
        let fit = try GammaGamma.fit(spendings)
        #expect(fit.customers == 946)
        #expect(near(fit.model.p, 6.25, 0.005) && near(fit.model.q, 3.74, 0.005) && near(fit.model.v, 15.44, 0.005))
        // A Nelder-Mead search by scipy 1.17.1 over the same likelihood, to 1e-9.
        #expect(near(fit.model.p, 6.24880133, 1e-5) && near(fit.model.q, 3.74458863, 1e-5) && near(fit.model.v, 15.44775199, 1e-5))
        #expect(abs(fit.logLikelihood + 4055.923243502858) < 1e-6)
        #expect(near(try #require(fit.correlation), 0.11388391048600437, 1e-12))
        #expect(abs(spendings.reduce(0) { $0 + model.logLikelihood($1) } + 4055.92471273) < 1e-6)
        #expect(fit.atEdge.isEmpty)
        // Second differences of the likelihood in numpy.
        let errors = try #require(fit.errors)
        for (parameter, expected) in [(GammaGamma.Parameter.p, 1.18932841), (.q, 0.29010923), (.v, 4.15870677)] {
            #expect(near(try #require(errors[parameter]), expected, 1e-3), "\(errors)")
        }
    }

    @Test func `a fit on simulated customers finds the parameters they came from`() throws {
        var random = SeededRandom(seed: 17)
        let spendings = try (0..<15_000).map { _ in
            let n = 1 + random.below(6)
            return try Spending(purchases: n, mean: model.simulatedMean(purchases: n, &random))
        }
        let fit = try GammaGamma.fit(spendings)
        #expect(near(fit.model.p, model.p, 0.05) && near(fit.model.q, model.q, 0.05) && near(fit.model.v, model.v, 0.1), "\(fit)")
        #expect(abs(try #require(fit.correlation)) < 0.03)
        let cents = try spendings.map { try Spending(purchases: $0.purchases, mean: $0.mean * 100) }
        let other = try GammaGamma.fit(cents)
        #expect(near(other.model.p, fit.model.p, 1e-5) && near(other.model.q, fit.model.q, 1e-5) && near(other.model.v, 100 * fit.model.v, 1e-5))
        #expect(near(other.logLikelihood, fit.logLikelihood - 15_000 * 4.605170185988092, 1e-9))
        #expect(near(fit.logLikelihood, spendings.reduce(0) { $0 + fit.model.logLikelihood($1) }, 1e-10))
    }

    @Test func `customers from whom nothing can be learned are refused with the reason`() throws {
        #expect(throws: StatisticsProblem.nothing) { try GammaGamma.fit([]) }
        #expect(throws: StatisticsProblem.allAlike(customers: 1)) { try GammaGamma.fit([Spending(purchases: 3, mean: 10)]) }
        #expect(throws: StatisticsProblem.allAlike(customers: 2)) {
            try GammaGamma.fit([Spending(purchases: 3, mean: 10), Spending(purchases: 1, mean: 10)])
        }
        #expect(throws: StatisticsProblem.outOfRange(what: "purchases", value: 0, least: 1, most: 1e9)) { try Spending(purchases: 0, mean: 1) }
        #expect(throws: StatisticsProblem.notPositive(what: "mean", value: 0)) { try Spending(purchases: 1, mean: 0) }
        #expect(throws: StatisticsProblem.self) { try Spending(purchases: 1, mean: .nan) }
        #expect(throws: StatisticsProblem.self) { try Spending(purchases: 1, mean: .infinity) }
    }

    @Test func `few or strange customers give numbers or the reason why not`() throws {
        let strange = [
            [try Spending(purchases: 1, mean: 1e-12), try Spending(purchases: 1_000_000_000, mean: 1e12)],
            [try Spending(purchases: 1, mean: 10), try Spending(purchases: 1, mean: 10.0001)],
            [try Spending(purchases: 5, mean: 1), try Spending(purchases: 5, mean: 1e6), try Spending(purchases: 5, mean: 1e12)],
        ]
        for customers in strange {
            do throws(StatisticsProblem) {
                let fit = try GammaGamma.fit(customers)
                #expect(fit.logLikelihood.isFinite)
                for spending in customers { #expect(try fit.model.expectedValue(spending).isFinite, "\(fit) \(spending)") }
            } catch {
                switch error {
                case .notConverged, .infiniteMean: break
                default: Issue.record(error)
                }
            }
        }
    }

    @Test func `a mean that is infinite is no number but a reason`() throws {
        let wild = try GammaGamma(p: 0.2, q: 0.5, v: 3)
        #expect(throws: StatisticsProblem.infiniteMean(shape: 0.5)) { try wild.expectedValue() }
        #expect(throws: StatisticsProblem.infiniteMean(shape: 0.7)) { try wild.expectedValue(Spending(purchases: 1, mean: 5)) }
        #expect(throws: StatisticsProblem.outOfRange(what: "q", value: 0, least: 1e-18, most: 1e18)) { try GammaGamma(p: 1, q: 0, v: 1) }
    }

    @Test func `a correlation needs three customers who differ`() throws {
        let two = [try Spending(purchases: 1, mean: 5), try Spending(purchases: 2, mean: 7)]
        #expect(GammaGamma.correlation(two) == nil)
        #expect(GammaGamma.correlation([two[0], two[0], two[0]]) == nil)
        #expect(try GammaGamma.correlation(two + [Spending(purchases: 3, mean: 9)]) == 1)
    }
}

struct LifetimeValueTests {
    private let model: BGNBD
    private let history: PurchaseHistory
    init() throws {
        model = try BGNBD(r: 0.243, alpha: 4.414, a: 0.793, b: 2.426)
        history = try PurchaseHistory(repeats: 2, last: 30.43, age: 38.86)
    }

    /// Twelve periods of four weeks at 10 % a year of 52 weeks; expected values from mpmath 1.3.0.
    @Test func `lifetime value is the sum of discounted purchases times their value`() throws {
        let year = try LifetimeValue(period: 4, periods: 12, discountPerYear: 0.1, year: 52)
        #expect(near(year.of(history, value: 24.6, model), 34.34001046681, 1e-9))
        let free = try LifetimeValue(period: 4, periods: 12, discountPerPeriod: 0)
        #expect(near(free.of(history, value: 24.6, model), 35.89975098298, 1e-9))
        #expect(near(free.discountedPurchases(of: history, model), model.expectedPurchases(in: 48, after: history), 1e-12))
    }

    @Test func `settings that make no sense are refused at their edge`() throws {
        #expect(throws: StatisticsProblem.notPositive(what: "period", value: 0)) { try LifetimeValue(period: 0, periods: 1, discountPerPeriod: 0) }
        #expect(throws: StatisticsProblem.outOfRange(what: "periods", value: 1201, least: 1, most: 1200)) {
            try LifetimeValue(period: 1, periods: 1201, discountPerPeriod: 0)
        }
        #expect(throws: StatisticsProblem.outOfRange(what: "discount", value: -0.1, least: 0, most: 10)) {
            try LifetimeValue(period: 1, periods: 1, discountPerPeriod: -0.1)
        }
        #expect(throws: StatisticsProblem.self) { try LifetimeValue(period: 1, periods: 1, discountPerYear: .nan, year: 52) }
        #expect(throws: StatisticsProblem.notPositive(what: "year", value: 0)) {
            try LifetimeValue(period: 1, periods: 1, discountPerYear: 0.1, year: 0)
        }
        #expect(try LifetimeValue(period: 1, periods: 1200, discountPerPeriod: 10).of(history, value: 1, model) > 0)
    }
}
