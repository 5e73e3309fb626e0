package import Access
package import Hummingbird
import Kernel
package import NIOCore
import Synchronization

/// What is known about a request beside the request itself.
package struct Context: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil for the Unix socket.
    package let peer: SocketAddress?
    /// True when the request came by the Unix socket of the data folder: only who may read the folder can use it.
    package let local: Bool
    /// Under which the log can be searched for this request.
    package let request: RequestNumber
    /// Who is calling; nil as long as nobody proved it.
    package var principal: Principal?
    /// The address's query, decoded. Filled before a handler runs.
    package var query = Query()
    /// What the audit log is to say of it.
    package let trail = Trail()

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        request = .next()
        peer = source.channel.remoteAddress
        if case .unixDomainSocket = source.channel.localAddress { local = true } else { local = false }
    }

    /// The name that histories show for whoever is calling.
    package var caller: String { principal?.name ?? "nobody" }
}

/// Numbers requests within this run of the program. Made into text only where somebody reads it.
package struct RequestNumber: Sendable, CustomStringConvertible {
    private let number: UInt64
    private static let newest = Atomic<UInt64>(0)
    /// Tells the runs apart; nothing depends on what it is.
    private static let run = UInt32.random(in: 0 ... .max)

    static func next() -> RequestNumber { RequestNumber(number: newest.add(1, ordering: .relaxed).newValue) }

    /// `3k9f2ac-17`
    package var description: String { Base32.text(UInt64(Self.run), width: 7) + "-" + String(number) }
}

extension Principal {
    /// Who calls by the Unix socket.
    package static let `operator` = Principal(id: "operator", name: "operator", role: .administrator)
}
