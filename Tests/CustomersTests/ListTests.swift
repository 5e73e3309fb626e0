import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing
import Timeline

@testable import Customers

@Suite struct `Lists of customers` {
    private static let orders: Set<String> = ["Order Completed"]

    /// - Parameter mergeAt: marks after which the timeline's base is written: lists read base and recent marks.
    private func withWorld(mergeAt: Int? = nil, _ body: (World, Customers) async throws -> Void) async throws {
        let world = try await World(reactions: [CustomersReaction()], mergeAt: mergeAt)
        let customers = Customers(
            store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness,
            clock: Clock { World.start }
        ) { "source \($0)" }
        try await body(world, customers)
        await world.remove()
    }

    private func said(_ user: String, _ name: String = "Page Viewed", days: Double = 0, value: Double? = nil, on channel: Channel = .web)
        -> World.Said
    {
        var said = World.Said((.userID, user), name: name, at: -Int64(days * 86_400))
        said.value = value
        said.channel = channel
        return said
    }

    private func users(_ page: CustomerListPage) -> [String] { page.rows.map { $0.identifier?.value ?? "?" } }

    @Test(arguments: [1, 1_000_000]) func `rows carry what happened, over base and recent marks, and every sort is right both ways`(mergeAt: Int)
        async throws
    {
        try await withWorld(mergeAt: mergeAt) { world, customers in
            try await world.say(
                said("ann", days: 9), said("ann", "Order Completed", days: 8, value: 20), said("ann", "Order Completed", days: 1, value: 5),
                said("ben", days: 30), said("cy", "Order Completed", days: 2, value: 100), said("cy", "Order Refunded", days: 1.5, value: 100))
            try await world.say(said("ben", "Order Completed", days: 0.1))
            var query = CustomerQuery()
            let page = try customers.list(query, orderNames: Self.orders, limit: 10)
            #expect(users(page) == ["ben", "ann", "cy"])
            #expect(page.total == 3 && page.everybody == 3)
            let ann = try #require(page.rows.first { $0.identifier?.value == "ann" })
            #expect(ann.interactions == 3 && ann.orders == 2 && ann.spent == 25)
            #expect(ann.firstSeen == World.start + -9 * 86_400_000 && ann.lastSeen == World.start + -86_400_000)
            let expected: [CustomerQuery.Sort: [String]] = [
                .lastSeen: ["ben", "ann", "cy"], .firstSeen: ["cy", "ann", "ben"], .interactions: ["ann", "ben", "cy"],
                .orders: ["ann", "ben", "cy"],
                .spent: ["cy", "ann", "ben"],
            ]
            for sort in CustomerQuery.Sort.allCases {
                query.sort = sort
                #expect(users(try customers.list(query, orderNames: Self.orders, limit: 10)) == expected[sort], "\(sort)")
            }
            query.sort = .spent
            query.ascending = true
            #expect(users(try customers.list(query, orderNames: Self.orders, limit: 10)) == ["ben", "ann", "cy"])
        }
    }

