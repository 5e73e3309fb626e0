import Collect
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The HTTP server: one router behind a TCP listener and a Unix socket in the data folder.
package struct Server: Service {
    /// How the server listens, and what it puts up with.
    package struct Settings: Sendable {
        /// Address and port to listen at; port 0 takes any that is free. Nil to listen at the socket alone.
        package var address: (host: String, port: Int)? = ("127.0.0.1", 8080)
        /// The path of the Unix socket, at most 103 bytes (see ``SocketPath``); nil for none.
        package var socket: String?
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
        /// The web origins whose pages may send to `/v1`; nil for any.
        package var origins: Set<String>?
        /// Threads that serve connections; 0 is one for each processor.
        package var threads = 0
        /// Takes the lines of the access log; nil for none.
        package var accessLog: (@Sendable ([UInt8]) -> Void)?
        /// Called with the port when the TCP listener is up, and with nil when the socket's is.
        package var listening: @Sendable (_ port: Int?) async -> Void = { _ in }

        package init() {}

        var forwarding: Forwarding { Forwarding(proxies: proxies, isTLS: certificate != nil) }
    }

    /// Bytes that the head of a request may have, and its single fields, and how many of them.
    package static let headLimit = 32 << 10
    package static let fieldLimit = 16 << 10
    package static let fieldCount = 100

    private let settings: Settings
    private let logger: Logger
    private let live: Live
    private let responder: RouterResponder<Context>
    /// Of all routes, in bytes.
    private let largestBody: Int

    /// - Parameter console: The pages for people; nil for an API without them.
    package init(_ services: Services, _ settings: Settings, console: Console? = nil, logger: Logger) {
        self.settings = settings
        self.logger = logger
        live = services.live
        let limits = services.collector().limits
        largestBody = Route.allCases.map(limits.bytes).reduce(Body.limit, max)
        responder = Self.router(services, settings, console: console).buildResponder()
    }

    /// All routes behind all middleware.
    package static func router(_ services: Services, _ settings: Settings, console: Console? = nil) -> Router<Context> {
        let router = Router(context: Context.self, options: [.autoGenerateHeadEndpoints])
        let authentication = Authentication(access: services.access, clock: services.clock, forwarding: settings.forwarding)
        let endpoints = Routes.all(services) + (console?.endpoints(authentication) ?? [])
        router.add(middleware: MetricsMiddleware(metrics: services.metrics))
        router.add(middleware: StrictTransportMiddleware(settings.forwarding))
        if let write = settings.accessLog { router.add(middleware: AccessLogMiddleware(clock: services.clock, write: write)) }
        router.add(middleware: CORSMiddleware(origins: settings.origins))
        let page = console.map { console in { @Sendable in try await console.answer($0, $1, authentication) } as Endpoint.Handler }
        router.add(middleware: ProblemMiddleware(methods: MethodTable(endpoints), page: page))
        router.add(endpoints, authentication, Recorder(audit: services.audit, clock: services.clock))
        return router
    }

    /// Serves until the graceful stop, then answers what has begun and ends.
    /// - Throws: ``ServerProblem`` when it cannot listen.
    package func run() async throws {
        // Half for each listener, after what databases and the timeline keep open.
        let connections = max(16, min(settings.connections, (OpenFiles.raise() - 256) / 2))
        let loops = settings.threads > 0 ? MultiThreadedEventLoopGroup(numberOfThreads: settings.threads) : nil
        defer { loops?.shutdownGracefully { _ in } }
        var listeners: [any Service] = []
        if let address = settings.address {
            listeners.append(
                Listener(
                    address: .hostname(address.host, port: address.port), name: "\(address.host):\(address.port)", write: settings.write,
                    certificate: settings.certificate, connections: connections, group: loops, server: self
                ) { channel in
                    await settings.listening(channel.localAddress?.port)
                })
        }
        if let path = settings.socket {
            let short = try SocketPath(path)
            listeners.append(
                Listener(
                    address: .unixDomainSocket(path: short.text), name: path, write: nil, certificate: nil, connections: connections, group: loops,
                    server: self
                ) { _ in
                    short.restrict()
                    await settings.listening(nil)
                })
        }
        let group = ServiceGroup(configuration: .init(services: listeners, logger: logger))
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            live.endAll()
        }
    }

    /// One of the two ways in.
    private struct Listener: Service {
        let address: BindAddress
        /// The address as people write it.
        let name: String
        /// Seconds; nil for no limit.
        let write: Int?
        /// Nil for plain HTTP.
        let certificate: Certificate?
        let connections: Int
        /// Nil for the process's own, of one thread for each processor.
        let group: MultiThreadedEventLoopGroup?
        let server: Server
        let onRunning: @Sendable (any Channel) async -> Void

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
                responder: server.responder, server: try certificate.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
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
