import Hummingbird
import Kernel

/// All routes that the OpenAPI document lists.
package enum Routes {
    package static func all(_ services: Services) -> [Endpoint] {
        var all = TrackingRoutes(services: services).endpoints
        all += CustomerRoutes(services: services).endpoints
        all += MergeRoutes(services: services).endpoints
        all += InteractionRoutes(services: services).endpoints
        all.append(ListRoute(services: services).endpoint)
        all += NoteRoutes(services: services).endpoints
        all += ConsentRoutes(services: services).endpoints
        all += AccessRoutes(services: services).endpoints
        all += PeopleRoutes(services: services).endpoints
        all += AuditRoutes(services: services).endpoints
        all += LedgerRoutes(services: services).endpoints
        all += BlueprintRoutes(services: services).endpoints
        all += AudienceRoutes(services: services).endpoints
        all += WebhookRoutes(services: services).endpoints
        all += FormulaRoutes(services: services).endpoints
        all += QuarantineRoutes(services: services).endpoints
        all += RetentionRoutes(services: services).endpoints
        all += OperationRoutes(services: services).endpoints
        all.append(HealthRoute(services: services).endpoint)
        all.append(ReadyRoute(services: services).endpoint)
        all.append(MetricsRoute(services: services).endpoint)
        all.append(OpenAPI.endpoint(of: all))
        return all
    }
}

/// A page as the API answers it: `{"items":[…],"next":…}`.
func page(_ items: [JSON], next: JSON = .null) -> Response { Response(.ok, ["items": .array(items), "next": next]) }

extension JSON {
    init(_ text: String?) { self = text.map(JSON.string) ?? .null }
    init(_ instant: Instant?) { self = instant.map { .string($0.rfc3339) } ?? .null }
    init(_ number: Int) { self = .integer(Int64(number)) }
}
