import Kernel
import Synchronization

/// What was worked out of everybody, kept for a while: whoever looks again soon sees the same, and when it is old it is worked out anew
/// while the old is still shown.
final class Kept<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: [Key: (value: Value, at: Instant)] = [:]
        var atWork: Set<Key> = []
    }
    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: So many are kept.
    init(most: Int = 64) { self.most = most }

    /// The value, or nil while it is worked out for the first time, which this begins.
    /// - Parameter lasting: Milliseconds after which it is worked out anew.
    func value(_ key: Key, now: Instant, lasting: Int64, make: @escaping @Sendable () -> Value) -> Value? {
        value(key, now: now, lasting: { _ in lasting }, make: make)
    }

    /// The same where a value itself says how long it lasts.
    func value(_ key: Key, now: Instant, lasting: (Value) -> Int64, make: @escaping @Sendable () -> Value) -> Value? {
        let (known, begins) = state.withLock { s in
            let known = s.values[key]
            if let known, now - known.at < lasting(known.value) { return (Optional(known.value), false) }
            return (known?.value, s.atWork.insert(key).inserted)
        }
        if begins {
            startThread("kept", isPatient: true) { [self] in
                let made = make()
                state.withLock { s in
                    if s.values.count >= most { s.values = [:] }
                    s.values[key] = (made, now)
                    s.atWork.remove(key)
                }
            }
        }
        return known
    }
}
