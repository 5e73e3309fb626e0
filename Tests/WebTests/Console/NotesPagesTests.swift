import Access
import Audit
import Foundation
import Kernel
import Ledger
import Synchronization
import Testing

@testable import Notes
@testable import Web

@Suite struct `Notes on pages` {
    private static let nora = "/customers/cus_0000001"

    /// Marta, who administers, and Aisha, an agent, at browsers of their own.
    private func two() async throws -> (marta: Browser, aisha: Browser, SampleWorld) {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        try await world.person("agent@example.com")
        let console = try world.console()
        let (marta, aisha) = (Browser(console), Browser(console))
        _ = await marta.signIn()
        _ = await aisha.signIn("agent@example.com")
        return (marta, aisha, world)
    }
    private func pass(_ world: SampleWorld, seconds: Int64) { world.state.withLock { $0.now = $0.now + seconds * 1000 } }

    @Test func `a note stands on the page with its lines, and whom it names`() async throws {
        let (marta, _, world) = try await two()
        let answer = await marta.post(Self.nora + "/notes", [("text", "  Call back.\r\nAsk @aisha rahman, not @Aishas.  ")], from: Self.nora)
        #expect(answer.status == 303 && answer.header("location") == Self.nora)
        let html = await marta.get(Self.nora).text
        #expect(html.contains("Your note is written. Aisha Rahman will find it under Mentions."))
        #expect(html.contains("<b><bdi>Marta Lindqvist</bdi></b>"))
        #expect(html.contains("<p class=\"whole\" dir=\"auto\">Call back.\nAsk <b>@aisha rahman</b>, not @Aishas.</p>"))
        #expect(!(await marta.get(Self.nora).text).contains("Your note is written."))
        let logged = try world.house.audit.entries(limit: 1)
        #expect(logged.first?.action == .note && logged.first?.subject == "cus_0000001" && logged.first?.detail == "")
    }

    @Test(arguments: [
        ("", "There is nothing in it yet."), (" \n ", "There is nothing in it yet."),
        (String(repeating: "x", count: 10_001), "A note has 10,000 characters at most; this one has 10,001. Nothing was written."),
    ]) func `a note that is refused keeps its text and says why beside the field`(_ text: String, _ reason: String) async throws {
        let (marta, _, world) = try await two()
        let answer = await marta.post(Self.nora + "/notes", [("text", text)], from: Self.nora)
        #expect(answer.status == 422)
        #expect(answer.text.contains("id=\"note-fault\" role=\"alert\"") && answer.text.contains(reason))
        #expect(answer.text.contains("aria-describedby=\"note-hint note-fault\" aria-invalid=\"true\""))
        #expect(answer.text.contains(text.allSatisfy(\.isWhitespace) ? ">\n</textarea>" : ">\n" + text + "</textarea>"))
        #expect(world.state.withLock { $0.notes.isEmpty })
        #expect(try world.house.audit.entries(limit: 100).allSatisfy { $0.action != .note })
    }

    @Test func `what is hostile in a note is text, on the page, in the field and among the mentions`() async throws {
        let (marta, aisha, _) = try await two()
        let hostile = "@Aisha Rahman </textarea></p><script>alert(1)</script><img src=x onerror=alert(1)>\u{600}<b>\"'"
        _ = await marta.post(Self.nora + "/notes", [("text", hostile)], from: Self.nora)
        let tooLong = hostile + String(repeating: "x", count: 10_000)
        let refused = await marta.post(Self.nora + "/notes", [("text", tooLong)], from: Self.nora).text
        for html in [await marta.get(Self.nora).text, refused, await aisha.get("/mentions").text] {
            #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\u{600}&lt;b&gt;&quot;&#39;"))
            #expect(!html.contains("<script>alert") && !html.contains("<img"))
        }
    }

    @Test func `who may not write sees notes and no form, and writing is refused`() async throws {
        let (marta, _, world) = try await two()
        _ = await marta.post(Self.nora + "/notes", [("text", "Kept for all to read")], from: Self.nora)
        try await world.person("analyst@example.com")
        let analyst = Browser(try world.console())
        _ = await analyst.signIn("analyst@example.com")
        let html = await analyst.get(Self.nora).text
        #expect(html.contains("Kept for all to read") && !html.contains("<textarea"))
        #expect(await analyst.post(Self.nora + "/notes", [("text", "no")], from: Self.nora).status == 403)
        // And without the token of the form it is nobody's doing.
        #expect(await marta.send(.post, Self.nora + "/notes", [("text", "no")]).status == 403)
        #expect(world.state.withLock { $0.notes.count } == 1)
    }

    @Test func `the newest three stand there, more on demand, and past twenty the timeline has them`() async throws {
        let (marta, _, world) = try await two()
        for n in 1...20 { _ = await marta.post(Self.nora + "/notes", [("text", "Note number \(n).")], from: Self.nora) }
        var html = await marta.get(Self.nora).text
        #expect(html.contains("<summary>17 more</summary>") && !html.contains("All notes, in the timeline"))
        let long = String(repeating: "a", count: 600)
        _ = await marta.post(Self.nora + "/notes", [("text", long + "bc")], from: Self.nora)
        html = await marta.get(Self.nora).text
        #expect(html.contains("<summary>17 more</summary>") && html.contains("All notes, in the timeline"))
        #expect(!html.contains("Note number 1.") && html.contains("Note number 2."))
        #expect(html.contains(long + "…</p>") && html.contains("…bc</p>"))
        #expect(world.state.withLock { $0.notes.count } == 21)
    }

