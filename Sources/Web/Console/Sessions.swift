import Access
import Kernel
import Synchronization

/// Who is signed in to the console, until accounts come with the next issue.
///
/// The cookie holds a random name of 16 bytes, by which the session is found, and a random secret of 32 bytes, which is compared in
/// constant time. Both live in memory only: a restart signs everybody out, and there is nothing to steal from a disk or a backup.
/// A session ends 30 minutes after it was last used, 12 hours after it began, or when its API token is withdrawn, whichever is first.
final class Sessions: Sendable {
    /// Milliseconds a session lasts without being used.
    static let idle: Int64 = 30 * 60_000
    /// Milliseconds it lasts in all.
    static let whole: Int64 = 12 * 3_600_000
    /// The token is asked about again after this many milliseconds.
    static let recheck: Int64 = 10_000
    /// The most sessions at a time; the one unused longest makes room.
    static let maximum = 10_000

    /// A message for the next page that somebody sees, with what would undo the deed.
    struct Flash: Sendable, Equatable {
        var text: String
        /// Where to post to undo it.
        var undo: String?
        var undoLabel: String = "Undo"
        /// Fields to post with it.
        var fields: [Parameters.Pair] = []
    }

    struct Session: Sendable {
        let name: String
        let principal: Principal
        /// What every form has to bring along.
        let formToken: String
    }

    private struct Entry {
        var secret: String
        var token: String
        var principal: Principal
        var formToken: String
        var began: Instant
        var used: Instant
        var checked: Instant
        var flash: Flash?
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let services: ConsoleServices

    init(_ services: ConsoleServices) { self.services = services }

    /// Begins a session; the value of its cookie. Nil when the token is nobody's.
    func begin(token: String) async -> String? {
        guard let principal = await services.principal(token) else { return nil }
        let now = services.clock.now
        let name = Base32.text(services.randomness.bytes(16))
        let secret = Base32.text(services.randomness.bytes(32))
        let entry = Entry(
            secret: secret, token: token, principal: principal, formToken: Base32.text(services.randomness.bytes(32)), began: now, used: now,
            checked: now)
        entries.withLock { entries in
            entries = entries.filter { Self.isAlive($0.value, now) }
            if entries.count >= Self.maximum, let oldest = entries.min(by: { $0.value.used < $1.value.used }) { entries[oldest.key] = nil }
            entries[name] = entry
        }
        return name + "." + secret
    }

    /// The session that a cookie's value leads to, used now; nil when it is over or never was.
    /// - Parameter touching: false for what goes on by itself, as the live stream, which keeps nobody signed in.
    func find(_ cookie: String?, touching: Bool = true) async -> Session? {
        guard let halves = cookie?.split(separator: "."), halves.count == 2 else { return nil }
        let name = String(halves[0])
        let now = services.clock.now
        let found: Entry? = entries.withLock { entries in
            guard let entry = entries[name], Self.equal(entry.secret, String(halves[1])) else { return nil }
            guard Self.isAlive(entry, now) else {
                entries[name] = nil
                return nil
            }
            if touching { entries[name]?.used = now }
            return entry
        }
        guard var entry = found else { return nil }
        if now - entry.checked >= Self.recheck {
            guard let principal = await services.principal(entry.token) else {
                entries.withLock { $0[name] = nil }
                return nil
            }
            entry.principal = principal
            entries.withLock {
                $0[name]?.principal = principal
                $0[name]?.checked = now
            }
        }
        return Session(name: name, principal: entry.principal, formToken: entry.formToken)
    }

    func end(_ session: Session) { entries.withLock { $0[session.name] = nil } }
    func leave(_ flash: Flash, for session: Session) { entries.withLock { $0[session.name]?.flash = flash } }
    /// The message, once.
    func takeFlash(for session: Session) -> Flash? {
        entries.withLock { entries in
            let flash = entries[session.name]?.flash
            entries[session.name]?.flash = nil
            return flash
        }
    }

    private static func isAlive(_ entry: Entry, _ now: Instant) -> Bool { now - entry.used < idle && now - entry.began < whole }

    /// Whether two texts are the same, in a time that does not tell where they differ.
    static func equal(_ a: String, _ b: String) -> Bool {
        let x = Array(a.utf8)
        let y = Array(b.utf8)
        guard x.count == y.count else { return false }
        var difference: UInt8 = 0
        for i in x.indices { difference |= x[i] ^ y[i] }
        return difference == 0
    }
}

/// Counts wrong tries at signing in: after ten within a quarter of an hour from one address, that address waits.
final class Tries: Sendable {
    static let allowed = 10
    static let window: Int64 = 15 * 60_000
    /// The most addresses remembered; beyond it those whose pause ends first are forgotten first.
    static let maximum = 10_000

    private struct Count {
        var first: Instant
        var wrong: Int
    }
    private let counts = Mutex<[String: Count]>([:])

    /// Seconds to wait before another try; nil when one is allowed.
    func wait(_ client: String, now: Instant) -> Int? {
        counts.withLock { counts in
            guard let count = counts[client], now - count.first < Self.window, count.wrong >= Self.allowed else { return nil }
            return Int((Self.window - (now - count.first) + 999) / 1000)
        }
    }

    /// Notes a wrong try; how many are left.
    func wrong(_ client: String, now: Instant) -> Int {
        counts.withLock { counts in
            var count = counts[client].flatMap { now - $0.first < Self.window ? $0 : nil } ?? Count(first: now, wrong: 0)
            count.wrong += 1
            if counts.count >= Self.maximum, counts[client] == nil {
                counts = counts.filter { now - $0.value.first < Self.window }
                if counts.count >= Self.maximum, let oldest = counts.min(by: { $0.value.first < $1.value.first }) { counts[oldest.key] = nil }
            }
            counts[client] = count
            return max(0, Self.allowed - count.wrong)
        }
    }

    func right(_ client: String) { counts.withLock { $0[client] = nil } }
}
