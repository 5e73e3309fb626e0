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
        (0.912, "share", "91.2%"), (1, "share", "100%"), (0, "share", "0%"), (0.0004, "share", "under 0.1%"), (0.91, nil, "0.91"),
        (842.6, "GBP", "£842.60"),
        (11, "orders", "11\u{A0}orders"),
    ]

    @Test(arguments: units) func `are read with their unit, a share as a percentage`(number: Double, unit: String?, words: String) {
        #expect(MetricWords.text(number, .number, unit: unit, formats) == words)
    }

    @Test(arguments: [
        (7_800.0, "2 h 10 min"), (40.0, "40 s"), (3_600.0, "1 h"), (432_000.0, "5 days"), (-7_800.0, "−2 h 10 min"),
        (8.64e19, "1,000,000,000,000,000 days"),
        (-1e300, "−1.1574074074074075e+295 days"),
    ])
    func `are lengths of time in hours and minutes, or in days`(seconds: Double, words: String) {
        #expect(MetricWords.text(seconds, .duration, unit: nil, formats) == words)
    }

    @Test(arguments: [8.64e19, -8.64e19, 253_402_300_800, -62_135_596_801]) func `are no dates that no calendar has`(seconds: Double) {
        #expect(MetricWords.text(seconds, .date, unit: nil, formats) == "unknown")
        #expect(MetricWords.json(.init(type: .date, number: seconds)) == .null)
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

    @Test func `stand on the page of a model with what it says against them`() throws {
        let templates = try Resources(folder: SampleWorld.resources).templates
        let edge = try templates.filled("metric-model", with: ["edges": "r, a"])
        #expect(edge.contains("edge of what a parameter can be (r, a)"))
        #expect(try !templates.filled("metric-model", with: ["at": "today"]).contains("edge of what"))
        let kinds = try templates.filled(
            "metric-model",
            with: [
                "hasKinds": true,
                "kinds": [
                    ["event": "Link Clicked", "learned": "0", "odds": "× 0.4", "isContrary": true, "share": "8%", "without": "9%"] as Fields,
                    ["event": "Email Opened", "learned": "2", "odds": "× 1.4", "share": "8%", "without": "9%"] as Fields,
                ],
            ])
        #expect(kinds.matches(of: /points the other way than written: counts 0/).count == 1 && kinds.matches(of: /9%/).count == 2)
        let failed = try templates.filled("metric-model", with: ["failed": "too few.", "at": "today", "before": "yesterday"])
        #expect(failed.contains("what holds was learned yesterday"))
    }

    @Test func `say of when they are, and come anew by themselves when they are old`() throws {
        let templates = try Resources(folder: SampleWorld.resources).templates
        func page(isOld: Bool) throws -> String {
            try templates.filled("events-body", with: ["hasKnown": true, "asOf": "14:02:07", "isOld": isOld, "again": "/events?part=1"])
        }
        let (old, fresh) = (try page(isOld: true), try page(isOld: false))
        #expect(old.contains("as of 14:02:07, being counted again") && old.contains("hx-get=\"/events?part=1\""))
        #expect(fresh.contains("as of 14:02:07<") && !fresh.contains("hx-get"))
    }

    @Test func `of a stage are all on a phone too`() throws {
        let templates = try Resources(folder: SampleWorld.resources).templates
        let stage: Fields = [
            "name": "Using", "href": "/lifecycle/Using", "share": "38.8%", "stay": "2 weeks", "wants": "To be helped.", "width": "3",
        ]
        let page = try templates.filled("lifecycle-body", with: ["isDefined": true, "stages": [stage]])
        let narrow = try #require(page.components(separatedBy: "<span class=\"only-narrow\">").last?.components(separatedBy: "</th>").first)
        #expect(narrow.contains("38.8%") && narrow.contains("2 weeks") && narrow.contains("To be helped."))
    }
}
