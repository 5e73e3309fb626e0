package import Access
import HTTPTypes
package import Hummingbird
package import Kernel

/// Finds out who is calling, and whether they may.
///
/// By the Unix socket comes the operator, an administrator: the data folder is theirs. Everybody else shows an API token
/// as `Authorization: Bearer …`. Secrets are never compared: ``Access`` looks up their hashes, so that the time it takes
/// tells nothing. After ``wrongTokens`` unknown tokens within a minute an address's tokens are not looked at
/// for the rest of it.
///
/// Write keys are checked by the tracking routes and have no such limit: they are no secrets (each stands in a page for
/// everybody to read), and a limit would let one wrong client silence its neighbours behind the same address.
package struct Authentication: Sendable {
    let access: Access
    let clock: Clock
    let forwarding: Forwarding
    private let failures = Attempts(allowed: Authentication.wrongTokens, window: Authentication.window)
    /// Unknown tokens that an address may show within ``window``.
    package static let wrongTokens = 20
    /// Milliseconds.
    package static let window: Int64 = 60_000

    /// - Parameter forwarding: What is believed about where a request comes from.
    package init(access: Access, clock: Clock, forwarding: Forwarding = Forwarding()) {
        self.access = access
        self.clock = clock
        self.forwarding = forwarding
    }

    /// Lets the request through, and notes who it is from.
    /// - Throws: 401, 403 or 429 problems.
    package func check(_ permission: Permission, _ request: Request, _ context: inout Context) throws {
        if permission == .anyone || permission == .track { return }
        let principal = try context.principal ?? caller(of: request, context)
        guard permission.isHeld(by: principal) else { throw Problem.forbidden(permission, principal) }
        context.principal = principal
    }

    /// Who is calling by a bearer token or by the Unix socket.
    /// - Throws: 401 or 429 problems.
    package func caller(of request: Request, _ context: Context) throws -> Principal {
        guard let header = request.headers[.authorization] else {
            if context.local { return .operator }
            throw Problem.unauthorised("Send an API token as `Authorization: Bearer …`. An administrator of this installation makes one.")
        }
        guard let token = Self.credentials(header, scheme: "bearer") else {
            throw Problem.unauthorised("The API takes tokens as `Authorization: Bearer …`, no other scheme.")
        }
        return try principal(token: token, from: address(of: request, context))
    }

    /// Who a token belongs to. Counts what is unknown against the address.
    /// - Throws: 401 or 429 problems.
    package func principal(token: String, from address: String?) throws -> Principal {
        let now = clock.now
        let holder = address.map(Attempts.key)
        if let holder, let wait = failures.wait(holder, now) { throw Problem.tooManyFailures(retryAfter: wait) }
        guard let principal = access.principal(token: token) else {
            if let holder { failures.wrong(holder, now) }
            throw Problem.unauthorised(
                "This token is unknown, has expired or was revoked. Send one that holds as `Authorization: Bearer …`; an administrator makes one.")
        }
        return principal
    }

    /// What follows the scheme in an `Authorization` header (RFC 9110, section 11.4), or nil for another scheme.
    static func credentials(_ header: String, scheme: String) -> String? {
        guard let space = header.firstIndex(of: " "), header[..<space].lowercased() == scheme else { return nil }
        let rest = header[space...].drop { $0 == " " }
        return rest.isEmpty ? nil : String(rest)
    }

    /// The client's address, see ``Forwarding/address(of:_:)``.
    package func address(of request: Request, _ context: Context) -> String? { forwarding.address(of: request, context) }
}
