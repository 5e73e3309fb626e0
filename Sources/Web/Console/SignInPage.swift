import Access
import Audit
import Kernel
import Rendering

extension Console {
    /// With TLS the name has the prefix that keeps other hosts of the domain from setting the cookie (RFC 6265bis, section 4.1.3).
    static func cookieName(_ request: PageRequest) -> String { request.isSecure ? "__Host-sightline" : "sightline" }
    private static func signInCookieName(_ request: PageRequest) -> String { cookieName(request) + "-signin" }

    private func setCookie(_ name: String, _ value: String, seconds: Int, _ request: PageRequest) -> (name: String, value: String) {
        let secure = request.isSecure ? "; Secure" : ""
        return (name: "set-cookie", value: "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(secure)")
    }

    /// Where somebody without a session goes: to the page that asks who they are, and from there to where they wanted.
    func leadToSignIn(_ request: PageRequest) throws -> PageAnswer {
        // A strict cookie is not sent when a link elsewhere leads here. Loaded once more, from here, it is.
        if request.method == .get, request.headers["sec-fetch-site"] == "cross-site" {
            var fields: Fields = [:]
            frame(&fields, title: "One moment")
            return .page(try render("again", fields))
        }
        if request.query["part"] != nil || request.headers["hx-request"] != nil || request.path == "/now/stream" {
            throw Problem(status: 401, kind: "signed-out", title: "You are signed out", detail: "Load the page again to sign in.")
        }
        guard request.method != .post else {
            throw Problem(
                status: 401, kind: "signed-out", title: "You are signed out",
                detail: "Nothing was changed. A session ends after 30 minutes without use, and after 12 hours. Sign in, and do it again.")
        }
        var next = request.path
        if !request.query.pairs.isEmpty { next += "?" + request.query.encoded }
        return .seeOther(next == "/" || next == "/customers" ? "/signin" : "/signin?next=" + Parameters.encoded(next))
    }

    // MARK: Signing in

    func signIn(_ request: PageRequest) async throws -> PageAnswer {
        let next = Self.safe(request.method == .post ? request.form["next"] : request.query["next"])
        if request.method != .post {
            if sessions.find(request.cookie(Self.cookieName(request))) != nil { return .seeOther(next ?? "/") }
            return try signInPage(request, next: next)
        }
        guard isOurForm(request) else {
            return try signInPage(request, next: next, problem: Self.oldForm, status: 403)
        }
        let email = request.form["email"] ?? ""
        do {
            let made = try await services.staff.signIn(
                email: email, password: request.form.raw("password"), address: request.client, browser: Browser.words(request.headers["user-agent"]))
            try record(.signIn, by: Principal(made.person), subject: made.person.id.description, request)
            return welcome(made.secret, next: next, request)
        } catch let problem as StaffProblem {
            let (fault, status) = Self.refusal(problem, left: services.staff.triesLeft(email: email, address: request.client))
            guard let fault else { throw problem }
            // What was typed is not written down: it may be a stranger's address, or a password in the wrong field. Nor is a try
            // during a pause, which nobody looks at: a flood of them would fill the log.
            if problem == .wrong {
                let meant = services.staff.person(email: email)?.id.description ?? ""
                try record(.signInRefused, by: Principal(id: "", name: "", role: .employee), subject: meant, request)
            }
            var answer = try signInPage(request, next: next, email: email, problem: fault, status: status)
            if case .paused(let seconds) = problem { answer.headers.append((name: "retry-after", value: String(seconds))) }
            return answer
        }
    }

    /// What a refused sign-in says; nil for what is no refusal.
    private static func refusal(_ problem: StaffProblem, left: Int) -> ((String, String)?, Int) {
        switch problem {
        case .wrong:
            let rest =
                left > 3
                ? ""
                : left == 0
                    ? " Signing in pauses for 15 min." : " \(left == 1 ? "One try is" : "\(left) tries are") left before a pause of 15 minutes."
            return (("That did not work.", "The e-mail or the password is wrong." + rest), 422)
        case .paused(let seconds): return (("Too many wrong tries.", "Signing in pauses for \((seconds + 59) / 60) min."), 429)
        case .busy: return (("Too many people are signing in.", "Try again in a few seconds."), 503)
        default: return (nil, 500)
        }
    }

    private func welcome(_ secret: String, next: String?, _ request: PageRequest) -> PageAnswer {
        var answer = PageAnswer.seeOther(next ?? "/")
        answer.headers.append(setCookie(Self.cookieName(request), secret, seconds: Int(Staff.whole / 1000), request))
        answer.headers.append(setCookie(Self.signInCookieName(request), "", seconds: 0, request))
        return answer
    }

