import GRDB
package import Kernel
import Store
import Synchronization

// MARK: Asking

extension Staff {
    /// Everybody, disabled people too, by name.
    package var people: [Person] {
        state.withLock { $0.people.values.map(\.person) }.sorted { ($0.label.lowercased(), $0.id) < ($1.label.lowercased(), $1.id) }
    }

    package func person(_ id: PersonID) -> Person? { state.withLock { $0.people[id]?.person } }
    package func person(email: String) -> Person? { state.withLock { state in state.byEmail[emailKey(email)].flatMap { state.people[$0]?.person } } }
    /// Whether nobody can sign in yet.
    package var isEmpty: Bool { state.withLock { state in !state.people.values.contains { $0.person.isActive } } }

    /// All teams, by name.
    package var teams: [Team] { state.withLock { Array($0.teams.values) }.sorted { $0.name.lowercased() < $1.name.lowercased() } }
    /// The teams of a person, by name.
    package func teams(of person: PersonID) -> [Team] { teams.filter { $0.members.contains(person) } }
}

// MARK: Changing

extension Staff {
    /// Changes a person's name, address or role; nil leaves it. Whoever changes role keeps their sessions: each request
    /// asks for the role anew.
    /// - Throws: ``StaffProblem``, or `DatabaseError`.
    @discardableResult package func change(_ id: PersonID, name: String? = nil, email: String? = nil, role: Role? = nil) throws -> Person {
        try changePerson(id) { person in
            if let name { person.name = try Self.checked(name: name, most: 100) }
            if let email { person.email = try Self.checked(email: email) }
            if let role { person.role = role }
        }
    }

    /// Keeps somebody from signing in from now on, and ends their sessions and their link; or lets them again.
    /// - Throws: ``StaffProblem``, or `DatabaseError`.
    @discardableResult package func setDisabled(_ id: PersonID, _ disabled: Bool) throws -> Person {
        let now = clock.now
        let person = try changePerson(id) { $0.disabledAt = disabled ? $0.disabledAt ?? now : nil }
        if disabled {
            try store.write { try Self.deleteLink(of: id, in: $0) }
            try endAll(of: id)
        }
        return person
    }

    /// Notes that somebody saw the notes that mention them, up to a moment. An earlier one than before changes nothing.
    /// - Throws: ``StaffProblem/unknown(_:)``, or `DatabaseError`.
    package func sawMentions(_ id: PersonID, upTo moment: Instant) throws {
        try changes.withLock { _ in
            guard let person = person(id) else { throw StaffProblem.unknown(id.description) }
            if let before = person.mentionsSeenAt, before >= moment { return }
            try store.write { try Self.setMentionsSeen(id, moment, in: $0) }
            state.withLock { $0.people[id]?.person.mentionsSeenAt = moment }
        }
    }

    private func changePerson(_ id: PersonID, _ change: (inout Person) throws -> Void) throws -> Person {
        try changes.withLock { _ in
            let (members, byEmail) = state.withLock { ($0.people, $0.byEmail) }
            guard var member = members[id] else { throw StaffProblem.unknown(id.description) }
            let before = member.person
            try change(&member.person)
            let after = member.person
            if let other = byEmail[emailKey(after.email)], other != id { throw StaffProblem.emailTaken(after.email) }
            func administers(_ person: Person) -> Bool { person.isActive && person.role == .administrator }
            if administers(before), !administers(after), !members.values.contains(where: { $0.person.id != id && administers($0.person) }) {
                throw StaffProblem.lastAdministrator
            }
            try store.write { try Self.save(after, in: $0) }
            state.withLock { $0.put(member) }
            return after
        }
    }

    /// Makes a team, or changes one.
    /// - Parameter id: The team; nil for a new one.
    /// - Throws: ``StaffProblem``, or `DatabaseError`.
    @discardableResult package func saveTeam(_ id: TeamID?, name: String, lead: PersonID?, members: [PersonID]) throws -> Team {
        try changes.withLock { _ in
            let team = Team(
                id: id ?? TeamID(at: clock.now, randomness: randomness), name: try Self.checked(name: name, most: 64), lead: lead,
                members: Set(members).sorted())
            let (teams, people) = state.withLock { ($0.teams, $0.people) }
            if let id, teams[id] == nil { throw StaffProblem.unknown(id.description) }
            if let stranger = team.members.first(where: { people[$0] == nil }) { throw StaffProblem.unknown(stranger.description) }
            if let lead, !team.members.contains(lead) { throw StaffProblem.leadIsNoMember }
            if teams.values.contains(where: { $0.id != team.id && $0.name.lowercased() == team.name.lowercased() }) {
                throw StaffProblem.teamTaken(team.name)
            }
            try store.write { try Self.save(team, in: $0) }
            state.withLock { $0.teams[team.id] = team }
            return team
        }
    }

    /// Dissolves a team; its members stay.
    /// - Throws: ``StaffProblem/unknown(_:)``, or `DatabaseError`.
    package func deleteTeam(_ id: TeamID) throws {
        try changes.withLock { _ in
            guard state.withLock({ $0.teams[id] != nil }) else { throw StaffProblem.unknown(id.description) }
            try store.write { try Self.delete(id, in: $0) }
            state.withLock { $0.teams[id] = nil }
        }
    }

    // MARK: Checks

    static func checked(name: String, most: Int) throws(StaffProblem) -> String {
        let scalars = name.unicodeScalars
        let trimmed = String(
            String.UnicodeScalarView(scalars.drop { $0.properties.isWhitespace }.reversed().drop { $0.properties.isWhitespace }.reversed()))
        let isClean = trimmed.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0.properties.generalCategory != .format }
        guard (1...most).contains(trimmed.unicodeScalars.count), isClean else { throw .name(name) }
        return trimmed
    }

    /// Enough of RFC 5321, section 4.1.2 to tell an address from a slip: the rest shows when a message is sent.
    static func checked(email: String) throws(StaffProblem) -> String {
        let trimmed = email.split(whereSeparator: \.isWhitespace)
        guard trimmed.count == 1, let address = trimmed.first, address.utf8.count <= 254,
            let at = address.lastIndex(of: "@"), (1...64).contains(address[..<at].utf8.count), address[address.index(after: at)...].contains("."),
            !address.hasSuffix("."), !address.contains("@."), !address.contains(".."),
            address.unicodeScalars.allSatisfy({
                $0.value > 32 && $0.properties.generalCategory != .control && !"<>,;:\"()[]\\".unicodeScalars.contains($0)
            })
        else { throw .email(email) }
        return String(address)
    }

    /// NIST SP 800-63B-4, section 3.1.1.2: length counts, rules about kinds of characters do not; what is obvious is refused.
    static func check(password: String, email: String, name: String) throws(StaffProblem) {
        let count = password.unicodeScalars.count
        guard (12...200).contains(count) else { throw .passwordLength(count) }
        let plain = password.lowercased().filter { !$0.isWhitespace }
        let own = [email, name, String(email.prefix { $0 != "@" })].map { $0.lowercased().filter { !$0.isWhitespace } }.filter { $0.count > 3 }
        let remains = own.reduce(plain) { $0.replacing($1, with: "") }
        guard Set(plain).count > 4, remains.count >= 6, !password.contains("\0") else { throw .passwordObvious }
    }
}
