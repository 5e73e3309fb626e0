import Access
import Audit
import Collect
import HTTPTypes
import Hummingbird
import Kernel

/// Write keys and API tokens: `/api/keys`, `/api/tokens`.
struct AccessRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [listKeys, createKey, revokeKey, listTokens, createToken, revokeToken] }

    private var listKeys: Endpoint {
        Endpoint(
            .get, "/api/keys", .administer,
            about: .init("List the write keys", tag: "Access", answer: .init(200, "All, revoked ones too, without their secrets", .init("KeyPage")))
        ) { _, _ in page(try services.access.keys().map(\.json)) }
    }

    private var createKey: Endpoint {
        Endpoint(
            .post, "/api/keys", .administer, audit: .keyCreate,
            about: .init(
                "Make a write key", tag: "Access", body: .init("NewKey"),
                answer: .init(201, "The key; its secret is shown this once", .init("KeyWithSecret")), problems: [409, 422, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewKey")
            let calls = try Self.words(body, "calls", known: AllowedCalls.names)
            let made = try services.access.createKey(name: body.required("name"), calls: calls, expiresAt: try Self.expiry(body))
            context.trail.subject = made.key.name
            context.trail.detail = made.key.limits
            return Response(.created, made.key.json.with("secret", .string(made.secret)))
        }
    }

    private var revokeKey: Endpoint {
        Endpoint(
            .delete, "/api/keys/{name}", .administer, audit: .keyRevoke,
            about: .init("Revoke a write key", tag: "Access", answer: .init(204, "Refused from now on"), problems: [404, 503])
        ) { _, context in
            try services.access.revokeKey(name: Self.name(context))
            return .noContent
        }
    }

    private var listTokens: Endpoint {
        Endpoint(
            .get, "/api/tokens", .administer,
            about: .init("List the API tokens", tag: "Access", answer: .init(200, "All, revoked ones too, without their secrets", .init("TokenPage")))
        ) { _, _ in page(try services.access.tokens().map(\.json)) }
    }

    private var createToken: Endpoint {
        Endpoint(
            .post, "/api/tokens", .administer, audit: .tokenCreate,
            about: .init(
                "Make an API token", tag: "Access", body: .init("NewToken"),
                answer: .init(201, "The token; its secret is shown this once", .init("TokenWithSecret")), problems: [409, 422, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewToken")
            guard let role = Role(rawValue: try body.required("role")) else {
                throw Problem.badRequest("`role` can be \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            let scopes = try Self.words(
                body, "scopes", known: Permission.scopes(of: role).map(\.rawValue), of: "a token of the role \(role.rawValue)")
            let made = try services.access.createToken(name: body.required("name"), role: role, scopes: scopes, expiresAt: try Self.expiry(body))
            context.trail.subject = made.token.name
            context.trail.detail = made.token.limits
            return Response(.created, made.token.json.with("secret", .string(made.secret)))
        }
    }

    private var revokeToken: Endpoint {
        Endpoint(
            .delete, "/api/tokens/{name}", .administer, audit: .tokenRevoke,
            about: .init("Revoke an API token", tag: "Access", answer: .init(204, "Refused from now on"), problems: [404, 503])
        ) { _, context in
            try services.access.revokeToken(name: Self.name(context))
            return .noContent
        }
    }

    /// The words of a list that may be missing or null, each once and in the order of those there are.
    private static func words(_ body: JSON, _ key: String, known: [String], of whom: String = "a key") throws -> [String]? {
        guard let value = body[key], !value.isNull else { return nil }
        guard let words = value.array?.compactMap(\.string), words.count == value.array?.count else {
            throw Problem.badRequest("`\(key)` must be an array of strings.")
        }
        if let stranger = words.first(where: { !known.contains($0) }) {
            throw Problem.unacceptable(
                "`\(key)` of \(whom) can name \(known.joined(separator: ", ")); it names `\(stranger.prefix(64))`.", kind: "scope")
        }
        return known.filter(words.contains)
    }

    private static func expiry(_ body: JSON) throws -> Instant? {
        guard let text = try body.optional("expiresAt") else { return nil }
        guard let at = Instant(text) else {
            throw Problem.badRequest("`expiresAt` must be a time in RFC 3339, as 2027-01-31T00:00:00Z or 2027-01-31.")
        }
        return at
    }

    private static func name(_ context: Context) throws -> String {
        guard let name = context.parameters.get("name").flatMap({ Percent.decode($0) }) else { throw Problem.notFound("name") }
        return name
    }
}

extension WriteKey {
    var json: JSON {
        [
            "id": .integer(Int64(id)), "name": .string(name), "calls": JSON(calls), "expiresAt": JSON(expiresAt), "createdAt": JSON(createdAt),
            "lastUsedAt": JSON(lastUsedAt),
            "revokedAt": JSON(revokedAt),
        ]
    }
}

extension APIToken {
    var json: JSON {
        [
            "name": .string(name), "role": .string(role.rawValue), "scopes": JSON(scopes), "expiresAt": JSON(expiresAt), "createdAt": JSON(createdAt),
            "lastUsedAt": JSON(lastUsedAt),
            "revokedAt": JSON(revokedAt),
        ]
    }
}

extension WriteKey {
    /// What it may not do, in a few words for the log; empty when it may do all.
    var limits: String { AccessWords.limits(calls, expiresAt) }
}

extension APIToken {
    /// Its role, and what it may not do of that, for the log.
    var limits: String {
        let limits = AccessWords.limits(scopes, expiresAt)
        return role.rawValue + (limits.isEmpty ? "" : ", " + limits)
    }
}

enum AccessWords {
    /// `track, page only, until 2027-01-31T00:00:00Z`
    static func limits(_ words: [String]?, _ expiresAt: Instant?) -> String {
        [words.map { $0.joined(separator: ", ") + " only" }, expiresAt.map { "until " + $0.rfc3339 }].compactMap { $0 }.joined(separator: ", ")
    }
}

extension JSON {
    init(_ words: [String]?) { self = words.map { .array($0.map(JSON.string)) } ?? .null }

    func with(_ key: String, _ value: JSON) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(key, value)])
    }
}
