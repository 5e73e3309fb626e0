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
                        "excerpt": "  and did(\"Order Complet\")\n          ^^^^^^^^^^^^^^^", "replacement": "\"Order Completed\"",
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

    private static let declared: FormulaNames = {
        var names = FormulaNames()
        names.events["Order Completed"] = [
            "total": .number, "address.city": .text, "products[].price": .number, "products[].category": .text, "tags": .texts,
        ]
        names.events["Order Refunded"] = ["amount": .number]
        names.events["Page Viewed"] = [:]
        names.channels = ["web"]
        return names
    }()

    @Test(arguments: [
        (#"sum("Order Completed".totl)"#, "totl", "total"), (#"last("Order Completed".adress.city)"#, "adress.city", "address.city"),
        (#"sum("Order Completed".products[].prize)"#, "products[].prize", "products[].price"),
        (#"count("Order Completed" where totl > 3)"#, "totl", "total"), (#"did("Order Completed" where chanel = "web")"#, "chanel", "channel"),
        (#"sum("Order Completed".products[].price where categry = "shoes")"#, "categry", "category"),
        (#"sum("Order Completed".products[].price where totl > 3)"#, "totl", "total"),
        (#"sum("Order Completed" or "Order Refunded".amont)"#, "amont", "amount"),
        (#"did("Page Viewed") and never("Order Completed" where not toatl = 3)"#, "toatl", "total"),
    ])
    func `is that a property is unknown, when the definition of its event names others`(_ text: String, _ written: String, _ meant: String) throws {
        let flaw = try #require(FormulaReport(text, names: Self.declared, library: FormulaLibrary()).flaws.first, "\(text) reads")
        #expect(flaw.problem.what.hasPrefix("unknown property \(written) of \"Order Completed\""), "\(flaw.problem)")
        #expect(flaw.problem.mend == "did you mean \(meant)?" && flaw.replacement == meant, "\(flaw)")
        let scalars = Array(text.unicodeScalars)
        #expect(String(String.UnicodeScalarView(scalars[flaw.problem.span.from..<flaw.problem.span.to])) == written)
    }

    @Test(arguments: [
        #"sum("Page Viewed".totl)"#, #"sum("Order Completed" or "Page Viewed".totl)"#, #"count("Order Completed".products[])"#,
        #"count("Order Completed".tags[])"#, #"did("Order Completed" where address is known)"#, #"sum("Order Completed".value)"#,
        #"did("Order Completed" where value > 3 and channel = "web" and media = "owned" and direction = "in")"#,
        #"sum("Order Completed".products[].price where total > 3 and category = "a" and products is known)"#,
        #"sum("Order Completed" or "Order Refunded".amount)"#, #"last("Order Completed".note)"#, #"count("Order Completed" where note = "x")"#,
    ])
    func `is nothing of a property that is known, may be any, or arrives all the same`(_ text: String) {
        var names = Self.declared
        names.arrives = { event, path in event == "Order Completed" && path == PropertyPath("note") }
        #expect(FormulaReport(text, names: names, library: FormulaLibrary()).flaws == [])
        // What is in force stays so, whatever is known of it now.
        names.areEventsKnown = false
        #expect(FormulaReport(#"sum("Order Completed".totl)"#, names: names, library: FormulaLibrary()).flaws == [])
    }

    @Test func `names what there is, when nothing is near`() {
        let report = FormulaReport(#"sum("Order Refunded".reason_of_all)"#, names: Self.declared, library: FormulaLibrary())
        #expect(report.flaws.first?.problem.mend == "the definition of the event names amount: add it there, or see what arrives")
        #expect(report.flaws.first?.replacement == nil)
    }

    @Test func `is that a value is no condition, when a condition is asked for`() {
        #expect(report("count(any)").type == .number)
        #expect(report("count(any)", as: .condition).flaws.map(\.problem.what) == ["a condition is yes or no, and this is a number"])
    }
}
