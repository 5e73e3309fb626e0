import Customers
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing

@testable import Consent

@Suite struct `What customers agree to` {
    private func withWorld(_ body: (World, Consents) async throws -> Void) async throws {
        let vocabulary = Vocabulary()
        let world = try await World(reactions: [CustomersReaction(), ConsentReaction { vocabulary }])
        try await body(
            world,
            Consents(store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start }))
        await world.remove()
    }
    private func customer(_ world: World, _ user: String) async throws -> CustomerID {
        CustomerID(raw: try #require(try world.person(.userID, user)))
    }
    private func change(_ name: String, _ properties: JSON = [:], channel: String = "web", isOurs: Bool = true) -> ConsentChange? {
        var name = name
        guard let word = name.withUTF8({ ConsentReading.word(of: UnsafeRawBufferPointer($0)) }) else { return nil }
        return ConsentReading.change(
            word, properties, at: World.start, position: 1, customer: CustomerID(raw: 0), channel: channel, isOurs: isOurs)
    }

    @Test(
        arguments: [
            ("Consent Given", nil, true), ("consent_withdrawn", nil, false), ("Subscribed", "web", true), ("UNSUBSCRIBED", "web", false),
            ("Email Unsubscribed", "email", false), ("smsSubscribed", "sms", true), ("Push-Unsubscribed", "push", false),
        ] as [(String, String?, Bool)])
    func `interactions say it by their names`(name: String, channel: String?, given: Bool) throws {
        let found = try #require(change(name))
        #expect(found.given == given && found.channel == channel && found.purpose == "marketing")
    }

    @Test(arguments: [
        "Order Completed", "Consented", "", "Unsubscribed Again", "Fax Subscribed", "subscription", String(repeating: "d", count: 5000),
    ])
    func `other interactions say nothing about it`(name: String) { #expect(change(name) == nil) }

    @Test func `the properties say what for, where and in which words`() throws {
        let found = try #require(
            change(
                "Consent Given", ["purpose": " Surveys ", "channel": "SMS", "method": "phone", "wording": "May we ask you?", "recorded_by": "Ann"]))
        #expect(found.purpose == "surveys" && found.channel == "sms" && found.method == "phone")
        #expect(found.wording == "May we ask you?" && found.recordedBy == "Ann")
        let outside = try #require(change("Consent Given", ["recorded_by": "Ann"], isOurs: false))
        #expect(outside.recordedBy == nil, "nobody outside says that a colleague wrote something down")
        let long = try #require(
            change("Consent Given", ["purpose": .string(String(repeating: "p", count: 61)), "wording": .string(String(repeating: "w", count: 2001))]))
        #expect(long.purpose.count == 60 && long.wording?.count == 2000)
        #expect(change("Consent Given", ["purpose": 7, "channel": ["x"]])?.purpose == "marketing")
    }

    @Test func `the newest word on a purpose and channel holds, and one on every channel takes the place of those before`() {
        func said(_ at: Int64, _ purpose: String, _ channel: String?, _ given: Bool) -> ConsentChange {
            ConsentChange(
                purpose: purpose, channel: channel, given: given, at: Instant(milliseconds: at), position: UInt64(at), customer: CustomerID(raw: 0))
        }
        let state = ConsentState(history: [
            said(1, "marketing", "email", true), said(2, "marketing", "sms", true), said(3, "marketing", "email", false),
            said(4, "surveys", nil, true),
        ])
        #expect(state.current.map(\.at.milliseconds) == [3, 2, 4])
        #expect(state.decides("marketing", on: "email")?.given == false && state.decides("marketing", on: "phone") == nil)
        #expect(state.decides("surveys", on: "phone")?.given == true)
        let none = ConsentState(history: state.history + [said(5, "marketing", nil, false)])
        #expect(none.current.map(\.at.milliseconds) == [5, 4] && none.decides("marketing", on: "sms")?.given == false)
        let again = ConsentState(history: none.history + [said(6, "marketing", "sms", true)])
        #expect(again.current.map(\.at.milliseconds) == [5, 6, 4] && again.decides("marketing", on: "sms")?.given == true)
        // What arrives late counts as of when it was said.
        #expect(ConsentState(history: again.history + [said(0, "marketing", nil, true)]).current == again.current)
    }

    @Test func `what came in and what a colleague wrote down stand together, through merges, and go with an erasure`() async throws {
        try await withWorld { world, consents in
            try await world.say(World.Said((.userID, "ann"), name: "Email Unsubscribed"), World.Said((.userID, "anna")))
            let ann = try await customer(world, "ann")
            let anna = try await customer(world, "anna")
            try await consents.record(true, for: "Surveys", on: "phone", of: anna, method: "phone", wording: nil, by: "Mira")
            #expect(try consents.state(of: ann).current.map(\.purpose) == ["marketing"])
            let said = try #require(try consents.state(of: anna).current.first)
            #expect(said.purpose == "surveys" && said.channel == "phone" && said.recordedBy == "Mira" && said.given)
            let customers = Customers(
                store: world.store, ledger: world.ledger, pipeline: world.pipeline, randomness: World.randomness, clock: Clock { World.start }
            ) { _ in nil }
            _ = try await customers.merge(ann, anna, by: "Mira", note: nil)
            #expect(try consents.state(of: ann).current.map(\.purpose) == ["marketing", "surveys"])
            try await customers.erase(ann, by: "Mira")
            #expect(try consents.state(of: ann).history.isEmpty && consents.state(of: anna).history.isEmpty)
            await #expect(throws: ConsentProblem.noCustomer) {
                try await consents.record(true, for: "surveys", on: nil, of: ann, method: nil, wording: nil, by: "Mira")
            }
        }
    }

    @Test func `what cannot be written down is refused, at its limits`() async throws {
        try await withWorld { world, consents in
            try await world.say(World.Said((.userID, "ann")))
            let ann = try await customer(world, "ann")
            func record(_ purpose: String = "x", on channel: String? = nil, method: String? = nil, wording: String? = nil) async throws {
                try await consents.record(true, for: purpose, on: channel, of: ann, method: method, wording: wording, by: "Mira")
            }
            func text(_ count: Int) -> String { String(repeating: "a", count: count) }
            await #expect(throws: ConsentProblem.purposeLength(0)) { try await record("") }
            await #expect(throws: ConsentProblem.purposeLength(2)) { try await record("  ") }
            await #expect(throws: ConsentProblem.purposeLength(61)) { try await record(text(61)) }
            await #expect(throws: ConsentProblem.unknownChannel("telegraph")) { try await record(on: "telegraph") }
            await #expect(throws: ConsentProblem.methodLength(61)) { try await record(method: text(61)) }
            await #expect(throws: ConsentProblem.wordingLength(2001)) { try await record(wording: text(2001)) }
            #expect(try consents.state(of: ann).history.isEmpty)
            try await record(text(60), on: "web", method: text(60), wording: text(2000))
            #expect(try consents.state(of: ann).history.count == 1)
        }
    }
}
