import Access
import Foundation
import Kernel
import Logging
import ServiceLifecycle
import Synchronization
import Web

/// A server on an open folder: from the moment it answers until it has ended.
final class RunningServer: OwnServer {
    private struct State {
        var end: ServerEnd?
        var group: ServiceGroup?
        var waiting: [CheckedContinuation<Void, Never>] = []
        var result: Result<Void, any Error>?
    }

    private let installation: Installation
    private let lock: FolderLock
    private let certificate: Certificate?
    private let state = Mutex(State())

    /// How long connections that are busy may hold up the end.
    static let patience = Duration.seconds(6)

    /// Opens the folder and starts to answer; returns when it does.
    /// - Parameter address: Where to listen beside the folder's socket; nil for nowhere else.
    /// - Returns: The server, and the port it listens on, when it does.
    static func start(
        _ settings: Settings, _ lock: FolderLock, address: (host: String, port: Int)?, logger: Logger
    ) async throws -> (server: RunningServer, port: Int?) {
        // What commands ask by the socket alone is no access from outside.
        let accessLog = try address == nil ? nil : settings[Known.accessLog].map(AccessLog.init)
        let certificate = try address == nil ? nil : Self.certificate(settings, logger)
        let installation = try await Installation(lock, settings, logger: logger)
        let server = RunningServer(installation, lock, certificate)
        let ready = Ready(expected: address == nil ? 1 : 2)
        var options = Server.Settings()
        options.address = address
        options.socket = lock.folder.socket
        options.proxies = settings[Known.proxies]
        options.certificate = certificate
        options.listening = { ready.listening($0) }
        unlink(lock.folder.socket)
        var quiet = logger
        // Hummingbird tells that it listens; so do we.
        if logger.logLevel == .info { quiet.logLevel = .notice }
        let origins = settings[Known.origins]
        options.origins = origins.contains("*") ? nil : Set(origins)
        options.threads = settings[Known.threads]
        if let accessLog { options.accessLog = { accessLog.write($0) } }
        let services = installation.services { server.end($0) }
        let web: Server
        do {
            // Pages are for browsers, and no browser reaches a socket.
            web = Server(services, options, console: address == nil ? nil : try installation.console(services), logger: quiet)
        } catch {
            await installation.close()
            throw error
        }
        server.run(web, logger) { ready.failed($0) }
        do {
            return (server, try await ready.wait())
        } catch {
            await server.ended()
            throw error
        }
    }

    private init(_ installation: Installation, _ lock: FolderLock, _ certificate: Certificate?) {
        self.installation = installation
        self.lock = lock
        self.certificate = certificate
    }

    private static func certificate(_ settings: Settings, _ logger: Logger) throws -> Certificate? {
        guard let certificate = settings[Known.certificate], let key = settings[Known.certificateKey] else { return nil }
        return try Certificate(certificate: certificate, key: key, clock: SystemClock.clock, logger: logger)
    }

    private func run(_ web: Server, _ logger: Logger, failed: @escaping @Sendable (any Error) -> Void) {
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: web), .init(service: installation.live), .init(service: AccessKeeping(installation: installation)),
                .init(service: CustomersKeeping(customers: installation.customers, logger: logger)),
            ],
            logger: Self.silent)
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
            await installation.close()
            unlink(installation.folder.socket)
            lock.release()
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

    /// The path of a page on which the first administrator comes in; nil when somebody can sign in already.
    func firstLink() throws -> String? { try installation.staff.firstLink().map { OneTimeLink.path($0.secret) } }

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
