/// A Net Promoter Score: the share of promoters (9 and 10 of 0 to 10) less the share of detractors (0 to 6), in points from −100 to 100.
///
/// Reichheld 2003, "The One Number You Need to Grow".
package struct NetScore: Equatable, Sendable {
    package enum Group: Equatable, Sendable, CaseIterable {
        case detractor, passive, promoter

        /// - Returns: nil for an answer that is not from 0 to 10.
        package init?(_ answer: Int) {
            switch answer {
            case 0...6: self = .detractor
            case 7...8: self = .passive
            case 9...10: self = .promoter
            default: return nil
            }
        }
    }
    package let promoters: Int
    package let passives: Int
    package let detractors: Int

    /// - throws: ``StatisticsProblem``: `nothing` when nobody answered, `outOfRange` for a number below 0.
    package init(promoters: Int, passives: Int, detractors: Int) throws(StatisticsProblem) {
        for (what, count) in [("promoters", promoters), ("passives", passives), ("detractors", detractors)] where count < 0 {
            throw .outOfRange(what: what, value: Double(count), least: 0, most: Double(Int.max))
        }
        let (some, isMore) = promoters.addingReportingOverflow(passives)
        let (all, isStillMore) = some.addingReportingOverflow(detractors)
        guard !isMore, !isStillMore else { throw .outOfRange(what: "answers", value: .infinity, least: 1, most: Double(Int.max)) }
        guard all > 0 else { throw .nothing }
        self.promoters = promoters
        self.passives = passives
        self.detractors = detractors
    }

    /// How many answered.
    package var count: Int { promoters + passives + detractors }
    /// In points, −100 to 100.
    package var value: Double { 100 * Double(promoters - detractors) / Double(count) }
    /// Of one answer, which is 1, 0 or −1: from 0 to 1.
    package var variance: Double { Self.variance(Double(promoters), Double(detractors), Double(count)) }
    /// Of ``value``, in points.
    package var standardError: Double { 100 * (variance / Double(count)).squareRoot() }

    /// Where the true score is likely to be, in points, within −100...100: Rocks 2016, "Interval Estimation for the Net Promoter Score". Three
    /// answers are added, ¾ of a promoter, 1½ passives and ¾ of a detractor, so that it holds for few answers too.
    ///
    /// - throws: ``StatisticsProblem/outOfRange(what:value:least:most:)`` for a confidence that is not between 0 and 1, both left out.
    package func interval(confidence: Double = 0.95) throws(StatisticsProblem) -> ClosedRange<Double> {
        let half = try Share.reach(confidence) * adjusted.error
        return max(-100, adjusted.score - half)...min(100, adjusted.score + half)
    }

    /// How far this score is above an earlier one, in points, by the standard error of the difference of two adjusted scores.
    ///
    /// - throws: see ``interval(confidence:)``.
    package func change(from earlier: NetScore, confidence: Double = 0.95) throws(StatisticsProblem) -> ScoreChange {
        let half = try Share.reach(confidence) * (adjusted.error * adjusted.error + earlier.adjusted.error * earlier.adjusted.error).squareRoot()
        let middle = adjusted.score - earlier.adjusted.score
        return ScoreChange(value: value - earlier.value, interval: max(-200, middle - half)...min(200, middle + half))
    }

    private var adjusted: (score: Double, error: Double) {
        let (p, d, n) = (Double(promoters) + 0.75, Double(detractors) + 0.75, Double(count) + 3)
        return (100 * (p - d) / n, 100 * (Self.variance(p, d, n) / n).squareRoot())
    }

    private static func variance(_ p: Double, _ d: Double, _ n: Double) -> Double {
        let net = (p - d) / n
        return max(0, (p + d) / n - net * net)
    }
}

/// By how much a score differs from another one, in the score's unit.
package struct ScoreChange: Equatable, Sendable {
    /// As it was observed.
    package var value: Double
    /// Where the true difference is likely to be. Of few answers it may lie beside ``value``, as it is of counts that something was added to.
    package var interval: ClosedRange<Double>
    /// Whether there is one: else it may be chance alone, and "no clear change" is what can be said.
    package var isClear: Bool { interval.lowerBound > 0 || interval.upperBound < 0 }
}

extension Share {
    /// How far this share is above an earlier one: Agresti and Caffo 2000, "Simple and Effective Confidence Intervals for Proportions and
    /// Differences of Proportions Result from Adding Two Successes and Two Failures". Shares as they are, from 0 to 1.
    ///
    /// - throws: see ``wilson(confidence:)``.
    package func change(from earlier: Share, confidence: Double = 0.95) throws(StatisticsProblem) -> ScoreChange {
        let z = try Self.reach(confidence)
        func adjusted(_ share: Share) -> (share: Double, variance: Double) {
            let n = Double(share.total) + 2
            let p = (Double(share.count) + 1) / n
            return (p, p * (1 - p) / n)
        }
        let (now, before) = (adjusted(self), adjusted(earlier))
        let (middle, half) = (now.share - before.share, z * (now.variance + before.variance).squareRoot())
        return ScoreChange(value: value - earlier.value, interval: max(-1, middle - half)...min(1, middle + half))
    }
}

extension Moments {
    /// Where the true mean is likely to be, by Student's t distribution ("Student" 1908, "The Probable Error of a Mean").
    ///
    /// - Returns: nil for fewer than two numbers, which say nothing about how they vary, and where the spread is more than a number can be.
    /// - throws: see ``Share/wilson(confidence:)``.
    package func interval(confidence: Double = 0.95) throws(StatisticsProblem) -> ClosedRange<Double>? {
        let tail = try Share.tail(confidence)
        guard let variance else { return nil }
        let half = -studentQuantile(tail, freedom: Double(count - 1)) * (variance / Double(count)).squareRoot()
        return half.isFinite ? mean - half...mean + half : nil
    }

    /// How far this mean is above an earlier one, which may vary in another way: Welch 1947, "The Generalization of 'Student's' Problem when
    /// Several Different Population Variances are Involved".
    ///
    /// - Returns: nil when one of them has fewer than two numbers, and where the spread is more than a number can be.
    /// - throws: see ``Share/wilson(confidence:)``.
    package func change(from earlier: Moments, confidence: Double = 0.95) throws(StatisticsProblem) -> ScoreChange? {
        let tail = try Share.tail(confidence)
        guard let variance, let other = earlier.variance else { return nil }
        let (a, b) = (variance / Double(count), other / Double(earlier.count))
        let value = mean - earlier.mean
        guard a + b > 0 else { return ScoreChange(value: value, interval: value...value) }
        // By shares: squares of the whole may be more, or less, than a number can be.
        let share = a / (a + b)
        let freedom = 1 / (share * share / Double(count - 1) + (1 - share) * (1 - share) / Double(earlier.count - 1))
        let half = -studentQuantile(tail, freedom: freedom) * (a + b).squareRoot()
        return half.isFinite && value.isFinite ? ScoreChange(value: value, interval: value - half...value + half) : nil
    }
}
