import Access
import Customers
import HTTPTypes
import Hummingbird
package import Kernel
import Ledger
package import Logging
import Pipeline
import Simdjson

extension ConsoleServices {
    /// What the pages need, from the services of the API.
    ///
    /// A token whose role may not read customers over the API signs nobody in.
    package init(_ services: Services, randomness: Randomness, logger: Logger) {
        let customers = services.customers
        let pipeline = services.pipeline
        let ledger = services.ledger
        self.init(
            clock: services.clock, randomness: randomness,
            principal: { token in services.access.principal(token: token).flatMap { Permission.read.roles.contains($0.role) ? $0 : nil } },
            view: { reference in try customers.find(reference).flatMap(customers.view) },
            history: { try customers.history(of: $0, filter: $1, limit: $3, after: $2) },
            interaction: { position in
                guard position.body > 0, position.body <= pipeline.body else { return nil }
                return try customers.newest(after: position.body - 1, upTo: position.body, limit: 1 << 16).first { $0.interaction.position == position }
            },
            search: { try customers.search($0, limit: $1) }, recent: { try services.recent($0) },
            merge: { try await customers.merge($0, $1, by: $3.name, note: $2) },
            undo: { merge, principal in _ = try await customers.undo(merge: merge, by: principal.name) },
            reviews: { limit in try customers.reviews(limit: limit).sorted { $0.likeness > $1.likeness } },
            reviewCount: { try customers.reviews(limit: 200).count },
            decide: { id, same, principal in
                let review = try customers.reviews(limit: 1, after: id - 1).first { $0.id == id }
                try await customers.decide(review: id, same: same, by: principal.name)
                guard same, let review, let kept = try customers.find(.id(review.a)) else { return nil }
                return try customers.view(kept)?.merges.first { $0.undoneAt == nil && [$0.kept, $0.absorbed].contains(review.b) }
            },
            latest: { try services.latest(channel: $0, limit: $1) }, live: { (try? services.live.stream()) ?? AsyncStream { $0.finish() } },
            json: { try? JSON.parse($0) }, kindName: { ledger.vocabulary.name(of: $0) }, sourceName: { services.access.name(ofSource: $0) },
            channels: { ledger.vocabulary.channels.sorted { $0.key < $1.key }.map(\.value) },
            problem: { error in
                let problem = Problem(error)
                return problem == .unforeseen ? nil : problem
            },
            failed: { reference, error in
                logger.error("page failed", metadata: ["reference": "\(reference)", "error": "\(String(reflecting: error))"])
            })
    }
}

extension Services {
    /// The newest interactions looked at for a list of what is new.
    private static let newest = 1000

    /// Customers something happened with last, the newest first: of those among the last 1,000 interactions.
    fileprivate func recent(_ limit: Int) throws -> [Found] {
        var seen: Set<CustomerID> = []
        var found: [Found] = []
        for item in try customers.newest(after: 0, upTo: pipeline.body, limit: Self.newest).reversed() where found.count < limit {
            guard seen.insert(item.customer).inserted else { continue }
            let identifiers = item.interaction.identifiers.map { (name: ledger.vocabulary.name(of: $0.kind), value: $0.value) }
            let best = identifiers.first { $0.name == "email" } ?? identifiers.first
            found.append(
                Found(
                    id: item.customer, name: try customers.name(of: item.customer), matched: best?.name ?? "id",
                    value: best?.value ?? item.customer.description, lastSeen: item.interaction.at))
        }
        return found
    }

    /// The newest interactions on a channel or on all, newest first.
    fileprivate func latest(channel: String?, limit: Int) throws -> [LiveItem] {
        try customers.newest(after: 0, upTo: pipeline.body, limit: channel == nil ? limit : Self.newest).reversed()
            .filter { channel == nil || $0.channel == channel }.prefix(limit).map { LiveItem(item: $0, name: try customers.name(of: $0.customer)) }
    }
}

extension Console {
    /// The console's routes. It checks by itself who is signed in.
    func endpoints(_ authentication: Authentication) -> [Endpoint] {
        let handler: Endpoint.Handler = { request, context in try await answer(request, context, authentication) }
        return Self.roots.flatMap { root in
            (root.isEmpty ? ["/"] : ["/\(root)", "/\(root)/**"]).flatMap { path in
                [Endpoint(.get, path, .anyone, handler: handler), Endpoint(.post, path, .anyone, handler: handler)]
            }
        }
    }

    /// Answers a request, also one for an address that is none.
    func answer(_ request: Request, _ context: Context, _ authentication: Authentication) async throws -> Response {
        try await answer(
            request, client: authentication.address(of: request, context) ?? "", isSecure: authentication.isSecure(request, context))
    }
}
