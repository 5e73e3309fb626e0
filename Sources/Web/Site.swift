import Collect
package import Hummingbird

/// What answers for one workspace: all its routes, behind all middleware. It shares nothing with other sites of the server.
package struct Site: Sendable {
    /// What one site has to itself.
    package struct Settings: Sendable {
        /// The workspace's name in logs; nil where there is only one.
        package var name: String?
        /// The path of the Unix socket, at most 103 bytes (see ``SocketPath``); nil for none.
        package var socket: String?
        /// The web origins whose pages may send to `/v1`; nil for any.
        package var origins: Set<String>?
        /// Takes the lines of the access log; nil for none.
        package var accessLog: (@Sendable ([UInt8]) -> Void)?
        /// What is believed of where requests come from.
        package var forwarding = Forwarding()

        package init() {}
    }

    let settings: Settings
    let live: Live
    let responder: RouterResponder<Context>
    /// Of all routes, in bytes.
    let largestBody: Int

    /// - Parameter console: The pages for people; nil for an API without them.
    package init(_ services: Services, _ settings: Settings, console: Console? = nil) {
        self.settings = settings
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
        if let write = settings.accessLog {
            router.add(middleware: AccessLogMiddleware(clock: services.clock, workspace: settings.name, write: write))
        }
        router.add(middleware: CORSMiddleware(origins: settings.origins))
        let page = console.map { console in { @Sendable in try await console.answer($0, $1, authentication) } as Endpoint.Handler }
        router.add(middleware: ProblemMiddleware(methods: MethodTable(endpoints), page: page))
        router.add(endpoints, authentication, Recorder(audit: services.audit, clock: services.clock))
        return router
    }
}
