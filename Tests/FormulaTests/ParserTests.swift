import Formula
import Foundation
import Kernel
import Testing

@Suite struct `Reading a formula` {
    private func names() -> FormulaNames {
        var names = FormulaNames()
        names.events = [
            "Order Completed": [
                "total": .number, "city": .text, "products[].price": .number, "products[].category": .text, "tags": .texts,
                "gift": .flag, "due": .date,
            ],
            "NPS Answered": ["score": .number], "Checkout Started": [:], "Complaint Received": [:], "Page Viewed": ["path": .text],
        ]
        names.traits = ["city": .text, "age": .number, "newsletter": .flag, "nick": nil]
        names.channels = ["web", "email", "store"]
        names.identifierKinds = ["email", "user_id"]
        return names
    }

    private func library() throws -> FormulaLibrary {
        var library = FormulaLibrary()
        library.metrics["spend"] = .formula(try Parser.parse("sum(\"Order Completed\".total in last 365 days)"))
        library.audiences["vip"] = .init(who: try Parser.parse("percentile(spend) >= 95"))
        library.stages = [
            .init(name: "Aware", entry: nil), .init(name: "Using", entry: try Parser.parse("did(\"Order Completed\")")),
            .init(name: "Lapsed", entry: try Parser.parse("time since last(\"Order Completed\") > 180 days")),
        ]
        return library
    }

    private func problem(_ text: String) -> FormulaProblem? {
        do {
            var checker = Checker(names: names(), library: try library())
            _ = try checker.condition(Parser.parse(text))
            return nil
        } catch {
            return error as? FormulaProblem
        }
    }

