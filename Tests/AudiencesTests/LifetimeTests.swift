import Formula
import Identity
import Kernel
import Ledger
import Pipeline
import Statistics
import Synchronization
import TestSupport
import Testing

@testable import Audiences

@Suite struct `Customer lifetime value` {
    private func metric(_ key: String, _ gives: String) -> String {
        "metric: {key: \(key), name: \(key), lifetime: {gives: \(gives), orders: Order Completed, value: total, days: 90}}"
    }

    /// As when it is defined before the orders of all the years are imported.
    @Test func `is learned again when there is much more to learn from`() async throws {
        let world = try await AudienceWorld()
        let truth = try BGNBD(r: 0.5, alpha: 20, a: 0.8, b: 2.5)
        var random = SeededRandom(seed: 3)
        var next = 0
        func orders(_ customers: Int) throws -> [World.Said] {
            try (0..<customers).flatMap { _ in
                next += 1
                let age = 20 + random.below(300)
                let history = try truth.simulated(age: Double(age), whole: true, &random)
                return ([0] + (1..<1 + history.repeats).map { Int(history.last) * $0 / max(1, history.repeats) }).map { day in
                    var said = World.Said((.email, "c\(next)@example.com"), name: "Order Completed", at: Int64(day - age) * 86_400)
                    said.properties = ["total": .number(Double(10 + random.below(50)))]
                    return said
                }
            }
        }
        try await world.world.say(orders(40))
        try await world.define(["metric/value": metric("value", "value")])
        func buyers() -> Int { if case .lifetime(let fit)? = world.audiences.model(of: "value") { fit.buyers } else { 0 } }
        #expect(buyers() <= 40)
        try await world.world.say(orders(400))
        try await world.eventually("it is learned again") { buyers() == 440 }
        await world.remove()
    }

    /// What is fitted in the room of statistics to the same histories is what customers' pages show.
    @Test func `is what the models say of each customer's own orders`() async throws {
        let world = try await AudienceWorld()
        let truth = try BGNBD(r: 0.5, alpha: 20, a: 0.8, b: 2.5)
        var random = SeededRandom(seed: 11)
        var histories: [PurchaseHistory] = []
        var spendings: [Spending] = []
        let day: Int64 = 86_400
        for c in 0..<250 {
            let age = Double(20 + random.below(300))
            let history = try truth.simulated(age: age, whole: true, &random)
            histories.append(history)
            // The first, the last, and the others between them, each on a day of its own.
            var days: [Int64] = [0]
            if history.repeats > 0 {
                let between = (1..<Int64(history.last)).shuffled(using: &random).prefix(history.repeats - 1)
                days += between + [Int64(history.last)]
            }
            let price = Double(5 + random.below(100))
            var batch: [World.Said] = []
            for (i, at) in days.enumerated() {
                var said = World.Said((.email, "c\(c)@example.com"), name: "Order Completed", at: (at - Int64(age)) * day)
                said.properties = ["total": .number(price + Double(i % 3))]
                batch.append(said)
            }
            try await world.world.say(batch)
            let total = days.indices.reduce(0) { $0 + price + Double($1 % 3) }
            spendings.append(try Spending(purchases: days.count, mean: total / Double(days.count)))
        }
        try await world.world.say([World.Said((.email, "none@example.com"))])
        try await world.define([
            "metric/value": metric("value", "value"), "metric/purchases": metric("purchases", "purchases"), "metric/alive": metric("alive", "alive"),
            "audience/going": "audience: {key: going, name: Going, who: 'alive < 0.5 and purchases < 1'}",
        ])
        let purchases = try BGNBD.fit(PurchaseHistories(histories))
        let spending = try GammaGamma.fit(spendings)
        guard case .lifetime(let fit)? = world.audiences.model(of: "value") else {
            Issue.record("the model is not fitted: \(String(describing: world.audiences.model(of: "value")))")
            return
        }
        #expect(fit.buyers == 250)
        #expect(abs(fit.purchases.logLikelihood - purchases.logLikelihood) < 1e-6)
        func values(_ email: String) throws -> [String: Double] {
            let root = try #require(try world.world.person(.email, email))
            let found = try world.audiences.metrics(of: CustomerID(raw: root), at: World.start)
            return Dictionary(uniqueKeysWithValues: found.map { ($0.metric.key, $0.value.number) })
        }
        for c in [0, 17, 120, 249] {
            let found = try values("c\(c)@example.com")
            let expected = purchases.model.expectedPurchases(in: 90, after: histories[c])
            #expect(abs(found["alive"]! - purchases.model.probabilityAlive(histories[c])) < 1e-6, "\(c)")
            #expect(abs(found["purchases"]! - expected) < 1e-6, "\(c)")
            #expect(abs(found["value"]! - expected * (try spending.model.expectedValue(spendings[c]))) < 1e-4, "\(c)")
        }
        #expect(try values("none@example.com").values.allSatisfy(\.isNaN))
        let going = world.engine.state.withLock { $0.sizes["audience/going"] }
        let expected = histories.filter {
            purchases.model.probabilityAlive($0) < 0.5 && purchases.model.expectedPurchases(in: 90, after: $0) < 1
        }
        #expect(going == expected.count)
        await world.remove()
    }

    @Test func `is unknown, with the reason, where there is nothing to learn from`() async throws {
        let world = try await AudienceWorld()
        try await world.world.say([World.Said((.email, "ann@example.com"), name: "Order Completed")])
        try await world.define(["metric/value": metric("value", "value"), "audience/a": "audience: {key: a, name: A, who: 'value > 10'}"])
        guard case .failed(let words, _, _)? = world.audiences.model(of: "value") else {
            Issue.record("one order is fitted")
            return
        }
        #expect(!words.isEmpty)
        #expect(world.engine.state.withLock { $0.sizes["audience/a"] } == 0)
        await world.remove()
    }
}
