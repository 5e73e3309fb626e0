import Access
import Audiences
import Audit
import Collect
import Consent
import Customers
import Definitions
import Delivery
import Formula
import Foundation
import Identity
import Kernel
import Ledger
import Logging
import Notes
import Pipeline
import ServiceLifecycle
import Store
import Synchronization
import Timeline
import Web

/// An open data folder: every part of the house, put together once. The composition root.
final class Installation: Sendable {
    let folder: DataFolder
    /// By which host it is reached; nil for the main folder.
    let host: String?
    let settings: Settings
    let ledger: Ledger
    let store: Store
    let pipeline: Pipeline
    let customers: Customers
    /// People, keys, tokens and the audit log, which follow from nothing else.
    let accessStore: Store
    let access: Access
    let staff: Staff
    let audit: Audit
    let notes: Notes
    let consents: Consents
    let audiences: Audiences
    let engine: AudienceEngine
    private let traits: TraitKeys
    let webhooks: Webhooks
    let backups: BackupKeeper
    let live: Live
    let clock: Clock
    let randomness: Randomness
    let logger: Logger
    /// By the definitions in force.
    private let following: Mutex<Following>
    private let limits: Limits
    private let lock: FolderLock

    /// Opens a locked folder; from then on the lock is its own, until it is closed. Whatever a backup left to do is done first.
    ///
    /// Returns when reads are right as of what was concluded before; what the ledger has beyond it is caught up meanwhile.
    init(_ workspace: LockedWorkspace, logger: Logger) async throws {
        folder = workspace.lock.folder
        host = workspace.host
        lock = workspace.lock
        let settings = workspace.settings
        self.settings = settings
        self.logger = logger
        clock = SystemClock.clock
        randomness = SystemRandomness.randomness
        let folder = folder
        try await Self.finishRestoration(folder, now: clock.now, logger)
        try Self.check(folder)
        var options = Ledger.Options()
        options.queueBytes = settings[Known.queueBytes]
        options.quarantineItems = settings[Known.quarantineItems]
        let ledger = try Ledger(path: folder.ledger, options: options, randomness: randomness, clock: clock)
        self.ledger = ledger
        if try Self.forgetOlderState(folder) {
            logger.notice("this version keeps more than the one before: what follows from the ledger is worked out again")
        }
        store = try Store(path: folder.state, migrations: Self.migrations, readers: settings[Known.readers])
        accessStore = try Store(path: folder.access, migrations: Self.accessMigrations, isDurable: true)
        let access = try Access(store: accessStore, clock: clock, randomness: randomness)
        self.access = access
        staff = try Staff(store: accessStore, clock: clock, randomness: randomness)
        let audit = try Audit(store: accessStore)
        self.audit = audit
        var pipelineOptions = Pipeline.Options(clock: clock, rules: CompanyDefinitions.identity)
        pipelineOptions.window = UInt32(clamping: settings[Known.dedupeWindow] / 1000)
        pipelineOptions.consent = { Consents.reading($0, $1, ledger.vocabulary) }
        let membership = Membership()
        let traits = TraitKeys()
        self.traits = traits
        let webhookReaction = WebhookReaction(Outbox(channel: WebhookDefinition.kind), OutboxNews(), clock: clock)
        pipeline = try await Pipeline(
            .init(ledger: ledger, store: store, timeline: folder.timeline),
            reactions: Self.reactions(ledger, traits, membership) + [webhookReaction], options: pipelineOptions, logger: logger)
        backups = BackupKeeper(
            .init(
                data: folder, ledger: ledger, pipeline: pipeline, store: store, accessStore: accessStore, audit: audit,
                installation: try Access.installation(of: accessStore) ?? "",
                clock: clock, logger: logger), settings)
        let customers = Customers(
            store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: clock, sourceName: { access.name(ofSource: $0) })
        self.customers = customers
        notes = Notes(store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: clock)
        consents = Consents(store: store, ledger: ledger, pipeline: pipeline, randomness: randomness, clock: clock)
        engine = AudienceEngine(
            ledger: ledger, store: store, pipeline: pipeline, membership: membership, randomness: randomness, clock: clock, logger: logger,
            company: Self.formulas(of: pipeline))
        audiences = Audiences(store: store, engine: engine)
        webhooks = Webhooks(
            try .init(
                customers, in: store, ledger, pipeline, WebhookSecrets(store: accessStore, randomness: randomness), webhookReaction,
                Reach(allowed: settings[Known.deliveryNetworks]), access, logger))
        live = Live(pipeline) {
            try customers.newest(after: $0, upTo: $1, limit: $2)
        } name: {
            try customers.name(of: $0)
        }
        limits = try Known.limits(settings)
        following = Mutex(try Following(pipeline.definitions, ledger, limits, randomness))
        pipeline.onDefinitions { [weak self] _ in
            self?.follow()
            self?.engine.reload()
        }
        // What came into force before it listened.
        follow()
        try await settleOrClose()
    }