    @Test func `filters hold together`() async throws {
        try await withWorld { world, customers in
            try await world.say(
                said("ann", "Order Completed", days: 8, value: 20), said("ann", days: 1, on: .app), said("ben", days: 30), said("cy", days: 2),
                said("cy", "Order Completed", days: 2, value: 100))
            func list(_ change: (inout CustomerQuery) -> Void) throws -> Set<String> {
                var query = CustomerQuery()
                change(&query)
                return Set(users(try customers.list(query, orderNames: Self.orders, limit: 10)))
            }
            #expect(try list { $0.seenWithin = 2 } == ["ann", "cy"])
            #expect(try list { $0.notSeenFor = 2 } == ["ben"])
            #expect(try list { $0.channel = "app" } == ["ann"])
            #expect(try list { $0.did = "Order Completed" } == ["ann", "cy"])
            #expect(try list { $0.didNot = "Order Completed" } == ["ben"])
            #expect(
                try list {
                    $0.ordersAtLeast = 1; $0.spentAtMost = 20
                } == ["ann"])
            #expect(try list { $0.spentAtLeast = 20.01 } == ["cy"])
            #expect(
                try list {
                    $0.did = "Page Viewed"; $0.channel = "app"; $0.seenWithin = 30
                } == ["ann"])
            #expect(try list { $0.ordersAtMost = 0 } == ["ben"])
            #expect(throws: CustomersProblem.self) { try list { $0.channel = "fax" } }
            #expect(throws: CustomersProblem.self) { try list { $0.did = "Order Complete" } }
        }
    }

    // Random lives against a plain look at them, before and after people are joined, taken apart and erased. Each question is asked
    // twice, the second time of what is kept, and there are more questions than are kept.
    @Test(arguments: [1, 1_000_000]) func `who did what and came by which channel is right, asked for the first time and again`(mergeAt: Int)
        async throws
    {
        let events = (0..<KnownPeople.most + 4).map { "Event \($0)" }
        let channels: [Channel] = [.web, .app, .email, .store]
        try await withWorld(mergeAt: mergeAt) { world, customers in
            var random = SeededRandom(seed: 11)
            var lives: [String: [(event: String, channel: Channel)]] = [:]
            for _ in 0..<3 {
                let said = (0..<300).map { _ in
                    let user = "u\(random.below(80))"
                    let (event, channel) = (events[random.below(events.count)], channels[random.below(channels.count)])
                    lives[user, default: []].append((event, channel))
                    return self.said(user, event, days: Double(random.below(9)), on: channel)
                }
                try await world.say(said)
            }
            func check(_ when: Comment) throws {
                for time in 1...2 {
                    func ask(_ change: (inout CustomerQuery) -> Void) throws -> Int {
                        var query = CustomerQuery()
                        change(&query)
                        return try customers.list(query, orderNames: Self.orders, limit: 1).total
                    }
                    for event in events {
                        let did = lives.values.count { $0.contains { $0.event == event } }
                        #expect(try ask { $0.did = event } == did, "\(event), \(time). time, \(when)")
                        #expect(try ask { $0.didNot = event } == lives.count - did, "not \(event), \(time). time, \(when)")
                    }
                    for channel in channels {
                        let name = Vocabulary().name(of: channel)
                        #expect(try ask { $0.channel = name } == lives.values.count { $0.contains { $0.channel == channel } }, "\(name), \(when)")
                    }
                }
                #expect(customers.table(Self.orders).known.kept.count == KnownPeople.most)
            }
            func id(_ user: String) throws -> CustomerID { CustomerID(raw: try #require(try world.person(.userID, user))) }
            try check("as it came")
            let merge = try await customers.merge(try id("u1"), try id("u2"), by: "test")
            let apart = lives
            let other = lives.removeValue(forKey: "u2") ?? []
            lives["u1", default: []] += other
            try check("joined")
            _ = try await customers.undo(merge: merge.id, by: "test")
            lives = apart
            try check("apart again")
            try await customers.erase(try id("u3"), by: "test")
            lives["u3"] = nil
            try check("one erased")
        }
    }

    @Test(arguments: [1, 1_000_000]) func `what is kept no longer was not done`(mergeAt: Int) async throws {
        try await withWorld(mergeAt: mergeAt) { world, customers in
            try await world.say(said("ann", "A", days: 9, on: .app), said("ann", "B", days: 9), said("ben", "A", days: 1))
            let before = (World.start + -5 * 86_400_000).milliseconds
            _ = try await world.pipeline.perform(.expire(before: ["A": before], rest: nil, author: "test"), randomness: World.randomness)
            func list(_ change: (inout CustomerQuery) -> Void) throws -> [String] {
                var query = CustomerQuery()
                change(&query)
                return users(try customers.list(query, orderNames: Self.orders, limit: 10))
            }
            #expect(try list { $0.did = "A" } == ["ben"] && list { $0.did = "B" } == ["ann"])
            #expect(try list { $0.didNot = "A" } == ["ann"] && list { $0.channel = "app" }.isEmpty)
        }
    }

    @Test func `a new table has the answers in advance that were asked of the one before, and no others`() async throws {
        try await withWorld { world, customers in
            try await world.say(said("ann", "A"), said("ben", "B"), said("cy", "C"))
            var query = CustomerQuery()
            for name in ["A", "B"] {
                query.did = name
                _ = try customers.list(query, orderNames: Self.orders, limit: 1)
            }
            let parts = world.pipeline.timeline
            func table() -> CustomerTable { CustomerTable(parts, rootOf: world.pipeline.people.allRoots, orderEvents: [], asOf: World.start) }
            let second = table()
            second.prepare(like: customers.table(Self.orders), parts)
            let numbers = ["A", "B"].compactMap { world.pipeline.names.numbers([$0]).first }
            #expect(second.known.kept == numbers.map { .event($0) })
            #expect(second.people(having: .event(numbers[1]), parts) == [false, true, false])
            let third = table()
            third.prepare(like: second, parts)
            #expect(third.known.kept == [.event(numbers[1])], "what nobody asks for any more is worked out no more")
        }
    }

    @Test func `pages neither repeat nor leave out anybody`() async throws {
        try await withWorld { world, customers in
            var random = SeededRandom(seed: 3)
            // Few different times, so that many are equal.
            try await world.say((0..<500).map { said("u\($0)", days: Double(random.below(7))) })
            var seen: [String] = []
            for offset in stride(from: 0, to: 500, by: 35) {
                seen += users(try customers.list(CustomerQuery(), orderNames: Self.orders, offset: offset, limit: 35))
            }
            #expect(seen.count == 500 && Set(seen).count == 500)
            var all: [String] = []
            try customers.each(CustomerQuery(), orderNames: Self.orders) { rows, total in
                all += rows.map { $0.identifier?.value ?? "?" }
                return total == 500
            }
            #expect(all == seen)
            // Places past the end, which anybody can ask for, have nobody, with a filter that nobody fits too.
            var nobody = CustomerQuery()
            nobody.ordersAtLeast = 1
            for offset in [500, 501, 100_000, Int.max] {
                for query in [CustomerQuery(), nobody] {
                    let page = try customers.list(query, orderNames: Self.orders, offset: offset, limit: 10)
                    #expect(page.rows.isEmpty && page.total == (query == nobody ? 0 : 500) && page.everybody == 500)
                }
            }
            #expect(try customers.list(CustomerQuery(), orderNames: Self.orders, offset: -1, limit: 10).rows.count == 10)
        }
    }

    @Test func `joined customers are one row, and apart again two; the erased are none`() async throws {
        try await withWorld { world, customers in
            try await world.say(said("ann", "Order Completed", days: 3, value: 10), said("anne", "Order Completed", days: 1, value: 5))
            let ann = CustomerID(raw: try #require(try world.person(.userID, "ann")))
            let anne = CustomerID(raw: try #require(try world.person(.userID, "anne")))
            let merge = try await customers.merge(ann, anne, by: "test", note: nil)
            let joined = try customers.list(CustomerQuery(), orderNames: Self.orders, limit: 10)
            #expect(joined.rows.count == 1 && joined.rows[0].orders == 2 && joined.rows[0].spent == 15)
            _ = try await customers.undo(merge: merge.id, by: "test")
            #expect(try customers.list(CustomerQuery(), orderNames: Self.orders, limit: 10).rows.map(\.spent) == [5, 10])
            try await customers.erase(anne, by: "test")
            #expect(users(try customers.list(CustomerQuery(), orderNames: Self.orders, limit: 10)) == ["ann"])
        }
    }

    @Test func `days have their figures, up to the same time of day and whole, and nobody counts twice`() async throws {
        try await withWorld(mergeAt: 1) { world, customers in
            // It is 10:00 on each day.
            let midnight = World.start + -10 * 3_600_000
            func day(_ n: Int64, _ hour: Int64) -> Instant { midnight + -n * 86_400_000 + hour * 3_600_000 }
            try await world.say(
                said("ann", "Order Completed", days: 0.01, value: 10), said("ann", days: 0.001, on: .app), said("ben", days: 0.3),
                said("ann", "Order Completed", days: 7 + 0.1, value: 7), said("ben", "Order Completed", days: 7 - 0.1, value: 3), said("cy", days: 20)
            )
            let days = (0...7).reversed().map { day($0, 0) }
            let figures = customers.figures(days: days, untils: (0...7).reversed().map { day($0, 10) }, orderNames: Self.orders)
            let today = figures.untilNow[7]
            #expect(today.interactions == 3 && today.customers == 2 && today.orders == 1 && today.spent == 10)
            #expect(figures.untilNow[0].orders == 1 && figures.untilNow[0].spent == 7 && figures.untilNow[0].customers == 1)
            #expect(figures.whole[0].orders == 2 && figures.whole[0].spent == 10 && figures.whole[0].customers == 2)
            #expect(figures.whole[1...6].allSatisfy { $0 == PeriodFigures() })
            #expect(figures.channels.map(\.name) == ["app", "web"] && figures.channels.map(\.count) == [1, 1])
            // Half hours of today and of the same day a week ago: they add up to the day, and a customer counts where they came first.
            #expect(figures.halfHours.map(\.count) == [48, 48])
            for (week, day) in [(0, 0), (1, 7)] {
                let sum = figures.halfHours[week].reduce(into: PeriodFigures()) { sum, slot in
                    sum.interactions += slot.interactions
                    sum.customers += slot.customers
                    sum.orders += slot.orders
                    sum.spent += slot.spent
                }
                #expect(sum == figures.whole[day])
            }
            #expect(figures.halfHours[1].firstIndex { $0.customers > 0 } == figures.halfHours[1].firstIndex { $0.interactions > 0 })
            #expect(figures.halfHours[1][19].orders == 1 && figures.halfHours[1][19].spent == 10)
        }
    }
}
