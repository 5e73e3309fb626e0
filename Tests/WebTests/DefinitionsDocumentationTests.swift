import Definitions
import Foundation
import Testing

@testable import Web

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

/// What the reference says comes from what reads the documents.
@Suite struct `The reference of definitions` {
    @Test func `tells of every setting that a reader asks for, and of no other`() {
        #expect(Reference(TestKinds.all).gaps == [])
    }

    @Test func `stands in docs/definitions.md as the program makes it`() throws {
        let page = try `The documentation of definitions`().page()
        let made = try #require(Reference(TestKinds.all).page(page), "a kind has no marks in docs/definitions.md")
        #expect(page == made, "make it again: sightline blueprint reference --into docs/definitions.md")
    }

    @Test func `has the names of personal fields that are known`() throws {
        #expect(try `The documentation of definitions`().page().contains(PersonalFields.tables), "\(PersonalFields.tables)")
    }

    @Test func `has ranges, choices and defaults as they are read and written`() throws {
        let identity = try #require(Reference(TestKinds.all).markdown("identity"))
        for part in [
            "| `kinds.a_name.limit` | how many of them a customer may have | a whole number from 1 to 1,000, or `none` | `5` |",
            "| `trim`, `lowercase`, `email` or `phone` | `trim` |", "| a list of at most 200 texts of 1 to 500 characters |",
            "| `kinds.a_name.shared_after` | a value seen with so many different user ids is shared, and joins nobody from then on | a whole number from 2 to 1,000, or `never` | `never` |",
        ] {
            #expect(identity.contains(part), "\(part) in \(identity)")
        }
        let privacy = try #require(Reference(TestKinds.all).markdown("privacy"))
        #expect(privacy.contains("| a list of 1 to 100 texts of 1 to 100 characters | must be there |"))
        #expect(Reference(TestKinds.all).markdown("nothing") == nil)
    }
}
