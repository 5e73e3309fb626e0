import Dispatch
import Foundation
import Logging
import Synchronization
import Web

/// `sightline serve`: one server in this process, until a signal ends it.
struct ServerProcess {
    /// The main one first.
    let workspaces: [ServedWorkspace]
    let demo: Bool
    /// Whether this server was here a moment ago, and comes back with a backup.
    let isRestarted: Bool
    let terminal: Terminal

    /// Those of the server itself.
    private var settings: Settings { workspaces[0].settings }
    private var lines: StartLines { StartLines(terminal, settings[Known.logFormat], clock: SystemClock.clock) }

    func run() async throws {
        let host = settings[Known.host]
        // Before a folder is made for nothing; but whoever has the folder is named first, as it is likely the one at the port.
        let isNew = !workspaces[0].folder.exists
        if isNew { try ListenAddress.check(host: host, port: settings[Known.port]) }
        var locked: [LockedWorkspace] = []
        for workspace in workspaces {
            locked.append(try await WorkspaceProblem.naming(workspace.host, workspace.folder) { try await lock(workspace) })
        }
        if !isNew { try ListenAddress.check(host: host, port: settings[Known.port]) }
        var logger = Logger(label: "sightline", factory: settings[Known.logFormat].handler)
        logger.logLevel = settings[Known.logLevel].level
        let isTLS = settings[Known.certificate] != nil
        // Whoever closes the terminal of a plain server means to end it; a daemon's SIGHUP never does.
        let isDaemon = isTLS || isatty(STDIN_FILENO) == 0
        // Before anybody can know that it answers: a signal that came while its source is made would be lost.
        let wishes = Wishes()
        let signals = Signals(takesHangUp: isDaemon, hangUp: { wishes.takeCertificateAnew() }, end: { wishes.end() })
        let (server, bound) = try await RunningServer.start(locked, address: (host, settings[Known.port]), logger: logger)
        // From here on the installations have the locks, and let them go one by one when they close.
        locked = []
        wishes.began(server)
        let port = bound ?? settings[Known.port]
        func address(_ workspace: String?) -> String { PageAddress.text(workspace, port: port, settings) }
        for workspace in workspaces { lines.serves(workspace.folder, at: address(workspace.host)) }
        ServiceManager.ready(at: address(nil))
        for nobody in server.withoutPeople {
            try lines.nobodyCanSignIn(to: nobody.host, nobody.folder) { address(nobody.host) + (try nobody.firstLink() ?? "/signin") }
        }
        let demonstration = demo ? Task { await demonstrate(address(nil)) } : nil
        let (how, result) = await server.ended()
        demonstration?.cancel()
        signals.cancel()
        try result.get()
        if how == .restart { try Self.takeOwnPlace() }
    }

    /// Makes the folder where it is missing, and locks it. A command that was quicker, as in a script that starts both, is waited
    /// for; another server is told of, and a server that comes back waits longer, as everybody else's command does for it.
    private func lock(_ workspace: ServedWorkspace) async throws -> LockedWorkspace {
        let folder = workspace.folder
        if try folder.make() { lines.made(folder) }
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .seconds(isRestarted ? 60 : 5) {
            if let lock = try FolderLock.ifFree(folder) { return LockedWorkspace(host: workspace.host, settings: workspace.settings, lock: lock) }
            try await Task.sleep(for: .milliseconds(50))
        }
        return LockedWorkspace(host: workspace.host, settings: workspace.settings, lock: try FolderLock(folder))
    }

    /// The invented company, by the folder's socket as any other command.
    private func demonstrate(_ address: String) async {
        // It ends with the server, and never starts another.
        let client = FolderClient(settings) { _, _ in throw CancellationError() }
        let demonstration = Demonstration(client: client, say: lines.say)
        do {
            try await demonstration.check()
            if lines.arePrivate {
                try welcome(address, try await demonstration.secrets())
            } else {
                lines.say("this is an invented company: docs/demo.md says what there is to find in it, and `sightline token create` makes a token")
            }
            try await demonstration.run(live: true)
        } catch is CancellationError {
        } catch DemonstrationProblem.notEmpty {
            lines.say("The folder has data that is not the invented company's, and is left alone: it is served as it is, and nothing is invented.")
        } catch {
            lines.say("The invented company has stopped: \(Text.cleanLines(Failure.sentence(error)))")
        }
    }

    /// What whoever tries the company out needs.
    private func welcome(_ address: String, _ secrets: (token: String, key: String)) throws {
        try terminal.print(
            """

            This is an invented company: docs/demo.md says what there is to find in it.

              Pages      \(address)     (the first time by the link above, with which you choose a password)
              API token  \(secrets.token)
              Write key  \(secrets.key)

              A customer from the API:
                curl -H 'Authorization: Bearer \(secrets.token)' '\(address)/api/customers?search=ann'
              Something that happens:
                curl -u '\(secrets.key):' -H 'Content-Type: application/json' '\(address)/v1/track' \\
                  -d '{"userId": "ann-1", "event": "Order Placed", "properties": {"order_id": "A-1", "total": 42.5}}'

            Ctrl-C stops it; the data stays in \(settings[Known.data]). The next start makes another token and write key.

            """)
    }

    /// Starts this program again in this process, with the same words. Returns only when that fails.
    private static func takeOwnPlace() throws {
        let again = CommandLine.arguments.contains("--restarted") ? [] : ["--restarted"]
        var words: [UnsafeMutablePointer<CChar>?] = (CommandLine.arguments + again).map { strdup($0) }
        words.append(nil)
        // What is ignored stays ignored in what is executed, and a rebuild may take its time.
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
        execv("/proc/self/exe", &words)
        throw FolderProblem.system("The server cannot start itself again; start it by hand. The backup is staged", errno)
    }
}

/// What signals ask of a server, which may come before there is one.
private final class Wishes: Sendable {
    private let state = Mutex<(server: RunningServer?, end: Bool)>((nil, false))

    func began(_ server: RunningServer) {
        let end = state.withLock { state in
            state.server = server
            return state.end
        }
        if end { server.end(.stop) }
    }

    func end() {
        ServiceManager.stopping()
        let server = state.withLock { state in
            state.end = true
            return state.server
        }
        server?.end(.stop)
    }

    /// Before there is a server its certificate is new anyway.
    func takeCertificateAnew() { state.withLock { $0.server }?.takeCertificateAnew() }
}

/// SIGINT and SIGTERM: the first ends the server in peace, the second at once. SIGHUP: the certificate is taken anew.
private final class Signals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter takesHangUp: False when SIGHUP is to do what it does to every program, which is to end it.
    init(takesHangUp: Bool, hangUp: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "sightline.signals")
        func source(_ number: Int32, _ work: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: work)
            source.resume()
            return source
        }
        var sources = [SIGINT, SIGTERM].map { number in
            source(number) {
                // The system ends the process at the next one.
                for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
                end()
            }
        }
        if takesHangUp { sources.append(source(SIGHUP, hangUp)) }
        self.sources = sources
    }

    func cancel() { for source in sources { source.cancel() } }
}

extension LogLevel {
    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