    private func settleOrClose() async throws {
        do {
            try await settle()
        } catch {
            await close()
            throw error
        }
    }

    /// What formulas are in force. They were checked when they came into force, so that every name in them is taken.
    private static func formulas(of pipeline: Pipeline) -> @Sendable () -> (company: Company, zone: Formula.Zone) {
        {
            let blueprint = CompanyDefinitions.blueprint(pipeline.definitions)
            var known = CompanyDefinitions.known(blueprint, .init())
            known.takesAllNames = true
            return (Company(blueprint, known), Formula.Zone(named: blueprint.definition(WorkspaceDefinition.self).timeZone) ?? .utc)
        }
    }

    private static func finishRestoration(_ folder: DataFolder, now: Instant, _ logger: Logger) async throws {
        if let restored = try await Restoration.complete(in: folder, now: now, carry: { try await CarryOver.from(folder, into: $0) }) {
            for line in restored.sentences(folder) { logger.notice("\(line)") }
        }
        for name in folder.replaced {
            logger.notice("who is erased stays in what a backup replaced: remove it when it is needed no more", metadata: ["folder": "\(name)"])
        }
    }

    /// What the capabilities do when something happened, each in its turn.
    private static func reactions(_ ledger: Ledger, _ traits: TraitKeys, _ membership: Membership) -> [any Reaction] {
        [
            ArrivalsReaction(), CustomersReaction(keys: traits), NotesReaction(), ConsentReaction { ledger.vocabulary },
            MembershipReaction(membership),
        ]
    }
    /// All tables of `state.db`.
    static let migrations =
        Identity.migrations + Pipeline.migrations + ArrivalsReaction().migrations + CustomersReaction().migrations + NotesReaction().migrations
        + Consents.migrations + Audiences.migrations + Outbox.migrations
    /// All tables of `access.db`.
    static let accessMigrations = Access.migrations + Staff.migrations + Audit.migrations + WebhookSecrets.migrations

    /// New tables of what follows from the ledger would miss all that was concluded before them, so it is concluded again.
    private static func forgetOlderState(_ folder: DataFolder) throws -> Bool {
        guard try Store.isOlder(folder.state, than: migrations) else { return false }
        for path in [folder.state, folder.state + "-wal", folder.state + "-shm", folder.timeline]
        where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
        return true
    }

    /// What a newer version wrote is refused before anything is opened: to be half opened would be the worst.
    private static func check(_ folder: DataFolder) throws {
        try LedgerFile.check(path: folder.ledger)
        try Store.check(path: folder.state, migrations: migrations)
        try Store.check(path: folder.access, migrations: accessMigrations)
    }

    /// After a restoration: returns when everybody is out of sight who was erased since the backup was made. What they said
    /// is taken out of the files too, now or, when that does not work, in the background.
    private func settle() async throws {
        guard var restored = Restored(in: folder.path), !restored.settled else { return }
        let newest = ledger.newestBody
        while await !pipeline.wait(for: newest) {
            if let trouble = pipeline.status.trouble { throw RestorationProblem.notErased(reason: trouble) }
        }
        do {
            try await customers.finishErasures()
        } catch {
            logger.warning("what erased customers said is not yet out of the files, and is taken out later", metadata: ["reason": "\(error)"])
        }
        restored.settled = true
        try restored.write(in: folder.path)
    }

    /// What follows from the definitions in force.
    private struct Following: Sendable {
        var collector: Collector
        var company: WorkspaceDefinition
        var privacy: Privacy

        init(_ definitions: [String: String], _ ledger: Ledger, _ limits: Limits, _ randomness: Randomness) throws {
            let vocabulary = ledger.vocabulary
            collector = try Collector(
                identity: CompanyDefinitions.identity(definitions, vocabulary), channels: CompanyDefinitions.channels(definitions),
                vocabulary: vocabulary, limits: limits, fingerprints: ledger.key, randomness: randomness,
                values: CompanyDefinitions.values(definitions))
            company = CompanyDefinitions.workspace(definitions)
            privacy = Privacy(CompanyDefinitions.privacy(definitions))
        }
    }

    /// What arrives from now on is judged by these definitions.
    /// Reads the definitions within the lock, so that no older ones are taken after newer ones.
    private func follow() {
        do {
            try following.withLock { $0 = try Following(pipeline.definitions, ledger, limits, randomness) }
        } catch {
            // They were checked before they stood in the ledger, so this is a mistake of ours. What was in force stays.
            logger.error("definitions cannot be followed", metadata: ["error": "\(error)"])
        }
    }

    var collector: Collector { following.withLock { $0.collector } }
    /// How long interactions are kept, by the definitions in force at the time of asking.
    var retention: @Sendable () -> RetentionPolicy {
        let pipeline = pipeline
        return { RetentionPolicy(definitions: pipeline.definitions, names: pipeline.names.all) }
    }
    var company: WorkspaceDefinition { following.withLock { $0.company } }

