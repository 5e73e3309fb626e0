import Identity
import Kernel
import Ledger
import Pipeline
import TestSupport
import Testing
import Timeline

@Suite struct `Totals by week, channel and event` {
    /// What was said, added up one by one.
    private func naive(_ all: [World.Said], _ w: World, in seconds: ClosedRange<Int64>) -> [Totals.Key: Totals.Cell] {
        var cells: [Totals.Key: Totals.Cell] = [:]
        for said in all {
            let second = World.start.seconds + said.seconds
            guard seconds.contains(second), let event = w.pipeline.names.numbers([said.name]).first else { continue }
            // Weeks begin on Mondays; 1970-01-05 was one.
            let days = Int((second - 4 * 86_400).quotientAndRemainder(dividingBy: 86_400).quotient)
            let key = Totals.Key(week: days / 7, channel: said.channel.rawValue, event: event)
            cells[key, default: .init()].count += 1
            cells[key, default: .init()].sum += said.value ?? 0
        }
        return cells
    }

    /// - Parameter mergeAt: Fewer than there are: most lies in the base; more: all of it in memory.
    @Test(arguments: [50, 100_000]) func `are what adding up one by one gives`(mergeAt: Int) async throws {
        let w = try await World(mergeAt: mergeAt)
        var random = SeededRandom(seed: 9)
        var all: [World.Said] = []
        for i in 0..<600 {
            var said = World.Said((.userID, "u\(i % 40)"), name: "E\(random.below(5))", at: -Int64(random.below(90 * 86_400)))
            said.channel = [.web, .app, .email, .store][random.below(4)]
            said.value = random.below(3) == 0 ? nil : Double(random.below(100))
            all.append(said)
        }
        for from in stride(from: 0, to: all.count, by: 30) { try await w.say(Array(all[from..<from + 30])) }
        let now = World.start.seconds
        // All of it; some weeks, cut in the middle; and so long a time that no table has room for it.
        for seconds in [(now - 100 * 86_400)...now, (now - 40 * 86_400 - 7)...(now - 3 * 86_400), 0...(now + 86_400)] {
            let found = w.pipeline.timeline.totals(
                in: UInt32(seconds.lowerBound)...UInt32(seconds.upperBound), events: w.pipeline.names.all.count)
            #expect(found.cells == naive(all, w, in: seconds))
        }
        // Whoever is erased counts no more.
        let gone = try #require(try w.person(.userID, "u7"))
        _ = try await w.pipeline.perform(.erase(customer: gone, author: "Ann"), randomness: World.randomness)
        let left = all.filter { $0.ids[0].1 != "u7" }
        let found = w.pipeline.timeline.totals(in: UInt32(now - 100 * 86_400)...UInt32(now), events: w.pipeline.names.all.count)
        #expect(found.cells == naive(left, w, in: (now - 100 * 86_400)...now))
        await w.remove()
    }
}
