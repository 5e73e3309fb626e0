import Customers
import Kernel
import Ledger
import Synchronization
import Testing

@testable import Web

@Suite struct `The live page` {
    private func open(_ world: SampleWorld, _ address: String) async throws -> (Pieces, @Sendable () -> Void) {
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        let answer = await browser.get(address)
        #expect(answer.status == 200 && answer.header("content-type") == "text/event-stream; charset=utf-8")
        guard case .stream(let stream, let end) = answer.body else { throw NoStream() }
        return (stream.filter { $0.first != UInt8(ascii: ":") }.makeAsyncIterator(), end)
    }
    /// Without what is sent for the connection's sake alone.
    private typealias Pieces = AsyncFilterSequence<AsyncStream<[UInt8]>>.AsyncIterator
    private struct NoStream: Error {}

    @Test func `what happens is sent at once, escaped, as one event`() async throws {
        let world = try SampleWorld.furnished()
        var (pieces, end) = try await open(world, "/now/stream")
        #expect(String(decoding: try #require(await pieces.next()), as: UTF8.self) == "retry: 3000\n\n")
        world.emit(
            world.happen(CustomerID(raw: 4), "2026-11-19T10:42:00Z", "Message Received", channel: .chat, ["text": "one\r\n\r\nevent: over\ntwo <b>"]))
        let event = String(decoding: try #require(await pieces.next()), as: UTF8.self)
        #expect(event.hasPrefix("event: row\ndata: <li class=\"conveyor-item is-new\">") && event.hasSuffix("\n\n"))
        #expect(event.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("data: ") })
        #expect(event.contains("two &lt;b&gt;") && event.contains("Fox &amp; Söhne"))
        end()
        #expect(await pieces.next() == nil)
    }

    @Test func `a filter leaves other channels out`() async throws {
        let world = try SampleWorld.furnished()
        var (pieces, end) = try await open(world, "/now/stream?channel=chat")
        _ = await pieces.next()
        world.emit(world.happen(CustomerID(raw: 1), "2026-11-19T10:42:00Z", "Page Viewed", channel: .web, ["title": "Nothing"]))
        world.emit(world.happen(CustomerID(raw: 1), "2026-11-19T10:42:00Z", "Message Received", channel: .chat, ["text": "Something"]))
        #expect(String(decoding: try #require(await pieces.next()), as: UTF8.self).contains("Something"))
        end()
    }

    @Test func `more than a person can read in a second is counted, not shown`() async throws {
        let world = try SampleWorld.furnished()
        var (pieces, end) = try await open(world, "/now/stream")
        _ = await pieces.next()
        let item = world.happen(CustomerID(raw: 1), "2026-11-19T10:42:00Z", "Page Viewed")
        var (emitted, rows, skipped) = (0, 0, 0)
        // On a slow machine the next second may have begun before all of one was looked at: then nothing was skipped, and it is done again.
        for _ in 0..<100 where skipped == 0 {
            for _ in 0..<(Console.livePerSecond + 5) { world.emit(item) }
            try await Task.sleep(for: .milliseconds(100))
            world.state.withLock { $0.now = $0.now + 1000 }
            world.emit(world.happen(CustomerID(raw: 4), "2026-11-19T10:42:00Z", "Message Received", channel: .chat, ["text": "The last one"]))
            emitted += Console.livePerSecond + 6
            while let piece = await pieces.next().map({ String(decoding: $0, as: UTF8.self) }) {
                if let count = piece.wholeMatch(of: /event: skipped\ndata: (\d+) more in the last second.\n\n/)?.1 {
                    skipped += Int(count) ?? 0
                } else {
                    #expect(piece.hasPrefix("event: row"))
                    rows += 1
                }
                if piece.contains("The last one") { break }
            }
        }
        #expect(rows + skipped == emitted && (1...5).contains(skipped))
        end()
    }

    @Test func `the stream ends when its source does`() async throws {
        let world = try SampleWorld.furnished()
        var (pieces, _) = try await open(world, "/now/stream")
        _ = await pieces.next()
        for (_, listener) in world.state.withLock({ $0.listeners }) { listener.finish() }
        #expect(await pieces.next() == nil)
    }

    @Test func `without a session there is no stream, and no redirect that a script would follow`() async throws {
        let answer = await Browser(try SampleWorld().console()).get("/now/stream")
        #expect(answer.status == 401)
    }

    @Test func `the page shows what happened last without any script`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("marta@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn()
        let html = await browser.get("/now").text
        #expect(html.contains("10:41:21") && html.contains("Merino throw") && html.contains("sse-connect=\"/now/stream\""))
        let chat = await browser.get("/now?channel=chat").text
        #expect(!chat.contains("Merino throw") && chat.contains("sse-connect=\"/now/stream?channel=chat\""))
        #expect(await browser.get("/now?channel=%22%3E").text.contains("sse-connect=\"/now/stream\""))
    }
}
