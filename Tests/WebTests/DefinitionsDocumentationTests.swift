import Definitions
import Foundation
import Testing

/// The format's documentation cannot say what the program does not do.
@Suite struct `The documentation of definitions` {
    let kinds = TestKinds.all

    func page() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/definitions.md"), encoding: .utf8)
    }

    func examples(_ page: String) -> [String] {
        page.components(separatedBy: "```yaml\n").dropFirst().compactMap { $0.components(separatedBy: "```").first }
    }

    @Test func `has no example that would be refused`() throws {
        let examples = try examples(page())
        #expect(examples.count >= 6)
        for (i, example) in examples.enumerated() {
            let findings = Findings()
            kinds.check(Blueprint(files: [("example-\(i + 1).yaml", Array(example.utf8))], findings), findings)
            #expect(findings.all.map(\.description) == [])
        }
    }

    @Test func `ends with the defaults as the program writes them`() throws {
        let written = kinds.complete(.empty).documents.map { "```yaml\n\($0.text)```\n" }.joined(separator: "\n")
        let page = try page()
        #expect(page.hasSuffix(written), "docs/definitions.md must end with:\n\(written)")
    }
}
