import Glibc
import Kernel
import Testing

@testable import Statistics

/// Expected values are from scipy 1.17.1 and numpy.
struct SharesTests {
    @Test(arguments: [
        (15, 148, 0.95, 0.06238639953073629, 0.16048724172330803), (0, 10, 0.95, 0, 0.27753279986288926),
        (9, 10, 0.9, 0.6522813326641417, 0.9773650912691327),
    ])
    func `the interval of a share is Wilson's`(_ count: Int, _ total: Int, _ confidence: Double, _ low: Double, _ high: Double) throws {
        let found = try Share(count, of: total).wilson(confidence: confidence)
        #expect(abs(found.lowerBound - low) < 1e-13 && abs(found.upperBound - high) < 1e-13)
    }

    @Test func `the adjusted interval is Agresti and Coull's, cut to what a share can be`() throws {
        let found = try Share(15, of: 148).adjustedWald()
        #expect(near(found.lowerBound, 0.061385974928797285, 1e-12) && near(found.upperBound, 0.16148766632524703, 1e-12))
        #expect(try Share(0, of: 10).adjustedWald().lowerBound == 0)
        #expect(try Share(10, of: 10).adjustedWald().upperBound == 1)
        #expect(try Share(10, of: 10).wilson().upperBound == 1)
    }

    @Test func `a share that cannot be is refused`() throws {
        #expect(throws: StatisticsProblem.nothing) { try Share(0, of: 0) }
        #expect(throws: StatisticsProblem.outOfRange(what: "count", value: 3, least: 0, most: 2)) { try Share(3, of: 2) }
        #expect(throws: StatisticsProblem.self) { try Share(-1, of: 2) }
        #expect(throws: StatisticsProblem.self) { try Share(0, of: -2) }
        for confidence in [0, 1, -1, .nan] { #expect(throws: StatisticsProblem.self) { try Share(1, of: 2).wilson(confidence: confidence) } }
    }

    @Test func `means differ by Cohen's d`() throws {
        let (a, b) = (Moments([3.1, 4.7, 2.2, 8.8, 5.0]), Moments([1.0, 2.5, 2.0]))
        #expect(near(try #require(StandardisedDifference.means(a, b)), 1.3832690556725598, 1e-13))
        #expect(near(try #require(StandardisedDifference.means(b, a)), -1.3832690556725598, 1e-13))
        #expect(StandardisedDifference.means(a, a) == 0)
        #expect(StandardisedDifference.means(Moments([1, 1]), Moments([2, 2])) == nil)
        #expect(StandardisedDifference.means(Moments([1]), Moments([2])) == nil)
        #expect(StandardisedDifference.means(Moments(), a) == nil)
    }

    @Test func `shares differ by Austin's difference and by Cohen's h`() throws {
        let (a, b) = (try Share(30, of: 100), try Share(45, of: 100))
        #expect(near(try #require(StandardisedDifference.shares(a, b)), -0.31362502409359005, 1e-13))
        #expect(near(StandardisedDifference.angles(a, b), -0.3113494249059283, 1e-13))
        let (none, all) = (try Share(0, of: 5), try Share(7, of: 7))
        #expect(StandardisedDifference.shares(none, all) == nil)
        #expect(StandardisedDifference.shares(none, none) == 0)
        #expect(near(StandardisedDifference.angles(all, none), .pi, 1e-14))
    }
}

struct MomentsTests {
    @Test func `mean and variance are kept without the numbers, joined or not`() throws {
        var a = Moments([3.1, 4.7])
        a.join(Moments([2.2, 8.8, 5.0]))
        a.join(Moments())
        #expect(a.count == 5 && near(a.mean, 4.76, 1e-15))
        #expect(near(try #require(a.variance), 6.423, 1e-14))
        var none = Moments()
        none.join(a)
        #expect(none == a)
    }

    @Test func `a spread that is small against the mean keeps its digits`() throws {
        let far = Moments((0..<1000).map { 1e9 + Double($0 % 2) })
        #expect(near(try #require(far.variance), 250.0 / 999, 1e-6))
    }

    @Test func `what is no number is left out, and one number has no spread`() {
        var one = Moments([5])
        #expect(!one.add(.nan) && !one.add(.infinity))
        #expect(one.count == 1 && one.variance == nil && one.deviation == nil && Moments().mean == 0)
    }

    @Test func `the ends of numbers are exact, joined from parts or not, and of no numbers there are none`() {
        let numbers = (0..<1_000).map { Double(($0 * 7_919) % 1_009) - 300 }
        var joined = Moments(numbers.prefix(400))
        joined.join(Moments())
        joined.join(Moments(numbers.dropFirst(400)))
        for moments in [Moments(numbers), joined] { #expect(moments.least == numbers.min() && moments.greatest == numbers.max()) }
        #expect(Moments([.nan, .infinity]).least == .infinity && Moments().greatest == -.infinity)
    }

    @Test func `quantiles are those of definition 7`() {
        let found = [0, 0.1, 0.25, 0.5, 0.9, 1].map { Quantiles.quantile($0, ofSorted: [1, 1, 2, 3, 4, 5, 6, 9]) ?? .nan }
        #expect(zip(found, [1, 1, 1.75, 3.5, 6.9, 9]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect([-0.1, 1.1, .nan].allSatisfy { Quantiles.quantile($0, ofSorted: [1]) == nil })
        #expect(Quantiles.quantile(0.5, ofSorted: []) == nil)
        #expect(Quantiles.quantile(0.5, ofSorted: [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude]) == 0)
    }

    @Test func `the nearest rank is the one of the sorted numbers, in whatever order they come`() {
        var random = SeededRandom(seed: 3)
        var all: [[Double]] = [[7], [2, 1], [5, 5, 5, 5], (0..<400).map(Double.init), (0..<400).reversed().map(Double.init)]
        for count in [3, 10, 257, 700] { all.append((0..<count).map { _ in Double(random.below(count / 2 + 1)) }) }
        // Negative ones, zeros of both signs, the least and the greatest there are, and many that begin alike.
        all.append([-1.5, 0, -0.0, 3, -.greatestFiniteMagnitude, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -2, -1.25, 0])
        all.append((0..<300).map { 1 + Double($0 * 7 % 300) / 1e9 })
        all.append((0..<300).map { -1e12 - Double($0 * 7 % 300) })
        for numbers in all {
            let sorted = numbers.sorted()
            for share in [0.000_1, 0.01, 0.25, 0.5, 0.95, 0.999, 1] {
                let parts = [Array(numbers.prefix(numbers.count / 3)), [], Array(numbers.dropFirst(numbers.count / 3))]
                let found = Quantiles.nearestRank(share, of: parts)
                #expect(found == sorted.first { least in Double(sorted.count { $0 <= least }) >= share * Double(sorted.count) })
            }
        }
        #expect(Quantiles.nearestRank(0.5, of: [[]]) == nil)
        #expect(Quantiles.nearestRank(0, of: [[1]]) == nil && Quantiles.nearestRank(1.1, of: [[1]]) == nil)
    }
}
