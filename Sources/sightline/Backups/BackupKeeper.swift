import Access
import Audit
import Foundation
import Kernel
import Ledger
import Logging
import Pipeline
import ServiceLifecycle
import Store
import Synchronization
import Web

/// Makes backups: when somebody asks, and by itself when their time has come. Tests each, and removes what is not kept any more.
///
/// One at a time, whoever asks. A time that passed while the machine was off is made up for at the start.
final class BackupKeeper: Service {
    /// What is copied, and what tells of it.
    struct Parts: Sendable {
        var data: DataFolder
        var ledger: Ledger
        var pipeline: Pipeline
        var store: Store
        var accessStore: Store
        var audit: Audit
        /// The installation's id.
        var installation: String
        var clock: Clock
        var logger: Logger
    }

    /// A backup, and what its test restore found.
    struct Made: Sendable {
        var path: String
        var manifest: BackupManifest
        var check: BackupCheck
    }

    private struct State {
        var work: (work: BackupWork, since: Instant)?
        /// Somebody wants one now, and does not wait for it.
        var isAsked = false
        var failure: BackupsOverview.Failure?
        var failures = 0
        var lastSound: Instant?
        /// When the next is made by itself.
        var due: Instant?
    }

    /// How soon a backup that failed is tried again, in milliseconds, when the next would not be due sooner anyway.
    static let again: Int64 = 600_000
    /// Seconds that conclusions are waited for before a backup; after that it is made all the same. Shorter than a server's end may take.
    private static let patience = 4.0
    private static let pause = Duration.milliseconds(200)

    /// Where backups are made by themselves; nil for nowhere.
    let shelf: BackupShelf?
    private let every: Int64
    private let retention: Retention
    private let parts: Parts
    private let state = Mutex(State())

    init(_ parts: Parts, _ settings: Settings) {
        self.parts = parts
        shelf = settings[Known.backupFolder].map { BackupShelf(path: DataFolder($0).path, installation: parts.installation) }
        every = Int64(settings[Known.backupEvery])
        retention = Retention(all: Int64(settings[Known.backupKeep]), weeks: settings[Known.backupKeepWeeks])
        look()
    }

    // MARK: Asked for

    /// Makes a backup and tests it.
    /// - Parameter folder: A new folder; nil for one among those that are made by themselves.
    /// - Throws: ``BackupProblem``; `CancellationError` when the server ends meanwhile.
    func make(in folder: String? = nil) async throws -> Made {
        let now = parts.clock.now
        guard let path = folder ?? shelf.map({ $0.path + "/" + BackupName.of(now, $0.installation) }) else { throw BackupProblem.nowhere }
        let work = BackupWork()
        let isFree = state.withLock { state in
            guard state.work == nil else { return false }
            state.work = (work, now)
            return true
        }
        guard isFree else { throw BackupProblem.busy }
        defer { state.withLock { $0.work = nil } }
        do {
            // The state is copied first: what it has not concluded yet, the backup's customers would lack until it is opened.
            _ = await parts.pipeline.wait(for: parts.ledger.newestBody, atMost: Self.patience)
            try work.check()
            let made = try await Self.apart(work) { [self] in try make(path, now, work, isShelved: folder == nil) }
            if folder == nil { finished(made) }
            return made
        } catch {
            if folder == nil, !(error is CancellationError) { failed(Failure.sentence(error)) }
            throw error
        }
    }

    /// Begins a backup soon, when the service runs. Asking again before it began asks once.
    /// - Throws: ``BackupProblem/nowhere`` and ``BackupProblem/busy``.
    func ask() throws(BackupProblem) {
        guard shelf != nil else { throw .nowhere }
        let isFree = state.withLock { state in
            guard state.work == nil else { return false }
            state.isAsked = true
            return true
        }
        guard isFree else { throw .busy }
    }

    private func make(_ path: String, _ now: Instant, _ work: BackupWork, isShelved: Bool) throws -> Made {
        if isShelved { shelf?.tidy() }
        let parts = parts
        let manifest = try Backup.write(
            to: path, now: now,
            from: .init(
                state: { try parts.store.backup(to: $0) { try work.reached(.copying, $0, of: $1) } },
                access: { try parts.accessStore.backup(to: $0) { _, _ in try work.check() } },
                ledger: { try parts.ledger.backup(to: $0) { try work.reached(.copying, $0, of: $1) } }, installation: parts.installation),
            work: work)
        return Made(path: path, manifest: manifest, check: try TestRestore.run(path, now: parts.clock.now, work: work))
    }

