import HTTPTypes
package import Hummingbird
import NIOCore

/// Server-sent events (HTML standard, section 9.2) of what customers do right now.
package enum EventStream {
    /// Seconds without an event after which a comment is sent, so that proxies keep the connection and a dead one is noticed.
    static let heartbeat = 15

    /// A response that sends every live interaction until the client goes or the server stops.
    ///
    /// - Parameter write: Appends one whole event, ending in an empty line, or nothing to leave the interaction out.
    /// - Throws: a 429 problem when too many listen already.
    package static func response(
        _ request: Request, _ live: Live, _ filter: LiveFilter = .everything, _ write: @escaping @Sendable (LiveItem, inout [UInt8]) -> Void
    ) throws -> Response {
        // A HEAD request has no body that would end the listening again.
        let listener = request.method == .head ? nil : try live.listen(to: filter)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .xContentTypeOptions: "nosniff", .accelBuffering: "no",
            ],
            body: ResponseBody { writer in
                guard let listener else { return try await writer.finish(nil) }
                defer { listener.end() }
                // Sends the head at once: browsers report the stream open only then.
                try await writer.write(ByteBuffer(string: ": live\n\n"))
                try await request.body.consumeWithInboundCloseHandler { _ in
                    try await send(listener, &writer, write)
                } onInboundClosed: {
                    listener.end()
                }
                try await writer.finish(nil)
            })
    }

    @concurrent private static func send(
        _ listener: Live.Listener, _ writer: inout any ResponseBodyWriter, _ write: (LiveItem, inout [UInt8]) -> Void
    ) async throws {
        var out: [UInt8] = []
        while let items = await listener.next(atMost: heartbeat) {
            out.removeAll(keepingCapacity: true)
            for item in items { write(item, &out) }
            if items.isEmpty { out.append(contentsOf: ":\n\n".utf8) }
            if !out.isEmpty { try await writer.write(ByteBuffer(bytes: out)) }
        }
    }
}

extension HTTPField.Name {
    /// nginx buffers streams unless told not to.
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
