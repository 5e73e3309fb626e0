import Foundation
import Testing

@testable import Statistics

/// Expected values are from scipy 1.17.1 where no other source is named.
struct ScoresTests {
    /// `SIGHTLINE_TEST_DATA`, or the folder `shared/data` beside the project.
    private static let sample: URL = {
        let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = ProcessInfo.processInfo.environment["SIGHTLINE_TEST_DATA"].map { URL(filePath: $0) }
        return (folder ?? project.deletingLastPathComponent().appending(path: "shared/data")).appending(path: "nps-testdata/nps_testdata.csv")
    }()
    private static var isSampleThere: Bool { FileManager.default.fileExists(atPath: sample.path) }

    private func score(_ answers: some Sequence<Int>) throws -> NetScore {
        let groups = try answers.map { try #require(NetScore.Group($0)) }
        func count(_ group: NetScore.Group) -> Int { groups.count { $0 == group } }
        return try NetScore(promoters: count(.promoter), passives: count(.passive), detractors: count(.detractor))
    }

    @Test(.enabled(if: isSampleThere)) func `the sample's score, error and interval are those that its makers give`() throws {
        let rows = try String(contentsOf: Self.sample, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst().map {
            $0.split(separator: ",")
        }
        let all = try score(rows.compactMap { Int($0[0]) })
        #expect((all.promoters, all.passives, all.detractors) == (462, 176, 362))
        #expect(near(all.value, 10, 1e-12) && near(all.variance, 0.814, 1e-12))
        #expect(abs(all.standardError - 2.85307) < 5e-6)
        let interval = try all.interval()
        #expect(abs(interval.lowerBound - 4.3897) < 5e-5 && abs(interval.upperBound - 15.5505) < 5e-5)
        for (unit, expected) in [("Apples", 14.8), ("Oranges", 7.6), ("Bananas", 9.6), ("Berries", 8.0)] {
            let here = try score(rows.filter { $0[5] == unit }.compactMap { Int($0[0]) })
            #expect(near(here.value, expected, 1e-12), "\(unit)")
        }
    }

    @Test func `promoters are 9 and 10, detractors 0 to 6, and other answers none`() {
        #expect((0...10).map { NetScore.Group($0) } == Array(repeating: .detractor, count: 7) + [.passive, .passive, .promoter, .promoter])
        #expect(NetScore.Group(-1) == nil && NetScore.Group(11) == nil)
    }

    @Test func `a score of few answers is no surer than it may be, and stays on the scale`() throws {
        let worst = try NetScore(promoters: 0, passives: 0, detractors: 5)
        #expect(worst.value == -100 && worst.standardError == 0)
        let interval = try worst.interval()
        #expect(interval.lowerBound == -100 && near(interval.upperBound, -17.49145303416897, 1e-12))
        #expect(throws: StatisticsProblem.nothing) { try NetScore(promoters: 0, passives: 0, detractors: 0) }
        #expect(throws: StatisticsProblem.self) { try NetScore(promoters: 1, passives: -1, detractors: 0) }
        #expect(throws: StatisticsProblem.self) { try worst.interval(confidence: 1) }
        #expect(throws: StatisticsProblem.self) { try NetScore(promoters: .max, passives: 1, detractors: 0) }
    }

    @Test func `a change is clear when chance alone would hardly make it`() throws {
        let before = try NetScore(promoters: 462, passives: 176, detractors: 362)
        let change = try NetScore(promoters: 130, passives: 60, detractors: 60).change(from: before)
        #expect(near(change.value, 18, 1e-12) && change.isClear)
        #expect(near(change.interval.lowerBound, 6.102840592171477, 1e-12) && near(change.interval.upperBound, 29.29294832566002, 1e-12))
        #expect(try !NetScore(promoters: 9, passives: 3, detractors: 3).change(from: before).isClear)
        #expect(try before.change(from: before).value == 0)
    }

    @Test func `shares differ by Agresti and Caffo's interval`() throws {
        let change = try Share(66, of: 120).change(from: Share(40, of: 100))
        #expect(near(change.value, 0.15, 1e-12) && change.isClear)
        #expect(near(change.interval.lowerBound, 0.017415713849670084, 1e-11) && near(change.interval.upperBound, 0.2770233732605839, 1e-12))
        #expect(try !Share(4, of: 11).change(from: Share(3, of: 10)).isClear)
    }

    @Test func `means have Student's interval, and differ by Welch's`() throws {
        let (x, y) = (Moments([6, 7, 5, 4, 7, 7, 2, 6]), Moments([5, 5, 6, 3, 4, 5, 7, 2, 4, 4]))
        let interval = try #require(try x.interval())
        #expect(near(interval.lowerBound, 4.017893314479255, 1e-11) && near(interval.upperBound, 6.982106685520745, 1e-11))
        let change = try #require(try y.change(from: x))
        #expect(near(change.value, -1, 1e-12) && !change.isClear)
        #expect(near(change.interval.lowerBound, -2.6662600345441074, 1e-11) && near(change.interval.upperBound, 0.6662600345441074, 1e-11))
        // Of one answer, and of none, there is nothing to say; of equal ones everything.
        #expect(try Moments([3]).interval() == nil && x.change(from: Moments([3])) == nil)
        #expect(try Moments([3, 3]).change(from: Moments([2, 2])) == ScoreChange(value: 1, interval: 1...1))
        // Numbers at the ends of what there is give an answer or none.
        for ends in [[0, 1e160], [-1e300, 1e300], [0, 1e-90], [0, 1e-300]] {
            #expect(try Moments(ends).change(from: Moments([0, 1])).map { $0.interval.contains($0.value) } != false)
            #expect(try Moments(ends).change(from: Moments(ends)).map { $0.interval.contains(0) } != false)
            _ = try Moments(ends).interval()
        }
    }

    @Test(arguments: [
        (1, 0.975, 12.706204736174694), (1, 0.995, 63.656741162871526), (1, 0.0001, -3183.0987571181513), (2, 0.6, 0.2886751345948128),
        (3.7, 0.975, 2.8675207071911895), (10, 0.975, 2.228138851986274), (10, 0.0001, -5.693820101457513), (30, 0.995, 2.7499956535672254),
        (1e6, 0.975, 1.959966356814107), (10, 0.5, 0),
    ])
    func `Student's quantile is exact`(_ freedom: Double, _ share: Double, _ expected: Double) {
        #expect(abs(studentQuantile(share, freedom: freedom) - expected) <= 1e-10 * max(1, abs(expected)))
    }

    @Test(arguments: [
        (0.5, 0.5, 0.3, 0.36901011956554536), (2, 3, 0.9, 0.9963), (100, 2, 0.99, 0.7320646825464588), (1e4, 0.5, 0.9999, 0.1572940177633515),
        (5, 5, 0.5, 0.5), (2, 3, 0, 0), (2, 3, 1, 1),
    ])
    func `the incomplete beta function is exact`(_ a: Double, _ b: Double, _ x: Double, _ expected: Double) {
        #expect(abs(betaShare(a, b, below: x) - expected) <= 1e-12)
    }
}