    private func signInPage(_ request: PageRequest, next: String?, email: String = "", problem: (String, String)? = nil, status: Int = 200) throws
        -> PageAnswer
    {
        try openPage(
            "signin", title: "Sign in", request,
            ["next": next, "email": email, "problem": problem?.0, "reason": problem?.1, "isNew": services.staff.isEmpty], status: status)
    }

    func signOut(_ visit: Visit) throws -> PageAnswer {
        try services.staff.end(visit.session.id, of: visit.session.person.id)
        return leave(visit)
    }

    /// To the sign-in page, without the cookie.
    func leave(_ visit: Visit) -> PageAnswer {
        var answer = PageAnswer.seeOther("/signin")
        answer.headers.append(setCookie(Self.cookieName(visit.request), "", seconds: 0, visit.request))
        return answer
    }

    // MARK: One-time links

    /// `/link/…`: the page on which somebody chooses a password, and comes in.
    func oneTimeLink(_ secret: String, _ request: PageRequest) async throws -> PageAnswer {
        guard let link = try services.staff.link(secret) else {
            return try openPage("link-over", title: "This link does not work any more", request, [:], status: 410)
        }
        let person = link.person.flatMap { services.staff.person($0) }
        func page(_ problem: (String, String)? = nil, field: String? = nil, status: Int = 200) throws -> PageAnswer {
            let form = request.form
            var answer = try openPage(
                "one-time-link", title: link.purpose == .reset ? "Choose a new password" : "Welcome", request,
                [
                    "isFirst": link.purpose == .first, "isReset": link.purpose == .reset, "asksName": link.purpose != .reset,
                    "email": form["email"] ?? person?.email ?? "", "name": form["name"] ?? person?.name ?? "", "problem": problem?.0,
                    "reason": problem?.1, "badEmail": field == "email", "badName": field == "name", "badPassword": field == "password",
                    "address": OneTimeLink.path(secret), "least": 12,
                ], status: status)
            // The address is a secret until it is used.
            answer.headers.append((name: "referrer-policy", value: "no-referrer"))
            return answer
        }
        guard request.method == .post else { return try page() }
        guard isOurForm(request) else { return try page(Self.oldForm, status: 403) }
        do {
            let person = try await services.staff.accept(
                secret, name: request.form["name"] ?? "", email: request.form["email"] ?? "", password: request.form.raw("password"))
            let trail = Trail()
            trail.detail = link.purpose.rawValue
            try record(.linkUse, by: Principal(person), subject: person.id.description, request, trail)
            let made = try services.staff.begin(person.id, address: request.client, browser: Browser.words(request.headers["user-agent"]))
            return welcome(made.secret, next: nil, request)
        } catch let problem as StaffProblem {
            let field: String? =
                switch problem {
                case .name: "name"
                case .email, .emailTaken: "email"
                case .passwordLength, .passwordObvious: "password"
                default: nil
                }
            guard field != nil || problem == .busy else { throw problem }
            return try page(("That did not work.", Problem(problem).detail), field: field, status: Problem(problem).status)
        }
    }

    // MARK: Pages for whoever is not signed in

    private static let oldForm = ("The form was too old.", "Send it again from this page. Cookies must be allowed for it.")

    /// There is no session yet whose token a form could bring, so the form and a cookie of its own have to agree.
    private func isOurForm(_ request: PageRequest) -> Bool {
        let cookie = request.cookie(Self.signInCookieName(request)) ?? ""
        return Self.isFromUs(request) && cookie.utf8.count == 52 && Sessions.equal(cookie, request.form["form"] ?? "")
    }

    private func openPage(_ template: String, title: String, _ request: PageRequest, _ fields: Fields, status: Int) throws -> PageAnswer {
        let known = request.cookie(Self.signInCookieName(request)).flatMap { $0.utf8.count == 52 ? $0 : nil }
        let form = known ?? Base32.text(services.randomness.bytes(33))
        var fields = fields
        fields["form"] = form
        frame(&fields, title: title)
        var answer = PageAnswer.page(try render(template, fields), status: status)
        answer.headers.append(setCookie(Self.signInCookieName(request), form, seconds: 3600, request))
        return answer
    }

    /// A path of ours to go on to; nil for anything that could lead elsewhere.
    static func safe(_ next: String?) -> String? {
        guard let next, next.hasPrefix("/"), next.utf8.count <= 2000, next.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 92 }),
            !next.dropFirst().hasPrefix("/")
        else { return nil }
        return next
    }
}

/// What a browser says it is, in a few words for people: `Firefox on Linux`.
enum Browser {
    /// The order matters: most browsers name others too, for old servers' sake.
    private static let names = [
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ]
    private static let systems = [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"), ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]

    static func words(_ agent: String?) -> String {
        guard let agent, !agent.isEmpty else { return "Unknown browser" }
        let name = names.first { agent.contains($0.0) }?.1 ?? "Other browser"
        return systems.first { agent.contains($0.0) }.map { name + " on " + $0.1 } ?? name
    }
}
