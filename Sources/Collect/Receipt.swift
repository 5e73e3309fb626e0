package import Simdjson

/// What became of a body's items.
package struct Receipt: Sendable, Equatable {
    /// An item that was not taken, and why.
    package struct Refusal: Sendable, Equatable {
        /// Its place in the batch, from 0; 0 when it came alone.
        package var index: Int
        /// As sent; nil when there was none or it could not be read.
        package var messageID: String?
        /// A word for machines; `docs/tracking.md` lists them.
        package var kind: String
        /// What is wrong, where, and how to mend it. Names fields and limits, never what a field held about a person.
        package var reason: String

        package init(index: Int, messageID: String?, kind: String, reason: String) {
            self.index = index
            self.messageID = messageID
            self.kind = kind
            self.reason = reason
        }
    }

    package var accepted = 0
    /// How many of the accepted said that they are still to come, and count as of when they were received.
    package var ahead = 0
    package var refused: [Refusal] = []

    package init() {}

    /// Appends the answer of the tracking API: `{"success":true,"accepted":2,"ahead":0,"refused":[{"index":1,…}]}`.
    ///
    /// `success` says that the body was taken, which is what Segment's clients look at; a refused item does not make it false.
    package func write(to sink: inout JSONSink) {
        sink.raw("{\"success\":true,\"accepted\":")
        sink.integer(Int64(accepted))
        sink.raw(",\"ahead\":")
        sink.integer(Int64(ahead))
        sink.raw(",\"refused\":[")
        for (i, refusal) in refused.enumerated() {
            sink.raw(i > 0 ? ",{\"index\":" : "{\"index\":")
            sink.integer(Int64(refusal.index))
            sink.raw(",\"messageId\":")
            if let id = refusal.messageID { Self.write(id, to: &sink) } else { sink.raw("null") }
            sink.raw(",\"kind\":")
            Self.write(refusal.kind, to: &sink)
            sink.raw(",\"reason\":")
            Self.write(refusal.reason, to: &sink)
            sink.byte(0x7d)
        }
        sink.raw("]}")
    }

    /// ``write(to:)`` as bytes of their own.
    package var json: [UInt8] {
        var sink = JSONSink(capacity: 64 + refused.count * 256)
        write(to: &sink)
        return Array(sink.bytes)
    }

    private static func write(_ text: String, to sink: inout JSONSink) {
        var text = text
        text.withUTF8 { sink.string(UnsafeRawBufferPointer($0)) }
    }
}
