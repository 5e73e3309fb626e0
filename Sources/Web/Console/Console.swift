import Access
import Definitions
import Foundation
import Kernel
import Rendering

/// The console: pages for people. Give it a request, get an answer; it knows no server.
package struct Console: Sendable {
    private(set) var services: ConsoleServices
    let resources: Resources
    let sessions: Sessions
    let figureKeeper = FigureKeeper()

    package init(services: ConsoleServices, resources: Resources) {
        self.services = services
        self.resources = resources
        sessions = Sessions(services.staff)
    }

    /// Times as the workspace reads them now. A zone that this machine does not know is read as UTC; definitions name none.
    func formats(_ now: Instant) -> Formats { Formats(zone: TimeZone(identifier: services.workspace().timeZone) ?? .gmt, now: now) }

    /// Answers a request. Never throws: what goes wrong becomes a page that says so.
    package func answer(_ request: PageRequest) async -> PageAnswer {
        var answer: PageAnswer
        do {
            answer = try await respond(request)
        } catch let problem as Problem {
            answer = await failure(problem, request)
        } catch  where services.problem(error) != nil {
            answer = await failure(services.problem(error) ?? Self.nowhere, request)
        } catch {
            let reference = Base32.text(services.randomness.bytes(5))
            services.failed(reference, error)
            answer = await failure(
                Problem(
                    status: 500, kind: "internal", title: "This page could not be made",
                    detail: "The mistake is ours. It stands in the server’s log under \(reference); whoever runs this server can find it there."),
                request)
        }
        if answer.header("content-security-policy") == nil, answer.header("etag") == nil { answer.headers += Self.safety }
        return answer
    }

    /// Nothing runs, loads, frames or posts that is not ours. No page is kept by browsers or proxies: they hold personal data.
    private static let safety: [(name: String, value: String)] = [
        (
            name: "content-security-policy",
            value:
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
                + "frame-ancestors 'none'"
        ),
        (name: "x-content-type-options", value: "nosniff"), (name: "x-frame-options", value: "DENY"), (name: "referrer-policy", value: "same-origin"),
        (name: "cross-origin-opener-policy", value: "same-origin"), (name: "cross-origin-resource-policy", value: "same-origin"),
        (name: "permissions-policy", value: "camera=(), geolocation=(), microphone=()"), (name: "cache-control", value: "no-store"),
        (name: "vary", value: "cookie"),
    ]

    private func respond(_ request: PageRequest) async throws -> PageAnswer {
        guard let parts = request.parts else { throw Self.nowhere }
        if parts.first == "static" {
            guard parts.count == 2, request.method != .post, let file = resources.files[parts[1]] else { throw Self.nowhere }
            return file.answer(to: request)
        }
        if parts == ["signin"] { return try await signIn(request) }
        if parts.count == 2, parts[0] == "link" { return try await oneTimeLink(parts[1], request) }
        guard let session = sessions.find(request.cookie(Self.cookieName(request))) else { return try leadToSignIn(request) }
        guard let (route, parameters) = Self.route(request.method, parts) else { throw Self.nowhere }
        let visit = Visit(request: request, session: session, formats: formats(services.clock.now), parameters: parameters)
        if request.method == .post { try check(visit) }
        try Self.demand(route.permission, of: visit, to: route.deed)
        let answer = try await route.handler(seen(by: session.principal.role), visit)
        if let action = route.audit, answer.status < 400 {
            try record(action, by: session.principal, subject: parameters.first, request, visit.trail)
        }
        return answer
    }

    /// This console as a role gets to see it.
    private func seen(by role: Role) -> Console {
        var console = self
        console.services = services.seen(by: role)
        return console
    }

    /// The route of a path, and what stands where its pattern has colons.
    private static func route(_ method: PageRequest.Method, _ parts: [String]) -> (PageRoute, [String])? {
        let wanted: PageRequest.Method = method == .head ? .get : method
        for route in routes where route.method == wanted {
            if let parameters = route.parameters(parts) { return (route, parameters) }
        }
        return nil
    }

    /// A form counts only when it comes from a page of ours: by what the browser says of its origin, and by the session's form token.
    private func check(_ visit: Visit) throws {
        guard Self.isFromUs(visit.request), Sessions.equal(visit.request.form["form"] ?? "", visit.session.formToken) else {
            throw Problem(
                status: 403, kind: "foreign-form", title: "This form was not sent from the console",
                detail: "Nothing was changed. Go back, load the page again and send the form from there.")
        }
    }

    /// What the browser says about where a request began; true when it says nothing. By TLS, a page of this host that came without it is
    /// somebody else's: whoever sits on the wire could have written it.
    static func isFromUs(_ request: PageRequest) -> Bool {
        if let site = request.headers["sec-fetch-site"] { return site == "same-origin" || site == "none" }
        guard let origin = request.headers["origin"], let host = request.headers["host"] else { return true }
        return origin == "https://" + host || (!request.isSecure && origin == "http://" + host)
    }

    /// Stops whoever may not.
    /// - Parameter deed: `join customers`
    static func demand(_ permission: Permission, of visit: Visit, to deed: String) throws {
        guard !visit.may(permission) else { return }
        throw Problem(
            status: 403, kind: "forbidden", title: "Your role may not do this",
            detail: "You are signed in as \(visit.session.principal.name), with the role \(visit.session.principal.role.rawValue). "
                + "To \(deed) takes one of these roles: \(Roles.listed(permission.roles)). Ask somebody who has it, or an administrator for another role."
        )
    }

    static let nowhere = Problem(
        status: 404, kind: "not-found", title: "There is nothing here",
        detail: "The address leads nowhere. It may be mistyped, or what stood here was erased.")
}

