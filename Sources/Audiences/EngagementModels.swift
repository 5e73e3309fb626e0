import Formula
import Glibc
import Identity
package import Kernel
import Pipeline
import Statistics
import Timeline

/// What each kind of engagement is worth, learned from the conversions that came after it: by a logistic regression of who converted on how
/// often they had done what before. It says what went together with conversion, and not what caused it.
///
/// No weight is below 0 where none was written so: engagement adds up, and a kind that comes with others (who clicks has opened) takes a
/// weight below 0 in a free regression only because the others are counted too much beside it. A click that costs points would be read as
/// a reproach to whoever clicked. What pointed down is told in the evidence.
package struct EngagementFit: Sendable, Equatable {
    package struct Kind: Sendable, Equatable {
        package var event: String
        /// What one is worth, in hundredths: learned, scaled so that the greatest above 0 is the greatest that was written. Never of the other sign
        /// than the one written: 0 for what goes together with fewer conversions, and when it cannot be told whether with more or fewer.
        package var hundredths: Int
        /// How much the odds of converting are multiplied by one more, with the bounds of its interval of 95 %; nil when too few did it to
        /// learn from, and the weight is the one written.
        package var oddsRatio: (least: Double, likely: Double, most: Double)?
        /// Whether it pointed the other way than what was written, beside the others: it counts 0 and is left out of what they tell.
        package var isContrary = false
        /// Customers, of those learned from, who had done it, and how many of them converted.
        package var people: Int
        package var converted: Int

        package static func == (a: Kind, b: Kind) -> Bool {
            a.event == b.event && a.hundredths == b.hundredths && a.people == b.people && a.converted == b.converted && a.isContrary == b.isContrary
                && a.oddsRatio.map { [$0.least, $0.likely, $0.most] } == b.oddsRatio.map { [$0.least, $0.likely, $0.most] }
        }
    }
    /// In the order of the definition.
    package var kinds: [Kind]
    /// Customers learned from, who were there before, and how many of them converted afterwards. Of many, every second, third or so.
    package var people: Int
    package var converted: Int
    /// How much of what can be told engagement tells, from 0 to 1: McFadden's pseudo R² (McFadden 1974, "Conditional logit analysis of
    /// qualitative choice behavior").
    package var explained: Double
    package var at: Instant
}

extension MetricDefinition {
    /// What learning reads of a customer, as formulas: whether they were there before the time in which conversions count, whether they
    /// converted in it, and how often they had done each kind before.
    static func evidence(_ engagement: Engagement, _ learning: Engagement.Learning) -> [String] {
        let days = learning.days
        return [
            "time since first(any) > \(days) days",
            "did(\(FormulaText.quoted(learning.conversion)) in last \(days) days)",
        ]
            + engagement.weights.map { weight in
                let event = FormulaText.quoted(weight.event)
                return "count(\(event) in last \(engagement.days + days) days) - count(\(event) in last \(days) days)"
            }
    }
}

/// How often who converted had done what.
private struct Evidence: Sendable {
    /// How often a customer did each kind → how many like that converted, and how many did not.
    var rows: [[UInt16]: (converted: Int, others: Int)] = [:]
    var people = 0
    var converted = 0
}

extension AudienceEngine {
    /// Converted customers per weight that is learned, at least, and as many who did not convert (Peduzzi and others 1996, "A simulation
    /// study of the number of events per variable in logistic regression analysis").
    static let leastConverted = 10
    /// Customers to learn from, at most: of more, every second, third or so.
    static let mostLearnedFrom = 500_000
    /// Errors on each side of a weight that its interval of 95 % spans.
    private static let interval = 1.959964
    /// More of one kind than this is taken as this much.
    private static let mostOfAKind: UInt16 = 1_000

    func fit(_ engagement: MetricDefinition.Engagement, _ learning: MetricDefinition.Engagement.Learning, _ inForce: InForce) -> ModelState {
        let now = clock.now
        do {
            let evidence = try gather(engagement, learning, inForce)
            return try learn(engagement.weights, evidence, at: now)
        } catch {
            return .failed("\(error)", at: now)
        }
    }

