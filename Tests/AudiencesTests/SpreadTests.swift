import Formula
import Foundation
import Kernel
import Ledger
import Statistics
import TestSupport
import Testing

@testable import Audiences

@Suite struct `How a metric is spread` {
    private func spread(_ values: [Double]) -> Audiences.Spread {
        Audiences.Spread(
            type: .number, people: values.count, known: values.count, quantiles: [], bins: [], texts: [], lookedAt: values.count,
            marks: Audiences.Spread.marks(values.sorted()))
    }

    @Test func `the share of those below is right to a thousandth, whatever the order and the ties`() throws {
        var random = SystemRandomNumberGenerator()
        for count in [1, 2, 20, 999, 1_000, 1_001, 30_000] {
            let values = (0..<count).map { _ in Double(Int.random(in: 0...500, using: &random)) }
            let spread = spread(values)
            for value in [-1.0, 0, 17, 250, 499.5, 500, 501] {
                let share = Double(values.count { $0 < value }) / Double(count)
                // A mark stands for as many people as lie between two of them.
                let step = 1 / Double(min(count, 1_000))
                #expect(abs(try #require(spread.below(value)) - share) <= 1.5 * step, "\(value) of \(count)")
            }
        }
    }

    @Test func `the least and the greatest are those of all, not of those looked at`() async throws {
        let world = try await AudienceWorld()
        let all = Moments((0...1_000).map(Double.init))
        let spread = world.audiences.spread(.number, people: 2_000, all, [200, 300, 400, 500, 600])
        #expect(spread.quantiles == [0, 300, 400, 500, 1_000] && spread.known == 1_001 && spread.lookedAt == 5)
        // The last bin says that there is more.
        #expect(spread.bins.last?.to == nil && spread.bins.map(\.count).reduce(0, +) == 5)
        await world.remove()
    }

    @Test func `nobody has no place among nobody`() {
        #expect(spread([]).below(3) == nil && spread([1]).below(.nan) == nil)
    }

    @Test func `is worked out for numbers and lengths of time, and for no texts`() async throws {
        let world = try await AudienceWorld()
        try await world.define([
            "metric/orders": "metric:\n  key: orders\n  name: Orders\n  formula: count(\"Order Completed\")\n",
            "metric/city": "metric:\n  key: city\n  name: City\n  formula: last(\"Order Completed\".city)\n",
        ])
        for n in 0..<4 {
            for _ in 0...n { try await world.world.say([World.Said((.userID, "u\(n)"), name: "Order Completed")]) }
        }
        try await world.eventually("the orders are spread") { world.audiences.spreads()?["orders"]?.people == 4 }
        #expect(world.audiences.spreads()?["orders"]?.marks == [1, 2, 3, 4])
        #expect(world.audiences.spreads()?["city"]?.below(1) == nil && world.audiences.spreads()?["none"] == nil)
        await world.remove()
    }
}
