import Formula
import Testing

@Suite struct `A formula in plain words` {
    private let titles = FormulaTitles(metrics: ["spend": "Spend in a year"], audiences: ["vip": "Best customers"])

    @Test(
        arguments: [
            (
                "count(\"Order Completed\" where region = \"north\" in last 90 days) >= 1 and did(\"Delivery Late\" in last 30 days) and stage != \"Lapsed\"",
                "Order Completed with region north in the last 90 days, Delivery Late in the last 30 days, and not Lapsed."
            ),
            (
                "count(\"Order Completed\" in last 90 days) >= 3\n  and last(\"NPS Answered\".score) >= 9\n  and never(\"Complaint Received\" in last 30 days)",
                "Order Completed at least 3 times in the last 90 days, the last score in NPS Answered is at least 9, and no Complaint Received in the last 30 days."
            ),
            ("count(\"Order Completed\") > 3", "Order Completed more than 3 times."),
            ("count(\"Order Completed\") < 2", "Order Completed fewer than twice."),
            ("2 < count(\"Order Completed\")", "Order Completed more than twice."),
            ("count(\"Order Completed\") = 1", "Order Completed exactly once."),
            ("count(\"Order Completed\" in last 1 hour) = 0", "No Order Completed in the last hour."),
            ("count(\"Order Completed\") != 3", "The number of Order Completed is something other than 3."),
            ("count(\"Order Completed\") > count(\"Order Returned\")", "The number of Order Completed is more than the number of Order Returned."),
            ("not count(\"Order Completed\") >= 3", "Order Completed fewer than 3 times."),
            ("not did(\"Order Completed\" today)", "No Order Completed today."),
            ("not never(\"Order Completed\" this week)", "Order Completed this week."), ("did(any this month)", "Any interaction this month."),
            ("never(any where direction = \"in\" in last 30 days)", "No interaction from the customer in the last 30 days."),
            (
                "did(any where channel in [\"web\", \"store\"] and direction = \"out\" in last 2 weeks)",
                "Any interaction by web or store to the customer in the last 14 days."
            ),
            ("did(\"Email Opened\" where media = \"owned\" and direction = \"internal\")", "Email Opened on owned media among colleagues."),
            (
                "count(\"Page Viewed\" where path starts with \"/help\" today) > 3",
                "Page Viewed with path starting with “/help” more than 3 times today."
            ),
            (
                "did(\"Order Completed\" where total > 20 or not (city = \"Leeds\"))", "Order Completed with (total more than 20 or not city Leeds)."
            ),
            (
                "did(\"Order Completed\" where (total > 1000 and gift) or city in [\"Leeds\", \"York\"])",
                "Order Completed with ((total more than 1,000 and gift) or city Leeds or York)."
            ),
            (
                "did(\"Order Completed\" where due >= 2026-05-01 and city != \"Leeds\" and note is known and 3 <= total and channel = \"web\")",
                "Order Completed by web with due on 1 May 2026 or after and city other than Leeds and note known and total at least 3."
            ),
            (
                "did(\"Order Completed\" where tags contains \"sale\" and sku ends with \"-x\" since 2026-01-01)",
                "Order Completed with tags containing “sale” and sku ending with “-x” since 1 January 2026."
            ),
            (
                "sum(\"Order Completed\".products[].price where category = \"shoes\") > 100",
                "The sum of price of products in Order Completed with category shoes is more than 100."
            ),
            ("count(\"Order Completed\".products[] this year) >= 2", "At least 2 products in Order Completed this year."),
            ("distinct(\"Order Completed\".city this month) > 1", "Order Completed with more than 1 different value of city this month."),
            ("distinct(\"Order Completed\".city) >= 3", "Order Completed with at least 3 different values of city."),
            ("days active(any this week) >= 3", "Any interaction on at least 3 days this week."),
            ("time since last(\"Order Completed\") > 180 days", "Last Order Completed more than 180 days ago."),
            ("time since first(\"Order Completed\") <= 90 min", "First Order Completed at most 90 minutes ago."),
            ("first(\"Order Completed\") >= 2026-01-01", "First Order Completed on 1 January 2026 or after."),
            ("last(\"Order Completed\") < 2026-01-01T12:00:00Z", "Last Order Completed before 1 January 2026 at 12:00 UTC."),
            ("last(\"Order Completed\".due) < now + 3 days", "The last due in Order Completed is before 3 days from now."),
            ("max(\"Order Completed\".due) > now", "The latest due in Order Completed is after now."),
            ("min(\"Order Completed\".total) > 2.5", "The lowest total in Order Completed is more than 2.5."),
            (
                "average(\"Order Completed\".total since 2026-01-01) > 20.5",
                "The average total in Order Completed since 1 January 2026 is more than 20.5."
            ),
            (
                "(sum(\"Order Completed\".total) - 10) / count(\"Order Completed\") > 2 * -3",
                "(The sum of total in Order Completed minus 10) divided by the number of Order Completed is more than 2 times −3."
            ),
            (
                "\"Checkout Started\" in last 7 days not followed by \"Order Completed\" within 1 hour",
                "Checkout Started in the last 7 days not followed by Order Completed within 1 hour."
            ),
            (
                "\"Checkout Started\" or \"Basket Filled\" then \"Order Completed\" within 1 hour then \"NPS Answered\" where score > 8",
                "Checkout Started or Basket Filled, then Order Completed within 1 hour, then NPS Answered with score more than 8."
            ),
            ("trait.city = \"Leeds\" or trait.age >= 30", "Either city is Leeds or age is at least 30."),
            ("trait.city != \"Leeds\"", "City is something other than Leeds."), ("trait.city = \"yes\"", "City is “yes”."),
            ("trait.city in [\"Leeds\", \"York\", \"Hull\"]", "City is Leeds, York or Hull."),
            (
                "trait.code in [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "Code is a, b, c, d, e or 2 more."
            ),
            ("trait.city contains \"ee\"", "City contains “ee”."), ("trait.city is unknown", "City is unknown."),
            ("trait.newsletter = yes", "Newsletter is yes."),
            ("trait.\"favourite colour\" is known", "Favourite colour is known."), ("not (trait.age > 3)", "Not (age is more than 3)."),
            ("not (trait.age > 3 or did(\"A\"))", "Neither age is more than 3 nor A."),
            ("not (trait.age > 3 and did(\"A\"))", "Not all of (age is more than 3 and A)."),
            ("did(\"A\") and (did(\"B\") or did(\"C\") and did(\"D\"))", "A, and either B or (C and D)."),
            ("consent.email", "Consent to marketing by email."), ("consent.email = yes", "Consent to marketing by email."),
            ("consent.email.surveys = no", "Consent to surveys by email withdrawn."), ("not consent.email", "No consent to marketing by email."),
            ("consent.email is unknown", "Has said neither yes nor no about marketing by email."), ("identifier.email is known", "Email known."),
            ("identifier.email is unknown", "No email known."), ("stage = \"Using\"", "Stage Using."),
            ("stage in [\"Aware\", \"Using\"]", "Stage Aware or Using."),
            ("not stage = \"Lapsed\"", "Not Lapsed."), ("not (stage in [\"Aware\", \"Using\"])", "Neither Aware nor Using."),
            ("in audience vip and not in audience other", "In the audience Best customers and not in the audience other."),
            ("spend > 12500", "Spend in a year is more than 12,500."), ("percentile(spend) >= 95", "In the top 5% by Spend in a year."),
            ("percentile(spend) <= 20", "In the bottom 20% by Spend in a year."), ("quintile(spend) = 5", "In the highest fifth by Spend in a year."),
            ("percentile(spend) < 50", "The percentile of Spend in a year is less than 50."),
            ("sum(\"Order Completed\".total in last 365 days)", "The sum of total in Order Completed in the last 365 days."),
            ("spend / 12", "Spend in a year divided by 12."), ("no", "Never."),
        ])
    func `says it short and specific`(text: String, sentence: String) throws {
        #expect(Explainer.explain(try Parser.parse(text), titles: titles) == sentence, "\(text)" as Comment)
    }

