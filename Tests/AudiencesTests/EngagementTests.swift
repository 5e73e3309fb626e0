import Formula
import Glibc
import Identity
import Kernel
import Ledger
import Pipeline
import Statistics
import TestSupport
import Testing

@testable import Audiences

@Suite struct `Weights of engagement` {
    private static let metric = """
        metric:
          key: engagement
          name: Engagement
          engagement:
            days: 60
            weights:
              - {event: Email Opened, weight: 200}
              - {event: Page Shared, weight: 50}
              - {event: Page Liked, weight: 100}
              - {event: Call Made, weight: 70}
            learn: {conversion: Order Completed, days: 30}
        """

    /// Customers whose sharing leads to orders more than their opening does, and whose liking does not.
    private func customers(_ count: Int, _ world: AudienceWorld) async throws -> [(opened: Int, shared: Int, liked: Int, converted: Bool)] {
        var random = SeededRandom(seed: 4)
        let day: Int64 = 86_400
        var all: [(opened: Int, shared: Int, liked: Int, converted: Bool)] = []
        for c in 0..<count {
            let (opened, shared, liked) = (random.below(5), random.below(3), random.below(4))
            let odds = -2.5 + 0.3 * Double(opened) + 1.2 * Double(shared)
            let converted = Double(random.below(10_000)) / 10_000 < 1 / (1 + exp(-odds))
            all.append((opened, shared, liked, converted))
            var batch = [World.Said((.email, "c\(c)@example.com"), name: "Page Viewed", at: -100 * day)]
            for (name, times) in [("Email Opened", opened), ("Page Shared", shared), ("Page Liked", liked)] {
                for i in 0..<times { batch.append(World.Said((.email, "c\(c)@example.com"), name: name, at: -(40 + Int64(i)) * day)) }
            }
            // What is too old or came with the conversion is no evidence.
            batch.append(World.Said((.email, "c\(c)@example.com"), name: "Page Shared", at: -95 * day))
            if converted {
                batch.append(World.Said((.email, "c\(c)@example.com"), name: "Page Liked", at: -10 * day))
                batch.append(World.Said((.email, "c\(c)@example.com"), name: "Order Completed", at: -9 * day))
            }
            batch.sort { $0.seconds < $1.seconds }
            try await world.world.say(batch)
        }
        // Who came only since was not there to be engaged.
        try await world.world.say([World.Said((.email, "new@example.com"), name: "Order Completed", at: -3 * day)])
        return all
    }

    @Test func `are what engagement told of the conversions that came after it`() async throws {
        let world = try await AudienceWorld()
        let all = try await customers(900, world)
        try await world.define(["metric/engagement": Self.metric])
        guard case .engagement(let fit)? = world.audiences.model(of: "engagement") else {
            Issue.record("not learned: \(String(describing: world.audiences.model(of: "engagement")))")
            return
        }
        #expect(fit.people == 900)
        #expect(fit.converted == all.count(where: \.converted))
        let (opened, shared, liked, called) = (fit.kinds[0], fit.kinds[1], fit.kinds[2], fit.kinds[3])
        #expect(opened.people == all.count { $0.opened > 0 } && opened.converted == all.count { $0.opened > 0 && $0.converted })
        #expect(shared.people == all.count { $0.shared > 0 } && liked.people == all.count { $0.liked > 0 })
        // The same regression over the same customers, put together here.
        var rows = try LogisticRegression.Rows(columns: 3)
        for one in all { try rows.add([Double(one.opened), Double(one.shared), Double(one.liked)], outcome: one.converted) }
        let own = try LogisticRegression.fit(rows)
        #expect(abs(own.weights[0] - 0.3) < 0.15 && abs(own.weights[1] - 1.2) < 0.3 && abs(own.weights[2]) < 0.2)
        // The greatest that was written is what the strongest is worth.
        #expect(shared.hundredths == 200)
        #expect(opened.hundredths == Int((200 * own.weights[0] / own.weights[1]).rounded()))
        let odds = try #require(shared.oddsRatio)
        #expect(odds.least > 1 && odds.least < odds.likely && odds.likely < odds.most)
        let no = try #require(liked.oddsRatio)
        // What tells nothing clear counts for nothing.
        #expect(no.least < 1 && no.most > 1 && liked.hundredths == 0)
        // Nobody called: what is written holds.
        #expect(called.hundredths == 70 && called.oddsRatio == nil && called.people == 0)
        // What customers have is worked out with what was learned.
        let root = try #require(try world.world.person(.email, "c0@example.com"))
        let value = try #require(try world.audiences.metrics(of: CustomerID(raw: root), at: World.start).first).value.number
        let likes = all[0].liked + (all[0].converted ? 1 : 0)
        let expected =
            (Double(all[0].opened * opened.hundredths) + Double(all[0].shared * shared.hundredths) + Double(likes * liked.hundredths)) / 100
        #expect(abs(value - expected) < 1e-9)
        // Another definition changes nothing of what was learned.
        world.clock.advance(60)
        try await world.define(["metric/engagement": Self.metric, "audience/all": "audience: {key: all, name: All, who: did(any)}"])
        guard case .engagement(let kept)? = world.audiences.model(of: "engagement") else {
            Issue.record("unlearned: \(String(describing: world.audiences.model(of: "engagement")))")
            return
        }
        #expect(kept == fit)
        #expect(try world.audiences.metrics(of: CustomerID(raw: root), at: World.start).first?.value.number == value)
        await world.remove()
    }

