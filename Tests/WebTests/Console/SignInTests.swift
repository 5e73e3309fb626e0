import Access
import Foundation
import Kernel
import Synchronization
import Testing

@testable import Web

@Suite struct `Signing in` {
    private func browser(_ world: SampleWorld = SampleWorld.furnished()) throws -> (Browser, SampleWorld) { (Browser(try world.console()), world) }

    @Test func `without a session every page leads to the sign-in page and back`() async throws {
        let (browser, _) = try browser()
        let away = await browser.get("/customers/cus_0000001?channel=email")
        #expect(away.status == 303)
        #expect(away.header("location") == "/signin?next=%2Fcustomers%2Fcus_0000001%3Fchannel%3Demail")
        let page = await browser.get("/signin?next=%2Fcustomers%2Fcus_0000001%3Fchannel%3Demail")
        #expect(page.text.contains("name=\"next\" value=\"/customers/cus_0000001?channel=email\""))
        let token = Browser.formToken(in: page.text)
        let done = await browser.send(
            .post, "/signin", [("form", token), ("token", "secret-administrator"), ("next", "/customers/cus_0000001?channel=email")])
        #expect(done.status == 303)
        #expect(done.header("location") == "/customers/cus_0000001?channel=email")
        #expect(await browser.get("/customers/cus_0000001").status == 200)
    }

    @Test func `the cookie is of this site alone and out of the reach of scripts`() async throws {
        let (browser, _) = try browser()
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
        #expect(page.header("strict-transport-security") != nil)
    }

    @Test func `a wrong token is refused, and after ten the address waits a quarter of an hour`() async throws {
        let (browser, world) = try browser()
        for n in 1...10 {
            let answer = await browser.signIn("wrong-\(n)")
            #expect(answer.status == (n < 10 ? 422 : 429))
        }
        let shut = await browser.signIn()
        #expect(shut.status == 429)
        #expect(shut.header("retry-after") == "900")
        let other = Browser(browser.console)
        other.client = "192.0.2.8"
        #expect(await other.signIn().status == 303)
        world.state.withLock { $0.now = $0.now + Tries.window }
        #expect(await browser.signIn().status == 303)
    }

    @Test func `a form without the page's own token changes nothing`() async throws {
        let (browser, world) = try browser()
        #expect(await browser.send(.post, "/signin", [("token", "secret-administrator")]).status == 403)
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
        #expect(world.state.withLock { $0.merged.isEmpty })
    }

    @Test func `a session ends after half an hour without use, after twelve hours, and with its token`() async throws {
        let (browser, world) = try browser()
        _ = await browser.signIn()
        world.state.withLock { $0.now = $0.now + (Sessions.idle - 1) }
        #expect(await browser.get("/customers").status == 200)
        world.state.withLock { $0.now = $0.now + Sessions.idle }
        #expect(await browser.get("/customers").status == 303)

        _ = await browser.signIn()
        for _ in 0..<24 {
            world.state.withLock { $0.now = $0.now + Sessions.whole / 25 }
            #expect(await browser.get("/customers").status == 200)
        }
        world.state.withLock { $0.now = $0.now + Sessions.whole / 25 }
        #expect(await browser.get("/customers").status == 303)

        _ = await browser.signIn()
        world.state.withLock { $0.tokens["secret-administrator"] = nil }
        #expect(await browser.get("/customers").status == 200)
        world.state.withLock { $0.now = $0.now + Sessions.recheck }
        #expect(await browser.get("/customers").status == 303)
    }

    @Test func `signing out ends the session for every copy of its cookie`() async throws {
        let (browser, _) = try browser()
        _ = await browser.signIn()
        let copy = Browser(browser.console)
        copy.cookies = browser.cookies
        #expect(await browser.post("/signout").header("location") == "/signin")
        #expect(await copy.get("/customers").status == 303)
    }

    @Test func `a session's cookie with another secret opens nothing`() async throws {
        let (browser, _) = try browser()
        _ = await browser.signIn()
        let name = try #require(browser.cookies["sightline"]).split(separator: ".")[0]
        browser.cookies["sightline"] = name + "." + String(repeating: "0", count: 51)
        #expect(await browser.get("/customers").status == 303)
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", "/ü", ""])
    func `a next page elsewhere is forgotten`(next: String) {
        #expect(Console.safe(next) == nil)
    }

    @Test func `a link from elsewhere is loaded again so that the strict cookie comes along`() async throws {
        let (browser, _) = try browser()
        let answer = await browser.get("/customers", headers: ["sec-fetch-site": "cross-site"])
        #expect(answer.status == 200)
        #expect(answer.text.contains("http-equiv=\"refresh\""))
        #expect(await browser.get("/customers", headers: ["sec-fetch-site": "same-origin"]).status == 303)
    }

    @Test func `a role that sees no customers is told so at the sign-in, with the roles that do, and gets no session`() async throws {
        let (browser, world) = try browser()
        let answer = await browser.signIn("secret-employee")
        #expect(answer.status == 403)
        #expect(answer.text.contains("The token Tom Okafor is right, but an employee may not see customers"))
        #expect(answer.text.contains("administrator, lead, analyst, marketer or agent."))
        #expect(browser.cookies["sightline"] == nil)
        #expect(await browser.get("/customers").status == 303)
        // Nobody's wrong try: ten of them stop nobody.
        for _ in 0..<10 { _ = await browser.signIn("secret-employee") }
        #expect(await browser.signIn().status == 303)
        // Who lost the role while signed in is told on the page.
        world.state.withLock { state in
            state.tokens["secret-administrator"] = Principal(name: "Marta", role: .employee)
            state.now = state.now + Sessions.recheck
        }
        let page = await browser.get("/customers")
        #expect(page.status == 403 && page.text.contains("employee") && !page.text.contains("Nora"))
    }

    @Test(arguments: Role.allCases) func `the sign-in page says what each role may do, as the table of permissions has it`(role: Role) async throws {
        let text = try await browser().0.get("/signin").text
        let sees = try #require(text.range(of: "you see every customer and decide"))
        let looks = try #require(text.range(of: "and change nothing"))
        let place = try #require(text.range(of: "<code>\(role.rawValue)</code>")).lowerBound
        if Permission.change.roles.contains(role) {
            #expect(place < sees.lowerBound)
        } else {
            #expect(Permission.read.roles.contains(role) ? sees.upperBound < place && place < looks.lowerBound : looks.upperBound < place)
        }
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
}