    @Test func `each condition that must hold has words and a place of its own`() throws {
        let text = "did(\"A\" today) and (never(\"B\") and stage != \"Lapsed\")"
        let parts = Explainer.conjuncts(try Parser.parse(text))
        #expect(parts.map(\.words) == ["A today", "no B", "not Lapsed"])
        #expect(parts.map(\.label) == ["A today", "No B", "Not Lapsed"])
        let scalars = Array(text.unicodeScalars)
        func written(_ span: Span) -> String { String(String.UnicodeScalarView(scalars[span.from..<span.to])) }
        #expect(parts.map { written($0.span) } == ["did(\"A\" today)", "never(\"B\")", "stage != \"Lapsed\""])
        #expect(Explainer.conjuncts(try Parser.parse("count(any)")).map(\.label) == ["The number of any interaction"])
    }

    @Test func `has the conditions in the order in which the checked formula has them`() throws {
        let tree = try Parser.parse("(did(any) and (did(any) or did(any))) and not did(any) and did(any)")
        var checker = Checker(names: FormulaNames(), library: FormulaLibrary())
        #expect(try checker.condition(tree).conjuncts.map(\.span) == tree.conjuncts.map(\.span))
    }
}

@Suite struct `What a formula reads` {
    @Test func `are interactions with their properties, and everything else that it names`() throws {
        let tree = try Parser.parse(
            """
            sum("B".products[].price where category = "x" and channel = "web") > 3 and "A" then "B" where total > spend within 1 hour
              and trait.city = "Leeds" and not consent.email.surveys and consent.sms and identifier.email is known
              and stage in ["Using", "Aware"] and stage != "Lapsed" and in audience vip and percentile(orders) > now - now and did(any)
            """)
        let reads = FormulaReads(tree)
        #expect(
            reads.events == [
                .init(name: "A", properties: []), .init(name: "B", properties: ["category", "products[].price", "spend", "total"]),
            ])
        #expect(reads.isAny && reads.isStage)
        #expect(reads.traits == ["city"] && reads.identifiers == ["email"] && reads.audiences == ["vip"] && reads.metrics == ["orders"])
        #expect(reads.consents == [.init(channel: "email", purpose: "surveys"), .init(channel: "sms", purpose: "marketing")])
        #expect(reads.stages == ["Aware", "Lapsed", "Using"])
    }

    @Test func `are also what the definitions read that it names, each once, however they lead around`() throws {
        var library = FormulaLibrary()
        library.metrics["a"] = .formula(try Parser.parse("b + count(\"A\")"))
        library.metrics["b"] = .formula(try Parser.parse("sum(\"B\".total)"))
        library.metrics["model"] = .model("model", output: 0, inputs: [try Parser.parse("count(\"C\")")])
        library.audiences["vip"] = .init(who: try Parser.parse("a + model > 3"), except: try Parser.parse("stage = \"Two\" or in audience vip"))
        library.stages = [.init(name: "One", entry: nil), .init(name: "Two", entry: try Parser.parse("did(\"D\") or trait.x = \"y\""))]
        let tree = try Parser.parse("in audience vip")
        #expect(FormulaReads(tree).events.isEmpty)
        let reads = FormulaReads(tree, through: library)
        #expect(reads.events.map(\.name) == ["A", "B", "C", "D"])
        #expect(reads.metrics == ["a", "b", "model"] && reads.traits == ["x"] && reads.isStage)
    }
}
