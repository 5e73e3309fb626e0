import Access
import Kernel
import Testing

/// That the console is reached through the server; what its pages show is tested beside them.
@Suite(.timeLimit(.minutes(1))) struct `Pages behind the server` {
    /// The cookies that an answer sets, as a browser sends them back.
    private static func cookies(_ answer: Answer) -> String {
        (answer.headers["set-cookie"] ?? "").split(separator: "\n").filter { !$0.contains("Max-Age=0") }
            .compactMap { $0.split(separator: ";").first.map(String.init) }.joined(separator: "; ")
    }

    /// Signs in as a browser does; the session's cookie.
    private static func signIn(_ server: TestServer, token: String) async throws -> (cookie: String, status: Int) {
        let page = try await server.send("GET", "/signin", headers: [("Accept", "text/html")])
        let cookie = cookies(page)
        let form = try #require(cookie.split(separator: "=").last)
        let answer = try await server.send(
            "POST", "/signin",
            headers: [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")],
            body: Array("token=\(token)&form=\(form)".utf8))
        return (cookies(answer), answer.status)
    }

    @Test func `without a session every page leads to the sign-in, and nothing of anybody is shown`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            for path in ["/", "/customers", "/customers/\(id)", "/reviews", "/live"] {
                let answer = try await server.send("GET", path, headers: [("Accept", "text/html")])
                #expect(answer.status == 303, "\(path)")
                #expect(answer.headers["location"]?.hasPrefix("/signin") == true, "\(path)")
                #expect(!answer.text.contains("Ann"))
            }
            let stream = try await server.send("GET", "/live/stream")
            #expect(stream.status == 401)
        }
    }

    @Test func `an address that is none is a page for browsers and a problem for programs`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            let (cookie, _) = try await Self.signIn(server, token: try server.token(.agent))
            let page = try await server.send("GET", "/nowhere", headers: [("Accept", "text/html,application/xhtml+xml"), ("Cookie", cookie)])
            #expect(page.status == 404)
            #expect(page.headers["content-type"]?.hasPrefix("text/html") == true)
            let problem = try await server.send("GET", "/nowhere")
            #expect(problem.status == 404)
            #expect(problem.headers["content-type"] == "application/problem+json")
        }
    }

    @Test func `whoever signs in with a token sees a customer's page`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, status) = try await Self.signIn(server, token: try server.token(.agent))
            #expect(status == 303)
            let id = try await World.customer(server, "user_id:ann")
            let page = try await server.send("GET", "/customers/\(id)", headers: [("Cookie", cookie), ("Accept", "text/html")])
            #expect(page.status == 200, "\(page.text.prefix(300))")
            #expect(page.text.contains("Ann Archer"))
            let found = try await server.send("GET", "/customers?q=arch", headers: [("Cookie", cookie)])
            #expect(found.text.contains("Ann Archer"))
            let recent = try await server.send("GET", "/customers", headers: [("Cookie", cookie)])
            #expect(recent.text.contains("Bob Baker"))
            let live = try await server.send("GET", "/live", headers: [("Cookie", cookie)])
            #expect(live.status == 200 && live.text.contains("Ann Archer"))
        }
    }

    @Test func `a token whose role reads no customers over the API is told so at the sign-in, and sees none on pages either`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            try await World.fill(server)
            let (cookie, status) = try await Self.signIn(server, token: try server.token(.employee))
            #expect(status == 403 && !cookie.contains("sightline="))
            for path in ["/customers", "/customers?q=ann", "/live", "/reviews", "/live/stream"] {
                let answer = try await server.send("GET", path, headers: [("Cookie", cookie)])
                #expect([303, 401].contains(answer.status), "\(path)")
                #expect(!answer.text.contains("Ann Archer"))
            }
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
            let (cookie, _) = try await Self.signIn(server, token: try server.token(.administrator))
            let answer = try await server.send("GET", "/api/keys", headers: [("Cookie", cookie)])
            #expect(answer.status == 401)
        }
    }
}
