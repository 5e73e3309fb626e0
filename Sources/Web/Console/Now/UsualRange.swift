import Foundation

/// Where the next value is to be expected, after some of the same kind.
///
/// The two-sided 95% prediction interval for one further observation: mean ± t(0.975, n−1) · s · √(1 + 1/n). It supposes values that scatter
/// normally, which counts of some dozens do well enough (Hahn and Meeker, Statistical Intervals, 1991, section 4.7).
struct UsualRange: Equatable, Sendable {
    /// Never below zero: counts and sums of orders are none.
    let low: Double
    let high: Double
    /// From how many values.
    let count: Int

    /// Fewer say too little: with three the interval is six times as wide as what was seen.
    static let fewest = 4

    /// t(0.975) of Student's distribution for 3 to 7 degrees of freedom.
    private static let quantiles: [Int: Double] = [3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365]

    /// - Parameter values: 4 to 8 of them; nil for fewer, or more than a table of eight weeks needs.
    init?(_ values: [Double]) {
        guard values.count >= Self.fewest, let quantile = Self.quantiles[values.count - 1] else { return nil }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)).squareRoot()
        let half = quantile * deviation * (1 + 1 / n).squareRoot()
        low = max(0, mean - half)
        high = mean + half
        count = values.count
    }

    func contains(_ value: Double) -> Bool { (low...high).contains(value) }
}
