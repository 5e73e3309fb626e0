import CSodium
import Dispatch
import Kernel
package import Store
import Synchronization

/// The audit log: who did what to what, when, and from where.
///
/// Each entry holds a hash over itself and the hash of the one before (a hash chain, as in Schneier and Kelsey, "Secure
/// Audit Logs to Support Computer Forensics", 1999, without its per-entry keys): whoever edits, removes or inserts a line in
/// the file has to rewrite all that follow, and whoever wrote down an earlier ``AuditCheck/sound(entries:head:)`` sees it.
///
/// ```swift
/// try audit.write(AuditEntry(at: now, actor: "per_…", name: "Mira", action: .merge, subject: "cus_…"))
/// ```
package final class Audit: Sendable {
    /// The hash before the first entry.
    static let beginning = String(repeating: "0", count: 64)
    /// Looking at the same customer again within so many milliseconds is one look.
    package static let sameLook: Int64 = 10 * 60_000
    /// Looks remembered for ``sameLook``; past it the oldest are forgotten, and a look may stand in the log twice.
    static let looksRemembered = 50_000

    private struct Look: Hashable {
        var actor: String
        var subject: String
    }
    private struct State {
        var number: Int64
        var hash: String
        /// Looks that are not written yet.
        var waiting: [AuditEntry] = []
        var looks: [Look: Instant] = [:]
    }
    private let store: Store
    /// Held while entries are chained and written: their order in the chain is their order in the table.
    private let state: Mutex<State>

    /// - Parameter store: A database with ``migrations``, synced at each commit.
    /// - Throws: `DatabaseError`.
    package init(store: Store) throws {
        _ = sodium_init()
        self.store = store
        let head = try store.read(Self.head)
        state = Mutex(State(number: head.number, hash: head.hash))
    }

    /// Writes an entry. It is on the disk when this returns; its number and hash are given here.
    /// - Throws: `DatabaseError` when the disk is full or read-only: what cannot be answered for should not be done.
    package func write(_ entry: AuditEntry) throws {
        try state.withLock { try append($0.waiting + [entry], &$0) }
    }

    /// Notes that somebody looked at a customer. Written within a second or two by ``run()``; the same look within
    /// ``sameLook`` is written once.
    package func look(_ entry: AuditEntry) {
        state.withLock { state in
            let look = Look(actor: entry.actor, subject: entry.subject)
            if let last = state.looks[look], entry.at - last < Self.sameLook { return }
            if state.looks.count >= Self.looksRemembered {
                state.looks = state.looks.filter { entry.at - $0.value < Self.sameLook }
                if state.looks.count >= Self.looksRemembered { state.looks.removeAll(keepingCapacity: true) }
            }
            state.looks[look] = entry.at
            state.waiting.append(entry)
        }
    }

    /// Writes the looks that wait.
    /// - Throws: `DatabaseError`; they wait on then.
    package func flush() throws {
        try state.withLock { if !$0.waiting.isEmpty { try append($0.waiting, &$0) } }
    }

    /// Calls ``flush()`` every second until the task is cancelled, and once more then.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            try? flush()
        }
    }

    private func append(_ entries: [AuditEntry], _ state: inout State) throws {
        var number = state.number
        var hash = state.hash
        let chained = entries.map { entry in
            var entry = entry
            number += 1
            entry.number = number
            hash = Self.hash(entry, after: hash)
            entry.hash = hash
            return entry
        }
        try store.write { db in for entry in chained { try Self.insert(entry, in: db) } }
        state.number = number
        state.hash = hash
        state.waiting = []
    }

    /// BLAKE2b-256 over the hash before and the fields, each with its length before it, so that no two entries read the same.
    static func hash(_ entry: AuditEntry, after before: String) -> String {
        var bytes: [UInt8] = []
        let fields = [
            before, String(entry.number), String(entry.at.milliseconds), entry.actor, entry.name, entry.action.rawValue, entry.subject, entry.detail,
            entry.address,
        ]
        for field in fields {
            bytes += Array("\(field.utf8.count):".utf8) + Array(field.utf8)
        }
        var out = [UInt8](repeating: 0, count: 32)
        crypto_generichash(&out, out.count, bytes, UInt64(bytes.count), nil, 0)
        return out.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

// MARK: Reading

extension Audit {
    /// A page of the log, newest first.
    /// - Parameter before: Only entries with a smaller number.
    package func entries(_ filter: AuditFilter = AuditFilter(), before: Int64 = .max, limit: Int) throws -> [AuditEntry] {
        try flush()
        return try store.read { try Self.entries(filter, before: before, limit: limit, in: $0) }
    }

    /// Which people looked at a customer, the latest first: of each their last look. Looks that wait to be written count too.
    ///
    /// Who looked over a token of a program is not among them.
    /// - Parameters:
    ///   - ids: All ids of the customer.
    ///   - leavingOut: The actor who is no news to whoever asks.
    /// - Throws: `DatabaseError`.
    package func looks(at ids: [String], leavingOut actor: String, limit: Int) throws -> [AuditEntry] {
        let waiting = state.withLock { $0.waiting }.filter {
            $0.action == .view && ids.contains($0.subject) && $0.actor != actor && $0.actor.hasPrefix("per_")
        }
        let written = try store.read { try Self.lastLooks(at: ids, leavingOut: actor, limit: limit, in: $0) }
        var last: [String: AuditEntry] = [:]
        for entry in written + waiting where last[entry.actor].map({ $0.at < entry.at }) ?? true { last[entry.actor] = entry }
        return Array(last.values.sorted { ($0.at, $0.actor) > ($1.at, $1.actor) }.prefix(limit))
    }

    /// Works the chain out again from the first entry.
    package func check() throws -> AuditCheck {
        try flush()
        return try store.read { db in
            var number: Int64 = 0
            var hash = Self.beginning
            var broken: Int64?
            try Self.each(in: db) { entry, at in
                number += 1
                guard let entry, at == number, entry.hash == Self.hash(entry, after: hash) else {
                    broken = number
                    return false
                }
                hash = entry.hash
                return true
            }
            return broken.map { .broken(number: $0) } ?? .sound(entries: number, head: hash)
        }
    }
}

/// Why the log cannot be read.
package enum AuditProblem: Error, Equatable {
    /// An entry holds an action that this program does not write.
    case unknownAction(String, number: Int64)
}
