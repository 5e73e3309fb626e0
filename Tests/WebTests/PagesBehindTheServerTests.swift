import Access
import Audit
import Kernel
import Testing

@testable import Web

/// That the console is reached through the server; what its pages show is tested beside them.
@Suite(.timeLimit(.minutes(15))) struct `Pages behind the server` {
    /// The cookies that an answer sets, as a browser sends them back.
    private static func cookies(_ answer: Answer) -> String {
        (answer.headers["set-cookie"] ?? "").split(separator: "\n").filter { !$0.contains("Max-Age=0") }
            .compactMap { $0.split(separator: ";").first.map(String.init) }.joined(separator: "; ")
    }

    private static let password = "correct horse battery"

    /// Signs in somebody new with a role, as a browser does; the session's cookie.
    private static func signIn(_ server: TestServer, as role: Role) async throws -> (cookie: String, status: Int) {
        let staff = server.services.staff
        let email = "\(role.rawValue)@example.com"
        if staff.isEmpty {
            _ = try await staff.accept(
                try #require(try staff.firstLink()).secret, name: "The first", email: "first@example.com", password: password)
        }
        _ = try await staff.accept(try staff.invite(email: email, role: role).secret, name: "Somebody", password: password)
        let page = try await server.send("GET", "/signin", headers: [("Accept", "text/html")])
        let cookie = cookies(page)
        let form = try #require(cookie.split(separator: "=").last)
        let answer = try await server.send(
            "POST", "/signin",
            headers: [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")],
            body: Array("email=\(email)&password=correct+horse+battery&form=\(form)".utf8))
        return (cookies(answer), answer.status)
    }

    @Test func `without a session every page leads to the sign-in, and nothing of anybody is shown`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            for path in ["/", "/customers", "/customers/\(id)", "/reviews", "/now"] {
                let answer = try await server.send("GET", path, headers: [("Accept", "text/html")])
                #expect(answer.status == 303, "\(path)")
                #expect(answer.headers["location"]?.hasPrefix("/signin") == true, "\(path)")
                #expect(!answer.text.contains("Ann"))
            }
            let stream = try await server.send("GET", "/now/stream")
            #expect(stream.status == 401)
        }
    }

    @Test func `an address that is none is a page for browsers and a problem for programs`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            let (cookie, _) = try await Self.signIn(server, as: .agent)
            let page = try await server.send("GET", "/nowhere", headers: [("Accept", "text/html,application/xhtml+xml"), ("Cookie", cookie)])
            #expect(page.status == 404)
            #expect(page.headers["content-type"]?.hasPrefix("text/html") == true)
            let problem = try await server.send("GET", "/nowhere")
            #expect(problem.status == 404)
            #expect(problem.headers["content-type"] == "application/problem+json")
        }
    }

    @Test func `whoever signs in sees a customer's page`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, status) = try await Self.signIn(server, as: .agent)
            #expect(status == 303)
            let id = try await World.customer(server, "user_id:ann")
            let page = try await server.send("GET", "/customers/\(id)", headers: [("Cookie", cookie), ("Accept", "text/html")])
            #expect(page.status == 200, "\(page.text.prefix(300))")
            #expect(page.text.contains("Ann Archer"))
            let found = try await server.send("GET", "/customers?q=arch", headers: [("Cookie", cookie)])
            #expect(found.text.contains("Ann Archer"))
            let recent = try await server.send("GET", "/customers", headers: [("Cookie", cookie)])
            #expect(recent.text.contains("Bob Baker"))
            let live = try await server.send("GET", "/now", headers: [("Cookie", cookie)])
            #expect(live.status == 200 && live.text.contains("Ann Archer"))
        }
    }

    @Test func `the list is filtered, and comes whole as a file to whoever may take it out`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, _) = try await Self.signIn(server, as: .analyst)
            let list = try await server.send("GET", "/customers?did=Order+Placed", headers: [("Cookie", cookie)])
            #expect(list.status == 200 && list.text.contains("1 of 2 customers") && list.text.contains("Ann Archer"), "\(list.text)")
            #expect(!list.text.contains("Bob Baker"))
            let wrong = try await server.send("GET", "/customers?did=Order+Plaecd", headers: [("Cookie", cookie)])
            #expect(wrong.status == 422 && wrong.text.contains("<bdi>Order Placed</bdi></a>?"))
            let file = try await server.send("GET", "/customers.csv", headers: [("Cookie", cookie)])
            #expect(file.status == 200 && file.headers["content-type"]?.hasPrefix("text/csv") == true)
            let lines = file.text.split(separator: "\r\n")
            #expect(lines.count == 3 && lines[1].contains(",Bob Baker,user_id,bob,") && lines[2].contains(",Ann Archer,email,ann@example.com,"))
            let head = try await server.send("HEAD", "/customers.csv", headers: [("Cookie", cookie)])
            #expect(head.status == 200 && head.body.isEmpty)
            let stranger = try await server.send("GET", "/customers.csv")
            #expect(stranger.status == 303 && !stranger.text.contains("Ann"))
        }
    }

    @Test func `a role that reads no customers over the API sees none on pages either`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, status) = try await Self.signIn(server, as: .employee)
            #expect(status == 303)
            for path in ["/customers", "/customers?q=ann", "/now", "/reviews", "/now/stream"] {
                let answer = try await server.send("GET", path, headers: [("Cookie", cookie)])
                #expect(answer.status == 403, "\(path)")
                #expect(!answer.text.contains("Ann Archer"))
            }
        }
    }

    @Test func `a note of the most characters there may be is written through a form, and stands in the history in words`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, _) = try await Self.signIn(server, as: .agent)
            let place = "/customers/" + (try await World.customer(server, "user_id:ann"))
            func page(_ path: String) async throws -> String { try await server.send("GET", path, headers: [("Cookie", cookie)]).text }
            let form = try #require(try await page(place).firstMatch(of: /name="form" value="([^"]+)"/)).1
            // Four bytes each, and each of them written as three: no character takes more.
            let text = "First line\r\nand second " + String(repeating: "😀", count: 9_978)
            let answer = try await server.send(
                "POST", place + "/notes",
                headers: [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")],
                body: Array("form=\(form)&text=\(Parameters.encoded(text))".utf8))
            #expect(answer.status == 303 && answer.headers["location"] == place, "\(answer.text.prefix(500))")
            let html = try await page(place)
            #expect(html.contains("Your note is written."))
            #expect(html.contains("<p class=\"whole\" dir=\"auto\">First line\nand second 😀"))
            #expect(html.contains("<span class=\"unseen\">Other, by a colleague: </span><b><bdi>Somebody wrote a note</bdi></b>"))
            #expect(html.contains("<p class=\"said\" dir=\"auto\">First line\nand second 😀"))
            let logged = try server.services.audit.entries(limit: 3)
            #expect(logged.contains { $0.action == .note && place.hasSuffix($0.subject) && $0.name == "Somebody" })
        }
    }

    @Test func `static files are served to anybody`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            let sheet = try await server.send("GET", "/static/sightline.css")
            #expect(sheet.status == 200)
            #expect(sheet.headers["content-type"]?.hasPrefix("text/css") == true)
            for path in ["/static/../Package.swift", "/static/..%2F..%2FServer.swift", "/static/none.css"] {
                let answer = try await server.send("GET", path)
                #expect(answer.status == 404, "\(path)")
            }
        }
    }

    @Test func `a cookie opens nothing of the API`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            let (cookie, _) = try await Self.signIn(server, as: .administrator)
            let answer = try await server.send("GET", "/api/keys", headers: [("Cookie", cookie)])
            #expect(answer.status == 401)
        }
    }
}
