package import Access
package import Hummingbird
package import NIOCore

/// What is known about a request beside the request itself.
package struct Context: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil for the Unix socket.
    package let peer: SocketAddress?
    /// True when the request came by the Unix socket of the data folder: only who may read the folder can use it.
    package let local: Bool
    /// Who is calling; nil as long as nobody proved it.
    package var principal: Principal?
    /// The address's query, decoded. Filled before a handler runs.
    package var query = Query()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress
        if case .unixDomainSocket = source.channel.localAddress { local = true } else { local = false }
    }

    /// The name that histories show for whoever is calling.
    package var caller: String { principal?.name ?? "nobody" }
}

extension Principal {
    /// Who calls by the Unix socket.
    package static let `operator` = Principal(name: "operator", role: .administrator)
}
