import Audit
import Customers
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import NIOCore
import Pipeline

/// All interactions of everybody: `/api/interactions`, and as they happen: `/api/live`.
struct InteractionRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [all, live] }

    /// Bytes written at a time: enough to keep a disk busy, little enough for a thousand slow readers.
    private static let chunk = 256 << 10

    private var all: Endpoint {
        Endpoint(
            .get, "/api/interactions", .export, audit: .export,
            about: .init(
                "Every interaction, in the order of the ledger", tag: "Interactions",
                description: """
                    One JSON object a line (NDJSON), as fast as the reader takes them. It ends with the newest that was acknowledged when it began to \
                    be read. To go on later, send the last line's `position` as `after`.
                    """,
                parameters: [.init("after", "Only what comes after this position.", ["type": "integer", "minimum": 0, "maximum": .integer(.max)])],
                answer: .init(200, "One interaction a line", .init(type: "application/x-ndjson", schema: "Interaction")))
        ) { _, context in
            let after = try context.query.integer("after", in: 0...Int64.max, default: 0)
            let seen = services.seen(by: context)
            return CustomerRoutes.stream("application/x-ndjson", name: "interactions.ndjson", context) { writer in
                var position = Position(raw: UInt64(after))
                // All that was acknowledged by now is in it, also what is concluded only in a moment.
                let last = services.ledger.newestBody
                guard await services.pipeline.wait(for: last, atMost: 60) else { throw PipelineProblem.behind }
                var met = SeenCustomers.Met()
                var out: [UInt8] = []
                out.reserveCapacity(Self.chunk + (64 << 10))
                while let next = try seen.writeExport(after: position, upTo: last, bytes: Self.chunk, met: &met, to: &out) {
                    try await writer.write(ByteBuffer(bytes: out))
                    out.removeAll(keepingCapacity: true)
                    position = next
                }
            }
        }
    }

    private var live: Endpoint {
        Endpoint(
            .get, "/api/live", .read,
            about: .init(
                "What customers do right now", tag: "Interactions",
                description: """
                    Server-sent events named `interaction`, each with an interaction as JSON. When more happens than anybody can read, the newest \
                    are shown and the rest is left out.
                    """,
                parameters: [
                    .init("channel", "Only interactions on this channel."), .init("name", "Only interactions of this name."),
                    .init("value_min", "Only interactions whose value is at least this.", ["type": "number"]),
                ], answer: .init(200, "A stream that ends when either side closes it", .init(type: "text/event-stream", schema: nil)),
                problems: [429])
        ) { request, context in
            let services = services
            let seen = services.seen(by: context)
            let query = context.query
            var filter = LiveFilter(channel: query.value("channel"), name: query.value("name"))
            if let channel = filter.channel, services.ledger.vocabulary.channel(channel) == nil {
                throw Problem(CustomersProblem.filter(field: "channel", value: channel, known: services.ledger.vocabulary.channels.values.sorted()))
            }
            if let text = query.value("value_min") {
                guard let least = Double(text), least.isFinite else { throw Problem.badRequest("`value_min` must be a number.") }
                filter.leastValue = least
            }
            return try EventStream.response(request, services.live, filter) { item, out in
                out.append(contentsOf: "event: interaction\ndata: ".utf8)
                seen.write(live: item.item, to: &out)
                out.append(contentsOf: "\n\n".utf8)
            }
        }
    }
}
