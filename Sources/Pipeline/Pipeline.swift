package import Formula
import Foundation
import GRDB
package import Identity
package import Kernel
package import Ledger
package import Logging
package import Store
import Synchronization
package import Timeline

/// The one ordered consumer of the ledger: resolves identity, drops duplicates, appends to the timeline, runs the
/// reactions. What it concludes is committed together with its position, so each interaction is concluded exactly once.
package final class Pipeline: Sendable {
    package struct Options: Sendable {
        /// Seconds within which a message id is dropped when it comes again.
        package var window: UInt32 = 30 * 86_400
        /// Marks after which the timeline merges, instead of its own rule. For tests.
        package var mergeAt: Int?
        /// Marks since the last merge that are worth one when nothing more comes for a while. Fewer for tests.
        package var restAt = 20_000
        /// Raw customers there may be. Fewer for tests.
        package var mostCustomers = Resolver.maximumCustomers
        /// Reads the identity rules out of the definitions in force (kind → YAML).
        package var rules: @Sendable ([String: String], Vocabulary) throws -> IdentityRules
        package var clock: Clock
        /// What an interaction with these properties says about consent; nil when it says nothing.
        package var consent: @Sendable (RecordView, JSON) -> ConsentWord? = { _, _ in nil }
        package init(clock: Clock, rules: @escaping @Sendable ([String: String], Vocabulary) throws -> IdentityRules) {
            self.clock = clock
            self.rules = rules
        }
    }

    /// Where everything lies.
    package struct Folder: Sendable {
        package var ledger: Ledger
        package var store: Store
        /// The timeline's folder.
        package var timeline: String
        package init(ledger: Ledger, store: Store, timeline: String) {
            self.ledger = ledger
            self.store = store
            self.timeline = timeline
        }
    }

    /// Counts since the start.
    package struct Totals: Sendable, Equatable {
        package var interactions = 0
        package var duplicates = 0
        package var merges = 0
        /// Interactions read again at the start, because no snapshot had them.
        package var replayed = 0
    }

    /// How far it is.
    package struct Status: Sendable, Equatable {
        /// Everything up to this record is concluded.
        package var concluded: Position
        /// The newest record of the ledger.
        package var newest: Position
        /// How far the conclusions are behind: since the newest concluded interaction was received, or since there is something to
        /// conclude, whichever is later. 0 when there is nothing.
        package var lagMilliseconds: Int64
        package var totals: Totals
        /// Persons and raw customers.
        package var people: Int
        package var customers: Int
        /// Interactions in customers' views: neither repeated messages nor what erased customers said.
        package var interactions: Int
        /// Why nothing is concluded just now; nil when all is well.
        package var trouble: String?
    }

    private enum Message: Sendable {
        case wake
        case select(SelectorRequest)
        case filled(Result<Filling, any Error>)
        case stop(CheckedContinuation<Void, Never>)
    }
    private struct Waiter {
        var id: UInt64
        var body: Int64
        var done: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var body: Int64 = 0
        var newest = Position(raw: 0)
        var totals = Totals()
        var received = Instant(milliseconds: 0)
        /// The newest body that the ledger told of.
        var committed: Int64 = 0
        /// Since when there is something to conclude, without a moment in which there was nothing; nil when there is nothing.
        var waitingSince: Instant?
        var trouble: String?
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
    }

    package let people: People
    package let names: EventNames
    /// Texts that marks have as values.
    package let texts = TextNumbers()
    private let flags = Flags()
    let folder: Folder
    var store: Store { folder.store }
    private let options: Options
    private let reactions: [any Reaction]
    private let logger: Logger
    private let bodyAtStart: Int64
    private let box = Mailbox<Message>()
    private let state = Mutex(State())
    private let timelineNow: Mutex<Timeline>
    private let inForce: Mutex<(definitions: [String: String], rules: IdentityRules)>
    private let listeners = Mutex<[@Sendable ([String: String]) -> Void]>([])

    /// Opens the state and the timeline, rebuilding what is missing, and starts to conclude.
    ///
    /// Returns when reads are right as of what was concluded before; the rest of the ledger is caught up in the background.
    package init(_ folder: Folder, reactions: [any Reaction], options: Options, logger: Logger) async throws {
        self.folder = folder
        self.options = options
        self.reactions = reactions
        self.logger = logger
        bodyAtStart = folder.ledger.newestBody
        people = People()
        names = EventNames()
        let shared = Self.shared(people, names, texts, box, flags)
        // The core is made on the thread that owns it and never leaves it; what others need of it comes back.
        let handOver = HandOver()
        let start = try await withCheckedThrowingContinuation { (started: CheckedContinuation<Start, any Error>) in
            startThread("pipeline") {
                do {
                    let core = try Core(folder, shared, reactions: reactions, options: options)
                    started.resume(
                        returning: Start(
                            timeline: core.timeline, body: core.position, newest: core.newest, totals: core.totals, definitions: core.definitions,
                            rules: core.rules))
                    handOver.take()?.run(core)
                } catch {
                    started.resume(throwing: error)
                }
            }
        }
        timelineNow = Mutex(start.timeline)
        inForce = Mutex((start.definitions, start.rules))
        state.withLock {
            $0.body = start.body
            $0.newest = start.newest
            $0.totals = start.totals
            $0.committed = bodyAtStart
            if bodyAtStart > start.body { $0.waitingSince = options.clock.now }
        }
        folder.ledger.onCommit { [weak self, box] body in
            self?.committed(body)
            box.send(.wake)
        }
        box.send(.wake)
        handOver.give(self)
    }

    private struct Start: Sendable {
        var timeline: Timeline
        var body: Int64
        var newest: Position
        var totals: Totals
        var definitions: [String: String]
        var rules: IdentityRules
    }

    /// Gives the pipeline to its thread once it exists.
    private final class HandOver: Sendable {
        private let given = Mutex<Pipeline?>(nil)
        private let ready = DispatchSemaphore(value: 0)
        func give(_ p: Pipeline) {
            given.withLock { $0 = p }
            ready.signal()
        }
        func take() -> Pipeline? {
            ready.wait()
            return given.withLock {
                let p = $0
                $0 = nil
                return p
            }
        }
    }

    private final class Flags: Sendable {
        let progress = Mutex<SelectorProgress?>(nil)
        let isStopped = Mutex(false)
    }

    private static func shared(_ people: People, _ names: EventNames, _ texts: TextNumbers, _ box: Mailbox<Message>, _ flags: Flags) -> Core.Shared {
        Core.Shared(
            people: people, names: names, texts: texts, progress: { now in flags.progress.withLock { $0 = now } },
            fillEnded: { box.send(.filled($0)) }, isStopped: { flags.isStopped.withLock { $0 } })
    }

    // MARK: Selectors

    /// Has the marks of these selectors kept, and no others. What the ledger has of before is read in the background, which may take
    /// a minute for a hundred million interactions; what was there stays in use meanwhile.
    /// - Returns: The number of each, once all of them are there.
    /// - Throws: ``PipelineProblem/tooManySelectors(_:)``, or what kept it from being done: it may be asked again.
    package func select(_ wanted: Set<Selector>) async throws -> [Selector: UInt16] {
        try await withCheckedThrowingContinuation { done in
            if !box.send(.select(SelectorRequest(wanted: wanted, done: done))) { done.resume(throwing: PipelineProblem.behind) }
        }
    }

    /// How far what was asked of ``select(_:)`` is; nil when nothing is being read.
    package var selecting: SelectorProgress? { flags.progress.withLock { $0 } }

    // MARK: Reading

    /// What happened, per customer, as of now.
    package var timeline: Parts { timelineNow.withLock { $0 }.current }
    /// Everything up to this body is concluded.
    package var body: Int64 { state.withLock { $0.body } }
    /// The definitions in force: kind → YAML.
    package var definitions: [String: String] { inForce.withLock { $0.definitions } }
    /// The identity rules in force.
    package var rules: IdentityRules { inForce.withLock { $0.rules } }
    /// Calls back after definitions came into force.
    package func onDefinitions(_ listener: @escaping @Sendable ([String: String]) -> Void) { listeners.withLock { $0.append(listener) } }

    /// Whether more interactions may be taken in.
    package enum Intake: Sendable {
        case open
        /// What was appended since the start and is not yet concluded could need all customers that are left. A retry helps, later.
        case behind
        /// There are as many raw customers as there can be (see `Resolver.maximumCustomers`), but for what waits in the ledger's queue.
        case full
    }

    /// Ask before something is appended: what is in the ledger must find room.
    package var intake: Intake {
        // A thirty-second is 2,097,152 customers: more than records fit into the ledger's queue.
        let room = options.mostCustomers - options.mostCustomers / 32 - people.count
        if room <= 0 { return .full }
        // What was there at the start had found room before; a rebuild is not to keep anybody waiting.
        let behind = folder.ledger.newestBody - max(body, bodyAtStart)
        return behind * Self.customersPerBody > Int64(room) ? .behind : .open
    }
    /// A record with an identifier has more than 64 bytes; as a rule it makes one customer.
    private static let customersPerBody = Int64(BodyView.maximum / RecordHeader.size)

    package var status: Status {
        let newest = folder.ledger.newestPosition
        let parts = timeline
        let timelineTrouble = timelineNow.withLock { $0 }.unwritable
        let now = options.clock.now
        return state.withLock {
            // After a quiet night the newest conclusion is old, but what waits has waited only since it came.
            let since = max($0.received, $0.waitingSince ?? now)
            return Status(
                concluded: $0.newest, newest: newest, lagMilliseconds: $0.newest >= newest ? 0 : max(0, now - since), totals: $0.totals,
                people: people.people,
                customers: people.count, interactions: parts.interactions, trouble: $0.trouble ?? timelineTrouble)
        }
    }

    /// Notes what the ledger has, on its writer's thread.
    private func committed(_ body: Int64) {
        let now = options.clock.now
        state.withLock {
            if $0.waitingSince == nil, body > $0.body { $0.waitingSince = now }
            $0.committed = max($0.committed, body)
        }
    }

    /// Waits until everything up to this body is concluded, at most so long. False when it took longer.
    package func wait(for body: Int64, atMost seconds: Double = 5) async -> Bool {
        let id: UInt64? = state.withLock {
            if $0.body >= body { return nil }
            $0.nextWaiter += 1
            return $0.nextWaiter
        }
        guard let id else { return true }
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            resume { $0.id == id }
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { done in
            let now = state.withLock {
                if $0.body >= body { return true }
                $0.waiters.append(Waiter(id: id, body: body, done: done))
                return false
            }
            if now { done.resume(returning: true) }
        }
    }

    /// How many of the records up to this one, so many, are repeated messages: dropped, since the same message id was there
    /// before. All of them must be concluded.
    package func repeated(upTo last: Position, count: Int) throws -> Int {
        var left = count
        var found = 0
        try folder.store.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT body, customers FROM concluded WHERE body <= ? ORDER BY body DESC", arguments: [last.body])
            while left > 0, let row = try rows.next() {
                try row.withUnsafeData(atIndex: 1) { data in
                    data?.withUnsafeBytes { bytes in
                        let end = (row[0] as Int64) == last.body ? last.index + 1 : bytes.count / 4
                        for i in (0..<min(end, bytes.count / 4)).suffix(left) {
                            // What is nobody's has the bit too: interactions are that only when they are repeated.
                            if bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self) & Concluded.duplicate != 0 { found += 1 }
                            left -= 1
                        }
                    }
                }
            }
        }
        return found
    }

    private func resume(where isTimedOut: (Waiter) -> Bool) {
        let out = state.withLock { s in
            let out = s.waiters.filter(isTimedOut)
            s.waiters.removeAll(where: isTimedOut)
            return out
        }
        for w in out { w.done.resume(returning: false) }
    }

    // MARK: Commands

    /// Writes a command to the ledger and waits until it is concluded.
    ///
    /// - Returns: its position.
    /// - Throws: ``LedgerProblem``, ``PipelineProblem``. After ``PipelineProblem/behind`` it stands in the ledger, and will hold.
    package func perform(_ command: Command, randomness: Randomness) async throws -> Position {
        let position = try await folder.ledger.append(command.batch(at: options.clock.now, key: folder.ledger.key, randomness: randomness))
        guard await wait(for: position.body, atMost: Self.patience) else { throw PipelineProblem.behind }
        return position
    }

    /// Concludes what is in the ledger, snapshots the timeline when much is not in one, and ends. When it cannot conclude, it
    /// ends all the same: the ledger has everything.
    package func stop() async {
        // A merge that is under way would keep the snapshot of what came since from being made.
        flags.isStopped.withLock { $0 = true }
        await settle()
        await withCheckedContinuation { done in
            if !box.send(.stop(done)) { done.resume() }
        }
        await settle()
        timelineNow.withLock { $0 }.close()
    }

    /// Waits for the merge that runs, and gives it up when it cannot be written.
    private func settle() async {
        let timeline = timelineNow.withLock { $0 }
        while timeline.isMerging {
            if timeline.unwritable != nil { timeline.close() }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Seconds that a command may take to be concluded.
    private static let patience = 60.0
    /// Marks that are worth a snapshot at the end.
    private static let snapshotAtStop = 20_000
    /// Without anything to conclude for so long, the timeline is merged though it is not due yet.
    private static let untilRest = DispatchTimeInterval.seconds(2)

    // MARK: The thread

    private func run(_ first: Core) {
        // Nil after a failure: what was in memory is ahead of the disk then, and nothing may be concluded with it any more.
        var core: Core? = first
        var stopping: [CheckedContinuation<Void, Never>] = []
        var pause: DispatchTimeInterval?
        while true {
            var asked: [SelectorRequest] = []
            let messages = box.take(until: pause.map { .now() + $0 } ?? .distantFuture)
            for message in messages {
                switch message {
                case .stop(let done): stopping.append(done)
                case .select(let request): asked.append(request)
                case .filled(let result): hold(&core) { try $0.filled(result) }
                case .wake: break
                }
            }
            if core == nil { core = recover() }
            for request in asked {
                if core == nil { request.done.resume(throwing: PipelineProblem.behind) } else { core?.selecting.ask(request) }
            }
            pause = core.map(concludeAll) ?? .seconds(1)
            hold(&core) { try $0.select() }
            if pause == .seconds(1) || core == nil {
                core?.selecting.abandon()
                core = nil
                pause = .seconds(1)
            } else if pause == nil, core?.selecting.isWaiting == true {
                pause = .milliseconds(10)
            }
            if !stopping.isEmpty, pause == nil || core == nil {
                end(core, stopping)
                return
            }
            if pause == nil, let core, core.unmerged >= max(options.restAt, core.timeline.current.marks / 64), core.canRest {
                // What came since the last merge is slow to sweep, and there is time for a merge now.
                if messages.isEmpty { core.freeze() } else { pause = Self.untilRest }
            }
        }
    }

    /// What fails leaves the core of no use.
    private func hold(_ core: inout Core?, _ body: (Core) throws -> Void) {
        guard let now = core else { return }
        do {
            try body(now)
        } catch {
            report("\(error)")
            now.selecting.abandon()
            core = nil
        }
    }

    /// Concludes what there is. Nil when all is done, else when to look again: after a second when it failed.
    private func concludeAll(_ core: Core) -> DispatchTimeInterval? {
        while true {
            do {
                let before = core.definitions
                switch try core.step() {
                case .nothing: return nil
                case .waiting: return .milliseconds(5)
                case .concluded:
                    try core.select()
                    if core.definitions != before { announce(core) }
                    publish(core)
                }
            } catch {
                report("\(error)")
                return .seconds(1)
            }
        }
    }

    private func end(_ core: Core?, _ stopping: [CheckedContinuation<Void, Never>]) {
        core?.selecting.abandon()
        if let core, core.unmerged > Self.snapshotAtStop, core.timeline.unwritable == nil { core.freeze() }
        var all = stopping
        for message in box.close() {
            switch message {
            case .stop(let done): all.append(done)
            case .select(let request): request.done.resume(throwing: PipelineProblem.behind)
            case .wake, .filled: break
            }
        }
        for done in all { done.resume() }
        resume { _ in true }
    }

    private func publish(_ core: Core) {
        let ready = state.withLock { s in
            s.body = core.position
            s.newest = core.newest
            s.totals = core.totals
            s.received = core.newestReceived
            if s.body >= s.committed { s.waitingSince = nil }
            s.trouble = nil
            let ready = s.waiters.filter { $0.body <= core.position }
            if !ready.isEmpty { s.waiters.removeAll { $0.body <= core.position } }
            return ready
        }
        for w in ready { w.done.resume(returning: true) }
    }

    private func announce(_ core: Core) {
        inForce.withLock { $0 = (core.definitions, core.rules) }
        for listener in listeners.withLock({ $0 }) { listener(core.definitions) }
    }

    private func report(_ words: String) {
        let first = state.withLock {
            let first = $0.trouble == nil
            $0.trouble = words
            return first
        }
        if first { logger.error("the pipeline cannot conclude, and tries again", metadata: ["reason": "\(words)"]) }
    }

    /// After a failed transaction what is in memory is ahead of the disk: it is thrown away and read again. Nil when that
    /// does not work yet.
    private func recover() -> Core? {
        do {
            // Reading again is worth it only when writing works.
            try folder.store.write { try $0.execute(sql: "UPDATE pipeline SET body = body") }
            let old = timelineNow.withLock { $0 }
            old.close()
            while old.isMerging { usleep(10_000) }
            let core = try Core(
                folder, Self.shared(people, names, texts, box, flags), reactions: reactions, options: options)
            timelineNow.withLock { $0 = core.timeline }
            publish(core)
            return core
        } catch {
            report("\(error)")
            return nil
        }
    }
}
