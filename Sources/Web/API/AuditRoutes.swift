import Audit
import Hummingbird
import Kernel
import NIOCore

/// The audit log: `/api/audit`.
struct AuditRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [list, check, export] }

    private static let filters: [Endpoint.Parameter] = [
        .init("actor", "Who: `per_…`, `token NAME` or `operator`"),
        .init("action", "What", ["type": "string", "enum": .array(AuditAction.allCases.map { .string($0.rawValue) })]),
        .init("subject", "To what: `cus_…`, `per_…`, the name of a key"),
        .init("from", "From this moment on", ["type": "string", "format": "date-time"]),
        .init("to", "Before this moment", ["type": "string", "format": "date-time"]),
    ]

    private var list: Endpoint {
        Endpoint(
            .get, "/api/audit", .administer,
            about: .init(
                "The audit log", tag: "Audit", parameters: Self.filters + [.limit(default: 50, most: 500), .place(from: 1)],
                answer: .init(200, "A page, newest first", .init("AuditPage")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...500, default: 50))
            let before = context.query.value("after") == nil ? .max : try context.query.integer("after", in: 1...Int64.max, default: 1)
            let found = try services.audit.entries(Self.filter(context), before: before, limit: limit)
            return page(found.map(\.json), next: found.count < limit ? .null : JSON(found.last.map { String($0.number) }))
        }
    }

    private var check: Endpoint {
        Endpoint(
            .get, "/api/audit/check", .administer,
            about: .init(
                "Check the audit log", tag: "Audit",
                description: "Works the chain of hashes out again. Write `head` down elsewhere: it shows later whether the end was cut off.",
                answer: .init(200, "What was found", .init("AuditCheck")))
        ) { _, _ in
            switch try services.audit.check() {
            case .sound(let entries, let head): Response(.ok, ["sound": true, "entries": .integer(entries), "head": .string(head), "broken": .null])
            case .broken(let number): Response(.ok, ["sound": false, "entries": .null, "head": .null, "broken": .integer(number)])
            }
        }
    }

    private var export: Endpoint {
        Endpoint(
            .get, "/api/audit/export", .administer, audit: .export,
            about: .init(
                "Export the audit log", tag: "Audit", parameters: Self.filters,
                answer: .init(200, "One entry a line, newest first", .init(type: "application/x-ndjson", schema: nil)))
        ) { _, context in
            context.trail.subject = "audit log"
            let filter = try Self.filter(context)
            let audit = services.audit
            let body = ResponseBody { writer in
                var before = Int64.max
                while true {
                    let entries = try audit.entries(filter, before: before, limit: 500)
                    guard let last = entries.last else { break }
                    before = last.number
                    var bytes: [UInt8] = []
                    for entry in entries {
                        entry.json.write(to: &bytes)
                        bytes.append(10)
                    }
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"], body: body)
        }
    }

    private static func filter(_ context: Context) throws -> AuditFilter {
        let query = context.query
        func instant(_ name: String) throws -> Instant? {
            try query.value(name).map { text in
                guard let instant = Instant(text) else { throw Problem.badRequest("`\(name)` must be a time as 2026-11-21T23:59:06Z.") }
                return instant
            }
        }
        let action = try query.value("action").map { text in
            guard let action = AuditAction(rawValue: text) else {
                throw Problem.badRequest(
                    "There is no action `\(text.prefix(64))`. There are \(AuditAction.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            return action
        }
        return AuditFilter(
            actor: query.value("actor"), action: action, subject: query.value("subject"), from: try instant("from"), to: try instant("to"))
    }
}

extension AuditEntry {
    var json: JSON {
        [
            "number": .integer(number), "at": JSON(at), "actor": .string(actor), "name": .string(name), "action": .string(action.rawValue),
            "subject": .string(subject), "detail": .string(detail), "address": .string(address), "hash": .string(hash),
        ]
    }
}
