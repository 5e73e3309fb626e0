import Customers
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// Whether requests should be sent to this server just now: `/ready`.
struct ReadyRoute: Sendable {
    let services: Services

    var endpoint: Endpoint {
        Endpoint(
            .get, "/ready", .anyone,
            about: .init(
                "Whether the server takes and concludes interactions and can be read", tag: "Installation",
                description: """
                    For whoever distributes requests. 503 names everything that is in the way: the ledger or the views cannot be written, reading \
                    fails, the views are further behind than the setting `ready-lag` allows, or the server is stopping.
                    """,
                answer: .init(200, "It does", .init("Ready")), problems: [503])
        ) { _, _ in
            let troubles = await Readiness(services: services).troubles()
            guard troubles.isEmpty else {
                throw Problem(
                    status: 503, kind: "not-ready", title: "The server is not ready", detail: troubles.joined(separator: " "), retryAfter: 5)
            }
            return Response(.ok, ["status": "ready", "lag": ["milliseconds": .integer(services.pipeline.status.lagMilliseconds)]])
        }
    }
}

/// What is in the way of taking interactions, concluding them and reading.
struct Readiness: Sendable {
    let services: Services

    /// A sentence for each; empty when nothing is.
    func troubles() async -> [String] {
        var found: [String] = []
        if services.live.hasEnded { found.append("The server is stopping.") }
        if let reason = await services.ledger.probe() { found.append("The ledger cannot be written: \(reason).") }
        switch services.pipeline.intake {
        case .open: break
        case .behind: found.append("What waits to be concluded could need all customers that are left.")
        case .full: found.append("There are as many customers as there can be.")
        }
        let status = services.pipeline.status
        if let trouble = status.trouble { found.append("Interactions are taken in, but not concluded: \(trouble).") }
        if status.lagMilliseconds > services.mostLag {
            found.append("The views are \(status.lagMilliseconds) ms behind the ledger, and \(services.mostLag) ms are allowed.")
        }
        do {
            _ = try await services.ledger.quarantined(after: .max, limit: 1)
            _ = try services.customers.reviews(limit: 1)
        } catch {
            // An error's own words could hold a path or a statement: they are for the log of whoever asks for more.
            found.append("The databases cannot be read.")
        }
        return found
    }
}
