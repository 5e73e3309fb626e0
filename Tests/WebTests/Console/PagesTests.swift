import Access
import Customers
import Foundation
import Kernel
import Ledger
import Synchronization
import Testing

@testable import Web

@Suite struct `The pages` {
    private func signedIn(_ given: SampleWorld? = nil, as email: String = "marta@example.com") async throws -> (Browser, SampleWorld) {
        let world = try given ?? .furnished()
        try await world.person(email)
        let browser = Browser(try world.console())
        _ = await browser.signIn(email)
        return (browser, world)
    }

    @Test func `nothing may run, frame or be kept that is not ours`() async throws {
        let (browser, _) = try await signedIn()
        for address in ["/customers", "/customers/cus_0000001", "/reviews", "/now", "/nowhere/at/all"] {
            let answer = await browser.get(address)
            let policy = try #require(answer.header("content-security-policy"))
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"))
            #expect(answer.header("cache-control") == "no-store")
            #expect(answer.header("x-content-type-options") == "nosniff")
            // The policy would forbid them anyway: then the page would be broken.
            #expect(!answer.text.contains(" style=") && !answer.text.contains("<script>") && answer.text.firstMatch(of: /\son[a-z]+=/) == nil)
        }
    }

    @Test func `the customer's page says who, why and what, newest first by day`() async throws {
        let (browser, _) = try await signedIn()
        let html = await browser.get("/customers/cus_0000001").text
        #expect(html.contains("<h1 title=\"Nora Adeyemi\"><bdi>Nora Adeyemi</bdi></h1>"))
        #expect(html.contains("Leeds · with us 14 months · last seen 3 h 22 min ago"))
        let order = [
            "data-day=\"2026-11-19\"", "data-day=\"2026-11-18\"", "data-day=\"2026-11-17\"", "data-day=\"2026-11-13\"", "data-day=\"2026-11-01\"",
        ]
        let places = order.compactMap { html.range(of: $0)?.lowerBound }
        #expect(places.count == order.count && places == places.sorted())
        #expect(html.contains("<b><bdi>Nora</bdi> <bdi>answered 3 of 10</bdi></b>"))
        #expect(html.contains("<p class=\"voice\" dir=\"auto\">“I took a day off twice for a bench that did not come.”</p>"))
        #expect(
            html.contains(
                "Joined because both used browser or app 7f3a9b22: on 3 January it came together with e-mail nora.adeyemi@example.com."))
        #expect(html.contains("Joined by Tom Okafor on 3 January: said so on the phone."))
        #expect(html.contains("Several people use it, so it joins nobody."))
        #expect(html.contains("Taken apart on 5 March by Marta Lindqvist"))
    }

    @Test func `many small things in a row are one line, and days of nothing else one stretch`() async throws {
        let (browser, _) = try await signedIn()
        let html = await browser.get("/customers/cus_0000001").text
        #expect(
            html.contains(
                "<b><bdi>Nora</bdi> <bdi>looked at</bdi></b> <bdi>4 pages, 2 products</bdi> <span class=\"quiet nowrap\">web,</span> <bdi class=\"quiet\">in 5 min</bdi>"
            ))
        #expect(html.contains("<b>14 to 28 September</b> <span>43 pages on 15 days</span>"))
    }

    @Test func `papers stand on the customer's page, with the file only where it is safe to open`() async throws {
        let world = try SampleWorld.furnished()
        let nora = CustomerID(raw: 1)
        world.happen(
            nora, "2026-11-19T08:00:00Z", "Invoice Sent", channel: .email, direction: .out,
            ["number": "R-77 <b>", "invoice_url": "https://files.example/r-77.pdf"])
        world.happen(nora, "2026-11-19T08:01:00Z", "Statement Sent", direction: .out, ["pdf": "javascript:alert(1)"])
        let seen = try #require(world.state.withLock { $0.views[nora] })
        for name in ["Invoice Sent", "Statement Sent"] where !seen.names.contains(where: { $0.name == name }) {
            world.state.withLock { $0.views[nora]?.names.append(.init(name: name, count: 1, last: SampleWorld.now)) }
        }
        let (browser, _) = try await signedIn(world)
        let html = await browser.get("/customers/cus_0000001").text
        #expect(html.contains("<h2 id=\"documents\">Documents</h2>") && html.contains("<bdi>R-77 &lt;b&gt;</bdi>"))
        #expect(html.contains("<a href=\"https://files.example/r-77.pdf\" rel=\"noreferrer\">Open it</a>") && !html.contains("\"javascript:"))
        #expect(html.contains("name=Invoice%20Sent&amp;name=Statement%20Sent#timeline"))
        for (name, isPaper) in [
            ("Invoice Sent", true), ("bill_issued", true), ("Letter Received", true), ("Billing Page Viewed", false), ("Order Completed", false),
        ] {
            #expect(Console.isPaper(name) == isPaper, "\(name)")
        }
    }

    @Test func `showing earlier goes on where the page ended, until everything was shown`() async throws {
        let (browser, world) = try await signedIn()
        var address = "/customers/cus_0000001"
        var seen = 0
        for _ in 0..<10 {
            let html = await browser.get(address).text
            seen += html.matches(of: #/class="event /#).count
            guard let next = html.firstMatch(of: /hx-get="([^"]+part=history[^"]+)"/) else { break }
            address = String(next.1).replacingOccurrences(of: "&amp;", with: "&")
            #expect(await browser.get(address).text.contains("<html") == false)
        }
        #expect(seen > 0)
        let all = world.history(CustomerID(raw: 1), HistoryFilter(), nil, 1000).items.count
        #expect(all == 102)
        #expect(await browser.get(address).text.contains("That is everything."))
    }

    @Test func `filters narrow the history and can be taken away one by one`() async throws {
        let (browser, _) = try await signedIn()
        let html = await browser.get("/customers/cus_0000001?channel=email&direction=in&from=2026-11-18&to=2026-11-19").text
        #expect(html.contains("<bdi>Nora</bdi> <bdi>wrote</bdi>"))
        #expect(!html.contains("<bdi>answered") && !html.contains("<bdi>called"))
        #expect(html.contains("Since 18 November"))
        #expect(html.contains("href=\"/customers/cus_0000001?channel=email&amp;direction=in&amp;to=2026-11-19#timeline\""))
        let nothing = await browser.get("/customers/cus_0000001?name=Never%20Happened").text
        #expect(nothing.contains("Nothing fits these filters"))
    }

    @Test func `another id or an identifier leads to the one address of the person`() async throws {
        let (browser, _) = try await signedIn()
        for reference in ["cus_00000cw", "email:nora.adeyemi@example.com", "email%3Anora.adeyemi%40example.com"] {
            let answer = await browser.get("/customers/" + reference)
            #expect(answer.status == 303)
            #expect(answer.header("location") == "/customers/cus_0000001")
        }
        #expect(await browser.get("/customers/cus_zzzzzzz").status == 404)
        #expect(await browser.get("/customers/nonsense").status == 404)
        #expect(await browser.get("/customers/email:nobody@example.com").status == 404)
    }

    @Test func `what customers send is shown as text, whatever it is`() async throws {
        let world = try SampleWorld()
        // The template engine escapes whole characters; these join the mark to a neighbour, so that it is another character.
        let hostile = [
            "<script>alert(1)</script>", "\u{600}<script>alert(1)</script>", "\"\u{301} onfocus=alert(1) x=\"", "'><img src=x>", "<\u{20D2}b>",
            "&\u{301}lt;",
        ]
        for (i, text) in hostile.enumerated() {
            let id = world.add(
                UInt32(i + 1), name: text, identifiers: [("email", text + "@x", "2026-01-01T00:00:00Z")], traits: [(text, .string(text))])
            world.happen(
                id, "2026-11-19T10:00:00Z", text,
                [text == "" ? "a" : "key": .string(text), "comment": .string(text), "nested": ["deep": .string(text)]])
            world.happen(id, "2026-11-19T09:00:00Z", "Product Viewed", ["name": .string(text)])
        }
        let (browser, _) = try await signedIn(world)
        for (i, text) in hostile.enumerated() {
            let encoded = Parameters.encoded(text)
            for address in [
                "/customers/cus_000000\(i + 1)", "/customers?search=\(encoded)", "/now",
                "/customers/cus_000000\(i + 1)?name=\(encoded)&from=\(encoded)",
            ] {
                let html = await browser.get(address).text
                for element in html.utf8.split(separator: 60).dropFirst() {
                    let name = String(decoding: element.prefix { ($0 | 32) > 96 && ($0 | 32) < 123 }, as: UTF8.self).lowercased()
                    let start = String(decoding: element.prefix(40), as: UTF8.self)
                    let isOurs = start.hasPrefix("script type=\"module\" src=\"/static/") || start.hasPrefix("script src=\"/static/")
                    #expect(name != "script" || isOurs, "\(address)")
                    #expect(name != "img" && !(name == "b" && element.count > 1 && element.dropFirst().first == 226), "\(address)")
                }
                // No value ended its attribute and began another.
                let endsAttribute = contains(html, "\"\u{301} onfocus")
                #expect(!endsAttribute, "\(address)")
            }
        }
    }
    /// By bytes: `contains` of a string looks at characters, which is the very trap.
    private func contains(_ text: String, _ part: String) -> Bool {
        let bytes = Array(text.utf8)
        let wanted = Array(part.utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: wanted) }
    }

    @Test func `a search finds as one types and works as a plain form`() async throws {
        let (browser, _) = try await signedIn()
        let page = await browser.get("/customers?search=smith")
        #expect(page.text.contains("2 customers fit “smith”") && page.text.contains("Jon Smith") && page.text.contains("John Smith"))
        #expect(page.text.contains("value=\"smith\""))
        let part = await browser.get("/customers?search=HP-40817&part=results")
        #expect(!part.text.contains("<html") && part.text.contains("Nora Adeyemi") && part.text.contains("HP-40817"))
        #expect(await browser.get("/customers?search=harbor%20lane").text.contains("Nobody fits “harbor lane”"))
        #expect(try await signedIn(try SampleWorld()).0.get("/customers").text.contains("Nobody has been here yet"))
        #expect(await browser.get("/customers?search=%20%20").text.contains("Export as CSV"))
    }

    @Test func `an interaction's own page has all of it`() async throws {
        let (browser, world) = try await signedIn()
        let item = try #require(world.history(CustomerID(raw: 1), HistoryFilter(), nil, 200).items.first { $0.interaction.name == "Order Completed" })
        let html = await browser.get("/customers/cus_0000001/interactions/\(item.interaction.position.raw)").text
        #expect(html.contains("Tarn oak bench and 1 more") && html.contains("HP-40817") && html.contains("Sunday 1 November 2026, 20:36:00"))
        #expect(html.contains("<dt class=\"is-in-2\">city</dt>"))
        #expect(await browser.get("/customers/cus_0000002/interactions/\(item.interaction.position.raw)").status == 404)
        #expect(await browser.get("/customers/cus_0000001/interactions/x").status == 404)
    }

    @Test func `two customers are joined after a look at both, and the page after it offers to undo`() async throws {
        let (browser, world) = try await signedIn()
        let ask = await browser.get("/customers/cus_0000007/merge?with=cus_0000008").text
        #expect(ask.contains("Are these one person?") && ask.contains("+447700900456</bdi> <span class=\"badge is-good\">same</span>"))
        #expect(world.state.withLock { $0.merged.isEmpty })
        let done = await browser.post("/customers/cus_0000007/merges", [("with", "cus_0000008"), ("note", "same flat")])
        #expect(done.status == 303 && done.header("location") == "/customers/cus_0000007")
        #expect(
            world.state.withLock { $0.merged.map { [$0.0.description, $0.1.description, $0.2 ?? ""] } } == [
                ["cus_0000007", "cus_0000008", "same flat"]
            ])
        #expect(await browser.get("/customers/cus_0000007").text.contains("action=\"/customers/cus_0000007/merges/77/undo\""))
        #expect(await browser.get("/customers/cus_0000007").text.contains("merges/77") == false)
    }

    @Test func `taking a merge apart asks first, and can be taken back`() async throws {
        let (browser, world) = try await signedIn()
        #expect(await browser.get("/customers/cus_0000001/merges/12/undo").text.contains("Are these two people?"))
        #expect(world.state.withLock { $0.undone.isEmpty })
        #expect(await browser.post("/customers/cus_0000001/merges/12/undo").status == 303)
        #expect(world.state.withLock { $0.undone } == [12])
        let next = await browser.get("/customers/cus_0000001").text
        #expect(
            next.contains("action=\"/customers/cus_0000001/merges\"") && next.contains("name=\"with\" value=\"cus_00008s9\"")
                && next.contains("Join again"))
        // Undone already, or another's: nothing happens twice.
        #expect(await browser.post("/customers/cus_0000001/merges/13/undo").status == 303)
        #expect(await browser.post("/customers/cus_0000001/merges/999/undo").status == 404)
        #expect(world.state.withLock { $0.undone } == [12])
    }

    @Test func `a review is decided once, either way`() async throws {
        let (browser, world) = try await signedIn()
        let page = await browser.get("/reviews").text
        #expect(page.contains("Jon Smith and John Smith") && page.contains("92% alike") && page.contains("Same phone +44 7700 900456"))
        #expect(await browser.post("/reviews/31", [("decision", "same"), ("a", "Jon"), ("b", "John")]).status == 303)
        let next = await browser.get("/reviews").text
        #expect(next.contains("Jon and John are one customer now.") && next.contains("action=\"/reviews/31/reopening\""))
        #expect(await browser.post("/reviews/31", [("decision", "same")]).status == 404)
        #expect(await browser.post("/reviews/32", [("decision", "maybe")]).status == 404)
        #expect(await browser.post("/reviews/32", [("decision", "two")]).status == 303)
        #expect(world.state.withLock { $0.decided.map(\.1) } == [true, false])
        #expect(await browser.get("/reviews").text.contains("Nothing to decide"))
    }

    @Test func `a decision is taken back by its own undo, which puts the pair back and says nothing of the two`() async throws {
        let (browser, world) = try await signedIn()
        for decision in ["same", "two"] {
            #expect(await browser.post("/reviews/31", [("decision", decision)]).status == 303)
            #expect(await browser.get("/reviews").text.contains("action=\"/reviews/31/reopening\""))
            #expect(await browser.post("/reviews/31/reopening", []).status == 303)
            let page = await browser.get("/reviews").text
            #expect(page.contains("the pair waits here again") && page.contains("Jon Smith and John Smith"), "\(decision)")
        }
        #expect(world.state.withLock { $0.undone.isEmpty }, "a merge that was unsaid is not a word that they are two people")
        #expect(await browser.post("/reviews/31/reopening", []).status == 404, "nothing is decided")
    }

    @Test func `who may only look sees no buttons that change something, and may not change it`() async throws {
        let world = try SampleWorld.furnished()
        let (browser, _) = try await signedIn(world, as: "agent@example.com")
        let html = await browser.get("/customers/cus_0000001").text
        #expect(!html.contains("These are two people") && !html.contains("Join with another"))
        #expect(await browser.post("/customers/cus_0000001/merges/12/undo").status == 403)
        #expect(await browser.post("/customers/cus_0000007/merges", [("with", "cus_0000008")]).status == 403)
        #expect(await browser.post("/reviews/31", [("decision", "same")]).status == 403)
        #expect(await browser.post("/reviews/31/reopening", []).status == 403)
        #expect(world.state.withLock { $0.undone.isEmpty && $0.merged.isEmpty && $0.decided.isEmpty })
    }

    @Test func `a mistake of ours says so, with a reference that the log has`() async throws {
        struct Broken: Error {}
        let world = try SampleWorld.furnished()
        var services = world.services
        services.view = { _ in throw Broken() }
        try await world.person("marta@example.com")
        let browser = Browser(Console(services: services, resources: try Resources(folder: SampleWorld.resources)))
        _ = await browser.signIn()
        let answer = await browser.get("/customers/cus_0000001")
        #expect(answer.status == 500)
        let reference = try #require(world.state.withLock { $0.failures.first?.split(separator: " ").first })
        #expect(answer.text.contains(reference) && !answer.text.contains("Broken"))
    }

    @Test func `static files are kept for ever by fingerprint and asked about without`() async throws {
        let console = try SampleWorld().console()
        let page = await console.answer(PageRequest(path: "/signin"))
        let address = try #require(page.text.firstMatch(of: /href="(\/static\/sightline\.css)\?v=([0-9a-f]+)"/))
        let pinned = await console.answer(PageRequest(path: String(address.1), query: Parameters([("v", String(address.2))])))
        #expect(pinned.status == 200 && pinned.header("content-type") == "text/css; charset=utf-8")
        #expect(pinned.header("cache-control") == "public, max-age=31536000, immutable")
        let tag = try #require(pinned.header("etag"))
        let again = await console.answer(PageRequest(path: String(address.1), headers: ["if-none-match": tag]))
        #expect(again.status == 304 && again.text.isEmpty && again.header("cache-control") == "public, no-cache")
        for path in ["/static/nothing.css", "/static/../templates/layout.mustache", "/static/%2e%2e%2flayout", "/static/a/b"] {
            #expect(await console.answer(PageRequest(path: path)).status == 404)
        }
    }

    @Test func `every icon and every part that a template names is there`() throws {
        let folder = URL(fileURLWithPath: SampleWorld.resources)
        let icons = try String(contentsOf: folder.appendingPathComponent("static/icons.svg"), encoding: .utf8)
        let css = String(decoding: try #require(try Resources(folder: SampleWorld.resources).files[Resources.styleSheet]).bytes, as: UTF8.self)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("templates").path)
        for name in names {
            let text = try String(contentsOf: folder.appendingPathComponent("templates/" + name), encoding: .utf8)
            for match in text.matches(of: /#i-([a-z]+)/) { #expect(icons.contains("id=\"i-\(match.1)\""), "\(name)") }
            for match in text.matches(of: /\{\{[<>]([a-z-]+)\}\}/) { #expect(names.contains(match.1 + ".mustache"), "\(name): \(match.1)") }
            for match in text.matches(of: /class="([a-z -]+)"/) {
                for word in match.1.split(separator: " ") { #expect(css.contains("." + word), "\(name): \(word)") }
            }
        }
        for channel in Channel.builtIn { #expect(icons.contains("id=\"i-\(ChannelWords.icon(channel))\"")) }
    }

    @Test func `resources that are not there say where they were looked for`() {
        #expect(throws: ResourceProblem.missing(tried: ["/nowhere"])) { try Resources.find(folder: "/nowhere", executable: "/x/sightline") }
        let problem = #expect(throws: ResourceProblem.self) { try Resources.find(folder: nil, executable: "/x/sightline") }
        #expect(problem?.description.contains("/x/sightline_Web.resources/Resources") == true)
        #expect(problem?.description.contains("--resources") == true)
    }
}