/// Somebody who is signed in, looking at a page.
struct Visit: Sendable {
    let request: PageRequest
    let session: Sessions.Session
    let formats: Formats
    /// What stands in the path where the route's pattern has colons.
    var parameters: [String] = []
    /// What the audit log is to say.
    let trail = Trail()

    func may(_ permission: Permission) -> Bool { permission.isHeld(by: session.principal) }
}

// MARK: - Making pages

extension Console {
    /// Renders a page inside the console's frame.
    /// - Parameters:
    ///   - room: which entry of the navigation is the current one; nil for none.
    ///   - fields: what the template shows besides the frame.
    func page(_ template: String, title: String, room: String?, _ visit: Visit, status: Int = 200, _ fields: Fields) async throws -> PageAnswer {
        var all = fields
        frame(&all, title: title)
        let waiting = (try? await services.reviewCount()) ?? 0
        var nav: [Fields] = []
        if visit.may(.read) {
            nav = [
                Self.entry("/now", "Now", "now", room == "now"), Self.entry("/customers", "Customers", "people", room == "customers"),
                Self.entry("/lifecycle", "Lifecycle", "lifecycle", room == "lifecycle", isFirst: false),
                Self.entry("/events", "Events", "events", room == "events", isFirst: false),
                Self.entry("/reviews", "Reviews", "pairs", room == "reviews", count: waiting),
            ]
            if services.formulas != nil {
                let rooms = [
                    Self.entry("/audiences", "Audiences", "audience", room == "audiences", isFirst: false),
                    // The m leads to Mentions.
                    Self.entry("/metric", "Metrics", "metric", room == "metrics", key: "t", isFirst: false),
                ]
                nav.insert(contentsOf: rooms, at: 2)
            }
        }
        if visit.may(.read) { nav.append(Self.entry("/mentions", "Mentions", "note", room == "mentions", count: await newMentions(visit))) }
        if visit.may(.readStaff) { nav.append(Self.entry("/settings", "Settings", "settings", room == "settings", isFoot: true, isFirst: false)) }
        all["nav"] = nav
        all["mayRead"] = visit.may(.read)
        all["myInitials"] = Who.initials(visit.session.principal.name)
        all["me"] = visit.session.principal.name
        all["role"] = Roles.name(visit.session.principal.role)
        all["form"] = visit.session.formToken
        if !all.has("q") { all["q"] = visit.request.query["search"] }
        if let flash = sessions.takeFlash(for: visit.session) {
            all["flash"] =
                [
                    "text": flash.text, "undo": flash.undo, "label": flash.undoLabel, "form": visit.session.formToken,
                    "fields": flash.fields.map { ["name": $0.name, "value": $0.value] as Fields },
                ] as Fields
        }
        return .page(try render(template, all), status: status)
    }

