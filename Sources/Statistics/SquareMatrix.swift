import Glibc

/// A square matrix of doubles, row after row. For a few dozen columns: nothing here is blocked or vectorised by hand.
struct SquareMatrix: Equatable, Sendable {
    let size: Int
    private(set) var values: [Double]

    init(size: Int) {
        self.size = size
        values = [Double](repeating: 0, count: size * size)
    }

    static func identity(_ size: Int) -> SquareMatrix {
        var m = SquareMatrix(size: size)
        for i in 0..<size { m[i, i] = 1 }
        return m
    }

    subscript(_ row: Int, _ column: Int) -> Double {
        get { values[row * size + column] }
        set { values[row * size + column] = newValue }
    }

    /// The inverse of a symmetric, positive definite matrix, by Cholesky's decomposition (Golub and Van Loan 2013, section 4.2).
    ///
    /// - throws: the first column that depends on those before it, to 1e-12 of its diagonal: the matrix has no inverse.
    func inverseOfPositiveDefinite() throws(DependentColumn) -> SquareMatrix {
        let n = size
        var lower = SquareMatrix(size: n)
        for j in 0..<n {
            var d = self[j, j]
            for k in 0..<j { d -= lower[j, k] * lower[j, k] }
            guard d > 1e-12 * self[j, j], d.isFinite else { throw DependentColumn(column: j) }
            lower[j, j] = d.squareRoot()
            for i in (j + 1)..<max(n, j + 1) {
                var s = self[i, j]
                for k in 0..<j { s -= lower[i, k] * lower[j, k] }
                lower[i, j] = s / lower[j, j]
            }
        }
        var inverse = SquareMatrix(size: n)
        for column in 0..<n {
            var x = [Double](repeating: 0, count: n)
            for i in 0..<n {
                var s = i == column ? 1.0 : 0
                for k in 0..<i { s -= lower[i, k] * x[k] }
                x[i] = s / lower[i, i]
            }
            for i in stride(from: n - 1, through: 0, by: -1) {
                var s = x[i]
                for k in (i + 1)..<max(n, i + 1) { s -= lower[k, i] * x[k] }
                x[i] = s / lower[i, i]
            }
            for i in 0..<n { inverse[i, column] = x[i] }
        }
        return inverse
    }

    struct DependentColumn: Error, Equatable { let column: Int }
}
