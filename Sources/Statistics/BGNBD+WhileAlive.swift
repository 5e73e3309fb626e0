import Glibc

/// How many purchases are expected of a customer who is alive now: what stands left of the probability of being alive
/// in Fader, Hardie and Lee 2005, equation 10, and, with other parameters, all of their equation 9.
///
/// They write it with the Gauss hypergeometric function, for s = t / (α + T), z = s / (1 + s) and A = a + b:
///
///     (A − 1) / (a − 1) · [1 − (1 − z)ⁿ ₂F₁(n, b; A − 1; z)]
///
/// which is 0 / 0 at a = 1, loses its digits near there and for short times, and converges slowly for z near 1. Both ways here are
/// sums of positive terms, which lose none:
/// - **Series.** Take (1 − z)ⁿ Σ (n)ₖ zᵏ / k! = 1 for the 1 in the brackets, and the difference becomes
///   Σₖ (1 − z)ⁿ (n)ₖ zᵏ / k! · Sₖ, with Sₖ = Σ (b)ⱼ / (A)ⱼ over j < k. It says: k purchases would come (negative binomial), of which the
///   one after j others still happens with probability (b)ⱼ / (A)ⱼ.
/// - **Integral**, where the series is long: the mean of [1 − (1 + ps)⁻ⁿ] / p over p that is beta distributed (a, b).
struct WhileAlive {
    /// r + x
    let n: Double
    let a: Double
    /// b + x
    let b: Double

    /// Longer series than this are left to the integral, which takes as long as some thousand terms.
    static let longestSeries = 1_500.0

    /// - Parameter s: the time, divided by α + T. Nothing is expected in a time that is not above 0; one over 1e15 counts as 1e15.
    func purchases(in s: Double) -> Double {
        guard s > 0 else { return 0 }
        let s = min(s, 1e15)
        // The mean of the negative binomial distribution, and as far again as its tail reaches.
        let terms = n * s + 40 * (1 + s)
        return terms <= Self.longestSeries && n * log1p(s) < 600 ? series(s) : integral(s)
    }

    func series(_ s: Double) -> Double {
        let z = s / (1 + s)
        var weight = exp(-n * log1p(s))
        var chance = 1.0
        var counted = 0.0
        var sum = 0.0
        var k = 0.0
        while k < 1e6 {
            counted += chance
            chance *= (b + k) / (a + b + k)
            weight *= z * (n + k) / (k + 1)
            k += 1
            let term = weight * counted
            sum += term
            // From here on each term is at most this much of the one before, as `counted` grows by less than 1 / k of itself.
            let ratio = z * max(1, (n + k) / (k + 1)) * (1 + 1 / k)
            if ratio < 1 && term <= 1e-15 * sum * (1 - ratio) { break }
        }
        return sum
    }

    /// The trapezoid rule after a change of variable that makes the integrand fall off doubly exponentially on both sides (Takahasi and Mori
    /// 1974, "Double exponential formulas for numerical integration"): p = 1 / (1 + e⁻ʸ), y = y₀ + σ sinh τ, around the mode y₀
    /// of the beta distribution with its width σ. The distribution itself is summed with the same rule, so that it needs no
    /// constant in front. Steps are halved until two results agree to 1e-11.
    func integral(_ s: Double) -> Double {
        let mode = log(a / b)
        let width = min(1, ((a + b) / a / b).squareRoot())
        var step = 0.25
        var known = sums(s, mode, width, step)
        while step > 1.0 / 512 {
            step /= 2
            let finer = sums(s, mode, width, step)
            if abs(finer - known) <= 1e-11 * finer { return finer }
            known = finer
        }
        return known
    }

    private func sums(_ s: Double, _ mode: Double, _ width: Double, _ step: Double) -> Double {
        let top = -a * softplus(-mode) - b * softplus(mode)
        var (above, below) = (0.0, 0.0)
        for side in [1.0, -1.0] {
            var i = side > 0 ? 0.0 : 1.0
            while i * step < 40 {
                let tau = side * i * step
                let y = mode + width * sinh(tau)
                let mass = exp(-a * softplus(-y) - b * softplus(y) - top) * cosh(tau)
                let term = mass * mean(s, exp(-softplus(-y)))
                above += term
                below += mass
                if mass <= 1e-18 * below && term <= 1e-18 * above { break }
                i += 1
            }
        }
        return above / below
    }

    /// [1 − (1 + ps)⁻ⁿ] / p: what is expected of a customer who leaves after each purchase with probability p.
    private func mean(_ s: Double, _ p: Double) -> Double {
        if p * s * max(n, 1) < 1e-16 { return n * s }
        return -expm1(-n * log1p(p * s)) / p
    }
}
