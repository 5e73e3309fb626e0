import Glibc

// Random numbers of the distributions that the models assume, for simulated customers. The same generator gives the same numbers.

extension RandomNumberGenerator {
    /// Above 0 and at most 1: its logarithm is finite.
    private mutating func positiveUnit() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    /// Exponentially distributed with the mean 1.
    package mutating func exponential() -> Double { -log(positiveUnit()) }

    /// Normally distributed with mean 0 and deviation 1. Box and Muller 1958.
    package mutating func normal() -> Double { (-2 * log(positiveUnit())).squareRoot() * cos(2 * .pi * positiveUnit()) }

    /// Gamma distributed with this shape (above 0) and the scale 1; the mean is the shape.
    ///
    /// Marsaglia and Tsang 2000, "A Simple Method for Generating Gamma Variables", with their step for shapes below 1.
    package mutating func gamma(shape: Double) -> Double {
        if shape < 1 { return gamma(shape: shape + 1) * pow(positiveUnit(), 1 / shape) }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = 1 + c * x
            guard v > 0 else { continue }
            let cube = v * v * v
            if log(positiveUnit()) < 0.5 * x * x + d * (1 - cube + log(cube)) { return d * cube }
        }
    }

    /// Beta distributed, from 0 to 1; the mean is a / (a + b). Both are above 0.
    package mutating func beta(_ a: Double, _ b: Double) -> Double {
        let x = gamma(shape: a)
        let y = gamma(shape: b)
        return x + y > 0 ? x / (x + y) : 0.5
    }
}

extension BGNBD {
    /// The history of a customer of whom the model is true, watched for `age` units of time (above 0).
    ///
    /// - Parameter whole: whether to count in whole units as ``PurchaseHistory/init(purchases:now:unit:)`` does, with
    ///   purchases of one unit as one. Then the model is true only nearly.
    package func simulated(age: Double, whole: Bool = false, _ random: inout some RandomNumberGenerator) throws(StatisticsProblem) -> PurchaseHistory
    {
        let rate = random.gamma(shape: r) / alpha
        let leaving = random.beta(a, b)
        var (repeats, last, now) = (0, 0.0, 0.0)
        while rate > 0 && repeats < 100_000 {
            now += random.exponential() / rate
            if now > age { break }
            let at = whole ? now.rounded(.down) : now
            if at > last {
                repeats += 1
                last = at
            }
            if Double.random(in: 0..<1, using: &random) < leaving { break }
        }
        return try PurchaseHistory(repeats: repeats, last: last, age: age)
    }
}

extension GammaGamma {
    /// The mean value of this many purchases (at least 1) of a customer of whom the model is true.
    package func simulatedMean(purchases: Int, _ random: inout some RandomNumberGenerator) -> Double {
        let rate = random.gamma(shape: q) / v
        let n = Double(purchases)
        return random.gamma(shape: p * n) / (rate * n)
    }
}
