import Dispatch
package import Identity
import Kernel
import Synchronization
package import Timeline

/// Works a program out for everybody, on both cores, and gathers what each part of the people gives.
package enum Sweep {
    /// Threads.
    package static let width = 2

    /// - Parameters:
    ///   - make: Makes what a part is gathered into.
    ///   - body: Called with each person and their values, by slot.
    /// - Returns: The parts, in the order of the people.
    package static func run<Result: Sendable>(
        _ bound: BoundProgram, _ everybody: Everybody, _ parts: Parts, _ rings: People.Rings, now: UInt32, isPatient: Bool = true,
        make: @escaping @Sendable () -> Result, _ body: @escaping @Sendable (UInt32, UnsafePointer<Double>, inout Result) -> Void
    ) -> [Result] {
        let ranges = parts.split(width, customers: rings.count)
        let results = Mutex<[Result?]>(Array(repeating: nil, count: ranges.count))
        let done = DispatchSemaphore(value: 0)
        for (i, range) in ranges.enumerated() {
            startThread("sweep", isPatient: isPatient) {
                var result = make()
                var evaluator = Evaluator(bound, everybody)
                evaluator.set(now: now)
                evaluator.sweep(parts, rings, range) { root, values in body(root, values, &result) }
                let gathered = result
                results.withLock { $0[i] = gathered }
                done.signal()
            }
        }
        for _ in ranges { done.wait() }
        return results.withLock { $0.compactMap { $0 } }
    }
}
