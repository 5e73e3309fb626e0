import Access
import Audit
import Foundation
import Kernel
import Ledger
import Simdjson
import Store
import Synchronization
import Testing
import Web

@testable import Customers
@testable import Notes

/// A small invented company for the pages to show: a furniture shop, with customers of every awkward kind.
final class SampleWorld: Sendable {
    static let now = Instant("2026-11-19T10:42:00Z")!

    struct State {
        var views: [CustomerID: CustomerView] = [:]
        var histories: [CustomerID: [HistoryItem]] = [:]
        var json: [[UInt8]: JSON] = [:]
        var reviews: [Review] = []
        var merged: [(CustomerID, CustomerID, String?)] = []
        var undone: [Int64] = []
        var decided: [(Int64, Bool)] = []
        var settled: [Review] = []
        var now = SampleWorld.now
        var failures: [String] = []
        var random = SeededRandom(seed: 7)
        var notes: [Note] = []
        var body: Int64 = 1
        var listeners: [(filter: LiveFilter, to: AsyncStream<LiveItem>.Continuation)] = []
    }
    let state = Mutex(State())
    let shelf = MemoryShelf { SampleWorld.now }

    init() throws {
        let folder = NSTemporaryDirectory() + "sample-" + UUID().uuidString
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try Store(path: folder + "/access.db", migrations: Access.migrations + Staff.migrations + Audit.migrations)
        // The clock and the dice look at this world, so that the house can only be made in a world that is there already.
        let made = House(
            staff: try Staff(store: store, clock: clock, randomness: randomness, passwords: Self.passwords),
            access: try Access(store: store, clock: clock, randomness: randomness), audit: try Audit(store: store))
        self.made.withLock { $0 = made }
    }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private let folder: String
    /// Checking passwords takes its time by design: one set of threads does it for all tests.
    /// Of all worlds at once, which sign in far more people than a server lets wait.
    private static let passwords = Passwords(waiting: .max)
    static let password = "correct horse battery"
    /// The people of the shop, by the addresses that tests sign in with.
    static let people: [(email: String, name: String, role: Role)] = [
        ("marta@example.com", "Marta Lindqvist", .administrator), ("tom@example.com", "Tom Okafor", .employee),
        ("agent@example.com", "Aisha Rahman", .agent), ("analyst@example.com", "Eleanor Fitzwilliam", .analyst),
    ]

    struct House: Sendable {
        let staff: Staff
        let access: Access
        let audit: Audit
    }
    private let made = Mutex<House?>(nil)
    /// The real thing, on a database of its own.
    var house: House {
        guard let house = made.withLock({ $0 }) else { preconditionFailure("the house is made with the world") }
        return house
    }
    private var clock: Clock { Clock { self.state.withLock { $0.now } } }
    private var randomness: Randomness {
        Randomness { count in self.state.withLock { state in (0..<count).map { _ in UInt8(truncatingIfNeeded: state.random.next()) } } }
    }

    /// Somebody who has come in at least once.
    @discardableResult func person(_ email: String) async throws -> Person {
        let staff = house.staff
        if staff.isEmpty {
            let first = try #require(try staff.firstLink())
            let marta = Self.people[0]
            _ = try await staff.accept(first.secret, name: marta.name, email: marta.email, password: Self.password)
        }
        if let known = staff.person(email: email), known.isActive { return known }
        let meant = try #require(Self.people.first { $0.email == email })
        let invited = try staff.invite(email: email, role: meant.role)
        return try await staff.accept(invited.secret, name: meant.name, password: Self.password)
    }

    // MARK: - Making things

