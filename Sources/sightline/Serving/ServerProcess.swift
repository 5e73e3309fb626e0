import Dispatch
import Foundation
import Logging

/// `sightline serve`: one server in this process, until a signal ends it.
struct ServerProcess {
    let settings: Settings
    let demo: Bool
    let terminal: Terminal

    func run() async throws {
        let folder = DataFolder(settings[Known.data])
        try folder.make()
        let lock = try FolderLock(folder)
        var logger = Logger(label: "sightline") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = settings[Known.logLevel].level
        let host = settings[Known.host]
        let (server, port) = try await RunningServer.start(settings, lock, address: (host, settings[Known.port]), logger: logger)
        let signals = Signals { server.end(.stop) }
        try? terminal.print("Sightline serves \(folder.path) at http://\(host.contains(":") ? "[\(host)]" : host):\(port ?? settings[Known.port])")
        let demonstration = demo ? Task { await demonstrate() } : nil
        let (how, result) = await server.ended()
        demonstration?.cancel()
        signals.cancel()
        try result.get()
        if how == .restart { try Self.takeOwnPlace() }
    }

    /// The invented company, by the folder's socket as any other command.
    private func demonstrate() async {
        // It ends with the server, and never starts another.
        let client = FolderClient(settings) { _, _ in throw CancellationError() }
        do {
            try await Demonstration(client: client, terminal: terminal).run(live: true)
        } catch is CancellationError {
        } catch {
            terminal.say("The invented company has stopped: \(Text.cleanLines(Failure.sentence(error)))")
        }
    }

    /// Starts this program again in this process, with the same words. Returns only when that fails.
    private static func takeOwnPlace() throws {
        var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        words.append(nil)
        // What is ignored stays ignored in what is executed, and a rebuild may take its time.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        execv("/proc/self/exe", &words)
        throw FolderProblem.system("The server cannot start itself again; start it by hand. The backup is staged", errno)
    }
}

/// SIGINT and SIGTERM: the first ends the server in peace, the second at once.
private final class Signals {
    private let sources: [any DispatchSourceSignal]

    init(_ end: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "sightline.signals")
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // The system ends the process at the next one.
                for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
                end()
            }
            source.resume()
            return source
        }
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