    /// Renders a part of a page, for one that is open.
    /// - Parameter address: what the browser shows as the page's address from then on; nil to leave it.
    func part(_ template: String, _ fields: Fields, status: Int = 200, at address: String? = nil) throws -> PageAnswer {
        var all = fields
        all["icons"] = resources.address(of: "icons.svg")
        var answer = PageAnswer.page(try render(template, all), status: status)
        if let address { answer.headers.append((name: "hx-replace-url", value: address)) }
        return answer
    }

    /// What every page has, signed in or not.
    func frame(_ fields: inout Fields, title: String) {
        fields["title"] = title
        let workspace = services.workspace()
        fields["workspace"] = workspace.name
        fields["accent"] = workspace.accent.rawValue
        fields["css"] = resources.address(of: Resources.styleSheet)
        fields["js"] = resources.address(of: "console.js")
        fields["editorjs"] = resources.address(of: "editor.js")
        fields["nowjs"] = resources.address(of: "now.js")
        // What others wrote and `make` fetches: a page that lacks it is one without scripts.
        fields["htmx"] = resources.has("htmx.js") ? resources.address(of: "htmx.js") : nil
        fields["htmxsse"] = resources.has("htmx-sse.js") ? resources.address(of: "htmx-sse.js") : nil
        fields["chartjs"] = resources.has("chart.js") ? resources.address(of: "chart.js") : nil
        fields["favicon"] = resources.address(of: "favicon.svg")
        fields["icons"] = resources.address(of: "icons.svg")
    }

    func render(_ template: String, _ fields: Fields) throws -> String {
        try resources.templates.filled(template, with: fields)
    }

    /// - Parameters:
    ///   - key: What leads there behind `g`; nil for its first letter.
    ///   - isFirst: Whether a phone has room for it beside More.
    private static func entry(
        _ href: String, _ label: String, _ icon: String, _ isHere: Bool, count: Int = 0, key: String? = nil, isFoot: Bool = false,
        isFirst: Bool = true
    ) -> Fields {
        [
            "href": href, "label": label, "key": key ?? String(label.prefix(1)).lowercased(), "icon": icon, "current": isHere,
            "count": count > 0 ? Self.counted(count) : nil, "foot": isFoot, "first": isFirst,
        ]
    }

    /// `12`, `100+`
    static func counted(_ count: Int) -> String { count >= ConsoleServices.mostCounted ? "\(ConsoleServices.mostCounted)+" : String(count) }

    private func failure(_ problem: Problem, _ request: PageRequest) async -> PageAnswer {
        var fields: Fields = [
            "heading": problem.title, "detail": problem.detail, "status": problem.status, "retry": problem.retryAfter.map { "\($0) s" },
        ]
        var answer: PageAnswer
        do {
            if request.query["part"] == nil, request.headers["hx-request"] == nil,
                let session = sessions.find(request.cookie(Self.cookieName(request)), touching: false)
            {
                let visit = Visit(request: request, session: session, formats: formats(services.clock.now))
                answer = try await page("problem", title: problem.title, room: nil, visit, status: problem.status, fields)
            } else {
                frame(&fields, title: problem.title)
                answer = .page(try render("problem-alone", fields), status: problem.status)
            }
        } catch {
            services.failed("page", error)
            answer = PageAnswer(
                status: problem.status, headers: [("content-type", "text/plain; charset=utf-8")],
                body: .bytes(Array((problem.title + "\n" + problem.detail).utf8)))
        }
        if let seconds = problem.retryAfter { answer.headers.append((name: "retry-after", value: String(seconds))) }
        return answer
    }
}
