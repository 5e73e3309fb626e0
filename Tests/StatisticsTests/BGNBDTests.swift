import Glibc
import Kernel
import Testing

@testable import Statistics

/// Single figures are from the papers' formulas in mpmath 1.3.0 with 40 digits, at the parameters of the paper's table 2.
struct BGNBDTests {
    private let model: BGNBD
    init() throws { model = try BGNBD(r: 0.243, alpha: 4.414, a: 0.793, b: 2.426) }

    struct Known: Sendable {
        let x: Int, last: Double, age: Double, alive: Double, in1: Double, in39: Double, in520: Double, likelihood: Double
    }
    private static let known = [
        Known(
            x: 0, last: 0, age: 38.86, alive: 1, in1: 0.005595657889484, in39: 0.1950980520113, in520: 1.464547771448, likelihood: -0.5547132764382),
        Known(
            x: 2, last: 30.43, age: 38.86, alive: 0.7265785700807, in1: 0.03744796974173, in39: 1.226028174767, in520: 7.319313811711,
            likelihood: -9.458606307066),
        Known(
            x: 1, last: 1.71, age: 38.86, alive: 0.2121009853774, in1: 0.006062951798283, in39: 0.2031869870798, in520: 1.307418450824,
            likelihood: -4.469093275033),
        Known(
            x: 29, last: 38.5, age: 38.86, alive: 0.9677961996314, in1: 0.6484487404163, in39: 19.70836261036, in520: 99.20323026201,
            likelihood: -44.45514657025),
        Known(
            x: 150, last: 20, age: 52, alive: 4.269169673548e-53, in1: 1.129168066345e-52, in39: 3.56910608711e-51, in520: 1.927219773096e-50,
            likelihood: 111.6520588501),
    ]

    @Test(arguments: known) func `what is expected of a customer follows the papers`(_ k: Known) throws {
        let history = try PurchaseHistory(repeats: k.x, last: k.last, age: k.age)
        #expect(near(model.probabilityAlive(history), k.alive, 1e-9))
        #expect(near(model.expectedPurchases(in: 1, after: history), k.in1, 1e-9))
        #expect(near(model.expectedPurchases(in: 39, after: history), k.in39, 1e-9))
        #expect(near(model.expectedPurchases(in: 520, after: history), k.in520, 1e-9))
        #expect(near(model.logLikelihood(history), k.likelihood, 1e-11))
    }

    @Test(arguments: [(1, 0.05326789117166), (39, 1.196723193321), (78, 1.860519057943), (520, 4.97461786185)])
    func `what is expected of a new customer follows the paper`(_ time: Double, _ expected: Double) {
        #expect(near(model.expectedPurchasesOfNewCustomer(in: time), expected, 1e-10))
    }

    @Test(.enabled(if: CDNOW.isThere, Comment(rawValue: CDNOW.missing))) func `the CDNOW sample gives the parameters of the paper`() throws {
        let histories = PurchaseHistories(try CDNOW.histories())
        #expect(histories.customers == 2357)
        let fit = try BGNBD.fit(histories)
        #expect(near(fit.model.r, 0.2426, 0.01) && near(fit.model.alpha, 4.414, 0.01))
        #expect(near(fit.model.a, 0.793, 0.01) && near(fit.model.b, 2.426, 0.01))
        #expect(abs(fit.logLikelihood + 9582.4) < 0.1)
        // A Nelder-Mead search by scipy 1.17.1 over the same likelihood, to 1e-9.
        #expect(near(fit.model.r, 0.24259291, 1e-5) && near(fit.model.alpha, 4.41353166, 1e-5))
        #expect(near(fit.model.a, 0.79288612, 1e-5) && near(fit.model.b, 2.42575361, 1e-5))
        #expect(abs(fit.logLikelihood + 9582.42556056736) < 1e-6)
        #expect(fit.atEdge.isEmpty && fit.evaluations < 90, "\(fit)")
        #expect(abs(model.logLikelihood(histories) + 9582.426831182) < 1e-6)
        // Second differences of the likelihood in numpy.
        let errors = try #require(fit.errors)
        for (parameter, expected) in [(BGNBD.Parameter.r, 0.01255727), (.alpha, 0.37821969), (.a, 0.18571484), (.b, 0.70532818)] {
            #expect(near(try #require(errors[parameter]), expected, 1e-3), "\(errors)")
        }
    }

