import Formula
import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Store
import Timeline

/// All that the pipeline changes: owned by its thread.
final class Core {
    /// Bodies concluded in one transaction, at most.
    private static let groupBodies = 96

    let timeline: Timeline
    private let store: Store
    private let ledger: Ledger
    private let people: People
    private let names: EventNames
    private let reactions: [any Reaction]
    private let options: Pipeline.Options
    private let reader: LedgerReader
    private let timelinePath: String
    private var resolver: Resolver
    private var events: EventNumbers
    private(set) var position: Int64
    /// The newest record concluded.
    private(set) var newest: Position
    private(set) var totals = Pipeline.Totals()
    /// When the newest interaction concluded was received.
    private(set) var newestReceived = Instant(milliseconds: 0)
    /// The definitions in force, and the rules read out of them.
    private(set) var definitions: [String: String]
    private(set) var rules: IdentityRules

    private let texts: TextNumbers
    private let fillEnded: @Sendable (Result<Filling, any Error>) -> Void
    private let progress: @Sendable (SelectorProgress?) -> Void
    private let isStopped: @Sendable () -> Bool
    var selecting: Selecting

    private var customers: [UInt32] = []
    private var merges: [Resolver.MergeMade] = []
    /// How many of them the reactions were told of.
    private var regrouped = 0
    private var parts: Parts

    /// What the core shares with others.
    struct Shared {
        var people: People
        var names: EventNames
        var texts: TextNumbers
        var progress: @Sendable (SelectorProgress?) -> Void
        /// The marks of new selectors are read, or could not be.
        var fillEnded: @Sendable (Result<Filling, any Error>) -> Void
        var isStopped: @Sendable () -> Bool
    }

    init(_ folder: Pipeline.Folder, _ shared: Shared, reactions: [any Reaction], options: Pipeline.Options) throws {
        let (people, names, texts) = (shared.people, shared.names, shared.texts)
        self.texts = texts
        fillEnded = shared.fillEnded
        progress = shared.progress
        isStopped = shared.isStopped
        store = folder.store
        ledger = folder.ledger
        self.people = people
        self.names = names
        self.reactions = reactions
        self.options = options
        let reader = try LedgerReader(path: folder.ledger.path)
        self.reader = reader
        timelinePath = folder.timeline
        let (position, records, definitions, hidden) = try folder.store.read { db in
            let body = try Int64.fetchOne(db, sql: "SELECT body FROM pipeline") ?? 0
            return (
                body, try Int.fetchOne(db, sql: "SELECT length(customers) / 4 FROM concluded WHERE body = ?", arguments: [body]) ?? 0,
                try Pipeline.definitions(db),
                Set(try UInt32.fetchAll(db, sql: "SELECT id FROM customer WHERE erased_at IS NOT NULL"))
            )
        }
        let rules = try options.rules(definitions, folder.ledger.vocabulary)
        var resolver: Resolver?
        var events: EventNumbers?
        try folder.store.read { db in
            resolver = try Resolver(db, people: people, key: folder.ledger.key, rules: rules, most: options.mostCustomers)
            events = try EventNumbers(db, key: folder.ledger.key, names: names)
        }
        self.resolver = resolver.take()!
        self.events = events.take()!
        self.position = position
        newest = Position(body: position, index: max(1, records) - 1)
        self.definitions = definitions
        self.rules = rules
        let expiries = try folder.store.read { try ExpiryRun.all($0) }
        let ledger = folder.ledger
        let selecting = try folder.store.read { db in
            texts.restore(try Pipeline.texts(db))
            return try Selecting(db, progress: shared.progress) {
                SelectorMatcher($0, texts: texts, vocabulary: ledger.vocabulary, consent: options.consent)
            }
        }
        self.selecting = selecting
        timeline = try Timeline(
            directory: folder.timeline, concluded: position, window: options.window, hidden: hidden, expired: expiries.map { $0.rules(names) },
            expiredSelected: expiries.map { selecting.numbers.rules($0.rules(names), names) },
            mergeAt: options.mergeAt)
        parts = timeline.current
        for r in reactions { try r.load(folder.store) }
        try replay()
    }

    // MARK: Start

    /// Brings the timeline from its snapshot to what is concluded: marks only, nothing is concluded twice.
    private func replay() throws {
        var at = timeline.snapshotBody
        while at < position {
            try store.read { db in
                let known = try db.cachedStatement(sql: "SELECT customers FROM concluded WHERE body = ?")
                try reader.bodies(after: at, limit: Self.groupBodies) { id, view in
                    guard id <= position else { return false }
                    guard let blob = try Data.fetchOne(known, arguments: [id]), blob.count == 4 * view.count else {
                        throw PipelineProblem.missing(body: id)
                    }
                    try blob.withUnsafeBytes { try replay(id, view, $0, db) }
                    at = id
                    return true
                }
            }
            makeRoom(upTo: at)
            while parts.isFull {
                if let words = timeline.unwritable { throw TimelineProblem.unwritable(words) }
                usleep(1000)
                makeRoom(upTo: at)
            }
        }
    }