    /// Adds an interaction of a customer and gives it back.
    @discardableResult func happen(
        _ customer: CustomerID, _ at: String, _ name: String, channel: Channel = .web, direction: Direction = .in, type: CallType = .track,
        identifiers: [(IdentifierKind, String)] = [], _ properties: JSON = [:], context: JSON? = nil
    ) -> HistoryItem {
        state.withLock { state in
            state.body += 1
            let moment = Instant(at)!
            var batch = Batch()
            var header = RecordHeader(at: moment, receivedAt: moment + 250, message: Fingerprint(high: 1, low: UInt64(state.body)))
            header.channel = channel
            header.direction = direction
            header.type = type
            header.source = 1
            batch.append(header, name: name, messageID: "m-\(state.body)", identifiers: identifiers, properties: properties, context: context)
            let item = batch.bytes.withUnsafeBytes { bytes in
                HistoryItem(
                    interaction: Interaction(RecordView(bytes)!, at: Position(body: state.body, index: 0)),
                    channel: Vocabulary().name(of: channel), customer: customer)
            }
            state.json[item.interaction.properties] = properties
            if let context { state.json[item.interaction.context] = context }
            state.histories[customer, default: []].append(item)
            state.histories[customer]?.sort { $0.interaction.at > $1.interaction.at }
            return item
        }
    }

    /// Adds a customer; counts and times follow from the history when it is asked for.
    func add(
        _ raw: UInt32, name: String?, identifiers: [(String, String, String)] = [], traits: [(String, JSON)] = [], merges: [Merge] = [],
        ids: [UInt32] = [],
        change: (inout CustomerView) -> Void = { _ in }
    ) -> CustomerID {
        let id = CustomerID(raw: raw)
        var view = CustomerView(
            id: id, ids: [id] + ids.map(CustomerID.init(raw:)), name: name,
            identifiers: identifiers.map { kind, value, date in
                KnownIdentifier(
                    kind: kind, value: value, unique: kind != "order_id", shared: false, former: false, firstSeen: Instant(date)!,
                    position: Position(raw: 1))
            },
            traits: traits.map { key, value in
                Trait(key: key, value: value, at: Instant("2025-09-14T09:12:00Z")!, source: "website", channel: "web", position: Position(raw: 1))
            }, firstSeen: nil, lastSeen: nil, interactions: 0, channels: [], names: [], merges: merges)
        change(&view)
        state.withLock { $0.views[id] = view }
        return id
    }

    // MARK: - What the console asks

    func view(_ reference: CustomerReference) -> CustomerView? {
        state.withLock { state in
            let found =
                switch reference {
                case .id(let id): state.views.values.first { $0.ids.contains(id) }
                case .identifier(let kind, let value): state.views.values.first { $0.identifiers.contains { $0.kind == kind && $0.value == value } }
                }
            guard var view = found else { return nil }
            let history = state.histories[view.id] ?? []
            let between = history.filter { $0.interaction.direction != .internal }
            view.interactions = between.count
            view.lastSeen = between.first?.interaction.at
            view.firstSeen = between.last?.interaction.at
            func counts(_ history: [HistoryItem], _ key: (HistoryItem) -> String) -> [CustomerView.Count] {
                Dictionary(grouping: history, by: key).map { .init(name: $0.key, count: $0.value.count, last: $0.value[0].interaction.at) }
                    .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
            }
            view.channels = counts(between, \.channel)
            view.names = counts(history, \.interaction.name)
            return view
        }
    }

    func history(_ id: CustomerID, _ filter: HistoryFilter, _ cursor: String?, _ limit: Int) -> Page<HistoryItem> {
        let fitting = (state.withLock { $0.histories[id] } ?? []).filter { item in
            (filter.names.isEmpty || filter.names.contains(item.interaction.name))
                && (filter.channels.isEmpty || filter.channels.contains(item.channel))
                && (filter.directions.isEmpty || filter.directions.contains(item.interaction.direction))
                && (filter.since.map { item.interaction.at >= $0 } ?? true) && (filter.until.map { item.interaction.at < $0 } ?? true)
        }
        let from = cursor.flatMap(Int.init) ?? 0
        let items = Array(fitting.dropFirst(from).prefix(limit))
        return Page(items: items, next: from + items.count < fitting.count ? String(from + items.count) : nil)
    }

    func search(_ text: String, _ limit: Int) -> [Found] {
        let plain = text.lowercased()
        let views = state.withLock { Array($0.views.values) }.sorted { $0.id < $1.id }
        return views.compactMap { view -> Found? in
            let last = self.view(.id(view.id))?.lastSeen
            if let identifier = view.identifiers.first(where: { $0.value.lowercased().hasPrefix(plain) }) {
                return Found(id: view.id, name: view.name, matched: identifier.kind, value: identifier.value, lastSeen: last)
            }
            guard let name = view.name, name.lowercased().contains(plain) else { return nil }
            return Found(id: view.id, name: name, matched: "name", value: name, lastSeen: last)
        }.prefix(limit).map { $0 }
    }

