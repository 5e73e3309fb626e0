import Formula
import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@testable import Audiences

@Suite struct `What is compared over everybody` {
    private static let documents = [
        "audience/buyers": "audience:\n  key: buyers\n  name: Buyers\n  who: did(\"Order Completed\")\n",
        "audience/often": "audience:\n  key: often\n  name: Often\n  who: orders >= 3\n",
        "audience/nobody": "audience:\n  key: nobody\n  name: Nobody\n  who: did(\"Never Happened\")\n",
        "metric/orders": "metric:\n  key: orders\n  name: Orders\n  formula: count(\"Order Completed\")\n",
        "metric/spent": "metric:\n  key: spent\n  name: Spent\n  formula: average(\"Order Completed\".value)\n",
        "metric/city": "metric:\n  key: city\n  name: City\n  formula: trait.city\n",
    ]

    /// Ten people, of whom the n-th ordered n times.
    private func fill(_ world: AudienceWorld) async throws {
        for n in 0..<10 {
            var seen = World.Said((.email, "c\(n)@example.com"), name: "Customer Identified")
            seen.type = .identify
            seen.properties = ["city": .string(n < 4 ? "Leeds" : "York")]
            var said = [seen]
            for k in 0..<n {
                var order = World.Said((.email, "c\(n)@example.com"), name: "Order Completed", at: -Int64(k))
                order.value = Double(n)
                said.append(order)
            }
            try await world.world.say(said)
        }
        try await world.define(Self.documents)
        try await world.eventually("everybody was looked at") { world.audiences.swept?.people == 10 }
    }

    @Test func `a metric is spread as its values are, and unknown ones count as people alone`() async throws {
        let world = try await AudienceWorld()
        try await fill(world)
        var spreads: [String: Audiences.Spread] = [:]
        try await world.eventually("it is worked out") {
            spreads = world.audiences.spreads() ?? [:]
            return !spreads.isEmpty
        }
        let orders = try #require(spreads["orders"])
        #expect(orders.people == 10 && orders.known == 10 && orders.mean == 4.5 && orders.quantiles == [0, 2.25, 4.5, 6.75, 9])
        #expect(orders.bins.map(\.count) == Array(repeating: 1, count: 10))
        let spent = try #require(spreads["spent"])
        #expect(spent.known == 9 && spent.people == 10)
        let city = try #require(spreads["city"])
        #expect(city.texts.map(\.text) == ["York", "Leeds"] && city.texts.map(\.count) == [6, 4] && city.quantiles.isEmpty)
        await world.remove()
    }

    @Test func `an audience is held against the others and against those who are not in it`() async throws {
        let world = try await AudienceWorld()
        try await fill(world)
        var found: Audiences.Comparison?
        try await world.eventually("it is worked out") {
            found = world.audiences.comparison(of: "often")
            return found != nil
        }
        let comparison = try #require(found)
        #expect(comparison.members == 7 && comparison.people == 10)
        #expect(comparison.overlaps.map(\.key) == ["buyers", "nobody"] && comparison.overlaps.map(\.both) == [7, 0])
        #expect(comparison.overlaps.map(\.people) == [9, 0])
        let orders = try #require(comparison.differences.first { $0.metric == "orders" })
        #expect(orders.members == 6 && orders.others == 1 && orders.size > 2 && orders.knownOthers == 3)
        #expect(!comparison.differences.contains { $0.metric == "city" })
        #expect(world.audiences.comparison(of: "unheard_of") == nil)
        await world.remove()
    }

    @Test func `pieces of members hold everybody once`() async throws {
        let world = try await AudienceWorld()
        try await fill(world)
        try await world.eventually("they belong") { try world.audiences.members(of: "audience/buyers", limit: 100).count == 9 }
        var all: [CustomerID] = []
        var after: UInt32?
        repeat {
            let piece = try world.audiences.members(of: "audience/buyers", after: after, limit: 2)
            #expect(piece.members.count <= 2)
            all += piece.members.map(\.customer)
            after = piece.next
        } while after != nil
        let expected = try world.audiences.members(of: "audience/buyers", limit: 100).map(\.customer)
        #expect(all.count == 9 && Set(all) == Set(expected))
        await world.remove()
    }

    @Test func `who can be reached agrees to it and is known there`() async throws {
        let world = try await AudienceWorld()
        try await fill(world)
        let names = try #require(world.audiences.namesThatArrived(["city"]))
        #expect(names.events["Order Completed"] != nil && names.events["Audience Entered"] == nil && names.areEventsKnown && names.areTraitsKnown)
        var reach: [Audiences.Reach] = []
        try await world.eventually("consents were read") {
            reach = world.audiences.reach("did(\"Order Completed\")", names) ?? []
            return !reach.isEmpty
        }
        #expect(reach.contains(.init(channel: "email", people: 0)) && reach.allSatisfy { $0.people == 0 })
        await world.remove()
    }

    @Test(arguments: [
        (values: [Double](), counts: [Int]()), ([3], [1]), ([0, 1, 1, 2], [1, 2, 1]), ([0, 0.5], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ])
    func `bins hold every value, in steps that people count in`(values: [Double], counts: [Int]) {
        let bins = Audiences.bins(values)
        #expect(bins.map(\.count) == counts)
        #expect(zip(bins, bins.dropFirst()).allSatisfy { $0.to == $1.from })
    }

    @Test func `a few that lie far out do not press all others into one bin`() {
        let values = (0..<1_000).map { Double($0 % 10) } + [1_000_000]
        let bins = Audiences.bins(values.sorted())
        #expect(bins.count >= 9 && bins.count <= 12 && bins.last?.to == nil && bins.reduce(0) { $0 + $1.count } == 1_001)
    }
}
