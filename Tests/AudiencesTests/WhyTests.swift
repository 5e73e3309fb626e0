import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@testable import Audiences

@Suite struct `What made it so` {
    private static let documents = [
        "audience/big": """
        audience:
          key: big
          name: Big spenders
          who: sum("Order Completed".total in last 30 days) >= 50 and not did("Complaint Received")
        """,
        "metric/last_score": """
        metric:
          key: last_score
          name: Last score
          formula: last("NPS Answered".score)
        """,
        "metric/orders": """
        metric:
          key: orders
          name: Orders
          formula: count("Order Completed")
        """,
        "lifecycle": """
        lifecycle:
          stages:
            - name: Aware
            - name: Customer
              when: orders >= 2
        """,
    ]

    private func said(_ name: String, at seconds: Int64, _ properties: JSON, _ value: Double? = nil) -> World.Said {
        var said = World.Said((.email, "ann@example.com"), name: name, at: seconds)
        said.received = seconds
        said.properties = properties
        said.value = value
        return said
    }

    @Test func `are the interactions that the formula looked at, the newest first`() async throws {
        let world = try await AudienceWorld(at: World.start + 100 * 86_400_000)
        try await world.define(Self.documents)
        let day: Int64 = 86_400
        for n in 0..<12 { try await world.world.say(said("Order Completed", at: (88 + Int64(n)) * day, ["total": .number(10)], 10)) }
        try await world.world.say(said("Order Completed", at: 20 * day, ["total": .number(99)], 99))
        for (n, score) in [3.0, 9.0].enumerated() {
            try await world.world.say(said("NPS Answered", at: (90 + Int64(n)) * day, ["score": .number(score)]))
        }
        try await world.world.say(said("Page Viewed", at: 99 * day, [:]))
        let ann = CustomerID(raw: try #require(try world.world.person(.email, "ann@example.com")))
        let now = world.clock.now
        try await world.eventually("she has entered") { try world.audiences.belongings(of: ann).audiences.map(\.key) == ["big"] }
        func names(_ subject: Audiences.Subject) throws -> [(name: String, at: Int64)] {
            let reader = try LedgerReader(path: world.world.ledger.path)
            return try #require(world.audiences.why(subject, ann, at: now)).map { position in
                try #require(try reader.record(position) { ($0.name, ($0.at.seconds - World.start.seconds) / day) })
            }
        }
        let big = try names(.audience("big"))
        // At most ten, and none from before the window.
        #expect(big.count == Audiences.mostReasons && big.allSatisfy { $0.name == "Order Completed" && $0.at >= 88 })
        #expect(big.map(\.at) == big.map(\.at).sorted(by: >))
        // Of what is about the last one, that one.
        let score = try names(.metric("last_score"))
        #expect(score.map(\.name) == ["NPS Answered"] && score.map(\.at) == [91])
        // A stage’s formula leads to a metric’s.
        #expect(try names(.stage("Customer")).count == 10)
        #expect(world.audiences.why(.stage("Aware"), ann, at: now) == [])
        #expect(world.audiences.why(.audience("none"), ann, at: now) == nil && world.audiences.why(.stage("none"), ann, at: now) == nil)
        #expect(world.audiences.why(.metric("orders"), CustomerID(raw: 999), at: now) == nil)
        try await world.eventually("she is a customer") { world.audiences.stage(of: ann) == "Customer" }
        await world.remove()
    }
}
