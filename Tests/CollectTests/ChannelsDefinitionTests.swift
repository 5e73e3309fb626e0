import Collect
import Definitions
import Ledger
import Testing

@Suite struct `The channels document` {
    private func read(_ yaml: String) -> (ChannelsDefinition, [Finding]) {
        let findings = Findings()
        let blueprint = Blueprint(files: [(name: "channels.yaml", bytes: Array(yaml.utf8))], findings)
        DefinitionKinds([ChannelsDefinition.self]).check(blueprint, findings)
        return (blueprint.definition(ChannelsDefinition.self), findings.all)
    }

    private static let example = """
        channels:
          declared: [kiosk]
          events:
            'Kiosk *': {channel: kiosk, direction: in}
            Kiosk Broken: {direction: internal}
            '*': {media: earned}
          libraries:
            till-sdk*: {channel: store}
          paid: {mediums: [zeppelin], click_ids: [zclid]}
          owned: {referrers: [fans.example.com], sources: [receipt]}
          passing: [pay.example.com]
        """

    @Test func `says what it says, the closest pattern first`() {
        let (definition, findings) = read(Self.example)
        #expect(findings == [])
        #expect(definition.declared == ["kiosk"])
        #expect(
            definition.own
                == ChannelRules(
                    declared: ["kiosk"],
                    events: [
                        .init("Kiosk Broken", direction: .internal), .init("Kiosk *", channel: "kiosk", direction: .in), .init("*", media: .earned),
                    ],
                    libraries: [.init("till-sdk*", channel: "store")], paid: .init(mediums: ["zeppelin"], clickIDs: ["zclid"]),
                    owned: .init(sources: ["receipt"], referrers: ["fans.example.com"]), passing: ["pay.example.com"]))
        #expect(definition.rules == definition.own.before(.standard))
    }

    @Test func `written out it reads back the same`() {
        let (definition, _) = read(Self.example)
        let (again, findings) = read(definition.yaml)
        #expect(findings == [])
        #expect(again == definition)
        #expect(read(ChannelsDefinition.standard.yaml).0 == ChannelsDefinition.standard)
        #expect(ChannelsDefinition.standard.rules == ChannelRules.standard)
    }

    @Test func `the built-in rules can be left out`() {
        #expect(read("channels: {defaults: false}").0.rules == ChannelRules())
    }

    @Test(arguments: [
        ("declared: [web]", "web is a built-in channel"), ("declared: [Kiosk]", "Kiosk is no name of a channel"),
        ("declared: [a, a]", "a is declared twice"),
        ("events: {A: {channel: kiosk}}", "kiosk is no channel"), ("events: {A: {}}", "the rule says nothing"),
        ("events: {A: {direction: up}}", "up is none of"),
        ("events: {A: {media: bought}}", "bought is none of"), ("libraries: {a: {}}", "channel is missing"),
        ("paid: {medium: [x]}", "there is no medium"),
        ("colour: red", "there is no colour"),
        ("declared: [\((0...100).map { "c\($0)" }.joined(separator: ", "))]", "may have 0 to 100 entries, has 101"),
    ])
    func `says what does not fit`(line: String, what: String) {
        let (_, findings) = read("channels:\n  \(line)\n")
        #expect(findings.contains { $0.what.hasPrefix(what) }, "\(findings)")
        #expect(findings.allSatisfy { $0.place.file == "channels.yaml" && !$0.mend.isEmpty })
    }
}
