import Access
import Audit
import Delivery
import Foundation
import Kernel
import Simdjson
import Testing

@testable import Web

/// Webhooks to an address at which nobody listens.
enum WebhookWorld {
    static func document(_ more: String = "", interactions: String = "[Order Placed]") -> String {
        "webhook:\n  key: crm\n  name: The CRM\n  owner: Priya Nair\n  url: http://127.0.0.1:9/hooks\n  interactions: \(interactions)\n\(more)"
    }

    static func define(_ server: TestServer, _ text: String = document()) async throws {
        _ = try await server.services.definitions.save("webhook/crm", text: text, basis: nil, by: "Marta")
    }

    static func order(_ server: TestServer) async throws {
        let said = #"{"userId":"ann","event":"Order Placed","properties":{"total":5}}"#
        let answer = try await server.send(
            "POST", "/v1/track?wait=view", headers: [TestServer.basic(try server.key())], json: said)
        #expect(answer.status == 200, "\(answer.text)")
    }

    static func messages(_ server: TestServer, _ query: String = "") async throws -> [JSON] {
        try parsed(try await server.send("GET", "/api/webhooks/crm/messages\(query)", bySocket: true).body)["items"]?.array ?? []
    }
}

@Suite(.timeLimit(.minutes(15))) struct `Webhooks over the API` {
    @Test func `are what the document says`() async throws {
        try await TestServer.run { (server) async throws in
            try await WebhookWorld.define(server)
            server.services.webhooks.start()
            try await WebhookWorld.order(server)
            try await FormulaWorld.eventually { try await WebhookWorld.messages(server).first?["attempts"] == 1 }
            let id = try #require(try await WebhookWorld.messages(server).first?["id"]?.string)
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            for (method, path, route) in [
                ("GET", "/api/webhooks", "/api/webhooks"), ("GET", "/api/webhooks/crm/messages", "/api/webhooks/{key}/messages"),
                ("POST", "/api/webhooks/crm/messages/\(id)/send", "/api/webhooks/{key}/messages/{id}/send"),
                ("POST", "/api/webhooks/crm/test", "/api/webhooks/{key}/test"), ("GET", "/api/webhooks/crm/secret", "/api/webhooks/{key}/secret"),
                ("POST", "/api/webhooks/crm/secret", "/api/webhooks/{key}/secret"),
                ("POST", "/api/webhooks/crm/enable", "/api/webhooks/{key}/enable"),
            ] {
                let answer = try await server.send(method, path, bySocket: true)
                try #require(answer.status == 200, "\(path): \(answer.text)")
                let operation = try #require(document["paths"]?[route]?[method.lowercased()])
                let schema = try #require(operation["responses"]?["200"]?["content"]?["application/json"]?["schema"])
                #expect(Schema(document).flaws(try parsed(answer.body), schema, at: path) == [])
                #expect(operation["x-roles"] == ["administrator"])
            }
            let list = try parsed(try await server.send("GET", "/api/webhooks", bySocket: true).body)["items"]?.array?.first
            #expect(list?["state"] == "failing" && list?["owner"] == "Priya Nair" && list?["waiting"] == 1 && list?["audiences"] == .null)
            let log = try await server.send("GET", "/api/audit", bySocket: true)
            for action in ["webhook-send", "webhook-test", "webhook-secret-view", "webhook-secret-change", "webhook-enable"] {
                #expect(log.text.contains(#""\#(action)""#), "\(action)")
            }
            #expect(log.text.contains("webhook/crm") && !log.text.contains("whsec_"))
            let figures = try await server.send("GET", "/metrics", bySocket: true)
            #expect(
                figures.text.contains("sightline_webhook_messages_waiting 1\n") && figures.text.contains("sightline_webhook_messages_sent_total 0\n"))
        }
    }

    @Test func `are for administrators alone, and one that is none is 404`() async throws {
        try await TestServer.run { (server) async throws in
            try await WebhookWorld.define(server)
            for (method, path) in [
                ("GET", ""), ("GET", "/crm/messages"), ("POST", "/crm/test"), ("GET", "/crm/secret"), ("POST", "/crm/secret"),
                ("POST", "/crm/enable"),
            ] {
                #expect(try await server.send(method, "/api/webhooks" + path, as: .lead).status == 403, "\(path)")
                guard path.hasPrefix("/crm") else { continue }
                let other = "/api/webhooks" + path.replacing("/crm", with: "/nobody")
                #expect(try await server.send(method, other, bySocket: true).status == 404, "\(path)")
            }
            #expect(try await server.send("POST", "/api/webhooks/crm/messages/msg_x/send", bySocket: true).status == 404)
            #expect(try await server.send("GET", "/api/webhooks/crm/messages?after=x", bySocket: true).status == 404)
            #expect(try await server.send("GET", "/api/webhooks/crm/messages?state=gone", bySocket: true).status == 400)
        }
    }

    @Test func `say why nothing can be sent, while one is off and while nobody sends`() async throws {
        try await TestServer.run { (server) async throws in
            try await WebhookWorld.define(server)
            try await WebhookWorld.order(server)
            let id = try #require(try await WebhookWorld.messages(server).first?["id"]?.string)
            let trial = try await server.send("POST", "/api/webhooks/crm/test", bySocket: true)
            #expect(trial.status == 503 && trial.text.contains("not-sending"), "\(trial.text)")
            try await WebhookWorld.define(server, WebhookWorld.document("  enabled: false\n"))
            let again = try await server.send("POST", "/api/webhooks/crm/messages/\(id)/send", bySocket: true)
            #expect(again.status == 409 && again.text.contains("enabled: false"), "\(again.text)")
        }
    }

    @Test func `keep an audience that they name from being removed`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            try await WebhookWorld.define(server, WebhookWorld.document("  audiences: [buyers]\n", interactions: "[Audience Entered]"))
            await #expect(throws: DefinitionsProblem.self) { _ = try await server.services.definitions.remove("audience/buyers", by: "Marta") }
            await #expect(throws: DefinitionsProblem.self) {
                try await WebhookWorld.define(server, WebhookWorld.document("  audiences: [byers]\n", interactions: "[Audience Entered]"))
            }
        }
    }
}