    /// The pages for people.
    /// - Throws: ``ResourceProblem`` when their templates are not where they should be.
    func console(_ services: Services) throws -> Console {
        let resources = try Resources.find(folder: settings[Known.resources], executable: "/proc/self/exe")
        let workspace: @Sendable () -> Workspace = { [self] in
            let company = company
            return Workspace(
                name: company.name, timeZone: company.timeZone, orders: Set(company.orders), currency: company.currency, accent: company.accent)
        }
        return Console(services: ConsoleServices(services, workspace: workspace, randomness: randomness, logger: logger), resources: resources)
    }

    /// What the main workspace is called in logs, where the others have their hosts.
    static let mainName = "main"

    /// What answers for this folder.
    /// - Parameters:
    ///   - pages: Where its pages are found; nil for a server without pages.
    ///   - accessLog: Where its requests are written down; nil for nowhere.
    ///   - stop: See ``services(stop:)``.
    func site(
        _ forwarding: Forwarding, pages: PageAddress?, accessLog: AccessLog?, stop: @escaping @Sendable (ServerEnd) -> Void
    ) throws -> Site {
        var own = Site.Settings()
        own.forwarding = forwarding
        if case .string(let name)? = logger[metadataKey: "workspace"] { own.name = name }
        own.socket = folder.socket
        let origins = settings[Known.origins]
        own.origins = origins.contains("*") ? nil : Set(origins)
        if let accessLog { own.accessLog = { accessLog.write($0) } }
        var services = services(stop: stop)
        if let pages { services.address = { [host] in pages.of(host) } }
        return Site(services, own, console: pages == nil ? nil : try console(services))
    }

    /// What the routes need.
    /// - Parameter stop: Ends the server in peace, and starts it again when told to.
    func services(stop: @escaping @Sendable (ServerEnd) -> Void) -> Services {
        var services = Services(
            access: access, staff: staff, audit: audit, collector: { [self] in collector }, ledger: ledger, pipeline: pipeline, customers: customers,
            notes: notes, consents: consents, audiences: audiences, webhooks: webhooks,
            operations: InstallationOperations(installation: self, stop: stop), live: live,
            definitions: DefinitionBook(
                kinds: CompanyDefinitions.kinds { [pipeline, traits, audiences] in
                    .init(events: Set(pipeline.names.all), traits: traits.all, arrives: { audiences.arrives($1, with: $0) })
                },
                shelf: LedgerShelf(pipeline: pipeline, ledger: ledger, randomness: randomness, declared: CompanyDefinitions.declared)), clock: clock,
            version: Version.number)
        services.privacy = { [self] in following.withLock { $0.privacy } }
        services.mostLag = Int64(settings[Known.readyLag])
        return services
    }

    /// What goes on in the background while it is served.
    var services: [any Service] {
        [
            live, AccessKeeping(installation: self), CustomersKeeping(customers: customers, logger: logger, retention: retention),
            AudienceKeeping(engine: engine),
        ]
    }

    /// Closes everything and lets others have the folder. All that was acknowledged is concluded, and on the disk.
    func close() async {
        // Nothing is appended any more: the server has ended. What the ledger has is concluded before the files close.
        await engine.stop()
        await webhooks.stop()
        await pipeline.stop()
        do {
            try access.writeLastUsed()
            try staff.writeSeen()
            try audit.flush()
            try await ledger.checkpoint()
            await ledger.close()
            try store.checkpoint()
            try store.close()
            try accessStore.checkpoint()
            try accessStore.close()
        } catch {
            // What was acknowledged is safe without this: the next start reads it from the files that are left.
            logger.warning("closing was not tidy", metadata: ["error": "\(error)"])
        }
        unlink(folder.socket)
        lock.release()
    }
}

extension Webhooks.Parts {
    /// With the system's clock and randomness.
    fileprivate init(
        _ customers: Customers, in store: Store, _ ledger: Ledger, _ pipeline: Pipeline, _ secrets: WebhookSecrets, _ reaction: WebhookReaction,
        _ reach: Reach, _ access: Access, _ logger: Logger
    ) {
        self.init(
            store: store, ledger: ledger, pipeline: pipeline, customers: customers, secrets: secrets, reaction: reaction, reach: reach,
            clock: SystemClock.clock, randomness: SystemRandomness.randomness, sourceName: { access.name(ofSource: $0) }, version: Version.number,
            logger: logger)
    }
}

/// What keeps a restored folder from being opened.
enum RestorationProblem: Error, Equatable {
    /// Those erased since the backup was made are still to be seen in it. A retry helps once the reason is mended.
    case notErased(reason: String)
}

/// How a server ends.
enum ServerEnd: Sendable, Equatable {
    case stop
    /// Takes its own place: a backup is to be opened.
    case restart
}
