import Audiences
import Collect
import Definitions
import Foundation
import Identity
import Kernel
import Simdjson
import Testing

@testable import Demo
@testable import Ledger

private let end = Instant(milliseconds: 1_795_305_600_000)  // 2026-11-22T00:00:00Z

/// The invented company as the house takes it: its blueprint in force, all of its history and some live traffic collected.
private struct Taken {
    let rules: IdentityRules
    let channels: ChannelsDefinition
    let identity: IdentityDefinition
    let words: Vocabulary
    var refused: [Receipt.Refusal] = []
    var names: Set<String> = []
    var usedChannels: Set<String> = []
    var kinds: Set<String> = []
    var interactions = 0

    init(_ company: DemoCompany, live: Int) throws {
        let findings = Findings()
        let blueprint = Blueprint(files: DemoCompany.blueprint.map { (name: $0.name, bytes: Array($0.text.utf8)) }, findings)
        let kinds = DefinitionKinds(
            [
                WorkspaceDefinition.self, IdentityDefinition.self, ChannelsDefinition.self, EventDefinition.self, TraitsDefinition.self,
                MetricDefinition.self, AudienceDefinition.self, LifecycleDefinition.self,
            ],
            together: [
                { blueprint, findings in
                    let channels = Channel.builtIn + blueprint.definition(ChannelsDefinition.self).declared
                    Company.check(blueprint, .init(channels: Set(channels), identifierKinds: ["email", "user_id"]), findings)
                }
            ])
        kinds.check(blueprint, findings)
        #expect(findings.all == [])
        channels = blueprint.definition(ChannelsDefinition.self)
        identity = blueprint.definition(IdentityDefinition.self)
        var words = Vocabulary()
        for (i, name) in channels.declared.enumerated() { words.add(channel: name, code: Channel.firstDeclared + UInt8(i)) }
        self.words = words
        rules = try identity.rules(country: blueprint.definition(WorkspaceDefinition.self).country) { words.kind($0) }
        let collector = try Collector(
            identity: rules, channels: channels.rules, vocabulary: words, fingerprints: FingerprintKey((0..<16).map { UInt8($0) }),
            randomness: Randomness { [UInt8](repeating: 1, count: $0) })
        var company = company
        while let body = company.nextBody() { try take(body.bytes, collector) }
        var traffic = company.live()
        for _ in 0..<live {
            guard let item = traffic.next()?.item else { break }
            try take(Array("{\"batch\":[".utf8) + item + Array("]}".utf8), collector)
        }
    }

    private mutating func take(_ body: [UInt8], _ collector: Collector) throws {
        var batch = Batch()
        // Received a year later, so that nothing is of the future.
        refused += try collector.collect(.import, body: body, source: 1, receivedAt: end + 31_536_000_000, into: &batch).refused
        try batch.bytes.withUnsafeBytes { bytes in
            var from = 0
            for to in batch.ends {
                let view = try #require(RecordView(UnsafeRawBufferPointer(rebasing: bytes[from..<Int(to)])))
                from = Int(to)
                names.insert(view.name)
                usedChannels.insert(words.name(of: view.channel))
                view.identifiers { kind, _ in kinds.insert(words.name(of: kind)) }
                interactions += 1
            }
        }
    }
}

@Suite struct `The company's blueprint` {
    private static let company = DemoCompany(end: end, customers: 1500, months: 14)
    private static let taken = Result { try Taken(company, live: 5000) }

    @Test func `refuses nothing that the company sends`() throws {
        let taken = try Self.taken.get()
        #expect(taken.refused == [])
        #expect(taken.interactions == Self.company.interactions + 5000)
    }

