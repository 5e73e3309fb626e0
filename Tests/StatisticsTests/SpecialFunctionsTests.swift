import Testing

@testable import Statistics

/// The expected values are from mpmath 1.3.0 with 50 digits.
struct SpecialFunctionsTests {
    @Test(arguments: [
        (1e-5, -100000.57719921568), (0.1, -10.423754940411077), (1, -0.57721566490153286), (1.5, 0.036489973978576521), (6, 1.7061176684318005),
        (10.25, 2.277704790686724), (1e6, 13.815510057964191),
    ])
    func `the digamma function is exact`(_ z: Double, _ expected: Double) { #expect(abs(digamma(z) - expected) <= 1e-14 * max(1, abs(expected))) }

    @Test(arguments: [
        (0.2426, 7.0, 5.718266669957285), (1e-4, 3, -8.5170431976658625), (1e9, 0.25, 5.1808164591428528), (17, 0.001, 0.002803543621482559),
        (1e5, 1e5, 1189921.636035005), (3, 1e9, 19723265888.980367),
    ])
    func `the rise of the log gamma function keeps its digits`(_ z: Double, _ d: Double, _ expected: Double) {
        #expect(near(logGammaRise(z, by: d), expected, 1e-13))
    }

    @Test func `the rise over nothing is nothing, and it agrees where its two ways meet`() {
        #expect(logGammaRise(5, by: 0) == 0)
        #expect(near(logGammaRise(16, by: 2.5), logGamma(18.5) - logGamma(16), 1e-13))
    }

    @Test(arguments: [
        (0.975, 1.9599639845400542), (0.995, 2.5758293035489008), (0.5, 0), (1e-10, -6.3613409024040562), (0.84, 0.99445788320975317),
    ])
    func `the normal quantile is exact`(_ share: Double, _ expected: Double) {
        #expect(abs(normalQuantile(share) - expected) <= 1e-13 * max(1, abs(expected)))
        #expect(near(normalShare(below: normalQuantile(share)), share, 1e-12))
    }

    @Test func `the ends of the normal distribution are infinitely far`() {
        #expect(normalQuantile(0) == -.infinity)
        #expect(normalQuantile(1) == .infinity)
        #expect(normalQuantile(.leastNormalMagnitude).isFinite)
        #expect(normalQuantile(.nan).isNaN)
    }

    /// Fader, Hardie and Lee's bracket with mpmath's Gauss hypergeometric function; the third and the last but two lie at a = 1.
    @Test(arguments: [
        (0.25, 0.8, 2.5, 0.5, 0.11676157224624659), (2.25, 0.8, 4.5, 8.75, 8.4953468037649479), (5.5, 1.0000000001, 3, 1, 3.2162944724360705),
        (0.25, 0.5, 2, 1e6, 895.72986995226633), (1000.2, 2, 1001, 1, 500.54937069283506), (12, 0.01, 20, 300, 3448.9219280991747),
        (3.7, 150, 400, 2, 2.9399784284992218), (5.5, 1, 3, 1, 3.2162944725646981), (0.2426, 0.793, 2.426, 117.8, 4.9679261461508658),
        (40.3, 1e-4, 42, 12, 483.51463534876949), (100000.5, 0.7, 100002, 0.01, 996.52472456767685),
    ])
    func `what is expected of a customer who is alive is exact`(_ n: Double, _ a: Double, _ b: Double, _ s: Double, _ expected: Double) {
        let alive = WhileAlive(n: n, a: a, b: b)
        #expect(near(alive.purchases(in: s), expected, 1e-10))
        #expect(near(alive.integral(s), expected, 1e-9))
    }

    @Test func `the series and the integral agree on both sides of where one takes over`() {
        for n in [0.2, 3.0, 40] {
            for a in [0.05, 0.999999, 1, 7.5] {
                for s in [1e-6, 0.1, 2, 25] {
                    let alive = WhileAlive(n: n, a: a, b: 2.5 + n)
                    #expect(near(alive.integral(s), alive.series(s), 1e-9), "\(n) \(a) \(s)")
                }
            }
        }
    }

    @Test func `no time, no number and endless time give numbers`() {
        let alive = WhileAlive(n: 2.2, a: 0.8, b: 4.4)
        #expect(alive.purchases(in: 0) == 0)
        #expect(alive.purchases(in: -3) == 0)
        #expect(alive.purchases(in: .nan) == 0)
        #expect(alive.purchases(in: .infinity).isFinite)
        #expect(near(alive.purchases(in: 1e-12), 2.2e-12, 1e-9))
        for extreme in [1e-9, 1, 1e15] {
            for other in [1e-9, 1e15] {
                for s in [1e-9, 1, 1e15] { #expect(WhileAlive(n: 1, a: extreme, b: other).purchases(in: s).isFinite, "\(extreme) \(other) \(s)") }
            }
        }
    }
}
