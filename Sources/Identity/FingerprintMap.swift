import Glibc
package import Ledger

/// Fingerprint → UInt32, open addressing with linear probing, in 64 shards so that growing one costs a millisecond and
/// not a pause. It owns raw memory: one owner, freed exactly once.
package struct FingerprintMap: ~Copyable {
    private struct Slot {
        var high: UInt64
        var low: UInt64
        var value: UInt32
    }
    private struct Shard {
        var slots: UnsafeMutablePointer<Slot>
        var mask: Int
        var used: Int
    }
    private let shards: UnsafeMutablePointer<Shard>
    /// Fingerprints with a value.
    package private(set) var count = 0

    package init(expecting n: Int = 0) {
        shards = .allocate(capacity: 64)
        var size = 64
        while size * 64 * 3 < n * 5 { size *= 2 }
        for i in 0..<64 { (shards + i).initialize(to: Self.empty(size)) }
    }

    deinit {
        for i in 0..<64 { free(shards[i].slots) }
        shards.deallocate()
    }

    // Zeroed memory is an empty place: no fingerprint is all zero.
    private static func empty(_ size: Int) -> Shard {
        guard let memory = calloc(size, MemoryLayout<Slot>.stride) else { fatalError("out of memory for \(size) identifiers") }
        return Shard(slots: memory.assumingMemoryBound(to: Slot.self), mask: size - 1, used: 0)
    }

    /// The value, or nil.
    package func find(_ f: Fingerprint) -> UInt32? {
        let shard = shards[Int(f.high >> 58)]
        var i = Int(truncatingIfNeeded: f.low >> 1) & shard.mask
        while true {
            let slot = shard.slots[i]
            if slot.low == f.low && slot.high == f.high { return slot.value == Self.removed ? nil : slot.value }
            if slot.low == 0 && slot.high == 0 { return nil }
            i = (i &+ 1) & shard.mask
        }
    }

    /// Sets the value, which is not `UInt32.max`.
    package mutating func set(_ f: Fingerprint, _ value: UInt32) {
        let k = Int(f.high >> 58)
        if (shards[k].used + 1) * 5 > (shards[k].mask + 1) * 3 { grow(k) }
        if put(&shards[k], Slot(high: f.high, low: f.low, value: value)) { count += 1 }
    }

    /// Takes the value away; the place stays taken until its shard grows.
    package mutating func remove(_ f: Fingerprint) {
        guard find(f) != nil else { return }
        _ = put(&shards[Int(f.high >> 58)], Slot(high: f.high, low: f.low, value: Self.removed))
        count -= 1
    }
    private static let removed = UInt32.max

    private func grow(_ k: Int) {
        let old = shards[k]
        var new = Self.empty((old.mask + 1) * 2)
        for i in 0...old.mask where (old.slots[i].low != 0 || old.slots[i].high != 0) && old.slots[i].value != Self.removed {
            _ = put(&new, old.slots[i])
        }
        free(old.slots)
        shards[k] = new
    }

    /// True when the fingerprint had no value before.
    private func put(_ shard: inout Shard, _ new: Slot) -> Bool {
        var i = Int(truncatingIfNeeded: new.low >> 1) & shard.mask
        while true {
            let slot = shard.slots[i]
            if slot.low == 0 && slot.high == 0 {
                shard.slots[i] = new
                shard.used += 1
                return true
            }
            if slot.low == new.low && slot.high == new.high {
                shard.slots[i].value = new.value
                return slot.value == Self.removed
            }
            i = (i &+ 1) & shard.mask
        }
    }
}