    @Test(
        arguments: [
            "count(\"Order Completed\" in last 90 days) >= 3\n  and last(\"NPS Answered\".score) >= 9\n  and never(\"Complaint Received\" in last 30 days)",
            "\"Checkout Started\" not followed by \"Order Completed\" within 1 hour",
            "\"Checkout Started\" in last 7 days not followed by \"Order Completed\" within 1 hour",
            "\"Checkout Started\" then \"Order Completed\" within 1 hour then \"NPS Answered\" within 30 days",
            "percentile(spend) >= 95", "quintile(spend) = 5", "in audience vip and stage != \"lapsed\"", "stage in [\"Using\", \"Aware\"]",
            "sum(\"Order Completed\".products[].price where category = \"shoes\") > 100",
            "count(\"Page Viewed\" where path starts with \"/help\" today) > 3",
            "trait.city = \"Leeds\" or trait.age >= 30", "trait.newsletter",
            "trait.nick = \"Bo\" or \"Checkout Started\" then \"Order Completed\" within 1 day", "trait.nick = 4", "trait.nick = \"Bo\"",
            "consent.email = yes and not consent.email.surveys = no", "identifier.email is known", "identifier.email is unknown",
            "time since last(any where direction = \"in\") > 30 days", "did(any where channel in [\"web\", \"store\"] in last 2 weeks)",
            "average(\"Order Completed\".total since 2026-01-01) > 20.5", "last(\"Order Completed\".due) < now + 3 days",
            "distinct(\"Order Completed\".city this month) > 1 # several cities", "days active(any this week) >= 3",
            "(sum(\"Order Completed\".total) - 10) / count(\"Order Completed\") > 2 * -3",
            "count(\"Order Completed\" or \"Checkout Started\" in last 7 days) > 0",
            "\"Order Completed\" or \"Checkout Started\" then \"NPS Answered\" within 2 days",
            "max(\"Order Completed\".due) - now < 3 days", "first(\"Order Completed\") > 2026-01-01T12:00:00Z",
            "count(\"Order Completed\" where tags contains \"sale\" and gift and due > 2026-01-01) = 1",
            "count(“Order Completed” in last 90 days) ≥ 3",
            "did(\"Order Completed\" where due in [2026-01-01, 2026-01-02T10:00:00Z] and gift in [yes])",
        ])
    func `takes everything that the language has`(text: String) { #expect(problem(text) == nil, "\(text)") }

    @Test(
        arguments: [
            ("count(\"Order Complete\") > 1", "unknown event \"Order Complete\"", "did you mean \"Order Completed\"?", 6, 22),
            ("consent.emial = no", "unknown channel emial", "did you mean email?", 0, 13),
            ("stage = \"Lapse\"", "unknown stage \"Lapse\"", "did you mean \"Lapsed\"?", 8, 15),
            ("spendd > 3", "nobody has defined spendd", "did you mean spend?", 0, 6),
            ("in audience vpi", "there is no audience vpi", "did you mean vip?", 0, 15),
            ("cuont(\"Order Completed\") > 1", "there is no function cuont", "did you mean count?", 0, 5),
            ("trait.ctiy = \"Leeds\"", "unknown trait ctiy", "did you mean city?", 0, 10),
            ("identifier.mail is known", "unknown kind of identifier mail", "did you mean email?", 0, 15),
            ("count(\"Order Completed\" where channel = \"wbe\") > 1", "unknown channel \"wbe\"", "did you mean web?", 40, 45),
            ("count(\"Order Completed\" where channel in [\"web\", \"wbe\"]) > 1", "unknown channel \"wbe\"", "did you mean web?", 49, 54),
            ("did(any where direction in [\"inn\"])", "unknown direction \"inn\"", "did you mean in?", 28, 33),
            (
                "did(\"Order Completed\" where total in [1, \"a\"])", "the list has a number and a text", "write values of one kind", 41, 44
            ),
            (
                "did(\"Order Completed\" where total in [yes])", "a number is looked for among values of which each is yes or no",
                "write values of one kind", 28, 42
            ),
            ("count(\"Order Completed\"", "expected ) to close count, found the end", "go on, or take out what is unfinished", 23, 23),
            (
                "count(\"Order Completed\") > ", "expected a value, a name or a function, found the end", "go on, or take out what is unfinished", 27,
                27
            ),
            ("count(\"Order Completed\") == 3", "expected a value, a name or a function, found =", "write one =", 26, 27),
            ("count(\"Order Completed in last 3 days)", "the quotation mark has no end", "add \" where the text ends", 6, 7),
            (
                "time since last(\"Order Completed\") > 90", "a length of time is compared with a number",
                "write a length of time with its unit: 90 days", 0, 39
            ),
            (
                "count(\"Order Completed\")", "a condition is yes or no, and this is a number", "compare it with something: > 0, = \"…\", is known",
                0, 24
            ),
            (
                "sum(\"Order Completed\".city) > 1", "city is a text, and sum works with numbers",
                "name a property that is a number, or mend the definition of the event", 22, 26
            ),
            ("count(\"Order Completed\" in last 3 months) > 1", "months differ in length", "write 30 days, or the window this month", 32, 40),
            (
                "count(\"Order Completed\" since 2026-02-30) > 1", "2026-02-30 is no date",
                "write a day as 2026-01-31, or a moment as 2026-01-31T18:00:00Z", 30, 40
            ),
            ("trait.city > \"L\"", "texts have no >", "compare them with =, !=, contains, starts with, ends with or in [\"…\"]", 0, 16),
            ("", "there is no formula", "write for example count(\"Order Completed\" in last 90 days) >= 3", 0, 0),
            ("'Leeds' = trait.city", "' means nothing here", "texts stand in double quotation marks: \"Order Completed\"", 0, 1),
        ] as [(String, String, String, Int, Int)])
    func `points at what is wrong and says how to mend it`(text: String, what: String, mend: String, from: Int, to: Int) {
        #expect(problem(text) == FormulaProblem(Span(from: from, to: to), what, mend: mend), "\(text)")
    }

    @Test func `a list of dates within where is compared with dates, whether or not the property is declared`() throws {
        var names = names()
        names.arrives = { $1 == PropertyPath("undeclared") }
        var checker = Checker(names: names, library: try library())
        for property in ["due", "undeclared"] {
            let checked = try checker.condition(Parser.parse("did(\"Order Completed\" where \(property) in [2026-01-02])"))
            var program = Program(names: names, library: try library())
            try program.add(checked, as: .asked(0))
            guard case .selected(let selector)? = program.terms.first?.sources.first else {
                Issue.record("\(property) has no selector")
                continue
            }
            #expect(selector.condition == .oneOfNumbers(.property(PropertyPath(property), .date), [1_767_312_000]))
        }
    }

    @Test func `says line, column and the part that is meant`() {
        let text = "did(\"Order Completed\")\n  or consent.emial = no"
        let found = problem(text)
        #expect(found?.place(in: text).line == 2)
        #expect(found?.place(in: text).column == 6)
        #expect(found?.excerpt(of: text) == "  or consent.emial = no\n     ^^^^^^^^^^^^^")
    }

    @Test func `shows of a long line what is around the part that is meant`() throws {
        for before in [0, 30, 100, 3_000] {
            for after in [0, 30, 3_000] {
                let text = String(repeating: "yes and ", count: before) + "speend > 1" + String(repeating: " or no", count: after)
                let lines = FormulaProblem(Span(from: 8 * before, to: 8 * before + 6), "x", mend: "y").excerpt(of: text).components(separatedBy: "\n")
                #expect(lines.count == 2 && lines[0].count <= FormulaProblem.widestExcerpt && lines[1].hasSuffix(" ^^^^^^") || before == 0)
                let meant = zip(lines[0], lines[1]).filter { $1 == "^" }.map { String($0.0) }.joined()
                #expect(meant == "speend", "\(before) before, \(after) behind" as Comment)
            }
        }
    }

    @Test func `refuses definitions that lead back to themselves, however far around`() throws {
        var library = FormulaLibrary()
        library.metrics["a"] = .formula(try Parser.parse("b + 1"))
        library.metrics["b"] = .formula(try Parser.parse("c * 2"))
        library.metrics["c"] = .formula(try Parser.parse("count(any) + a"))
        var checker = Checker(names: names(), library: library)
        #expect {
            _ = try checker.formula(Parser.parse("b + 1"), of: "metric/a")
        } throws: { ($0 as? FormulaProblem)?.what == "this leads back to itself: a → b → c → a" }
        library = FormulaLibrary()
        library.audiences["x"] = .init(who: try Parser.parse("did(any)"), except: try Parser.parse("stage = \"One\""))
        library.stages = [.init(name: "None", entry: nil), .init(name: "One", entry: try Parser.parse("in audience x"))]
        checker = Checker(names: names(), library: library)
        #expect {
            _ = try checker.condition(Parser.parse("in audience x"), of: "lifecycle")
        } throws: { ($0 as? FormulaProblem)?.what.hasPrefix("this leads back to itself") == true }
    }

    @Test func `definitions that name each other twice over are read once each`() throws {
        var library = FormulaLibrary()
        library.metrics["m0"] = .formula(try Parser.parse("count(any)"))
        for i in 1...38 { library.metrics["m\(i)"] = .formula(try Parser.parse("m\(i - 1) + m\(i - 1)")) }
        var program = Program(names: names(), library: library)
        try program.add(.metric("m38"))
        #expect(program.slots.count == 39)
        #expect(program.terms.count == 1)
    }

    @Test func `nothing is unknown of an audience, whatever its formula is`() throws {
        var library = FormulaLibrary()
        library.audiences["readers"] = .init(who: try Parser.parse("trait.newsletter"))
        library.audiences["buyers"] = .init(who: try Parser.parse("did(\"Order Completed\")"))
        var program = Program(names: names(), library: library)
        try program.add(.audience("readers"))
        try program.add(.audience("buyers"))
        #expect(program.slots[0].code == [.term(0), .push(1), .compare(.equal)])
        #expect(program.slots[1].code == [.term(1), .known])
    }

    @Test func `equal parts of formulas are worked out once`() throws {
        var program = Program(names: names(), library: try library())
        var checker = Checker(names: names(), library: try library())
        for (i, text) in [
            "count(\"Order Completed\" in last 7 days) > 1", "1 < count(\"Order Completed\" in last 7 days)",
            "did(\"Page Viewed\") or never(\"Page Viewed\")",
        ].enumerated() {
            try program.add(checker.condition(Parser.parse(text)), as: .asked(i))
        }
        #expect(program.terms.count == 2)
        #expect(program.selectors.isEmpty)
    }
}

