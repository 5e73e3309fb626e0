package import Access
package import Audiences
package import Audit
package import Customers
package import Definitions
package import Delivery
package import Kernel
package import Ledger
package import Notes

/// What the console's pages need from the rest of the house. The composition root fills it in; tests hand in their own.
///
/// Whatever throws a ``Problem``, or an error that ``problem`` knows, is shown as that; any other is logged and shown as a mistake of ours.
package struct ConsoleServices: Sendable {
    /// Reviews are counted no further: ten pages of them say enough.
    package static let mostCounted = 100
    /// The newest interactions that ``latest`` looks through for those that fit.
    package static let mostSearched = 10_000

    package var workspace: @Sendable () -> Workspace
    package var clock: Clock
    package var randomness: Randomness
    /// The people of the company, who sign in.
    package var staff: Staff
    /// Write keys and tokens.
    package var access: Access
    package var audit: Audit
    package var notes: NoteServices
    /// What customers agree to; set after the rest.
    package var consents = ConsentServices()
    /// Metrics, audiences and the lifecycle; nil where there are none, and then no page shows them. Set after the rest.
    package var audiences: Audiences?
    /// Where formulas are asked about; nil where there is nothing to ask. Set after the rest.
    package var formulas: FormulaDesk?
    /// What goes out to others; nil where nothing does. Set after the rest.
    package var webhooks: Webhooks?
    /// What a customer is worth, in so many weeks up to a moment: see `Customers.relationship`; set after the rest.
    package var relationship: @Sendable (CustomerID, _ orders: Set<String>, _ weeks: Int, _ end: Instant) async -> Relationship = { _, _, _, _ in
        Relationship()
    }
    /// What the company decides, with every version of it.
    package var definitions: DefinitionBook
    /// What sources sent, and what was refused; set after the rest.
    package var sources = SourceServices()
    /// The data as a whole; set after the rest.
    package var data = DataServices()
    /// The customer that a reference leads to; nil when there is none.
    package var view: @Sendable (CustomerReference) async throws -> CustomerView?
    /// A page of what happened, newest first.
    package var history: @Sendable (CustomerID, HistoryFilter, _ cursor: String?, _ limit: Int) async throws -> Page<HistoryItem>
    /// One interaction of a customer; nil when there is none of theirs at the position, or it was erased.
    package var interaction: @Sendable (CustomerID, Position) async throws -> HistoryItem?
    /// Customers with something that begins with or equals the text, best first.
    /// By what the mask hides they are found by the whole of it alone: see ``search(_:_:)``.
    package var find: @Sendable (_ text: String, _ limit: Int, Mask) async throws -> [Found]
    /// Customers something happened with last, newest first.
    package var recent: @Sendable (_ limit: Int) async throws -> [Found]
    /// A page of the customers that fit, by the names of what counts as an order.
    ///
    /// - Throws: `CustomersProblem.filter` for a channel or an interaction that there is none of.
    package var list: @Sendable (CustomerQuery, _ orders: Set<String>, _ offset: Int, _ limit: Int) async throws -> CustomerListPage
    /// Everybody who fits, to be read piece by piece. Throws as ``list`` does.
    package var listing: @Sendable (CustomerQuery, _ orders: Set<String>) async throws -> CustomerListing
    /// The names of interactions that there are, for filters.
    package var names: @Sendable () -> [String]
    /// Joins two customers; the merge that was made. Like everything here that changes something it returns when ``view`` shows it.
    package var merge: @Sendable (CustomerID, CustomerID, _ note: String?, Principal) async throws -> Merge
    /// Takes a merge apart again and keeps the two apart from then on.
    package var undo: @Sendable (_ merge: Int64, Principal) async throws -> Void
    /// Likely duplicates that nobody has decided about yet.
    package var reviews: @Sendable (_ limit: Int) async throws -> [Review]
    /// How many there are of them, counted up to ``mostCounted``.
    package var reviewCount: @Sendable () async throws -> Int
    /// One person or two. Throws when the review is decided already.
    package var decide: @Sendable (_ review: Int64, _ same: Bool, Principal) async throws -> Void
    /// Takes a decision back; whether the two wait for another one now. Throws when there is none that holds.
    package var reopen: @Sendable (_ review: Int64, Principal) async throws -> Bool = { _, _ in false }
    /// What is hidden from whom.
    package var privacy: @Sendable () -> Privacy = { .open }
    /// What is hidden from whom these are for: see ``seen(by:)``.
    var mask = Mask.none
    /// The newest interactions of everybody that fit, newest first: of the last ``mostSearched``.
    package var latest: @Sendable (LiveFilter, _ limit: Int) async throws -> [LiveItem]
    /// The newest interactions of everybody, newest first; nothing in them is hidden from anybody. Set after the rest.
    package var newest: @Sendable (_ limit: Int) throws -> [HistoryItem] = { _ in [] }
    /// What happened on these days, by the names of what counts as an order: see `Customers.figures(days:untils:orderNames:)`.
    package var figures: @Sendable (_ days: [Instant], _ untils: [Instant], _ orders: Set<String>) async -> DayFigures
    /// What happens from now on and fits. Each call is one listener; the stream should drop the oldest rather than grow
    /// (`.bufferingNewest`), and end when the server stops.
    ///
    /// - Throws: a ``Problem`` when too many listen already.
    package var live: @Sendable (LiveFilter) throws -> AsyncStream<LiveItem>
    /// Reads JSON text; nil when it is none.
    package var json: @Sendable ([UInt8]) -> JSON?
    /// The name of a kind of identifier: `email`.
    package var kindName: @Sendable (IdentifierKind) -> String
    /// The name of the write key that an interaction came by; nil when unknown.
    package var sourceName: @Sendable (UInt16) -> String?
    /// Every channel there is, for filters: `web`, `email`, …
    package var channels: @Sendable () -> [String]
    /// What an error of the rest of the house means to whoever asked; nil for what is nobody's doing but ours.
    package var problem: @Sendable (any Error) -> Problem?
    /// Backups that are made by themselves.
    package var backups = BackupServices()
    /// Notes a mistake of ours for whoever runs the server: a short reference, and the error.
    package var failed: @Sendable (_ reference: String, any Error) -> Void

    package init(
        workspace: @escaping @Sendable () -> Workspace, clock: Clock, randomness: Randomness,
        staff: Staff, access: Access, audit: Audit, notes: NoteServices, definitions: DefinitionBook,
        view: @escaping @Sendable (CustomerReference) async throws -> CustomerView?,
        history: @escaping @Sendable (CustomerID, HistoryFilter, String?, Int) async throws -> Page<HistoryItem>,
        interaction: @escaping @Sendable (CustomerID, Position) async throws -> HistoryItem?,
        search: @escaping @Sendable (String, Int, Mask) async throws -> [Found], recent: @escaping @Sendable (Int) async throws -> [Found],
        list: @escaping @Sendable (CustomerQuery, Set<String>, Int, Int) async throws -> CustomerListPage,
        listing: @escaping @Sendable (CustomerQuery, Set<String>) async throws -> CustomerListing, names: @escaping @Sendable () -> [String],
        merge: @escaping @Sendable (CustomerID, CustomerID, String?, Principal) async throws -> Merge,
        undo: @escaping @Sendable (Int64, Principal) async throws -> Void, reviews: @escaping @Sendable (Int) async throws -> [Review],
        reviewCount: @escaping @Sendable () async throws -> Int, decide: @escaping @Sendable (Int64, Bool, Principal) async throws -> Void,
        latest: @escaping @Sendable (LiveFilter, Int) async throws -> [LiveItem],
        figures: @escaping @Sendable ([Instant], [Instant], Set<String>) async -> DayFigures,
        live: @escaping @Sendable (LiveFilter) throws -> AsyncStream<LiveItem>,
        json: @escaping @Sendable ([UInt8]) -> JSON?, kindName: @escaping @Sendable (IdentifierKind) -> String,
        sourceName: @escaping @Sendable (UInt16) -> String?, channels: @escaping @Sendable () -> [String],
        problem: @escaping @Sendable (any Error) -> Problem?, failed: @escaping @Sendable (String, any Error) -> Void
    ) {
        self.workspace = workspace
        self.clock = clock
        self.randomness = randomness
        self.staff = staff
        self.access = access
        self.audit = audit
        self.notes = notes
        self.definitions = definitions
        self.view = view
        self.history = history
        self.interaction = interaction
        find = search
        self.recent = recent
        self.list = list
        self.listing = listing
        self.names = names
        self.merge = merge
        self.undo = undo
        self.reviews = reviews
        self.reviewCount = reviewCount
        self.decide = decide
        self.latest = latest
        self.figures = figures
        self.live = live
        self.json = json
        self.kindName = kindName
        self.sourceName = sourceName
        self.channels = channels
        self.problem = problem
        self.failed = failed
    }
}

