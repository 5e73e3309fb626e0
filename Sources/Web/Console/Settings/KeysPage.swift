import Access
import Audit
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
        func row(_ name: String, _ role: Role?, _ created: Instant, _ used: Instant?) -> Fields {
            [
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
                "keys": keys.map { row($0.name, nil, $0.createdAt, $0.lastUsedAt) }, "hasKeys": !keys.isEmpty,
                "tokens": tokens.map { row($0.name, $0.role, $0.createdAt, $0.lastUsedAt) }, "hasTokens": !tokens.isEmpty,
                "roles": Self.roleChoices(form["role"].flatMap { Role(rawValue: $0) } ?? .analyst), "madeTitle": made?.title, "secret": made?.secret,
                "fault": fault, "badKey": field == "key", "badToken": field == "token", "keyName": form["key"], "tokenName": form["token"],
            ])
    }

    private func createKey(_ visit: Visit) async throws -> PageAnswer {
        do {
            let made = try services.access.createKey(name: visit.request.form["key"] ?? "")
            visit.trail.subject = made.key.name
            return try await keysPage(visit, made: ("The write key \(made.key.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "key")
        }
    }

    private func createToken(_ visit: Visit) async throws -> PageAnswer {
        guard let role = visit.request.form["role"].flatMap({ Role(rawValue: $0) }) else { throw Self.nowhere }
        do {
            let made = try services.access.createToken(name: visit.request.form["token"] ?? "", role: role)
            visit.trail.subject = made.token.name
            visit.trail.detail = role.rawValue
            return try await keysPage(visit, made: ("The token \(made.token.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "token")
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
