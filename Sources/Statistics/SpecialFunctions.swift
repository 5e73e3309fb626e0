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
