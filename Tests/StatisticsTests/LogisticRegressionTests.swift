import Kernel
import Testing

@testable import Statistics

struct LogisticRegressionTests {
    /// 200 people with two columns and 117 outcomes, the same in the script that made the expected values.
    private static func people() throws -> LogisticRegression.Rows {
        var rows = try LogisticRegression.Rows(columns: 2)
        for i in 0..<200 {
            let (x, y) = (Double(i * 7 % 11), Double(i * 13 % 17) / 10)
            try rows.add([x, y], outcome: Double(i * 31 % 19) + x - 4 * y > 9)
        }
        return rows
    }

    /// Expected values from a general search by scipy 1.17.1 and from the normal equations in numpy, which agree.
    @Test func `weights and their errors are those of maximum likelihood`() throws {
        let found = try LogisticRegression.fit(Self.people(), penalty: 0)
        #expect(near(found.intercept, 0.063515711537901, 1e-8) && near(found.interceptError, 0.36469812703544, 1e-8))
        #expect(near(found.weights[0], 0.22220015349728, 1e-8) && near(found.errors[0], 0.051439315577238, 1e-8))
        #expect(near(found.weights[1], -0.969673452164981, 1e-8) && near(found.errors[1], 0.323929739103859, 1e-8))
        #expect(near(found.logLikelihood, -121.32219457652187, 1e-12) && near(found.baseline, -135.72535249115228, 1e-12))
        // Two-sided, at 4.32 and 2.99 errors from 0.
        #expect(found.significance(ofWeight: 0) < 2e-5 && abs(found.significance(ofWeight: 1) - 0.00276) < 1e-4)
    }

    @Test func `a penalty draws weights towards nothing, but not the intercept`() throws {
        let found = try LogisticRegression.fit(Self.people(), penalty: 5)
        #expect(near(found.intercept, 0.087581356313067, 1e-8) && near(found.interceptError, 0.346943602579797, 1e-8))
        #expect(near(found.weights[0], 0.194745848052178, 1e-8) && near(found.errors[0], 0.047112468823022, 1e-8))
        #expect(near(found.weights[1], -0.843608837053473, 1e-8) && near(found.errors[1], 0.299027313572421, 1e-8))
        let heavy = try LogisticRegression.fit(Self.people(), penalty: 1e9)
        #expect(heavy.weights.allSatisfy { abs($0) < 1e-6 })
        #expect(try near(heavy.probability([3, 1]), 117.0 / 200, 1e-5))
    }

