import Formula
import Identity
package import Kernel
import Pipeline
package import Statistics
import Timeline

/// A model of customer lifetime value as it was fitted to a company's own orders: how often customers will buy by BG/NBD (Fader, Hardie
/// and Lee 2005), and what they will pay by Gamma-Gamma (Fader and Hardie 2013). Times are in days, and orders of one day count as one.
package struct LifetimeFit: Sendable {
    package var purchases: BGNBD.Fit
    /// Nil when what is paid cannot be modelled: then the mean of all orders stands for it.
    package var spending: GammaGamma.Fit?
    /// What one order was worth on average.
    package var meanOrder: Double
    /// Customers who bought at all.
    package var buyers: Int
    package var at: Instant

    /// What was fitted of the model of how often they buy, and of that of what they pay; the latter empty when it cannot be modelled.
    package var purchaseParameters: [(name: String, value: Double)] {
        let model = purchases.model
        return [("r", model.r), ("alpha", model.alpha), ("a", model.a), ("b", model.b)]
    }
    package var spendingParameters: [(name: String, value: Double)] {
        spending.map { [("p", $0.model.p), ("q", $0.model.q), ("v", $0.model.v)] } ?? []
    }
    /// Parameters that were fitted at the edge of what they can be, by the names above: the orders do not tell them, and so not how sure what
    /// is expected is.
    package var edges: [String] {
        purchases.atEdge.map(\.rawValue) + (spending?.atEdge.map(\.rawValue) ?? [])
    }
    /// Of the orders under BG/NBD, the natural logarithm.
    package var logLikelihood: Double { purchases.logLikelihood }
    /// Between how often customers buy and what they pay: Gamma-Gamma takes it for 0.
    package var correlation: Double? { spending?.correlation }

    /// What is expected of a customer, from the values of ``MetricDefinition/inputs(_:)``; NaN for whoever never bought.
    func expected(_ gives: MetricDefinition.Gives, days horizon: Double, _ inputs: UnsafeBufferPointer<Double>) -> Double {
        guard inputs.count == 5, let history = Self.history(inputs) else { return .nan }
        switch gives {
        case .alive: return purchases.model.probabilityAlive(history)
        case .purchases: return purchases.model.expectedPurchases(in: horizon, after: history)
        case .value: return purchases.model.expectedPurchases(in: horizon, after: history) * value(of: inputs)
        }
    }

    private func value(of inputs: UnsafeBufferPointer<Double>) -> Double {
        guard let spending, let own = Self.spending(inputs), let value = try? spending.model.expectedValue(own) else { return meanOrder }
        return value
    }

    /// Days with an order less the first, days from the first order to the last, and to now.
    static func history(_ inputs: UnsafeBufferPointer<Double>) -> PurchaseHistory? {
        guard inputs[0] >= 1, !inputs[1].isNaN, !inputs[2].isNaN else { return nil }
        let repeats = Int(inputs[0]) - 1
        let age = (inputs[1] / 86_400).rounded()
        let last = repeats == 0 ? 0 : ((inputs[1] - inputs[2]) / 86_400).rounded()
        // Two orders of two days lie a day apart at least, however close to midnight they were.
        return try? PurchaseHistory(repeats: repeats, last: max(last, Double(repeats)), age: max(age, last, Double(repeats)))
    }

    static func spending(_ inputs: UnsafeBufferPointer<Double>) -> Spending? {
        guard inputs[3] >= 1, inputs[4] > 0 else { return nil }
        return try? Spending(purchases: Int(inputs[3]), mean: inputs[4] / inputs[3])
    }
}

extension AudienceEngine {
    func fit(_ lifetime: MetricDefinition.Lifetime, _ inForce: InForce) -> ModelState {
        let now = clock.now
        do {
            let (bound, slots) = try bind(MetricDefinition.inputs(lifetime), inForce)
            struct Part: Sendable {
                var histories: [PurchaseHistory] = []
                var spendings: [Spending] = []
                var paid = 0.0
                var orders = 0.0
            }
            let found = Sweep.run(
                bound, Everybody(), pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: now.seconds), make: { Part() },
                { _, values, part in
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: slots.count) { inputs in
                        for (i, slot) in slots.enumerated() { inputs.initializeElement(at: i, to: values[slot]) }
                        let inputs = UnsafeBufferPointer(inputs)
                        guard let history = LifetimeFit.history(inputs) else { return }
                        part.histories.append(history)
                        if let spending = LifetimeFit.spending(inputs) { part.spendings.append(spending) }
                        part.paid += inputs[4]
                        part.orders += inputs[3]
                    }
                })
            let histories = found.flatMap(\.histories)
            let orders = found.reduce(0) { $0 + $1.orders }
            let purchases = try BGNBD.fit(PurchaseHistories(histories))
            let spending = try? GammaGamma.fit(found.flatMap(\.spendings))
            return .lifetime(
                LifetimeFit(
                    purchases: purchases, spending: spending, meanOrder: orders > 0 ? found.reduce(0) { $0 + $1.paid } / orders : 0,
                    buyers: histories.count, at: now))
        } catch {
            return .failed("\(error)", at: now)
        }
    }
}
