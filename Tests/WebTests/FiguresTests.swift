import Definitions
import Formula
import Foundation
import Kernel
import Rendering
import Statistics
import Testing

@testable import Audiences
@testable import Customers
@testable import Web

@Suite struct `Figures that were worked out` {
    private static let figures: [(Double, String)] = [
        (214.89999999999998, "214.9"), (0.1 + 0.2, "0.3"), (1.0 / 3, "0.333333"), (-2.0 / 3, "-0.666667"), (3, "3"), (-0.0000001, "0"),
        (1e15 + 0.5, "1000000000000000.5"), (1e20, "1e+20"), (.nan, "null"), (.infinity, "null"),
    ]

    @Test(arguments: figures) func `have six decimals at most, and no point when they are whole`(value: Double, text: String) {
        #expect(JSON.figure(value).text == text)
    }

    @Test func `are the same in the list, in the value of a metric and in a file`() throws {
        let spent = 214.89999999999998
        #expect("\(spent)" != "214.9", "a sum that shows its binary fraction")
        let id = CustomerID(raw: 1)
        let row = CustomerRow(id: id, name: nil, identifier: nil, firstSeen: nil, lastSeen: nil, interactions: 3, orders: 3, spent: spent)
        #expect(row.json["spent"]?.text == "214.9")
        #expect(MetricWords.json(.init(type: .number, number: spent)).text == "214.9")
        #expect(CSV.amount(spent) == "214.9")
    }

    private let formats = Formats(zone: .gmt, now: Instant(milliseconds: 1_795_000_000_000))

    private static let units: [(Double, String?, String)] = [
        (0.912, "share", "91.2%"), (1, "share", "100%"), (0, "share", "0%"), (0.0004, "share", "0%"), (0.91, nil, "0.91"), (842.6, "GBP", "£842.60"),
        (11, "orders", "11\u{A0}orders"),
    ]

    @Test(arguments: units) func `are read with their unit, a share as a percentage`(number: Double, unit: String?, words: String) {
        #expect(MetricWords.text(number, .number, unit: unit, formats) == words)
    }

    @Test(arguments: [(7_800.0, "2 h 10 min"), (40.0, "40 s"), (3_600.0, "1 h"), (432_000.0, "5 days"), (-7_800.0, "−2 h 10 min")])
    func `are lengths of time in hours and minutes, or in days`(seconds: Double, words: String) {
        #expect(MetricWords.text(seconds, .duration, unit: nil, formats) == words)
    }

    @Test func `say that the model of lifetime value was fitted at the edge of what a parameter can be`() throws {
        let alike = [try PurchaseHistory(repeats: 10, last: 10, age: 10), try PurchaseHistory(repeats: 20, last: 20, age: 20)]
        let fit = LifetimeFit(
            purchases: try BGNBD.fit(PurchaseHistories(alike)), spending: nil, meanOrder: 214.89999999999998, buyers: 2,
            at: Instant(milliseconds: 1_795_000_000_000))
        #expect(!fit.edges.isEmpty)
        let json = ModelState.lifetime(fit).json
        #expect(json["atEdge"] == .array(fit.edges.map { .string($0) }) && json["averageOrder"]?.text == "214.9")
        #expect(Console.fields(fit, unit: "GBP", formats).has("edges"))
    }

    @Test func `are a share where they say how likely it is that somebody still buys`() throws {
        func unit(_ rest: String) throws -> String? {
            let text = "metric:\n  key: a\n  name: A\n" + rest
            let blueprint = Blueprint(files: [(name: "a.yaml", bytes: Array(text.utf8))], Findings())
            return try #require(blueprint.documents.first).read(MetricDefinition.self).countedIn
        }
        #expect(try unit("  lifetime: {gives: alive, orders: Order Completed}") == "share")
        #expect(try unit("  unit: chances\n  lifetime: {gives: alive, orders: Order Completed}") == "chances")
        #expect(try unit("  lifetime: {gives: purchases, orders: Order Completed}") == nil)
        #expect(try unit("  formula: count(any)") == nil)
    }
}
