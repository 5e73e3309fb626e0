import Foundation
import Kernel
import Testing

@testable import sightline

@Suite struct `What is said at the start` {
    /// Everything written to a stream while `work` runs.
    private func written(_ format: LogFormat, _ work: (StartLines) throws -> Void) throws -> String {
        let folder = try TemporaryFolder()
        let path = folder.path + "/out"
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let stream = Terminal.Stream(descriptor: descriptor, environment: [:])
        try work(StartLines(Terminal(out: stream, error: stream), format, clock: Clock { Instant(milliseconds: 1_790_000_000_000) }))
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    private func all(_ lines: StartLines) throws {
        let folder = DataFolder("/srv/a \"b\"")
        lines.made(folder)
        lines.serves(folder, at: "http://127.0.0.1:8080")
        lines.nobodyCanSignIn(to: nil, folder) { "http://127.0.0.1:8080/link/sll_secret" }
        lines.say("It is filled.")
    }

    @Test func `is lines for people, with the link of the first administrator`() throws {
        for format in [LogFormat.text, .auto] {
            let text = try written(format, all)
            #expect(text.contains("Sightline serves /srv/a \"b\" at http://127.0.0.1:8080\n"))
            #expect(text.contains("This link works once, for the first administrator: http://127.0.0.1:8080/link/sll_secret\n"))
            #expect(text.hasSuffix("It is filled.\n"))
        }
    }

    @Test func `is objects without secrets when the log is JSON, and a link that nobody sees is not made`() throws {
        let text = try written(.json) { lines in
            try all(lines)
            lines.nobodyCanSignIn(to: "a.example", DataFolder("/srv/c")) {
                Issue.record("a new link ends the one before")
                return ""
            }
        }
        let lines = try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String], "every value is text here")
        }
        #expect(lines.count == 5)
        #expect(lines.allSatisfy { $0["level"] == "info" && $0["time"] != nil })
        #expect(lines[1]["message"] == "Sightline serves /srv/a \"b\" at http://127.0.0.1:8080")
        #expect(lines[1]["address"] == "http://127.0.0.1:8080" && lines[1]["folder"] == "/srv/a \"b\"")
        #expect(lines[4]["command"] == "sightline person first --data /srv/c")
        #expect(!text.contains("sll_"))
    }
}
