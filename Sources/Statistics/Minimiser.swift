import Glibc

/// Finds where a smooth function of a few variables is least, in a box.
///
/// BFGS (Nocedal and Wright 2006, "Numerical Optimization", algorithm 6.1) on the variables that are not held at an edge of
/// the box by the gradient (projection: Bertsekas 1982, "Projected Newton methods", section 2), with steps halved until
/// Armijo's condition holds (Nocedal and Wright, 3.1). Pure: the same input gives the same bits.
struct Minimiser {
    /// What was found.
    struct Minimum: Equatable, Sendable {
        var point: [Double]
        var value: Double
        /// The greatest absolute component of the gradient, of those not held at an edge.
        var gradient: Double
        /// How often the function was asked, over all starts.
        var evaluations: Int
        var converged: Bool
        /// Variables that want to leave the box.
        var atEdge: [Int]
    }

    /// The value at a point, and its gradient. A value that is no number counts as infinitely bad.
    typealias Function = (_ point: [Double], _ gradient: inout [Double]) -> Double

    /// What each variable may be.
    let box: [ClosedRange<Double>]
    /// Converged when ``Minimum/gradient`` is at most this.
    var tolerance = 1e-8
    /// The most a variable may move in one step.
    var longestStep = 2.0
    var iterations = 500

    /// The least of the minima reached from each start; one that converged is taken before one that did not.
    func minimum(from starts: [[Double]], _ function: @escaping Function) -> Minimum {
        precondition(!starts.isEmpty && starts.allSatisfy { $0.count == box.count }, "a start for each variable")
        var best: Minimum?
        var evaluations = 0
        for start in starts {
            var descent = Descent(self, start, function)
            let found = descent.run(iterations)
            evaluations += found.evaluations
            guard let known = best else {
                best = found
                continue
            }
            if found.converged == known.converged ? found.value < known.value : found.converged { best = found }
        }
        best!.evaluations = evaluations
        return best!
    }

    /// How uncertain each variable is at a maximum of a likelihood: the standard errors from the inverse of the second derivatives (the observed
    /// information), which are central differences of the exact gradient.
    ///
    /// - Parameters:
    ///   - point: where the function, the mean negative log-likelihood of `count` observations, is least.
    /// - Returns: nil where the function is flat, as at an edge of the box: nothing is known of a variable there.
    static func errors(at point: [Double], count: Double, _ function: Function) -> [Double]? {
        let step = 1e-4
        let columns = point.indices.map { i in
            var (above, below) = ([Double](repeating: 0, count: point.count), [Double](repeating: 0, count: point.count))
            var moved = point
            moved[i] = point[i] + step
            _ = function(moved, &above)
            moved[i] = point[i] - step
            _ = function(moved, &below)
            return zip(above, below).map { ($0 - $1) / (2 * step) }
        }
        var information = SquareMatrix(size: point.count)
        for i in point.indices { for j in point.indices { information[i, j] = count * (columns[i][j] + columns[j][i]) / 2 } }
        guard let covariance = try? information.inverseOfPositiveDefinite() else { return nil }
        return point.indices.map { covariance[$0, $0].squareRoot() }
    }

    /// The gradient of a function by central differences, accurate to about the square root of the accuracy of its values.
    static func differences(at point: [Double], step: Double = 1e-5, _ value: ([Double]) -> Double) -> [Double] {
        point.indices.map { i in
            var (up, down) = (point, point)
            up[i] += step
            down[i] -= step
            return (value(up) - value(down)) / (up[i] - down[i])
        }
    }
}

/// One way down from one start.
private struct Descent {
    let settings: Minimiser
    let function: Minimiser.Function
    var point: [Double]
    var value = 0.0
    var gradient: [Double]
    /// The estimate of the inverse of the second derivatives.
    var inverse: SquareMatrix
    var evaluations = 0

    init(_ settings: Minimiser, _ start: [Double], _ function: @escaping Minimiser.Function) {
        self.settings = settings
        self.function = function
        point = zip(start, settings.box).map { min(max($0, $1.lowerBound), $1.upperBound) }
        var first = [Double](repeating: 0, count: start.count)
        gradient = first
        inverse = .identity(start.count)
        value = evaluate(point, &first)
        gradient = first
    }

