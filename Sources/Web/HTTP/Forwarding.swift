import HTTPTypes
package import Hummingbird
package import Kernel
import NIOCore

/// Where a request comes from, and by what: what the connection tells, and what is believed of the headers that reverse proxies add.
///
/// `X-Forwarded-For` and `X-Forwarded-Proto` count only when the connection comes from a trusted proxy: everybody else could write
/// whatever they liked into them. `X-Forwarded-Host` and `Forwarded` are never looked at: a proxy that leaves them as they come would
/// let its clients choose. A proxy passes `Host` on as it got it.
package struct Forwarding: Sendable {
    /// The trusted proxies.
    package var proxies: [AddressRange]
    /// Whether we speak TLS ourselves, on every connection but the Unix socket's.
    package var isTLS: Bool

    package init(proxies: [AddressRange] = [], isTLS: Bool = false) {
        self.proxies = proxies
        self.isTLS = isTLS
    }

    /// The client's address: the connection's, or what trusted proxies say of it. Nil for the Unix socket.
    ///
    /// Each proxy appends whom it was asked by. So the list is read from its end, and the first who is no trusted proxy is the
    /// client; those before were written by the client, or by nobody we know. What is no address ends the reading too.
    package func address(of request: Request, _ context: Context) -> String? {
        guard let peer = context.peer?.ipAddress else { return nil }
        guard !proxies.isEmpty, var nearest = IPAddress(peer) else { return peer }
        let hops = request.headers[values: .forwardedFor].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for hop in hops.reversed() {
            guard isTrusted(nearest), let before = Self.address(hop) else { break }
            nearest = before
        }
        return nearest.description
    }

    /// Whether the client speaks TLS, to us or to the trusted proxy before us.
    package func isSecure(_ request: Request, _ context: Context) -> Bool {
        guard !context.local else { return false }
        if !proxies.isEmpty, let peer = (context.peer?.ipAddress).flatMap({ IPAddress($0) }), isTrusted(peer),
            let said = request.headers[values: .forwardedProto].last?.split(separator: ",").last
        {
            return said.filter { $0 != " " }.lowercased() == "https"
        }
        return isTLS
    }

    private func isTrusted(_ address: IPAddress) -> Bool { proxies.contains { $0.contains(address) } }

    /// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`, as proxies write them.
    private static func address(_ hop: Substring) -> IPAddress? {
        let hop = String(hop).trimmed
        if hop.hasPrefix("["), let end = hop.firstIndex(of: "]") { return IPAddress(hop[hop.index(after: hop.startIndex)..<end]) }
        if let address = IPAddress(hop) { return address }
        let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? IPAddress(parts[0]) : nil
    }
}

/// Tells browsers that came by TLS to come by nothing else for a year: HSTS (RFC 6797). On every answer, also of the API.
package struct StrictTransportMiddleware: RouterMiddleware {
    let forwarding: Forwarding

    package init(_ forwarding: Forwarding) { self.forwarding = forwarding }

    package func handle(_ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response) async throws -> Response
    {
        var response = try await next(request, context)
        mark(&response, request, context)
        return response
    }

    /// Tells it with an answer.
    func mark(_ response: inout Response, _ request: Request, _ context: Context) {
        if forwarding.isSecure(request, context) { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
}