    private func replay(_ id: Int64, _ view: BodyView, _ blob: UnsafeRawBufferPointer, _ db: Database) throws {
        for i in 0..<view.count {
            let customer = blob.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
            guard let record = view[i] else { throw LedgerProblem.damaged(body: id) }
            // An erased message sent again must not bring its customer back.
            if record.kind == .erased {
                _ = parts.isNew(record.message, second: UInt32(clamping: record.receivedAt.seconds), window: options.window)
            }
            if record.kind == .expired, customer & Concluded.duplicate == 0 {
                parts.note(record.message, second: UInt32(clamping: record.receivedAt.seconds))
            }
            guard customer & Concluded.duplicate == 0, record.kind == .interaction else { continue }
            parts.note(record.message, second: UInt32(clamping: record.receivedAt.seconds))
            try append(customer, record, Position(body: id, index: i), db)
            totals.replayed += 1
        }
    }

    /// Starts a merge when it is time.
    private func makeRoom(upTo body: Int64) {
        parts = timeline.current
        if timeline.shouldMerge(parts) || parts.isFull {
            timeline.freeze(body: body, customers: people.count)
            parts = timeline.current
        }
    }

    // MARK: The group

    enum Step {
        case concluded
        case nothing
        /// There is no room in memory until the merge that runs is done.
        case waiting
    }

    /// Concludes some bodies in one transaction. After it threw this core may not be used any more.
    func step() throws -> Step {
        guard position < ledger.newestBody else { return .nothing }
        makeRoom(upTo: position)
        guard !parts.isFull else { return .waiting }
        var at = position
        var last = newest
        var changed: [String: String]?
        try store.write { db in
            try reader.bodies(after: position, limit: Self.groupBodies) { id, view in
                if let new = try conclude(id, view, db) { changed = new }
                at = id
                last = Position(body: id, index: max(1, view.count) - 1)
                return true
            }
            try resolver.save(db)
            try Pipeline.insert(texts.unsaved(), db)
            try db.cachedStatement(sql: "UPDATE pipeline SET body = ?").execute(arguments: [at])
        }
        position = at
        newest = last
        if let changed { definitions = changed }
        makeRoom(upTo: at)
        return .concluded
    }

    private func conclude(_ id: Int64, _ view: BodyView, _ db: Database) throws -> [String: String]? {
        customers.removeAll(keepingCapacity: true)
        merges.removeAll(keepingCapacity: true)
        regrouped = 0
        var from = 0
        var changed: [String: String]?
        for i in 0..<view.count {
            guard let record = view[i] else { throw LedgerProblem.damaged(body: id) }
            switch record.kind {
            case .interaction:
                try interaction(record, Position(body: id, index: i), db)
            case .expired: try expired(record, Position(body: id, index: i), db)
            case .erased:
                customers.append(Concluded.nobody)
                try tombstone(record, Position(body: id, index: i))
            case .command:
                try react(id, view, from..<i, db)
                from = i + 1
                customers.append(Concluded.nobody)
                if let new = try command(record, Position(body: id, index: i), db) { changed = new }
            }
        }
        try react(id, view, from..<view.count, db)
        let blob = customers.withUnsafeBytes { Data($0) }
        try db.cachedStatement(sql: "INSERT INTO concluded (body, customers) VALUES (?, ?)").execute(arguments: [id, blob])
        return changed
    }

    private func interaction(_ record: RecordView, _ position: Position, _ db: Database) throws {
        totals.interactions &+= 1
        newestReceived = record.receivedAt
        if let named = Self.named(record) { return try interaction(record, about: named, position, db) }
        guard parts.isNew(record.message, second: UInt32(clamping: record.receivedAt.seconds), window: options.window) else {
            totals.duplicates &+= 1
            return try repeated(record, position, db)
        }
        let customer = try resolve(record, position)
        try append(customer, record, position, db)
        customers.append(customer)
    }

    private func resolve(_ record: RecordView, _ position: Position) throws -> UInt32 {
        let outcome = try resolver.resolve(record, at: position)
        if !outcome.merges.isEmpty {
            totals.merges &+= outcome.merges.count
            merges += outcome.merges
        }
        return outcome.customer
    }

    private func repeated(_ record: RecordView, _ position: Position, _ db: Database) throws {
        if let customer = resolver.lookUp(record) {
            customers.append(customer | Concluded.duplicate)
        } else {
            // Nobody's any more, as after an erasure: what it says must go too.
            customers.append(Concluded.nobody)
            try db.execute(sql: "INSERT INTO unclaimed (position) VALUES (?)", arguments: [Int64(bitPattern: position.raw)])
        }
    }