    /// Runs work on a thread of its own; the end of the task that waits for it ends it too.
    private static func apart<R: Sendable>(_ work: BackupWork, _ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { done in
                Thread.detachNewThread { done.resume(with: Result(catching: body)) }
            }
        } onCancel: {
            work.cancel()
        }
    }

    // MARK: By itself

    /// Makes backups when their time has come, until the server ends.
    func run() async {
        await cancelWhenGracefulShutdown { [self] in
            await catchUp()
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.pause)
                let (isAsked, isDue) = state.withLock { state in (state.isAsked, state.due.map { $0 <= parts.clock.now } ?? false) }
                guard !Task.isCancelled, shelf != nil, isAsked || isDue else { continue }
                await attempt(isAsked: isAsked)
            }
        }
    }

    private func attempt(isAsked: Bool) async {
        do {
            let made = try await make()
            state.withLock { $0.isAsked = false }
            if !isAsked { record(.backup, URL(fileURLWithPath: made.path).lastPathComponent, detail: made.check.result.rawValue) }
        } catch BackupProblem.busy {
            // Somebody else's is being made; this one follows it.
        } catch {
            state.withLock { $0.isAsked = false }
        }
    }

    /// Clears away what an end in the middle left behind, and tests what was not tested.
    private func catchUp() async {
        guard let shelf else { return }
        let work = BackupWork()
        let free = state.withLock { state in
            guard state.work == nil else { return false }
            state.work = (work, parts.clock.now)
            return true
        }
        guard free else { return }
        defer { state.withLock { $0.work = nil } }
        let clock = parts.clock
        let found = try? await Self.apart(work) {
            shelf.tidy()
            return try shelf.items().filter { $0.isOurs && $0.check == nil }
                .map { Made(path: $0.path, manifest: $0.manifest, check: try TestRestore.run($0.path, now: clock.now, work: work)) }
        }
        for made in found ?? [] { tell(made) }
        look()
    }

    // MARK: What came of it

    private func finished(_ made: Made) {
        state.withLock { $0.failure = nil }
        tell(made)
        if let shelf {
            for name in shelf.remove(by: retention, now: parts.clock.now) {
                parts.logger.info("a backup is over its time and removed", metadata: ["backup": "\(name)"])
                record(.backupRemoval, name)
            }
        }
        look()
    }

    private func tell(_ made: Made) {
        let name = URL(fileURLWithPath: made.path).lastPathComponent
        guard made.check.result != .sound else {
            return parts.logger.info("a backup was made, and a test restore found it sound", metadata: ["backup": "\(name)"])
        }
        let why = made.check.wrong.joined(separator: " ")
        parts.logger.error("a backup cannot be relied on", metadata: ["backup": "\(name)", "reason": "\(why)"])
        state.withLock { state in
            state.failures += 1
            state.failure = .init(at: made.check.at, reason: "\(name): \(why)")
        }
    }

    private func failed(_ reason: String) {
        parts.logger.error("no backup was made", metadata: ["reason": "\(reason)"])
        let now = parts.clock.now
        state.withLock { state in
            state.failures += 1
            state.failure = .init(at: now, reason: reason)
            state.due = now + min(every, Self.again)
        }
    }

    /// What is done by itself stands in the audit log too.
    private func record(_ action: AuditAction, _ name: String, detail: String = "") {
        do {
            let entry = AuditEntry(at: parts.clock.now, actor: "schedule", name: "Schedule", action: action, subject: name, detail: detail)
            try parts.audit.write(entry)
        } catch {
            parts.logger.warning("what was done with a backup is not in the audit log", metadata: ["backup": "\(name)", "error": "\(error)"])
        }
    }

    /// Looks what there is, and when the next is due.
    private func look() {
        guard let shelf else { return }
        let ours = shelf.items().filter(\.isOurs)
        let now = parts.clock.now
        // A clock that was set back makes no backup wait for the time that it showed.
        let newest = ours.first.map { min($0.manifest.madeAt, now) }
        state.withLock { state in
            state.lastSound = ours.first(where: \.isSound)?.manifest.madeAt
            state.due = newest.map { $0 + every } ?? now
        }
    }

    // MARK: Telling

    var figures: BackupFigures? {
        guard shelf != nil else { return nil }
        return state.withLock { BackupFigures(lastSound: $0.lastSound, failures: $0.failures) }
    }

    var overview: BackupsOverview {
        let state = state.withLock { $0 }
        var overview = BackupsOverview(data: parts.data.path, every: every, keep: retention.all, weeks: retention.weeks)
        overview.folder = shelf?.path
        overview.failure = state.failure
        overview.next = shelf == nil ? nil : state.due
        overview.isAsked = state.isAsked
        overview.running = state.work.map { work in
            let progress = work.work.progress
            return .init(since: work.since, phase: progress.phase.rawValue, done: progress.done, total: progress.total)
        }
        overview.items = (shelf?.items() ?? []).map { item in
            BackupsOverview.Item(
                name: item.name, path: item.path, madeAt: item.manifest.madeAt, bytes: item.manifest.bytes, version: item.manifest.version,
                isOurs: item.isOurs, check: item.check.map(BackupsOverview.Check.init))
        }
        return overview
    }
}

extension BackupsOverview.Check {
    init(_ check: BackupCheck) {
        self.init(
            at: check.at, result: check.result.rawValue, isSound: check.result == .sound, wrong: check.wrong, bodies: check.bodies,
            interactions: check.interactions, customers: check.customers)
    }
}
