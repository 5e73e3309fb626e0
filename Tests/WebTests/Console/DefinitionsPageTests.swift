import Audit
import Definitions
import Foundation
import Kernel
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `The pages of definitions` {
    private static let page = "/settings/definitions/workspace"

    private func signedIn(_ world: SampleWorld, _ email: String = "marta@example.com") async throws -> Browser {
        try await world.person(email)
        let browser = Browser(try world.console())
        _ = await browser.signIn(email)
        return browser
    }

    private func save(_ browser: Browser, _ text: String, basis: Int, _ more: [(String, String)] = []) async -> PageAnswer {
        await browser.post(Self.page, [("text", text.replacing("\n", with: "\r\n")), ("basis", "\(basis)")] + more, from: Self.page)
    }

    @Test func `list every kind with what is in force, and show the defaults written out`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        let list = await browser.get("/settings/definitions").text
        for part in ["workspace", "identity", "channels", "the defaults", "never"] { #expect(list.contains(part), "\(part)") }
        let page = await browser.get(Self.page).text
        #expect(page.contains("  name: Sightline\n") && page.contains("The defaults are in force"))
        #expect(await browser.get("/settings/definitions/nothing").status == 404)
    }

    @Test func `put a text in force as a new version by whoever is signed in`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        let answer = await save(browser, "# ours\nworkspace:\n  owner: Ann\n  name: A\n", basis: 0)
        #expect(answer.status == 303)
        #expect(world.shelf.inForce == ["workspace": "# ours\nworkspace:\n  owner: Ann\n  name: A\n"])
        let page = await browser.get(Self.page).text
        #expect(page.contains("workspace is in force as version 1.") && page.contains("Version 1 is in force") && page.contains("<bdi>Ann</bdi>"))
        #expect(page.contains("<bdi>Marta Lindqvist</bdi>"))
        let entry = try #require(try world.house.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 1).first)
        #expect(entry.subject == "workspace" && entry.detail == "version 1")
    }

    @Test func `refuse a broken text with each mistake at its line, and keep what was typed`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        let answer = await save(browser, "workspace:\n  name: A\n  country: <b>\n", basis: 0)
        #expect(answer.status == 422)
        #expect(answer.text.contains("Line 3, column 12: workspace.country: &lt;b&gt; is no country;"), "\(answer.text)")
        #expect(answer.text.contains("<code>  country: &lt;b&gt;</code>"))
        #expect(world.shelf.inForce.isEmpty)
        let other = await save(browser, "channels:\n  declared: []\n", basis: 0)
        #expect(other.status == 422 && other.text.contains("This is the document workspace, and the text is one of channels"))
        #expect(try world.house.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 1).isEmpty)
    }

    @Test func `check without changing anything`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        let answer = await save(browser, "workspace:\n  name: A\n", basis: 0, [("check", "yes")])
        #expect(answer.status == 200 && answer.text.contains("Nothing is wrong with it."))
        #expect(world.shelf.inForce.isEmpty)
    }

    @Test func `do not let one person's change take away another's`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        _ = await save(browser, "workspace:\n  name: A\n", basis: 0)
        let answer = await save(browser, "workspace:\n  name: B\n", basis: 0)
        #expect(answer.status == 409 && answer.text.contains("Put mine in force over version 1"))
        #expect(answer.text.contains("<bdi>Marta Lindqvist</bdi>") && answer.text.contains("/settings/definitions/workspace/versions/1"))
        #expect(answer.text.contains("name: B"))
        #expect(world.shelf.inForce["workspace"] == "workspace:\n  name: A\n")
    }

    @Test func `show what a version changed, and go back to it after asking`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        for (basis, name) in ["A", "B"].enumerated() { _ = await save(browser, "workspace:\n  name: \(name)\n", basis: basis) }
        let version = await browser.get(Self.page + "/versions/2").text
        #expect(version.contains("<span class=\"unseen\">removed: </span>  name: A</span>"), "\(version)")
        #expect(version.contains("<span class=\"unseen\">added: </span>  name: B</span>"))
        let ask = Self.page + "/versions/1/back"
        #expect(await browser.get(Self.page + "/versions/1").text.contains(ask))
        #expect(await browser.get(ask).text.contains("Go back to version 1?"))
        #expect(await browser.post(ask, from: ask).status == 303)
        #expect(world.shelf.inForce["workspace"] == "workspace:\n  name: A\n")
        #expect(await browser.get(Self.page).text.contains("as it was in version 1 again, as version 3."))
        let entry = try #require(try world.house.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 1).first)
        #expect(entry.detail == "version 3, as version 1")
        #expect(await browser.get(Self.page + "/versions/9").status == 404)
    }

    @Test func `say of a version that no longer fits what is wrong with it`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        world.shelf.put(["workspace": "workspace:\n  nme: A\n"], of: .empty, by: "Ann")
        world.shelf.put(["workspace": "workspace:\n  name: B\n"], of: .empty, by: "Ann")
        let ask = Self.page + "/versions/1/back"
        let page = await browser.get(ask).text
        #expect(page.contains("workspace.yaml:2:3: workspace: there is no nme; did you mean name?"))
        #expect(!page.contains("Go back to it"))
        let answer = await browser.post(ask, from: Self.page)
        #expect(answer.status == 422 && answer.text.contains("there is no nme"))
    }

    @Test func `are seen by whoever sees customers and changed by administrators`() async throws {
        let world = try SampleWorld()
        try await world.person("agent@example.com")
        let agent = try await signedIn(world, "agent@example.com")
        let page = await agent.get(Self.page).text
        #expect(page.contains("name: Sightline") && !page.contains("<textarea"))
        #expect(await save(agent, "workspace:\n  name: A\n", basis: 0).status == 403)
        #expect(await agent.get(Self.page + "/versions/1/back").status == 403)
        #expect(await (try signedIn(world, "tom@example.com")).get("/settings/definitions").status == 403)
    }

    @Test func `page their versions`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        for i in 1...(Console.versionsPage + 1) { world.shelf.put(["workspace": "workspace:\n  name: N\(i)\n"], of: .empty, by: "Ann") }
        let page = await browser.get(Self.page).text
        #expect(page.contains(">Version 26<") && page.contains(">Version 2<") && !page.contains(">Version 1<"))
        let older = try #require(page.firstMatch(of: #/href="([^"]*before=[^"]*)"/#)?.1)
        let rest = await browser.get(String(older)).text
        #expect(rest.contains(">Version 1<") && !rest.contains(">Version 2<"))
    }
}
