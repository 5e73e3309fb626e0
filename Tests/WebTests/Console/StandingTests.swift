import Formula
import Testing

@testable import Audiences
@testable import Web

@Suite struct `Where somebody stands among all` {
    /// Of very many, of whom only those from 10 to 109 were looked at.
    private static let spread = Audiences.Spread(
        type: .number, people: 100_000, known: 100_000, quantiles: [0, 35, 60, 84, 500], bins: [], texts: [], lookedAt: 100,
        marks: (10..<110).map(Double.init))

    @Test(arguments: [
        (500, "the highest there is"), (600, "the highest there is"), (499, "higher than 99% of customers"), (109, "higher than 99% of customers"),
        (60, "higher than 50% of customers"), (11, "higher than 1% of customers"), (10, "among the lowest"),
        (1, "among the lowest"), (0, "the lowest there is"), (-1, "the lowest there is"),
    ])
    func `nobody is the highest or the lowest of a part alone`(number: Double, words: String) {
        #expect(Console.rank(number, in: Self.spread) == words)
    }

    @Test func `nobody has a place where all are alike, or hardly anybody is known`() {
        var alike = Self.spread
        alike.quantiles = [60, 60, 60, 60, 60]
        var few = Self.spread
        few.known = 19
        #expect(Console.rank(60, in: alike) == nil && Console.rank(60, in: few) == nil && Console.rank(.nan, in: Self.spread) == nil)
    }
}
