import Formula
import Kernel
import Ledger
import TestSupport
import Testing

@testable import Audiences

@Suite struct `A lifecycle that is being written` {
    /// How many would be in each stage, once what it asks for is read.
    private func sizes(_ world: AudienceWorld, _ stages: [String]) async throws -> [Int] {
        var found: [Int] = []
        try await world.eventually("it was counted") {
            guard let names = world.audiences.names?.names, case .answer(let sizes, _, _) = world.audiences.ask(stages: stages, names) else {
                return false
            }
            found = sizes
            return true
        }
        return found
    }

    @Test func `has everybody in the last stage whose formula holds, and in the first when none does`() async throws {
        let world = try await AudienceWorld(at: World.start + 100 * 86_400_000)
        try await world.define(["metric/orders": "metric:\n  key: orders\n  name: Orders\n  formula: count(\"Order Completed\")\n"])
        for n in 0..<6 {
            for k in 0...n {
                var said = World.Said((.email, "c\(n)@example.com"), name: k == 0 ? "Page Viewed" : "Order Completed", at: Int64(k) * 86_400)
                said.received = Int64(k) * 86_400
                try await world.world.say(said)
            }
        }
        #expect(try await sizes(world, []) == [6])
        #expect(try await sizes(world, ["orders >= 1"]) == [1, 5])
        #expect(try await sizes(world, ["orders >= 1", "orders >= 3"]) == [1, 2, 3])
        // Not in order: a later stage takes whom an earlier one would have had. What is unknown of somebody does not hold.
        #expect(try await sizes(world, ["orders >= 3", "orders >= 1"]) == [1, 0, 5])
        #expect(try await sizes(world, ["orders >= 1", "orders = 2", "trait.city = \"York\""]) == [1, 4, 1, 0])
        // The same again, with comments and several lines.
        #expect(try await sizes(world, ["orders >= 1 # all\n", "# who\norders = 2\n  or orders = 4"]) == [1, 3, 2])
        await world.remove()
    }

    @Test func `says what is wrong with a formula, and that no stage may name itself`() async throws {
        let world = try await AudienceWorld(at: World.start + 100 * 86_400_000)
        try await world.define(["lifecycle": "lifecycle:\n  stages:\n    - name: Aware\n    - name: Customer\n      when: did(any)\n"])
        let names = try #require(world.audiences.names?.names)
        for text in ["count(any)", "did(", "stage = \"Customer\""] {
            guard case .problem = world.audiences.ask(stages: ["did(any)", text], names) else {
                Issue.record("\(text) was taken")
                continue
            }
        }
        await world.remove()
    }
}
