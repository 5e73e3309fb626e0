import Ledger

/// One interaction in the timeline.
package struct Mark: Sendable, Equatable {
    /// Where it lies in the ledger.
    package var position: UInt64
    /// NaN when it has no value.
    package var value: Double
    /// When it happened, in seconds since 1970.
    package var second: UInt32
    /// In a delta: where the customer's mark that arrived before this one lies, and the latest second of this one and all before it.
    var next: UInt32 = 0
    var latest: UInt32 = 0
    /// The number of its name.
    package var event: UInt16
    package var channel: UInt8
    /// Direction, media and call type, as in the record.
    package var flags: UInt8

    package init(position: UInt64, second: UInt32, event: UInt16, channel: UInt8, flags: UInt8, value: Double) {
        self.position = position
        self.second = second
        self.event = event
        self.channel = channel
        self.flags = flags
        self.value = value
    }

    /// Whether it passed between the customer and the company, rather than was worked out or written down inside it. Who tells who they
    /// are has passed something, though such a call names no direction.
    package var isBetweenUs: Bool { Self.isBetweenUs(flags) }
    /// By ``flags``: the direction `internal` and the call `track` are both 0.
    package static func isBetweenUs(_ flags: UInt8) -> Bool { flags & 0b0111_0011 != 0 }

    /// Whether it comes after another: by time, then by ledger position.
    package func isAfter(_ other: Mark) -> Bool { second != other.second ? second > other.second : position > other.position }
}
