import Definitions
import Foundation
import Kernel
import Ledger
import Pipeline
import Simdjson
import Synchronization
import TestSupport
import Testing

@testable import Delivery

// A real receiver on this machine, and a clock that stands until a test moves it: what is due later is due when the test says so.

@Suite(.timeLimit(.minutes(15))) struct `Sending to webhooks` {
    private func run(
        networks: [String] = ["127.0.0.0/8"], limit: Int = 300_000,
        _ answer: @escaping @Sendable (Int, Receiver.Got) -> Receiver.Answer = { _, _ in .init() },
        _ body: (DeliveryWorld, Receiver) async throws -> Void
    ) async throws {
        let receiver = try Receiver(answer)
        defer { receiver.close() }
        try await DeliveryWorld.run(networks: networks, limit: limit) { world in
            world.webhooks.start()
            try await body(world, receiver)
        }
    }

    @Test func `what happens is posted as signed JSON, with the customer and the interaction`() async throws {
        try await run { world, receiver in
            try await world.hook(to: receiver.url)
            let position = try await world.order()
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
            let got = try #require(receiver.all.first)
            #expect(receiver.all.count == 1 && got.path == "/hook" && got.headers["content-type"] == "application/json")
            #expect(got.headers["user-agent"] == "Sightline/1.2.3" && got.headers["expect"] == nil)
            let message = try world.messages()[0]
            #expect(got.headers["webhook-id"] == message.id && message.message.status == 200 && message.message.attempts == 1)
            let seconds = world.clock.now.seconds
            #expect(got.headers["webhook-timestamp"] == "\(seconds)")
            let keys = world.webhooks.secrets.keys(of: "crm", at: world.clock.now)
            #expect(
                got.headers["webhook-signature"]
                    == WebhookSignature.header(id: message.id, timestamp: seconds, body: Array(got.body.utf8), keys: keys))
            let json = try JSON.parse(Array(got.body.utf8))
            #expect(json["type"] == "order.completed" && json["timestamp"]?.string == World.start.rfc3339)
            let data = try #require(json["data"])
            #expect(data["customer"]?["id"]?.string == message.customer?.description)
            #expect(data["customer"]?["identifiers"] == [["kind": "email", "value": "ann@example.com"]])
            #expect(data["interaction"]?["name"] == "Order Completed" && data["interaction"]?["properties"]?["total"] == 5)
            #expect(data["interaction"]?["position"]?.integer == Int64(bitPattern: position.raw) && data["interaction"]?["source"] == "shop")
            #expect(world.webhooks.sent == 1 && world.webhooks.failed == 0)
        }
    }

    @Test func `what was not taken is tried again after some five seconds, under the same id`() async throws {
        try await run { number, _ in
            .status(number == 1 ? 500 : 204)
        } _: { world, receiver in
            try await fail(world, receiver)
            let failed = try world.messages()[0].message
            #expect(failed.state == .waiting && failed.status == 500 && failed.error == "It answered 500.")
            #expect((4_500...5_500).contains(failed.dueAt - world.clock.now))
            #expect(try world.webhooks.state(of: "crm", .standard).figures.failingSince == world.clock.now)
            world.clock.advance(5_500)
            world.webhooks.wake()
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
            #expect(receiver.all.count == 2 && receiver.all[0].headers["webhook-id"] == receiver.all[1].headers["webhook-id"])
            #expect(receiver.all[0].headers["webhook-timestamp"] != receiver.all[1].headers["webhook-timestamp"])
            let state = try world.webhooks.state(of: "crm", .standard).figures
            #expect(state.failingSince == nil && state.lastError == nil && state.sent == 1 && state.lastSentAt == world.clock.now)
        }
    }

    @Test func `after ten attempts a message is given up, and can be sent again`() async throws {
        let isUp = Mutex(false)
        try await run { _, _ in
            .status(isUp.withLock { $0 } ? 200 : 503)
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            try await world.order()
            for attempt in 1...10 {
                try await world.eventually("attempt \(attempt)") { try world.messages().first?.message.attempts == attempt }
                #expect(try world.messages()[0].message.state == (attempt < 10 ? .waiting : .dead))
                world.clock.advance(27 * 3_600_000)
                world.webhooks.wake()
            }
            #expect(receiver.all.count == 10)
            isUp.withLock { $0 = true }
            let again = try world.webhooks.sendAgain(try world.messages()[0].id, of: "crm")
            #expect(again.message.state == .waiting && again.message.attempts == 0)
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
            #expect(Set(receiver.all.map { $0.headers["webhook-id"] }).count == 1)
        }
    }

    @Test func `410 switches the webhook off until somebody switches it on, and what waited goes out then`() async throws {
        try await run { number, _ in
            .status(number == 1 ? 410 : 200)
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it is off") { world.webhooks.secrets.disabledAt("crm") != nil }
            try await world.eventually("it is written down") { try world.messages("crm", .dead).count == 1 }
            #expect(try world.webhooks.state(of: "crm", .standard).word == .disabled)
            try await world.order("bob@example.com")
            world.clock.advance(86_400_000 / 2)
            world.webhooks.wake()
            try await Task.sleep(for: .milliseconds(200))
            #expect(receiver.all.count == 1)
            #expect(try world.messages("crm", .waiting).count == 1)
            let id = try world.messages("crm", .dead)[0].id
            #expect(throws: WebhookProblem.disabled) { try world.webhooks.sendAgain(id, of: "crm") }
            try world.webhooks.enable("crm")
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
        }
    }

    @Test func `a redirect is not followed`() async throws {
        try await run { number, got in
            got.path == "/hook" ? .status(302, "Location: /elsewhere") : .status(200)
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it failed") { try world.messages().first?.message.status == 302 }
            #expect(receiver.all.map(\.path) == ["/hook"])
            #expect(try world.messages()[0].message.error?.contains("not followed") == true)
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "127.1"])
    func `an address that is not public is not connected to, however it is written`(host: String) async throws {
        try await run(networks: []) { world, receiver in
            try await world.hook(to: "http://\(host):\(receiver.port)/")
            try await world.order()
            try await world.eventually("it failed") { try world.messages().first?.message.attempts == 1 }
            let message = try world.messages()[0].message
            #expect(message.error?.contains("no public address") == true && message.state == .waiting && message.status == nil, "\(message)")
            #expect(receiver.all.isEmpty)
        }
    }

    @Test func `proxies of the environment are not asked`() async throws {
        try await run { world, receiver in
            setenv("http_proxy", "http://127.0.0.1:9/", 1)
            defer { unsetenv("http_proxy") }
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
        }
    }

    @Test func `nobody waits for a receiver that is slow`() async throws {
        let isOver = Mutex(false)
        try await run { _, got in
            if got.path == "/slow" { while !isOver.withLock({ $0 }) { usleep(10_000) } }
            return .init()
        } _: { world, receiver in
            defer { isOver.withLock { $0 = true } }
            try await world.hook("slow", to: "http://127.0.0.1:\(receiver.port)/slow")
            try await world.hook("quick", to: receiver.url)
            for total in 1...20 { try await world.order(total: Int64(total)) }
            try await world.eventually("all are sent to the quick one") { try world.messages("quick", .sent).count == 20 }
            // The slow one is far behind, however slow this machine is.
            #expect(try world.messages("slow", .sent).count < 20)
        }
    }

    @Test func `messages go out in the order in which things arrived, one at a time`() async throws {
        try await run { world, receiver in
            try await world.hook(to: receiver.url)
            for total in 1...30 { try await world.order(total: Int64(total)) }
            try await world.eventually("all are sent") { try world.messages("crm", .sent).count == 30 }
            let totals = try receiver.all.map { try JSON.parse(Array($0.body.utf8))["data"]?["interaction"]?["properties"]?["total"]?.integer }
            #expect(totals == (1...30).map { $0 })
        }
    }

    @Test func `a receiver that is down is not asked again at once for every message that waits`() async throws {
        try await run { _, _ in
            .status(500)
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            for total in 1...10 { try await world.order(total: Int64(total)) }
            try await world.eventually("one failed") { receiver.all.count == 1 }
            try await Task.sleep(for: .milliseconds(200))
            #expect(receiver.all.count == 1)
            world.clock.advance(1_000)
            world.webhooks.wake()
            try await world.eventually("another failed") { receiver.all.count == 2 }
        }
    }

    /// A webhook, and a message that its receiver did not take.
    private func fail(_ world: DeliveryWorld, _ receiver: Receiver) async throws {
        try await world.hook(to: receiver.url)
        try await world.order()
        try await world.eventually("it failed") { try world.messages().first?.message.attempts == 1 }
    }

    @Test func `Retry-After is waited for`() async throws {
        try await run { _, _ in
            .status(429, "Retry-After: 7200")
        } _: { world, receiver in
            try await fail(world, receiver)
            #expect(try world.messages()[0].message.dueAt - world.clock.now == 7_200_000)
        }
    }

    @Test func `who sends a message again, or mends the address, does not wait for what the receiver asked`() async throws {
        try await run { number, _ in
            number <= 2 ? .status(429, "Retry-After: 7200") : .status(200)
        } _: { world, receiver in
            try await fail(world, receiver)
            _ = try world.webhooks.sendAgain(try world.messages()[0].id, of: "crm")
            try await world.eventually("it failed again") { try world.messages()[0].message.attempts == 1 && receiver.all.count == 2 }
            try await world.order("bob@example.com")
            try await Task.sleep(for: .milliseconds(100))
            #expect(receiver.all.count == 2)
            try await world.hook(to: receiver.url + "/mended")
            try await world.eventually("the other is sent") { try world.messages("crm", .sent).count == 1 }
            #expect(receiver.all.map(\.path) == ["/hook", "/hook", "/hook/mended"])
        }
    }

    @Test func `what somebody wants of one webhook does not wake the receivers of others, nor does a change of anything else`() async throws {
        try await run { _, _ in
            .status(429, "Retry-After: 7200")
        } _: { world, receiver in
            let url = "http://127.0.0.1:\(receiver.port)/"
            func asked(_ key: String) -> Int { receiver.all.count { $0.path == "/" + key } }
            try await world.hook("a", to: url + "a")
            try await world.hook("b", to: url + "b")
            try await world.order()
            try await world.eventually("both failed") { try ["a", "b"].allSatisfy { try world.messages($0).first?.message.attempts == 1 } }
            // Due at once, but for the rest that its receiver asked for.
            try await world.order("bob@example.com")
            try await world.define(["workspace": "workspace:\n  name: Marlow\n"])
            try await Task.sleep(for: .milliseconds(200))
            #expect(asked("a") == 1 && asked("b") == 1)
            _ = try world.webhooks.sendAgain(try world.messages("a")[1].id, of: "a")
            try await world.eventually("a is asked again") { asked("a") == 2 }
            try await world.eventually("it failed again") { try world.messages("a").contains { $0.message.attempts == 1 } }
            try await world.hook("a", to: url + "a", more: "  owner: Priya\n")
            try await world.hook("a", to: url + "a", "[Order Completed, Page Viewed]")
            try await world.eventually("a is asked once more") { asked("a") == 3 }
            try await Task.sleep(for: .milliseconds(200))
            #expect(asked("b") == 1)
        }
    }

    @Test func `Retry-After may be a date`() async throws {
        try await run { _, _ in
            .status(503, "Retry-After: Sun, 03 May 2026 12:00:00 GMT")
        } _: { world, receiver in
            try await fail(world, receiver)
            #expect(try world.messages()[0].message.dueAt - world.clock.now == 7_200_000)
        }
    }

    @Test(
        arguments: [
            // libcurl reads a date of a year that no number of milliseconds reaches.
            ("Sun, 06 Nov 2147483647 08:49:37 GMT", 86_400_000), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400_000),
            ("99999999999999999999", 86_400_000), ("9223372036854775807", 86_400_000), ("86401", 86_400_000), ("86399", 86_399_000),
            ("-5", nil), ("-9223372036854775808", nil), ("Mon, 01 Jan 1601 00:00:00 GMT", nil), ("Sun, 03 May 1970 12:00:00 GMT", nil),
            ("soon", nil), ("", nil),
        ] as [(String, Int64?)])
    func `Retry-After is waited for a day at most, whatever a receiver writes there`(value: String, wait: Int64?) async throws {
        try await run { _, _ in
            .status(503, "Retry-After: \(value)")
        } _: { world, receiver in
            try await fail(world, receiver)
            let waited = try world.messages()[0].message.dueAt - world.clock.now
            // Who asks for nothing is asked again as without it.
            if let wait { #expect(waited == wait) } else { #expect((4_500...5_500).contains(waited)) }
        }
    }

    @Test func `a receiver that takes too long has not taken it`() async throws {
        let isOver = Mutex(false)
        try await run(limit: 200) { _, _ in
            while !isOver.withLock({ $0 }) { usleep(10_000) }
            return .init()
        } _: { world, receiver in
            defer { isOver.withLock { $0 = true } }
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it was too slow") { try world.messages().first?.message.attempts == 1 }
            let message = try world.messages()[0].message
            #expect(message.error == "It did not answer in time." && message.status == nil && message.state == .waiting)
        }
    }

    @Test func `a receiver that hangs up has not taken it`() async throws {
        try await run { _, _ in
            .init(isCut: true)
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it was cut") { try world.messages().first?.message.attempts == 1 }
            let message = try world.messages()[0].message
            #expect(message.error?.hasPrefix("The connection broke") == true && message.status == nil && message.state == .waiting)
            #expect(world.webhooks.failed == 1)
        }
    }

    @Test func `what is kept no longer is not told of`() async throws {
        let receiver = try Receiver()
        defer { receiver.close() }
        try await DeliveryWorld.run { world in
            try await world.hook(to: receiver.url)
            let position = try await world.order()
            let end = world.clock.now.milliseconds + 1_000
            _ = try await world.world.pipeline.perform(.expire(before: [:], rest: end, author: "Ann"), randomness: World.randomness)
            // What the run does to the file, which another room drives.
            try await world.world.ledger.expire([position])
            world.webhooks.start()
            try await world.eventually("it is held back") { try world.messages("crm", .heldBack).count == 1 }
            #expect(receiver.all.isEmpty && (try? world.messages()[0].message.reason) == .gone)
        }
    }

    @Test func `an answer that does not end after 64 KB is taken as it began`() async throws {
        try await run { _, _ in
            .init(body: String(repeating: "x", count: 4 << 20))
        } _: { world, receiver in
            try await world.hook(to: receiver.url)
            try await world.order()
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
        }
    }

    @Test func `what nobody listens for is told in words`() async throws {
        try await run { world, receiver in
            receiver.close()
            try await world.hook(to: "http://127.0.0.1:9/")
            try await world.order()
            try await world.eventually("it failed") { try world.messages().first?.message.attempts == 1 }
            #expect(try world.messages()[0].message.error?.hasPrefix("It could not be reached") == true)
        }
    }

    @Test func `what waits when the process ends is sent by the next one, under the same id`() async throws {
        let receiver = try Receiver()
        defer { receiver.close() }
        let first = try await DeliveryWorld()
        try await first.hook(to: receiver.url)
        try await first.order()
        let id = try first.messages()[0].id
        let second = try await first.reopened()
        second.webhooks.start()
        try await second.eventually("it is sent") { try second.messages("crm", .sent).count == 1 }
        #expect(receiver.all.map { $0.headers["webhook-id"] } == [id])
        await second.remove()
    }

    @Test func `whoever was erased before it is sent is not told of`() async throws {
        let receiver = try Receiver()
        defer { receiver.close() }
        try await DeliveryWorld.run { world in
            try await world.hook(to: receiver.url)
            try await world.order()
            let ann = try #require(try world.world.person(.email, "ann@example.com"))
            _ = try await world.world.pipeline.perform(.erase(customer: ann, author: "Ann"), randomness: World.randomness)
            try await world.order("bob@example.com")
            // Even somebody who asks for it gets nothing.
            _ = try world.webhooks.sendAgain(try world.messages().last?.id ?? "", of: "crm")
            world.webhooks.start()
            try await world.eventually("all is done") { try world.messages("crm", .waiting).isEmpty }
            #expect(receiver.all.count == 1 && !receiver.all[0].body.contains("ann@"))
            #expect(try world.messages().map(\.message.state) == [.sent, .heldBack])
        }
    }

    @Test func `after a change of the secret messages are signed twice`() async throws {
        try await run { world, receiver in
            try await world.hook(to: receiver.url)
            let old = world.webhooks.secrets.keys(of: "crm", at: world.clock.now)
            try world.webhooks.changeSecret(of: "crm")
            try await world.order()
            try await world.eventually("it is sent") { try world.messages("crm", .sent).count == 1 }
            let signatures = try #require(receiver.all[0].headers["webhook-signature"]).split(separator: " ").map(String.init)
            let got = receiver.all[0]
            #expect(signatures.count == 2)
            #expect(
                signatures.last
                    == WebhookSignature.header(
                        id: got.headers["webhook-id"] ?? "", timestamp: world.clock.now.seconds, body: Array(got.body.utf8), keys: old))
        }
    }

    @Test func `a test says what came back, and leaves no message`() async throws {
        try await run { _, _ in
            .init(status: 401, body: "who are you?")
        } _: { world, receiver in
            try await world.hook(to: receiver.url, more: "  enabled: false\n")
            let trial = try await world.webhooks.test("crm")
            #expect(trial.status == 401 && trial.answer == "who are you?" && trial.fault == "It answered 401.")
            #expect(receiver.all.count == 1 && receiver.all[0].headers["webhook-id"] == trial.id && receiver.all[0].body.contains(#""type":"test""#))
            #expect(try world.messages().isEmpty)
            await #expect(throws: WebhookProblem.unknown) { try await world.webhooks.test("nobody") }
        }
    }

    @Test func `an end does not wait for a receiver that never answers: a test of it fails, and what was under way waits for the next start`()
        async throws
    {
        let isOver = Mutex(false)
        try await run { _, _ in
            while !isOver.withLock({ $0 }) { usleep(10_000) }
            return .init()
        } _: { world, receiver in
            defer { isOver.withLock { $0 = true } }
            try await world.hook(to: receiver.url)
            try await world.order()
            let problem = Mutex<WebhookProblem?>(nil)
            Task.detached {
                do {
                    _ = try await world.webhooks.test("crm")
                } catch {
                    problem.withLock { $0 = error as? WebhookProblem }
                }
            }
            try await world.eventually("both are under way") { receiver.all.count == 2 }
            await world.webhooks.stop()
            try await world.eventually("the test has failed") { problem.withLock { $0 == .notSending } }
            let message = try world.messages()[0].message
            #expect(message.state == .waiting && message.attempts == 0 && message.error == nil && world.webhooks.failed == 0)
        }
    }

    @Test func `nothing is left of what has ended`() async throws {
        weak let pipeline = try await {
            let world = try await DeliveryWorld()
            world.webhooks.start()
            try await world.hook()
            await world.remove()
            return world.world.pipeline
        }()
        for _ in 0..<1_000 where pipeline != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(pipeline == nil)
    }

    @Test func `nothing is tried while nothing is sent`() async throws {
        try await DeliveryWorld.run { world in
            try await world.hook()
            await #expect(throws: WebhookProblem.notSending) { try await world.webhooks.test("crm") }
        }
    }
}
