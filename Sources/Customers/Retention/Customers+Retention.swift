import GRDB
package import Kernel
import Ledger
package import Logging
package import Pipeline
import Store
import Synchronization
import Timeline

extension Customers {
    /// Bodies read before what was found in them is taken out: 16 MB at most.
    private static let bodiesAtOnce: Int64 = 256
    /// Milliseconds between two such pieces, so that nothing else waits long.
    private static let rest = 5

    /// What there is of every name, and how much of it is due by a policy. Reads the timeline's columns alone: some
    /// nanoseconds an interaction.
    ///
    /// Of names beyond the first 65,000 nothing is told.
    package func retention(_ policy: RetentionPolicy, now: Instant) -> [RetentionFigures] {
        let names = pipeline.names.all
        let cutoffs = names.map { UInt32(clamping: RetentionPolicy.cutoff(policy.keep($0), now) / 1000) }
        var count = [Int](repeating: 0, count: names.count)
        var due = count
        var oldest = [UInt32](repeating: .max, count: names.count)
        func add(_ event: UInt16, _ flags: UInt8, _ second: UInt32) {
            guard Int(event) < names.count, CallType(rawValue: flags >> 4 & 7)?.canExpire == true else { return }
            count[Int(event)] += 1
            if second < cutoffs[Int(event)] { due[Int(event)] += 1 }
            oldest[Int(event)] = min(oldest[Int(event)], second)
        }
        pipeline.timeline.sweep { _, columns, marks in
            for i in marks { add(columns.events[i], columns.flags[i], columns.seconds[i]) }
        } recent: { _, mark in
            add(mark.event, mark.flags, mark.second)
        }
        var found = names.indices.filter { count[$0] > 0 || policy.events[names[$0]] != nil }.map { i in
            RetentionFigures(
                name: names[i], keep: policy.keep(names[i]), isListed: policy.events[names[i]] != nil, interactions: count[i], due: due[i],
                oldest: oldest[i] == .max ? nil : Instant(milliseconds: Int64(oldest[i]) * 1000))
        }
        let known = Set(found.map(\.name))
        for (name, keep) in policy.events where !known.contains(name) {
            found.append(RetentionFigures(name: name, keep: keep, isListed: true, interactions: 0, due: 0, oldest: nil))
        }
        return found.sorted { Self.rank($0) < Self.rank($1) }
    }

    /// What a company keeps for a time of its own stands first, as somebody decided it; then whatever there is most of.
    private static func rank(_ figures: RetentionFigures) -> (Int, Int, String) {
        (figures.isListed && figures.keep != .forever ? 0 : 1, -figures.interactions, figures.name)
    }

    /// Says that what is due is kept no longer: it is out of sight when this returns. What it said is taken out of the ledger's
    /// bodies by ``finishExpiries()``, which the background does too, also after a crash.
    ///
    /// - Returns: how many interactions are due, repeated messages not counted; 0 when nothing was said, as nothing is due.
    /// - Throws: `LedgerProblem`, `PipelineProblem`.
    package func expire(_ policy: RetentionPolicy, by author: String) async throws -> Int {
        guard !policy.keepsEverything else { return 0 }
        let now = clock.now
        let due = retention(policy, now: now).map(\.due).reduce(0, +)
        guard due > 0 else { return 0 }
        let rest = RetentionPolicy.cutoff(policy.everythingElse, now)
        var before = policy.events.mapValues { RetentionPolicy.cutoff($0, now) }
        if rest == 0 { before = before.filter { $0.value > 0 } }
        _ = try await pipeline.perform(.expire(before: before, rest: rest == 0 ? nil : rest, author: author), randomness: randomness)
        tables.forget()
        return due
    }

    /// The newest runs, newest first.
    package func expiries(limit: Int) throws -> [ExpiryRun] { try store.read { try ExpiryRun.read($0, newest: limit) } }

    /// Takes out of the ledger what is kept no longer, and goes on where a crash or a full disk cut it short.
    /// - Returns: how many interactions were taken out, repeated messages among them.
    @discardableResult
    package func finishExpiries() async throws -> Int {
        try await expiring.take {
            var taken = 0
            for run in try store.read(ExpiryRun.readOpen) { taken += try await finish(run) }
            return taken
        }
    }

    private func finish(_ open: ExpiryRun) async throws -> Int {
        var run = open
        while run.body < run.position.body {
            try Task.checkCancellation()
            let from = run.body
            let to = min(from + Self.bodiesAtOnce, run.position.body)
            // Reading what nobody read for long waits for the disk: a shared thread would be missing meanwhile.
            let due = try await withCheckedThrowingContinuation { done in
                startThread("retention") { [self, open] in
                    done.resume(with: Result { try readers.use { try Self.due(open, from, to, $0) } })
                }
            }
            if !due.isEmpty {
                run.interactions += try await ledger.expire(due)
            }
            run.body = to
            let saved = run
            try store.write { try saved.save($0) }
            try await Task.sleep(for: .milliseconds(Self.rest))
        }
        // Only then is nothing left in the WAL of what was taken out.
        try await ledger.checkpoint()
        run.isDone = true
        let saved = run
        try store.writeDurably { try saved.save($0) }
        return run.interactions - open.interactions
    }

    private static func due(_ run: ExpiryRun, _ from: Int64, _ to: Int64, _ reader: LedgerReader) throws -> [Position] {
        var due: [Position] = []
        _ = try reader.bodies(after: from) { id, body in
            guard id <= to else { return false }
            for i in 0..<body.count {
                let position = Position(body: id, index: i)
                guard position < run.position else { return false }
                guard let record = body[i] else { throw LedgerProblem.damaged(body: id) }
                if run.takes(record) { due.append(position) }
            }
            return true
        }
        return due
    }
}

// MARK: The day's sweep

extension Customers {
    /// Milliseconds between two looks at what is due: a day.
    package static let retentionEvery: Int64 = 86_400_000

    /// Looks once a day what is due and takes it out, and finishes what was begun, until the task is cancelled.
    /// - Parameter policy: The one in force.
    package func keepRetention(_ policy: @escaping @Sendable () -> RetentionPolicy, _ logger: Logger) async {
        // A start need not be slowed down by what can wait.
        var patience = 20
        while !Task.isCancelled {
            do {
                patience = max(0, patience - 1)
                if patience == 0, try isRetentionDue() {
                    let due = try await expire(policy(), by: "the daily sweep")
                    looked.withLock { $0 = clock.now }
                    if due > 0 { logger.notice("interactions whose time is over are taken out", metadata: ["interactions": "\(due)"]) }
                }
                try await finishExpiries()
                try await Task.sleep(for: .seconds(1))
            } catch is CancellationError {
                return
            } catch {
                logger.warning("taking out what is kept no longer did not work, and is tried again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: .seconds(60))
            }
        }
    }

    /// When it was last looked what is due; nil when not since the start.
    package var lastRetention: Instant? { looked.withLock { $0 } }

    private func isRetentionDue() throws -> Bool {
        let last = try looked.withLock { $0 } ?? expiries(limit: 1).first?.at
        return last.map { clock.now - $0 >= Self.retentionEvery } ?? true
    }
}
