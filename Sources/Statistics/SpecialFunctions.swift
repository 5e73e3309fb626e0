import Glibc

// Functions that the models need and Glibc lacks, or has in a form that loses digits. All are pure and safe on any thread.

/// ln Γ(z), for z > 0; infinite at 0. Glibc's `lgamma_r`, which unlike `lgamma` writes to no global variable.
func logGamma(_ z: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(z, &sign)
}

/// What Stirling's formula leaves out: ln Γ(z) − [(z − ½) ln z − z + ½ ln 2π], for z ≥ 16, to 1e-18.
/// Abramowitz and Stegun 1964, 6.1.40.
private func stirlingRest(_ z: Double) -> Double {
    let w = 1 / (z * z)
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w * (1.0 / 1188 - w * 691 / 360_360))))) / z
}

/// ln Γ(z + d) − ln Γ(z), for z > 0 and d ≥ 0: how much a Pochhammer symbol (z)_d is, in logarithms.
///
/// Relative accuracy is about 1e-15 × (1 + the absolute value of ln z) also where both logarithms are huge and nearly the same, which
/// subtracting them is not: there the Stirling formulas are subtracted term by term.
func logGammaRise(_ z: Double, by d: Double) -> Double {
    if d == 0 { return 0 }
    guard z >= 16 else { return logGamma(z + d) - logGamma(z) }
    return (z - 0.5) * log1p(d / z) + d * (log(z + d) - 1) + (stirlingRest(z + d) - stirlingRest(z))
}

/// ψ(z), the derivative of ln Γ(z), for z > 0, to about 1e-14 of the greater of 1 and its value.
///
/// ψ(z) = ψ(z + 1) − 1/z until z is 10, then the asymptotic series: Abramowitz and Stegun 1964, 6.3.5 and 6.3.18.
func digamma(_ z: Double) -> Double {
    var z = z
    var sum = 0.0
    while z < 10 {
        sum -= 1 / z
        z += 1
    }
    let w = 1 / (z * z)
    let series = w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - w * (1.0 / 240 - w * (1.0 / 132 - w * (691.0 / 32760 - w / 12))))))
    return sum + log(z) - 0.5 / z - series
}

/// ln(1 + eˣ), which neither overflows nor loses small values.
@inline(__always) func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }

/// 1 / (1 + e⁻ˣ), which never overflows.
@inline(__always) func logistic(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let e = exp(x)
    return e / (1 + e)
}

/// The share of a standard normal distribution that lies below x.
package func normalShare(below x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// Where a standard normal distribution has a share below it: 1.96 for 0.975. Infinite at 0 and 1.
///
/// Newton's method on ``normalShare(below:)`` in logarithms, where it is concave and so converges from the left from anywhere;
/// relative accuracy about 1e-14.
package func normalQuantile(_ share: Double) -> Double {
    if share.isNaN { return .nan }
    if share <= 0 { return -.infinity }
    if share >= 1 { return .infinity }
    // The upper half by symmetry: near 1 a share has no digits left.
    if share > 0.5 { return -normalQuantile(1 - share) }
    let goal = log(share)
    var x = share == 0.5 ? 0 : -(-2 * goal).squareRoot()
    for _ in 0..<60 {
        let below = normalShare(below: x)
        if below <= 0 { break }
        let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
        let step = (log(below) - goal) * below / density
        x -= step
        if abs(step) <= 1e-15 * max(1, abs(x)) { break }
    }
    return x
}

/// The regularised incomplete beta function I_x(a, b), for a and b above 0 and x from 0 to 1.
///
/// The continued fraction of DLMF 8.17.22 by the method of Lentz 1976, on the side where it converges fast; accuracy about 1e-12.
func betaShare(_ a: Double, _ b: Double, below x: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // By symmetry: the fraction converges fast below the mean.
    if x > (a + 1) / (a + b + 2) { return 1 - betaShare(b, a, below: 1 - x) }
    let front = exp(a * log(x) + b * log1p(-x) - (logGamma(a) - logGammaRise(b, by: a))) / a
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for m in 1...10_000 {
        let m = Double(m)
        for numerator in [
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ] {
            d = 1 + numerator * d
            d = 1 / (abs(d) < tiny ? tiny : d)
            c = 1 + numerator / c
            if abs(c) < tiny { c = tiny }
            fraction *= c * d
        }
        if abs(c * d - 1) < 1e-16 { break }
    }
    return front * fraction
}

/// The share of Student's t distribution that lies below t.
/// - Parameter freedom: above 0.
func studentShare(below t: Double, freedom: Double) -> Double {
    let tail = 0.5 * betaShare(freedom / 2, 0.5, below: freedom / (freedom + t * t))
    return t > 0 ? 1 - tail : tail
}

/// Where Student's t distribution has a share below it: 2.228 for 0.975 and 10 degrees of freedom. Infinite at 0 and 1.
///
/// By halving what lies between two numbers that have it between them; relative accuracy about 1e-10 for a million degrees of freedom, and
/// better for fewer.
/// - Parameter freedom: above 0.
func studentQuantile(_ share: Double, freedom: Double) -> Double {
    if share.isNaN || !(freedom > 0) { return .nan }
    if share <= 0 { return -.infinity }
    if share >= 1 { return .infinity }
    if share == 0.5 { return 0 }
    // The upper half by symmetry: near 1 a share has no digits left.
    if share > 0.5 { return -studentQuantile(1 - share, freedom: freedom) }
    var (high, low) = (0.0, -1.0)
    while studentShare(below: low, freedom: freedom) > share, low > -1e300 { (high, low) = (low, 2 * low) }
    while high - low > 1e-14 * abs(low) {
        let middle = low + (high - low) / 2
        if middle <= low || middle >= high { break }
        if studentShare(below: middle, freedom: freedom) < share { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
}
