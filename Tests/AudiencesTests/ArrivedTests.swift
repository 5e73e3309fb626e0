import Definitions
import Formula
import Foundation
import Identity
import Kernel
import Ledger
import TestSupport
import Testing

@testable import Audiences

@Suite struct `What arrives, held against the vocabulary` {
    private static let order = """
        event:
          key: order
          name: Order Completed
          properties:
            total: {type: number}
            products[].price: {type: number}
            gift: {type: yes/no}
            on: {type: date}
            tags: {type: list of text}
            note: {type: text}
        """

    private func said(_ properties: JSON, _ name: String = "Order Completed", source: UInt16 = 0, at seconds: Int64 = 0) -> World.Said {
        var said = World.Said((.userID, "ann"), name: name, at: seconds)
        said.received = seconds
        said.properties = properties
        said.source = source
        return said
    }

    @Test(arguments: [
        (ValueType.number, ["3", "3.5", "\"3.5\"", "\"-1e3\""], ["\"a lot\"", "true", "{}", "[]", "\"inf\""]),
        (.text, ["\"x\"", "\"\"", "4"], ["true", "[]", "{}"]), (.flag, ["true", "\"Yes\"", "\"false\""], ["1", "\"ja\"", "\"\""]),
        (.date, ["\"2026-05-03\"", "\"2026-05-03T10:00:00Z\""], ["\"May\"", "1777802400", "\"2026-13-01\""]),
        (.texts, ["[]", "[\"a\",2]"], ["\"a\"", "[true]", "{}"]),
    ]) func `a value fits a kind when formulas can read it as that`(type: ValueType, fitting: [String], wrong: [String]) throws {
        for text in fitting { #expect(PropertyFit.fits(try parsed(text), type), "\(text) as \(type)") }
        for text in wrong { #expect(!PropertyFit.fits(try parsed(text), type), "\(text) as \(type)") }
    }
    private func parsed(_ text: String) throws -> JSON {
        try #require(
            ["true": JSON.bool(true), "{}": .object([]), "[]": .array([]), "[true]": .array([true]), "[\"a\",2]": .array(["a", 2])][text]
                ?? (text.hasPrefix("\"") ? .string(String(text.dropFirst().dropLast())) : Double(text).map { .number($0) }))
    }

    @Test func `kinds are guessed from what all values fit, and what differs is a text`() {
        // Formulas cannot name an odd name that nothing stands before.
        let guesses = PropertyFit.guess([
            [
                "total": 3, "id": "10023", "at": "2026-05-03T10:00:00Z", "gift": true, "mixed": 1, "tags": ["a"], "products": [["price": 2]],
                "none": .null,
            ],
            ["total": 4.5, "id": "10024", "mixed": "one", "odd name": 1, "address": ["city": "Leeds", "odd name": true], "empty": []],
        ])
        let types = Dictionary(guesses.map { ($0.path, $0.type) }) { a, _ in a }
        #expect(
            types == [
                "total": .number, "id": .text, "at": .date, "gift": .flag, "mixed": .text, "tags": .texts, "products[].price": .number,
                "address.\"odd name\"": .flag, "address.city": .text,
            ])
        #expect(guesses.first?.count == 2 && guesses.last?.count == 1)
        #expect(PropertyFit.guess([]).isEmpty && PropertyFit.guess([.string("x"), .array([1])]).isEmpty)
    }

    @Test func `no more properties are guessed than an event may have, and no deeper than so many levels`() {
        let many = JSON.object((0..<EventDefinition.mostProperties + 50).map { JSON.Member("p\($0)", 1) })
        #expect(PropertyFit.guess([many]).count == EventDefinition.mostProperties)
        var deep: JSON = 1
        for level in 0..<8 { deep = .object([JSON.Member("l\(level)", deep)]) }
        #expect(PropertyFit.guess([deep]).isEmpty)
        var edge: JSON = 1
        for level in 0..<PropertyFit.deepest { edge = .object([JSON.Member("l\(level)", edge)]) }
        #expect(PropertyFit.guess([edge]).map(\.path) == ["l3.l2.l1.l0"])
    }

