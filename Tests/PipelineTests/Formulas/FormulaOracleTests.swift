import Formula
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing
import Timeline

/// Compiled formulas against the naive evaluator, over histories that went the way of all data.
@Suite struct `Formulas worked out from marks` {
    static let zone = Zone(named: "Europe/London")!

    /// A world, what was said in it, and the means to ask.
    final class Asked {
        var world: World
        var happened: [Happened] = []
        var random: RandomFormulas
        let people: Int

        init(seed: UInt64, people: Int) async throws {
            world = try await World(mergeAt: 150)
            random = RandomFormulas(random: SeededRandom(seed: seed))
            self.people = people
        }

        /// Says so many interactions in a span of time that begins so many seconds after the world's start.
        func live(_ count: Int, from: Int64, over: Int) async throws {
            for _ in 0..<count / 10 {
                var batch: [World.Said] = []
                for _ in 0..<10 {
                    let person = random.number(0...people - 1)
                    let isIdentify = random.chance(8)
                    var said = World.Said(name: isIdentify ? "Customer Identified" : random.pick(RandomFormulas.names))
                    said.ids = random.chance(70) ? [(.userID, "u\(person)")] : [(.email, "e\(person)@example.com")]
                    // Many fall on the same second, and most come in another order than they happened.
                    said.seconds = from + Int64(random.number(0...over) / 1800 * 1800 + random.number(0...2))
                    said.received = said.seconds
                    said.channel = random.pick([.web, .app, .email, .store])
                    said.direction = random.pick([.in, .out])
                    if isIdentify {
                        said.type = .identify
                        said.properties = random.pick([
                            ["city": "Leeds"], ["city": "York", "age": 41], ["age": 22], ["city": .null], ["city": "hull", "age": "55"],
                        ])
                    } else {
                        said.properties = random.properties(said.name)
                        said.value = random.chance(60) ? Double(random.number(0...50)) : nil
                    }
                    batch.append(said)
                }
                try await say(batch)
            }
        }

        func say(_ batch: [World.Said]) async throws {
            let position = try await world.say(batch)
            #expect(position.index == batch.count - 1)
            for (i, said) in batch.enumerated() {
                happened.append(
                    Happened(
                        position: Position(body: position.body, index: i).raw, second: World.start.seconds + said.seconds, name: said.name,
                        channel: world.ledger.vocabulary.name(of: said.channel), direction: said.direction.name, value: said.value,
                        properties: said.properties ?? .object([]), isIdentify: said.type == .identify))
            }
        }

        /// By the person's root, what the timeline says is theirs.
        func histories() -> [UInt32: [Happened]] {
            let byPosition = Dictionary(uniqueKeysWithValues: happened.map { ($0.position, $0) })
            var all: [UInt32: [Happened]] = [:]
            for raw in 0..<UInt32(world.pipeline.people.count) {
                let root = world.pipeline.people.root(raw)
                world.pipeline.timeline.forEach([raw]) { if let here = byPosition[$0.position] { all[root, default: []].append(here) } }
            }
            return all
        }

        func bind(_ program: Program) async throws -> BoundProgram {
            let selectors = try await world.pipeline.select(program.selectors)
            return try BoundProgram(
                program,
                Binding(
                    events: world.pipeline.names.all, selectors: selectors, vocabulary: world.ledger.vocabulary, texts: world.pipeline.texts,
                    keepsTexts: true, zone: `Formulas worked out from marks`.zone))
        }

        /// Every formula of every person at each moment, both ways.
        func compare(_ questions: [Question], at moments: [Int64], _ when: String) async throws {
            var held = 0
            for question in questions {
                // Whoever binds waits until everything is concluded.
                let bound = try await bind(question.program)
                held += compare(question.formulas, bound, histories(), at: moments, when)
            }
            // Formulas that never or always hold would prove nothing.
            #expect(held > 0)
        }

