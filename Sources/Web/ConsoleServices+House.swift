import Access
import Consent
import Customers
import HTTPTypes
import Hummingbird
package import Kernel
import Ledger
package import Logging
import Notes
import Pipeline
import Simdjson

extension ConsoleServices {
    /// What the pages need, from the services of the API.
    /// - Parameter workspace: the company as its definitions in force have it.
    package init(_ services: Services, workspace: @escaping @Sendable () -> Workspace, randomness: Randomness, logger: Logger) {
        let customers = services.customers
        let ledger = services.ledger
        let notes = services.notes
        self.init(
            workspace: workspace, clock: services.clock, randomness: randomness, staff: services.staff, access: services.access,
            audit: services.audit,
            notes: NoteServices(
                on: { try notes.notes(on: $0, limit: $1) },
                write: { try await notes.write($0, about: $1, by: $2.id, named: $2.name, mentioning: $3) },
                mentioning: { try notes.notes(mentioning: $0, limit: $1) }, count: { try notes.count(mentioning: $0, after: $1) }),
            definitions: services.definitions,
            view: { reference in
                do {
                    return try customers.find(reference).flatMap(customers.view)
                } catch CustomersProblem.unknownKind {
                    return nil
                }
            },
            history: { try customers.history(of: $0, filter: $1, limit: $3, after: $2) },
            interaction: { try services.interaction(of: $0, at: $1) },
            search: { text, limit, mask in try customers.search(text, limit: limit) { mask.mayBegin($0, $1) } },
            recent: { try services.recent($0) },
            list: { try customers.list($0, orderNames: $1, offset: $2, limit: $3) }, listing: { try customers.listing($0, orderNames: $1) },
            names: { services.pipeline.names.all },
            merge: { try await customers.merge($0, $1, by: $3.name, note: $2) },
            undo: { merge, principal in _ = try await customers.undo(merge: merge, by: principal.name) },
            reviews: { limit in try customers.reviews(limit: limit).sorted { $0.likeness > $1.likeness } },
            reviewCount: { try customers.reviews(limit: Self.mostCounted).count },
            decide: { try await customers.decide(review: $0, same: $1, by: $2.name) },
            latest: { try services.latest($0, limit: $1) },
            figures: { days, untils, orders in
                await withCheckedContinuation { done in
                    // A sweep over everybody belongs on a thread of its own.
                    startThread("figures") { done.resume(returning: customers.figures(days: days, untils: untils, orderNames: orders)) }
                }
            },
            live: { try services.live.stream(of: $0) },
            json: { try? JSON.parse($0) }, kindName: { ledger.vocabulary.name(of: $0) }, sourceName: { services.access.name(ofSource: $0) },
            // "other" is the first by its code, and the last that anybody looks for.
            channels: { ledger.vocabulary.channels.sorted { ($0.key == 0 ? 256 : Int($0.key)) < ($1.key == 0 ? 256 : Int($1.key)) }.map(\.value) },
            problem: { error in
                let problem = Problem(error)
                return problem == .unforeseen ? nil : problem
            },
            failed: { reference, error in
                logger.error("page failed", metadata: ["reference": "\(reference)", "error": "\(String(reflecting: error))"])
            })
        sources = SourceServices(services)
        audiences = services.audiences
        webhooks = services.webhooks
        newest = { try services.newest(of: $0) { _ in true } }
        formulas = services.formulas
        let held = services.consents
        consents = ConsentServices(
            state: { try held.state(of: $0) },
            record: { try await held.record($0, for: $1, on: $2, of: $3, method: $4, wording: $5, by: $6.name) })
        relationship = { customers.relationship(of: $0, orderNames: $1, weeks: $2, end: $3) }
        let operations = services.operations
        backups = BackupServices(overview: { try await operations.backups() }, begin: { try operations.beginBackup() })
        privacy = services.privacy
        reopen = { try await services.customers.reopen(review: $0, by: $1.name) }
        data = DataServices(services)
    }
}

extension Services {
    /// The newest interactions looked at for a list of what is new.
    private static let newest = 1000

    /// The customer's interaction at a position; nil when what is there is somebody else's, or nothing.
    func interaction(of customer: CustomerID, at position: Position) throws -> HistoryItem? {
        guard position.body > 0, position.body <= pipeline.body else { return nil }
        let body = try customers.newest(after: position.body - 1, upTo: position.body, limit: 1 << 16)
        return body.first { $0.interaction.position == position && $0.customer == customer }
    }

    /// Customers something happened with last, the newest first: of those among the last 1,000 interactions.
    fileprivate func recent(_ limit: Int) throws -> [Found] {
        var seen: Set<CustomerID> = []
        var found: [Found] = []
        func between(_ item: HistoryItem) -> Bool { item.interaction.direction != .internal }
        for item in try newest(while: { Set($0.lazy.filter(between).map(\.customer)).count < limit }) where found.count < limit && between(item) {
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

    /// The newest interactions that fit, newest first.
    fileprivate func latest(_ filter: LiveFilter, limit: Int) throws -> [LiveItem] {
        try newest(of: filter == .everything ? Self.newest : ConsoleServices.mostSearched) { $0.lazy.filter(filter.fits).count < limit }
            .filter(filter.fits).prefix(limit)
            .map { LiveItem(item: $0, name: try customers.name(of: $0.customer)) }
    }

    /// The newest interactions, newest first: of the last body, and of more while they are too few. A body may hold one
    /// interaction or hundreds, so reading as many bodies as interactions are wanted could read a thousand times too much.
    fileprivate func newest(of most: Int = Self.newest, while few: ([HistoryItem]) -> Bool) throws -> [HistoryItem] {
        let body = pipeline.body
        var bodies: Int64 = 1
        while true {
            let found = try customers.newest(after: max(0, body - bodies), upTo: body, limit: most)
            guard bodies < body, bodies < Int64(most), found.count < most, few(found) else { return found.reversed() }
            bodies *= 4
        }
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
            request, client: authentication.address(of: request, context) ?? "", isSecure: authentication.forwarding.isSecure(request, context))
    }
}