    @Test func `who looked is told to others, and one's own look is no news`() async throws {
        let (marta, aisha, world) = try await two()
        #expect(!(await marta.get(Self.nora).text).contains("Who looked last"))
        #expect(!(await marta.get(Self.nora).text).contains("Who looked last"))
        pass(world, seconds: 300)
        let html = await aisha.get(Self.nora).text
        #expect(html.contains("<ul class=\"plain-list\" id=\"looks\"><li><bdi>Marta Lindqvist</bdi>") && html.contains("5 min ago"))
        #expect(!html.contains("<span class=\"look\"><bdi>Aisha"))
        #expect((await marta.get(Self.nora).text).contains("<li><bdi>Aisha Rahman</bdi>"))
    }

    @Test func `mentions are counted until their page was opened`() async throws {
        let (marta, aisha, world) = try await two()
        func count() async -> String? {
            (await aisha.get("/customers").text).firstMatch(of: /<span>Mentions<\/span><b class="count">(\d+)/).map { String($0.1) }
        }
        #expect(await aisha.get("/mentions").text.contains("Nobody has named you yet"))
        #expect(await count() == nil)
        for text in ["@agent one", "for @Aisha Rahman", "@Marta Lindqvist alone"] {
            pass(world, seconds: 60)
            _ = await marta.post(Self.nora + "/notes", [("text", text)], from: Self.nora)
        }
        #expect(await count() == "2")
        let first = await aisha.get("/mentions").text
        #expect(first.matches(of: /class="badge">new/).count == 2)
        #expect(first.contains("<span>Mentions</span></a>"))
        #expect(first.contains("about <a href=\"\(Self.nora)\"><bdi>Nora Adeyemi</bdi></a>") && !first.contains("alone"))
        let order = ["for <b>@Aisha Rahman</b>", "<b>@agent</b> one"].compactMap { first.range(of: $0)?.lowerBound }
        #expect(order.count == 2 && order == order.sorted())
        #expect(await count() == nil)
        #expect(!(await aisha.get("/mentions").text).contains("class=\"badge\">new"))
        pass(world, seconds: 60)
        _ = await marta.post(Self.nora + "/notes", [("text", "@agent again")], from: Self.nora)
        #expect(await count() == "1")
    }

    @Test func `somebody who may see no customers is not told of one`() async throws {
        let (marta, _, world) = try await two()
        try await world.person("tom@example.com")
        _ = await marta.post(Self.nora + "/notes", [("text", "@Tom Okafor")], from: Self.nora)
        #expect(world.state.withLock { $0.notes.map(\.mentions) } == [[]])
        let tom = Browser(try world.console())
        _ = await tom.signIn("tom@example.com")
        #expect(await tom.get("/mentions").status == 403)
        #expect(!(await tom.get("/you").text).contains("Mentions"))
    }

    @Test func `nobody was seen because a colleague wrote about them`() async throws {
        let (marta, _, world) = try await two()
        func facts() async -> String? { (await marta.get(Self.nora).text).firstMatch(of: /last seen [^·]*·/).map { String($0.0) } }
        let before = try #require(await facts())
        world.happen(CustomerID(raw: 1), "2026-11-19T10:41:00Z", "Note Written", channel: .other, direction: .internal, ["text": "Call back"])
        #expect(await facts() == before)
    }

    @Test func `below a note stands nothing that it said, and no number of the house`() {
        let note = JSON.object([
            .init("note_id", "not_1"), .init("text", "Call back"), .init("author", "per_1"), .init("author_name", "Mira"), .init("place", "shop"),
        ])
        func left(isNote: Bool) -> [String] { Properties.notTold(note.members ?? [], isNote: isNote, ["Call back"]).map(\.key) }
        #expect(left(isNote: true) == ["place"])
        #expect(left(isNote: false) == ["note_id", "author", "author_name", "place"])
    }

    @Test func `an event that is named like a note and comes from a customer is no note of a colleague`() {
        func sentence(_ direction: Direction) -> Sentence {
            EventCatalogue.sentence(
                Telling(
                    name: "Note Written", channel: "web", direction: direction, type: .track, value: nil,
                    properties: Properties(["author_name": "Mira", "text": "One\nTwo"]), formats: Formats(zone: .gmt, now: SampleWorld.now)))
        }
        let ours = sentence(.internal)
        #expect(ours.does == "Mira wrote a note" && ours.said == "One\nTwo" && ours.origin == "by a colleague")
        let theirs = sentence(.in)
        #expect(theirs.subject == .customer && theirs.does == "wrote a note" && theirs.origin == nil && theirs.words == "One\nTwo")
    }
}