    // The best weights of 0 or more, by a search that knows nothing of active sets: uphill in small steps, and back to 0 from below.
    private func searched(_ rows: LogisticRegression.Rows) -> [Double] {
        var (intercept, weights) = (0.0, [Double](repeating: 0, count: rows.columns))
        for _ in 0..<6_000 {
            var (atIntercept, gradient) = (0.0, [Double](repeating: 0, count: rows.columns))
            for i in rows.outcomes.indices {
                let row = (0..<rows.columns).map { rows.values[i * rows.columns + $0] }
                let residual = rows.people[i] * ((rows.outcomes[i] ? 1 : 0) - logistic(zip(weights, row).reduce(intercept) { $0 + $1.0 * $1.1 }))
                atIntercept += residual
                for j in gradient.indices { gradient[j] += residual * row[j] }
            }
            intercept += 1e-3 * atIntercept
            for j in weights.indices { weights[j] = max(0, weights[j] + 1e-3 * gradient[j]) }
        }
        return weights
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `weights of 0 or more are the best of those there are`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var rows = try LogisticRegression.Rows(columns: 4)
        for _ in 0..<400 {
            let opened = Double(random.below(4))
            // Clicks come with opening, and go together with less than nothing; the last two tell each other's story turned round.
            let clicked = opened > 0 ? Double(random.below(Int(opened))) : 0
            let third = Double(random.below(3))
            let row = [opened, clicked, third, 2 - third + Double(random.below(2))]
            let p = logistic(-1 + 0.9 * row[0] - 1.1 * row[1] + 0.4 * row[2] - 0.3 * row[3])
            try rows.add(row, outcome: Double(random.below(10_000)) / 10_000 < p)
        }
        let found = try LogisticRegression.nonNegative(rows, penalty: 0)
        let best = searched(rows)
        #expect(found.weights.allSatisfy { $0 >= 0 } && found.held[1].map { $0.weight < 0 } == true && found.weights[1] == 0)
        for (a, b) in zip(found.weights, best) { #expect(abs(a - b) < 1e-3, "\(found.weights) and \(best)") }
        // What is in is what a free regression of it alone says.
        let inside = (0..<4).filter { found.held[$0] == nil }
        let free = try LogisticRegression.fit(rows.keeping(inside), penalty: 0)
        #expect(inside.map { found.weights[$0] } == free.weights && found.logLikelihood == free.logLikelihood)
    }

    @Test func `a column that went out while others were in comes back when it is good alone`() throws {
        var rows = try LogisticRegression.Rows(columns: 3)
        // Found by chance: each goes out while one that says more is in, until none is left, and the second alone is above 0.
        for (row, people, converted) in [
            ([2, 1, 1], 4, 2), ([2, 1, 2], 7, 0), ([2, 0, 2], 26, 18), ([0, 2, 0], 5, 5), ([0, 1, 0], 23, 20),
        ] as [([Double], Int, Int)] {
            if converted > 0 { try rows.add(row, outcome: true, people: converted) }
            if people > converted { try rows.add(row, outcome: false, people: people - converted) }
        }
        let found = try LogisticRegression.nonNegative(rows, penalty: 0)
        // The best of all fits of some of the columns in which none is below 0.
        var best = (columns: [Int](), logLikelihood: found.baseline)
        for subset in 1..<8 {
            let columns = (0..<3).filter { subset >> $0 & 1 == 1 }
            let free = try LogisticRegression.fit(rows.keeping(columns), penalty: 0)
            if free.weights.allSatisfy({ $0 >= 0 }), free.logLikelihood > best.logLikelihood { best = (columns, free.logLikelihood) }
        }
        #expect(best.columns == [1] && abs(found.weights[1] - 0.30342369) < 1e-6)
        #expect(found.weights[0] == 0 && found.weights[2] == 0 && abs(found.logLikelihood - best.logLikelihood) < 1e-9)
    }

    @Test func `weights of 0 or more are all 0 when everything goes together with less`() throws {
        var rows = try LogisticRegression.Rows(columns: 1)
        for (x, outcome, people) in [(0.0, true, 6), (0, false, 2), (1, true, 3), (1, false, 9)] {
            try rows.add([x], outcome: outcome, people: people)
        }
        let found = try LogisticRegression.nonNegative(rows)
        #expect(found.weights == [0] && found.held[0].map { $0.weight < 0 } == true && found.logLikelihood == found.baseline)
    }

    // Close to the best weights the likelihood of many people no longer tells two steps apart: they differ by less than its rounding.
    @Test func `a fit ends, however many people round its likelihood`() throws {
        for seed in 1...30 {
            var random = SeededRandom(seed: UInt64(seed))
            var rows = try LogisticRegression.Rows(columns: 5)
            for _ in 0..<1_500 {
                let opened = Double(random.below(12) / 4)
                let row = [
                    opened, opened > 0 ? Double(random.below(5) / 4) : 0, Double(random.below(60) * random.below(60) / 200),
                    Double(random.below(20) / 18),
                    Double(random.below(90) / 89),
                ]
                let p = logistic(-2.8 + 0.1 * row[0] - 0.3 * row[1] + 0.12 * row[2] + 0.8 * row[3])
                try rows.add(row, outcome: Double(random.below(10_000)) / 10_000 < p)
            }
            let found = try LogisticRegression.fit(rows)
            #expect(found.iterations < 30, "\(seed): \(found)")
        }
    }

    @Test func `people who are the same may be counted, and units do not matter`() throws {
        var (each, counted, larger) = (
            try LogisticRegression.Rows(columns: 1), try LogisticRegression.Rows(columns: 1), try LogisticRegression.Rows(columns: 1)
        )
        for (x, outcome, people) in [(0.0, true, 3), (0, false, 9), (1, true, 6), (1, false, 2)] {
            for _ in 0..<people { try each.add([x], outcome: outcome) }
            try counted.add([x], outcome: outcome, people: people)
            try larger.add([x * 1e6 + 5e8], outcome: outcome, people: people)
        }
        let (a, b, c) = (try LogisticRegression.fit(each), try LogisticRegression.fit(counted), try LogisticRegression.fit(larger))
        #expect(near(a.weights[0], b.weights[0], 1e-10) && near(a.errors[0], b.errors[0], 1e-10))
        #expect(near(c.weights[0] * 1e6, b.weights[0], 1e-6))
        #expect(try near(c.probability([5e8 + 1e6]), b.probability([1]), 1e-6))
        // With one column of two values the odds are those of the table: ln(6/2 ÷ 3/9).
        #expect(near(try LogisticRegression.fit(counted, penalty: 0).weights[0], 2.1972245773362196, 1e-9))
    }

    @Test func `weights that simulated people were made with are found`() throws {
        var random = SeededRandom(seed: 2)
        var rows = try LogisticRegression.Rows(columns: 3)
        for _ in 0..<8_000 {
            let row = [random.normal(), Double(random.below(5)), random.exponential()]
            let p = logistic(-1 + 0.5 * row[0] + 0.3 * row[1] - 0.8 * row[2])
            try rows.add(row, outcome: random.unit() < p)
        }
        let found = try LogisticRegression.fit(rows)
        for (i, expected) in [0.5, 0.3, -0.8].enumerated() {
            #expect(abs(found.weights[i] - expected) < 4 * found.errors[i], "\(found)")
            #expect(found.errors[i] < 0.08)
        }
    }

    @Test func `what nothing can be learned from is refused with the reason`() throws {
        typealias Rows = LogisticRegression.Rows
        func rows(_ all: [([Double], Bool)]) throws -> Rows {
            var rows = try Rows(columns: all[0].0.count)
            for (row, outcome) in all { try rows.add(row, outcome: outcome) }
            return rows
        }
        #expect(throws: StatisticsProblem.nothing) { try LogisticRegression.fit(Rows(columns: 1)) }
        #expect(throws: StatisticsProblem.oneOutcome(rows: 2)) { try LogisticRegression.fit(rows([([1], true), ([2], true)])) }
        let apart = try rows([([1], false), ([2], false), ([3], true), ([4], true)])
        #expect(throws: StatisticsProblem.separated) { try LogisticRegression.fit(apart, penalty: 0) }
        #expect(try LogisticRegression.fit(apart).weights[0] > 0)
        // Whoever has the column has the outcome, of the others some: nearly apart.
        let nearly = try rows([([0], false), ([0], true), ([0], false), ([1], true), ([1], true)])
        #expect(throws: StatisticsProblem.separated) { try LogisticRegression.fit(nearly, penalty: 0) }
        let twice = try rows([([1, 2], false), ([2, 4], true), ([3, 6], false), ([4, 8], true)])
        #expect(throws: StatisticsProblem.dependentColumn(1)) { try LogisticRegression.fit(twice, penalty: 0) }
        let shared = try LogisticRegression.fit(twice)
        #expect(near(shared.weights[0], 2 * shared.weights[1], 1e-8))
        let still = try rows([([1, 7], false), ([2, 7], true), ([3, 7], false), ([4, 7], true)])
        #expect(throws: StatisticsProblem.dependentColumn(1)) { try LogisticRegression.fit(still, penalty: 0) }
        #expect(try LogisticRegression.fit(still).weights[1] == 0)
    }

    @Test func `rows and settings are refused at their limits`() throws {
        var rows = try LogisticRegression.Rows(columns: 1)
        #expect(throws: StatisticsProblem.unequalLengths(what: "columns", expected: 1, found: 2)) { try rows.add([1, 2], outcome: true) }
        #expect(throws: StatisticsProblem.outOfRange(what: "column", value: 1.1e9, least: -1e9, most: 1e9)) { try rows.add([1.1e9], outcome: true) }
        #expect(throws: StatisticsProblem.self) { try rows.add([.nan], outcome: true) }
        #expect(throws: StatisticsProblem.self) { try rows.add([1], outcome: true, people: 0) }
        for columns in [0, 101] { #expect(throws: StatisticsProblem.self) { try LogisticRegression.Rows(columns: columns) } }
        for penalty in [-1, 1.1e9, .nan] { #expect(throws: StatisticsProblem.self) { try LogisticRegression.fit(Self.people(), penalty: penalty) } }
        #expect(throws: StatisticsProblem.unequalLengths(what: "columns", expected: 2, found: 1)) {
            try LogisticRegression.fit(Self.people()).probability([1])
        }
    }

    @Test func `every fact has a sentence`() {
        let facts: [StatisticsProblem] = [
            .notPositive(what: "unit", value: 0), .outOfRange(what: "age", value: -1, least: 0, most: 9),
            .unequalLengths(what: "columns", expected: 1, found: 2),
            .lastAfterEnd(last: 3, age: 2), .repeatsInNoTime(repeats: 2), .lastWithoutRepeats(last: 1), .nothing, .allAlike(customers: 1),
            .nobodyReturned(customers: 5), .oneOutcome(rows: 2), .dependentColumn(3), .separated,
            .notConverged(model: "BG/NBD", evaluations: 7, gradient: 0.1), .infiniteMean(shape: 0.5),
        ]
        #expect(Set(facts.map(\.description)).count == facts.count)
        #expect(facts.allSatisfy { $0.description.hasSuffix(".") })
    }
}
