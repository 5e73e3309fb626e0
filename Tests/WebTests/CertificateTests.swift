import Foundation
import Kernel
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Web

/// The files on their own; that TLS is spoken with them is tested end to end.
@Suite struct `The certificate's files` {
    private struct Files: ~Copyable {
        let folder: String
        var certificate: String { folder + "/a.pem" }
        var key: String { folder + "/a.key" }

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificate-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try make("1", days: 30)
        }
        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Another pair in the place of what is there.
        func make(_ name: String, days: Int) throws {
            try Self.run(
                [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
                    "-days", "\(days)", "-keyout", key, "-out", certificate,
                ])
        }

        /// Foundation's `Process` breaks now and then when other threads open and close files meanwhile, as other tests do.
        private static func run(_ words: [String]) throws {
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { for argument in arguments { free(argument) } }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            var pid: pid_t = 0
            try #require(posix_spawnp(&pid, words[0], &actions, nil, &arguments, environ) == 0)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 { try #require(errno == EINTR) }
            try #require(status == 0)
        }
    }

    private static let now = Clock { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    @Test func `a look takes changed files, and what cannot be used leaves what was`() throws {
        let files = try Files()
        let log = LogLines()
        let certificate = try Certificate(certificate: files.certificate, key: files.key, clock: Self.now, logger: log.logger)
        let first = certificate.ends
        certificate.look()
        #expect(log.all.isEmpty, "nothing has changed")
        try files.make("2", days: 90)
        certificate.look()
        #expect(certificate.ends - first > 50 * 86_400_000)
        let second = certificate.ends
        try Data("no key".utf8).write(to: URL(fileURLWithPath: files.key))
        certificate.look()
        certificate.look()
        #expect(certificate.ends == second)
        #expect(log.all == ["the certificate was taken anew", "the new certificate cannot be used, the one before stays"], "each told once")
        try files.make("3", days: 120)
        certificate.look()
        #expect(certificate.ends > second)
    }

    @Test func `an end that comes near is told once a day`() throws {
        let files = try Files()
        let log = LogLines()
        let time = Mutex(Self.now.now)
        let clock = Clock { time.withLock { $0 } }
        let certificate = try Certificate(certificate: files.certificate, key: files.key, clock: clock, logger: log.logger)
        #expect(log.all.isEmpty)
        time.withLock { $0 = certificate.ends + -Certificate.notice }
        certificate.look()
        #expect(log.all.isEmpty, "not one moment early")
        time.withLock { $0 = $0 + 1 }
        certificate.look()
        certificate.look()
        #expect(log.all == ["the certificate expires soon"])
        time.withLock { $0 = certificate.ends }
        certificate.look()
        #expect(log.all.last == "the certificate has expired")
        #expect(log.all.count == 2)
    }

    @Test(.timeLimit(.minutes(15))) func `whoever connects and begins no handshake, or none to its end, is cut off`() async throws {
        let files = try Files()
        let certificate = try Certificate(certificate: files.certificate, key: files.key, clock: Self.now, logger: TestServer.quiet)
        try await TestServer.run({
            $0.idle = 1
            $0.certificate = certificate
        }) { (server) async throws in
            // Nothing; the beginning of a hello; and what is none.
            for bytes in [[], [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], Array("GET / HTTP/1.1\r\n\r\n".utf8)] as [[UInt8]] {
                do {
                    try await Wire.open(.port(server.port)) { wire in
                        if !bytes.isEmpty { try? await wire.send(bytes) }
                        #expect(await wire.answer() == nil, "the server has closed it, and spoke no HTTP")
                    }
                } catch ChannelError.ioOnClosedChannel {
                    // On a busy machine it is cut off before anything is sent.
                }
            }
            // Cut off it may be too, where a second is soon over.
            var status = 0
            for _ in 0..<60 where status != 200 { status = (try? await server.send("GET", "/health", bySocket: true).status) ?? 0 }
            #expect(status == 200)
        }
    }

    @Test func `a file that goes away is told, and what was stays`() throws {
        let files = try Files()
        let log = LogLines()
        let certificate = try Certificate(certificate: files.certificate, key: files.key, clock: Self.now, logger: log.logger)
        try FileManager.default.removeItem(atPath: files.certificate)
        certificate.look()
        #expect(log.all == ["the new certificate cannot be used, the one before stays"])
    }
}

/// Keeps the messages that were logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { [self] _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.message)") } }
    }
}