    // Who clicks has opened, and in this company clicks lead away: of two who opened as often, who clicked ordered less.
    @Test func `are never below 0 where none was written so, and the evidence says what pointed down`() async throws {
        let world = try await AudienceWorld()
        var random = SeededRandom(seed: 11)
        let day: Int64 = 86_400
        var all: [(opened: Int, clicked: Int, complained: Int, converted: Bool)] = []
        for c in 0..<500 {
            let opened = random.below(5)
            let one = (opened: opened, clicked: opened == 0 ? 0 : random.below(opened + 1), complained: random.below(2))
            let odds = -1.2 + 0.7 * Double(one.opened) - 0.9 * Double(one.clicked) - 1.5 * Double(one.complained)
            let converted = Double(random.below(10_000)) / 10_000 < 1 / (1 + exp(-odds))
            all.append((one.opened, one.clicked, one.complained, converted))
            var batch = [World.Said((.email, "c\(c)@example.com"), name: "Page Viewed", at: -100 * day)]
            for (name, times) in [("Email Opened", one.opened), ("Link Clicked", one.clicked), ("Complaint Made", one.complained)] {
                for i in 0..<times { batch.append(World.Said((.email, "c\(c)@example.com"), name: name, at: -(40 + Int64(i)) * day)) }
            }
            if converted { batch.append(World.Said((.email, "c\(c)@example.com"), name: "Order Completed", at: -9 * day)) }
            batch.sort { $0.seconds < $1.seconds }
            try await world.world.say(batch)
        }
        let metric = """
            metric:
              key: engagement
              name: Engagement
              engagement:
                days: 60
                weights:
                  - {event: Email Opened, weight: 200}
                  - {event: Link Clicked, weight: 400}
                  - {event: Complaint Made, weight: -300}
                learn: {conversion: Order Completed, days: 30}
            """
        try await world.define(["metric/engagement": metric])
        guard case .engagement(let fit)? = world.audiences.model(of: "engagement") else {
            Issue.record("not learned: \(String(describing: world.audiences.model(of: "engagement")))")
            return
        }
        let (opened, clicked, complained) = (fit.kinds[0], fit.kinds[1], fit.kinds[2])
        #expect(clicked.isContrary && clicked.hundredths == 0 && !opened.isContrary && !complained.isContrary)
        #expect(try #require(clicked.oddsRatio).most < 1, "the evidence stays: clicks went with fewer orders")
        #expect(clicked.people == all.count { $0.clicked > 0 } && clicked.converted == all.count { $0.clicked > 0 && $0.converted })
        // The others are worth what they tell without it, put together here; what is written below 0 may be learned so.
        var rows = try LogisticRegression.Rows(columns: 2)
        for one in all { try rows.add([Double(one.opened), Double(one.complained)], outcome: one.converted) }
        let own = try LogisticRegression.fit(rows)
        // What counts above 0 keeps the scale that was written.
        let strongest = own.weights[0]
        #expect(own.weights[0] > 0 && own.weights[1] < 0)
        #expect(opened.hundredths == Int((own.weights[0] / strongest * 400).rounded()))
        #expect(complained.hundredths == Int((own.weights[1] / strongest * 400).rounded()) && complained.hundredths < 0)
        #expect(try #require(complained.oddsRatio).most < 1)
        // The formula that is shown has what was learned.
        let definition = try #require(world.audiences.company?.metrics.first?.definition)
        let model = world.audiences.model(of: "engagement")
        let (first, third) = (Double(opened.hundredths) / 100, Double(complained.hundredths) / 100)
        #expect(
            definition.formula(learned: model)
                == "\(FormulaText.number(first)) * count(\"Email Opened\" in last 60 days) + 0 * count(\"Link Clicked\" in last 60 days) + "
                + "\(FormulaText.number(third)) * count(\"Complaint Made\" in last 60 days)")
        #expect(definition.formula?.hasPrefix("2 * count(\"Email Opened\"") == true)
        let root = try #require(try world.world.person(.email, "c3@example.com"))
        let value = try #require(try world.audiences.metrics(of: CustomerID(raw: root), at: World.start).first).value.number
        #expect(abs(value - Double(all[3].opened) * first - Double(all[3].complained) * third) < 1e-9)
        await world.remove()
    }

    @Test func `are those written while too few converted`() async throws {
        let world = try await AudienceWorld()
        _ = try await customers(40, world)
        try await world.define(["metric/engagement": Self.metric])
        guard case .failed(let words, _, _)? = world.audiences.model(of: "engagement") else {
            Issue.record("learned from 40 customers: \(String(describing: world.audiences.model(of: "engagement")))")
            return
        }
        #expect(words.contains("30 of each are needed"), "\(words)")
        try await world.world.say([
            World.Said((.email, "ann@example.com"), name: "Email Opened"), World.Said((.email, "ann@example.com"), name: "Page Liked"),
        ])
        let root = try #require(try world.world.person(.email, "ann@example.com"))
        let value = try #require(try world.audiences.metrics(of: CustomerID(raw: root), at: World.start).first).value.number
        #expect(value == 3)
        await world.remove()
    }
}
