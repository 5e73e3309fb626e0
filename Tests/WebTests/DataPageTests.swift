import Access
import Audit
import Customers
import Kernel
import Ledger
import Pipeline
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `The page about the data` {
    private static let day: Int64 = 86_400_000

    /// Old and new pages and an order of one customer, and a policy that keeps pages for ten days.
    private func fill(_ server: TestServer) async throws {
        let now = server.services.clock.now
        func item(_ name: String, _ days: Int64) -> String {
            let at = (now + -days * Self.day).rfc3339
            return
                #"{"type":"track","userId":"ann","event":"\#(name)","messageId":"\#(name)-\#(days)","timestamp":"\#(at)","properties":{"x":"told-\#(name)-\#(days)"}}"#
        }
        let items = [item("Page Viewed", 1), item("Page Viewed", 20), item("Page Viewed", 30), item("Order Completed", 30)]
        let body = #"{"batch":["# + items.joined(separator: ",") + "]}"
        let answer = try await server.send("POST", "/v1/import?wait=view", headers: [TestServer.basic(try server.key("shop"))], json: body)
        #expect(try parsed(answer.body)["accepted"] == 4, "\(answer.text)")
        let policy = "retention:\n  events:\n    - {name: Page Viewed, keep: 10 days}\n"
        let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        _ = try await server.services.pipeline.perform(.define(documents: ["retention": policy], author: "ann"), randomness: randomness)
    }

    @Test func `says how much there is and what is due, and takes it out`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            let browser = try await server.browser(.administrator)
            let page = await browser.get("/settings/data").text
            #expect(page.contains("10 days") && page.contains("Take out 2 interactions") && page.contains("<dd>4</dd>"))
            #expect(page.contains("KB <span") || page.contains("MB <span"))
            let answer = await browser.post("/settings/data/retention", from: "/settings/data")
            #expect(answer.header("location") == "/settings/data#retention")
            let after = await browser.get("/settings/data").text
            #expect(after.contains("2 interactions out of sight") && after.contains("<dd>2</dd>") && !after.contains("Take out"))
            #expect(after.contains("under way"))
            _ = try await server.services.customers.finishExpiries()
            #expect(await browser.get("/settings/data").text.contains("2 interactions taken out, by <bdi>Somebody</bdi></li>"))
            #expect(try server.services.audit.entries(limit: 1).first.map { "\($0.action) \($0.detail)" } == "retention 2 interactions")
        }
    }

    @Test func `somebody is erased in two steps, and not by a slip`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            let id = try await World.customer(server, "user_id:ann")
            let browser = try await server.browser(.administrator)
            let nobody = await browser.get("/settings/data?customer=email:nobody@example.com")
            #expect(nobody.status == 422 && nobody.text.contains("There is no customer"))
            let asked = await browser.get("/settings/data?customer=user_id:ann").text
            #expect(asked.contains("4 interactions") && asked.contains("What stays:") && asked.contains("Write \(id) to confirm"))
            let slip = await browser.post("/settings/data/erasures", [("customer", id), ("confirm", "yes")], from: "/settings/data")
            #expect(slip.status == 422 && slip.text.contains("Nothing was erased"))
            #expect(try await World.customer(server, "user_id:ann") == id)
            let done = await browser.post("/settings/data/erasures", [("customer", id), ("confirm", id)], from: "/settings/data")
            #expect(done.header("location") == "/settings/data#erasures")
            let after = await browser.get("/settings/data").text
            #expect(after.contains("\(id) is erased, with 4 interactions.") && after.contains("out of the files") && !after.contains("not yet out"))
            #expect(try await server.send("GET", "/api/customers/user_id:ann", bySocket: true).status == 404)
            let entry = try #require(try server.services.audit.entries(limit: 1).first)
            #expect(entry.action == .erasure && entry.subject == id && entry.detail == "4 interactions")
        }
    }

    @Test func `an erasure by the API leaves no identifier in the log`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            #expect(try await server.send("DELETE", "/api/customers/email:ann%40example.com", bySocket: true).status == 204)
            let entry = try #require(try server.services.audit.entries(limit: 1).first)
            #expect(entry.action == .erasure && entry.subject.hasPrefix("cus_"))
            #expect(try server.services.customers.erasures(limit: 5).map { "\($0.author ?? "") \($0.isDone)" } == ["operator true"])
        }
    }

    @Test func `everything goes out as lines of JSON, as by the API`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            let browser = try await server.browser(.administrator)
            let answer = await browser.get("/settings/data/interactions.ndjson")
            guard case .pieces(let next) = answer.body else { return #expect(Bool(false), "\(answer.status)") }
            var bytes: [UInt8] = []
            while let piece = try await next() { bytes += piece }
            #expect(bytes == (try await server.send("GET", "/api/interactions", bySocket: true)).body)
            #expect(try server.services.audit.entries(limit: 1).first?.action == .export)
        }
    }

    @Test(arguments: Role.allCases.filter { $0 != .administrator })
    func `only administrators come here`(role: Role) async throws {
        try await TestServer.run { (server) async throws in
            let browser = try await server.browser(role)
            #expect(await browser.get("/settings/data").status == 403)
            for deed in ["retention", "erasures"] { #expect(await browser.post("/settings/data/\(deed)", from: "/you").status == 403) }
            #expect(!(await browser.get("/settings/people").text.contains("href=\"/settings/data\"")))
        }
    }
}
