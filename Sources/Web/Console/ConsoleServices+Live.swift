import Access
package import Customers
package import Kernel
import Ledger
import Pipeline
import Simdjson

extension ConsoleServices {
    /// The console on the services that the API has too.
    /// - Parameters:
    ///   - workspace: the company as its definitions in force have it.
    ///   - failed: notes a mistake of ours for whoever runs the server, under a short reference that the page shows.
    package init(
        _ services: Services, workspace: @escaping @Sendable () -> Workspace, randomness: Randomness, failed: @escaping @Sendable (String, any Error) -> Void
    ) {
        let customers = services.customers
        let ledger = services.ledger
        let parsers = JSONParserPool(most: 4)
        let readers = LedgerReaders(path: ledger.path)
        self.init(
            workspace: workspace, clock: services.clock, randomness: randomness, principal: { services.access.principal(token: $0) },
            view: { reference in
                do {
                    return try customers.find(reference).flatMap { try customers.view($0) }
                } catch CustomersProblem.unknownKind {
                    return nil
                }
            },
            history: { try customers.history(of: $0, filter: $1, limit: $3, after: $2) },
            interaction: { customer, position in try Self.interaction(of: customer, position, customers, readers) },
            search: { try customers.search($0, limit: $1) }, recent: { try Self.recent($0, customers, services.pipeline) },
            merge: { try await customers.merge($0, $1, by: $3.name, note: $2) }, undo: { _ = try await customers.undo(merge: $0, by: $1.name) },
            reviews: { try customers.reviews(limit: $0) }, reviewCount: { try customers.reviews(limit: Self.mostCounted).count },
            decide: { try await customers.decide(review: $0, same: $1, by: $2.name) },
            latest: { channel, limit in
                // With a filter more are read than shown, but not without end: a channel that was quiet for long begins empty.
                let items = try customers.newest(after: 0, upTo: services.pipeline.body, limit: channel == nil ? limit : limit * 25)
                let fitting = items.reversed().filter { channel == nil || $0.channel == channel }.prefix(limit)
                return try LiveItem.named(Array(fitting), customers)
            },
            live: { try services.live.stream() }, json: { bytes in parsers.borrow { parser in try? parser.parse(bytes) { $0.toJSON() } } },
            kindName: { ledger.vocabulary.name(of: $0) }, sourceName: { services.access.name(ofSource: $0) },
            channels: {
                let known = ledger.vocabulary.channels.sorted { $0.key < $1.key }.map(\.value)
                return known.filter { $0 != "other" } + ["other"]
            },
            problem: Self.problem, failed: failed)
    }

    /// The record says when; the customer's history of that second says whether it is theirs.
    private static func interaction(of customer: CustomerID, _ position: Position, _ customers: Customers, _ readers: LedgerReaders) throws -> HistoryItem? {
        guard let at = try? readers.use({ reader in try reader.record(position) { $0.at } }) else { return nil }
        var filter = HistoryFilter()
        filter.since = Instant(milliseconds: at.seconds * 1000)
        filter.until = Instant(milliseconds: at.seconds * 1000 + 1000)
        var cursor: String?
        repeat {
            let page = try customers.history(of: customer, filter: filter, limit: Customers.largestPage, after: cursor)
            if let found = page.items.first(where: { $0.interaction.position == position }) { return found }
            cursor = page.next
        } while cursor != nil
        return nil
    }

    /// Whom the newest interactions belong to.
    private static func recent(_ limit: Int, _ customers: Customers, _ pipeline: Pipeline) throws -> [Found] {
        var seen: Set<CustomerID> = []
        var found: [Found] = []
        for item in try customers.newest(after: 0, upTo: pipeline.body, limit: limit * 20).reversed() where seen.insert(item.customer).inserted {
            guard found.count < limit else { break }
            guard let view = try customers.view(item.customer) else { continue }
            let best = Who.best(view.identifiers)
            found.append(Found(id: view.id, name: view.name, matched: best?.kind ?? "anonymous_id", value: best?.value ?? "", lastSeen: view.lastSeen))
        }
        return found
    }

    /// What the rest of the house refuses, in the words of a page.
    static func problem(_ error: any Error) -> Problem? {
        switch error as? CustomersProblem {
        case .notOne(let kind, let people):
            return Problem(
                status: 409, kind: "not-one", title: "Several customers have this",
                detail: "\(people) customers have this \(NameWords.inline(kind)), so it does not say which one. Search for it to see them all.")
        case .notFound, .noMerge, .noReview:
            return Problem(
                status: 404, kind: "gone", title: "This is no longer there",
                detail: "Somebody was quicker: it was decided, undone or erased meanwhile. Nothing was changed. Load the page again to see how it stands.")
        case .samePerson:
            return Problem(status: 409, kind: "same-person", title: "These are one customer already", detail: "Nothing was changed.")
        case .cursor, .filter, .tooLong, .unknownKind:
            return Problem(
                status: 400, kind: "address", title: "This address asks for what cannot be", detail: "A filter or a place in a list in it is not known. Begin again from the customer’s page.")
        case nil:
            let problem = Problem(error)
            return problem == .unforeseen ? nil : problem
        }
    }
}

extension LiveItem {
    /// Interactions with the names of whom they concern; each name is looked up once.
    package static func named(_ items: [HistoryItem], _ customers: Customers) throws -> [LiveItem] {
        var names: [CustomerID: String?] = [:]
        return try items.map { item in
            if let known = names[item.customer] { return LiveItem(item: item, name: known) }
            let name = try customers.view(item.customer)?.name
            names[item.customer] = .some(name)
            return LiveItem(item: item, name: name)
        }
    }
}