    @Test func `a fit on simulated customers finds the parameters they came from`() throws {
        var random = SeededRandom(seed: 11)
        let histories = PurchaseHistories(
            try (0..<25_000).map { _ in
                try model.simulated(age: 20 + 60 * random.unit(), &random)
            })
        let fit = try BGNBD.fit(histories)
        let found = fit.model
        #expect(fit.evaluations < 90 && fit.customers == 25_000 && fit.atEdge.isEmpty, "\(fit)")
        #expect(near(found.r, model.r, 0.05) && near(found.alpha, model.alpha, 0.08), "\(found)")
        #expect(near(found.a, model.a, 0.12) && near(found.b, model.b, 0.12), "\(found)")
    }

    /// Another seed than the fit above, so that the expectation is no echo of the fit.
    @Test func `simulated customers buy as often as is expected of them`() throws {
        var random = SeededRandom(seed: 5)
        let n = 40_000
        let bought = try (0..<n).reduce(0) { sum, _ in sum + (try model.simulated(age: 39, &random)).repeats }
        #expect(near(Double(bought) / Double(n), model.expectedPurchasesOfNewCustomer(in: 39), 0.03))
    }

    @Test func `the gradient agrees with differences of the likelihood`() throws {
        var random = SeededRandom(seed: 3)
        let histories = PurchaseHistories(try (0..<300).map { _ in try model.simulated(age: 50, whole: true, &random) })
        var gradient = BGNBD.Gradient()
        _ = model.logLikelihood(histories, &gradient)
        let differences = Minimiser.differences(at: [model.r, model.alpha, model.a, model.b]) { p in
            (try? BGNBD(r: p[0], alpha: p[1], a: p[2], b: p[3]).logLikelihood(histories)) ?? .nan
        }
        for (exact, difference) in zip([gradient.r, gradient.alpha, gradient.a, gradient.b], differences) {
            #expect(abs(exact - difference) < 1e-4 * max(1, abs(exact)), "\(exact) \(difference)")
        }
    }

    @Test func `neither the unit of time nor the order of customers matters`() throws {
        var random = SeededRandom(seed: 23)
        let weeks = try (0..<4000).map { _ in try model.simulated(age: 39, whole: true, &random) }
        let days = try weeks.map { try PurchaseHistory(repeats: $0.repeats, last: $0.last * 7, age: $0.age * 7) }
        #expect(try BGNBD.fit(PurchaseHistories(weeks)) == BGNBD.fit(PurchaseHistories(weeks.reversed())))
        let (a, b) = (try BGNBD.fit(PurchaseHistories(weeks)).model, try BGNBD.fit(PurchaseHistories(days)).model)
        #expect(near(b.r, a.r, 1e-5) && near(b.alpha, 7 * a.alpha, 1e-5) && near(b.a, a.a, 1e-4) && near(b.b, a.b, 1e-4))
    }

    @Test func `customers who share a history are counted, not gone over again`() throws {
        let one = try PurchaseHistory(repeats: 1, last: 3, age: 10)
        let other = try PurchaseHistory(repeats: 0, last: 0, age: 10)
        let each = PurchaseHistories([one, other, one, one, other])
        let counted = PurchaseHistories(counted: [(other, 2), (one, 3), (one, 0)])
        #expect(each.groups == counted.groups && each.customers == 5 && each.distinct == 2)
        #expect(near(model.logLikelihood(each), 3 * model.logLikelihood(one) + 2 * model.logLikelihood(other), 1e-14))
    }

    @Test func `customers from whom nothing can be learned are refused with the reason`() throws {
        let once = try PurchaseHistory(repeats: 0, last: 0, age: 10)
        let newer = try PurchaseHistory(repeats: 0, last: 0, age: 3)
        let again = try PurchaseHistory(repeats: 2, last: 5, age: 10)
        #expect(throws: StatisticsProblem.nothing) { try BGNBD.fit(PurchaseHistories([])) }
        #expect(throws: StatisticsProblem.nobodyReturned(customers: 2)) { try BGNBD.fit(PurchaseHistories([once, newer])) }
        #expect(throws: StatisticsProblem.allAlike(customers: 1)) { try BGNBD.fit(PurchaseHistories([again])) }
        #expect(throws: StatisticsProblem.allAlike(customers: 9)) { try BGNBD.fit(PurchaseHistories(repeatElement(again, count: 9))) }
    }