        /// - Returns: How often one held.
        private func compare(
            _ formulas: [(text: String, expression: FormulaExpression)], _ bound: BoundProgram, _ histories: [UInt32: [Happened]],
            at moments: [Int64],
            _ when: String
        ) -> Int {
            let parts = world.pipeline.timeline
            var held = 0
            for now in moments {
                var evaluator = Evaluator(bound)
                evaluator.set(now: UInt32(now))
                var swept: [UInt32: [Double]] = [:]
                let rings = world.pipeline.people.rings
                evaluator.sweep(parts, rings, 0..<rings.count) { root, values in swept[root] = (0..<formulas.count).map { values[$0] } }
                for (root, history) in histories {
                    let naive = NaiveEvaluator(history, now: now, zone: `Formulas worked out from marks`.zone)
                    for (i, formula) in formulas.enumerated() {
                        let expected = naive.value(formula.expression).isTrue
                        held += expected ? 1 : 0
                        // Of an unknown yes or no nothing holds.
                        #expect(
                            (swept[root]?[i] == 1) == expected,
                            "\(when), \(Instant(milliseconds: now * 1000).rfc3339): \(formula.text) of \(root) should be \(expected)" as Comment)
                    }
                }
            }
            return held
        }
    }

    /// Formulas that are worked out together.
    struct Question {
        var formulas: [(text: String, expression: FormulaExpression)]
        var program: Program
    }

    private func question(_ random: inout RandomFormulas, _ count: Int) throws -> Question {
        var names = FormulaNames()
        names.events = Dictionary(uniqueKeysWithValues: RandomFormulas.names.map { ($0, [:]) })
        names.events["Order Completed"] = ["due": .date, "gift": .flag, "tags": .texts]
        names.areTraitsKnown = false
        names.arrives = { _, _ in true }
        names.channels = Set(RandomFormulas.channels)
        var program = Program(names: names, library: FormulaLibrary())
        var checker = Checker(names: names, library: FormulaLibrary())
        var all: [(text: String, expression: FormulaExpression)] = []
        var refused = 0
        defer { #expect(refused < 3 + count / 10) }
        while all.count < count {
            let text = random.formula()
            do throws(FormulaProblem) {
                let expression = try Parser.parse(text)
                try program.add(checker.condition(expression), as: .asked(all.count))
                all.append((text, expression))
            } catch let problem {
                // Some that chance makes mean nothing, as any interaction's property; most must read.
                #expect(problem.what.contains("any"), "\(text): \(problem)")
                refused += 1
            }
        }
        return Question(formulas: all, program: program)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `are what a naive reading of all interactions says`(seed: UInt64) async throws {
        let asked = try await Asked(seed: seed, people: 12)
        // Seed 3 lives through a leap day, the others through the night in which clocks go forward.
        let from = (seed == 3 ? Instant("2028-02-20T00:00:00Z")! : Instant("2026-03-12T00:00:00Z")!).seconds - World.start.seconds
        let day: Int64 = 86_400
        try await asked.live(500, from: from, over: 20 * 86_400)
        // Many at once, and few: marks of few events are found in another way.
        let questions = try [250, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3].map { try question(&asked.random, $0) }
        let base = World.start.seconds + from
        let moments = [base + 5 * day, base + 17 * day + 3_600, base + 9 * day + 1_799, base + 20 * day, base + 45 * day]
        try await asked.compare(questions, at: moments, "filled in from the ledger")
        try await asked.live(400, from: from, over: 30 * 86_400)
        try await asked.compare(questions, at: moments, "with what came since")
        // Two persons turn out to be one, and some of them not.
        for person in 0..<8 {
            try await asked.say([World.Said((.userID, "u\(person)"), (.email, "e\(person)@example.com"), name: "Page Viewed", at: from + 86_400)])
        }
        try await asked.compare(questions, at: moments, "merged")
        let merges = try asked.world.store.read { try Int64.fetchAll($0, sql: "SELECT id FROM merge WHERE undone_at IS NULL ORDER BY id") }
        for merge in merges.prefix(3) {
            _ = try await asked.world.pipeline.perform(.undo(merge: merge, author: "test"), randomness: World.randomness)
        }
        try await asked.compare(questions, at: moments, "taken apart")
        asked.world = try await asked.world.reopened(mergeAt: 150)
        try await asked.compare(questions, at: moments, "opened again")
        asked.world = try await asked.world.reopened(mergeAt: 150, losing: ["timeline"])
        try await asked.compare(questions, at: moments, "with a new timeline")
        asked.world = try await asked.world.reopened(mergeAt: 150, losing: ["timeline", "state.db", "state.db-wal", "state.db-shm"])
        try await asked.compare(questions, at: moments, "worked out again")
        await asked.world.remove()
    }
}