    @Test func `declares the channels and events that occur, and none besides`() throws {
        let taken = try Self.taken.get()
        let rules = taken.channels.own
        #expect(taken.usedChannels.isSuperset(of: taken.channels.declared))
        #expect(taken.usedChannels.isDisjoint(with: ["other"]), "an event has no channel: give it one in channels.yaml")
        for rule in rules.events.joined() { #expect(taken.names.contains(rule.event.pattern), "\(rule.event.pattern)") }
        let documented = try String(contentsOf: root.appending(path: "docs/demo.md"), encoding: .utf8)
        let listed = try #require(documented.split(separator: "\n").first { $0.hasPrefix("The events are ") })
        let events = Set(listed.matches(of: #/`([^`]+)`/#).map { String($0.1) })
        #expect(events == taken.names)
    }

    @Test func `decides about identifiers that occur`() throws {
        let taken = try Self.taken.get()
        let standard = IdentityRules.standardKinds
        for kind in taken.identity.kinds where !standard.contains(kind.kind) { #expect(taken.kinds.contains(kind.kind.name), "\(kind.kind.name)") }
        #expect(taken.kinds == ["user_id", "anonymous_id", "device_id", "loyalty_id", "email", "phone", "order_id"])
    }

    @Test func `takes every identifier of the company as one`() throws {
        let taken = try Self.taken.get()
        func check(_ kind: String, _ value: String?) throws {
            guard let value else { return }
            let kind = try #require(taken.rules.kind(kind))
            if case .failure(let refused) = taken.rules.normalise(kind, value) { Issue.record("\(kind.name) \(value): \(refused)") }
        }
        for item in try items(Self.company) {
            try check("user_id", item["userId"] as? String)
            try check("anonymous_id", item["anonymousId"] as? String)
            let context = item["context"] as? [String: Any]
            try check("device_id", (context?["device"] as? [String: Any])?["id"] as? String)
            for external in context?["externalIds"] as? [[String: String]] ?? [] { try check(external["type"] ?? "", external["id"]) }
            for said in [item["traits"], item["properties"]].compactMap({ $0 as? [String: Any] }) {
                for kind in ["email", "phone", "loyalty_id", "order_id"] { try check(kind, said[kind] as? String) }
            }
        }
    }

    private var root: URL { URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent() }
}

@Suite struct `People whom the company has in its books twice` {
    /// Everybody who said who they are, as the review of likely duplicates sees them; with their true selves.
    private static func known(_ company: DemoCompany) throws -> [(soul: UInt32, person: Likeness.Person)] {
        var all: [UInt32: Likeness.Person] = [:]
        var company = company
        while let body = company.nextBody() {
            try JSONParser().parse(body.bytes) { root in
                guard let batch = root["batch"] else { return }
                for item in batch.elements {
                    guard let traits = item["traits"], traits["lastName"] != nil, let index = index(item) else { continue }
                    all[index] = Likeness.Person(traits.toJSON(), rules: gb)
                }
            }
        }
        return all.sorted { $0.key < $1.key }.map { (company.persons[Int($0.key)].soul, $0.value) }
    }

    private static let gb = IdentityRules(kinds: IdentityRules.standardKinds, matches: [], country: "GB")

    /// Whose item it is: the person's number is in the id of the message.
    private static func index(_ item: JSONValueView) -> UInt32? {
        guard let id = item["messageId"]?.string, let number = Base32.number(id.suffix(12)) else { return nil }
        return UInt32(truncatingIfNeeded: number >> 32)
    }

    /// All pairs that share a blocking key, compared, of everybody who says who they are within a month: that is enough of them.
    @Test func `are found, and with them hardly anybody else`() throws {
        let company = DemoCompany(end: end, customers: 20_000, months: 1)
        let people = try Self.known(company)
        var blocks: [String: [Int]] = [:]
        for (i, one) in people.enumerated() { for key in Likeness.blockingKeys(of: one.person) { blocks[key, default: []].append(i) } }
        var compared: Set<UInt64> = []
        var (right, wrong): ([Likeness.Verdict], [Likeness.Verdict]) = ([], [])
        for block in blocks.values where block.count <= Likeness.largestBlock {
            for (n, i) in block.enumerated() {
                for j in block[..<n] where compared.insert(UInt64(i) << 32 | UInt64(j)).inserted {
                    let verdict = Likeness.compare(people[i].person, people[j].person)
                    guard verdict.likeness >= Likeness.threshold else { continue }
                    if people[i].soul == people[j].soul { right.append(verdict) } else { wrong.append(verdict) }
                }
            }
        }
        let twice = Dictionary(grouping: people) { $0.soul }.values.count { $0.count > 1 }
        #expect((12...80).contains(twice), "\(twice) are in the books twice")
        #expect(right.count >= twice * 8 / 10, "\(right.count) of \(twice) were found")
        #expect((1...20).contains(wrong.count), "\(wrong.map(\.reasons))")
        #expect(right.allSatisfy { $0.reasons.contains { $0.contains("name") } })
    }

    @Test func `are written down in several ways, and couples in one house are two people`() throws {
        let company = DemoCompany(end: end, customers: 20_000, months: 1)
        let seconds = company.persons.filter(\.isSecond)
        #expect((45...95).contains(seconds.count))
        for second in seconds {
            let first = company.persons[Int(second.soul)]
            #expect(ItemPen.account(first) != ItemPen.account(second) && ItemPen.card(first) != ItemPen.card(second))
            #expect(ItemPen.email(first) != ItemPen.email(second))
            #expect((second.home == first.home) == (second.slip != .moved))
            let sameName = ItemPen.first(first) == ItemPen.first(second) && ItemPen.last(first) == ItemPen.last(second)
            #expect(sameName == [.nothing, .moved].contains(second.slip))
        }
        #expect(Set(seconds.map(\.kind)) == [.online, .store, .phone] && Set(seconds.map(\.slip)) == Set(Person.Slip.allCases))
        let couples = zip(company.persons, company.persons.dropFirst()).filter { $0.home == $1.home && $0.town == $1.town && $0.soul != $1.soul }
        #expect(couples.count > 1000)
        #expect(couples.count { $0.last == $1.last } > 600)
    }
}
