import Access
import Audit
import Foundation
import Kernel
import Ledger
import Testing

@testable import Web

/// Sources and what they sent in vain, by the API and on pages: the same deeds by two ways.
@Suite(.timeLimit(.minutes(15))) struct `Sources` {
    private func fill(_ server: TestServer) async throws {
        let body = #"""
            {"batch":[{"type":"track","userId":"u","event":"E","messageId":"a"},{"type":"track","userId":"u","event":"E","messageId":"a"},
             {"type":"track","userId":"u","event":"E","messageId":"b","timestamp":"<script>yesterday"},
             {"type":"track","userId":"u","event":"E","messageId":"c","timestamp":"tomorrow"},{"type":"track","event":"Nobody's"}]}
            """#
        let answer = try await server.send("POST", "/v1/batch?wait=view", headers: [TestServer.basic(try server.key("shop"))], json: body)
        #expect(try parsed(answer.body)["accepted"] == 2)
    }

    @Test func `the API tells what each sent and what is waiting, by reason`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            _ = try server.key("silent")
            let all = try parsed(try await server.send("GET", "/api/sources", as: .agent).body)["items"]?.array ?? []
            #expect(all.map { $0["name"] } == ["shop", "silent"])
            #expect(all[0]["hour"] == ["accepted": 1, "repeated": 1, "refused": 3] && all[0]["day"] == all[0]["hour"])
            #expect(all[0]["quarantined"] == 3 && all[0]["hours"]?.array?.last == 1)
            #expect(all[0]["channels"] == [["name": "other", "hour": 1, "day": 1]] || all[0]["channels"]?.array?.count == 1)
            #expect(all[1]["day"] == ["accepted": 0, "repeated": 0, "refused": 0] && all[1]["lastAt"] == .null)
            let groups = try parsed(try await server.send("GET", "/api/quarantine/reasons?source=1", as: .agent).body)["items"]?.array ?? []
            #expect(groups.map { $0["kind"] } == ["invalid-time", "no-identifier"] && groups[0]["items"] == 2)
            // A day later nothing of it is of the last day, and what is waiting waits on.
            server.time.advance(86_400_000)
            let later = try parsed(try await server.send("GET", "/api/sources", bySocket: true).body)["items"]?.array ?? []
            #expect(later[0]["day"] == ["accepted": 0, "repeated": 0, "refused": 0] && later[0]["quarantined"] == 3)
        }
    }

    @Test func `items are listed, replayed and given up by source and kind, and taken back`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            func ids(_ query: String) async throws -> [Int64?] {
                try parsed(try await server.send("GET", "/api/quarantine?" + query, bySocket: true).body)["items"]?.array?.map { $0["id"]?.integer }
                    ?? []
            }
            #expect(try await ids("kind=invalid-time&order=newest") == [2, 1])
            #expect(try await ids("kind=invalid-time&order=newest&after=2") == [1])
            #expect(try await ids("source=2") == [])
            for wrong in ["source=-1", "source=65536", "source=shop", "order=best"] {
                #expect(try await server.send("GET", "/api/quarantine?" + wrong, bySocket: true).status == 400, "\(wrong)")
            }
            let replayed = try await server.send(
                "POST", "/api/quarantine/replay", json: #"{"source":1,"kind":"no-identifier"}"#, bySocket: true)
            #expect(try parsed(replayed.body)["refused"] == 1, "\(replayed.text)")
            for wrong in [#"{"all":true,"source":1}"#, #"{"ids":[1],"kind":"k"}"#, #"{"source":"shop"}"#, #"{"ids":["1"]}"#, "{}"] {
                #expect(try await server.send("POST", "/api/quarantine/dismissals", json: wrong, bySocket: true).status == 400, "\(wrong)")
            }
            let given = try parsed(
                try await server.send("POST", "/api/quarantine/dismissals", json: #"{"kind":"invalid-time"}"#, bySocket: true).body)
            #expect(given["dropped"] == 2)
            #expect(try await ids("") == [3])
            let number = try #require(given["number"]?.integer)
            let back = try await server.send("DELETE", "/api/quarantine/dismissals/\(number)", bySocket: true)
            #expect(try parsed(back.body)["returned"] == 2)
            #expect(try await server.send("DELETE", "/api/quarantine/dismissals/\(number)", bySocket: true).status == 404)
            #expect(try await ids("") == [1, 2, 3])
            #expect(try server.services.audit.entries(limit: 3).map(\.detail) == ["2 taken back", "2 given up", "0 taken in, 1 refused again"])
        }
    }

    @Test func `the page lists every source, and its own page what was refused with the fault marked`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            try server.services.access.revokeKey(name: "shop")
            let browser = try await server.browser()
            let list = await browser.get("/settings/sources").text
            #expect(list.contains("3 waiting") && list.contains("revoked") && list.contains("href=\"/settings/sources/1\""))
            #expect(list.contains("aria-label=\"Accepted in each of the last 24 hours: 1 at most, 1 in the last\""))
            let page = await browser.get("/settings/sources/1").text
            #expect(page.contains("<mark>&quot;&lt;script&gt;yesterday&quot;</mark>") && !page.contains("<script>yesterday"))
            #expect(page.contains("timestamp is no time.") && page.contains("3 items in quarantine"))
            let only = await browser.get("/settings/sources/1?kind=no-identifier&reason=Nothing%20like%20it").text
            #expect(only.contains("Nothing of this kind is waiting any more."))
            for nowhere in ["/settings/sources/2", "/settings/sources/x", "/settings/sources/70000", "/settings/sources/1?item=99"] {
                #expect(await browser.get(nowhere).status == 404, "\(nowhere)")
            }
        }
    }

    @Test func `trying again and giving up say what became of it, and giving up can be undone`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            let browser = try await server.browser()
            let here = "/settings/sources/1"
            #expect(await browser.post(here + "/replay", [("all", "yes")], from: here).header("location") == here + "#refused")
            let told = await browser.get(here).text
            #expect(told.contains("None taken in. 3 refused again: timestamp is no time.") && told.contains("(2)"))
            _ = await browser.post(here + "/dismissals", [("item", "2")], from: here)
            let given = await browser.get(here).text
            #expect(given.contains("1 item given up.") && given.contains("2 items in quarantine"))
            let undo = try #require(given.firstMatch(of: /action="([^"]+undo)"/)).1
            _ = await browser.post(String(undo), from: here)
            #expect(await browser.get(here).text.contains("1 item back in quarantine."))
            let reason = try await server.services.ledger.refusals(limit: 1)[0]
            _ = await browser.post(here + "/dismissals", [("kind", reason.kind), ("reason", reason.reason)], from: here)
            #expect(await browser.get(here).text.contains("2 items given up."))
            #expect(await browser.post(here + "/replay", from: here).status == 404)
            #expect(await browser.post(here + "/dismissals", [("item", "2")], from: here).status == 303)
            #expect(await browser.get(here).text.contains("Nothing was left to give up."))
        }
    }

    @Test func `whoever may not change sees no buttons and is refused, and an employee sees nothing`() async throws {
        try await TestServer.run { (server) async throws in
            try await fill(server)
            let agent = try await server.browser(.agent)
            let page = await agent.get("/settings/sources/1")
            #expect(page.status == 200 && !page.text.contains("Try again") && !page.text.contains("Give up"))
            for deed in ["replay", "dismissals", "dismissals/1/undo"] {
                #expect(await agent.post("/settings/sources/1/" + deed, [("all", "yes")]).status == 403, "\(deed)")
            }
            let employee = try await server.browser(.employee)
            for address in ["/settings/sources", "/settings/sources/1"] { #expect(await employee.get(address).status == 403) }
        }
    }

    @Test func `nothing yet and long values fit in`() async throws {
        try await TestServer.run { (server) async throws in
            let empty = try await server.browser()
            #expect(await empty.get("/settings/sources").text.contains("Nothing can send yet"))
            let long = #"{"type":"track","userId":"u","event":"E","properties":{"x":"\#(String(repeating: "é", count: 6000))"},"timestamp":"then"}"#
            let key = TestServer.basic(try server.key(String(repeating: "n", count: 64)))
            #expect(try await server.send("POST", "/v1/track", headers: [key], json: long).status == 200)
            let page = await empty.get("/settings/sources/1").text
            #expect(page.contains("<mark>&quot;then&quot;</mark>") && page.contains("Show all of it") && page.utf8.count < 40_000)
            #expect(!page.contains("\u{fffd}"))
            #expect(await empty.get("/settings/sources/1?item=1").text.contains(String(repeating: "é", count: 6000)))
        }
    }
}