    func recent(_ limit: Int) -> [Found] {
        let views = state.withLock { Array($0.views.values) }
        return views.map { view in
            let best = view.identifiers.first { $0.kind == "email" } ?? view.identifiers.first
            return Found(
                id: view.id, name: view.name, matched: best?.kind ?? "anonymous_id", value: best?.value ?? "",
                lastSeen: self.view(.id(view.id))?.lastSeen)
        }.sorted { ($0.lastSeen ?? Instant(milliseconds: 0)) > ($1.lastSeen ?? Instant(milliseconds: 0)) }.prefix(limit).map { $0 }
    }

    var names: [String] { Set(state.withLock { $0.histories.values.flatMap { $0 } }.map(\.interaction.name)).sorted() }

    /// The list, filtered by what somebody did or never did and by orders, and sorted by last seen or orders: enough for pages.
    func list(_ query: CustomerQuery, _ orders: Set<String>, _ offset: Int, _ limit: Int) throws -> CustomerListPage {
        for (field, name) in [("did", query.did), ("didNot", query.didNot)] {
            if let name, !names.contains(name) { throw CustomersProblem.filter(field: field, value: name, known: names) }
        }
        if let channel = query.channel, !Channel.builtIn.contains(channel) {
            throw CustomersProblem.filter(field: "channel", value: channel, known: Channel.builtIn)
        }
        let views = state.withLock { Array($0.views.values) }.sorted { $0.id < $1.id }.compactMap { self.view(.id($0.id)) }
        let rows = views.map { view -> CustomerRow in
            let best = view.identifiers.first { $0.kind == "email" } ?? view.identifiers.first
            let bought = view.names.filter { orders.contains($0.name) }.map(\.count).reduce(0, +)
            return CustomerRow(
                id: view.id, name: view.name, identifier: best.map { ($0.kind, $0.value) }, firstSeen: view.firstSeen, lastSeen: view.lastSeen,
                interactions: view.interactions, orders: bought, spent: Double(bought) * 1234.5)
        }
        let fitting = rows.filter { row in
            let did = Set(views.first { $0.id == row.id }?.names.map(\.name) ?? [])
            return (query.did.map(did.contains) ?? true) && !(query.didNot.map(did.contains) ?? false) && row.orders >= query.ordersAtLeast ?? 0
                && row.orders <= query.ordersAtMost ?? .max && row.spent >= query.spentAtLeast ?? -.infinity
        }
        func key(_ row: CustomerRow) -> Int64 { query.sort == .orders ? Int64(row.orders) : row.lastSeen?.milliseconds ?? 0 }
        let sorted = fitting.sorted { query.ascending ? key($0) < key($1) : key($0) > key($1) }
        return CustomerListPage(
            rows: Array(sorted.dropFirst(offset).prefix(limit)), total: sorted.count, everybody: rows.count, asOf: state.withLock { $0.now })
    }

    func latest(_ filter: LiveFilter, _ limit: Int) -> [LiveItem] {
        let (histories, views) = state.withLock { ($0.histories, $0.views) }
        return histories.values.flatMap { $0 }.filter(filter.fits).sorted { $0.interaction.at > $1.interaction.at }
            .prefix(limit).map { LiveItem(item: $0, name: views[$0.customer]?.name) }
    }

    func emit(_ item: HistoryItem) {
        let (listeners, name) = state.withLock { ($0.listeners, $0.views[item.customer]?.name) }
        for (filter, listener) in listeners where filter.fits(item) { listener.yield(LiveItem(item: item, name: name)) }
    }

