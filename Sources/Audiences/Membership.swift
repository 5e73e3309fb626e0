import Synchronization

/// Who belongs to which audience and is in which stage, by raw customer: as the ledger says it, in memory. The pipeline changes it;
/// whoever evaluates compares with it.
package final class Membership: Sendable {
    /// As of one moment: what is changed afterwards is not in it.
    package struct Tables: Sendable {
        /// The number of each set that there ever was.
        package fileprivate(set) var numbers: [String: Int] = [:]
        fileprivate var words = 1
        fileprivate var bits: [UInt64] = []
        /// The number of the stage's set plus one; 0 while nothing says it.
        fileprivate var stages: [UInt16] = []

        package func belongs(_ customer: UInt32, to set: Int) -> Bool {
            let i = Int(customer) * words + set / 64
            return set / 64 < words && i < bits.count && bits[i] >> UInt64(set % 64) & 1 == 1
        }
        /// The number of the set of the stage; nil while nothing says it.
        package func stage(_ customer: UInt32) -> Int? {
            Int(customer) < stages.count && stages[Int(customer)] > 0 ? Int(stages[Int(customer)]) - 1 : nil
        }

        /// Whether a customer is in an audience or a stage, by the set's name.
        package func isIn(_ customer: UInt32, _ set: String) -> Bool {
            guard let number = numbers[set] else { return false }
            return set.hasPrefix("lifecycle/") ? stage(customer) == number : belongs(customer, to: number)
        }

        fileprivate mutating func reserve(_ customer: UInt32) {
            let count = Int(customer) + 1
            guard count > stages.count else { return }
            let room = max(count, stages.count + stages.count / 4 + 1024)
            stages += Array(repeating: 0, count: room - stages.count)
            bits += Array(repeating: 0, count: room * words - bits.count)
        }

        fileprivate mutating func widen(to set: Int) {
            let need = set / 64 + 1
            guard need > words else { return }
            var wider = [UInt64](repeating: 0, count: stages.count * need)
            for c in 0..<stages.count { for w in 0..<words { wider[c * need + w] = bits[c * words + w] } }
            bits = wider
            words = need
        }
    }
    private let tables = Mutex(Tables())
    private let listener = Mutex<(@Sendable (Touch) -> Void)?>(nil)

    package init() {}

    /// Something happened to raw customers.
    enum Touch: Sendable {
        case now([UInt32])
        /// Long ago, says this body.
        case longAgo([UInt32], body: Int64)
        /// They are one person with others now.
        case regrouped([UInt32])
        /// They are no longer one person with others.
        case parted([UInt32])
    }
    func onTouch(_ listener: @escaping @Sendable (Touch) -> Void) { self.listener.withLock { $0 = listener } }
    func touched(_ touch: Touch) { listener.withLock { $0 }?(touch) }

    package var now: Tables { tables.withLock { $0 } }
    package func number(of set: String) -> Int? { tables.withLock { $0.numbers[set] } }

    /// Those who are in the stage, or who are not.
    func among(_ customers: [UInt32], inStage set: Int, _ are: Bool) -> [UInt32] {
        tables.withLock { t in customers.filter { (t.stage($0) == set) == are } }
    }

    /// Audiences to which some of these belong and others do not, with those who do.
    func audiences(ofSome customers: [UInt32]) -> [(set: Int, inside: [UInt32])] {
        tables.withLock { t in
            t.numbers.compactMap { name, set in
                guard name.hasPrefix("audience/") else { return nil }
                let inside = customers.filter { t.belongs($0, to: set) }
                return inside.isEmpty || inside.count == customers.count ? nil : (set, inside)
            }
        }
    }

    /// The stage of the first who has one, when not all have it.
    func stage(ofSome customers: [UInt32]) -> Int? {
        tables.withLock { t in
            let stages = customers.map { t.stage($0) }
            guard let first = stages.compactMap({ $0 }).first else { return nil }
            return stages.allSatisfy { $0 == first } ? nil : first
        }
    }

    // MARK: The pipeline alone changes

    func clear() { tables.withLock { $0 = Tables() } }

    func name(_ set: String, _ number: Int) {
        tables.withLock {
            $0.widen(to: number)
            $0.numbers[set] = number
        }
    }

    func put(_ customers: [UInt32], in set: Int, _ belongs: Bool) {
        tables.withLock { t in
            for c in customers {
                t.reserve(c)
                let i = Int(c) * t.words + set / 64
                if belongs { t.bits[i] |= 1 << UInt64(set % 64) } else { t.bits[i] &= ~(1 << UInt64(set % 64)) }
            }
        }
    }

    func put(_ customers: [UInt32], inStage set: Int?) {
        tables.withLock { t in
            for c in customers {
                t.reserve(c)
                t.stages[Int(c)] = set.map { UInt16($0 + 1) } ?? 0
            }
        }
    }

    func forget(_ customers: [UInt32]) {
        tables.withLock { t in
            for c in customers where Int(c) < t.stages.count {
                t.stages[Int(c)] = 0
                for w in 0..<t.words { t.bits[Int(c) * t.words + w] = 0 }
            }
        }
    }
}
