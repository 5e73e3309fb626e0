import Dispatch
package import Identity
import Kernel
import Synchronization
package import Timeline

/// Works a program out for everybody, on both cores, and gathers what each part of the people gives.
package enum Sweep {
    /// Threads.
    package static let width = 2
    /// Ranges of people, which the threads take one after the other: so both end at once, whoever of them is slow to work out.
    private static let ranges = 16

    /// - Parameters:
    ///   - make: Makes what a range of people is gathered into.
    ///   - body: Called with each person and their values, by slot.
    /// - Returns: What was gathered of each range, in the order of the people.
    package static func run<Result: Sendable>(
        _ bound: BoundProgram, _ everybody: Everybody, _ parts: Parts, _ rings: People.Rings, now: UInt32, isPatient: Bool = true,
        make: @escaping @Sendable () -> Result, _ body: @escaping @Sendable (UInt32, UnsafePointer<Double>, inout Result) -> Void
    ) -> [Result] {
        let ranges = parts.split(ranges, customers: rings.count)
        let results = Mutex<[Result?]>(Array(repeating: nil, count: ranges.count))
        let next = Mutex(0)
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<width {
            startThread("sweep", isPatient: isPatient) {
                var evaluator = Evaluator(bound, everybody)
                evaluator.set(now: now)
                while true {
                    let i = next.withLock {
                        $0 += 1
                        return $0 - 1
                    }
                    guard i < ranges.count else { break }
                    var result = make()
                    evaluator.sweep(parts, rings, ranges[i]) { root, values in body(root, values, &result) }
                    let gathered = result
                    results.withLock { $0[i] = gathered }
                }
                done.signal()
            }
        }
        for _ in 0..<width { done.wait() }
        return results.withLock { $0.compactMap { $0 } }
    }
}
