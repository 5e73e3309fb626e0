import Access
import Consent
import Customers
import Kernel
import Ledger
import Notes

/// Customers as whoever calls the API gets to see them. Routes read customers through this and nothing else.
struct SeenCustomers: Sendable {
    let mask: Mask
    private let customers: Customers
    private let vocabulary: @Sendable (IdentifierKind) -> String

    init(_ services: Services, _ role: Role?) {
        // Nobody known sees nothing that is hidden from anybody.
        mask = services.privacy().mask(for: role ?? .employee)
        customers = services.customers
        let ledger = services.ledger
        vocabulary = { ledger.vocabulary.name(of: $0) }
    }

    private func secrets(of id: CustomerID) throws -> [String] { try customers.view(id).map { mask.secrets(of: $0) } ?? [] }

    func view(_ id: CustomerID) throws -> CustomerView? { try customers.view(id).map { mask($0) } }

    func search(_ text: String, limit: Int) throws -> [Found] {
        try customers.search(text, limit: limit) { mask.mayBegin($0, $1) }.map { mask($0) }
    }

    func history(of id: CustomerID, filter: HistoryFilter, limit: Int, after: String?) throws -> Page<HistoryItem> {
        let page = try customers.history(of: id, filter: filter, limit: limit, after: after)
        if mask.isNone { return page }
        let secrets = try secrets(of: id)
        return Page(items: page.items.map { mask($0, secrets, kindName: vocabulary) }, next: page.next)
    }

    /// The page as JSON, straight from the ledger's bytes where nothing is hidden.
    func writeHistory(of id: CustomerID, filter: HistoryFilter, limit: Int, after: String?, to out: inout [UInt8]) throws {
        if mask.isNone { return try customers.writeHistory(of: id, filter: filter, limit: limit, after: after, to: &out) }
        let page = try history(of: id, filter: filter, limit: limit, after: after)
        out.append(contentsOf: "{\"items\":[".utf8)
        for (i, item) in page.items.enumerated() {
            if i > 0 { out.append(44) }
            customers.write(item, withCustomer: false, to: &out)
        }
        out.append(contentsOf: "],\"next\":".utf8)
        JSON(page.next).write(to: &out)
        out.append(125)
    }

    /// An interaction that was read here, as JSON.
    func write(_ item: HistoryItem, to out: inout [UInt8]) { customers.write(item, to: &out) }

    /// A live interaction as JSON; nothing of one whose customer cannot be read.
    func write(live item: HistoryItem, to out: inout [UInt8]) {
        if mask.isNone { return customers.write(item, to: &out) }
        guard let secrets = try? secrets(of: item.customer) else { return }
        customers.write(mask(item, secrets, kindName: vocabulary), to: &out)
    }

    func merge(_ merge: Merge) throws -> Merge {
        if mask.isNone { return merge }
        return mask(merge, try secrets(of: merge.kept) + secrets(of: merge.absorbed))
    }

    func reviews(limit: Int, after: Int64?) throws -> [Review] {
        let found = try customers.reviews(limit: limit, after: after)
        if mask.isNone { return found }
        return try found.map { mask($0, try secrets(of: $0.a) + secrets(of: $0.b)) }
    }

    func consents(_ state: ConsentState, of id: CustomerID) throws -> ConsentState { mask.isNone ? state : mask(state, try secrets(of: id)) }

    func note(_ note: Note) throws -> Note { mask.isNone ? note : mask(note, try secrets(of: note.customer)) }

    // MARK: Everybody

    /// What is hidden of the customers met so far on a way through the ledger.
    struct Met {
        fileprivate var secrets: [CustomerID: [String]] = [:]
        /// Customers that are remembered; past so many all are forgotten.
        fileprivate static let most = 10_000
    }

    /// Interactions read at a time when something is hidden.
    private static let chunk = 500

    /// Appends the next interactions of everybody as lines of JSON: see `Customers.writeExport`.
    func writeExport(after: Position, upTo body: Int64, bytes: Int, met: inout Met, to out: inout [UInt8]) throws -> Position? {
        if mask.isNone { return try customers.writeExport(after: after, upTo: body, bytes: bytes, to: &out) }
        let start = out.count
        var last = after
        while out.count - start < bytes {
            let items = try customers.next(after: last, upTo: body, limit: Self.chunk)
            guard let end = items.last else { break }
            for item in items {
                if met.secrets[item.customer] == nil {
                    if met.secrets.count >= Met.most { met.secrets.removeAll(keepingCapacity: true) }
                    met.secrets[item.customer] = try secrets(of: item.customer)
                }
                customers.write(mask(item, met.secrets[item.customer] ?? [], kindName: vocabulary), to: &out)
                out.append(10)
            }
            last = end.interaction.position
        }
        return last == after ? nil : last
    }
}

extension Services {
    /// Customers as whoever calls gets to see them.
    func seen(by context: Context) -> SeenCustomers { SeenCustomers(self, context.principal?.role) }
}
