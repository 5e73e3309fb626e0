/// Remembers what was worked out from a text, as the channel of an event's name: a program sends few different names.
///
/// One place per hash: a text that falls on the place of another takes it. So it never grows, and texts chosen to collide
/// cost what they would cost without it.
struct WordCache<Outcome: Sendable> {
    private struct Place {
        var hash: UInt64
        var text: [UInt8]
        var outcome: Outcome
    }
    /// Longer texts are worked out each time.
    private static var longest: Int { 128 }
    private var places: [Place?]

    /// - Parameter places: A power of two.
    init(places: Int) {
        precondition(places > 0 && places & (places - 1) == 0)
        self.places = Array(repeating: nil, count: places)
    }

    mutating func outcome(of text: UnsafeRawBufferPointer, _ work: () -> Outcome) -> Outcome {
        if text.count > Self.longest { return work() }
        let hash = Self.hash(text)
        let place = Int(truncatingIfNeeded: hash >> 32) & (places.count - 1)
        if let known = places[place], known.hash == hash, known.text.count == text.count,
            known.text.withUnsafeBytes({ $0.elementsEqual(text) })
        {
            return known.outcome
        }
        let outcome = work()
        places[place] = Place(hash: hash, text: Array(text), outcome: outcome)
        return outcome
    }

    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        var h = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15
        var i = 0
        while i &+ 8 <= text.count {
            h = (h ^ text.loadUnaligned(fromByteOffset: i, as: UInt64.self)) &* 0xD6E8_FEB8_6659_FD93
            h ^= h >> 32
            i &+= 8
        }
        while i < text.count {
            h = (h ^ UInt64(text[i])) &* 0x0000_0100_0000_01B3
            i &+= 1
        }
        return h ^ h >> 29
    }
}
