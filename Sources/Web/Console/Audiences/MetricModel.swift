import Audiences
import Definitions
import Formula
import Glibc
import Kernel
import Rendering

/// The evidence of a metric that is learned from everybody: what the model found, and how sure it is.
extension Console {
    func modelFields(_ metric: Defined<MetricDefinition>, _ audiences: Audiences, _ visit: Visit) -> Fields? {
        switch audiences.model(of: metric.key) {
        case .lifetime(let fit)?:
            // What an order is worth is money, whatever this metric is counted in.
            Self.fields(
                fit, unit: metric.definition.unit.flatMap { MetricWords.isCurrency($0) ? $0 : nil } ?? services.workspace().currency, visit.formats)
        case .engagement(let fit)?: Self.fields(fit, metric.definition, visit.formats)
        case .failed(let words, let at, let before)?:
            [
                "failed": words + ".", "at": visit.formats.whole(at), "holds": Self.holds(metric.definition),
                "before": before?.inForce.flatMap { state -> String? in
                    switch state {
                    case .lifetime(let fit): visit.formats.whole(fit.at)
                    case .engagement(let fit): visit.formats.whole(fit.at)
                    case .failed: nil
                    }
                },
            ]
        case nil: nil
        }
    }

    /// What stands in for a model that cannot be fitted.
    private static func holds(_ metric: MetricDefinition) -> String {
        if case .engagement = metric.way { return "Until it can, what it learned before holds, or else the weights as they are written." }
        return "Until it can, what it learned before holds; without that nobody’s value is known."
    }

    static func fields(_ fit: LifetimeFit, unit: String?, _ formats: Formats) -> Fields {
        func values(_ parameters: [(name: String, value: Double)]) -> String { parameters.map { parameter($0.value) }.joined(separator: ", ") }
        var facts: [(String, String)] = [
            ("Customers who bought", Formats.number(fit.buyers)),
            ("One order on average", MetricWords.text(fit.meanOrder, .number, unit: unit, formats)),
            ("BG/NBD r, α, a, b", values(fit.purchaseParameters)),
            ("Log-likelihood", Formats.number(fit.logLikelihood, places: 1)),
        ]
        if !fit.spendingParameters.isEmpty { facts.append(("Gamma-Gamma p, q, v", values(fit.spendingParameters))) }
        if let correlation = fit.correlation {
            facts.append(("Orders and their value", "correlate by " + Formats.number(correlation, places: 2) + "; the model takes it for 0"))
        }
        return [
            "at": formats.whole(fit.at), "facts": facts.map { ["name": $0.0, "value": $0.1] as Fields },
            "isUnmodelled": fit.spendingParameters.isEmpty, "edges": fit.edges.isEmpty ? nil : fit.edges.joined(separator: ", "),
        ]
    }

    private static func fields(_ fit: EngagementFit, _ metric: MetricDefinition, _ formats: Formats) -> Fields {
        guard case .engagement(let engagement) = metric.way, let learning = engagement.learning else { return [:] }
        let written = Dictionary(engagement.weights.map { ($0.event, $0.hundredths) }) { a, _ in a }
        func worth(_ hundredths: Int) -> String { Formats.number(Double(hundredths) / 100, places: 2) }
        let rows = fit.kinds.map { kind -> Fields in
            var row: Fields = [
                "event": kind.event, "learned": worth(kind.hundredths), "written": written[kind.event].map(worth),
                "people": Formats.number(kind.people), "share": kind.people > 0 ? share(kind.converted, kind.people) : "",
                "without": fit.people > kind.people ? share(fit.converted - kind.converted, fit.people - kind.people) : "",
            ]
            if let odds = kind.oddsRatio {
                let (least, most) = (Formats.number(odds.least, places: 2), Formats.number(odds.most, places: 2))
                row["odds"] = "× " + Formats.number(odds.likely, places: 2)
                row["interval"] = "\(least) to \(most)"
                row["isContrary"] = kind.isContrary
                row["isUnsure"] = !kind.isContrary && odds.least <= 1 && odds.most >= 1
            } else {
                row["isWritten"] = true
            }
            return row
        }
        return [
            "at": formats.whole(fit.at), "kinds": rows, "hasKinds": true, "people": Formats.number(fit.people),
            "converted": Formats.number(fit.converted), "share": share(fit.converted, fit.people), "conversion": learning.conversion,
            "days": Formats.counted(learning.days, "day"), "before": Formats.counted(engagement.days, "day"),
            "explained": Formats.number(100 * fit.explained, places: 1) + "%",
        ]
    }

    /// Four digits that count, whatever the size.
    private static func parameter(_ value: Double) -> String {
        let places = value == 0 ? 0 : 3 - Int(log10(abs(value)).rounded(.down))
        return Formats.number(value, places: min(6, max(0, places)))
    }
}
