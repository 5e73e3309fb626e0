import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// The ledger: `/api/ledger`.
struct LedgerRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [status, verify] }

    private var status: Endpoint {
        Endpoint(
            .get, "/api/ledger", .read,
            about: .init("How the ledger is doing", tag: "Ledger", answer: .init(200, "Its state", .init("LedgerStatus")))
        ) { _, _ in
            let ledger = services.ledger
            let pipeline = services.pipeline.status
            return Response(
                .ok,
                [
                    "position": pipeline.newest.json, "concluded": pipeline.concluded.json, "interactions": JSON(pipeline.interactions),
                    "customers": JSON(pipeline.people), "queuedBytes": JSON(ledger.queuedBytes),
                    "quarantined": JSON(try await ledger.quarantineCount()), "unwritable": JSON(ledger.unwritable),
                ])
        }
    }

    private var verify: Endpoint {
        Endpoint(
            .post, "/api/ledger/verification", .change,
            about: .init(
                "Check every body of the ledger", tag: "Ledger", description: "Reads the whole ledger: about a second per gigabyte and more.",
                answer: .init(200, "What was found; it is sound when `damaged` is empty", .init("Verification")))
        ) { _, _ in
            let ledger = services.ledger
            // Minutes of reading belong on a thread of their own.
            let found = try await withCheckedThrowingContinuation { done in
                startThread("verify") { done.resume(with: Result { try ledger.verify() }) }
            }
            return Response(
                .ok,
                [
                    "bodies": JSON(found.bodies), "records": JSON(found.records), "erased": JSON(found.erased), "bytes": JSON(found.bytes),
                    "damaged": .array(found.damaged.map(JSON.integer)),
                ])
        }
    }
}
