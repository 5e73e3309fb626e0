import Definitions
import Testing

@Suite struct `The definition of retention` {
    private func read(_ text: String) -> (RetentionDefinition, [String]) {
        let findings = Findings()
        let blueprint = Blueprint(files: [(name: "retention.yaml", bytes: Array(text.utf8))], findings)
        let definition = blueprint.definition(RetentionDefinition.self, findings)
        return (definition, findings.all.map(\.description))
    }

    @Test func `keeps everything for ever unless it says otherwise`() {
        #expect(RetentionDefinition.standard.events.isEmpty && RetentionDefinition.standard.everythingElse == .forever)
    }

    @Test func `reads days, weeks and years, and what is written reads back`() {
        let (definition, findings) = read(
            """
            retention:
              events:
                - name: Page Viewed
                  keep: 400 days
                - name: 'Order: Completed'
                  keep: forever
                - {name: Search, keep: 2 weeks}
              everything_else: 10 years
            """)
        #expect(findings == [])
        #expect(definition.events.map(\.keep) == [.days(400), .forever, .days(14)] && definition.everythingElse == .days(3650))
        var yaml = YAMLText()
        yaml.mapping("retention") { definition.write(to: &$0) }
        #expect(read(yaml.text).0 == definition, "\(yaml.text)")
        #expect(yaml.text.contains("    - name: Page Viewed\n      keep: '400 days'"), "\(yaml.text)")
    }

    @Test(arguments: [
        ("keep: 0 days", "out of range"), ("keep: 36501 days", "out of range"), ("keep: 101 years", "out of range"),
        ("keep: 9223372036854775807 years", "out of range"), ("keep: -1 days", "out of range"), ("keep: 3 months", "no length of time"),
        ("keep: 400", "no length of time"), ("keep: for ever", "no length of time"), ("kep: 1 day", "keep is missing"), ("name: X", "twice"),
    ])
    func `what it cannot mean is a finding with its place`(line: String, words: String) {
        let (_, findings) = read("retention:\n  events:\n    - name: Page Viewed\n      \(line)\n")
        let said = findings.joined(separator: "; ")
        #expect(said.contains("retention.yaml:") && (said.contains(words) || words == "twice"), "\(said)")
    }

    @Test func `a name stands once, and notes of our own people are not kept by a name`() {
        #expect(read("retention: {events: [{name: A, keep: 1 day}, {name: A, keep: 2 days}]}").1.joined().contains("twice"))
        #expect(read("retention: {events: [{name: Note Written, keep: 1 day}]}").1.joined().contains("your own people"))
        #expect(read("retention: {events: [{name: Audience Left, keep: 1 day}]}").1.joined().contains("Sightline itself"))
        #expect(read("retention: {everything_else: 1 day}").0.everythingElse == .days(1))
        #expect(read("retention: {everything_else: 36500 days}").1 == [])
    }
}
