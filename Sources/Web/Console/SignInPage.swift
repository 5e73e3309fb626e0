import Access
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

    /// Where somebody without a session goes: to the page that asks for a token, and from there to where they wanted.
    func leadToSignIn(_ request: PageRequest) throws -> PageAnswer {
        // A strict cookie is not sent when a link elsewhere leads here. Loaded once more, from here, it is.
        if request.method == .get, request.headers["sec-fetch-site"] == "cross-site" {
            var fields: Fields = [:]
            frame(&fields, title: "One moment")
            return .page(try render("again", fields))
        }
        if request.query["part"] != nil || request.path == "/live/stream" {
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

    func signIn(_ request: PageRequest) async throws -> PageAnswer {
        let next = Self.safe(request.method == .post ? request.form["next"] : request.query["next"])
        if request.method != .post {
            if await sessions.find(request.cookie(Self.cookieName(request))) != nil { return .seeOther(next ?? "/customers") }
            return try signInPage(request, next: next)
        }
        // There is no session yet whose token a form could bring, so the form and a cookie of its own have to agree.
        let cookie = request.cookie(Self.signInCookieName(request)) ?? ""
        guard Self.isFromUs(request), cookie.utf8.count == 52, Sessions.equal(cookie, request.form["form"] ?? "") else {
            return try signInPage(
                request, next: next, problem: ("The form was too old.", "Send it again from this page. Cookies must be allowed for it."), status: 403)
        }
        let now = services.clock.now
        if let seconds = tries.wait(request.client, now: now) { return try paused(request, next: next, seconds: seconds) }
        let token = request.form["token"] ?? ""
        let principal = token.isEmpty || token.utf8.count > 512 ? nil : await services.principal(token)
        if let principal, !Permission.read.roles.contains(principal.role) {
            return try signInPage(request, next: next, problem: ("This role sees no pages.", Self.blind(principal)), status: 403)
        }
        guard principal != nil, let value = await sessions.begin(token: token) else {
            let left = tries.wrong(request.client, now: now)
            if left == 0, let seconds = tries.wait(request.client, now: now) { return try paused(request, next: next, seconds: seconds) }
            let rest = left <= 3 ? " \(left == 1 ? "One try is" : "\(left) tries are") left before a pause of 15 minutes." : ""
            let fault = token.isEmpty ? "No token was given." : "Nobody has this token, or it was withdrawn."
            return try signInPage(request, next: next, problem: ("That did not work.", fault + rest), status: 422)
        }
        tries.right(request.client)
        var answer = PageAnswer.seeOther(next ?? "/customers")
        answer.headers.append(setCookie(Self.cookieName(request), value, seconds: Int(Sessions.whole / 1000), request))
        answer.headers.append(setCookie(Self.signInCookieName(request), "", seconds: 0, request))
        return answer
    }

    /// What somebody with a right token and nothing to see is told.
    private static func blind(_ principal: Principal) -> String {
        "The token \(principal.name) is right, but \(Roles.with(principal.role)) may not see customers, and these pages hold nothing else. "
            + "Sign in with a token of one of these roles: \(Roles.listed(Permission.read.roles))."
    }

    private func paused(_ request: PageRequest, next: String?, seconds: Int) throws -> PageAnswer {
        var answer = try signInPage(
            request, next: next, problem: ("Too many wrong tries.", "Signing in from here pauses for \((seconds + 59) / 60) min."), status: 429)
        answer.headers.append((name: "retry-after", value: String(seconds)))
        return answer
    }

    private func signInPage(_ request: PageRequest, next: String?, problem: (String, String)? = nil, status: Int = 200) throws -> PageAnswer {
        let known = request.cookie(Self.signInCookieName(request)).flatMap { $0.utf8.count == 52 ? $0 : nil }
        let form = known ?? Base32.text(services.randomness.bytes(33))
        var fields: Fields = [
            "form": form, "next": next, "problem": problem?.0, "reason": problem?.1, "deciders": Self.tagged(Permission.change.roles),
            "lookers": Self.tagged(Permission.read.roles.subtracting(Permission.change.roles)),
            "others": Self.tagged(Set(Role.allCases).subtracting(Permission.read.roles)),
            "hasOthers": Permission.read.roles.count < Role.allCases.count,
        ]
        frame(&fields, title: "Sign in")
        var answer = PageAnswer.page(try render("signin", fields), status: status)
        answer.headers.append(setCookie(Self.signInCookieName(request), form, seconds: 3600, request))
        return answer
    }

    /// Roles for a sentence of the template, each with what stands before it.
    private static func tagged(_ roles: Set<Role>) -> [Fields] {
        let names = Roles.sorted(roles)
        return names.enumerated().map { i, name in
            ["name": name, "before": i == 0 ? nil : i == names.count - 1 ? " or " : ", "]
        }
    }

    func signOut(_ visit: Visit) -> PageAnswer {
        sessions.end(visit.session)
        var answer = PageAnswer.seeOther("/signin")
        answer.headers.append(setCookie(Self.cookieName(visit.request), "", seconds: 0, visit.request))
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
