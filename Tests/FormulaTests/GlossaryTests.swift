import Formula
import Testing

@Suite struct `All that a formula may say` {
    private static func names() -> FormulaNames {
        var names = FormulaNames()
        names.events = [
            "Order Completed": ["total": .number, "shop": .text, "products[].quantity": .number, "products[].category": .text],
            "Survey Answered": ["score": .number], "Page Viewed": [:], "Email Sent": [:], "Product Added": [:], "Checkout Started": [:],
            "A \"quoted\" one": ["odd.\"first name\"": .text],
        ]
        names.traits = ["city": .text, "favourite colour": ValueType?.none]
        names.channels = ["web", "email", "pick up"]
        names.identifierKinds = ["email"]
        return names
    }
    private static func library() throws -> FormulaLibrary {
        var library = FormulaLibrary()
        library.metrics = ["spend": .formula(try Parser.parse("sum(\"Order Completed\".total)"))]
        library.audiences = ["vip": .init(who: try Parser.parse("spend > 5"))]
        library.stages = [.init(name: "Aware", entry: nil), .init(name: "It's \"on\"", entry: try Parser.parse("did(any)"))]
        return library
    }

    @Test func `has each function of the language once, with an example that uses it and reads`() throws {
        let all = FormulaFunction.allCases.map(\.rawValue) + RankFunction.allCases.map(\.rawValue)
        #expect(FormulaGlossary.functions.map(\.text) == all.map { $0 + "(…)" })
        var checker = Checker(names: Self.names(), library: try Self.library())
        for (name, word) in zip(all, FormulaGlossary.functions) {
            let example = try #require(word.example)
            #expect(example.hasPrefix(name + "(") && !word.meaning.isEmpty, "\(name): \(example)")
            #expect(try checker.condition(Parser.parse(example)).type == .flag)
        }
    }

    @Test func `has phrases whose examples read`() throws {
        var checker = Checker(names: Self.names(), library: try Self.library())
        for word in FormulaGlossary.phrases { _ = try checker.formula(Parser.parse(try #require(word.example))) }
        #expect(Set(FormulaGlossary.phrases.map(\.text)).count == FormulaGlossary.phrases.count)
    }

    @Test func `has every name that may be used, written so that it reads`() throws {
        let (names, library) = (Self.names(), try Self.library())
        let glossary = FormulaGlossary(names: names, library: library, titles: FormulaTitles(metrics: ["spend": "Spend"], audiences: ["vip": "VIP"]))
        var checker = Checker(names: names, library: library)
        for word in [.audiences, .stages, .consent, .identifiers].flatMap({ (kind: FormulaGlossary.Kind) in glossary[kind] }) {
            _ = try checker.condition(Parser.parse(word.text))
        }
        for word in glossary[.traits] + glossary[.metrics] { _ = try checker.formula(Parser.parse(word.text)) }
        for word in glossary[.channels] { _ = try checker.condition(Parser.parse("did(any where \(word.text))")) }
        for event in glossary[.interactions] {
            _ = try checker.condition(Parser.parse("did(\(event.text))"))
            for property in event.parts { _ = try checker.condition(Parser.parse("distinct(\(event.text).\(property.text)) > 0")) }
        }
        #expect(glossary[.interactions].count == names.events.count + 1 && glossary[.interactions].flatMap(\.parts).count == 6)
        #expect(glossary[.metrics] == [.init("spend", "Spend")] && glossary[.traits].map(\.text) == ["trait.city", "trait.\"favourite colour\""])
        #expect(glossary[.stages].map(\.text) == ["stage = \"Aware\"", "stage = \"It's \\\"on\\\"\""])
        // Nothing that nobody defined.
        #expect(FormulaGlossary(names: FormulaNames(), library: FormulaLibrary())[.metrics].isEmpty)
    }
}
