import HTTPTypes
package import Hummingbird
import Kernel
import Logging

/// Which site answers a request: the one whose host the client named.
///
/// The host only chooses who is asked, and proves nothing: each site finds out by itself who is calling.
package struct Hosts: HTTPResponder {
    package typealias Context = Web.Context

    /// By ``name(_:)``.
    private let byName: [String: Site]
    /// Answers for every host that no other has; nil when those are told that they are wrong here.
    private let others: Site?
    /// Each once.
    let sites: [Site]

    /// One site for whatever host is named.
    package init(others: Site) {
        byName = [:]
        self.others = others
        sites = [others]
    }

    /// - Parameters:
    ///   - main: Answers for the hosts of `mainHosts`, or for all that are nobody's when that is nil.
    ///   - workspaces: Each by its host, as ``name(_:)`` gives it. Each name once.
    package init(main: Site, mainHosts: [String]?, workspaces: [(host: String, site: Site)]) {
        let own = (mainHosts ?? []).map { (host: $0, site: main) }
        byName = Dictionary((own + workspaces).map { ($0.host, $0.site) }, uniquingKeysWith: { first, _ in first })
        others = mainHosts == nil ? main : nil
        sites = [main] + workspaces.map(\.site)
    }

    package func respond(to request: Request, context: Context) async throws -> Response {
        // The first stands in the head's authority. Whoever stands before us may have looked at the other (RFC 9112, section 3.2).
        guard request.headers[.host] == nil else {
            return refusal(Problem.badRequest("A request names one host, and this one names several."), request, context)
        }
        guard let site = byName.isEmpty ? others : byName[Self.name(request.head.authority ?? "")] ?? others else {
            return refusal(Problem.misdirected, request, context)
        }
        guard let name = site.settings.name else { return try await site.responder.respond(to: request, context: context) }
        var context = context
        context.logger[metadataKey: "workspace"] = .string(name)
        return try await site.responder.respond(to: request, context: context)
    }

    /// An answer that is no site's, with what the answers of all sites have.
    private func refusal(_ problem: Problem, _ request: Request, _ context: Context) -> Response {
        var response = problem.response(request: context.request.description)
        if let site = sites.first { StrictTransportMiddleware(site.settings.forwarding).mark(&response, request, context) }
        return response
    }

    /// The host of a `Host` header in one way of writing: in lower case, without the port and the dot at its end.
    package static func name(_ authority: String) -> String {
        var host = authority[...]
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = host[...end]
        } else if let colon = host.lastIndex(of: ":") {
            host = host[..<colon]
        }
        if host.hasSuffix(".") { host = host.dropLast() }
        return host.lowercased()
    }
}

extension HTTPField.Name {
    static let host = HTTPField.Name("Host")!
}

extension Problem {
    /// RFC 9110, section 15.5.20.
    static let misdirected = Problem(
        status: 421, kind: "no-such-host", title: "This server does not answer for this host",
        detail: "Whoever runs it names its hosts in the settings `workspaces` and `main-hosts`.")
}