@Suite(.timeLimit(.minutes(15))) struct `The pages of webhooks` {
    @Test func `say that nobody is told yet, and how to change that`() async throws {
        try await TestServer.run { (server) async throws in
            let browser = try await server.browser(.administrator)
            let page = await browser.get("/settings/webhooks")
            #expect(page.status == 200 && page.text.contains("Nobody is told yet") && page.text.contains("/new/webhook"))
            #expect(await browser.get("/settings/webhooks/crm").status == 404)
            let lead = try await server.browser(.lead)
            #expect(await lead.get("/settings/webhooks").status == 403)
            #expect(await lead.get("/settings/keys").status == 403)
        }
    }

    @Test func `add, change and remove one, with mistakes at their fields`() async throws {
        try await TestServer.run { (server) async throws in
            let browser = try await server.browser(.administrator)
            func fields(_ url: String, _ others: String = "Order Placed\r\n  Order Placed \r\nPage Viewed") -> [(String, String)] {
                [("name", "Our CRM"), ("url", url), ("owner", "Ann"), ("event", "Audience Left"), ("others", others), ("enabled", "yes")]
            }
            let wrong = await browser.post("/new/webhook", fields("crm.example.com"), from: "/new/webhook")
            #expect(wrong.status == 422 && wrong.text.contains("url-fault") && wrong.text.contains("begins with https://"), "\(wrong.text)")
            let empty = await browser.post("/new/webhook", [], from: "/new/webhook")
            #expect(empty.status == 422 && empty.text.contains("Give it a name.") && empty.text.contains("Choose or write at least one."))
            let made = await browser.post("/new/webhook", fields("https://crm.example.com/"), from: "/new/webhook")
            #expect(made.status == 303 && made.header("location") == "/settings/webhooks/our_crm", "\(made.text)")
            let text = try #require(server.services.definitions.shelf.inForce["webhook/our_crm"])
            #expect(text.contains("interactions: [Audience Left, Order Placed, Page Viewed]") && text.contains("owner: Ann"), "\(text)")
            let twice = await browser.post("/new/webhook", fields("https://crm.example.com/"), from: "/new/webhook")
            #expect(twice.status == 422 && twice.text.contains("There is one with the key our_crm already"))
            #expect(await browser.get("/settings/webhooks/our_crm").text.contains("%2Four_crm\">its definition</a>"))
            let old = await browser.post(
                "/settings/webhooks/our_crm/edit", fields("https://other.example.com/") + [("basis", "0")], from: "/settings/webhooks/our_crm/edit")
            #expect(old.status == 409, "\(old.text)")
            let changed = await browser.post(
                "/settings/webhooks/our_crm/edit", fields("https://other.example.com/") + [("basis", "1")], from: "/settings/webhooks/our_crm/edit")
            #expect(changed.status == 303)
            let page = await browser.get("/settings/webhooks/our_crm").text
            #expect(page.contains("https://other.example.com/") && page.contains("nothing sent yet") && page.contains("has not happened yet"))
            #expect(!page.contains("whsec_"))
            let removed = await browser.post("/settings/webhooks/our_crm/removal", from: "/settings/webhooks/our_crm")
            #expect(removed.status == 303 && server.services.definitions.shelf.inForce["webhook/our_crm"] == nil)
        }
    }

    @Test func `show a secret when somebody asks for it, and the log has it`() async throws {
        try await TestServer.run { (server) async throws in
            try await WebhookWorld.define(server)
            let browser = try await server.browser(.administrator)
            let shown = await browser.post("/settings/webhooks/crm/secret", from: "/settings/webhooks/crm")
            #expect(shown.status == 200 && shown.text.contains(server.services.webhooks.secrets.secret(of: "crm")))
            let old = server.services.webhooks.secrets.secret(of: "crm")
            let changed = await browser.post("/settings/webhooks/crm/rotation", from: "/settings/webhooks/crm")
            #expect(changed.text.contains(old) && changed.text.contains("The one before signs too until"))
            let entries = try server.services.audit.entries(.init(), limit: 10).map(\.action.rawValue)
            #expect(entries.prefix(2) == ["webhook-secret-change", "webhook-secret-view"])
        }
    }

    @Test func `say of each message what became of it and when it is tried next`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            try await WebhookWorld.define(server)
            server.services.webhooks.start()
            try await WebhookWorld.order(server)
            try await FormulaWorld.eventually { try await WebhookWorld.messages(server).first?["attempts"] == 1 }
            let browser = try await server.browser(.administrator)
            let page = await browser.get("/settings/webhooks/crm").text
            #expect(
                page.contains("1 attempt") && page.contains("next try in") && page.contains("It could not be reached") && page.contains("Ann Archer"))
            #expect(page.contains("Nothing was taken since") && page.contains("failing"))
            let id = try #require(try await WebhookWorld.messages(server).first?["id"]?.string)
            let again = await browser.post("/settings/webhooks/crm/messages/\(id)", from: "/settings/webhooks/crm")
            #expect(again.status == 303)
            let trial = await browser.post("/settings/webhooks/crm/test", from: "/settings/webhooks/crm")
            #expect(trial.status == 200 && trial.text.contains("not taken"))
            #expect(await browser.get("/settings/webhooks").text.contains("failing"))
            #expect(await browser.get("/settings/webhooks/crm?state=dead").text.contains("There are none of these."))
        }
    }

    @Test func `an audience says which webhooks hear of its changes`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let browser = try await server.browser(.administrator)
            let none = await browser.get("/audiences/buyers").text
            #expect(none.contains("/new/webhook?audience=buyers"))
            let form = await browser.get("/new/webhook?audience=buyers").text
            #expect(form.contains(#"value="Audience Entered" checked"#) && form.contains(#"value="buyers" checked"#))
            try await WebhookWorld.define(server, WebhookWorld.document("  audiences: [buyers]\n", interactions: "[Audience Entered]"))
            let page = await browser.get("/audiences/buyers").text
            #expect(page.contains("/settings/webhooks/crm") && page.contains("of who enters"))
            #expect(await browser.get("/audiences/known").text.contains("/new/webhook?audience=known"))
            let lead = try await server.browser(.lead)
            #expect(await lead.get("/audiences/buyers").text.contains("/settings/webhooks") == false)
        }
    }
}