    mutating func evaluate(_ p: [Double], _ g: inout [Double]) -> Double {
        evaluations += 1
        let v = function(p, &g)
        return v.isNaN || !g.allSatisfy(\.isFinite) ? .infinity : v
    }

    /// Whether a variable is at an edge over which the way down leaves the box.
    private func held(_ i: Int, _ gradient: [Double], at point: [Double]) -> Bool {
        (point[i] <= settings.box[i].lowerBound && gradient[i] > 0) || (point[i] >= settings.box[i].upperBound && gradient[i] < 0)
    }
    private func held(_ i: Int) -> Bool { held(i, gradient, at: point) }

    private func greatest(_ gradient: [Double], at point: [Double]) -> Double {
        point.indices.reduce(0) { held($1, gradient, at: point) ? $0 : max($0, abs(gradient[$1])) }
    }
    private var greatestGradient: Double { greatest(gradient, at: point) }

    mutating func run(_ iterations: Int) -> Minimiser.Minimum {
        var fresh = true
        for _ in 0..<iterations where value.isFinite && greatestGradient > settings.tolerance {
            if step(fresh) {
                fresh = false
            } else if fresh {
                break
            } else {
                inverse = .identity(point.count)
                fresh = true
            }
        }
        // Where values no longer tell two points apart the search cannot go on; it is there all the same.
        let flat = max(settings.tolerance, 1e-6)
        return .init(
            point: point, value: value, gradient: greatestGradient, evaluations: evaluations, converged: value.isFinite && greatestGradient <= flat,
            atEdge: point.indices.filter { held($0) })
    }

    /// One step down. False if none was found.
    private mutating func step(_ fresh: Bool) -> Bool {
        let free = point.indices.filter { !held($0) }
        var direction = [Double](repeating: 0, count: point.count)
        for i in free { direction[i] = -free.reduce(0) { $0 + inverse[i, $1] * gradient[$1] } }
        let slope = free.reduce(0) { $0 + direction[$1] * gradient[$1] }
        guard slope < 0, slope.isFinite else { return false }
        let longest = direction.reduce(0) { max($0, abs($1)) }
        var length = min(1, (fresh ? 0.5 : settings.longestStep) / longest)
        if fresh { length = max(length, min(1e3, 0.1 / longest)) }
        var nextGradient = gradient
        // Near the end the value changes by less than its own rounding; then the gradient alone says whether a point is better.
        let rounding = 1e-12 * abs(value)
        let steepest = greatestGradient
        for _ in 0..<40 {
            let next = point.indices.map { min(max(point[$0] + length * direction[$0], settings.box[$0].lowerBound), settings.box[$0].upperBound) }
            let nextValue = evaluate(next, &nextGradient)
            let expected = point.indices.reduce(0) { $0 + gradient[$1] * (next[$1] - point[$1]) }
            let better = nextValue <= value + 1e-4 * expected || (nextValue <= value + rounding && greatest(nextGradient, at: next) < 0.9 * steepest)
            if better && next != point {
                learn(next.indices.map { next[$0] - point[$0] }, next.indices.map { nextGradient[$0] - gradient[$0] }, fresh)
                (point, value, gradient) = (next, nextValue, nextGradient)
                return true
            }
            length *= 0.5
        }
        return false
    }

    /// The BFGS update of the inverse from a step and how the gradient changed over it: Nocedal and Wright 2006, 6.17 and 6.20.
    private mutating func learn(_ s: [Double], _ y: [Double], _ fresh: Bool) {
        let n = s.count
        let sy = zip(s, y).reduce(0) { $0 + $1.0 * $1.1 }
        let yy = y.reduce(0) { $0 + $1 * $1 }
        guard sy > 1e-12 * (s.reduce(0) { $0 + $1 * $1 } * yy).squareRoot(), yy > 0 else { return }
        if fresh { for i in 0..<n { inverse[i, i] = sy / yy } }
        let hy = (0..<n).map { i in (0..<n).reduce(0) { $0 + inverse[i, $1] * y[$1] } }
        let yhy = zip(y, hy).reduce(0) { $0 + $1.0 * $1.1 }
        for i in 0..<n { for j in 0..<n { inverse[i, j] += (1 + yhy / sy) * s[i] * s[j] / sy - (hy[i] * s[j] + s[i] * hy[j]) / sy } }
    }
}
