import Access
import Audiences
import Audit
import Definitions
import Formula
import Foundation
import Kernel
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `The rooms of audiences and metrics` {
    private func values(_ html: String) -> String { html.replacing(/<[^>]*>/, with: "") }

    @Test func `show sizes and values to whoever may read, and the way to change them to an administrator alone`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            let (lead, administrator) = (try await server.browser(.lead), try await server.browser(.administrator))
            let list = await lead.get("/audiences")
            #expect(list.status == 200 && values(list.text).contains("Buyers") && values(list.text).contains("50%"))
            #expect(!list.text.contains("/new/audience"))
            #expect(await administrator.get("/audiences").text.contains("/new/audience"))
            let page = await lead.get("/audiences/buyers")
            #expect(page.status == 200 && page.text.contains("Ann Archer") && !page.text.contains("at least since") && !page.text.contains("/edit"))
            #expect(await administrator.get("/audiences/buyers").text.contains("/audiences/buyers/edit"))
            for path in ["/audiences/unheard_of", "/metric/unheard_of", "/audiences/unheard_of/members"] {
                #expect(await lead.get(path).status == 404, "\(path)")
            }
            let file = await lead.get("/audiences/buyers/members.csv")
            #expect(file.status == 200 && file.header("sightline-rows") == "1")
            let found = await lead.get("/audiences?search=THANKS")
            #expect(found.text.contains("Buyers") && !found.text.contains("Known by name"))
        }
    }

    @Test func `keep what was typed when it does not fit, and save what does as a version`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            let browser = try await server.browser(.administrator)
            func send(_ fields: [(String, String)], to address: String = "/new/audience") async -> PageAnswer {
                await browser.post(address, fields, from: "/you")
            }
            let nameless = await send([("name", ""), ("who", "did(any)")])
            #expect(nameless.status == 422 && nameless.text.contains("Give it a name."))
            let taken = await send([("name", "Buyers"), ("who", "did(any)")])
            #expect(taken.status == 422 && taken.text.contains("the key buyers already"))
            let wrong = await send([("name", "Wrong"), ("who", "did(\"Order Plced\")")])
            #expect(wrong.status == 422 && wrong.text.contains("Use &quot;Order Placed&quot;") && wrong.text.contains("Order Plced"))
            let mended = await send([("name", "Wrong"), ("who", "did(\"Order Plced\")"), ("mend", "who:4:17:\"Order Placed\"")])
            #expect(mended.status == 200 && mended.text.contains("did(&quot;Order Placed&quot;)") && !mended.text.contains("Plced"))
            let checked = await send([("name", "Two orders"), ("who", "orders >= 2"), ("check", "yes")])
            #expect(checked.status == 200 && checked.text.contains("It is not in force yet."))
            #expect(server.services.definitions.shelf.inForce["audience/two_orders"] == nil)
            let saved = await send([("name", "Two orders"), ("who", "orders >= 2"), ("owner", "Ann")])
            #expect(saved.status == 303 && saved.header("location") == "/audiences/two_orders", "\(saved.text.suffix(1000))")
            #expect(server.services.definitions.blueprint["audience", "two_orders"]?.owner == "Ann")
            let late = await send([("name", "Two orders"), ("who", "orders >= 3"), ("basis", "0")], to: "/audiences/two_orders/edit")
            #expect(late.status == 409 && late.text.contains("orders &gt;= 3") && late.text.contains("Put mine in force over version 1"))
            let log = try server.services.audit.entries(limit: 10)
            #expect(log.contains { $0.action == .definitions && $0.subject == "audience/two_orders" })
        }
    }

    @Test func `tell what another definition says against a change as that one's`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            _ = try await server.services.definitions.save(
                "metric/orders_twice", text: "metric:\n  key: orders_twice\n  name: Twice\n  formula: orders * 2\n", basis: nil, by: "Ann")
            let browser = try await server.browser(.administrator)
            let answer = await browser.post(
                "/metric/orders/edit", [("name", "Orders"), ("formula", "trait.name"), ("basis", "1")], from: "/you")
            #expect(answer.status == 422 && answer.text.contains("metric/orders_twice: "), "\(values(answer.text))")
        }
    }

    @Test func `remove what nobody names, and say who names the rest`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            _ = try await server.services.definitions.save(
                "audience/regulars", text: "audience:\n  key: regulars\n  name: Regulars\n  who: orders >= 5\n", basis: nil, by: "Ann")
            let browser = try await server.browser(.administrator)
            let asked = await browser.get("/metric/orders/remove")
            #expect(asked.text.contains("audience/regulars") && !asked.text.contains("Remove it"))
            #expect(await browser.post("/metric/orders/remove", from: "/you").status == 422)
            #expect(server.services.definitions.shelf.inForce["metric/orders"] != nil)
            #expect(await browser.post("/audiences/regulars/remove", from: "/you").status == 303)
            #expect(server.services.definitions.shelf.inForce["audience/regulars"] == nil)
        }
    }

    @Test func `list all that formulas may name, to whoever may read, and lead there from the editor`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            let (lead, administrator) = (try await server.browser(.lead), try await server.browser(.administrator))
            let page = await lead.get("/formulas/names")
            #expect(page.status == 200)
            for word in FormulaGlossary.functions { #expect(page.text.contains("<code>\(word.text)</code>"), "\(word.text)") }
            for word in ["&quot;Order Placed&quot;", "in audience buyers", "<code>orders</code>", "consent.email", "identifier.email is known"] {
                #expect(page.text.contains(word), "\(word)")
            }
            let part = await lead.get("/formulas/names?part=1")
            #expect(part.status == 200 && !part.text.contains("<html") && part.text.contains("in audience buyers"))
            let editor = await administrator.get("/new/audience").text
            #expect(editor.contains("<summary>All names that formulas may use</summary>") && editor.contains("href=\"/formulas/names\""))
        }
    }

    @Test func `complete names and say how many fit, but nothing of what is hidden from a role`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await FormulaWorld.fill(server)
            let privacy = "privacy:\n  masks:\n    - fields: [personal]\n      from: [lead]\n"
            _ = try await server.services.definitions.save("privacy", text: privacy, basis: nil, by: "Marta")
            let (lead, administrator) = (try await server.browser(.lead), try await server.browser(.administrator))
            let names = await lead.post("/formulas/completions", [("field", "who"), ("text", "did(\"Ord"), ("at", "8")], from: "/you")
            #expect(names.text.contains("data-insert=\"&quot;Order Placed&quot;\"") && names.text.contains("id=\"who-choice-0\""), "\(names.text)")
            func preview(_ browser: Browser, _ who: String) async -> String {
                await browser.post("/formulas/preview", [("kind", "audience"), ("who", who)], from: "/you").text
            }
            #expect(await preview(lead, "did(\"Order Placed\")").contains("50% of 2"))
            #expect(await !preview(lead, "did(\"Order Placed\")").contains("Ann Archer"))
            #expect(await preview(administrator, "did(\"Order Placed\")").contains("Ann Archer"))
            let hidden = await preview(lead, "trait.name starts with \"A\"")
            #expect(hidden.contains("hidden from your role") && !hidden.contains("figure-value"), "\(hidden)")
            #expect(await preview(lead, "called = \"Ann Archer\"").contains("hidden from your role"))
            // A value of what is hidden is hidden too, whatever its type.
            let length = "metric:\n  key: length\n  name: Length of the name\n  formula: trait.name is known\n"
            _ = try await server.services.definitions.save("metric/length", text: length, basis: nil, by: "Marta")
            server.services.audiences.engine.reload()
            while server.services.audiences.company?.metrics.contains(where: { $0.key == "length" }) != true {
                try await Task.sleep(for: .milliseconds(20))
            }
            let ann = try await World.customer(server, "user_id:ann")
            #expect(await administrator.get("/customers/\(ann)/why/metric/length").text.contains(">yes<"))
            let why = await lead.get("/customers/\(ann)/why/metric/length").text
            #expect(why.contains(">hidden<") && !why.contains(">yes<"), "\(why)")
            for path in ["/metric", "/metric/called", "/metric/called/spread", "/audiences/buyers", "/audiences/buyers/members"] {
                #expect(await !lead.get(path).text.contains("Ann Archer"), "\(path)")
            }
        }
    }
}
