import Access
import Audit
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
            let made = try services.access.createKey(name: try await Body.json(request, "NewKey").required("name"))
            context.trail.subject = made.key.name
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
            let made = try services.access.createToken(name: body.required("name"), role: role)
            context.trail.subject = made.token.name
            context.trail.detail = made.token.role.rawValue
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

    private static func name(_ context: Context) throws -> String {
        guard let name = context.parameters.get("name").flatMap({ Percent.decode($0) }) else { throw Problem.notFound("name") }
        return name
    }
}

extension WriteKey {
    var json: JSON {
        [
            "id": .integer(Int64(id)), "name": .string(name), "createdAt": JSON(createdAt), "lastUsedAt": JSON(lastUsedAt),
            "revokedAt": JSON(revokedAt),
        ]
    }
}

extension APIToken {
    var json: JSON {
        [
            "name": .string(name), "role": .string(role.rawValue), "createdAt": JSON(createdAt), "lastUsedAt": JSON(lastUsedAt),
            "revokedAt": JSON(revokedAt),
        ]
    }
}

extension JSON {
    func with(_ key: String, _ value: JSON) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(key, value)])
    }
}
