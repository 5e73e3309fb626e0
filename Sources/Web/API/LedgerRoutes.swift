import Access
import Audit
import Collect
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// The ledger and what it refused: `/api/ledger`, `/api/quarantine`.
struct LedgerRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [status, verify, quarantine, replay, drop] }

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

    private var quarantine: Endpoint {
        Endpoint(
            .get, "/api/quarantine", .change,
            about: .init(
                "What was refused, and why", tag: "Quarantine",
                description: """
                    The same bytes, by the same write key and route, refused for the same reason, are one item: `times` says how often they \
                    came. A page of long items has fewer than `limit`; `next` is null on the last page alone.
                    """,
                parameters: [.limit(default: 50, most: 500), .init("after", "The `next` of the page before.", ["type": "integer", "minimum": 0])],
                answer: .init(200, "A page, oldest first", .init("QuarantinePage")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...500, default: 50))
            let after = try context.query.integer("after", in: 0...Int64.max, default: 0)
            let found = try await services.ledger.quarantined(after: after, limit: limit)
            return page(found.items.map(json), next: found.next.map(JSON.integer) ?? .null)
        }
    }

    private func json(_ item: Quarantined) -> JSON {
        let refused = item.refused
        return [
            "id": .integer(item.id), "receivedAt": JSON(refused.receivedAt), "lastReceivedAt": JSON(item.lastReceivedAt), "times": JSON(item.times),
            "source": JSON(services.access.name(ofSource: refused.source)), "route": .string(refused.route), "index": JSON(refused.index),
            "messageId": JSON(refused.messageID), "kind": .string(refused.kind), "reason": .string(refused.reason), "bytes": JSON(item.bytes),
            "truncated": .bool(item.isTruncated), "item": .string(String(decoding: refused.item, as: UTF8.self)),
        ]
    }

    private var replay: Endpoint {
        Endpoint(
            .post, "/api/quarantine/replay", .change, audit: .replay,
            about: .init(
                "Take refused items in again, after a fix", tag: "Quarantine",
                description: """
                    Each item is checked by today's rules, with the time and the write key it came with. What is accepted leaves the quarantine; \
                    what is refused again stays, and so does what was kept only in part (`truncated`). What came several times is taken in once. \
                    Name them by `ids`, or send `all: true`.
                    """,
                body: .init("Replay"), answer: .init(200, "What became of them", .init("Replayed")), problems: [429, 503])
        ) { request, _ in
            let body = try await Body.json(request, "Replay")
            let ids = try body.flag("all") ? nil : try Self.ids(body["ids"])
            var replay = Replay(services: services)
            if let ids {
                try await replay.run(services.ledger.quarantined(ids: ids))
            } else {
                var after: Int64? = 0
                while let from = after {
                    let page = try await services.ledger.quarantined(after: from, limit: 500)
                    try await replay.run(page.items)
                    after = page.next
                }
            }
            return Response(.ok, replay.json)
        }
    }

    private static func ids(_ value: JSON?) throws -> [Int64] {
        guard let ids = value?.array?.compactMap(\.integer), ids.count == value?.array?.count, ids.count <= 10_000 else {
            throw Problem.badRequest("The body needs `ids`, an array of at most 10000 whole numbers, or `all: true`.")
        }
        return ids
    }

    private var drop: Endpoint {
        Endpoint(
            .delete, "/api/quarantine/{id}", .change, audit: .dismissal,
            about: .init("Give up a refused item", tag: "Quarantine", answer: .init(204, "Gone"), problems: [404, 503])
        ) { _, context in
            guard let id = context.parameters.get("id", as: Int64.self), try await services.ledger.dropQuarantined(ids: [id]) == 1 else {
                throw Problem.notFound("refused item")
            }
            return .noContent
        }
    }
}

/// Takes refused items in again.
private struct Replay {
    let services: Services
    var accepted = 0
    var stillRefused: [(id: Int64, kind: String, reason: String)] = []
    /// Of those still refused, so many are named in the answer.
    private static let named = 100
    private var refused = 0

    init(services: Services) { self.services = services }

    mutating func run(_ items: [Quarantined]) async throws {
        try services.pipeline.intake.check()
        let collector = services.collector()
        var batch = Batch()
        for item in items {
            let before = batch.count
            if item.isTruncated {
                note(item.id, "truncated", Self.truncated(item))
                continue
            }
            do {
                let receipt = try collector.replay(item.refused, into: &batch)
                if let first = receipt.refused.first { note(item.id, first.kind, first.reason) }
            } catch {
                note(item.id, item.refused.kind, Problem(error).detail)
            }
            if batch.count > before { batch.settle(item.id) }
        }
        // What is refused again stands in the quarantine already.
        batch.refused = []
        guard batch.count > 0 else { return }
        // Replayed or dropped by somebody else in the meantime is not taken in by us.
        accepted += batch.count - (try await services.ledger.write(batch)).gone.count
    }

    private static func truncated(_ item: Quarantined) -> String {
        """
        The item has \(item.bytes) bytes with what its batch shared. Of more than \(Quarantine.itemBytes) only the start is kept, so it cannot be \
        replayed, nor would any limit let it in. Have it sent again in smaller parts.
        """
    }

    private mutating func note(_ id: Int64, _ kind: String, _ reason: String) {
        refused += 1
        if stillRefused.count < Self.named { stillRefused.append((id, kind, reason)) }
    }

    var json: JSON {
        [
            "accepted": JSON(accepted), "refused": JSON(refused),
            "refusals": .array(stillRefused.map { ["id": .integer($0.id), "kind": .string($0.kind), "reason": .string($0.reason)] }),
        ]
    }
}