    /// A rebuild meets an interaction whose time is over: what it proved of customers it still proves, and nothing is shown of it.
    private func expired(_ record: RecordView, _ position: Position, _ db: Database) throws {
        guard parts.isNew(record.message, second: UInt32(clamping: record.receivedAt.seconds), window: options.window) else {
            return try repeated(record, position, db)
        }
        customers.append(try resolve(record, position))
    }

    /// What our own people wrote about a customer. Whoever was erased meanwhile is not there to be written about: what it says
    /// goes too.
    private func interaction(_ record: RecordView, about customer: UInt32, _ position: Position, _ db: Database) throws {
        let isNew = parts.isNew(record.message, second: UInt32(clamping: record.receivedAt.seconds), window: options.window)
        guard Int(customer) < people.count, !parts.isHidden(customer) else {
            customers.append(Concluded.nobody)
            try db.execute(sql: "INSERT INTO unclaimed (position) VALUES (?)", arguments: [Int64(bitPattern: position.raw)])
            return
        }
        guard isNew else {
            totals.duplicates &+= 1
            customers.append(customer | Concluded.duplicate)
            return
        }
        try append(customer, record, position, db)
        customers.append(customer)
    }

    /// The raw customer that a record names outright; nil for all that came from outside.
    private static func named(_ record: RecordView) -> UInt32? {
        var found: UInt32?
        record.identifiers { kind, bytes in
            if kind == .customer { found = CustomerID(String(decoding: bytes, as: UTF8.self))?.raw ?? .max }
        }
        return found
    }

    /// A rebuild meets an erased interaction: it made customers and merges when it was whole, and tokens stand for its identifiers.
    private func tombstone(_ record: RecordView, _ position: Position) throws {
        guard parts.isNew(record.message, second: UInt32(clamping: record.receivedAt.seconds), window: options.window) else { return }
        if record.identifierCount > 0, Self.named(record) == nil { merges += try resolver.resolve(record, at: position).merges }
        if let customer = record.value { try resolver.reserve(customer, at: position) }
    }

    private func append(_ customer: UInt32, _ record: RecordView, _ position: Position, _ db: Database) throws {
        let mark = Self.mark(record, position, try events.number(record.nameBytes, db))
        parts.append(customer, mark)
        if !selecting.matcher.isEmpty { try selecting.matcher.match(record, mark) { parts.append(customer, selected: $0) } }
    }

    static func mark(_ record: RecordView, _ position: Position, _ event: UInt16) -> Mark {
        Mark(
            position: position.raw, second: UInt32(clamping: record.at.seconds), event: event, channel: record.channel.rawValue, flags: record.flags,
            value: record.rawValue)
    }

    private func react(_ id: Int64, _ view: BodyView, _ range: Range<Int>, _ db: Database) throws {
        guard !range.isEmpty else { return }
        let concluded = Concluded(body: id, view: view, range: range, customers: customers, people: people, merges: merges)
        for r in reactions { try r.react(to: concluded, in: Writer(database: db)) }
        try regroup(merges[regrouped...].flatMap(\.touched), db)
        regrouped = merges.count
    }

    private func regroup(_ customers: [UInt32], isParted: Bool = false, _ db: Database) throws {
        guard !customers.isEmpty else { return }
        // A reaction may ask the database who is kept apart.
        try resolver.save(db)
        for r in reactions { try r.regroup(customers, people, isParted: isParted, in: Writer(database: db)) }
    }

    // MARK: Commands

