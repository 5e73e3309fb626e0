import Glibc
import Testing

@testable import Statistics

struct MinimiserTests {
    /// Rosenbrock 1960: a curved valley whose least point is (1, 1).
    private static func valley(_ p: [Double], _ g: inout [Double]) -> Double {
        g = [-2 * (1 - p[0]) - 400 * p[0] * (p[1] - p[0] * p[0]), 200 * (p[1] - p[0] * p[0])]
        return pow(1 - p[0], 2) + 100 * pow(p[1] - p[0] * p[0], 2)
    }

    @Test func `the least point of a curved valley is found from any start`() {
        for start in [[-1.2, 1], [3, -4], [0, 9]] {
            let found = Minimiser(box: [-10...10, -10...10]).minimum(from: [start], Self.valley)
            #expect(found.converged && found.atEdge.isEmpty)
            #expect(zip(found.point, [1, 1]).allSatisfy { abs($0 - $1) < 1e-7 }, "\(found)")
        }
    }

    @Test func `a least point outside the box is held at its edge`() {
        let found = Minimiser(box: [-2...0.5, -10...10]).minimum(from: [[-1.2, 1]], Self.valley)
        #expect(found.converged && found.atEdge == [0])
        #expect(found.point[0] == 0.5 && abs(found.point[1] - 0.25) < 1e-7)
    }

    @Test func `the better of two valleys is taken`() {
        let found = Minimiser(box: [-3...3]).minimum(from: [[1.5], [-1.5]]) { p, g in
            g = [4 * p[0] * (p[0] * p[0] - 1) + 0.3]
            return pow(p[0] * p[0] - 1, 2) + 0.3 * p[0]
        }
        #expect(found.converged && found.point[0] < -1)
    }

    @Test func `a search that is cut short says that it has not converged`() {
        let found = Minimiser(box: [-10...10, -10...10], iterations: 3).minimum(from: [[-1.2, 1]], Self.valley)
        #expect(!found.converged && found.gradient > 1e-3)
    }

    @Test func `a function that gives no numbers does not converge`() {
        let found = Minimiser(box: [0...1]).minimum(from: [[0.5]]) { _, g in
            g = [.nan]
            return .nan
        }
        #expect(!found.converged)
    }

    /// A value of ten thousand with an error of 4e-9, as sums over many customers have, and an exact gradient.
    @Test func `a search whose values no longer tell two points apart ends by the gradient`() {
        let found = Minimiser(box: [-10...10, -10...10]).minimum(from: [[-1.2, 1]]) { p, g in
            let value = Self.valley(p, &g)
            g = g.map { $0 * 1e-4 }
            return 1e4 + 1e-4 * value + 4e-9 * sin(1e6 * p[0])
        }
        #expect(found.converged && found.gradient <= 1e-8 && found.evaluations < 200, "\(found)")
        #expect(zip(found.point, [1, 1]).allSatisfy { abs($0 - $1) < 1e-3 }, "\(found)")
    }

    @Test func `differences agree with a gradient`() {
        var g = [0.0, 0]
        _ = Self.valley([0.3, -0.7], &g)
        let differences = Minimiser.differences(at: [0.3, -0.7]) { p in
            var unused = [0.0, 0]
            return Self.valley(p, &unused)
        }
        #expect(zip(g, differences).allSatisfy { near($0, $1, 1e-6) })
    }
}
