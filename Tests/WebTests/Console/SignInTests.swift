import Access
import Audit
import Foundation
import Kernel
import Synchronization
import Testing

@testable import Web

@Suite struct `Signing in` {
    /// A browser, and Marta, who has an account.
    private func browser(_ given: SampleWorld? = nil) async throws -> (Browser, SampleWorld) {
        let world = try given ?? .furnished()
        try await world.person("marta@example.com")
        return (Browser(try world.console()), world)
    }

    @Test func `without a session every page leads to the sign-in page and back`() async throws {
        let (browser, _) = try await browser()
        let away = await browser.get("/customers/cus_0000001?channel=email")
        #expect(away.status == 303)
        #expect(away.header("location") == "/signin?next=%2Fcustomers%2Fcus_0000001%3Fchannel%3Demail")
        let page = await browser.get("/signin?next=%2Fcustomers%2Fcus_0000001%3Fchannel%3Demail")
        #expect(page.text.contains("name=\"next\" value=\"/customers/cus_0000001?channel=email\""))
        let done = await browser.send(
            .post, "/signin",
            [
                ("form", Browser.formToken(in: page.text)), ("email", "marta@example.com"), ("password", SampleWorld.password),
                ("next", "/customers/cus_0000001?channel=email"),
            ])
        #expect(done.status == 303)
        #expect(done.header("location") == "/customers/cus_0000001?channel=email")
        #expect(await browser.get("/customers/cus_0000001").status == 200)
    }

    @Test func `every route says who may, and nobody without a session sees anything`() async throws {
        let (browser, _) = try await browser()
        for route in Console.routes {
            let address = "/" + route.pattern.map { $0.hasPrefix(":") ? "1" : $0 }.joined(separator: "/")
            let answer = await browser.send(route.method, address)
            #expect(answer.status == (route.method == .post || address == "/now/stream" ? 401 : 303), "\(address)")
            #expect(!route.permission.roles.isEmpty, "\(address) is for nobody signed in")
            // What somebody types is asked about in the body of a request that changes nothing.
            if route.method == .post, route.pattern.first != "formulas" {
                #expect(route.audit != nil, "\(address) changes something, and the audit log hears nothing of it")
            }
        }
    }

    @Test func `whoever has too low a role is refused, and the refusal is no change`() async throws {
        let (_, world) = try await browser()
        for (email, _, role) in SampleWorld.people {
            try await world.person(email)
            let browser = Browser(try world.console())
            #expect(await browser.signIn(email).status == 303)
            let form = Browser.formToken(in: await browser.get("/you").text)
            for route in Console.routes where !route.permission.roles.contains(role) {
                let address = "/" + route.pattern.map { $0.hasPrefix(":") ? "1" : $0 }.joined(separator: "/")
                #expect(await browser.send(route.method, address, [("form", form)]).status == 403, "\(role) \(address)")
            }
        }
        #expect(world.state.withLock { $0.undone.isEmpty && $0.merged.isEmpty && $0.decided.isEmpty })
    }

    @Test func `the cookie is of this site alone and out of the reach of scripts`() async throws {
        let (browser, _) = try await browser()
        let done = await browser.signIn()
        let cookie = try #require(done.headers.first { $0.name == "set-cookie" && $0.value.hasPrefix("sightline=") }?.value)
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/") && cookie.contains("Max-Age=43200"))
        #expect(!cookie.contains("Secure"))
    }

    @Test func `behind TLS the cookie is secure and bound to the host`() async throws {
        let console = try SampleWorld().console()
        let page = await console.answer(PageRequest(path: "/signin", isSecure: true))
        #expect(page.header("set-cookie")?.hasPrefix("__Host-sightline-signin=") == true)
        #expect(page.header("set-cookie")?.contains("; Secure") == true)
    }

    @Test func `by TLS a form of a page that came without it is not ours`() {
        func isOurs(_ origin: String, isSecure: Bool) -> Bool {
            Console.isFromUs(PageRequest(method: .post, path: "/", headers: ["host": "cx.example", "origin": origin], isSecure: isSecure))
        }
        #expect(isOurs("https://cx.example", isSecure: true) && !isOurs("http://cx.example", isSecure: true))
        // Without TLS of ours, there may be a proxy's that nobody told us of.
        #expect(isOurs("https://cx.example", isSecure: false) && isOurs("http://cx.example", isSecure: false))
        #expect(!isOurs("https://cx.example.evil.example", isSecure: false) && !isOurs("null", isSecure: false))
    }

    @Test func `a cookie that was there before signing in is not the one after it`() async throws {
        let (browser, _) = try await browser()
        browser.cookies["sightline"] = "sls_00000000000000000000000000000000"
        _ = await browser.signIn()
        #expect(browser.cookies["sightline"] != "sls_00000000000000000000000000000000")
        let first = browser.cookies["sightline"]
        let again = Browser(browser.console)
        _ = await again.signIn()
        #expect(again.cookies["sightline"] != first)
    }

