import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// Whether the server can take in interactions, and how far behind their conclusions are: `/health`.
struct HealthRoute: Sendable {
    let services: Services

    var endpoint: Endpoint {
        Endpoint(
            .get, "/health", .anyone,
            about: .init(
                "Whether the server can take in interactions", tag: "Installation",
                description: """
                    503 while the ledger cannot be written, with the reason. `behind` says that interactions are taken in but their conclusions are \
                    stuck. Both recover by themselves when the disk can be written again. `position` is that of the newest interaction \
                    or decision in the ledger, `concluded` that of the newest in the views: the same when the views are up to date.
                    """,
                answer: .init(200, "It can", .init("Health")), others: [.init(503, "It cannot", .init("Health"))])
        ) { _, _ in
            let ledger = services.ledger
            let pipeline = services.pipeline.status
            let unwritable = ledger.unwritable
            let status = unwritable != nil ? "unwritable" : pipeline.trouble != nil ? "behind" : "ok"
            return Response(
                unwritable == nil ? .ok : .serviceUnavailable,
                [
                    "status": .string(status), "reason": JSON(unwritable ?? pipeline.trouble), "version": .string(services.version),
                    "position": pipeline.newest.json, "concluded": pipeline.concluded.json,
                    "lag": ["milliseconds": .integer(pipeline.lagMilliseconds)],
                    "queue": ["bytes": JSON(ledger.queuedBytes)], "interactions": JSON(pipeline.interactions),
                    "customers": JSON(pipeline.people),
                ])
        }
    }
}
