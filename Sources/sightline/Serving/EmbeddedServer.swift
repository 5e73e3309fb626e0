import Logging

/// The server that a command starts when no other has the folder open: on the folder's socket alone, and without a word.
enum EmbeddedServer {
    static let start: StartServer = { settings, lock in
        var logger = Logger(label: "sightline") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return try await RunningServer.start([LockedWorkspace(host: nil, settings: settings, lock: lock)], address: nil, logger: logger).server
    }
}
