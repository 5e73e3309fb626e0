import Formula
import Foundation
import Kernel
import Testing

@Suite struct `Colours of a formula being written` {
    /// Each part as `kind:text`.
    private func painted(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        return FormulaEditor.highlight(text).map { highlight in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[highlight.span.from..<highlight.span.to])
            return "\(highlight.kind.rawValue):\(String(view))"
        }
    }

    @Test(
        arguments: [
            (
                "count(\"Order Completed\" where region = \"north\" in last 90 days) >= 3 # many",
                [
                    "function:count", "operator:(", "event:\"Order Completed\"", "word:where", "name:region", "operator:=", "text:\"north\"",
                    "word:in",
                    "word:last", "duration:90 days", "operator:)", "operator:>=", "number:3", "comment:# many",
                ]
            ),
            (
                "time since last(\"A\" or \"B\") > 1 hour and not in audience vip",
                [
                    "function:time since last", "operator:(", "event:\"A\"", "word:or", "event:\"B\"", "operator:)", "operator:>", "duration:1 hour",
                    "word:and", "word:not", "word:in", "word:audience", "name:vip",
                ]
            ),
            (
                "\"A\" or \"B\" where x = \"y\" not followed by \"C\" within 1 hour",
                [
                    "event:\"A\"", "word:or", "event:\"B\"", "word:where", "name:x", "operator:=", "text:\"y\"", "word:not", "word:followed",
                    "word:by",
                    "event:\"C\"", "word:within", "duration:1 hour",
                ]
            ),
            (
                "(\"A\" then \"B\") or trait.\"odd name\" = \"B\"",
                [
                    "operator:(", "event:\"A\"", "word:then", "event:\"B\"", "operator:)", "word:or", "name:trait", "operator:.", "name:\"odd name\"",
                    "operator:=", "text:\"B\"",
                ]
            ),
            (
                "sum(\"A\".last[].count) is not known and stage in [\"One\"] or percentile(spend) < 2026-01-31",
                [
                    "function:sum", "operator:(", "event:\"A\"", "operator:.", "name:last", "operator:[]", "operator:.", "name:count", "operator:)",
                    "word:is", "word:not", "word:known", "word:and", "name:stage", "word:in", "operator:[", "text:\"One\"", "operator:]", "word:or",
                    "function:percentile", "operator:(", "name:spend", "operator:)", "operator:<", "date:2026-01-31",
                ]
            ),
            ("count(\"Order Comp", ["function:count", "operator:(", "wrong:\"Order Comp"]),
            ("count(\"Order Comp) >\n  and now", ["function:count", "operator:(", "wrong:\"Order Comp) >", "word:and", "name:now"]),
            ("did(\"a\\d b\") & 90d", ["function:did", "operator:(", "wrong:\"a\\d b\"", "operator:)", "wrong:&", "wrong:90d"]), ("", []),
            (" # only words", ["comment:# only words"]),
        ])
    func `are right in a whole formula and in half of one`(text: String, parts: [String]) { #expect(painted(text) == parts) }

    @Test func `what is longer than a formula may be is wrong from there on`() {
        let text = String(repeating: "a ", count: FormulaLimits.length / 2) + "bc"
        #expect(FormulaEditor.highlight(text).last == .init(Span(from: FormulaLimits.length, to: FormulaLimits.length + 2), .wrong))
    }

    /// Whatever was typed: parts ascend, lie apart from each other and within the text, and leave out white space only.
    @Test func `cover every text, and completions are there at every place`() throws {
        var random = SeededRandom(seed: 11)
        let pieces = [
            "count", "(", ")", "\"Order Completed\"", ".", "total", "where", "in", "last", "90", "days", "and", "or", "not", "followed", "by", "then",
            "within", ">=", "=", "[", "]", ",", "[]", "\"", "\\", "#", "\n", "stage", "trait", "percentile", "-", "/", "2026-01-01", "2026-13-01",
            "any", "is", "known", "é", "“", "”", "\u{0}", "1e9", "99999999999999999999", "today", "since", "this", "time", "🙂", "\u{301}", "audience",
        ]
        var names = FormulaNames()
        names.events = ["Order Completed": ["total": .number, "products[].price": .number]]
        names.traits = ["city": .text]
        names.channels = ["email"]
        var library = FormulaLibrary()
        library.metrics["total"] = .formula(try Parser.parse("count(any)"))
        for _ in 0..<4_000 {
            let count = Int(random.next() % 16)
            let text = (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined(separator: random.next() % 3 == 0 ? "" : " ")
            let scalars = Array(text.unicodeScalars)
            var at = 0
            for part in FormulaEditor.highlight(text) {
                guard part.span.from >= at, part.span.to > part.span.from || scalars.isEmpty, part.span.to <= scalars.count else {
                    Issue.record("\(text): \(part)")
                    break
                }
                if scalars[at..<part.span.from].contains(where: { !$0.properties.isWhitespace }) { Issue.record("\(text): nothing before \(part)") }
                at = part.span.to
            }
            if scalars[at...].contains(where: { !$0.properties.isWhitespace }) { Issue.record("\(text): nothing from \(at) on") }
            for _ in 0..<3 {
                let offset = Int(random.next() % UInt64(scalars.count + 2))
                let found = FormulaEditor.completions(text, at: offset, names: names, library: library)
                if found.contains(where: { $0.span.from > min(offset, scalars.count) || $0.span.to > scalars.count || $0.span.to < $0.span.from }) {
                    Issue.record("\(text) at \(offset)")
                }
            }
        }
    }
}

@Suite struct `What may come next in a formula` {
    private func names() -> FormulaNames {
        var names = FormulaNames()
        names.events = [
            "Order Completed": ["total": .number, "city": .text, "products[].price": .number, "products[].category": .text, "address.city": .text],
            "NPS Answered": ["score": .number], "Checkout Started": [:], "Late Order": [:],
        ]
        names.traits = ["city": .text, "age": .number, "odd name": nil]
        names.channels = ["web", "email", "store"]
        names.identifierKinds = ["email", "user_id"]
        return names
    }
    private func library() throws -> FormulaLibrary {
        var library = FormulaLibrary()
        library.metrics["spend"] = .formula(try Parser.parse("count(any)"))
        library.audiences["vip"] = .init(who: try Parser.parse("did(any)"))
        library.stages = [.init(name: "Aware", entry: nil), .init(name: "In use", entry: try Parser.parse("did(any)"))]
        return library
    }

    /// The text has | where somebody types.
    private func offered(_ text: String) throws -> [Completion] {
        let parts = text.components(separatedBy: "|")
        let whole = parts.joined()
        return FormulaEditor.completions(
            whole, at: parts[0].unicodeScalars.count, names: names(), library: try library(),
            titles: FormulaTitles(metrics: ["spend": "Spend in a year"], audiences: ["vip": "Best customers"]))
    }

    @Test(
        arguments: [
            ("count(|", ["Checkout Started", "Late Order", "NPS Answered", "Order Completed", "any"]),
            ("count(\"Ord|", ["Order Completed", "Late Order"]), ("count(\"nps|\" in last 3 days)", ["NPS Answered"]),
            ("count(\"Oder Completed|", ["Order Completed"]), ("\"Checkout Started\" then \"Or|", ["Order Completed", "Late Order"]),
            ("\"Checkout Started\" not followed by n|", ["NPS Answered"]), ("did(\"Late Order\" or N|", ["NPS Answered"]),
            ("sum(\"Order Completed\".|", ["value", "address.city", "city", "products[].category", "products[].price", "total"]),
            ("sum(\"Order Completed\".pri|", ["products[].price"]), ("sum(\"Order Completed\".products[].c|", ["products[].category"]),
            ("sum(\"Order Completed\".products[].|", ["products[].category", "products[].price"]),
            ("trait.|", ["age", "city", "odd name"]), ("did(any) and trait.ci|", ["city"]), ("consent.|", ["email", "store", "web"]),
            ("consent.email.|", ["marketing"]), ("identifier.u|", ["user_id"]), ("in audience |", ["vip"]), ("not in audience v|", ["vip"]),
            ("stage = |", ["Aware", "In use"]), ("stage = \"in|", ["In use"]), ("stage != \"Aw|", ["Aware"]),
            ("stage in [\"Aware\", |", ["Aware", "In use"]),
            ("stage in [\"|", ["Aware", "In use"]), ("percentile(|", ["spend"]), ("quintile(sp|", ["spend"]),
            ("did(any where channel = |", ["email", "store", "web"]), ("did(any where channel in [\"w|", ["web"]),
            ("did(any where direction = \"i|", ["in", "internal"]), ("did(any where media != |", ["owned", "earned", "paid"]),
            ("did(\"Order Completed\" where to|", ["total"]), ("sum(\"Order Completed\".products[].price where ca|", ["category"]),
            ("did(\"Order Completed\" where total > 3 and ch|", ["channel"]), ("did(\"Order Completed\" where address.|", ["address.city"]),
            ("count(any in last |", ["7 days", "30 days", "90 days", "365 days", "24 hours", "2 weeks", "1 hour", "30 minutes"]),
            ("count(any in |", ["last 7 days", "last 30 days", "last 90 days", "last 365 days"]), ("count(any in last 90 d|", ["days"]),
            ("count(any this |", ["week", "month", "year"]), ("time since last(any) > 30 h|", ["hours"]), ("\"Late Order\" not |", ["followed by"]),
            ("trait.city is |", ["known", "unknown"]), ("trait.city starts |", ["with"]), ("time since l|", ["time since last"]),
            ("did(any) and ti|", ["time since last", "time since first"]), ("days a|", ["days active"]), ("sp|", ["spend"]),
            ("trait.city = \"L|", []),
            ("count(any) > 9|", []), ("did(any) # cou|", []), ("co|", ["count", "consent", "Order Completed"]), ("stage |", ["=", "!=", "in ["]),
            ("stage = \"Aware\" an|", ["and"]), ("did(\"Order Completed\" wh|", ["where"]),
            ("did(\"Order Completed\" to|", ["today"]), ("zzz|", []), ("trait.city in [\"Leeds\" |", [",", "]"]),
        ])
    func `fits the place, what begins as typed first`(text: String, labels: [String]) throws {
        let found = try offered(text).map(\.label)
        #expect(found == labels, "\(text)" as Comment)
    }

    @Test func `takes the place of what was typed, with its quotation marks`() throws {
        #expect(
            try offered("count(\"Ord|").first
                == Completion(label: "Order Completed", insert: "\"Order Completed\"", span: Span(from: 6, to: 10), detail: "interaction"))
        // What goes on to its own quotation mark is replaced whole; what was never closed is not taken for the rest of the formula.
        #expect(try offered("count(\"Ord| Com\") > 1").first?.span == Span(from: 6, to: 15))
        #expect(try offered("count(\"Ord|) > 1 and did(\"Late Order\")").first?.span == Span(from: 6, to: 10))
        #expect(try offered("time since l|ast(any)").first?.span == Span(from: 0, to: 15))
        #expect(try offered("sum(\"Order Completed\".products[].p|").first?.span == Span(from: 22, to: 34))
        #expect(try offered("trait.odd|").first == Completion(label: "odd name", insert: "\"odd name\"", span: Span(from: 6, to: 9), detail: "trait"))
        #expect(
            try offered("sum(\"Order Completed\".tot|").first
                == Completion(label: "total", insert: "total", span: Span(from: 22, to: 25), detail: "a number"))
        #expect(
            try offered("percentile(s|").first == Completion(label: "spend", insert: "spend", span: Span(from: 11, to: 12), detail: "Spend in a year")
        )
        #expect(try offered("identifier.em|").first?.insert == "email is known")
        #expect(try offered("stage = \"aw|").first?.insert == "\"Aware\"")
    }

    @Test func `begins with everything that may begin a formula, and goes on behind interactions`() throws {
        let start = try offered("|")
        #expect(start.count <= FormulaEditor.mostCompletions)
        #expect(start.first == Completion(label: "count", insert: "count(", span: Span(from: 0, to: 0), detail: "how often it happened"))
        for label in ["never", "spend", "trait", "consent", "identifier", "stage", "in audience", "not", "Order Completed"] {
            #expect(start.contains { $0.label == label }, "\(label)" as Comment)
        }
        let behind = try offered("\"Order Completed\" |").map(\.label)
        for label in ["where", "in last 30 days", "today", "then", "not followed by"] { #expect(behind.contains(label), "\(label)" as Comment) }
        let summed = try offered("sum(\"Order Completed\"|").map(\.label)
        #expect(summed.first == ".value" && summed.contains(".total") && summed.contains(")") && !summed.contains("then"))
        let value = try offered("count(any) |").map(\.label)
        #expect(value.contains(">=") && value.contains("and"))
        let filtered = try offered("did(\"Order Completed\" where city = \"Leeds\" |").map(\.label)
        #expect(filtered.contains("and") && filtered.contains("in last 30 days") && filtered.contains(")"))
    }

    @Test func `is at most thirty, however many interactions there are`() {
        var names = FormulaNames()
        for i in 0..<65_000 { names.events["Event \(i)"] = [:] }
        #expect(FormulaEditor.completions("did(", at: 4, names: names, library: FormulaLibrary()).count == 30)
        #expect(FormulaEditor.completions("did(\"event 123", at: 14, names: names, library: FormulaLibrary()).first?.label == "Event 123")
        #expect(FormulaEditor.completions("did(\"Evnt 123", at: 13, names: names, library: FormulaLibrary()).count == 1)
    }

    @Test func `makes a formula that reads, when all of it is taken`() throws {
        var text = ""
        for _ in 0..<3 {
            text += "count("
            text += try #require(FormulaEditor.completions(text, at: text.count, names: names(), library: library()).last { $0.label != "any" })
                .insert
            text += " in last "
            text += try #require(FormulaEditor.completions(text, at: text.count, names: names(), library: library()).first).insert
            text += ") >= 1 "
            text += try #require(FormulaEditor.completions(text, at: text.count, names: names(), library: library()).first { $0.label == "and" })
                .insert
        }
        text += "did(any)"
        var checker = Checker(names: names(), library: try library())
        _ = try checker.condition(Parser.parse(text))
    }
}
