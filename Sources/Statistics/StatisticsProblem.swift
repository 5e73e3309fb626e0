/// Why a statistic could not be worked out. None is helped by trying the same again: other data are needed.
package enum StatisticsProblem: Error, Equatable, Sendable {
    /// A parameter of a model or a setting that has to be above 0 and finite is not.
    case notPositive(what: String, value: Double)
    /// A number lies outside what it can be.
    case outOfRange(what: String, value: Double, least: Double, most: Double)
    /// Lists that belong together differ in length.
    case unequalLengths(what: String, expected: Int, found: Int)

    /// The last repeat purchase lies after the end of what was watched.
    case lastAfterEnd(last: Double, age: Double)
    /// A customer bought again, and no time passed: purchases of one day (of one unit of time) count as one.
    case repeatsInNoTime(repeats: Int)
    /// A customer who never bought again has a time of the last repeat purchase.
    case lastWithoutRepeats(last: Double)

    /// Nothing to learn from.
    case nothing
    /// All customers are the same, which says nothing about how they differ. One customer alone is such a case.
    case allAlike(customers: Int)
    /// Nobody bought a second time: nothing says how often people buy or when they stop.
    case nobodyReturned(customers: Int)
    /// All outcomes are the same: nothing to tell apart.
    case oneOutcome(rows: Int)
    /// These columns can be computed from the ones before them (or do not vary), so their weights cannot be told apart.
    case dependentColumn(Int)
    /// Columns tell the outcomes apart without exception: weights would grow without end. A penalty above 0 mends it.
    case separated
    /// The search for the best parameters stopped before it was there.
    case notConverged(model: String, evaluations: Int, gradient: Double)
    /// The mean of what customers spend is infinite under this model, so no expected value exists.
    case infiniteMean(shape: Double)
}

extension StatisticsProblem: CustomStringConvertible {
    /// What is wrong and how to mend it, as one or two sentences.
    package var description: String {
        switch self {
        case .notPositive(let what, let value): "\(what) is \(value): it has to be a number above 0."
        case .outOfRange(let what, let value, let least, let most): "\(what) is \(value): it has to be from \(least) to \(most)."
        case .unequalLengths(let what, let expected, let found): "\(found) \(what) were given, and \(expected) belong there."
        case .lastAfterEnd(let last, let age): "The last repeat purchase is at \(last), after the end of what was watched (\(age))."
        case .repeatsInNoTime(let repeats):
            "\(repeats) repeat purchases happened at the moment of the first one. Count purchases of one day as one purchase."
        case .lastWithoutRepeats(let last): "There is a last repeat purchase at \(last), but no repeat purchase."
        case .nothing: "There are no customers to learn from."
        case .allAlike(let customers):
            "All \(customers) customers are the same, so nothing can be learned about how they differ. More customers are needed."
        case .nobodyReturned(let customers):
            "None of \(customers) customers has bought a second time yet, so nothing says how often people buy again."
        case .oneOutcome(let rows): "All \(rows) outcomes are the same, so there is nothing to tell apart."
        case .dependentColumn(let column):
            "Column \(column) does not vary, or can be computed from those before it. Leave it out, or set a penalty above 0."
        case .separated: "The columns tell the outcomes apart without exception, so the weights have no end. Set a penalty above 0."
        case .notConverged(let model, let evaluations, let gradient):
            "The search for the parameters of \(model) stopped after \(evaluations) evaluations with a gradient of \(gradient)."
        case .infiniteMean(let shape):
            "Under these parameters values vary so much that they have no mean (shape \(shape), and above 1 is needed). More customers with purchases are needed."
        }
    }
}