extension ConsoleServices {
    /// Customers with something that begins with or equals the text, best first.
    func search(_ text: String, _ limit: Int) async throws -> [Found] { try await find(text, limit, mask) }
}

/// What pages need of notes on customers.
package struct NoteServices: Sendable {
    /// The notes on a customer, newest first.
    package var on: @Sendable (CustomerID, _ limit: Int) async throws -> [Note]
    /// Writes a note; it can be read when this returns. Throws ``NoteProblem`` for one that cannot be written as it is.
    package var write: @Sendable (_ text: String, CustomerID, Principal, _ mentions: [PersonID]) async throws -> Note
    /// The notes that mention somebody, newest first.
    package var mentioning: @Sendable (PersonID, _ limit: Int) async throws -> [Note]
    /// How many notes of others mention somebody since a moment.
    package var count: @Sendable (PersonID, _ after: Instant) async throws -> Int

    package init(
        on: @escaping @Sendable (CustomerID, Int) async throws -> [Note],
        write: @escaping @Sendable (String, CustomerID, Principal, [PersonID]) async throws -> Note,
        mentioning: @escaping @Sendable (PersonID, Int) async throws -> [Note], count: @escaping @Sendable (PersonID, Instant) async throws -> Int
    ) {
        self.on = on
        self.write = write
        self.mentioning = mentioning
        self.count = count
    }
}

