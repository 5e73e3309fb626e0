import Foundation
import Glibc
import Kernel
import Ledger
import Synchronization

// The timeline's folder holds one snapshot: `snapshot` (a line of text, its name), and `NAME.columns`, `NAME.seen` and
// `NAME.marked` beside it. A name is the newest ledger body in the snapshot, and `-1`, `-2`… when there is another of that body:
// files that are mapped are never written again. A new snapshot's files are written and synced before `snapshot` is replaced by
// renaming, so a crash leaves the old one or the new one. Anything missing or damaged: all is rebuilt from the ledger.

/// Per customer, sorted by time, what happened: an immutable base in mapped files and what came since in memory, merged
/// in the background.
package final class Timeline: Sendable {
    private struct Job: Sendable {
        var parts: Parts
        var position: Int64
        var customers: Int
        /// Marks of new selectors, to be merged with those that are there.
        var filling: Filling?
        /// Selectors whose marks are left out.
        var dropped: Set<UInt16>
    }
    /// The least number of marks that are worth a merge; a sixteenth of the base when that is more, so that merging costs
    /// each mark the same however many there are.
    package static let leastMerge = 1 << 20

    private let directory: String
    private let window: UInt32
    private let parts: Mutex<Parts>
    private let jobs = Mailbox<Job?>()
    private let merging = Atomic<Bool>(false)
    private let trouble = Mutex<String?>(nil)
    private let mergeAt: Int?
    private let closed = Atomic<Bool>(false)
    /// Whether marks wait to be left out for good.
    private let isDue = Atomic<Bool>(false)
    /// The newest ledger body in the snapshot found at the start; 0 when there was none.
    package let snapshotBody: Int64

    /// - Parameters:
    ///   - concluded: the newest body that is concluded. A snapshot of more than that is not used: the state was lost, and
    ///     what it concludes anew may differ.
    ///   - window: seconds for which messages are remembered.
    ///   - hidden: raw customers that were erased.
    ///   - expired: which marks are gone, by the number of their name, in the order in which it was said.
    ///   - expiredSelected: the same by the number of a selector.
    ///   - mergeAt: marks after which a merge starts, instead of ``leastMerge`` and its rule.
    package init(
        directory: String, concluded: Int64, window: UInt32, hidden: Set<UInt32> = [], expired: [[UInt16: ExpiryRule]] = [],
        expiredSelected: [[UInt16: ExpiryRule]] = [], mergeAt: Int? = nil
    )
        throws
    {
        self.directory = directory
        self.window = window
        self.mergeAt = mergeAt
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var base: Base?
        var seen: SeenBase?
        var marked: Base?
        var body: Int64 = 0
        var kept: [String] = []
        if let name = try? String(contentsOfFile: directory + "/snapshot", encoding: .utf8),
            let found = Int64(name.prefix { $0 != "-" }), found <= concluded
        {
            base = Base(file: "\(directory)/\(name).columns")
            seen = SeenBase(file: "\(directory)/\(name).seen")
            marked = Base(file: "\(directory)/\(name).marked")
            if base != nil && seen != nil && marked != nil { (body, kept) = (found, ["snapshot", name + "."]) }
        }
        if body == 0 {
            // What is not used must not come to be used later, when the state has passed it on another way.
            unlink(directory + "/snapshot")
            base = nil
            seen = nil
            marked = nil
        }
        snapshotBody = body
        // What was being merged or filled in when the program ended is of no use.
        Self.clean(directory, keeping: kept)
        let found = base ?? .empty()
        let expiry = expired.reduce(Expiry()) { $0.adding($1) }.without(upTo: body)
        parts = Mutex(
            Parts(
                base: found, frozen: nil, active: Delta(), seenBase: seen, seenFrozen: nil, seenActive: SeenDelta(), hidden: hidden, expiry: expiry,
                expired: Parts.expired(found, [], expiry, hidden),
                marked: Marked(
                    base: marked ?? .empty(), frozen: nil, active: Delta(),
                    expiry: expiredSelected.reduce(Expiry()) { $0.adding($1) }.without(upTo: body))))
        isDue.store(!expiry.isEmpty, ordering: .relaxed)
        startThread("merge", isPatient: true) { [self] in work() }
    }

    package var current: Parts { parts.withLock { $0 } }
    package var isMerging: Bool { merging.load(ordering: .acquiring) }
    /// Why the last merge failed; nil when it did not. It is tried again, and nothing is lost meanwhile.
    package var unwritable: String? { trouble.withLock { $0 } }

    package func shouldMerge(_ p: Parts) -> Bool {
        if isMerging { return false }
        return isDue.load(ordering: .relaxed)
            || max(p.active.count, p.marked.active.count) >= min(mergeAt ?? max(Self.leastMerge, p.base.marks / 16), Delta.capacity / 2)
    }

    /// Called by the pipeline between two groups, when everything up to `body` is concluded and saved: swaps in an empty
    /// delta and lets the merge thread do the rest.
    /// - Parameters:
    ///   - filling: Marks of new selectors up to the body at which they began to be marked: in the snapshot when the merge is done.
    ///   - dropped: Selectors that nobody asks for any more: nothing is kept of them.
    package func freeze(body: Int64, customers: Int, filling: Filling? = nil, dropped: Set<UInt16> = []) {
        guard !isMerging, !closed.load(ordering: .acquiring) else { return }
        merging.store(true, ordering: .releasing)
        isDue.store(false, ordering: .relaxed)
        let now = parts.withLock { p in
            p = Parts(
                base: p.base, frozen: p.active, active: Delta(), seenBase: p.seenBase, seenFrozen: p.seenActive, seenActive: SeenDelta(),
                hidden: p.hidden, expiry: p.expiry, expired: p.expired, marked: p.marked.freezing())
            return p
        }
        jobs.send(Job(parts: now, position: body, customers: customers, filling: filling, dropped: dropped))
    }

    /// Hides erased raw customers from readers from now on.
    package func hide(_ customers: [UInt32]) {
        parts.withLock { $0 = $0.with(hidden: $0.hidden.union(customers), $0.expiry, $0.marked.expiry) }
    }

    /// Hides marks from readers from now on, and has them left out for good as soon as may be. The pipeline alone calls this.
    /// - Parameters:
    ///   - rules: by the number of a name.
    ///   - selected: by the number of a selector.
    package func expire(_ rules: [UInt16: ExpiryRule], selected: [UInt16: ExpiryRule]) {
        parts.withLock { $0 = $0.with(hidden: $0.hidden, $0.expiry.adding(rules), $0.marked.expiry.adding(selected)) }
        isDue.store(true, ordering: .relaxed)
    }

    /// Ends the merge thread after what it is at.
    package func close() {
        closed.store(true, ordering: .releasing)
        jobs.send(nil)
    }

    // MARK: The merge thread

    private func work() {
        while true {
            for job in jobs.take() {
                guard let job else { return }
                while true {
                    do throws(TimelineProblem) {
                        try merge(job)
                        trouble.withLock { $0 = nil }
                        break
                    } catch {
                        // Tried again until it works or the timeline is closed: what came since is in memory meanwhile, and
                        // the pipeline waits when that is full.
                        if case .unwritable(let words) = error { trouble.withLock { $0 = words } }
                        clean(keeping: nil)
                        if closed.load(ordering: .acquiring) { break }
                        sleep(1)
                    }
                }
                merging.store(false, ordering: .releasing)
            }
        }
    }

    private func merge(_ job: Job) throws(TimelineProblem) {
        guard let delta = job.parts.frozen, let seenDelta = job.parts.seenFrozen else { return }
        let name = unusedName(job.position)
        let path = "\(directory)/\(name)"
        let hidden = job.parts.hidden
        try Base.merge(job.parts.base, delta, customers: job.customers, hidden: hidden, expiry: job.parts.expiry, to: path + ".columns")
        try SeenBase.merge(job.parts.seenBase, seenDelta, oldest: seenDelta.newest > window ? seenDelta.newest - window : 0, to: path + ".seen")
        try mergeMarked(job, path)
        try replaceSnapshot(name)
        guard let base = Base(file: path + ".columns"), let seen = SeenBase(file: path + ".seen"), let marked = Base(file: path + ".marked") else {
            throw .unwritable("\(path): cannot be read back")
        }
        parts.withLock { p in
            let expiry = p.expiry.without(upTo: job.position)
            p = Parts(
                base: base, frozen: nil, active: p.active, seenBase: seen, seenFrozen: nil, seenActive: p.seenActive, hidden: p.hidden,
                expiry: expiry, expired: Parts.expired(base, [p.active], expiry, p.hidden),
                marked: Marked(base: marked, frozen: nil, active: p.marked.active, expiry: p.marked.expiry.without(upTo: job.position)))
        }
        clean(keeping: name)
    }

    /// Removes what a merge left behind, but for the snapshot in force and what is being filled in.
    private func clean(keeping name: String?) {
        let name = name ?? (try? String(contentsOfFile: directory + "/snapshot", encoding: .utf8)) ?? ""
        Self.clean(directory, keeping: ["snapshot", name + ".", Filling.prefix])
    }

    /// A name for a snapshot of that body which no file has.
    private func unusedName(_ body: Int64) -> String {
        var name = "\(body)"
        var copy = 0
        while access("\(directory)/\(name).columns", F_OK) == 0 {
            copy += 1
            name = "\(body)-\(copy)"
        }
        return name
    }

    private func mergeMarked(_ job: Job, _ path: String) throws(TimelineProblem) {
        let old = job.parts.marked
        guard let delta = old.frozen else { return }
        var base = old.base
        if let filling = job.filling {
            try Base.join(base, filling.base, customers: job.customers, to: path + ".joined")
            guard let joined = Base(file: path + ".joined") else { throw .unwritable("\(path).joined: cannot be read back") }
            base = joined
        }
        try Base.merge(
            base, delta, customers: job.customers, hidden: job.parts.hidden, expiry: old.expiry.dropping(job.dropped), to: path + ".marked")
        unlink(path + ".joined")
    }

    /// Removes the files that begin otherwise; readers that still map them keep them.
    private static func clean(_ directory: String, keeping prefixes: [String]) {
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] where !prefixes.contains(where: file.hasPrefix) {
            unlink("\(directory)/\(file)")
        }
    }

    /// Write, sync, rename, sync the folder.
    private func replaceSnapshot(_ text: String) throws(TimelineProblem) {
        let path = directory + "/snapshot"
        let fd = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw .unwritable(String(cString: strerror(errno))) }
        let written = text.withCString { Glibc.write(fd, $0, strlen($0)) }
        let synced = fsync(fd)
        Glibc.close(fd)
        guard written == text.utf8.count, synced == 0, rename(path + ".new", path) == 0 else { throw .unwritable(String(cString: strerror(errno))) }
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        fsync(folder)
        Glibc.close(folder)
    }
}

extension Parts {
    fileprivate func with(hidden: Set<UInt32>, _ expiry: Expiry, _ markedExpiry: Expiry) -> Parts {
        var marked = marked
        marked.expiry = markedExpiry
        return Parts(
            base: base, frozen: frozen, active: active, seenBase: seenBase, seenFrozen: seenFrozen, seenActive: seenActive, hidden: hidden,
            expiry: expiry, expired: Parts.expired(base, [frozen, active].compactMap { $0 }, expiry, hidden), marked: marked)
    }
}
