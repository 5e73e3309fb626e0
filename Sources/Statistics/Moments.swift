/// Count, mean, spread and the ends of numbers, added one by one or joined from parts, without keeping them.
///
/// Welford 1962, "Note on a Method for Calculating Corrected Sums of Squares and Products"; joining: Chan, Golub and LeVeque 1983,
/// "Algorithms for Computing the Sample Variance", equation 2.1. Keeps its digits also when the mean is large against the spread.
package struct Moments: Equatable, Sendable {
    package private(set) var count = 0
    /// 0 for no numbers.
    package private(set) var mean = 0.0
    /// Infinite for no numbers.
    package private(set) var least = Double.infinity
    /// Infinitely low for no numbers.
    package private(set) var greatest = -Double.infinity
    /// Σ (x − mean)²
    private var squares = 0.0

    package init() {}
    package init(_ numbers: some Sequence<Double>) { for x in numbers { add(x) } }

    /// - Parameter x: a finite number; others are left out, and false comes back.
    @discardableResult package mutating func add(_ x: Double) -> Bool {
        guard x.isFinite else { return false }
        count += 1
        let d = x - mean
        mean += d / Double(count)
        squares += d * (x - mean)
        least = min(least, x)
        greatest = max(greatest, x)
        return true
    }

    /// Adds what others counted.
    package mutating func join(_ other: Moments) {
        guard other.count > 0 else { return }
        let (n, m) = (Double(count), Double(other.count))
        let d = other.mean - mean
        squares += other.squares + d * d * n * m / (n + m)
        mean += d * m / (n + m)
        count += other.count
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
    }

    /// The sample variance, Σ (x − mean)² / (n − 1); nil for fewer than two numbers.
    package var variance: Double? { count > 1 ? max(0, squares / Double(count - 1)) : nil }
    /// The square root of ``variance``.
    package var deviation: Double? { variance?.squareRoot() }
}

/// Quantiles of numbers, as most statistics programs give them: Hyndman and Fan 1996, "Sample Quantiles in Statistical Packages", definition 7.
package enum Quantiles {
    /// The number below which a share of the numbers lies, on the line through the two that are next to it.
    ///
    /// - Parameters:
    ///   - share: from 0 (the least number) to 1 (the greatest).
    ///   - sorted: finite numbers from the least to the greatest.
    /// - Returns: nil for no numbers, or for a share outside 0...1.
    package static func quantile(_ share: Double, ofSorted sorted: [Double]) -> Double? {
        guard !sorted.isEmpty, share >= 0, share <= 1 else { return nil }
        let at = share * Double(sorted.count - 1)
        let below = Int(at.rounded(.down))
        let (a, b) = (sorted[below], sorted[min(below + 1, sorted.count - 1)])
        let part = at - Double(below)
        // Not a + part · (b − a), which overflows for numbers at both ends of what a double holds.
        return a == b ? a : (1 - part) * a + part * b
    }

    /// The least of the numbers that at least a share of them is at most: the nearest rank.
    ///
    /// The numbers are counted by their first 16 bits, which are in the order of the numbers; only those that share the bits of the one that
    /// is looked for are sorted. So they are read twice, whatever their order, and hardly copied.
    ///
    /// - Parameters:
    ///   - share: more than 0, and 1 at most.
    ///   - parts: all the numbers, finite, in any order and any parts.
    /// - Returns: nil for no numbers, or for a share outside.
    package static func nearestRank(_ share: Double, of parts: [[Double]]) -> Double? {
        let count = parts.reduce(0) { $0 + $1.count }
        guard count > 0, share > 0, share <= 1 else { return nil }
        var rank = min(count - 1, max(0, Int((share * Double(count)).rounded(.up)) - 1))
        var counts = [Int](repeating: 0, count: 1 << 16)
        for part in parts { for number in part { counts[beginning(number)] += 1 } }
        var place = 0
        while rank >= counts[place] {
            rank -= counts[place]
            place += 1
        }
        var near: [Double] = []
        near.reserveCapacity(counts[place])
        for part in parts { for number in part where beginning(number) == place { near.append(number) } }
        // What many customers have in common, most often nothing at all, is found without sorting them.
        if let first = near.first, near.allSatisfy({ $0 == first }) { return first }
        near.sort()
        return near[rank]
    }

    /// The first 16 bits of a number: its sign, its exponent and the beginning of its fraction, so that a greater number has no lower ones
    /// (IEEE 754 binary64; of negative numbers all bits are turned round, of others the sign).
    private static func beginning(_ number: Double) -> Int {
        let bits = number.bitPattern
        return Int((number.sign == .minus ? ~bits : bits | 1 << 63) >> 48)
    }
}
