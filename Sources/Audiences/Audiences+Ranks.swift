import Formula
import Identity
import Kernel
import Pipeline
import Synchronization
import Timeline

/// How a metric's values are spread over everybody who has one: a thousandth part of the people lies between two of its marks.
package struct Ranking: Sendable, Equatable {
    /// Ascending; the lowest first, the highest last.
    package let marks: [Double]
    /// How many have a value.
    package let people: Int
    /// Parts between marks.
    static let parts = 1_000

    /// - Parameter values: Of everybody who has one, in any order.
    package init(_ values: [Double]) {
        let sorted = values.sorted()
        people = sorted.count
        let parts = min(Self.parts, sorted.count - 1)
        marks = sorted.isEmpty ? [] : parts < 1 ? [sorted[0]] : (0...parts).map { sorted[$0 * (sorted.count - 1) / parts] }
    }

    /// The share of people whose value is lower, from 0 to 1, to a thousandth; nil when nobody has a value.
    package func below(_ value: Double) -> Double? {
        guard !marks.isEmpty, !value.isNaN else { return nil }
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if marks[middle] < value { low = middle + 1 } else { high = middle }
        }
        return Double(low) / Double(marks.count)
    }
    package var lowest: Double? { marks.first }
    package var highest: Double? { marks.last }
}

/// Spreads that were worked out, kept while people look at customers.
final class Rankings: Sendable {
    /// Milliseconds for which one is good enough: whoever compares one customer with all does not need the last minute.
    static let fresh: Int64 = 600_000
    private let state = Mutex<(known: [String: (ranking: Ranking, signature: String, at: Instant)], atWork: Set<String>)>(([:], []))

    /// What is known, an older one too while a fresh one is worked out, which this begins; nil the first time.
    func ranking(_ metric: String, _ signature: String, now: Instant, make: @escaping @Sendable () -> Ranking) -> Ranking? {
        let (known, begins) = state.withLock { s in
            let known = s.known[metric].flatMap { $0.signature == signature ? $0 : nil }
            if let known, (0..<Self.fresh).contains(now - known.at) { return (Optional(known.ranking), false) }
            return (known?.ranking, s.atWork.insert(metric).inserted)
        }
        if begins {
            startThread("spread", isPatient: true) { [self] in
                let made = make()
                state.withLock { s in
                    s.known[metric] = (made, signature, now)
                    s.atWork.remove(metric)
                }
            }
        }
        return known
    }
}

extension Audiences {
    /// How the values of a metric are spread over everybody; nil for one that has no order, or while it is worked out, which this begins.
    /// A metric is worked out at most every ten minutes.
    package func ranking(of metric: String) -> Ranking? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }),
            let slot = inForce.program[.metric(metric)], [.number, .duration].contains(inForce.program.slots[slot].type)
        else { return nil }
        let now = engine.clock.now
        let pipeline = pipeline
        let signature = inForce.company.metrics.first { $0.key == metric }?.definition.formula() ?? ""
        return rankings.ranking(metric, signature, now: now) {
            let found = Sweep.run(
                inForce.bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: now.seconds), make: { [Double]() },
                { _, values, out in if !values[slot].isNaN { out.append(values[slot]) } })
            return Ranking(found.flatMap { $0 })
        }
    }
}