    private func gather(
        _ engagement: MetricDefinition.Engagement, _ learning: MetricDefinition.Engagement.Learning, _ inForce: InForce
    ) throws -> Evidence {
        let (bound, slots) = try bind(MetricDefinition.evidence(engagement, learning), inForce)
        let rings = pipeline.people.rings
        let step = UInt32(rings.count / Self.mostLearnedFrom + 1)
        let parts = Sweep.run(
            bound, Everybody(), pipeline.timeline, rings, now: UInt32(clamping: clock.now.seconds), make: { Evidence() },
            { root, values, part in
                guard root % step == 0, values[slots[0]] == 1 else { return }
                let converted = values[slots[1]] == 1
                let row = slots.dropFirst(2).map { UInt16(min(Double(Self.mostOfAKind), max(0, values[$0]))) }
                part.people += 1
                part.converted += converted ? 1 : 0
                part.rows[row, default: (0, 0)].converted += converted ? 1 : 0
                part.rows[row]!.others += converted ? 0 : 1
            })
        var all = Evidence()
        for part in parts {
            all.people += part.people
            all.converted += part.converted
            all.rows.merge(part.rows) { ($0.converted + $1.converted, $0.others + $1.others) }
        }
        return all
    }

    private func learn(_ written: [MetricDefinition.Engagement.Weight], _ evidence: Evidence, at: Instant) throws -> ModelState {
        var kinds = written.map { EngagementFit.Kind(event: $0.event, hundredths: $0.hundredths, oddsRatio: nil, people: 0, converted: 0) }
        for (row, counts) in evidence.rows {
            for (i, count) in row.enumerated() where count > 0 {
                kinds[i].people += counts.converted + counts.others
                kinds[i].converted += counts.converted
            }
        }
        // What too few did, or everybody equally often, tells nothing.
        let columns = kinds.indices.filter { i in
            kinds[i].people >= Self.leastConverted && Set(evidence.rows.keys.map { $0[i] }).count > 1
        }
        let least = Self.leastConverted * max(1, columns.count)
        let others = evidence.people - evidence.converted
        guard !columns.isEmpty else {
            return .failed("of no kind of engagement is there enough to learn from: \(Self.leastConverted) customers who did it are needed", at: at)
        }
        guard evidence.converted >= least, others >= least else {
            return .failed(
                "\(evidence.converted) customers converted and \(others) did not; for \(columns.count) weights \(least) of each are needed", at: at)
        }
        // A kind that is written below 0 is expected to go together with fewer, so it is looked at turned round.
        let signs = columns.map { written[$0].hundredths < 0 ? -1.0 : 1.0 }
        var rows = try LogisticRegression.Rows(columns: columns.count)
        // In an order that is the same every time, so that the weights are.
        for (row, counts) in evidence.rows.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let values = zip(columns, signs).map { $1 * Double(row[$0]) }
            if counts.converted > 0 { try rows.add(values, outcome: true, people: counts.converted) }
            if counts.others > 0 { try rows.add(values, outcome: false, people: counts.others) }
        }
        let fit = try LogisticRegression.nonNegative(rows)
        // The scale is that of what counts above 0: a reproach may be written as high as somebody likes.
        let greatest = columns.map { written[$0].hundredths }.max() ?? 0
        let isClear = columns.indices.map { fit.weights[$0] > Self.interval * fit.errors[$0] }
        let strongest = columns.indices.filter { isClear[$0] && signs[$0] > 0 }.map { fit.weights[$0] }.max() ?? 0
        guard columns.indices.contains(where: { isClear[$0] && signs[$0] > 0 }), greatest > 0 else {
            return .failed("no kind of engagement clearly went together with more conversions", at: at)
        }
        for (place, i) in columns.enumerated() {
            let (weight, error) = fit.held[place] ?? (fit.weights[place], fit.errors[place])
            let (signed, half) = (signs[place] * weight, Self.interval * error)
            kinds[i].hundredths = isClear[place] ? Int((signs[place] * weight / strongest * Double(greatest)).rounded()) : 0
            kinds[i].oddsRatio = (exp(signed - half), exp(signed), exp(signed + half))
            kinds[i].isContrary = fit.held[place] != nil
        }
        return .engagement(
            EngagementFit(
                kinds: kinds, people: evidence.people, converted: evidence.converted, explained: 1 - fit.logLikelihood / fit.baseline, at: at))
    }
}
