import Access
import Audiences
import Audit
import Collect
import Consent
import Customers
import Definitions
import Delivery
import Formula
import Foundation
import Identity
import Kernel
import Ledger
import Logging
import Notes
import Pipeline
import ServiceLifecycle
import Store
import Synchronization
import Web

/// A server with real services on a folder of its own, listening at a free port and a Unix socket.
struct TestServer: Sendable {
    let port: Int
    let socket: String
    let services: Services
    let time: TestClock
    let operations: TestOperations

    /// Starts one, calls the body, stops it gracefully and removes its folder.
    static func run<R: Sendable>(
        _ change: (inout Server.Settings) -> Void = { _ in }, site changeSite: (inout Site.Settings) -> Void = { _ in },
        ledger: Ledger.Options = .init(), pages: Bool = false,
        _ body: @escaping @Sendable (TestServer) async throws -> R
    ) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("web-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let time = TestClock()
        let operations = TestOperations()
        let services = try await make(folder, time, operations, ledger)
        var settings = Server.Settings()
        settings.address = ("127.0.0.1", 0)
        let ports = AsyncStream.makeStream(of: Int?.self)
        settings.listening = { ports.continuation.yield($0) }
        change(&settings)
        var ofSite = Site.Settings()
        ofSite.socket = folder + "/sightline.sock"
        ofSite.forwarding = settings.forwarding
        changeSite(&ofSite)
        let console = try pages ? Self.console(services) : nil
        let group = ServiceGroup(
            configuration: .init(
                services: [services.live, Server(Hosts(others: Site(services, ofSite, console: console)), settings, logger: Self.quiet)],
                logger: Self.quiet))
        let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var port = 0
            var waiting = ports.stream.makeAsyncIterator()
            for _ in 0..<[settings.address == nil, ofSite.socket == nil].filter({ !$0 }).count {
                if let found = await waiting.next() ?? nil { port = found }
            }
            let server = TestServer(port: port, socket: ofSite.socket ?? "", services: services, time: time, operations: operations)
            let result = await Result { try await body(server) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
        await services.audiences.engine.stop()
        await services.webhooks.stop()
        await services.pipeline.stop()
        await services.ledger.close()
        return try result.get()
    }

    /// The pages, with the resources of the source folder.
    private static func console(_ services: Services) throws -> Console {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Sources/Web/Resources").standardized
            .path
        let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        let workspace: @Sendable () -> Workspace = { Workspace(name: "Test", timeZone: "UTC") }
        return Console(
            services: ConsoleServices(services, workspace: workspace, randomness: randomness, logger: quiet), resources: try Resources(folder: folder)
        )
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func make(_ folder: String, _ time: TestClock, _ operations: TestOperations, _ options: Ledger.Options) async throws -> Services {
        let random = Mutex(SeededRandom(seed: 7))
        let randomness = Randomness { count in random.withLock { random in (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } } }
        let ledger = try Ledger(path: folder + "/ledger.db", options: options, randomness: randomness, clock: time.clock)
        let membership = Membership()
        let webhookReaction = WebhookReaction(Outbox(channel: "webhook"), OutboxNews(), clock: time.clock)
        let reactions: [any Reaction] = [
            ArrivalsReaction(), CustomersReaction(), NotesReaction(), ConsentReaction { ledger.vocabulary },
            MembershipReaction(membership), webhookReaction,
        ]
        let migrations = Identity.migrations + Pipeline.migrations + reactions.flatMap(\.migrations)
        let store = try Store(path: folder + "/state.db", migrations: migrations)
        let accessStore = try Store(
            path: folder + "/access.db", migrations: Access.migrations + Staff.migrations + Audit.migrations + WebhookSecrets.migrations,
            isDurable: true)
        let access = try Access(store: accessStore, clock: time.clock, randomness: randomness)
        let pipeline = try await Pipeline(
            .init(ledger: ledger, store: store, timeline: folder + "/timeline"), reactions: reactions,
            options: .init(clock: time.clock, rules: { _, _ in .standard }), logger: quiet)
        let collector = try Collector(identity: .standard, vocabulary: ledger.vocabulary, fingerprints: ledger.key, randomness: randomness)
        let customers = Customers(
            store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: time.clock, sourceName: { access.name(ofSource: $0) })
        // A test that needs them starts them.
        let webhooks = Webhooks(
            .init(
                store: store, ledger: ledger, pipeline: pipeline, customers: customers,
                secrets: try WebhookSecrets(store: accessStore, randomness: randomness), reaction: webhookReaction,
                reach: Reach(allowed: [AddressRange("127.0.0.1")].compactMap { $0 }), clock: time.clock, randomness: randomness,
                sourceName: { access.name(ofSource: $0) }, version: "1.2.3", logger: quiet))
        let engine = AudienceEngine(
            ledger: ledger, store: store, pipeline: pipeline, membership: membership, randomness: randomness, clock: time.clock, logger: quiet,
            pause: 100
        ) {
            var known = Company.Known(channels: Set(Channel.builtIn), identifierKinds: ["email", "phone", "user_id"])
            known.takesAllNames = true
            return (Company(DefinitionBook.blueprint(pipeline.definitions), known), .utc)
        }
        var services = Services(
            access: access, staff: try Staff(store: accessStore, clock: time.clock, randomness: randomness), audit: try Audit(store: accessStore),
            collector: { collector }, ledger: ledger, pipeline: pipeline, customers: customers,
            notes: Notes(store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: time.clock),
            consents: Consents(store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: time.clock),
            audiences: Audiences(store: store, engine: engine), webhooks: webhooks, operations: operations,
            live: Live(pipeline) {
                try customers.newest(after: $0, upTo: $1, limit: $2)
            } name: {
                try customers.name(of: $0)
            },
            definitions: DefinitionBook(
                kinds: TestKinds.withFormulas,
                shelf: LedgerShelf(pipeline: pipeline, ledger: ledger, randomness: randomness) { _ in ([], []) }), clock: time.clock,
            version: "1.2.3")
        services.privacy = { Privacy(DefinitionBook.blueprint(pipeline.definitions).definition(PrivacyDefinition.self)) }
        return services
    }
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let now = Mutex(Instant(milliseconds: 1_790_000_000_000))
    var clock: Clock { Clock { self.now.withLock { $0 } } }
    func advance(_ milliseconds: Int64) { now.withLock { $0 = $0 + milliseconds } }
}

/// Remembers what it was asked.
final class TestOperations: Operations {
    let asked = Mutex<[String]>([])
    private func note(_ text: String) -> JSON {
        asked.withLock { $0.append(text) }
        return ["done": .string(text)]
    }
    func backup(to folder: String?) async throws -> JSON { note("backup \(folder ?? "by itself")") }
    func beginBackup() throws { _ = note("begin a backup") }
    func backups() async throws -> BackupsOverview {
        var overview = BackupsOverview(data: "/data", every: 86_400_000, keep: 7 * 86_400_000, weeks: 8)
        overview.folder = "/backups"
        return overview
    }
    var backupFigures: BackupFigures? { BackupFigures(lastSound: Instant(milliseconds: 1_790_000_000_500), failures: 2) }
    func restore(from folder: String, keepReplaced: Bool) async throws -> JSON { note("restore \(folder)\(keepReplaced ? " keeping" : "")") }
}

extension TestServer {
    /// One request on a connection of its own. Without `host` of a body it has none.
    func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil, bySocket: Bool = false
    ) async throws -> Answer {
        try await Wire.open(bySocket ? .socket(socket) : .port(port)) { wire in
            var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            if let body { head += "Content-Length: \(body.count)\r\n" }
            try await wire.send(Array((head + "\r\n").utf8) + (body ?? []))
            guard let answer = await wire.answer(toHead: method == "HEAD") else { throw TestProblem.noAnswer }
            return answer
        }
    }
    func send(_ method: String, _ path: String, headers: [(String, String)] = [], json: String, bySocket: Bool = false) async throws -> Answer {
        try await send(method, path, headers: headers + [("Content-Type", "application/json")], body: Array(json.utf8), bySocket: bySocket)
    }
    /// A request with a fresh token of the role.
    func send(_ method: String, _ path: String, as role: Role, json: String? = nil) async throws -> Answer {
        try await send(method, path, headers: [("Authorization", "Bearer \(try token(role))")], body: json.map { Array($0.utf8) })
    }
    func token(_ role: Role) throws -> String { try services.access.createToken(name: UUID().uuidString, role: role).secret }
    func key(_ name: String = UUID().uuidString) throws -> String { try services.access.createKey(name: name).secret }
    /// The header of a write key.
    static func basic(_ key: String) -> (String, String) { ("Authorization", "Basic " + Data((key + ":").utf8).base64EncodedString()) }
}

enum TestProblem: Error { case noAnswer }

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