    @Test func `a wrong password and a stranger are refused with the same words, and after eight the account waits there`() async throws {
        let (browser, world) = try await browser()
        let wrong = await browser.signIn(password: "wrong password")
        let stranger = await browser.signIn("nobody@example.com", password: "wrong password")
        #expect(wrong.status == 422 && stranger.status == 422)
        func told(_ answer: PageAnswer) -> String {
            answer.text.replacing("marta@example.com", with: "").replacing("nobody@example.com", with: "")
                .replacing(Browser.formToken(in: answer.text), with: "")
        }
        #expect(told(wrong) == told(stranger))
        for _ in 2...8 { #expect(await browser.signIn(password: "wrong password").status == 422) }
        let shut = await browser.signIn()
        #expect(shut.status == 429)
        #expect(shut.header("retry-after") == "900")
        let other = Browser(browser.console)
        other.client = "192.0.2.8"
        #expect(await other.signIn().status == 303)
        world.state.withLock { $0.now = $0.now + 15 * 60_000 }
        #expect(await browser.signIn().status == 303)
        let log = try world.house.audit.entries(limit: 100)
        #expect(log.filter { $0.action == .signInRefused }.count == 9)
        #expect(log.allSatisfy { !$0.subject.contains("@") && !$0.detail.contains("@") })
    }

    @Test func `a form without the page's own token changes nothing`() async throws {
        let (browser, world) = try await browser()
        #expect(await browser.send(.post, "/signin", [("email", "marta@example.com"), ("password", SampleWorld.password)]).status == 403)
        _ = await browser.signIn()
        let forged = await browser.send(.post, "/customers/cus_0000007/merges", [("with", "cus_0000008"), ("form", "guess")])
        #expect(forged.status == 403)
        let token = Browser.formToken(in: await browser.get("/customers").text)
        let foreign = await browser.send(
            .post, "/customers/cus_0000007/merges", [("with", "cus_0000008"), ("form", token)], headers: ["sec-fetch-site": "cross-site"])
        #expect(foreign.status == 403)
        let otherOrigin = await browser.send(
            .post, "/customers/cus_0000007/merges", [("with", "cus_0000008"), ("form", token)], headers: ["origin": "https://evil.example"])
        #expect(otherOrigin.status == 403)
        let stolen = Browser(browser.console)
        _ = await stolen.signIn()
        let others = Browser.formToken(in: await stolen.get("/customers").text)
        #expect(await browser.send(.post, "/customers/cus_0000007/merges", [("with", "cus_0000008"), ("form", others)]).status == 403)
        #expect(world.state.withLock { $0.merged.isEmpty })
    }

    @Test func `a session ends after half an hour without use, after twelve hours, and with its person`() async throws {
        let (browser, world) = try await browser()
        _ = await browser.signIn()
        world.state.withLock { $0.now = $0.now + (Staff.idle - 1) }
        #expect(await browser.get("/customers").status == 200)
        world.state.withLock { $0.now = $0.now + Staff.idle }
        #expect(await browser.get("/customers").status == 303)

        let agent = try await world.person("agent@example.com")
        let other = Browser(browser.console)
        _ = await other.signIn("agent@example.com")
        #expect(await other.get("/customers").status == 200)
        try world.house.staff.setDisabled(agent.id, true)
        #expect(await other.get("/customers").status == 303)
    }

    @Test func `signing out ends the session for every copy of its cookie`() async throws {
        let (browser, _) = try await browser()
        _ = await browser.signIn()
        let copy = Browser(browser.console)
        copy.cookies = browser.cookies
        #expect(await browser.post("/signout").header("location") == "/signin")
        #expect(await copy.get("/customers").status == 303)
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", "/ü", ""])
    func `a next page elsewhere is forgotten`(next: String) {
        #expect(Console.safe(next) == nil)
    }

    @Test func `a link from elsewhere is loaded again so that the strict cookie comes along`() async throws {
        let (browser, _) = try await browser()
        let answer = await browser.get("/customers", headers: ["sec-fetch-site": "cross-site"])
        #expect(answer.status == 200)
        #expect(answer.text.contains("http-equiv=\"refresh\""))
        #expect(await browser.get("/customers", headers: ["sec-fetch-site": "same-origin"]).status == 303)
    }

    @Test func `a parameter of a path or a form is decoded once, and what is no UTF-8 is left out`() {
        let parameters = Parameters(encoded: "q=Nora%20A+B%2525&q=&x=%ff&y&%6e=1")
        #expect(parameters["q"] == "Nora A B%25")
        #expect(parameters["n"] == "1")
        #expect(parameters["x"] == nil)
        #expect(parameters.all("q") == ["Nora A B%25"])
        #expect(Parameters(encoded: Parameters([("a b", "c&d=é+")]).encoded).pairs == [.init(name: "a b", value: "c&d=é+")])
        #expect(PageRequest(path: "/customers/email%3Aann%40example.com").parts == ["customers", "email:ann@example.com"])
    }

    @Test func `an employee comes in, sees no customer, and is told so`() async throws {
        let (_, world) = try await browser()
        try await world.person("tom@example.com")
        let browser = Browser(try world.console())
        #expect(await browser.signIn("tom@example.com").status == 303)
        #expect(await browser.get("/").header("location") == "/you")
        let account = await browser.get("/you").text
        #expect(account.contains("Tom Okafor") && !account.contains("/customers"))
        let page = await browser.get("/customers")
        #expect(page.status == 403 && page.text.contains("employee") && !page.text.contains("Nora"))
    }
}

@Suite struct `One-time links of the console` {
    @Test func `the first link makes the administrator and signs them in, once`() async throws {
        let world = try SampleWorld.furnished()
        let path = OneTimeLink.path(try #require(try world.house.staff.firstLink()).secret)
        let browser = Browser(try world.console())
        #expect(await browser.get("/signin").text.contains("sightline person first"))
        let page = await browser.get(path)
        #expect(page.status == 200 && page.header("referrer-policy") == "no-referrer")
        let form = Browser.formToken(in: page.text)
        let short = await browser.send(
            .post, path, [("form", form), ("email", "ann@example.com"), ("name", "Ann"), ("password", "short")])
        #expect(short.status == 422 && short.text.contains("12 to 200 characters") && short.text.contains("value=\"ann@example.com\""))
        let done = await browser.send(
            .post, path, [("form", form), ("email", "ann@example.com"), ("name", "Ann"), ("password", SampleWorld.password)])
        #expect(done.status == 303 && done.header("location") == "/")
        #expect(await browser.get("/customers").status == 200)
        #expect(await Browser(browser.console).get(path).status == 410)
        #expect(try world.house.audit.entries(limit: 10).map(\.action).contains(.linkUse))
    }

    @Test func `a link posted from elsewhere, or made up, opens nothing`() async throws {
        let world = try SampleWorld.furnished()
        let path = OneTimeLink.path(try #require(try world.house.staff.firstLink()).secret)
        let browser = Browser(try world.console())
        let fields = [("email", "eve@example.com"), ("name", "Eve"), ("password", SampleWorld.password)]
        #expect(await browser.send(.post, path, fields).status == 403)
        #expect(await browser.get("/link/sll_00000000000000000000000000000000").status == 410)
        #expect(world.house.staff.people.isEmpty)
    }

    @Test func `a date that is none is told beside its field and kept, and no file is made of it`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        let good = await browser.get("/settings/log?from=2026-11-01&action=sign-in")
        #expect(good.status == 200 && good.text.contains("name=\"from\" type=\"date\" maxlength=\"40\" value=\"2026-11-01\">"))
        for wrong in ["yesterday", "2026-02-30", "01.11.2026", "2026-11-1"] {
            let page = await browser.get("/settings/log?from=\(wrong)&action=sign-in")
            #expect(page.status == 422, "\(wrong)")
            #expect(page.text.contains("value=\"\(wrong)\" aria-invalid=\"true\" aria-describedby=\"from-error\""), "\(wrong)")
            #expect(page.text.contains("“\(wrong)” is no date, so nothing is left out by it. Write year, month and day, as 2026-11-19."), "\(wrong)")
            #expect(page.text.contains("<option value=\"sign-in\" selected>"), "the rest is kept")
            #expect(await browser.get("/settings/log/entries.ndjson?from=\(wrong)").status == 422, "\(wrong)")
        }
        #expect(await browser.get("/settings/log?from=&action=").status == 200, "an empty field asks for nothing")
    }

    @Test func `the log says whose account a stranger tried, and never that its owner was it`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn(password: "wrong password")
        _ = await browser.signIn("nobody@example.com", password: "wrong password")
        _ = await browser.signIn()
        let log = await browser.get("/settings/log?action=sign-in-refused").text
        let stranger = "<span class=\"quiet\">not signed in</span></td><td>Sign-in refused, "
        #expect(log.contains(stranger + "to the account of <bdi class=\"quiet\">Marta Lindqvist</bdi>"))
        #expect(log.contains(stranger + "nobody has this e-mail</td>"))
    }

    @Test func `the log is taken out as the page shows it, and says so`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        #expect(await browser.get("/settings/log?action=sign-in").text.contains("href=\"/settings/log/entries.ndjson?action=sign-in\" download"))
        let answer = await browser.get("/settings/log/entries.ndjson?action=sign-in")
        guard case .pieces(let next) = answer.body else { throw Unexpected() }
        var text = ""
        while let piece = try await next() { text += String(decoding: piece, as: UTF8.self) }
        #expect(text.contains("\"action\":\"sign-in\"") && !text.contains("\"action\":\"link-use\""))
        #expect(try world.house.audit.entries(limit: 1).first?.action == .export)
    }
    private struct Unexpected: Error {}
}
