import GRDB
import Kernel
import Store
import Synchronization

extension Staff {
    /// A link by which the first administrator comes in; each call makes a new one and the old one useless. Nil when there is
    /// somebody who can sign in already.
    /// - Throws: `DatabaseError`.
    package func firstLink() throws -> (link: OneTimeLink, secret: String)? {
        guard isEmpty else { return nil }
        return try makeLink(.first, nil)
    }

    /// Invites somebody: an account without a password, and the link by which they choose one.
    ///
    /// Inviting somebody again who has not come yet makes a new link, and the old one useless.
    /// - Throws: ``StaffProblem``, or `DatabaseError`.
    package func invite(email: String, role: Role, name: String = "") throws -> (person: Person, link: OneTimeLink, secret: String) {
        let email = try Self.checked(email: email)
        let name = name.isEmpty ? "" : try Self.checked(name: name, most: 100)
        let person = try changes.withLock { _ in
            var member = Member(
                person: Person(id: PersonID(at: clock.now, randomness: randomness), email: email, name: name, role: role, createdAt: clock.now))
            if let before = state.withLock({ state in state.byEmail[emailKey(email)].flatMap { state.people[$0] } }) {
                guard before.person.joinedAt == nil, before.person.disabledAt == nil else { throw StaffProblem.emailTaken(email) }
                member = before
                member.person.role = role
                if !name.isEmpty { member.person.name = name }
            }
            let person = member.person
            try store.write { try Self.save(person, in: $0) }
            state.withLock { $0.put(member) }
            return person
        }
        let made = try makeLink(.invitation, person.id)
        return (person, made.link, made.secret)
    }

    /// A link by which somebody chooses a new password. The old one works until then.
    /// - Throws: ``StaffProblem/unknown(_:)`` for nobody, somebody disabled, or somebody who never joined; or `DatabaseError`.
    package func resetLink(for id: PersonID) throws -> (link: OneTimeLink, secret: String) {
        guard let person = person(id), person.isActive else { throw StaffProblem.unknown(id.description) }
        return try makeLink(.reset, id)
    }

    private func makeLink(_ purpose: OneTimeLink.Purpose, _ person: PersonID?) throws -> (link: OneTimeLink, secret: String) {
        let secret = newSecret(.link, randomness)
        guard let hash = SecretHash(of: secret) else { preconditionFailure("a new secret is neither empty nor long") }
        let link = OneTimeLink(purpose: purpose, person: person, expiresAt: Instant(milliseconds: clock.now.milliseconds + purpose.lasts))
        try changes.withLock { _ in try store.write { try Self.put(link, hash, in: $0) } }
        return (link, secret)
    }

    /// What a link is for; nil when it is none any more.
    package func link(_ secret: String) throws -> OneTimeLink? {
        guard let hash = SecretHash(of: secret), let link = try store.read({ try Self.link(hash, in: $0) }), link.expiresAt > clock.now else {
            return nil
        }
        switch link.purpose {
        case .first: return isEmpty ? link : nil
        case .invitation, .reset: return link.person.flatMap { person($0) }?.disabledAt == nil ? link : nil
        }
    }

    /// Uses a link: sets the password, and with it name and address where they were not known. The link works no more, and
    /// sessions that there were are over.
    /// - Parameters:
    ///   - name: For the first administrator and for an invitation; else the name stays.
    ///   - email: For the first administrator.
    /// - Throws: ``StaffProblem``, or `DatabaseError`. The link works on when what was typed could not be taken.
    package func accept(_ secret: String, name: String = "", email: String = "", password: String) async throws -> Person {
        guard let link = try link(secret), let hash = SecretHash(of: secret) else { throw StaffProblem.link }
        let now = clock.now
        var person: Person
        switch link.purpose {
        case .first:
            person = Person(
                id: PersonID(at: now, randomness: randomness), email: try Self.checked(email: email), name: "", role: .administrator, createdAt: now)
            if let same = self.person(email: person.email) { person = same }
            person.role = .administrator
            person.disabledAt = nil
        case .invitation, .reset:
            guard let known = link.person.flatMap({ self.person($0) }) else { throw StaffProblem.link }
            person = known
        }
        if link.purpose != .reset { person.name = try Self.checked(name: name, most: 100) }
        try Self.check(password: password, email: person.email, name: person.name)
        person.joinedAt = person.joinedAt ?? now
        let stored = try await passwords.hash(password)
        let done = person
        try changes.withLock { _ in
            try store.write { db in
                // Used by somebody else meanwhile: only one of the two gets in.
                guard try Self.link(hash, in: db) != nil, link.purpose != .first || isEmpty else { throw StaffProblem.link }
                try Self.save(done, in: db)
                try Self.setPassword(stored, of: done.id, in: db)
                try Self.deleteLink(of: link.person, in: db)
            }
            state.withLock { $0.put(Member(person: done, password: stored)) }
        }
        try endAll(of: done.id)
        ofAccount.right(emailKey(done.email))
        return done
    }
}
