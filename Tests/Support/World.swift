import Foundation
import GRDB
package import Identity
package import Kernel
package import Ledger
import Logging
package import Pipeline
package import Store
import Synchronization
package import Timeline

/// A data folder of its own, and interactions put straight into its ledger.
package final class World: Sendable {
    package let folder: String
    package let ledger: Ledger
    package let store: Store
    package let pipeline: Pipeline
    private let counter = Mutex(0)

    package static let start = Instant("2026-05-03T10:00:00Z")!
    package static let randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }

    package init(
        _ folder: String? = nil, rules: IdentityRules = .standard, reactions: [any Reaction] = [], window: UInt32 = 30 * 86_400, mergeAt: Int? = nil,
        restAt: Int = 20_000,
        mostCustomers: Int = Resolver.maximumCustomers
    ) async throws {
        let folder = folder ?? NSTemporaryDirectory() + "sightline-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        let clock = Clock { World.start }
        ledger = try Ledger(path: folder + "/ledger.db", randomness: Self.randomness, clock: clock)
        store = try Store(path: folder + "/state.db", migrations: Identity.migrations + Pipeline.migrations + reactions.flatMap(\.migrations))
        var options = Pipeline.Options(clock: clock) { _, _ in rules }
        options.window = window
        options.mergeAt = mergeAt
        options.restAt = restAt
        options.mostCustomers = mostCustomers
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        pipeline = try await Pipeline(
            .init(ledger: ledger, store: store, timeline: folder + "/timeline"), reactions: reactions, options: options, logger: logger)
    }

    /// Stops everything and opens the folder again.
    package func reopened(rules: IdentityRules = .standard, reactions: [any Reaction] = [], mergeAt: Int? = nil, losing files: [String] = [])
        async throws -> World
    {
        await close()
        for f in files { try? FileManager.default.removeItem(atPath: folder + "/" + f) }
        return try await World(folder, rules: rules, reactions: reactions, mergeAt: mergeAt)
    }

    package func close() async {
        await pipeline.stop()
        await ledger.close()
        try? store.close()
    }

    package func remove() async {
        await close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// One interaction, not yet in the ledger.
    package struct Said: Sendable {
        package var ids: [(IdentifierKind, String)]
        package var name = "Page Viewed"
        package var message: String?
        package var seconds: Int64 = 0
        package var received: Int64 = 0
        package var type = CallType.track
        package var properties: JSON?
        package var value: Double?
        package var channel = Channel.web
        package var direction = Direction.in
        package var source: UInt16 = 0

        package init(_ ids: (IdentifierKind, String)..., name: String = "Page Viewed", message: String? = nil, at seconds: Int64 = 0) {
            self.ids = ids
            self.name = name
            self.message = message
            self.seconds = seconds
        }
    }

    package func batch(_ all: [Said]) -> Batch {
        var batch = Batch()
        for s in all {
            let n = counter.withLock {
                $0 += 1
                return $0
            }
            let message = s.message ?? "m-\(n)"
            var header = RecordHeader(
                at: Self.start + s.seconds * 1000, receivedAt: Self.start + s.received * 1000, message: ledger.key.message(message))
            header.type = s.type
            header.value = s.value
            header.channel = s.channel
            header.direction = s.direction
            header.source = s.source
            batch.append(header, name: s.name, messageID: message, identifiers: s.ids, properties: s.properties)
        }
        return batch
    }

    /// Appends and waits until it is concluded.
    @discardableResult package func say(_ all: [Said]) async throws -> Position {
        let position = try await ledger.append(batch(all))
        while await !pipeline.wait(for: position.body) {}
        return position
    }
    package func say(_ s: Said...) async throws { try await say(s) }

    /// The person an identifier leads to.
    package func person(_ kind: IdentifierKind, _ value: String) throws -> UInt32? {
        let raw = try store.read {
            try UInt32.fetchOne($0, sql: "SELECT customer_id FROM identifier WHERE kind = ? AND value = ?", arguments: [kind.rawValue, value])
        }
        return raw.map { pipeline.people.root($0) }
    }

    /// The persons as sets of identifiers.
    package func partition() throws -> Set<Set<String>> {
        let rows = try store.read { db in
            try Row.fetchAll(db, sql: "SELECT kind, value, customer_id FROM identifier").map { row -> (String, UInt32) in
                let kind: Int = row[0]
                let value: String = row[1]
                return ("\(kind):\(value)", row[2])
            }
        }
        return Set(Dictionary(grouping: rows) { pipeline.people.root($0.1) }.values.map { Set($0.map(\.0)) })
    }

    /// The person's marks as text, newest first.
    package func told(_ customer: UInt32) -> [String] { marks(customer).map { "\($0.position) \($0.second) \($0.channel) \($0.value)" } }

    /// All marks of the timeline, and those that are in no snapshot yet.
    package var markCounts: (all: Int, recent: Int) { (pipeline.timeline.marks, pipeline.timeline.recent) }

    package func marks(_ customer: UInt32) -> [Mark] {
        var out: [Mark] = []
        pipeline.timeline.newest(pipeline.people.members(of: customer), limit: .max, into: &out)
        return out
    }
}