    /// Counted one by one.
    func figures(_ days: [Instant], _ untils: [Instant]) -> DayFigures {
        let (items, now) = state.withLock { ($0.histories.values.flatMap { $0 }, $0.now) }
        func count(_ from: Instant, _ until: Instant) -> PeriodFigures {
            let found = items.filter { $0.interaction.at >= from && $0.interaction.at < until }
            let orders = found.filter { $0.interaction.name == "Order Completed" }
            var figures = PeriodFigures()
            figures.interactions = found.count
            figures.customers = Set(found.map(\.customer)).count
            figures.orders = orders.count
            figures.spent = orders.reduce(0) { $0 + ($1.interaction.value ?? 0) }
            return figures
        }
        let hour = Dictionary(grouping: items.filter { $0.interaction.at > now + -3_600_000 }, by: \.channel)
        return DayFigures(
            untilNow: zip(days, untils).map(count), whole: zip(days, days.dropFirst() + [now]).map(count), days: days,
            halfHours: stride(from: (days.count - 1) % 7, to: days.count, by: 7).map { day in
                (0..<48).map { count(days[day] + Int64($0) * 1_800_000, days[day] + Int64($0 + 1) * 1_800_000) }
            }, channels: hour.map { (name: $0.key, count: $0.value.count) }.sorted { $0.count > $1.count }, asOf: now)
    }

    /// Writes notes as the house does, without a ledger.
    private var notes: NoteServices {
        NoteServices(
            on: { customer, limit in self.state.withLock { Array($0.notes.filter { $0.customer == customer }.reversed().prefix(limit)) } },
            write: { text, customer, author, mentions in
                let length = text.unicodeScalars.count
                guard (1...Note.longest).contains(length) else { throw NoteProblem.length(length) }
                guard mentions.count <= Note.mostMentions else { throw NoteProblem.tooManyMentions(mentions.count) }
                let now = self.clock.now
                let note = Note(
                    id: NoteID(at: now, randomness: self.randomness), customer: customer, author: author.id, authorName: author.name, text: text,
                    mentions: mentions, at: now)
                self.state.withLock { $0.notes.append(note) }
                return note
            },
            mentioning: { person, limit in
                self.state.withLock { Array($0.notes.filter { $0.mentions.contains(person) }.reversed().prefix(limit)) }
            },
            count: { person, after in
                self.state.withLock {
                    $0.notes.count { $0.mentions.contains(person) && $0.author != person.description && $0.at > after }
                }
            })
    }

    /// The real book over versions kept in memory.
    var definitions: DefinitionBook { DefinitionBook(kinds: TestKinds.all, shelf: shelf) }

    var services: ConsoleServices {
        var services = answers
        services.reopen = { id, _ in
            try self.state.withLock { state in
                guard let place = state.settled.firstIndex(where: { $0.id == id }) else {
                    throw Problem(status: 404, kind: "open", title: "Nothing is decided", detail: "The pair waits.")
                }
                state.reviews.append(state.settled.remove(at: place))
                return true
            }
        }
        return services
    }

