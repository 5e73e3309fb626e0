import Customers
import Foundation
import Kernel
import Ledger
import Logging
import Pipeline
import Store
import Synchronization
import TestSupport

@testable import Delivery

/// A world in which webhooks are told, with a clock that stands where it is put.
final class DeliveryWorld: Sendable {
    let world: World
    let reaction: WebhookReaction
    let accessStore: Store
    let webhooks: Webhooks
    let clock: TestClock

    final class TestClock: Sendable {
        private let moment: Mutex<Instant>
        init(_ start: Instant) { moment = Mutex(start) }
        var now: Instant { moment.withLock { $0 } }
        func advance(_ milliseconds: Int64) { moment.withLock { $0 = $0 + milliseconds } }
    }

    init(_ folder: String? = nil, clock: TestClock = TestClock(World.start), networks: [String] = ["127.0.0.0/8"], limit: Int = 300_000) async throws
    {
        let folder = folder ?? NSTemporaryDirectory() + "sightline-" + UUID().uuidString
        self.clock = clock
        let time = Clock { clock.now }
        reaction = WebhookReaction(Outbox(channel: "webhook"), OutboxNews(), clock: time)
        world = try await World(folder, reactions: [CustomersReaction(), reaction])
        accessStore = try Store(path: folder + "/access.db", migrations: WebhookSecrets.migrations, isDurable: true)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let world = world
        let customers = Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: time, sourceName: { _ in "shop" }
        )
        var parts = Webhooks.Parts(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, customers: customers,
            secrets: try WebhookSecrets(store: accessStore, randomness: World.randomness), reaction: reaction,
            reach: Reach(allowed: networks.compactMap { AddressRange($0) }), clock: time, randomness: World.randomness,
            sourceName: { _ in "shop" }, version: "1.2.3", logger: logger)
        parts.limit = limit
        webhooks = Webhooks(parts)
    }

    /// Calls the body with a world, and takes it away.
    static func run<R>(networks: [String] = ["127.0.0.0/8"], limit: Int = 300_000, _ body: (DeliveryWorld) async throws -> R) async throws -> R {
        let made = try await DeliveryWorld(networks: networks, limit: limit)
        do {
            let result = try await body(made)
            await made.remove()
            return result
        } catch {
            await made.remove()
            throw error
        }
    }

    func close() async {
        await webhooks.stop()
        await world.close()
        try? accessStore.close()
    }

    func remove() async {
        await close()
        try? FileManager.default.removeItem(atPath: world.folder)
    }

    /// Ends, loses files, and opens the folder again.
    func reopened(losing files: [String] = []) async throws -> DeliveryWorld {
        await close()
        for file in files { try? FileManager.default.removeItem(atPath: world.folder + "/" + file) }
        return try await DeliveryWorld(world.folder, clock: clock)
    }
    static let state = ["state.db", "state.db-wal", "state.db-shm", "timeline"]

    func define(_ documents: [String: String]) async throws {
        _ = try await world.pipeline.perform(.define(documents: documents, author: "Ann"), randomness: World.randomness)
    }

    /// Puts a webhook in force that hears of these.
    func hook(_ key: String = "crm", to url: String = "https://crm.example.com/", _ interactions: String = "[Order Completed]", more: String = "")
        async throws
    {
        try await define(["webhook/\(key)": "webhook:\n  key: \(key)\n  name: CRM\n  url: '\(url)'\n  interactions: \(interactions)\n\(more)"])
    }

    /// An order of Ann's, now.
    @discardableResult func order(_ email: String = "ann@example.com", name: String = "Order Completed", total: Int64 = 5) async throws -> Position {
        var said = World.Said((.email, email), name: name)
        said.seconds = (clock.now - World.start) / 1000
        said.received = said.seconds
        said.properties = ["total": .integer(total)]
        return try await world.say([said])
    }

    /// What Sightline says itself of a customer.
    func ours(_ name: String, _ properties: JSON, of email: String = "ann@example.com") async throws {
        guard let raw = try world.person(.email, email) else { return }
        var said = World.Said((.customer, CustomerID(raw: raw).description), name: name)
        said.direction = .internal
        said.seconds = (clock.now - World.start) / 1000
        said.received = said.seconds
        said.properties = properties
        try await world.say([said])
    }

    func messages(_ key: String = "crm", _ state: OutboxMessage.State? = nil) throws -> [Webhooks.Message] {
        try webhooks.messages(of: key, state, limit: 1_000)
    }

    /// Waits until something holds: what a machine under load takes longer for still comes to be.
    func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
        for _ in 0..<6_000 {
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Late(what: what)
    }
    struct Late: Error { var what: String }
}