/// What pages need of backups.
package struct BackupServices: Sendable {
    package var overview: @Sendable () async throws -> BackupsOverview
    /// Begins one in a moment. Throws a ``Problem`` when none can be made now.
    package var begin: @Sendable () throws -> Void

    /// - Parameter overview: As standard, that none are made.
    package init(
        overview: @escaping @Sendable () async throws -> BackupsOverview = { BackupsOverview(data: "", every: 86_400_000, keep: 0, weeks: 0) },
        begin: @escaping @Sendable () throws -> Void = {}
    ) {
        self.overview = overview
        self.begin = begin
    }
}

/// One interaction as it happens, with the name of whom it concerns.
package struct LiveItem: Sendable {
    package var item: HistoryItem
    /// The customer's name; nil while it is unknown.
    package var name: String?
    package init(item: HistoryItem, name: String?) {
        self.item = item
        self.name = name
    }
}

/// What a company set about its console.
package struct Workspace: Sendable {
    /// The company's name, at the head of every page.
    package var name: String
    /// The zone in which days begin and times are shown: an identifier of the IANA database.
    package var timeZone: String
    /// The names of the interactions that are orders.
    package var orders: Set<String>
    /// ISO 4217: what the values of orders are in; nil shows plain numbers.
    package var currency: String?
    /// The colour of links and buttons.
    package var accent: Accent

    package init(
        name: String, timeZone: String, orders: Set<String> = ["Order Completed"], currency: String? = nil, accent: Accent = .teal
    ) {
        self.name = name
        self.timeZone = timeZone
        self.orders = orders
        self.currency = currency
        self.accent = accent
    }
}