@Suite struct `The limits of a formula` {
    private func what(_ text: String) -> String? {
        do {
            _ = try Parser.parse(text)
            return nil
        } catch { return error.what }
    }

    @Test func `hold at their edges`() {
        let rest = " and x"
        let full = "did(any)" + String(repeating: " ", count: FormulaLimits.length - 8)
        #expect(what(full) == nil)
        #expect(what(full + " ") == "a formula has at most 10000 characters")
        func nested(_ n: Int) -> String { String(repeating: "(", count: n) + "did(any)" + String(repeating: ")", count: n) }
        #expect(what(nested(FormulaLimits.depth - 1)) == nil)
        #expect(what(nested(FormulaLimits.depth)) == "parts stand more than 50 deep in each other")
        #expect(what("x" + String(repeating: rest, count: FormulaLimits.parts - 1)) == nil)
        #expect(what("x" + String(repeating: rest, count: FormulaLimits.parts)) == "more than 200 parts are joined")
        func list(_ n: Int) -> String { "trait.a in [\((0..<n).map { "\"\($0)\"" }.joined(separator: ","))]" }
        #expect(what(list(FormulaLimits.list)) == nil)
        #expect(what(list(FormulaLimits.list + 1)) == "a list has at most 500 entries")
        func steps(_ n: Int) -> String { "\"a\"" + String(repeating: " then \"b\"", count: n) }
        #expect(what(steps(FormulaLimits.steps)) == nil)
        #expect(what(steps(FormulaLimits.steps + 1)) == "a sequence has at most 10 steps")
        #expect(what("time since last(any) > 100 years") == nil)
        #expect(what("time since last(any) > 101 years") == "the time is longer than 100 years")
    }

    /// Nothing that anybody types may stop the program: random bytes, and random pieces of the language.
    @Test func `no input crashes it`() {
        var random = SeededRandom(seed: 7)
        let pieces = [
            "count", "(", ")", "\"Order Completed\"", ".", "total", "where", "in", "last", "90", "days", "and", "or", "not", "followed", "by", "then",
            "within", ">=", "=", "[", "]", ",", "[]", "\"", "\\", "#", "\n", "stage", "trait", "percentile", "-", "/", "2026-01-01", "2026-13-01",
            "any",
            "is", "known", "é", "“", "”", "\u{0}", "1e9", "99999999999999999999", "today", "since", "this", "time", "since", "🙂", "\u{301}",
        ]
        for _ in 0..<20_000 {
            let count = Int(random.next() % 24)
            let text = (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined(separator: random.next() % 3 == 0 ? "" : " ")
            if let tree = try? Parser.parse(text) {
                var names = FormulaNames()
                names.areEventsKnown = false
                names.areTraitsKnown = false
                var checker = Checker(names: names, library: FormulaLibrary())
                if let checked = try? checker.formula(tree) {
                    var program = Program(names: names, library: FormulaLibrary())
                    _ = try? program.add(checked, as: .asked(0))
                }
            }
        }
        for _ in 0..<5_000 {
            let scalars = (0..<Int(random.next() % 40)).compactMap { _ in Unicode.Scalar(UInt32(random.next() % 0x3000)) }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            _ = try? Parser.parse(String(text))
        }
    }
}

