import GRDB
import Kernel
import Store
import Synchronization

extension Staff {
    /// Signs somebody in.
    ///
    /// Whoever does not exist, has no password or is disabled takes as long to refuse as whoever mistyped.
    /// - Parameters:
    ///   - address: Where from, for the limits and the list of sessions.
    ///   - browser: In words, for the list of sessions.
    /// - Returns: The session, who it is, and the secret for their cookie.
    /// - Throws: ``StaffProblem/wrong``, ``StaffProblem/paused(seconds:)``, ``StaffProblem/busy``, or `DatabaseError`.
    package func signIn(email: String, password: String, address: String, browser: String) async throws -> (
        session: StaffSession, person: Person, secret: String
    ) {
        let now = clock.now
        let account = emailKey(String(email.prefix(254)))
        let from = Attempts.key(of: address)
        let there = account + " " + from
        if let seconds = fromThere.wait(there, now) ?? ofAccount.wait(account, now) ?? ofAddress.wait(from, now) {
            throw StaffProblem.paused(seconds: seconds)
        }
        let member = state.withLock { state in state.byEmail[account].flatMap { state.people[$0] } }
        let hash = member.flatMap { $0.person.isActive ? $0.password : nil }
        let right = password.utf8.count <= 1000 ? try await passwords.check(password, hash) : false
        guard right, let person = member?.person else {
            fromThere.wrong(there, now)
            ofAccount.wrong(account, now)
            ofAddress.wrong(from, now)
            throw StaffProblem.wrong
        }
        let (session, secret) = try begin(person.id, address: address, browser: browser)
        return (session, person, secret)
    }

    /// How many wrong passwords are left from there before a pause.
    package func triesLeft(email: String, address: String) -> Int {
        let account = emailKey(String(email.prefix(254)))
        let from = Attempts.key(of: address)
        let now = clock.now
        return min(fromThere.left(account + " " + from, now), ofAccount.left(account, now), ofAddress.left(from, now))
    }

    /// What every form of a session has to bring along: it follows from the cookie's secret and gives nothing of it away.
    package static func formToken(of secret: String) -> String { SecretHash(of: "form of " + secret)?.text ?? "" }

    /// Begins a session for somebody who proved who they are.
    /// - Throws: ``StaffProblem/wrong`` when they were disabled meanwhile, or `DatabaseError`.
    package func begin(_ id: PersonID, address: String, browser: String) throws -> (session: StaffSession, secret: String) {
        let secret = newSecret(.session, randomness)
        guard let hash = SecretHash(of: secret) else { preconditionFailure("a new secret is neither empty nor long") }
        return try changes.withLock { _ in
            guard let person = person(id), person.isActive else { throw StaffProblem.wrong }
            // Whoever came in is no guesser, by a link as by a password.
            fromThere.right(emailKey(person.email) + " " + Attempts.key(of: address))
            let now = clock.now
            let own = state.withLock { $0.sessions.values.map(\.session).filter { $0.person == id } }.sorted { $0.seenAt > $1.seenAt }
            let surplus = own.dropFirst(Self.sessionsOfOne - 1).map(\.id)
            var session = StaffSession(
                id: 0, person: id, beganAt: now, seenAt: now, address: String(address.prefix(64)), browser: String(browser.prefix(100)))
            session.id = try store.write { db in
                try Self.delete(sessions: surplus, in: db)
                try Self.setSeen(id, now, in: db)
                return try Self.insert(session, hash, in: db)
            }
            let made = session
            state.withLock { state in
                if !surplus.isEmpty { state.sessions = state.sessions.filter { !surplus.contains($0.value.session.id) } }
                state.sessions[hash] = Open(session: made)
                state.people[id]?.person.seenAt = now
            }
            return (made, secret)
        }
    }

    /// Whose session a cookie's secret is, used now; nil when it is over or never was. Never waits for the database.
    /// - Parameter touching: false for what goes on by itself, as a live stream, which keeps nobody signed in.
    package func session(_ secret: String, touching: Bool = true) -> (session: StaffSession, person: Person)? {
        guard let hash = SecretHash(of: secret) else { return nil }
        let now = clock.now
        return state.withLock { state in
            guard var open = state.sessions[hash], Self.isAlive(open.session, now), let person = state.people[open.session.person]?.person,
                person.isActive
            else { return nil }
            if touching {
                open.session.seenAt = now
                open.isUsed = true
                state.sessions[hash] = open
                state.people[person.id]?.person.seenAt = now
            }
            return (open.session, person)
        }
    }

    /// The sessions of a person that are not over, the one used last first.
    package func sessions(of id: PersonID) -> [StaffSession] {
        let now = clock.now
        return state.withLock { $0.sessions.values.map(\.session) }.filter { $0.person == id && Self.isAlive($0, now) }
            .sorted { ($0.seenAt, $0.id) > ($1.seenAt, $1.id) }
    }

    /// Ends one session of a person.
    /// - Throws: ``StaffProblem/unknown(_:)`` when it is none of theirs, or `DatabaseError`.
    package func end(_ session: Int64, of id: PersonID) throws {
        guard try end(where: { $0.id == session && $0.person == id }) > 0 else { throw StaffProblem.unknown("\(session)") }
    }

    /// Ends all sessions of a person, but for one.
    /// - Returns: how many.
    @discardableResult package func endAll(of id: PersonID, but session: Int64? = nil) throws -> Int {
        try end { $0.person == id && $0.id != session }
    }

    /// They are over even when the disk refuses: then they come back at the next start, and the error says so.
    private func end(where isMeant: (StaffSession) -> Bool) throws -> Int {
        try changes.withLock { _ in
            let gone = state.withLock { state in
                let gone = state.sessions.filter { isMeant($0.value.session) }
                for hash in gone.keys { state.sessions[hash] = nil }
                return gone.values.map(\.session.id)
            }
            if !gone.isEmpty { try store.write { try Self.delete(sessions: gone, in: $0) } }
            return gone.count
        }
    }

    /// Changes one's own password; all other sessions are over.
    /// - Parameter session: The one that stays.
    /// - Throws: ``StaffProblem``, or `DatabaseError`.
    package func changePassword(of id: PersonID, from old: String, to new: String, keeping session: Int64) async throws {
        let now = clock.now
        let key = "password " + id.description
        if let seconds = fromThere.wait(key, now) { throw StaffProblem.paused(seconds: seconds) }
        guard let member = state.withLock({ $0.people[id] }) else { throw StaffProblem.unknown(id.description) }
        guard try await passwords.check(String(old.prefix(1000)), member.password) else {
            fromThere.wrong(key, now)
            throw StaffProblem.wrong
        }
        fromThere.right(key)
        try Self.check(password: new, email: member.person.email, name: member.person.name)
        let stored = try await passwords.hash(new)
        try changes.withLock { _ in
            try store.write { db in
                try Self.setPassword(stored, of: id, in: db)
                try Self.deleteLink(of: id, in: db)
            }
            state.withLock { $0.people[id]?.password = stored }
        }
        try endAll(of: id, but: session)
    }
}
