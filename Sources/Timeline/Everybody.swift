/// What a program needs to know of everybody: how the values of metrics are spread, as of one sweep, and the models as they were
/// fitted last.
package struct Everybody: Sendable {
    /// By the metric's key: everybody's known values, ascending.
    package var values: [String: [Double]] = [:]
    /// By the model's key: one of the numbers that it gives, from the values of a customer; NaN when it gives none.
    package var models: [String: @Sendable (_ inputs: UnsafeBufferPointer<Double>, _ output: Int) -> Double] = [:]
    package init() {}
}
