import Glibc

extension BGNBD {
    /// How the log-likelihood changes with each parameter.
    struct Gradient: Equatable {
        var r = 0.0
        var alpha = 0.0
        var a = 0.0
        var b = 0.0
    }

    /// What the log-likelihood of a history takes from x alone, with its derivatives: worked out once for all who bought x times again.
    ///
    /// Fader, Hardie and Lee 2005, equation 6, is e^A1 · e^A2 · (e^A3 + e^A4), with
    /// A1 = ln Γ(r + x) − ln Γ(r) + r ln α, A2 = ln B(a, b + x) − ln B(a, b), A3 = −(r + x) ln(α + T) and
    /// A4 = ln a − ln(b + x − 1) − (r + x) ln(α + t_x), the last for x > 0 alone.
    struct Repeats {
        let x: Double
        /// A1 + A2
        let base: Double
        /// ln a − ln(b + x − 1)
        let left: Double

        init(_ x: Double, _ model: BGNBD) {
            self.x = x
            base =
                logGammaRise(model.r, by: x) + model.r * log(model.alpha) + logGammaRise(model.b, by: x) - logGammaRise(model.a + model.b, by: x)
            left = x > 0 ? log(model.a / (model.b + x - 1)) : -.infinity
        }

        /// The log-likelihood of a history, and the probability that its customer had left at the end of it.
        @inline(__always) func likelihood(of history: PurchaseHistory, _ model: BGNBD) -> (value: Double, left: Double) {
            let whole = model.alpha + history.age
            let a3 = -(model.r + x) * log(whole)
            guard x > 0 else { return (base + a3, 0) }
            let difference = left + (model.r + x) * log(whole / (model.alpha + history.last))
            // ln(e^A3 + e^A4) and the share of e^A4 in it, from one exponential.
            let e = exp(-abs(difference))
            let share = difference > 0 ? 1 / (1 + e) : e / (1 + e)
            return (base + a3 + max(difference, 0) + log1p(e), share)
        }
    }

    /// The log-likelihood of all histories, and its gradient.
    ///
    /// Goes over the groups once, some 40 ns each.
    func logLikelihood(_ histories: PurchaseHistories, _ gradient: inout Gradient) -> Double {
        var sum = 0.0
        var total = Gradient()
        let groups = histories.groups
        var i = 0
        while i < groups.count {
            let x = Double(groups[i].history.repeats)
            let repeats = Repeats(x, self)
            var same = Same()
            let first = i
            while i < groups.count, groups[i].history.repeats == groups[first].history.repeats {
                same.add(groups[i], repeats, self)
                i += 1
            }
            sum += same.value
            let n = same.count
            let ab = digamma(a + b) - digamma(a + b + x)
            total.r += n * (digamma(r + x) - digamma(r) + log(alpha)) + same.r
            total.alpha += n * r / alpha - (r + x) * same.perTime
            total.a += n * ab + same.left / a
            total.b += n * (ab + digamma(b + x) - digamma(b)) - (x > 0 ? same.left / (b + x - 1) : 0)
        }
        gradient = total
        return sum
    }

    /// Sums over the groups of one x.
    private struct Same {
        var value = 0.0
        var count = 0.0
        /// Customers who have left, expected.
        var left = 0.0
        /// Of the derivative by r: −Σ ln(α + T) or ln(α + t_x).
        var r = 0.0
        /// Σ 1 / (α + T) or 1 / (α + t_x).
        var perTime = 0.0

        @inline(__always) mutating func add(_ group: PurchaseHistories.Group, _ repeats: Repeats, _ model: BGNBD) {
            let (whole, bought) = (model.alpha + group.history.age, model.alpha + group.history.last)
            let found = repeats.likelihood(of: group.history, model)
            value += group.count * found.value
            count += group.count
            let gone = group.count * found.left
            left += gone
            r -= group.count * log(whole)
            perTime += group.count / whole
            if gone > 0 {
                r += gone * log(whole / bought)
                perTime += gone * (1 / bought - 1 / whole)
            }
        }
    }
}
