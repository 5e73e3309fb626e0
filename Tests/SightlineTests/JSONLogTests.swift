import Kernel
import Logging
import Synchronization
import Testing

@testable import sightline

@Suite struct `The log as JSON` {
    private final class Lines: Sendable {
        private let all = Mutex<[UInt8]>([])
        func add(_ line: [UInt8]) { all.withLock { $0 += line } }
        var text: String { all.withLock { String(decoding: $0, as: UTF8.self) } }
    }

    @Test func `is an object a line, with time, level, message and what it brings along`() {
        let lines = Lines()
        let clock = Clock { Instant(milliseconds: 1_790_000_000_000) }
        var logger = Logger(label: "test") { _ in JSONLog(clock: clock, write: lines.add) }
        logger[metadataKey: "request"] = "3k9-17"
        logger.error("a \"b\"\nc", metadata: ["route": "/api/{ref}", "level": "x", "list": ["1", ["k": "v"]]])
        logger.debug("not told")
        #expect(
            lines.text == #"{"time":"\#(Instant(milliseconds: 1_790_000_000_000).rfc3339)","level":"error","message":"a \"b\"\nc","#
                + #""metadata.level":"x","list":["1",{"k":"v"}],"request":"3k9-17","route":"/api/{ref}"}"# + "\n")
    }

    @Test func `is what holds where nobody watches`() {
        #expect(LogFormat.json.handler("x") is JSONLog)
        #expect(LogFormat.text.handler("x") is StreamLogHandler)
    }
}
