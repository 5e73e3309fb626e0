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
                description: "503 while the ledger cannot be written, with the reason; it recovers by itself.",
                answer: .init(200, "It can", .init("Health")), problems: [503])
        ) { _, _ in
            let ledger = services.ledger
            let lag = services.pipeline.status()
            let reason = ledger.unwritable
            return Response(
                reason == nil ? .ok : .serviceUnavailable,
                [
                    "status": reason == nil ? "ok" : "unwritable", "reason": JSON(reason), "version": .string(services.version),
                    "position": .integer(ledger.newestBody), "concluded": .integer(services.pipeline.position),
                    "lag": ["interactions": JSON(lag.interactions), "milliseconds": .integer(lag.milliseconds)],
                    "queue": ["bytes": JSON(ledger.queuedBytes)],
                ])
        }
    }
}
