import Access
import Audiences
import Consent
import Customers
import Delivery
import Foundation
import Identity
import Kernel
import Ledger
import Logging
import Notes
import Pipeline
import Store
import Synchronization

/// A data folder opened in this process, as the server opens it.
struct House: Sendable {
    let folder: String
    let ledger: Ledger
    let store: Store
    let pipeline: Pipeline
    let customers: Customers
    let membership = Membership()
    let randomness: Randomness
    let clock: Clock
    let logger: Logger
    /// Seconds that opening took.
    let took: Double

    init(_ folder: String) async throws {
        let began = seconds()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        randomness = Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }
        clock = Clock { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
        self.folder = folder
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        self.logger = logger
        ledger = try Ledger(path: folder + "/ledger.db", randomness: randomness, clock: clock)
        let ledger = ledger
        let reactions: [any Reaction] = [
            ArrivalsReaction(), CustomersReaction(), NotesReaction(), ConsentReaction { ledger.vocabulary }, MembershipReaction(membership),
            WebhookReaction(Outbox(channel: WebhookDefinition.kind), OutboxNews(), clock: clock),
        ]
        store = try Store(
            path: folder + "/state.db", migrations: Identity.migrations + Pipeline.migrations + reactions.flatMap(\.migrations))
        pipeline = try await Pipeline(
            .init(ledger: ledger, store: store, timeline: folder + "/timeline"), reactions: reactions,
            options: .init(clock: clock) { _, _ in .standard },
            logger: logger)
        customers = Customers(store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: clock) { _ in nil }
        took = seconds() - began
    }

    func close() async {
        await pipeline.stop()
        await ledger.close()
        try? store.close()
    }

    /// Appends batches with some in flight, as connections would; returns the newest body when all are acknowledged.
    func append(inFlight: Int, _ next: @escaping @Sendable (Int) -> Batch?) async throws -> Int64 {
        let counter = Counter()
        let ledger = ledger
        return try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    var newest: Int64 = 0
                    while let batch = next(counter.next()) { newest = max(newest, try await ledger.append(batch).body) }
                    return newest
                }
            }
            return try await group.reduce(0) { max($0, $1) }
        }
    }
}

final class Counter: Sendable {
    private let n = Mutex(0)
    func next() -> Int {
        n.withLock {
            $0 += 1
            return $0 - 1
        }
    }
}