    @Test func `a property that arrives is known to formulas, and one that never came is not`() async throws {
        let world = try await AudienceWorld(at: World.start + 86_400_000)
        try await world.define(["event/order": Self.order])
        try await world.world.say([
            said(["total": 1, "box": ["size": 3], "none": .null, "lines": [["sku": "a"], ["note": "b"]]]),
            said(["colour": "red"], "Page Viewed", at: 1),
        ])
        let names = try #require(world.audiences.namesThatArrived([]))
        func problem(_ text: String) -> String? { FormulaReport(text, names: names, library: FormulaLibrary()).flaws.first?.problem.description }
        for property in ["total", "gift", "box.size", "lines[].sku", "lines[].note", "value"] {
            #expect(problem("last(\"Order Completed\".\(property))") == nil, "\(property)")
        }
        // Nothing lies where null does; and what came with another event did not come with this one.
        for property in ["totl", "none", "box.colour", "colour", "lines[].sko"] {
            #expect(problem("last(\"Order Completed\".\(property))")?.hasPrefix("unknown property \(property) of") == true, "\(property)")
        }
        #expect(problem("last(\"Page Viewed\".anything)") == nil)
        // Looked at anew every half minute.
        try await world.world.say([said(["late": 1], at: 2)])
        world.clock.advance(31)
        #expect(problem("last(\"Order Completed\".late)") == nil)
        // What a formula in force reads stays known when it comes no more.
        try await world.define([
            "event/order": Self.order,
            "metric/late": "metric: {key: late, name: Late, formula: 'count(\"Order Completed\" where late = 1 and box.size > 1)'}",
        ])
        for n in 0..<Int64(Arrived.mostLooked) { try await world.world.say([said(["total": 1], at: 40 + n)]) }
        world.clock.advance(31)
        #expect(problem("last(\"Order Completed\".late)") == nil && problem("sum(\"Order Completed\".box.size)") == nil)
        #expect(problem("last(\"Order Completed\".gifft)") != nil && problem("last(\"Order Completed\".lines[].sku)") != nil)
        await world.remove()
    }

    @Test func `what does not fit is counted by source over the newest, with an example`() async throws {
        let world = try await AudienceWorld(at: World.start + 86_400_000)
        try await world.define(["event/order": Self.order])
        // Older than those that are looked at.
        try await world.world.say([said(["total": "ages ago"], source: 9)])
        for n in 0..<Int64(Arrived.mostLooked - 3) { try await world.world.say([said(["total": 1], at: 10 + n)]) }
        try await world.world.say([
            said(["total": "a lot", "gift": 1], source: 1, at: 2_000),
            said(["total": "more", "products": [["price": 1], ["price": "?"]]], source: 1, at: 2_001),
            said(["total": true, "on": .null], source: 2, at: 2_002), said(["x": 1], "Sofa Tested", at: 2_003),
        ])
        try await world.eventually("it is counted") { world.audiences.arrived()?.events.contains { $0.name == "Sofa Tested" } == true }
        let arrived = try #require(world.audiences.arrived())
        let order = try #require(arrived.events.first { $0.name == "Order Completed" })
        #expect(order.count == Arrived.mostLooked + 1 && order.lately == order.count && order.last == World.start + 2_002_000)
        #expect(arrived.looked == ["Order Completed": Arrived.mostLooked])
        let found = Set(arrived.misfits.map { "\($0.property) \($0.source) \($0.count) \($0.example)" })
        #expect(found == ["total 1 2 \"more\"", "total 2 1 true", "gift 1 1 1", "products[].price 1 1 \"?\""])
        // Whoever looks again after some seconds is told that it is old, and then what came since.
        #expect(!arrived.isOld(at: arrived.at + 4_999) && arrived.isOld(at: arrived.at + arrived.lasts) && arrived.lasts < 30_000)
        try await world.world.say([said(["total": false], source: 3, at: 2_004)])
        world.clock.advance(arrived.lasts / 1000 + 1)
        #expect(world.audiences.arrived()?.isOld(at: world.clock.now) == true)
        try await world.eventually("it is counted again") { world.audiences.arrived()?.misfits.contains { $0.source == 3 } == true }
        #expect(world.audiences.arrived()?.isOld(at: world.clock.now) == false)
        let newest = await world.audiences.samples(of: "Order Completed", limit: 2)
        #expect(newest.map(\.source) == [3, 2] && newest[1].properties["total"] == .bool(true))
        #expect(await world.audiences.samples(of: "Nothing").isEmpty)
        await world.remove()
    }
}
