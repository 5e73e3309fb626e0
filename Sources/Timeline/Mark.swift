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

    /// Whether it passed between the customer and the company, rather than was worked out or written down inside it.
    package var isBetweenUs: Bool { flags & Self.directionBits != Direction.internal.rawValue }
    /// Where the direction stands in ``flags``.
    package static let directionBits: UInt8 = 3

    /// Whether it comes after another: by time, then by ledger position.
    package func isAfter(_ other: Mark) -> Bool { second != other.second ? second > other.second : position > other.position }
}
