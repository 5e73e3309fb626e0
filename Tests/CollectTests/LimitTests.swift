import Collect
import Identity
import Kernel
import Ledger
import Simdjson
import Testing

@Suite struct `What is too much` {
    /// An item of exactly so many bytes.
    private func item(_ size: Int, _ id: String = "m") -> String {
        let bare = #"{"type":"track","userId":"u","event":"E","messageId":"\#(id)","properties":{"fill":""}}"#
        return bare.replacing("\"fill\":\"\"", with: "\"fill\":\"\(String(repeating: "x", count: size - bare.utf8.count))\"")
    }

    private func padded(_ body: String, to size: Int) -> [UInt8] { Array(body.utf8) + [UInt8](repeating: 32, count: size - body.utf8.count) }

    @Test func `an item of 32 KB is taken and one byte more is refused`() throws {
        let size = 32 * 1024
        #expect(try collect(.track, item(size)).receipt.accepted == 1)
        #expect(
            try refusal(.track, item(size + 1)) == (
                "too-large", "The item has 32769 bytes; 32768 are allowed. Send less in its properties, traits or context."
            ))
        let outcome = try collect(.batch, "{\"batch\":[\(item(size)),\(item(size + 1, "n"))]}")
        #expect(outcome.receipt.accepted == 1)
        #expect(outcome.receipt.refused.map(\.messageID) == ["n"])
    }

    @Test func `a body of 500 KB is taken and one byte more is a problem; an import has 4 MB`() throws {
        let body = "{\"batch\":[\(item(100))]}"
        for (route, size) in [(Route.batch, 500 * 1024), (.import, 4 * 1024 * 1024)] {
            #expect(try collect(route, padded(body, to: size)).receipt.accepted == 1)
            #expect(throws: CollectProblem.tooLarge(limit: size)) { try collect(route, padded(body, to: size + 1)) }
        }
        #expect(try collect(.track, padded(item(100), to: 500 * 1024)).receipt.accepted == 1)
        #expect(throws: CollectProblem.tooLarge(limit: 500 * 1024)) { try collect(.track, padded(item(100), to: 500 * 1024 + 1)) }
        #expect(CollectProblem.tooLarge(limit: 1).problem.status == 413)
    }

    @Test func `a batch of 2,500 items is taken and one more is a problem`() throws {
        func body(_ count: Int) -> String {
            "{\"batch\":[\(Array(repeating: #"{"type":"track","userId":"u","event":"E"}"#, count: count).joined(separator: ","))]}"
        }
        #expect(try collect(.batch, body(2500)).receipt.accepted == 2500)
        #expect(throws: CollectProblem.tooManyItems(2501, limit: 2500)) { try collect(.batch, body(2501)) }
        #expect(try collect(.import, body(25_000)).receipt.accepted == 25_000)
        #expect(throws: CollectProblem.tooManyItems(25_001, limit: 25_000)) { try collect(.import, body(25_001)) }
    }

    @Test func `what a batch shares has as many bytes as an item may, and may not grow without bounds`() throws {
        func body(_ bytes: Int, _ items: Int = 1) -> String {
            let one = #"{"type":"track","userId":"u","event":"E"}"#
            let context = "{\"x\":\"\(String(repeating: "x", count: bytes - 8))\"}"
            return "{\"context\":\(context),\"batch\":[\(Array(repeating: one, count: items).joined(separator: ","))]}"
        }
        #expect(try collect(.batch, body(32 * 1024)).receipt.accepted == 1)
        #expect(throws: CollectProblem.sharedTooLarge(bytes: 32 * 1024 + 1, limit: 32 * 1024)) { try collect(.batch, body(32 * 1024 + 1)) }
        // sentAt is copied to each refused item as the others are.
        #expect(throws: CollectProblem.sharedTooLarge(bytes: 40_002, limit: 32 * 1024)) {
            try collect(.batch, "{\"sentAt\":\"\(String(repeating: "1", count: 40_000))\",\"batch\":[]}")
        }
        // 2,100 times 31 KB is past 64 MB.
        #expect(throws: CollectProblem.self) { try collect(.batch, body(31 * 1024, 2200)) }
        #expect(try collect(.batch, body(1024, 2500)).receipt.accepted == 2500)
    }

    @Test func `depth 32 is taken and 33 is refused; so are limits that are set`() throws {
        func body(_ depth: Int) -> String {
            "{\"userId\":\"u\",\"event\":\"E\",\"properties\":{\"a\":\(String(repeating: "[", count: depth - 2))\(String(repeating: "]", count: depth - 2))}}"
        }
        #expect(try collect(.track, body(32)).receipt.accepted == 1)
        #expect(try refusal(.track, body(33)).kind == "too-deep")
        let flat = try collector(limits: ["item-depth": 4])
        #expect(try collect(.track, body(4), with: flat).receipt.accepted == 1)
        #expect(try refusal(.track, body(5), with: flat).kind == "too-deep")
        let shared = "{\"context\":{\"a\":[]},\"batch\":[{\"type\":\"track\",\"userId\":\"u\",\"event\":\"E\"}]}"
        #expect(try collect(.batch, shared, with: flat).receipt.accepted == 1)
        #expect(throws: CollectProblem.shared(field: "context", .flaw(.tooDeep(limit: 3)))) {
            try collect(.batch, shared.replacing("[]", with: "[[[]]]", maxReplacements: 1), with: flat)
        }
    }

    @Test func `an object has 1,000 members at most`() throws {
        func body(_ count: Int) -> String {
            "{\"userId\":\"u\",\"event\":\"E\",\"properties\":{\((0..<count).map { "\"k\($0)\":1" }.joined(separator: ","))}}"
        }
        #expect(try collect(.track, body(1000)).receipt.accepted == 1)
        #expect(try refusal(.track, body(1001)).kind == "too-many-members")
    }

    @Test func `names and message ids of 512 bytes are taken and one byte more is refused`() throws {
        let text = String(repeating: "é", count: 256)
        #expect(try record(.track, "{\"userId\":\"u\",\"event\":\"\(text)\",\"messageId\":\"\(text)\"}").name == text)
        #expect(try refusal(.track, "{\"userId\":\"u\",\"event\":\"\(text)x\"}") == ("too-long", "event has 513 bytes; 512 are allowed."))
        #expect(
            try refusal(.track, "{\"userId\":\"u\",\"event\":\"E\",\"messageId\":\"\(text)x\"}") == (
                "too-long", "messageId has 513 bytes; 512 are allowed."
            ))
    }

    @Test func `a record holds 64,000 bytes, and an item that grows past that is refused`() throws {
        let shared = String(repeating: "s", count: 32_000)
        func body(_ size: Int) -> String { "{\"context\":{\"s\":\"\(shared)\"},\"batch\":[\(item(size))]}" }
        // Header 64, name 1, message id 1, user id 4 ("u" and its 3 bytes), properties 11 and the fill, context 32,008.
        let fill = RecordHeader.maximumRecord - 64 - 1 - 1 - 4 - 11 - 32_008
        let bare = item(200).utf8.count - 200 + #"{"type":"track","userId":"u","event":"E","messageId":"m","properties":{"fill":""}}"#.utf8.count
        #expect(try collect(.batch, body(bare + fill)).receipt.accepted == 1)
        #expect(try collect(.batch, body(bare + fill + 1)).receipt.refused.map(\.kind) == ["record-too-large"])
        // Numbers may be written shorter than we write them.
        let numbers = Array(repeating: "1e15", count: 6000).joined(separator: ",")
        #expect(try refusal(.track, "{\"userId\":\"u\",\"event\":\"E\",\"properties\":{\"n\":[\(numbers)]}}").kind == "record-too-large")
    }

    @Test func `limits are set by name, within their ranges`() throws {
        for setting in Limits.settings {
            #expect(setting.range.contains(setting.standard))
            for value in [setting.range.lowerBound, setting.range.upperBound, setting.standard] {
                #expect(try Limits([setting.name: value])[keyPath: setting.field] == value)
            }
            #expect(Limits()[keyPath: setting.field] == setting.standard)
            for value in [setting.range.lowerBound - 1, setting.range.upperBound + 1] {
                #expect(throws: LimitProblem.outOfRange(name: setting.name, value: value, range: setting.range)) { try Limits([setting.name: value]) }
            }
        }
        #expect(throws: LimitProblem.unknown("size")) { try Limits(["size": 1]) }
    }
}