    /// What somebody decided. Gives back the definitions in force when they changed.
    private func command(_ record: RecordView, _ position: Position, _ db: Database) throws -> [String: String]? {
        let at = record.at
        switch try Command(record) {
        case .merge(let a, let b, let author, let note, let reviewed):
            if let made = try resolver.merge(a, b, by: author, note: note, at: at, position: position, db) {
                merges.append(made)
                regrouped = merges.count
                try regroup(made.touched, db)
                if reviewed == true { try decide(Decision(a: a, b: b, same: true, author: author, at: at), db) }
            }
        case .undo(let merge, let author):
            if let parted = try resolver.undo(merge: merge, by: author, at: at, db) { try regroup(parted.left + parted.right, isParted: true, db) }
        case .apart(let a, let b, let author):
            guard try resolver.part(a, b, db) else { return nil }
            try regroup(people.smaller(a, b), db)
            try decide(Decision(a: a, b: b, same: false, author: author, at: at), db)
        case .reopen(let a, let b, let author):
            let wasOne = Int(max(a, b)) < people.count && people.root(a) == people.root(b)
            guard let touched = try resolver.takeBack(a, b, by: author, at: at, db) else { return nil }
            for r in reactions { try r.reopen(a, b, in: Writer(database: db)) }
            try regroup(touched, isParted: wasOne, db)
        case .erase(let customer, _):
            guard Int(customer) < people.count else { return nil }
            try forget(people.members(of: customer), at, position, db)
        case .eraseAgain(let customers, let author):
            try resolver.save(db)
            let here = try known(customers, before: position, db)
            // Some of a person may have been erased after a merge was undone that this ledger still has.
            try resolver.separate(here, by: author, at: at, db)
            if !here.isEmpty { try forget(here.sorted(), at, position, db) }
        case .expire(let before, let rest, let author):
            let run = ExpiryRun(position: position, at: at, author: author, before: before, rest: rest)
            try run.insert(db)
            timeline.expire(run.rules(names), selected: selecting.numbers.rules(run.rules(names), names))
            parts = timeline.current
        case .members(let members): for r in reactions { try r.settle(members, at: at, in: Writer(database: db)) }
        case .settled(let body): for r in reactions { try r.settle(upTo: body, in: Writer(database: db)) }
        case .define(let documents, let author):
            for (kind, text) in documents.sorted(by: { $0.key < $1.key }) {
                try db.execute(
                    sql: """
                        INSERT INTO definition (kind, version, text, author, at, position)
                        SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM definition WHERE kind = $1
                        """, arguments: [kind, text, author, at.milliseconds, Int64(bitPattern: position.raw)])
            }
            let all = try Pipeline.definitions(db)
            rules = try options.rules(all, ledger.vocabulary)
            try resolver.use(rules, db)
            for r in reactions { try r.define(all, in: Writer(database: db)) }
            return all
        }
        return nil
    }

    private func decide(_ decision: Decision, _ db: Database) throws {
        for r in reactions { try r.decide(decision, in: Writer(database: db)) }
    }

    private func forget(_ members: [UInt32], _ at: Instant, _ position: Position, _ db: Database) throws {
        let forgotten = Forgotten(customers: members, identifiers: try resolver.erase(members, at: at, db), position: position)
        for r in reactions { try r.forget(forgotten, in: Writer(database: db)) }
        timeline.hide(members)
        parts = timeline.current
    }

    /// Those of them who are in this ledger and not erased: the record is the same one, and it is where the customer came
    /// from or was concluded to be theirs.
    private func known(_ customers: [ErasedCustomer], before end: Position, _ db: Database) throws -> Set<UInt32> {
        var found: Set<UInt32> = []
        for one in customers where Int(one.customer) < people.count {
            let position = Position(raw: one.position)
            guard position.body < end.body, try reader.record(position, { $0.message == one.message }) == true else { continue }
            let origin = try Int64.fetchOne(
                db, sql: "SELECT position FROM customer WHERE id = ? AND erased_at IS NULL", arguments: [one.customer])
            guard let origin else { continue }
            let blob = try Data.fetchOne(db, sql: "SELECT customers FROM concluded WHERE body = ?", arguments: [position.body])
            let owner = blob?.withUnsafeBytes { bytes in
                4 * position.index + 4 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: 4 * position.index, as: UInt32.self) : nil
            }
            if UInt64(bitPattern: origin) == one.position || owner == one.customer { found.insert(one.customer) }
        }
        return found
    }

    // MARK: Selectors

    /// Goes on with what was asked of selectors, as far as it can now.
    func select() throws {
        try selecting.advance(store, timeline, position: position, customers: people.count) { new in
            let numbers = Dictionary(names.all.enumerated().map { ($1, UInt16($0)) }) { a, _ in a }
            let fill = SelectorFill(
                store: store, ledgerPath: ledger.path, timeline: timelinePath, end: position, number: { numbers[$0] ?? EventNames.others },
                progress: progress, isStopped: isStopped)
            // The matcher is made on the thread that uses it.
            let (vocabulary, texts, consent, ended) = (ledger.vocabulary, texts, options.consent, fillEnded)
            startThread("fill", isPatient: true) {
                ended(Result { try fill.run(SelectorMatcher(new, texts: texts, vocabulary: vocabulary, consent: consent)) })
            }
        } expire: { numbers in
            for run in try store.read({ try ExpiryRun.all($0) }) { timeline.expire([:], selected: numbers.rules(run.rules(names), names)) }
        }
        parts = timeline.current
    }

    func filled(_ result: Result<Filling, any Error>) throws { try selecting.filled(result, store) }

    /// Makes a snapshot of all that is concluded, so that the next start is quick.
    func freeze() { timeline.freeze(body: position, customers: people.count) }
    var unmerged: Int { timeline.current.recent }
    var canRest: Bool { !timeline.isMerging && timeline.unwritable == nil }
}
