import Customers
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing

/// What somebody did to the customers, drawn from a seed: interactions on few identifiers, so that they meet often and pass
/// limits, and what people decide about whoever is there.
private struct History {
    private var random: SeededRandom
    private var message = 0
    private let seed: UInt64
    let world: World
    let customers: Customers

    init(_ seed: UInt64, _ world: World, _ customers: Customers) {
        random = SeededRandom(seed: seed)
        self.seed = seed
        self.world = world
        self.customers = customers
    }

    private mutating func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }

    private mutating func said() -> World.Said {
        message += 1
        var said = World.Said(
            name: below(2) == 0 ? "Page Viewed" : "Order Completed", message: "\(seed)-\(below(12) == 0 ? below(message) : message)",
            at: Int64(message))
        func id(_ n: Int) -> String { "\(n)" }
        switch below(10) {
        case 0: said.ids = [(.userID, "u" + id(below(8))), (.previousID, "d" + id(below(8)))]
        case 1: said.ids = [(.orderID, "o" + id(below(6)))]
        case 2: said.ids = [(.anonymousID, "d" + id(below(8)))]
        case 3: said.ids = [(.match, "name\u{1F}n" + id(below(5))), (.userID, "u" + id(below(8)))]
        default:
            said.ids = [(.userID, "u" + id(below(8)))]
            if below(2) == 0 { said.ids.append((.anonymousID, "d" + id(below(8)))) }
            if below(3) == 0 { said.ids.append((.deviceID, "t" + id(below(4)))) }
            if below(3) == 0 { said.ids.append((.email, "e\(below(8))@example.com")) }
            if below(4) == 0 { said.ids.append((.orderID, "o" + id(below(6)))) }
        }
        if said.ids.contains(where: { $0.0 == .previousID }) { said.type = .alias }
        if below(3) == 0, said.type == .track {
            said.type = .identify
            said.properties = [
                "name": .string(["Jon Smith", "John Smith", "Mary Jones"][below(3)]), "phone": .string("+447700900\(100 + below(3))"),
            ]
        }
        return said
    }

    private mutating func somebody() -> UInt32 { UInt32(below(max(world.pipeline.people.count, 1))) }

    private mutating func command() throws -> Command? {
        let (a, b) = (somebody(), somebody())
        switch below(10) {
        case 0, 1: return .merge(a: a, b: b, author: "ann", note: below(2) == 0 ? "a note" : nil, reviewed: below(2) == 0 ? true : nil)
        case 2, 3, 4:
            let active = try world.store.read { try Int64.fetchAll($0, sql: "SELECT id FROM merge WHERE undone_at IS NULL ORDER BY id") }
            return active.isEmpty ? nil : .undo(merge: active[below(active.count)], author: "bob")
        case 5:
            let decided = try world.store.read { try Row.fetchAll($0, sql: "SELECT a, b FROM review WHERE decided_at IS NOT NULL ORDER BY a, b") }
            guard below(2) == 0, !decided.isEmpty else { return .apart(a: a, b: b, author: "cyd") }
            let pair = decided[below(decided.count)]
            return .reopen(a: pair["a"], b: pair["b"], author: "dee")
        case 9:
            // Interactions of a name that happened up to some moment of this history are kept no longer.
            let before = (World.start.seconds + Int64(below(message + 1))) * 1000
            return .expire(
                before: below(2) == 0 ? ["Page Viewed": before] : ["Page Viewed": 0], rest: below(2) == 0 ? before : nil, author: "ann")
        case 6: return .define(documents: ["identity": "# \(below(100))"], author: "ann")
        default: return .erase(customer: a, author: "ann")
        }
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            if below(3) > 0 {
                var all: [World.Said] = []
                for _ in 0...below(5) { all.append(said()) }
                try await world.say(all)
            } else if let command = try command() {
                _ = try await world.pipeline.perform(command, randomness: World.randomness)
                // Now and then several erasures wait to be finished, and people come back meanwhile.
                if below(2) == 0 { _ = try await customers.finishErasures() }
                if below(2) == 0 { _ = try await customers.finishExpiries() }
            }
        }
        // The state may be lost before an erasure is done, too.
        if below(2) == 0 { _ = try await customers.finishErasures() }
        if below(2) == 0 { _ = try await customers.finishExpiries() }
    }
}

@Suite struct `A rebuild of the state` {
    private static let lost = ["state.db", "state.db-wal", "state.db-shm", "timeline"]

    private func customers(_ world: World) -> Customers {
        Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start },
            sourceName: { _ in nil })
    }

    /// Everything that is concluded, as lines. Of the reviews only what somebody decided: the others are worked out beside it.
    private func everything(_ world: World) throws -> [String] {
        var lines: [String] = []
        try world.store.read { db in
            for (table, columns) in [
                ("customer", "id, position, erased_at IS NULL"), ("identifier", "kind, value, customer_id, position, at, flags"),
                ("reference", "kind, value, customer_id, position, at"),
                ("merge", "id, a, b, kept, absorbed, reason, kind, value, other_kind, other_value, author, note, position, undone_by"),
                ("apart", "a, b"), ("conflict", "kind, value, user_value"), ("trait", "customer_id, key, value, at, position, source, channel"),
                ("definition", "kind, version, text, author, at, position"), ("erasure", "id, customers, position"),
                ("expiry", "position, at, author, rest"),
            ] {
                for row in try Row.fetchAll(db, sql: "SELECT \(columns) FROM \(table) ORDER BY \(columns)") { lines.append("\(table) \(row)") }
            }
            for row in try Row.fetchAll(
                db, sql: "SELECT a, b, same, decided_by, decided_at FROM review WHERE decided_at IS NOT NULL ORDER BY a, b")
            {
                lines.append("review \(row)")
            }
        }
        for raw in 0..<UInt32(world.pipeline.people.count) {
            lines.append("\(raw) \(world.pipeline.people.root(raw)) \(world.pipeline.people.members(of: raw).sorted())")
            lines.append("\(raw) \(world.told(raw))")
        }
        lines.append("\(world.pipeline.people.people) people")
        return lines
    }

    // Each seed lives a history, loses the state and the timeline, and compares all that is concluded. Then it goes on for a
    // while, and once more: what a rebuild got wrong in memory alone would show in what follows.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `gives the same customers, identifiers, merges and decisions, whatever was erased`(seed: UInt64) async throws {
        var world = try await World(reactions: [CustomersReaction()])
        for round in 0..<2 as Range<UInt64> {
            var history = History(seed * 2 + round, world, customers(world))
            try await history.run(steps: 120)
            let before = try everything(world)
            world = try await world.reopened(reactions: [CustomersReaction()], losing: Self.lost)
            while await !world.pipeline.wait(for: world.ledger.newestBody) {}
            _ = try await customers(world).finishErasures()
            _ = try await customers(world).finishExpiries()
            let after = try everything(world)
            // Some of what differs is enough to see why.
            let (lost, new) = (Set(before).subtracting(after).sorted().prefix(4), Set(after).subtracting(before).sorted().prefix(4))
            #expect(before == after, "lost \(lost.joined(separator: "; ")), new \(new.joined(separator: "; "))")
        }
        await world.remove()
    }
}
