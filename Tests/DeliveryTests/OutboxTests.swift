import GRDB
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(15))) struct `The outbox` {
    @Test func `gets a message of what a webhook hears of, and of nothing else`() async throws {
        try await DeliveryWorld.run { world in
            try await world.order()
            try await world.hook()
            let position = try await world.order()
            try await world.order(name: "Page Viewed")
            let messages = try world.messages()
            #expect(messages.map(\.message.position) == [position] && messages[0].message.state == .waiting && messages[0].name == "Order Completed")
            #expect(messages[0].message.attempts == 0 && messages[0].message.dueAt == world.clock.now)
            #expect(try messages[0].customer?.raw == world.world.person(.email, "ann@example.com"))
        }
    }

    @Test func `gets none of a message that came twice`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook()
            var said = World.Said((.email, "ann@example.com"), name: "Order Completed", message: "order-1")
            said.properties = ["total": 5]
            try await world.world.say([said])
            try await world.world.say([said])
            #expect(try world.messages().count == 1)
        }
    }

    @Test func `gets changes of the audiences that a webhook names, and not of others`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook("some", to: "https://crm.example.com/", "[Audience Entered]", more: "  audiences: [buyers, vips]\n")
            try await world.hook("all", to: "https://crm.example.com/", "[Audience Entered, Audience Left]")
            try await world.order()
            try await world.ours("Audience Entered", ["audience": "buyers", "name": "Buyers"])
            try await world.ours("Audience Entered", ["audience": "guests", "name": "Guests"])
            try await world.ours("Audience Left", ["audience": "buyers", "name": "Buyers"])
            #expect(try world.messages("some").map(\.name) == ["Audience Entered"])
            #expect(try world.messages("all").map(\.name) == ["Audience Left", "Audience Entered", "Audience Entered"])
        }
    }

    @Test func `does not take for ours what came from outside under its name`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook("crm", to: "https://crm.example.com/", "[Audience Entered, Stage Changed]")
            try await world.order(name: "Audience Entered")
            try await world.order(name: "Stage Changed")
            #expect(try world.messages().isEmpty)
        }
    }

    @Test func `gets nothing while a webhook is off, and loses what is of one that is removed`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook(more: "  enabled: false\n")
            try await world.order()
            #expect(try world.messages().isEmpty)
            try await world.hook()
            try await world.order()
            #expect(try world.messages().count == 1)
            try await world.define(["webhook/crm": ""])
            try await world.order()
            #expect(try world.messages().isEmpty)
        }
    }

    @Test(
        arguments: [
            (0, 0, nil), (86_400_000, 0, nil), (86_400_001, 0, .late), (0, 604_800_000, nil), (0, 604_800_001, .history),
        ] as [(Int64, Int64, OutboxMessage.Reason?)])
    func `holds back what was concluded a day after it arrived, and what is a week old when it arrives`(
        ago: Int64, before: Int64, reason: OutboxMessage.Reason?
    ) {
        let now = World.start
        #expect(WebhookReaction.reason(at: now + -ago + -before, receivedAt: now + -ago, now: now) == reason)
    }

    @Test func `holds back past as many as may wait, and takes more when some are done`() async throws {
        try await DeliveryWorld.run { world in
            let outbox = world.reaction.outbox
            func add(_ numbers: ClosedRange<Int>) throws {
                try world.world.store.write { db in
                    for n in numbers {
                        let message = OutboxMessage(
                            target: "crm", position: Position(body: 1_000, index: n), customer: 0, madeAt: world.clock.now, dueAt: world.clock.now)
                        try outbox.add(message, most: 3, db)
                    }
                }
            }
            try add(1...5)
            #expect(try world.messages().map(\.message.state) == [.heldBack, .heldBack, .waiting, .waiting, .waiting])
            #expect(try world.messages().first?.message.reason == .full)
            try world.world.store.write { db in
                var done = try #require(try outbox.next("crm", db))
                done.state = .sent
                try outbox.record(done, isAnswer: false, db)
            }
            try add(6...7)
            #expect(try world.messages("crm", .waiting).map(\.message.position.index) == [6, 3, 2])
        }
    }

    @Test func `keeps messages for 30 days, and of those that are done so many`() async throws {
        try await DeliveryWorld.run { world in
            let outbox = world.reaction.outbox
            let now = world.clock.now
            try world.world.store.write { db in
                for (n, (state, age)) in [
                    (OutboxMessage.State.sent, 0), (.waiting, 0), (.dead, 0), (.sent, 0), (.waiting, Outbox.kept), (.sent, Outbox.kept + 1),
                    (.waiting, Outbox.kept + 1),
                ].enumerated() {
                    try outbox.add(
                        OutboxMessage(
                            target: "crm", position: Position(body: 1, index: n), customer: 0, state: state, madeAt: now + -Int64(age), dueAt: now),
                        db)
                }
                try outbox.trim("crm", now: now, most: 2, db)
            }
            #expect(try world.messages().map(\.message.position.index) == [4, 3, 2, 1])
        }
    }

    @Test func `a state that is worked out again has the same messages under the same ids, and holds back what is older than a day`() async throws {
        let first = try await DeliveryWorld()
        try await first.hook()
        try await first.order()
        first.clock.advance(3_600_000)
        try await first.order("bob@example.com")
        let before = try first.messages().map(\.id)
        // To the millisecond: the day of the first is over, that of the second is not.
        first.clock.advance(86_400_000 - 3_600_000 + 1)
        let second = try await first.reopened(losing: DeliveryWorld.state)
        while await !second.world.pipeline.wait(for: second.world.ledger.newestBody) {}
        let messages = try second.messages()
        #expect(messages.map(\.id) == before)
        #expect(messages.map(\.message.state) == [.waiting, .heldBack] && messages[1].message.reason == .late)
        await second.remove()
    }

    @Test func `of somebody who is erased nothing that waits is sent`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook()
            try await world.order()
            try await world.order("bob@example.com")
            let ann = try #require(try world.world.person(.email, "ann@example.com"))
            _ = try await world.world.pipeline.perform(.erase(customer: ann, author: "Ann"), randomness: World.randomness)
            let messages = try world.messages().map(\.message)
            #expect(messages.map(\.state) == [.waiting, .heldBack] && messages[1].reason == .gone)
        }
    }

    @Test func `is told of beside an interaction that is damaged, which is not sent`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook()
            let position = try await world.order()
            try await world.order("bob@example.com")
            try await world.world.ledger.perform { db in
                try db.execute(sql: "UPDATE body SET data = zeroblob(length(data)) WHERE id = ?", arguments: [position.body])
            }
            let messages = try world.messages()
            #expect(messages.map(\.name) == ["Order Completed", nil] && messages[1].at == nil && messages[1].customer == nil)
            #expect(try world.webhooks.sendAgain(messages[1].id, of: "crm").name == nil)
        }
    }

    @Test func `is asked for by state and page by page`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook()
            for total in 1...5 { try await world.order(total: Int64(total)) }
            let all = try world.messages().map(\.id)
            let first = try world.webhooks.messages(of: "crm", limit: 2)
            let second = try world.webhooks.messages(of: "crm", before: first[1].id, limit: 2)
            #expect(first.map(\.id) + second.map(\.id) == Array(all.prefix(4)))
            #expect(try world.messages("crm", .sent).isEmpty)
            #expect(try world.messages("crm", .waiting).count == 5)
            #expect(throws: WebhookProblem.noMessage) {
                try world.webhooks.messages(of: "crm", before: "msg_" + String(repeating: "0", count: 27), limit: 2)
            }
            #expect(throws: WebhookProblem.noMessage) { try world.webhooks.messages(of: "crm", before: "x", limit: 2) }
        }
    }

    @Test func `loses what is of webhooks that are removed, and of no other`() async throws {
        try await DeliveryWorld.run { world in
            let keys = ["a", "b", "c", "d"]
            for key in keys { try await world.hook(key) }
            for total in 1...3 { try await world.order(total: Int64(total)) }
            try await world.define(["webhook/a": "", "webhook/c": ""])
            #expect(try keys.map { try world.messages($0).count } == [0, 3, 0, 3])
            // One that is added under the same key begins anew.
            try await world.hook("c")
            try await world.order()
            #expect(try keys.map { try world.messages($0, .waiting).count } == [0, 4, 1, 4])
        }
    }

    @Test func `finds to whom there are messages by a step of an index each, not by looking at all messages`() async throws {
        try await DeliveryWorld.run { world in
            for table in ["outbox", "outbox_target"] {
                let plan = try world.world.store.read { db in
                    try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + Outbox.targets(of: table), arguments: ["webhook"]).map {
                        $0["detail"] as String
                    }
                }
                let looks = plan.filter { $0.contains(" \(table) ") }
                #expect(looks.count == 1 && looks[0].hasPrefix("SEARCH") && looks[0].contains("target>?"), "\(plan)")
            }
        }
    }

    @Test func `finds what is due by an index, not by looking at all that waits`() async throws {
        try await DeliveryWorld.run { world in
            let plan = try world.world.store.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        EXPLAIN QUERY PLAN SELECT position FROM outbox WHERE channel = 'webhook' AND target = 'crm' AND state = 0
                        ORDER BY due_at, position LIMIT 1
                        """
                ).map { $0["detail"] as String }
            }
            #expect(plan.count == 1 && plan[0].contains("outbox_due"), "\(plan)")
        }
    }
}
