import Definitions
import Dispatch
package import Formula
import Glibc
import Identity
package import Kernel
package import Ledger
package import Logging
package import Pipeline
package import Store
import Synchronization
import Timeline

/// Keeps audiences and stages true. Whoever something happened to is worked out again at once, everybody every few seconds, since time
/// passes too; what differs from what the ledger says becomes interactions that say who entered and left.
///
/// It only suggests: who belongs is what the pipeline has concluded from the ledger, which alone writes it. So nothing is lost when it
/// stops in the middle, and whatever it missed it finds at the next sweep.
package final class AudienceEngine: Sendable {
    enum Message: Sendable {
        case touched(Membership.Touch)
        case definitions
        /// What was prepared beside the thread is ready, or cannot be made.
        case prepared(Result<Prepared, any Error>)
        case fitted([String: ModelState], Everybody)
        case stop(CheckedContinuation<Void, Never>)
    }
    /// What is wrong with, or going on in, the definitions that are to be in force.
    package enum Phase: Sendable, Equatable {
        case ready
        /// New definitions are read in: what they ask of old interactions first, if anything.
        case preparing(SelectorProgress?)
        /// They cannot be put to work, and are tried again.
        case failed(String)
    }
    struct State: Sendable {
        var inForce: InForce?
        var everybody = Everybody()
        /// By the metric's key: how the models were fitted last.
        var models: [String: ModelState] = [:]
        var phase = Phase.preparing(nil)
        /// Persons in each set, as of the last sweep and with what came since.
        var sizes: [String: Int] = [:]
        var people = 0
        var sweptAt: Instant?
        var sweepMilliseconds = 0.0
    }
    /// Milliseconds between the end of a sweep and the beginning of the next.
    package static let pause = 4_000
    /// Milliseconds after which what is known of everybody is worked out again.
    static let everybodyPause = 60_000
    /// Persons touched past which a sweep is cheaper than looking at each.
    static let mostTouched = 200_000
    /// Changes in one batch of the ledger.
    static let batch = 5_000

    let ledger: Ledger
    let store: Store
    let pipeline: Pipeline
    let membership: Membership
    let randomness: Randomness
    let clock: Clock
    let logger: Logger
    let company: @Sendable () -> (company: Company, zone: Zone)
    private let pause: Int
    let box = Mailbox<Message>()
    let state = Mutex(State())
    /// Selectors of formulas that somebody only asked.
    struct Asked: Sendable {
        var wanted: Set<Selector> = []
        var numbers: [Selector: UInt16] = [:]
        var isFilling = false
    }
    let asked = Mutex(Asked())
    private let stopping = Mutex(false)
    private let hasStarted = Mutex(false)

    /// - Parameters:
    ///   - pause: Milliseconds between sweeps; fewer for tests.
    ///   - company: What is decided now, and the zone of its days.
    package init(
        ledger: Ledger, store: Store, pipeline: Pipeline, membership: Membership, randomness: Randomness, clock: Clock, logger: Logger,
        pause: Int = AudienceEngine.pause, company: @escaping @Sendable () -> (company: Company, zone: Zone)
    ) {
        self.ledger = ledger
        self.store = store
        self.pipeline = pipeline
        self.membership = membership
        self.randomness = randomness
        self.clock = clock
        self.logger = logger
        self.pause = pause
        self.company = company
        membership.onTouch { [weak self] in self?.touch($0) }
    }

    /// Begins to work, on a thread of its own. Once.
    package func start() {
        hasStarted.withLock { $0 = true }
        box.send(.definitions)
        startThread("audiences") { [self] in work() }
    }

    private func touch(_ touch: Membership.Touch) {
        if hasStarted.withLock({ $0 }) { box.send(.touched(touch)) }
    }

    /// The definitions have changed.
    package func reload() { box.send(.definitions) }

    /// Ends after what it is at.
    package func stop() async {
        guard hasStarted.withLock({ $0 }) else { return }
        stopping.withLock { $0 = true }
        await withCheckedContinuation { done in
            if !box.send(.stop(done)) { done.resume() }
        }
    }

    /// Whether what is defined so is what is worked out now; for tests.
    func isInForce(_ documents: [String: String]) -> Bool {
        guard let company = state.withLock({ $0.inForce?.company }) else { return false }
        let blueprint = Blueprint(files: documents.map { (name: $0.key + ".yaml", bytes: Array($0.value.utf8)) }, Findings())
        return blueprint.definitions(AudienceDefinition.self).allSatisfy { key, definition in
            company.audiences.contains { $0.key == key && $0.definition == definition }
        }
            && blueprint.definitions(MetricDefinition.self).allSatisfy { key, definition in
                company.metrics.contains { $0.key == key && $0.definition == definition }
            }
            && blueprint.definitions(EventDefinition.self).allSatisfy { key, definition in
                company.events.contains { $0.key == key && $0.definition == definition }
            } && (blueprint["lifecycle"] == nil || blueprint.definition(LifecycleDefinition.self) == company.lifecycle)
    }

    /// What it is at, with how far it is.
    package var phase: Phase {
        let phase = state.withLock { $0.phase }
        if case .preparing = phase { return .preparing(pipeline.selecting) }
        return phase
    }

    // MARK: The thread

    var isStopping: Bool { stopping.withLock { $0 } }

    /// Waits for something that does not block a thread, on this one, which may.
    func wait<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<T, any Error>?>(nil)
        Task {
            let made: Result<T, any Error>
            do { made = .success(try await body()) } catch { made = .failure(error) }
            result.withLock { $0 = made }
            done.signal()
        }
        done.wait()
        return try result.withLock { $0! }.get()
    }

    /// What the thread was told, and when it does what next.
    private struct Desk {
        var touched: [UInt32] = []
        var history = History()
        /// Who did something before it is known what history nobody has looked at; nil when it is known.
        var early: Set<UInt32>? = []
        /// Definitions have changed.
        var isNew = false
        /// What takes long is done beside the thread, so that whoever enters meanwhile does so at once: one such thing at a time.
        var isPreparing = false
        var prepared: Result<Prepared, any Error>?
        var stops: [CheckedContinuation<Void, Never>] = []
        // By a clock that nobody can set.
        var nextSweep = DispatchTime.now()
        var nextEverybody = DispatchTime.now()
        var nextFit = DispatchTime.now()
        /// Interactions that there were when models were fitted last.
        var fitted = 0
        var hasFailed = false

        /// Until when there is nothing to do.
        /// - Parameter isReady: Whether definitions are in force.
        func idle(_ pause: Int, isReady: Bool) -> DispatchTime {
            if hasFailed { return nextSweep }
            if !touched.isEmpty || isNew && !isPreparing || prepared != nil { return .now() }
            return history.isEmpty || !isReady ? nextSweep : min(nextSweep, history.due(after: pause))
        }
    }

    private func work() {
        catchUp()
        var desk = Desk()
        while true {
            take(until: desk.idle(pause, isReady: hasDefinitions), &desk)
            if !desk.stops.isEmpty { return end(desk.stops) }
            if isStopping { continue }
            do {
                try turn(&desk)
                desk.hasFailed = false
                if !desk.isNew, !desk.isPreparing, desk.prepared == nil { state.withLock { $0.phase = .ready } }
            } catch {
                if isStopping { continue }
                let words = "\(error)"
                let isFirst = state.withLock { state in
                    let isFirst = state.phase != .failed(words)
                    state.phase = .failed(words)
                    return isFirst
                }
                if isFirst { logger.error("audiences cannot be worked out, and are tried again", metadata: ["reason": "\(words)"]) }
                desk.hasFailed = true
                desk.nextSweep = .now() + .seconds(1)
            }
        }
    }

    private func take(until deadline: DispatchTime, _ desk: inout Desk) {
        for message in box.take(until: deadline) {
            switch message {
            case .touched(.now(let customers)):
                desk.touched += customers
                desk.early?.formUnion(customers)
            case .touched(.regrouped(let customers)): desk.touched += desk.history.hold(regrouped: customers, pipeline.people)
            case .touched(.parted(let customers)): desk.history.add(customers)
            case .touched(.longAgo(let customers, let body)): desk.history.add(customers, body: body)
            case .definitions: desk.isNew = true
            case .prepared(let result): (desk.isPreparing, desk.prepared) = (false, result)
            case .fitted(let models, let everybody):
                desk.isPreparing = false
                use(models, everybody)
            case .stop(let done): desk.stops.append(done)
            }
        }
    }

    private func turn(_ desk: inout Desk) throws {
        try define(&desk)
        renew()
        if hasDefinitions, !desk.history.isEmpty, .now() >= desk.history.due(after: pause) {
            try settleHistory(desk.history)
            desk.touched += desk.history.acted
            desk.history = History()
            desk.nextSweep = .now()
        }
        desk.history.hold(&desk.touched)
        let touched = desk.touched
        desk.touched = []
        if touched.count > Self.mostTouched { desk.nextSweep = .now() } else { try look(at: touched) }
        // While history pours in, who stands where among everybody is of no use.
        if .now() >= desk.nextEverybody, desk.history.isEmpty {
            learnEverybody()
            desk.nextEverybody = .now() + .milliseconds(Self.everybodyPause)
        }
        if .now() >= desk.nextSweep {
            if let (changes, inForce) = sweep() {
                // What was being concluded meanwhile was seen in part: when it is history, whom it concerns waits to be found.
                waitForGroup()
                try suggest(changes, inForce, &desk)
            }
            desk.nextSweep = .now() + .milliseconds(pause)
        }
    }

    /// Begins to prepare new definitions, puts to work what is prepared, or fits the models again when it is time.
    private func define(_ desk: inout Desk) throws {
        if desk.isNew, !desk.isPreparing {
            (desk.isNew, desk.isPreparing, desk.prepared) = (false, true, nil)
            if !prepare(looksBack: desk.early != nil) { desk.isPreparing = false }
        }
        if let result = desk.prepared.take() {
            // What cannot be put to work now is prepared again.
            desk.isNew = true
            let new = try result.get()
            if let history = new.history, let early = desk.early {
                desk.history.join(history)
                desk.history.act(early)
                desk.early = nil
            }
            try putToWork(new, after: desk.history)
            desk.fitted = new.interactions
            desk.isNew = false
            desk.touched += desk.history.acted
            desk.history = History()
            desk.nextFit = .now() + .milliseconds(Self.fitPause)
            desk.nextEverybody = .now()
            desk.nextSweep = .now()
        }
        // What was learned of a few, as at the beginning of an import, is learned again of half as many more.
        let interactions = pipeline.timeline.interactions
        if .now() >= desk.nextFit || 2 * interactions > 3 * desk.fitted, hasDefinitions, hasModels, !desk.isPreparing {
            desk.isPreparing = true
            desk.fitted = interactions
            fitAgain()
            desk.nextFit = .now() + .milliseconds(Self.fitPause)
        }
    }

    private func end(_ stops: [CheckedContinuation<Void, Never>]) {
        var all = stops
        for case .stop(let other) in box.close() { all.append(other) }
        for done in all { done.resume() }
    }

    /// Waits until what the pipeline is at is concluded, and told.
    private func waitForGroup() {
        let body = pipeline.body
        while !isStopping, pipeline.body == body, body < ledger.newestBody { usleep(1_000) }
    }

    /// What was suggested before the last stop stands in the ledger: it is concluded before anything is suggested again.
    private func catchUp() {
        let newest = ledger.newestBody
        while !isStopping, pipeline.body < newest { usleep(20_000) }
    }

    // MARK: Definitions

    /// A name that nothing had before may be one that a formula asks for.
    private func renew() {
        guard let now = state.withLock({ $0.inForce }), now.isOutOfDate(pipeline),
            let bound = try? bind(now.program, now.bound.binding.selectors, now.bound.binding.zone)
        else { return }
        let renewed = InForce(now.company, now.program, bound)
        state.withLock { $0.inForce = renewed }
    }

    /// Writes a command and waits until it is concluded.
    func perform(_ command: Command) throws {
        let (pipeline, randomness) = (pipeline, randomness)
        _ = try wait { try await pipeline.perform(command, randomness: randomness) }
        if isStopping { throw CancellationError() }
    }

    // MARK: Working out

    /// Looks at whoever something happened to.
    /// - Parameter counted: Of whom the sizes know already what they will be.
    private func look(at touched: [UInt32], counted: Set<UInt32> = []) throws {
        guard !touched.isEmpty, let (inForce, everybody) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return }
        let roots = Set(pipeline.people.roots(touched))
        let parts = pipeline.timeline
        let tables = membership.now
        let sets = inForce.sets(tables)
        var evaluator = Evaluator(inForce.bound, everybody)
        evaluator.set(now: UInt32(clamping: clock.now.seconds))
        var changes: [Change] = []
        var members: [UInt32] = []
        for root in roots where !parts.isHidden(root) {
            let kinds = pipeline.people.known(of: root, &members)
            evaluator.evaluate(parts, members, identifiers: kinds)
            inForce.changes(of: members[0], evaluator.values, tables, sets.audiences, sets.stages, into: &changes)
        }
        try suggest(changes, inForce)
        count(counted.isEmpty ? changes : changes.filter { !counted.contains($0.customer) })
    }

    /// Looks at everybody: what has changed; nil while nothing is in force.
    private func sweep() -> ([Change], InForce)? {
        guard let (inForce, everybody) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return nil }
        let begun = DispatchTime.now()
        let tables = membership.now
        let sets = inForce.sets(tables)
        struct Part {
            var changes: [Change] = []
            var people = 0
            var audiences: [Int]
            var stages: [Int]
        }
        let found = Sweep.run(
            inForce.bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: clock.now.seconds),
            make: { Part(audiences: Array(repeating: 0, count: inForce.audiences.count), stages: Array(repeating: 0, count: inForce.stages.count)) },
            { root, values, part in
                part.people += 1
                for (i, audience) in inForce.audiences.enumerated() where values[audience.slot] == 1 { part.audiences[i] += 1 }
                if let stage = inForce.stage { part.stages[Int(values[stage])] += 1 }
                inForce.changes(of: root, values, tables, sets.audiences, sets.stages, into: &part.changes)
            })
        var sizes: [String: Int] = [:]
        for (i, audience) in inForce.audiences.enumerated() { sizes[audience.set] = found.reduce(0) { $0 + $1.audiences[i] } }
        for (i, stage) in inForce.stages.enumerated() { sizes[stage] = found.reduce(0) { $0 + $1.stages[i] } }
        let took = Double(DispatchTime.now().uptimeNanoseconds - begun.uptimeNanoseconds) / 1e6
        let now = clock.now
        state.withLock {
            $0.sizes = sizes
            $0.people = found.reduce(0) { $0 + $1.people }
            $0.sweptAt = now
            $0.sweepMilliseconds = took
        }
        return (found.flatMap(\.changes), inForce)
    }

    /// Writes what a sweep found. After a flood that is much: in between it looks at whoever something happens to, so that nobody waits for
    /// all of it, and what was found of them before is of no use any more.
    private func suggest(_ changes: [Change], _ inForce: InForce, _ desk: inout Desk) throws {
        let people = pipeline.people
        let counted = Set(changes.map(\.customer))
        // Who did something or has history, so what the sweep found of them is of no use.
        var passed: Set<UInt32> = []
        var known = 0
        var rest = changes[...]
        while !rest.isEmpty {
            if isStopping { throw CancellationError() }
            take(until: .now(), &desk)
            desk.history.hold(&desk.touched)
            let touched = desk.touched
            desk.touched = []
            passed.formUnion(people.roots(touched))
            try look(at: touched, counted: counted)
            if desk.history.customers.count != known {
                known = desk.history.customers.count
                passed.formUnion(people.roots(Array(desk.history.customers)))
            }
            // Who has become one with somebody was looked at as that one.
            let here = rest.prefix(Self.batch).filter { !passed.contains($0.customer) && people.root($0.customer) == $0.customer }
            rest = rest.dropFirst(Self.batch)
            try suggest(here, inForce)
        }
    }

    /// Writes changes into the ledger and waits until they are concluded, so that none is suggested twice.
    private func suggest(_ changes: [Change], _ inForce: InForce) throws {
        var rest = changes[...]
        while !rest.isEmpty {
            let here = rest.prefix(Self.batch)
            rest = rest.dropFirst(here.count)
            let now = clock.now
            var batch = Batch()
            for change in here {
                change.append(to: &batch, at: now, noticed: now, key: ledger.key, randomness: randomness)
            }
            let made = batch
            let (ledger, pipeline) = (ledger, pipeline)
            let position = try wait { try await ledger.append(made) }
            while try !wait({ await pipeline.wait(for: position.body, atMost: 5) }) { if isStopping { throw CancellationError() } }
        }
    }

    /// Sizes between two sweeps.
    private func count(_ changes: [Change]) {
        state.withLock { state in
            for change in changes {
                switch change.what {
                case .entered(let key, _): state.sizes["audience/\(key)", default: 0] += 1
                case .left(let key, _): state.sizes["audience/\(key)", default: 0] -= 1
                case .moved(let from, let to):
                    if let from { state.sizes["lifecycle/\(from)", default: 0] -= 1 }
                    if let to { state.sizes["lifecycle/\(to)", default: 0] += 1 }
                }
            }
        }
    }

    // MARK: Everybody

    private func learnEverybody() {
        guard let (inForce, before) = state.withLock({ s in s.inForce.map { ($0, s.everybody) } }), !inForce.program.ranked.isEmpty else { return }
        let new = ranks(of: inForce, before)
        state.withLock { $0.everybody = new }
    }

    /// How the values of metrics are spread. A metric that depends on the rank in another is worked out with what is known of that one,
    /// so it is done as often as they lead to each other at most.
    func ranks(of inForce: InForce, _ before: Everybody) -> Everybody {
        var everybody = before
        let ranked = inForce.program.ranked
        for _ in 0..<(before.values.isEmpty ? min(3, ranked.count) : 1) {
            let found = Sweep.run(
                inForce.bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: clock.now.seconds),
                make: { [[Double]](repeating: [], count: ranked.count) },
                { _, values, out in for (i, slot) in ranked.enumerated() where !values[slot].isNaN { out[i].append(values[slot]) } })
            for (i, slot) in ranked.enumerated() {
                guard case .metric(let key) = inForce.program.slots[slot].name else { continue }
                everybody.values[key] = found.flatMap { $0[i] }.sorted()
            }
        }
        return everybody
    }
}