@Suite struct `Days in a zone` {
    private let london = Zone(steps: [(0, 0), (1_774_746_000, 3_600), (1_792_890_000, 0)])  // 2026-03-29 01:00Z, 2026-10-25 01:00Z

    @Test func `begin where clocks say so`() {
        func start(_ day: String, _ window: Window, _ zone: Zone) -> String {
            Instant(milliseconds: zone.start(of: window, at: Instant(day)!.seconds) * 1000).rfc3339.replacing(".000", with: "")
        }
        #expect(start("2026-03-29T12:00:00Z", .today, london) == "2026-03-29T00:00:00Z")
        #expect(start("2026-03-30T12:00:00Z", .today, london) == "2026-03-29T23:00:00Z")
        #expect(start("2026-10-25T23:30:00Z", .today, london) == "2026-10-24T23:00:00Z")
        #expect(start("2026-10-26T00:30:00Z", .today, london) == "2026-10-26T00:00:00Z")
        #expect(start("2026-04-01T00:00:00Z", .thisMonth, london) == "2026-03-31T23:00:00Z")
        // Sunday belongs to the week before, Monday begins one.
        #expect(start("2026-11-22T12:00:00Z", .thisWeek, .utc) == "2026-11-16T00:00:00Z")
        #expect(start("2026-11-23T00:00:00Z", .thisWeek, .utc) == "2026-11-23T00:00:00Z")
        #expect(start("2028-02-29T12:00:00Z", .thisMonth, .utc) == "2028-02-01T00:00:00Z")
        #expect(start("2028-12-31T23:59:59Z", .thisYear, .utc) == "2028-01-01T00:00:00Z")
    }

    /// In Beirut and elsewhere clocks go forward at midnight: the day begins at 1:00.
    @Test func `may begin after midnight`() {
        let zone = Zone(steps: [(0, 7_200), (Instant("2026-03-28T22:00:00Z")!.seconds, 10_800)])
        let start = zone.start(of: .today, at: Instant("2026-03-29T12:00:00Z")!.seconds)
        #expect(Instant(milliseconds: start * 1000).rfc3339.replacing(".000", with: "") == "2026-03-28T22:00:00Z")
        #expect(zone.day(at: start) - zone.day(at: start - 1) == 1)
    }
}
