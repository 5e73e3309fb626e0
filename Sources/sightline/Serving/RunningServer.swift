import Access
import Foundation
import Kernel
import Logging
import ServiceLifecycle
import Synchronization
import Web

/// A server on one or more open folders: from the moment it answers until it has ended.
final class RunningServer: OwnServer {
    private struct State {
        var end: ServerEnd?
        var group: ServiceGroup?
        var waiting: [CheckedContinuation<Void, Never>] = []
        var result: Result<Void, any Error>?
    }

    private let installations: [Installation]
    private let certificate: Certificate?
    private let state = Mutex(State())

    /// How long connections that are busy may hold up the end.
    static let patience = Duration.seconds(6)

    /// Opens the folders and starts to answer; returns when it does. When one of them cannot be opened, all are let go.
    /// - Parameters:
    ///   - workspaces: The main one first.
    ///   - address: Where to listen beside the folders' sockets; nil for nowhere else.
    /// - Returns: The server, and the port it listens on, when it does.
    static func start(
        _ workspaces: [LockedWorkspace], address: (host: String, port: Int)?, logger: Logger
    ) async throws -> (server: RunningServer, port: Int?) {
        guard let settings = workspaces.first?.settings else { preconditionFailure("a server serves at least the main folder") }
        // What commands ask by the socket alone is no access from outside.
        let accessLog = try address == nil ? nil : settings[Known.accessLog].map(AccessLog.init)
        let certificate = try address == nil ? nil : Self.certificate(settings, logger)
        let server = RunningServer(try await open(workspaces, logger), certificate)
        let ready = Ready(expected: workspaces.count + (address == nil ? 0 : 1))
        var options = Server.Settings()
        options.address = address
        options.proxies = settings[Known.proxies]
        options.certificate = certificate
        options.threads = settings[Known.threads]
        let pages = PageAddress(settings)
        options.listening = { port in
            pages.listening(at: port)
            ready.listening(port)
        }
        var quiet = logger
        // Hummingbird tells that it listens; so do we.
        if logger.logLevel == .info { quiet.logLevel = .notice }
        let web: Server
        do {
            let sites = try server.installations.map { installation in
                unlink(installation.folder.socket)
                // Pages are for browsers, and no browser reaches a socket.
                return try installation.site(options.forwarding, pages: address == nil ? nil : pages, accessLog: accessLog) { server.end($0) }
            }
            let others = zip(workspaces, sites).dropFirst().map { (host: $0.host ?? "", site: $1) }
            web = Server(Hosts(main: sites[0], mainHosts: settings[Known.mainHosts], workspaces: others), options, logger: quiet)
        } catch {
            for installation in server.installations { await installation.close() }
            throw error
        }
        server.run(web, isServing: address != nil) { ready.failed($0) }
        do {
            return (server, try await ready.wait())
        } catch {
            await server.ended()
            throw error
        }
    }

    /// Opens all folders, one after the other, or none.
    private static func open(_ workspaces: [LockedWorkspace], _ logger: Logger) async throws -> [Installation] {
        var opened: [Installation] = []
        do {
            for workspace in workspaces {
                var own = logger
                if workspaces.count > 1 { own[metadataKey: "workspace"] = .string(workspace.host ?? Installation.mainName) }
                let installation = try await WorkspaceProblem.naming(workspace.host, workspace.lock.folder) {
                    try await Installation(workspace, logger: own)
                }
                opened.append(installation)
            }
        } catch {
            for installation in opened { await installation.close() }
            throw error
        }
        return opened
    }

    private init(_ installations: [Installation], _ certificate: Certificate?) {
        self.installations = installations
        self.certificate = certificate
    }

    private static func certificate(_ settings: Settings, _ logger: Logger) throws -> Certificate? {
        guard let certificate = settings[Known.certificate], let key = settings[Known.certificateKey] else { return nil }
        return try Certificate(certificate: certificate, key: key, clock: SystemClock.clock, logger: logger)
    }

    private func run(_ web: Server, isServing: Bool, failed: @escaping @Sendable (any Error) -> Void) {
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: web)] + installations.flatMap { $0.services.map { .init(service: $0) } }, logger: Self.silent)
        // A command that has the folder for a moment is no time to make backups, or to tell others what happened.
        if isServing {
            configuration.services += installations.map { .init(service: $0.backups) }
            configuration.services += installations.map { .init(service: DeliveryKeeping(webhooks: $0.webhooks)) }
        }
        if let certificate { configuration.services.append(.init(service: certificate)) }
        configuration.maximumGracefulShutdownDuration = Self.patience
        let group = ServiceGroup(configuration: configuration)
        state.withLock { $0.group = group }
        Task.detached { [self] in
            let result: Result<Void, any Error>
            do {
                try await group.run()
                result = .success(())
            } catch is CancellationError {
                result = .success(())  // connections that were still busy after our patience were cut
            } catch {
                result = .failure(error)
                failed(error)
            }
            for installation in installations { await installation.close() }
            let waiting = state.withLock { state in
                state.result = result
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }
    }

    /// ServiceLifecycle tells every start and stop; ours says what matters.
    private static let silent = Logger(label: "sightline.lifecycle") { _ in SwiftLogNoOpLogHandler() }

    /// Begins to end; the first word counts.
    func end(_ how: ServerEnd) {
        let group = state.withLock { state in
            if state.end == nil { state.end = how }
            return state.group
        }
        guard let group else { return }
        Task { await group.triggerGracefulShutdown() }
    }

    /// Waits for the end.
    /// - Returns: How it ended, when somebody ended it.
    @discardableResult func ended() async -> (how: ServerEnd?, result: Result<Void, any Error>) {
        await withCheckedContinuation { continuation in
            let over = state.withLock { state in
                if state.result == nil { state.waiting.append(continuation) }
                return state.result != nil
            }
            if over { continuation.resume() }
        }
        return state.withLock { ($0.end, $0.result ?? .success(())) }
    }

    /// The workspaces where nobody can sign in yet: each one's host (nil for the main one), and what makes the path of the page on
    /// which its first administrator comes in; nil when somebody was quicker.
    var withoutPeople: [(host: String?, folder: DataFolder, firstLink: () throws -> String?)] {
        installations.filter { $0.staff.isEmpty }.map { installation in
            (installation.host, installation.folder, { try installation.staff.firstLink().map { OneTimeLink.path($0.secret) } })
        }
    }

    /// Takes the certificate's files anew; nothing without one.
    func takeCertificateAnew() { certificate?.takeAnew() }

    func stop() async {
        end(.stop)
        await ended()
    }
}

/// Waits until all listeners of a server are up.
private final class Ready: Sendable {
    private struct State {
        var missing: Int
        var port: Int?
        var failure: (any Error)?
        var waiting: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    init(expected: Int) { state = Mutex(State(missing: expected)) }

    func listening(_ port: Int?) {
        change { state in
            state.missing -= 1
            if let port { state.port = port }
        }
    }
    func failed(_ error: any Error) { change { $0.failure = error } }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            guard state.missing <= 0 || state.failure != nil else { return nil }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    func wait() async throws -> Int? {
        await withCheckedContinuation { continuation in
            let over = state.withLock { state in
                if state.missing <= 0 || state.failure != nil { return true }
                state.waiting = continuation
                return false
            }
            if over { continuation.resume() }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.port
        }
    }
}
