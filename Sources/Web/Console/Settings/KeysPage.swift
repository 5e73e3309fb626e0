import Access
import Audit
import Collect
import Kernel
import Rendering

/// The secrets of programs: write keys and tokens.
extension Console {
    static let keysRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/keys", .administer, to: "see keys and tokens") { try await $0.keysPage($1) },
        PageRoute(.post, "/settings/keys", .administer, to: "make write keys", audit: .keyCreate) { try await $0.createKey($1) },
        PageRoute(.post, "/settings/keys/:name/revoke", .administer, to: "revoke write keys", audit: .keyRevoke) {
            try await $0.revokeKey($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/tokens", .administer, to: "make tokens", audit: .tokenCreate) { try await $0.createToken($1) },
        PageRoute(.post, "/settings/tokens/:name/revoke", .administer, to: "revoke tokens", audit: .tokenRevoke) {
            try await $0.revokeToken($1.parameters[0], $1)
        },
    ]

    private func keysPage(_ visit: Visit) async throws -> PageAnswer { try await keysPage(visit, made: nil, fault: nil, field: nil) }

    /// - Parameter made: What was just made, whose secret is shown this once.
    private func keysPage(_ visit: Visit, made: (title: String, secret: String)?, fault: String?, field: String?) async throws -> PageAnswer {
        let now = services.clock.now
        func row(_ name: String, _ role: Role?, _ limits: [String]?, _ expires: Instant?, _ created: Instant, _ used: Instant?) -> Fields {
            [
                "limits": limits.map { $0.joined(separator: ", ") }, "isExpired": expires.map { $0 <= now } ?? false,
                "expires": expires.map { visit.formats.shortDate($0) + ", " + visit.formats.time($0) },
                "name": name, "path": Parameters.encoded(name), "role": role.map { Roles.name($0) }, "created": visit.formats.shortDate(created),
                "used": used.map(visit.formats.ago),
            ]
        }
        let keys = try services.access.keys().filter { $0.revokedAt == nil }
        let tokens = try services.access.tokens().filter { $0.revokedAt == nil }
        let form = visit.request.form
        return try await settingsPage(
            "keys", title: "Keys", visit, status: fault == nil ? 200 : 422,
            [
                "keys": keys.map { row($0.name, nil, $0.calls, $0.expiresAt, $0.createdAt, $0.lastUsedAt) }, "hasKeys": !keys.isEmpty,
                "tokens": tokens.map { row($0.name, $0.role, $0.scopes, $0.expiresAt, $0.createdAt, $0.lastUsedAt) }, "hasTokens": !tokens.isEmpty,
                "roles": Self.roleChoices(form["role"].flatMap { Role(rawValue: $0) } ?? .analyst), "madeTitle": made?.title, "secret": made?.secret,
                "fault": fault, "badKey": field == "key", "badToken": field == "token", "keyName": form["key"], "tokenName": form["token"],
                "calls": Self.choices(AllowedCalls.names, form.all("call")), "keyExpires": form["key-expires"], "tokenExpires": form["token-expires"],
                "scopes": Self.choices(Permission.scopes(of: .administrator).map(\.rawValue), form.all("scope")),
            ])
    }

    private static func choices(_ all: [String], _ chosen: [String]) -> [Fields] {
        all.map { ["name": $0, "words": KeyWords.words($0), "chosen": chosen.contains($0)] }
    }

    /// The end of the day that a form names, in the workspace's zone; nil for none.
    private static func expiry(_ text: String?, _ visit: Visit) throws -> Instant? {
        guard let text else { return nil }
        guard let day = visit.formats.day(text) else { throw Self.nowhere }
        return visit.formats.start(of: Formats.Day(number: day.number + 1))
    }

    private func createKey(_ visit: Visit) async throws -> PageAnswer {
        do {
            let form = visit.request.form
            let chosen = AllowedCalls.names.filter(form.all("call").contains)
            let made = try services.access.createKey(
                name: form["key"] ?? "", calls: chosen.isEmpty ? nil : chosen, expiresAt: try Self.expiry(form["key-expires"], visit))
            visit.trail.subject = made.key.name
            visit.trail.detail = made.key.limits
            return try await keysPage(visit, made: ("The write key \(made.key.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "key")
        }
    }

    private func createToken(_ visit: Visit) async throws -> PageAnswer {
        guard let role = visit.request.form["role"].flatMap({ Role(rawValue: $0) }) else { throw Self.nowhere }
        let form = visit.request.form
        let known = Permission.scopes(of: role).map(\.rawValue)
        let asked = form.all("scope")
        do {
            if let stranger = asked.first(where: { !known.contains($0) }) {
                throw Problem.unacceptable(
                    "The role \(Roles.name(role)) does not have the permission \(stranger.prefix(64)). Take another role.", kind: "scope")
            }
            let scopes = known.filter(asked.contains)
            let made = try services.access.createToken(
                name: form["token"] ?? "", role: role, scopes: scopes.isEmpty ? nil : scopes,
                expiresAt: try Self.expiry(form["token-expires"], visit))
            visit.trail.subject = made.token.name
            visit.trail.detail = made.token.limits
            return try await keysPage(visit, made: ("The token \(made.token.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "token")
        } catch let problem as Problem where problem.kind == "scope" {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: problem.detail, field: "token")
        }
    }

    private func revokeKey(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        try services.access.revokeKey(name: name)
        sessions.leave(Sessions.Flash(text: "The write key \(name) is refused from now on."), for: visit.session)
        return .seeOther("/settings/keys")
    }

    private func revokeToken(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        try services.access.revokeToken(name: name)
        sessions.leave(Sessions.Flash(text: "The token \(name) is refused from now on."), for: visit.session)
        return .seeOther("/settings/keys#tokens")
    }
}

/// What calls and permissions are for, in a few words.
enum KeyWords {
    static func words(_ name: String) -> String? {
        switch name {
        case "track": "what somebody did"
        case "page": "a page that was looked at"
        case "screen": "a screen of an app"
        case "identify": "who somebody is: it can join customers and change traits"
        case "group": "which company somebody belongs to"
        case "alias": "that two ids are one person’s: it joins customers"
        case "import": "history, with times as given"
        case "belong": "figures that name nobody"
        case "read": "see customers, and how the installation is doing"
        case "annotate": "write on customers’ pages"
        case "export": "take out everything at once"
        case "change": "decide about customers and refused items"
        case "readStaff": "see who may sign in"
        case "administer": "people, keys, tokens, definitions, backups, erasing"
        default: nil
        }
    }
}
