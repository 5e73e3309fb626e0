import Formula
import Identity
package import Kernel
import Pipeline
import Synchronization
import Timeline

/// What was worked out of the past: of which set, by which definition, and at which moments.
struct PastKey: Hashable {
    var set: String
    var signature: String
    /// The newest moment, in seconds since 1970, the seconds between two, and how many.
    var end: Int64
    var step: Int64
    var count: Int
}

// The past is worked out from what happened, as of then: it is there for definitions of today too.
extension Audiences {
    /// Milliseconds for which what was worked out of the past is good enough: imports and erasures change it, and little else does.
    private static let pastLasts: Int64 = 600_000

    /// How many belonged to an audience at some moments, by its definition of now and all that is known now; nil while it is being worked
    /// out, which this begins.
    /// - Parameters:
    ///   - last: The newest moment.
    ///   - step: Seconds between two.
    ///   - count: How many, at most 120.
    package func pastSizes(of audience: String, last: Instant, step: Int64, count: Int) -> [(at: Instant, people: Int)]? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }),
            let slot = inForce.program[.audience(audience)]
        else { return nil }
        let count = min(max(1, count), 120)
        // A moment of the same step, so that a page that is looked at again finds what is there.
        let end = last.seconds / step * step
        let key = PastKey(
            set: "audience/\(audience)", signature: inForce.company.signature(of: "audience/\(audience)"), end: end, step: step, count: count)
        let moments = (0..<count).map { end - step * Int64(count - 1 - $0) }
        let pipeline = pipeline
        let sizes = keptSizes.value(key, now: engine.clock.now, lasting: Self.pastLasts) {
            let (parts, rings) = (pipeline.timeline, pipeline.people.rings)
            return moments.map { moment in
                Sweep.run(
                    inForce.bound, everybody, parts, rings, now: UInt32(clamping: moment), make: { 0 },
                    { _, values, count in if values[slot] == 1 { count += 1 } }
                ).reduce(0, +)
            }
        }
        return sizes.map { sizes in zip(moments, sizes).map { (Instant(milliseconds: $0 * 1000), $1) } }
    }

    /// The lifecycle over some weeks.
    package struct Flow: Sendable, Equatable {
        /// When each week ended, oldest first; one more than there are weeks, for the beginning of the first.
        package var moments: [Instant]
        /// At each moment, how many are in each stage.
        package var sizes: [[Int]]
        /// Per week, from each stage to each: how many were in the one at its beginning and in the other at its end. Who came in that week
        /// counts from the first stage only if they were there at its beginning, else in `new`.
        package var moves: [[[Int]]]
        /// Per week, who was not there at its beginning, by the stage they are in at its end.
        package var new: [[Int]]
        /// Of those who left each stage within these weeks, how many weeks they had been in it: the median; nil when nobody did.
        package var medianWeeks: [Double?]
    }

    /// How everybody moved through the lifecycle in the last weeks; nil while it is being worked out, which this begins.
    /// - Parameter weeks: At most 26.
    package func flow(last: Instant, weeks: Int) -> Flow? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }), let stage = inForce.stage else {
            return nil
        }
        let weeks = min(max(1, weeks), 26)
        let step: Int64 = 604_800
        // To the hour: who looks again soon sees the same.
        let end = last.seconds / 3_600 * 3_600
        let key = PastKey(
            set: "lifecycle", signature: inForce.company.signature(of: "lifecycle/"), end: end, step: step, count: weeks)
        let moments = (0...weeks).map { end - step * Int64(weeks - $0) }
        let pipeline = pipeline
        let found = keptStages.value(key, now: engine.clock.now, lasting: Self.pastLasts) {
            let (parts, rings) = (pipeline.timeline, pipeline.people.rings)
            return moments.map { moment in
                // By raw customer: 0 for one who was not there yet, else the stage's place and one.
                var all: [UInt8] = []
                for (roots, stages) in Sweep.run(
                    inForce.bound, everybody, parts, rings, now: UInt32(clamping: moment), make: { ([UInt32](), [UInt8]()) },
                    { root, values, out in
                        out.0.append(root)
                        out.1.append(UInt8(values[stage]) + 1)
                    })
                {
                    for (root, place) in zip(roots, stages) {
                        if Int(root) >= all.count { all += Array(repeating: 0, count: Int(root) + 1 - all.count) }
                        all[Int(root)] = place
                    }
                }
                // Whoever came later was not there.
                for c in all.indices where all[c] > 0 && (parts.earliest(rings.members(of: c)) ?? .max) > UInt32(clamping: moment) { all[c] = 0 }
                return all
            }
        }
        return found.map { Self.flow($0, moments, stages: inForce.stages.count) }
    }

    static func flow(_ all: [[UInt8]], _ moments: [Int64], stages: Int) -> Flow {
        let none = [Int](repeating: 0, count: stages)
        var flow = Flow(moments: moments.map { Instant(milliseconds: $0 * 1000) }, sizes: [], moves: [], new: [], medianWeeks: [])
        for now in all {
            var sizes = none
            for place in now where place > 0 { sizes[Int(place) - 1] += 1 }
            flow.sizes.append(sizes)
        }
        var stays = [[Int]](repeating: [], count: stages)
        for (before, after) in zip(all, all.dropFirst()) {
            var moves = [[Int]](repeating: none, count: stages)
            var new = none
            for c in after.indices where after[c] > 0 {
                let from = c < before.count ? before[c] : 0
                if from == 0 { new[Int(after[c]) - 1] += 1 } else if from != after[c] { moves[Int(from) - 1][Int(after[c]) - 1] += 1 }
            }
            flow.moves.append(moves)
            flow.new.append(new)
        }
        for c in (all.last ?? []).indices {
            var since = -1
            for week in 1..<all.count where c < all[week].count && all[week][c] > 0 {
                let before = c < all[week - 1].count ? all[week - 1][c] : 0
                guard before != all[week][c] else { continue }
                // A stay whose beginning was seen.
                if before > 0, since >= 0 { stays[Int(before) - 1].append(week - since) }
                since = week
            }
        }
        flow.medianWeeks = stays.map { all in
            guard !all.isEmpty else { return nil }
            let sorted = all.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? Double(sorted[middle]) : Double(sorted[middle - 1] + sorted[middle]) / 2
        }
        return flow
    }
}