    @Test func `few or strange customers give numbers, and the parameters they push to the edge are named`() throws {
        let today = try PurchaseHistory(repeats: 0, last: 0, age: 0)
        let strange: [[PurchaseHistory]] = [
            [today, try PurchaseHistory(repeats: 1, last: 1, age: 1)],
            [today, try PurchaseHistory(repeats: 1_000_000_000, last: 1e9, age: 1e9)],
            [try PurchaseHistory(repeats: 1, last: 1e-9, age: 1e9), try PurchaseHistory(repeats: 1_000_000_000, last: 1e-9, age: 1e-9)],
            [try PurchaseHistory(repeats: 10, last: 10, age: 10), try PurchaseHistory(repeats: 20, last: 20, age: 20)],
        ]
        for customers in strange {
            do throws(StatisticsProblem) {
                let fit = try BGNBD.fit(PurchaseHistories(customers))
                #expect(!fit.atEdge.isEmpty && fit.errors == nil, "\(fit)")
                for history in customers {
                    #expect(fit.model.probabilityAlive(history).isFinite)
                    #expect(fit.model.expectedPurchases(in: 100, after: history).isFinite, "\(fit) \(history)")
                }
            } catch {
                guard case .notConverged = error else {
                    Issue.record(error)
                    continue
                }
            }
        }
    }

    @Test func `who came today is alive, and will buy as a new customer does`() throws {
        let today = try PurchaseHistory(repeats: 0, last: 0, age: 0)
        #expect(model.probabilityAlive(today) == 1)
        #expect(model.logLikelihood(today) == 0 || abs(model.logLikelihood(today)) < 1e-14)
        #expect(near(model.expectedPurchases(in: 39, after: today), model.expectedPurchasesOfNewCustomer(in: 39), 1e-14))
    }

    @Test func `the greatest numbers of purchases and times give numbers`() throws {
        let history = try PurchaseHistory(repeats: PurchaseHistory.mostRepeats, last: 1e8, age: PurchaseHistory.longest)
        #expect(model.probabilityAlive(history) == 0)
        #expect(model.logLikelihood(history).isFinite)
        #expect(model.expectedPurchases(in: 1e9, after: history) == 0)
        let lively = try PurchaseHistory(repeats: PurchaseHistory.mostRepeats, last: 1e9, age: 1e9)
        #expect(model.expectedPurchases(in: 1e9, after: lively).isFinite && model.expectedPurchases(in: 1, after: lively) > 0.9)
    }
}

struct PurchaseHistoryTests {
    @Test func `what cannot be is refused with the fact`() {
        #expect(throws: StatisticsProblem.outOfRange(what: "repeats", value: -1, least: 0, most: 1e9)) {
            try PurchaseHistory(repeats: -1, last: 0, age: 1)
        }
        #expect(throws: StatisticsProblem.outOfRange(what: "age", value: .infinity, least: 0, most: 1e9)) {
            try PurchaseHistory(repeats: 0, last: 0, age: .infinity)
        }
        #expect(throws: StatisticsProblem.self) { try PurchaseHistory(repeats: 1, last: .nan, age: 1) }
        #expect(throws: StatisticsProblem.self) { try PurchaseHistory(repeats: 1_000_000_001, last: 1, age: 1) }
        #expect(throws: StatisticsProblem.lastAfterEnd(last: 3, age: 2)) { try PurchaseHistory(repeats: 1, last: 3, age: 2) }
        #expect(throws: StatisticsProblem.lastWithoutRepeats(last: 1)) { try PurchaseHistory(repeats: 0, last: 1, age: 2) }
        #expect(throws: StatisticsProblem.repeatsInNoTime(repeats: 3)) { try PurchaseHistory(repeats: 3, last: 0, age: 0) }
    }

    @Test func `times of purchases become a history in whole days`() throws {
        let day: Int64 = 86_400_000
        func at(_ days: Double) -> Instant { Instant(milliseconds: 1_700_000_000_000 + Int64(days * Double(day))) }
        let history = try PurchaseHistory(purchases: [at(30.5), at(0), at(0.4), at(10), at(30.2), at(99)], now: at(40.9), unit: day)
        #expect(try history == PurchaseHistory(repeats: 2, last: 30, age: 40))
        #expect(try PurchaseHistory(purchases: [at(2)], now: at(1), unit: day) == nil)
        #expect(try PurchaseHistory(purchases: [at(0), at(0.5)], now: at(0.9), unit: day) == PurchaseHistory(repeats: 0, last: 0, age: 0))
        let (first, last) = (Instant(milliseconds: .min), Instant(milliseconds: .max))
        #expect(throws: StatisticsProblem.outOfRange(what: "age", value: .infinity, least: 0, most: 1e9)) {
            try PurchaseHistory(purchases: [first, last], now: last, unit: day)
        }
        #expect(throws: StatisticsProblem.notPositive(what: "unit", value: 0)) { try PurchaseHistory(purchases: [at(0)], now: at(1), unit: 0) }
    }
}
