import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Kernel
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The HTTP server: one TCP listener, behind which the Host chooses the site, and a Unix socket for each site.
package struct Server: Service {
    /// How the server listens, and what it puts up with.
    package struct Settings: Sendable {
        /// Address and port to listen at; port 0 takes any that is free. Nil to listen at the sockets alone.
        package var address: (host: String, port: Int)? = ("127.0.0.1", 8080)
        /// Connections at once per listener; those beyond it wait until one ends.
        package var connections = 4096
        /// Seconds that a connection may stay without a request, and that the head of one may take.
        package var idle = 65
        /// Seconds that a whole request may take to arrive.
        package var request = 60
        /// Seconds within which a client must take what waits for it, a few hundred kilobytes at most.
        package var write = 60
        /// Addresses of the reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        package var proxies: [AddressRange] = []
        /// With what the TCP listener speaks TLS; nil for plain HTTP. The Unix socket is always plain.
        package var certificate: Certificate?
        /// Threads that serve connections; 0 is one for each processor.
        package var threads = 0
        /// Called with the port when the TCP listener is up, and with nil for each socket's.
        package var listening: @Sendable (_ port: Int?) async -> Void = { _ in }

        package init() {}

        /// What the sites are to believe of where requests come from.
        package var forwarding: Forwarding { Forwarding(proxies: proxies, isTLS: certificate != nil) }
    }

    /// Bytes that the head of a request may have, and its single fields, and how many of them.
    package static let headLimit = 32 << 10
    package static let fieldLimit = 16 << 10
    package static let fieldCount = 100

    private let settings: Settings
    private let logger: Logger
    private let sites: [Site]
    private let hosts: Hosts
    /// Of all routes, in bytes.
    private let largestBody: Int

    /// - Parameter hosts: The sites, and by which host each is reached.
    package init(_ hosts: Hosts, _ settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        self.hosts = hosts
        sites = hosts.sites
        largestBody = sites.map(\.largestBody).reduce(0, max)
    }

    /// Serves until the graceful stop, then answers what has begun and ends.
    /// - Throws: ``ServerProblem`` when it cannot listen.
    package func run() async throws {
        // A part for each listener, after what the databases and timelines keep open: about twenty files each.
        let sockets = sites.count { $0.settings.socket != nil }
        let connections = max(16, min(settings.connections, (OpenFiles.raise() - 192 - 64 * sites.count) / (sockets + 1)))
        let loops = settings.threads > 0 ? MultiThreadedEventLoopGroup(numberOfThreads: settings.threads) : nil
        defer { loops?.shutdownGracefully { _ in } }
        var listeners: [any Service] = []
        if let address = settings.address {
            listeners.append(
                Listener(
                    address: .hostname(address.host, port: address.port), name: "\(address.host):\(address.port)", write: settings.write,
                    certificate: settings.certificate, hosts: hosts, connections: connections, group: loops, server: self
                ) { channel in
                    await settings.listening(channel.localAddress?.port)
                })
        }
        for site in sites {
            guard let path = site.settings.socket else { continue }
            let short = try SocketPath(path)
            listeners.append(
                Listener(
                    address: .unixDomainSocket(path: short.text), name: path, write: nil, certificate: nil, hosts: Hosts(others: site),
                    connections: connections, group: loops, server: self
                ) { _ in
                    short.restrict()
                    await settings.listening(nil)
                })
        }
        let group = ServiceGroup(configuration: .init(services: listeners, logger: logger))
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            for site in sites { site.live.endAll() }
        }
    }

    /// One of the ways in.
    private struct Listener: Service, CustomStringConvertible {
        let address: BindAddress
        /// The address as people write it.
        let name: String
        /// Seconds; nil for no limit.
        let write: Int?
        /// Nil for plain HTTP.
        let certificate: Certificate?
        let hosts: Hosts
        let connections: Int
        /// Nil for the process's own, of one thread for each processor.
        let group: MultiThreadedEventLoopGroup?
        let server: Server
        let onRunning: @Sendable (any Channel) async -> Void
        /// What the log calls it.
        var description: String { name }

        func run() async throws {
            let settings = server.settings
            let limits = ConnectionHandler.Limits(
                request: .seconds(Int64(settings.request)), write: write.map { .seconds(Int64($0)) }, body: server.largestBody)
            let http = HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionHandler(limits: limits)], idleTimeout: .seconds(Int64(settings.idle)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Server.fieldLimit, maxHeaderListSize: Server.headLimit, maxHeaderFieldCount: Server.fieldCount))
            let plain = HTTPServerBuilder.http1(configuration: http)
            let application = Application(
                responder: hosts, server: try certificate.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
                configuration: .init(address: address, backlog: 1024, availableConnectionsDelegate: MaximumAvailableConnections(connections)),
                onServerRunning: onRunning, eventLoopGroupProvider: group.map { .shared($0) } ?? .singleton, logger: server.logger)
            do {
                try await application.run()
            } catch let error as IOError {
                throw ServerProblem(errno: error.errnoCode, at: name)
            }
        }
    }
}
