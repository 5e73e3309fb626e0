import Foundation
import Kernel
import Logging

/// Writes the log as JSON, an object a line, to standard error.
///
/// `{"time":"2026-11-22T05:00:00.000Z","level":"error","message":"request failed","request":"3k9f2ac-17","route":"/api/ledger"}`;
/// what a message brings along stands beside it under its own name. A line is one `write`, so that lines of several threads
/// never mix. It adds nothing of its own about anybody: what is logged is what the program wrote, which is ids and routes.
struct JSONLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    let clock: Clock
    let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: Takes whole lines, each ending in a line feed. Called from many threads.
    init(clock: Clock, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.clock = clock
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var members: [JSON.Member] = [
            .init("time", .string(clock.now.rfc3339)), .init("level", .string(event.level.rawValue)), .init("message", .string("\(event.message)")),
        ]
        if let error = event.error { members.append(.init("error", .string("\(error)"))) }
        let taken = Set(members.map(\.key))
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            // A name that is taken would stand twice in the object, and readers would differ on which counts.
            members.append(.init(taken.contains(key) ? "metadata." + key : key, Self.json(value)))
        }
        write(JSON.object(members).bytes + [0x0A])
    }

    private static func json(_ value: Logger.MetadataValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values): .object(values.sorted { $0.key < $1.key }.map { JSON.Member($0.key, json($0.value)) })
        }
    }
}

extension LogFormat {
    /// Makes what writes the log to standard error.
    func handler(_ label: String) -> any LogHandler {
        let isText = self == .text || self == .auto && isatty(STDERR_FILENO) == 1
        return isText
            ? StreamLogHandler.standardError(label: label)
            : JSONLog(clock: SystemClock.clock) { line in _ = Foundation.write(STDERR_FILENO, line, line.count) }
    }
}
