import Formula
import Foundation
import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing
import Timeline

/// The language reference cannot say what the program does not do.
@Suite struct `The reference of formulas` {
    @Test func `has no example that does not read`() throws {
        let guide = try FormulaGuide()
        #expect(guide.formulas.count > 25 && guide.names.events.count > 5 && guide.library.stages.count == 3)
        var checker = Checker(names: guide.names, library: guide.library)
        for text in guide.formulas {
            do { _ = try checker.formula(Parser.parse(text)) } catch { Issue.record("\(text): \(error)") }
        }
    }

    @Test func `works every function out, and says each limit as it is`() throws {
        let guide = try FormulaGuide()
        let all = guide.examples.flatMap(\.results).map(\.formula).joined(separator: "\n")
        for word in FormulaFunction.allCases.map(\.rawValue) + RankFunction.allCases.map(\.rawValue) {
            #expect(all.contains("\(word)("), "\(word) is worked out nowhere" as Comment)
        }
        let text = try FormulaGuide.text()
        for row in [
            "| a formula's text | 10,000 characters |": FormulaLimits.length == 10_000,
            "| parentheses, `not` and minus signs within each other | 50 |": FormulaLimits.depth == 50,
            "| parts joined by `and`, `or`, `+`, `*`… | 200 |": FormulaLimits.parts == 200,
            "| a list | 500 entries |": FormulaLimits.list == 500,
            "| interactions named in one place | 50 |": FormulaLimits.events == 50,
            "| steps of a sequence behind the first | 10 |": FormulaLimits.steps == 10,
            "| other definitions that a formula leads through | 40 |": FormulaLimits.definitions == 40,
            "| stages | 60 |": Program.mostStages == 60, "| values that are worked out together | 2,000 |": Program.mostSlots == 2_000,
            "| different texts that one property of one condition may bring | 100,000;": TextNumbers.mostOfSelector == 100_000,
        ] {
            #expect(text.contains(row.key) && row.value, "\(row.key)" as Comment)
        }
    }

    /// Each history goes the way of all data, for customers of its own; then each formula is worked out for them, at its moment.
    @Test func `says what comes of each history`() async throws {
        let guide = try FormulaGuide()
        let world = try await World()
        var said: [World.Said] = []
        for (i, example) in guide.examples.enumerated() {
            for happening in example.history {
                var one = World.Said((.userID, Self.user(i, happening.who)), name: happening.name)
                one.seconds = (happening.at - World.start) / 1000
                one.received = one.seconds
                one.properties = happening.properties
                one.channel = try #require(world.ledger.vocabulary.channel(happening.channel))
                one.type = happening.name == "Customer Identified" ? .identify : .track
                said.append(one)
            }
            // Somebody of whom nothing has happened yet.
            if example.history.isEmpty { said.append(World.Said((.userID, Self.user(i, "")), name: "Alias Added", at: 86_400 * 3_650)) }
        }
        try await world.say(said)
        var program = Program(names: guide.names, library: guide.library)
        var checker = Checker(names: guide.names, library: guide.library)
        try program.add(.metric("spend_365d"))
        var types: [ValueType] = []
        let all = guide.examples.enumerated().flatMap { i, example in example.results.map { (example: i, result: $0) } }
        for (i, one) in all.enumerated() {
            let checked = try checker.formula(Parser.parse(one.result.formula))
            types.append(checked.type)
            try program.add(checked, as: .asked(i))
        }
        let selectors = try await world.pipeline.select(program.selectors)
        let bound = try BoundProgram(
            program,
            Binding(
                events: world.pipeline.names.all, selectors: selectors, vocabulary: world.ledger.vocabulary, texts: world.pipeline.texts,
                keepsTexts: true, zone: try #require(Zone(named: "Europe/London"))))
        for (i, one) in all.enumerated() {
            let user = Self.user(one.example, one.result.who)
            let customer = try #require(try world.person(.userID, user), "\(user)")
            let slot = try #require(program[.asked(i)])
            let everybody = try Self.everybody(world, bound, guide.examples[one.example], one.example, one.result.at)
            var evaluator = Evaluator(bound, everybody)
            evaluator.set(now: UInt32(one.result.at.seconds))
            evaluator.evaluate(world.pipeline.timeline, world.pipeline.people.members(of: customer), identifiers: IdentifierKind.userID.bit)
            let found = Self.words(evaluator.values[slot], types[i], world.pipeline.texts)
            let expected = try Self.normal(one.result.value, types[i])
            #expect(found == expected, "\(one.result.formula) at \(one.result.at.rfc3339)" as Comment)
        }
        await world.remove()
    }

    private static func user(_ example: Int, _ who: String) -> String { "example-\(example) \(who)" }

    /// What everybody of an example has of the metric that is ranked.
    private static func everybody(_ world: World, _ bound: BoundProgram, _ example: FormulaGuide.Example, _ i: Int, _ at: Instant) throws -> Everybody
    {
        var everybody = Everybody()
        var values: [Double] = []
        for who in Set(example.history.map(\.who)) {
            guard let customer = try world.person(.userID, user(i, who)), let slot = bound.program[.metric("spend_365d")] else { continue }
            var evaluator = Evaluator(bound)
            evaluator.set(now: UInt32(at.seconds))
            evaluator.evaluate(world.pipeline.timeline, world.pipeline.people.members(of: customer), identifiers: 0)
            values.append(evaluator.values[slot])
        }
        everybody.values["spend_365d"] = values.filter { !$0.isNaN }.sorted()
        return everybody
    }

    /// What came out, in the words of the guide.
    private static func words(_ value: Double, _ type: ValueType, _ texts: TextNumbers) -> String {
        if value.isNaN { return "unknown" }
        switch type {
        case .number: return FormulaText.number((value * 1_000_000).rounded() / 1_000_000)
        case .flag: return value == 1 ? "yes" : "no"
        case .text: return texts.text(value) ?? "no text"
        case .date: return Instant(milliseconds: Int64(value * 1000)).rfc3339
        case .duration: return "\(FormulaText.number(value)) seconds"
        case .texts: return "a list"
        }
    }

    private static func normal(_ written: String, _ type: ValueType) throws -> String {
        if written == "unknown" { return written }
        switch type {
        case .date: return try FormulaGuide.moment(written).rfc3339
        case .duration:
            guard case .duration(let seconds) = try Parser.parse(written).kind else { throw FormulaGuide.Flaw.table(written) }
            return "\(seconds) seconds"
        default: return written
        }
    }
}
