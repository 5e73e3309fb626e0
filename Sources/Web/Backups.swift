package import Kernel

/// What there is of backups: the schedule, what was made, what is being made.
package struct BackupsOverview: Sendable {
    package struct Item: Sendable {
        package var name: String
        /// On the server's machine.
        package var path: String
        package var madeAt: Instant
        /// Of its files.
        package var bytes: Int
        /// Of the program that made it.
        package var version: String
        /// Removed by the schedule when its time is over; what is not stays for ever.
        package var isOurs: Bool
        /// What a test restore found; nil before one.
        package var check: Check?
        package init(name: String, path: String, madeAt: Instant, bytes: Int, version: String, isOurs: Bool, check: Check?) {
            self.name = name
            self.path = path
            self.madeAt = madeAt
            self.bytes = bytes
            self.version = version
            self.isOurs = isOurs
            self.check = check
        }
    }

    package struct Check: Sendable {
        package var at: Instant
        /// `sound`, `damaged`, or `untested` when it could not be looked at.
        package var result: String
        package var isSound: Bool
        /// Whole sentences; empty for a sound one.
        package var wrong: [String]
        /// Of the ledger.
        package var bodies: Int
        package var interactions: Int
        package var customers: Int
        package init(at: Instant, result: String, isSound: Bool, wrong: [String], bodies: Int, interactions: Int, customers: Int) {
            self.at = at
            self.result = result
            self.isSound = isSound
            self.wrong = wrong
            self.bodies = bodies
            self.interactions = interactions
            self.customers = customers
        }
    }

    package struct Running: Sendable {
        package var since: Instant
        /// `copying` or `testing`.
        package var phase: String
        /// Bytes of the file being copied, or bodies tested, of ``total``.
        package var done: Int
        package var total: Int
        package init(since: Instant, phase: String, done: Int, total: Int) {
            self.since = since
            self.phase = phase
            self.done = done
            self.total = total
        }
    }

    package struct Failure: Sendable {
        package var at: Instant
        /// One or more whole sentences.
        package var reason: String
        package init(at: Instant, reason: String) {
            self.at = at
            self.reason = reason
        }
    }

    /// The data folder, on the server's machine.
    package var data: String
    /// Where they are made by themselves; nil when nowhere.
    package var folder: String?
    /// Milliseconds from one to the next.
    package var every: Int64
    /// Milliseconds for which each is kept.
    package var keep: Int64
    /// For how many weeks more the newest of each week is kept.
    package var weeks: Int
    /// When the next is due; nil without a folder.
    package var next: Instant?
    /// One was asked for and begins in a moment.
    package var isAsked = false
    package var running: Running?
    /// What went wrong last, unless a backup was made since.
    package var failure: Failure?
    /// Newest first.
    package var items: [Item] = []

    package init(data: String, every: Int64, keep: Int64, weeks: Int) {
        self.data = data
        self.every = every
        self.keep = keep
        self.weeks = weeks
    }
}

/// What `/metrics` says of backups.
package struct BackupFigures: Sendable {
    /// When the newest sound one was made; nil for none.
    package var lastSound: Instant?
    /// Since the server started: those that could not be made, and those that a test restore found damaged.
    package var failures: Int
    package init(lastSound: Instant?, failures: Int) {
        self.lastSound = lastSound
        self.failures = failures
    }
}

extension BackupsOverview {
    /// As the API says it.
    package var json: JSON {
        [
            "folder": folder.map(JSON.string) ?? .null,
            "schedule": folder == nil
                ? .null
                : [
                    "everyMilliseconds": .integer(every), "keepMilliseconds": .integer(keep), "keepWeeks": .integer(Int64(weeks)),
                    "next": next.map { .string($0.rfc3339) } ?? .null,
                ],
            "running": running.map { one in
                [
                    "since": .string(one.since.rfc3339), "phase": .string(one.phase), "done": .integer(Int64(one.done)),
                    "total": .integer(Int64(one.total)),
                ]
            } ?? .null, "failure": failure.map { ["at": .string($0.at.rfc3339), "reason": .string($0.reason)] } ?? .null,
            "items": .array(items.map(\.json)),
        ]
    }
}

extension BackupsOverview.Item {
    var json: JSON {
        [
            "name": .string(name), "path": .string(path), "madeAt": .string(madeAt.rfc3339), "bytes": .integer(Int64(bytes)),
            "version": .string(version), "removable": .bool(isOurs), "verified": check.map(\.json) ?? .null,
        ]
    }
}

extension BackupsOverview.Check {
    package var json: JSON {
        [
            "at": .string(at.rfc3339), "result": .string(result), "wrong": .array(wrong.map(JSON.string)), "bodies": .integer(Int64(bodies)),
            "interactions": .integer(Int64(interactions)), "customers": .integer(Int64(customers)),
        ]
    }
}
