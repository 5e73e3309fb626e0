import Formula
import Kernel
import Testing

@Suite struct `What is told of a formula` {
    private func report(_ text: String, as use: FormulaReport.Use = .value) -> FormulaReport {
        var names = FormulaNames()
        names.events["Order Completed"] = ["total": .number]
        return FormulaReport(text, as: use, names: names, library: FormulaLibrary())
    }

    @Test func `is its kind, what it means and what it reads`() {
        let report = report("did(\"Order Completed\" where total > 3)\n and never(any)", as: .condition)
        #expect(report.type == .flag && report.flaws.isEmpty)
        #expect(report.json["ok"] == .bool(true) && report.json["type"] == "yes/no" && report.json["problems"] == .array([]))
        #expect(report.json["explanation"] == "Order Completed with total more than 3, and no interaction.")
        #expect(report.json["conjuncts"]?.array?.compactMap { $0["label"]?.string } == ["Order Completed with total more than 3", "No interaction"])
        #expect(report.json["reads"]?["events"] == .array([["name": "Order Completed", "properties": .array(["total"])]]))
        #expect(report.json["reads"]?["any"] == .bool(true))
    }

    @Test func `is what is wrong, with its place, and no meaning then`() {
        let report = report("did(\"Order Completed\")\n  and did(\"Order Complet\")")
        #expect(
            report.json["problems"]
                == .array([
                    [
                        "from": 33, "to": 48, "line": 2, "column": 11, "what": "unknown event \"Order Complet\"",
                        "mend": "did you mean \"Order Completed\"?",
                        "excerpt": "  and did(\"Order Complet\")\n          ^^^^^^^^^^^^^^^",
                    ]
                ]))
        #expect(report.json["ok"] == .bool(false) && report.json["explanation"] == .null && report.type == nil && report.conjuncts.isEmpty)
        #expect(report.reads.events.map(\.name) == ["Order Complet", "Order Completed"])
    }

    @Test func `says yes of what is yes or no by its kind alone`() {
        var names = FormulaNames()
        names.traits["newsletter"] = .some(.flag)
        names.events["Order Completed"] = ["gift": .flag]
        func report(_ text: String) -> FormulaReport { FormulaReport(text, names: names, library: FormulaLibrary()) }
        #expect(report("trait.newsletter").explanation == "Newsletter is yes.")
        #expect(report("last(\"Order Completed\".gift)").explanation == "The last gift in Order Completed is yes.")
        #expect(
            report("last(\"Order Completed\".gift) and trait.newsletter").conjuncts.map(\.words) == [
                "the last gift in Order Completed is yes", "newsletter is yes",
            ])
        #expect(report("trait.newsletter").conjuncts.map(\.label) == ["Newsletter is yes"])
        #expect(report("count(\"Order Completed\")").explanation == "The number of Order Completed.")
    }

    @Test func `is that a value is no condition, when a condition is asked for`() {
        #expect(report("count(any)").type == .number)
        #expect(report("count(any)", as: .condition).flaws.map(\.problem.what) == ["a condition is yes or no, and this is a number"])
    }
}
