import Consent
import Customers
import Definitions
import Formula
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Logging
import Pipeline
import Simdjson
import Store
import Synchronization
import TestSupport
import Timeline

@testable import Audiences

/// A world in which audiences are kept, with a clock that stands where it is put.
final class AudienceWorld: Sendable {
    let world: World
    let engine: AudienceEngine
    let audiences: Audiences

    init(_ folder: String? = nil, at start: Instant = World.start) async throws {
        let membership = Membership()
        world = try await World(folder, reactions: [CustomersReaction(), MembershipReaction(membership)])
        let world = world
        let clock = TestClock(start)
        self.clock = clock
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        engine = AudienceEngine(
            ledger: world.ledger, store: world.store, pipeline: world.pipeline, membership: membership, randomness: World.randomness,
            clock: Clock { clock.now }, logger: logger, pause: 100
        ) {
            let texts = world.pipeline.definitions
            let blueprint = Blueprint(files: texts.map { (name: $0.key + ".yaml", bytes: Array($0.value.utf8)) }, Findings())
            var known = Company.Known(
                channels: Set(Channel.builtIn), identifierKinds: ["email", "user_id", "phone", "order_id"])
            known.takesAllNames = true
            return (Company(blueprint, known), .utc)
        }
        audiences = Audiences(store: world.store, engine: engine)
        engine.start()
    }

    final class TestClock: Sendable {
        private let moment: Mutex<Instant>
        init(_ start: Instant) { moment = Mutex(start) }
        var now: Instant { moment.withLock { $0 } }
        func advance(_ seconds: Int64) { moment.withLock { $0 = $0 + seconds * 1000 } }
    }
    let clock: TestClock

    func define(_ documents: [String: String]) async throws {
        _ = try await world.pipeline.perform(.define(documents: documents, author: "Ann"), randomness: World.randomness)
        engine.reload()
        try await eventually("the definitions are in force") { engine.phase == .ready && engine.isInForce(documents) }
    }

    /// Waits until something holds: what a machine under load takes longer for still comes to be.
    func eventually(_ what: String, _ holds: () throws -> Bool) async throws {
        for _ in 0..<6_000 {
            if try holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Late(what: what)
    }
    struct Late: Error { var what: String }

    /// What our own interactions say of somebody, oldest first: `Audience Entered vip`, `Stage Changed Aware → Customer`.
    func said(of email: String) throws -> [String] {
        guard let root = try world.person(.email, email) else { return [] }
        var marks: [Mark] = []
        world.pipeline.timeline.newest(world.pipeline.people.members(of: root), limit: 1_000, into: &marks)
        let reader = try LedgerReader(path: world.ledger.path)
        return try marks.reversed().compactMap { mark in
            guard let name = world.pipeline.names.name(mark.event), EventDefinition.ours.contains(name) else { return nil }
            let json = try reader.record(Position(raw: mark.position)) { try JSON.parse(Array($0.properties)) }
            guard let json else { return nil }
            if name == "Stage Changed" { return "Stage Changed \(json["from"]?.string ?? "–") → \(json["to"]?.string ?? "–")" }
            return "\(name) \(json["audience"]?.string ?? "")"
        }
    }

    /// Whether all history was looked at.
    var hasFoundAll: Bool { get throws { try world.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM member_history") } == 0 } }

    func remove() async {
        await engine.stop()
        await world.remove()
    }
}
