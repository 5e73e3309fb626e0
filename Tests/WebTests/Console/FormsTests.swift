import Access
import Audiences
import Audit
import Definitions
import Formula
import Foundation
import Kernel
import Pipeline
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `Forms of definitions` {
    private typealias Sent = [(String, String)]

    private func shown(_ html: String) -> String { html.replacing(/<[^>]*>/, with: "") }
    /// What stands below a field.
    private func fault(_ id: String, _ html: String) -> String? {
        let parts = html.components(separatedBy: "<p class=\"error\" id=\"\(id)-fault\"")
        return parts.count < 2 ? nil : shown("<p" + (parts[1].components(separatedBy: "</p>").first ?? ""))
    }
    private func with(_ body: @escaping @Sendable (TestServer, Browser) async throws -> Void) async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            try await body(server, try await server.browser(.administrator))
        }
    }

    private static let stages: Sent = [
        ("basis", "1"), ("owner", "Ann"), ("rows", "3"), ("stage1", "Aware"), ("stage2", "Customer"), ("when2", "did(\"Order Placed\")"),
        ("stage3", "Regular"), ("when3", "count(\"Order Placed\") >= 2\n\n  and did(any)"), ("wants3", "That it goes on: always"), ("owner3", "Bob"),
    ]

    @Test func `the lifecycle is saved as it stands in its rows, and audited`() async throws {
        try await with { server, browser in
            let saved = await browser.post("/edit/lifecycle", Self.stages, from: "/you")
            #expect(saved.status == 303 && saved.header("location") == "/lifecycle", "\(shown(saved.text))")
            let document = try #require(server.services.definitions.blueprint["lifecycle"])
            let read = document.read(LifecycleDefinition.self)
            #expect(document.owner == "Ann" && read.stages.map(\.name) == ["Aware", "Customer", "Regular"])
            #expect(
                read.stages[2].when?.text == "count(\"Order Placed\") >= 2\n\n  and did(any)" && read.stages[2].wants == "That it goes on: always")
            #expect(read.stages[2].owner == "Bob" && read.stages[0].when == nil)
            #expect(document.text.contains("when: |-"), "a formula of several lines is readable in the document: \(document.text)")
            let log = try server.services.audit.entries(limit: 10)
            #expect(log.contains { $0.action == .definitions && $0.subject == "lifecycle" })
            // What was saved stands in the form again.
            let form = await browser.get("/edit/lifecycle").text
            #expect(await browser.get("/settings/definitions/lifecycle").text.contains("href=\"/edit/lifecycle\""))
            #expect(await browser.get("/settings/definitions/audience%2Fbuyers").text.contains("href=\"/audiences/buyers/edit\""))
            #expect(await !browser.get("/settings/definitions/workspace").text.contains("Edit it in a form"))
            #expect(form.contains(">That it goes on: always</textarea>") && form.contains("name=\"basis\" value=\"2\""))
        }
    }

    @Test func `what does not fit stands at its field, and nothing that was typed is lost`() async throws {
        try await with { server, browser in
            var bad = Self.stages
            bad[3].1 = "<b>Aware & \"co\"</b>"
            bad[5].1 = "did(\"Order Plced\")"
            bad[6].1 = ""
            let answer = await browser.post("/edit/lifecycle", bad, from: "/you")
            #expect(answer.status == 422)
            #expect(fault("stage3", answer.text)?.contains("Give the stage a name.") == true)
            #expect(
                answer.text.contains("Use &quot;Order Placed&quot;")
                    && answer.text.contains("value=\"&lt;b&gt;Aware &amp; &quot;co&quot;&lt;/b&gt;\""))
            #expect(!answer.text.contains("<b>Aware") && answer.text.contains("That it goes on: always"))
            var twice = Self.stages
            twice[6].1 = "customer"
            let told = await browser.post("/edit/lifecycle", twice, from: "/you")
            #expect(told.status == 422)
            #expect(fault("stage3", told.text)?.contains("twice") == true && fault("stage2", told.text)?.contains("twice") == false)
            #expect(server.services.definitions.blueprint["lifecycle"]?.text.contains("Regular") == false)
        }
    }

    @Test func `rows are added, moved and removed by buttons alone, and a formula that a first stage had comes back`() async throws {
        try await with { server, browser in
            func press(_ asked: String, _ fields: Sent = Self.stages) async -> String {
                let answer = await browser.post("/edit/lifecycle", fields + [("row", asked)], from: "/you")
                #expect(answer.status == 200)
                return answer.text
            }
            #expect(await press("add").contains("id=\"stage4\""))
            #expect(await !press("remove:2").contains("value=\"Customer\""))
            let up = await press("up:2")
            #expect(up.contains("name=\"when1\" value=\"did(&quot;Order Placed&quot;)\"") && up.contains("id=\"when2\""))
            #expect(up.contains("It is row 1 of 3 now."))
            for nothing in ["up:1", "down:3", "remove:9", "add:1", "x", "up:-1"] {
                #expect(await press(nothing).contains("name=\"rows\" value=\"3\""), "\(nothing)")
            }
            #expect(server.services.definitions.shelf.inForce["lifecycle"] == FormulaWorld.documents["lifecycle"])
        }
    }

    @Test func `a lifecycle of as many stages as there may be is counted and saved, and no more can be added`() async throws {
        try await with { _, browser in
            var fields: Sent = [("basis", "1"), ("rows", "60"), ("kind", "lifecycle"), ("circle", "lifecycle")]
            for i in 1...60 { fields += [("stage\(i)", "Stage \(i)"), ("when\(i)", i == 1 ? "" : "count(\"Order Placed\") >= \(i - 1)")] }
            // Once what the formulas ask for has been read.
            while await !browser.post("/formulas/preview", fields, from: "/you").text.contains("2 customers, counted at") {
                try await Task.sleep(for: .milliseconds(50))
            }
            let full = await browser.post("/edit/lifecycle", fields + [("row", "add")], from: "/you")
            #expect(full.text.contains("id=\"stage60\"") && !full.text.contains("id=\"stage61\"") && !full.text.contains("Add a stage"))
            #expect(await browser.post("/edit/lifecycle", fields, from: "/you").status == 303)
        }
    }

    @Test func `beside the lifecycle stands how many would be in each stage, and how many are now`() async throws {
        try await with { server, browser in
            while server.services.audiences.swept == nil { try await Task.sleep(for: .milliseconds(20)) }
            let fields = Self.stages.filter { $0.0 != "stage2" } + [("stage2", "Buyer"), ("kind", "lifecycle"), ("circle", "lifecycle")]
            var text = ""
            while !text.contains("counted at") {
                text = await browser.post("/formulas/preview", fields, from: "/you").text
                try await Task.sleep(for: .milliseconds(50))
            }
            let rows = text.matches(
                of: /<bdi>(\w+)<\/bdi><\/th><td[^>]*>([^<]*)<\/td><td[^>]*>(?:<b>)?([^<]*)/)
            #expect(rows.map { "\($0.1) \($0.2) \($0.3)" } == ["Aware 1 1", "Buyer – 1", "Regular – 0", "Customer 1 –"], "\(shown(text))")
        }
    }

    @Test func `only administrators write definitions, and a form that is not ours changes nothing`() async throws {
        try await with { server, _ in
            let lead = try await server.browser(.lead)
            for path in ["/edit/lifecycle", "/edit/event/x", "/new/event", "/new/metric", "/edit/event/x/remove"] {
                #expect(await lead.get(path).status == 403, "\(path)")
                #expect(await lead.post(path, Self.stages, from: "/you").status == 403, "\(path)")
            }
            #expect(await lead.get("/lifecycle").text.contains("/settings/definitions/lifecycle"))
            #expect(await !lead.get("/events").text.contains("/new/event"))
            #expect(server.services.definitions.shelf.inForce["lifecycle"] == FormulaWorld.documents["lifecycle"])
        }
    }

    private static let event: Sent = [
        ("name", "Order Placed"), ("purpose", "Somebody <ordered>."), ("owner", "Ann"), ("life", "First order"), ("rows", "3"), ("value", "1"),
        ("path1", "total"), ("type1", "number"), ("says1", "What they pay"), ("path2", "products[].sku"), ("type2", "text"), ("path3", ""),
        ("type3", "text"),
    ]

    @Test func `an event is defined, edited and removed, each as a version`() async throws {
        try await with { server, browser in
            _ = try await server.services.definitions.remove("audience/known", by: "Bea")
            let saved = await browser.post("/new/event", Self.event, from: "/you")
            #expect(saved.status == 303 && saved.header("location") == "/events/Order%20Placed", "\(shown(saved.text))")
            let document = try #require(server.services.definitions.blueprint["event", "order_placed"])
            let read = document.read(EventDefinition.self)
            #expect(read.value == "total" && read.lifeEvent == "First order" && read.meaning == "Somebody <ordered>." && document.owner == "Ann")
            #expect(read.properties.map(\.path) == ["total", "products[].sku"] && read.properties[0].meaning == "What they pay")
            let form = await browser.get("/edit/event/order_placed").text
            #expect(form.contains(">Somebody &lt;ordered&gt;.</textarea>") && !form.contains("<ordered>"))
            let edited = Self.event.filter { $0.0 != "value" } + [("value", "0"), ("basis", "1")]
            #expect(await browser.post("/edit/event/order_placed", edited, from: "/you").status == 303)
            #expect(server.services.definitions.blueprint["event", "order_placed"]?.read(EventDefinition.self).value == nil)
            #expect(await browser.get("/edit/event/order_placed/remove").text.contains("Remove <bdi>Order Placed</bdi>?"))
            #expect(await browser.post("/edit/event/order_placed/remove", from: "/you").status == 303)
            #expect(server.services.definitions.blueprint["event", "order_placed"] == nil)
            #expect(await browser.get("/edit/event/order_placed").status == 404)
            let log = try server.services.audit.entries(limit: 10).filter { $0.subject == "event/order_placed" }
            #expect(log.count == 3)
        }
    }

    @Test(arguments: [
        (0, "", "name", "Give it a name."), (0, "Stage Changed", "name", "written by Sightline itself"), (6, "a..b", "path1", "is no path"),
        (9, "total", "path2", "It stands here twice."), (5, "2", "path2", "a value is a number"), (6, "", "path1", "Write its name"),
    ]) func `a mistake in an event stands at its field`(place: Int, typed: String, field: String, words: String) async throws {
        try await with { server, browser in
            var bad = Self.event
            bad[place].1 = typed
            let answer = await browser.post("/new/event", bad, from: "/you")
            #expect(answer.status == 422 && fault(field, answer.text)?.contains(words) == true, "\(fault(field, answer.text) ?? "no field")")
            #expect(answer.text.contains("What they pay") && answer.text.contains("products[].sku") || place == 9)
            // The same is said while it is typed, but not that something is missing.
            let live = await browser.post("/formulas/preview", bad + [("kind", "event")], from: "/you").text
            #expect((fault(field, live) ?? "").contains(words) == !typed.isEmpty, "\(fault(field, live) ?? "")")
            #expect(!server.services.definitions.shelf.inForce.keys.contains { $0.hasPrefix("event/") })
        }
    }

    @Test func `a name that the vocabulary has already is no new one`() async throws {
        try await with { server, browser in
            // Once something is defined, names that nothing has are mistakes.
            _ = try await server.services.definitions.remove("audience/known", by: "Bea")
            #expect(await browser.post("/new/event", Self.event, from: "/you").status == 303)
            let again = await browser.post("/new/event", Self.event, from: "/you")
            #expect(again.status == 422 && fault("name", again.text)?.contains("The vocabulary has Order Placed already.") == true)
            let declared = await browser.post("/edit/event/order_placed", Self.event + [("row", "take:date:on[].\"odd: <name>\"")], from: "/you")
            #expect(
                declared.text.contains("value=\"on[].&quot;odd: &lt;name&gt;&quot;\"") && declared.text.contains("<option value=\"date\" selected>"))
        }
    }

    private static let ways: [(key: String, fields: Sent, text: String)] = [
        (
            "engaged",
            [
                ("way", "engagement"), ("days", "90"), ("rows", "2"), ("event1", "Order Placed"), ("worth1", "2.5"), ("event2", "Newsletter Sent"),
                ("worth2", "-0,05"), ("learns", "yes"), ("conversion", "Order Placed"), ("within", "14"),
            ], "weight: -5"
        ),
        ("value", [("way", "lifetime"), ("gives", "alive"), ("orders", "Order Placed"), ("value", "total"), ("ahead", "180")], "gives: alive"),
    ]

    @Test(arguments: [0, 1]) func `a metric of a model has a form, and is edited in it without loss`(i: Int) async throws {
        let (key, fields, text) = Self.ways[i]
        try await with { server, browser in
            let saved = await browser.post("/new/metric", [("name", key), ("shown", "yes"), ("formula", "count(any)")] + fields, from: "/you")
            #expect(saved.status == 303, "\(shown(saved.text))")
            let first = try #require(server.services.definitions.blueprint["metric", key])
            #expect(first.text.contains(text) && !first.text.contains("count(any)"))
            // The form says all that the document does: saved as it stands, it is the same.
            let form = MetricForm(first, basis: 1)
            #expect(form.yaml == first.text, "\(form.yaml)\n\(first.text)")
            let again = await browser.post("/metric/\(key)/edit", [("name", "Renamed"), ("basis", "1")] + fields, from: "/you")
            #expect(again.status == 303 && server.services.definitions.blueprint["metric", key]?.text.contains("Renamed") == true)
        }
    }

    @Test(arguments: [
        ("days", "x", "days", "whole number"), ("days", "0", "days", "out of range"), ("worth1", "much", "worth1", "Write a number"),
        ("worth1", "1.234", "worth1", "Write a number"), ("worth1", "5000", "worth1", "out of range"), ("event2", "", "event2", "Write the name"),
        ("conversion", "", "conversion", "Write the name"), ("within", "1000", "within", "out of range"),
    ]) func `a mistake in a model stands at its field`(name: String, typed: String, field: String, words: String) async throws {
        try await with { _, browser in
            let bad = [("name", "Engaged")] + Self.ways[0].fields.map { ($0.0, $0.0 == name ? typed : $0.1) }
            let answer = await browser.post("/new/metric", bad, from: "/you")
            #expect(answer.status == 422 && fault(field, answer.text)?.contains(words) == true, "\(fault(field, answer.text) ?? "no field")")
            #expect(answer.text.contains("value=\"-0,05\""))
        }
    }

    /// So that names are known, and others are not.
    private static let vocabulary = [
        ("audience/known", "audience:\n  key: known\n  name: Known by name\n  who: trait.name is known\n"),
        ("event/order_placed", "event:\n  key: order_placed\n  name: Order Placed\n  properties:\n    total: {type: number}\n"),
        ("event/newsletter_sent", "event:\n  key: newsletter_sent\n  name: Newsletter Sent\n"),
    ]

    @Test(arguments: [
        (1, "orders", "Order Plced", "did you mean \"Order Placed\"?"), (1, "value", "totl", "did you mean total?"),
        (0, "event2", "Newsletter Snt", "did you mean \"Newsletter Sent\"?"), (0, "conversion", "Order Plced", "did you mean \"Order Placed\"?"),
    ]) func `what a model reads and nobody knows stands at its field, while it is typed too`(
        way: Int, field: String, typed: String, words: String
    ) async throws {
        try await with { server, browser in
            for (document, text) in Self.vocabulary {
                _ = try await server.services.definitions.save(document, text: text, basis: nil, by: "Ann")
            }
            let bad = [("name", "Worth"), ("kind", "metric")] + Self.ways[way].fields.map { ($0.0, $0.0 == field ? typed : $0.1) }
            let refused = await browser.post("/new/metric", bad, from: "/you")
            let live = await browser.post("/formulas/preview", bad, from: "/you")
            #expect(refused.status == 422 && live.status == 200)
            for text in [refused.text, live.text] {
                let said = plain(fault(field, text) ?? "")
                #expect(said.contains(words) && !said.contains("?."), "\(said)")
                for other in ["orders", "value", "event1", "event2", "conversion"] where other != field {
                    #expect(plain(fault(other, text) ?? "").isEmpty)
                }
            }
        }
    }

    private func plain(_ html: String) -> String {
        html.replacing("&quot;", with: "\"").replacing("&#34;", with: "\"").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(arguments: [("1", 100), ("2.5", 250), ("-0.05", -5), ("0,5", 50), ("−3", -300)]) func `weights are written as people do`(
        text: String, hundredths: Int
    ) {
        #expect(MetricForm.hundredths(text) == hundredths)
    }

    @Test func `a document that a form cannot show all of is edited as text`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            let shelf = MemoryShelf { SampleWorld.now }
            let texts = [
                "event/tomorrow": "event:\n  key: tomorrow\n  name: Tomorrow\n  of_tomorrow: 1\n",
                "lifecycle": "lifecycle:\n  stages:\n    - name: Aware\n      mood: good\n",
            ]
            shelf.put(texts, of: DefinitionBook.blueprint(texts), by: "Ann")
            let browser = try await server.browser(
                .administrator, definitions: DefinitionBook(kinds: server.services.definitions.kinds, shelf: shelf))
            let event = await browser.get("/edit/event/tomorrow")
            #expect(event.status == 303 && event.header("location") == "/settings/definitions/event%2Ftomorrow")
            let lifecycle = await browser.get("/edit/lifecycle")
            #expect(lifecycle.status == 303 && lifecycle.header("location") == "/settings/definitions/lifecycle")
        }
    }

    @Test(arguments: [
        ("/audiences/buyers/edit", "audience/buyers", [("name", "Buyers"), ("who", "did(\"Order Placed\")"), ("purpose", "Mine <&>")] as Sent),
        ("/edit/lifecycle", "lifecycle", Self.stages),
        (
            "/settings/definitions/metric%2Forders", "metric/orders",
            [("text", "metric:\n  key: orders\n  name: Mine\n  formula: count(any)\n")] as Sent
        ),
        (
            "/settings/workspace", "workspace",
            [("name", "Mine"), ("country", "GB"), ("time_zone", "UTC"), ("languages", "en"), ("orders", "A"), ("accent", "teal")] as Sent
        ),
    ]) func `whoever was overtaken sees what the other changed, and goes over it or takes theirs knowingly`(
        path: String, document: String, fields: [(String, String)]
    ) async throws {
        try await with { server, browser in
            let book = server.services.definitions
            let old = book.shelf.inForce[document]
            let theirs = (old ?? "workspace:\n  name: Test\n").replacing("Customer", with: "Theirs").replacing("Buyers", with: "Theirs")
                .replacing("Orders", with: "Theirs").replacing("Test", with: "Theirs")
            _ = try await book.save(document, text: theirs, basis: nil, by: "Bea <b>")
            let version = try #require(try book.newest(of: document)).number
            let mine = fields.filter { $0.0 != "basis" } + [("basis", "\(version - 1)")]
            for _ in 0..<2 {
                let late = await browser.post(path, mine, from: "/you")
                #expect(
                    late.status == 409 && late.text.contains("/versions/\(version)\"") && late.text.contains("Bea &lt;b&gt;"), "\(shown(late.text))")
                #expect(
                    late.text.contains("Theirs") && late.text.contains("name=\"basis\" value=\"\(version - 1)\"") && !late.text.contains("Mine <&>"))
                #expect(late.text.contains("name=\"over\" value=\"\(version)\""))
                #expect(book.shelf.inForce[document] == theirs)
            }
            // A third one was quicker again: going over the second is not going over the third.
            _ = try await book.save(document, text: theirs + "# more\n", basis: nil, by: "Cem")
            let stale = await browser.post(path, mine + [("over", "\(version)")], from: "/you")
            #expect(stale.status == 409 && stale.text.contains("name=\"over\" value=\"\(version + 1)\""))
            let over = await browser.post(path, mine + [("over", "\(version + 1)")], from: "/you")
            #expect(over.status == 303, "\(shown(over.text))")
            #expect(try book.shelf.inForce[document] != theirs && book.newest(of: document)?.number == version + 2)
        }
    }

    @Test(arguments: [true, false]) func `of what another changed in a document written by hand only what it means is shown, else the text`(
        isMeant: Bool
    ) async throws {
        try await with { server, browser in
            let book = server.services.definitions
            let old = """
                # Who buys.

                audience:
                  who: 'did("Order Placed")'   # ever
                  "purpose": "A word of thanks."
                  owner: "Priya Nair"

                  # As people say it.
                  name: Buyers
                  key: "buyers"

                """
            _ = try await book.save("audience/buyers", text: old, basis: nil, by: "Ann")
            let version = try #require(try book.newest(of: "audience/buyers")).number
            let form = AudienceForm(try #require(book.blueprint["audience", "buyers"]), basis: version)
            let theirs = isMeant ? form.yaml.replacing("thanks", with: "praise") : old.replacing("# ever", with: "# once")
            _ = try await book.save("audience/buyers", text: theirs, basis: nil, by: "Bea")
            let mine: Sent = [("name", "Buyers"), ("who", "did(any)"), ("basis", "\(version)")]
            let late = await browser.post("/audiences/buyers/edit", mine, from: "/you")
            #expect(late.status == 409, "\(shown(late.text))")
            let lines = (late.text.components(separatedBy: "aria-label=\"What they changed\"").dropFirst().first ?? "")
                .components(separatedBy: "</pre>")[0].matches(
                    of: /diff-line is-(?:added|removed)"><span[^>]*>(.) <\/span><span[^>]*>[^<]*<\/span>([^<]*)/
                )
                .map { "\($0.1)\($0.2.trimmingPrefix { $0 == " " })" }
            let wanted =
                isMeant
                ? ["−purpose: A word of thanks.", "+purpose: A word of praise."]
                : ["ever", "once"].map { ($0 == "ever" ? "−" : "+") + "who: 'did(&quot;Order Placed&quot;)'   # \($0)" }
            #expect(lines.map { $0.replacing("&#34;", with: "&quot;").replacing("&#39;", with: "'") } == wanted, "\(lines)")
        }
    }

    @Test func `whoever edits what another took out of force keeps what was typed, and may put it in force again`() async throws {
        try await with { server, browser in
            let book = server.services.definitions
            _ = try await book.remove("audience/known", by: "Bea")
            let mine: Sent = [("name", "Known"), ("who", "trait.name is known"), ("purpose", "Typed"), ("basis", "1")]
            let late = await browser.post("/audiences/known/edit", mine, from: "/you")
            #expect(late.status == 409 && late.text.contains("took it out of force") && late.text.contains(">Typed</textarea>"))
            #expect(await browser.post("/audiences/known/edit", mine + [("over", "2")], from: "/you").status == 303)
            #expect(book.blueprint["audience", "known"] != nil)
            #expect(await browser.post("/audiences/never_was/edit", mine, from: "/you").status == 404)
        }
    }
}
