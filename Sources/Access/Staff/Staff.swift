import CSodium
import GRDB
package import Kernel
package import Store
import Synchronization

/// The people of the company: accounts, teams, sessions, and the links by which somebody comes in.
///
/// All of it lies in memory beside its tables, so that asking who calls costs a hash and a look-up and never waits for the
/// database. Nothing that proves anything is stored: of passwords the argon2id hash, of sessions and links the BLAKE2b-256
/// of a secret with 160 random bits.
///
/// ```swift
/// let secret = try staff.invite(email: "mira@example.com", role: .agent).secret
/// let mira = try await staff.accept(secret, name: "Mira Okafor", password: "…")
/// let (session, cookie) = try await staff.signIn(email: "mira@example.com", password: "…", address: "192.0.2.7", browser: "Firefox on Linux")
/// ```
package final class Staff: Sendable {
    /// Milliseconds that a session lasts without being used.
    package static let idle: Int64 = 30 * 60_000
    /// Milliseconds that it lasts in all.
    package static let whole: Int64 = 12 * 3_600_000
    /// Sessions of one person at a time; the one unused longest makes room.
    package static let sessionsOfOne = 20

    struct Member: Sendable {
        var person: Person
        var password: String?
    }
    struct Open: Sendable {
        var session: StaffSession
        /// Newer than what is written.
        var isUsed = false
    }
    struct State: Sendable {
        var people: [PersonID: Member] = [:]
        /// By ``emailKey(_:)``.
        var byEmail: [String: PersonID] = [:]
        var teams: [TeamID: Team] = [:]
        var sessions: [SecretHash: Open] = [:]

        mutating func put(_ member: Member) {
            if let before = people[member.person.id] { byEmail[emailKey(before.person.email)] = nil }
            people[member.person.id] = member
            byEmail[emailKey(member.person.email)] = member.person.id
        }
    }

    let store: Store
    let clock: Clock
    let randomness: Randomness
    let passwords: Passwords
    let state: Mutex<State>
    /// Held from a change's transaction to its entry in ``state``.
    let changes = Mutex(())
    /// Wrong passwords: for an account from one address, for an account from anywhere, and from one address for any account.
    /// The first is low, so that guessing ends soon; the second is high, so that a stranger cannot lock somebody out easily.
    let fromThere = Attempts(allowed: 8, window: 15 * 60_000)
    let ofAccount = Attempts(allowed: 100, window: 15 * 60_000)
    let ofAddress = Attempts(allowed: 40, window: 15 * 60_000)

    /// Reads who there is.
    /// - Parameter store: A database with ``migrations``, synced at each commit.
    /// - Throws: ``StaffProblem/damaged(table:id:)``, or `DatabaseError`.
    package init(store: Store, clock: Clock, randomness: Randomness, passwords: Passwords = Passwords()) throws {
        _ = sodium_init()
        self.store = store
        self.clock = clock
        self.randomness = randomness
        self.passwords = passwords
        var state = State()
        try store.read { db in
            for found in try Self.people(in: db) { state.put(Member(person: found.person, password: found.password)) }
            for team in try Self.teams(in: db) { state.teams[team.id] = team }
            for found in try Self.sessions(in: db) { state.sessions[found.hash] = Open(session: found.session) }
        }
        self.state = Mutex(state)
    }

    /// Writes when people and sessions were last seen, and forgets sessions that are over. One short transaction.
    package func writeSeen() throws {
        let now = clock.now
        let (seen, over) = state.withLock { state in
            var seen: [StaffSession] = []
            var over: [Int64] = []
            for (hash, open) in state.sessions {
                if !Self.isAlive(open.session, now) {
                    over.append(open.session.id)
                    state.sessions[hash] = nil
                } else if open.isUsed {
                    seen.append(open.session)
                    state.sessions[hash]?.isUsed = false
                }
            }
            return (seen, over)
        }
        guard !seen.isEmpty || !over.isEmpty else { return }
        try store.write { db in
            for session in seen {
                try Self.setSeen(session: session.id, session.seenAt, in: db)
                try Self.setSeen(session.person, session.seenAt, in: db)
            }
            try Self.delete(sessions: over, in: db)
        }
    }

    /// Calls ``writeSeen()`` once a minute until the task is cancelled, and once more then.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(60))
            try? writeSeen()
        }
    }

    static func isAlive(_ session: StaffSession, _ now: Instant) -> Bool { now - session.seenAt < idle && now - session.beganAt < whole }
}

/// By what two e-mail addresses are the same account.
func emailKey(_ email: String) -> String { email.lowercased() }