    private var answers: ConsoleServices {
        ConsoleServices(
            workspace: { Workspace(name: "Harbour & Pine", timeZone: "Europe/London", currency: "GBP") }, clock: clock, randomness: randomness,
            staff: house.staff, access: house.access, audit: house.audit, notes: notes, definitions: definitions,
            view: { self.view($0) },
            history: { self.history($0, $1, $2, $3) },
            interaction: { customer, position in self.state.withLock { $0.histories[customer]?.first { $0.interaction.position == position } } },
            search: { text, limit, _ in self.search(text, limit) }, recent: { self.recent($0) },
            list: { try self.list($0, $1, $2, $3) },
            listing: { query, orders in
                let all = try self.list(query, orders, 0, .max)
                return CustomerListing(total: all.total) { Array(all.rows[$0]) }
            }, names: { self.names },
            merge: { a, b, note, principal in
                self.state.withLock { $0.merged.append((a, b, note)) }
                return SampleWorld.merge(77, min(a, b), max(a, b), .person(name: principal.name, note: note), "joined by \(principal.name)")
            },
            undo: { id, _ in self.state.withLock { $0.undone.append(id) } },
            reviews: { limit in Array(self.state.withLock { $0.reviews }.prefix(limit)) }, reviewCount: { self.state.withLock { $0.reviews.count } },
            decide: { id, same, principal in
                try self.state.withLock { state in
                    guard let review = state.reviews.first(where: { $0.id == id }) else {
                        throw Problem(status: 404, kind: "decided", title: "This is decided already", detail: "Somebody else was quicker.")
                    }
                    state.decided.append((id, same))
                    state.settled.append(review)
                    state.reviews.removeAll { $0.id == id }
                    if same {
                        state.views[review.a]?.merges.append(
                            SampleWorld.merge(78, review.a, review.b, .person(name: principal.name, note: nil), "joined by \(principal.name)"))
                    }
                }
            },
            latest: { self.latest($0, $1) },
            figures: { days, untils, _ in self.figures(days, untils) },
            live: { filter in
                let (stream, continuation) = AsyncStream.makeStream(of: LiveItem.self, bufferingPolicy: .bufferingNewest(64))
                self.state.withLock { $0.listeners.append((filter, continuation)) }
                return stream
            },
            json: { bytes in self.state.withLock { $0.json[bytes] } ?? (try? JSON.parse(bytes)) }, kindName: { Vocabulary().name(of: $0) },
            sourceName: { $0 == 1 ? "website" : nil },
            channels: { Channel.builtIn.filter { $0 != "other" } + ["other"] },
            problem: { ($0 as? DefinitionsProblem).map { Problem($0) } },
            failed: { reference, error in self.state.withLock { $0.failures.append("\(reference) \(error)") } })
    }

    static func merge(_ id: Int64, _ kept: CustomerID, _ absorbed: CustomerID, _ reason: Merge.Reason, _ sentence: String, undone: String? = nil)
        -> Merge
    {
        Merge(
            id: id, kept: kept, absorbed: absorbed, reason: reason, at: Instant("2026-01-03T12:04:00Z")!, position: Position(body: 5, index: 0),
            undoneAt: undone.flatMap { Instant($0) }, undoneBy: undone == nil ? nil : "Marta Lindqvist", sentence: sentence)
    }

    static let resources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Sources/Web/Resources")
        .standardized.path

    func console() throws -> Console { Console(services: services, resources: try Resources(folder: Self.resources)) }
}

/// A browser with a cookie jar and no scripts.
final class Browser {
    let console: Console
    var cookies: [String: String] = [:]
    var client = "192.0.2.7"
    init(_ console: Console) { self.console = console }

    func send(_ method: PageRequest.Method, _ address: String, _ form: [(String, String)] = [], headers: [String: String] = [:]) async -> PageAnswer {
        let halves = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var headers = headers
        headers["host"] = "127.0.0.1:8080"
        headers["cookie"] = cookies.map { $0.key + "=" + $0.value }.joined(separator: "; ")
        let path = halves[0].split(separator: "#").first.map(String.init) ?? "/"
        let query = Parameters(encoded: halves.count > 1 ? String(halves[1].split(separator: "#", omittingEmptySubsequences: false)[0]) : "")
        let answer = await console.answer(
            PageRequest(method: method, path: path, query: query, form: Parameters(form), headers: headers, client: client))
        for (name, value) in answer.headers where name == "set-cookie" {
            let pair = value.split(separator: ";")[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(pair[0])] = value.contains("Max-Age=0") ? nil : String(pair[1])
        }
        return answer
    }
    func get(_ address: String, headers: [String: String] = [:]) async -> PageAnswer { await send(.get, address, headers: headers) }

    /// Posts a form with the token that the page last seen at `page` has in it.
    func post(_ address: String, _ form: [(String, String)] = [], from page: String = "/customers") async -> PageAnswer {
        let token = Self.formToken(in: await get(page).text)
        return await send(.post, address, form + [("form", token)])
    }
    static func formToken(in html: String) -> String {
        guard let range = html.range(of: "name=\"form\" value=\"") else { return "" }
        return String(html[range.upperBound...].prefix { $0 != "\"" })
    }
    /// Signs in as somebody of ``SampleWorld/people`` who has come in before.
    func signIn(_ email: String = "marta@example.com", password: String = SampleWorld.password) async -> PageAnswer {
        await post("/signin", [("email", email), ("password", password)], from: "/signin")
    }
}
