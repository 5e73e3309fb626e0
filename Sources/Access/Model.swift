package import Kernel

/// What someone is to the company. What each may do stands in one table: `Permission`.
package enum Role: String, Sendable, CaseIterable {
    case administrator
    case lead
    case analyst
    case marketer
    case agent
    case employee
}

/// Who is calling.
package struct Principal: Sendable, Equatable {
    /// `per_…` for somebody signed in, `token NAME` for a program, `operator` for whoever has the data folder.
    package var id: String
    /// As shown in histories ("joined by …").
    package var name: String
    package var role: Role
    /// The permissions of the role that a token has, by their names; nil for all of them, as people have.
    package var scopes: Set<String>?
    /// - Parameter id: `token NAME` unless given.
    package init(id: String? = nil, name: String, role: Role, scopes: Set<String>? = nil) {
        self.id = id ?? "token " + name
        self.name = name
        self.role = role
        self.scopes = scopes
    }
    package init(_ person: Person) { self.init(id: person.id.description, name: person.label, role: person.role) }
}

/// The write key that interactions came by: where they come from.
package struct Source: Sendable, Equatable {
    /// The number that the ledger keeps with each record: 1 to 65,535, never given twice.
    package var id: UInt16
    /// The key's name: `web shop`.
    package var name: String
    /// The calls that it may make, by their names: `track`, …, and `import`; nil for all of them.
    package var calls: Set<String>?
    package init(id: UInt16, name: String, calls: Set<String>? = nil) {
        self.id = id
        self.name = name
        self.calls = calls
    }
}

/// A write key, without its secret: with it a program sends interactions, and reads nothing.
package struct WriteKey: Sendable, Equatable {
    package var id: UInt16
    package var name: String
    /// The calls that it may make, in order; nil for all of them.
    package var calls: [String]?
    /// From when on it is refused; nil for never.
    package var expiresAt: Instant?
    package var createdAt: Instant
    /// When it was last used, to the minute; nil for never.
    package var lastUsedAt: Instant?
    /// Since when it is refused; nil while it is not revoked.
    package var revokedAt: Instant?
}

/// An API token, without its secret: with it a program acts as somebody with a role.
package struct APIToken: Sendable, Equatable {
    package var name: String
    package var role: Role
    /// The permissions of the role that it has, in order; nil for all of them.
    package var scopes: [String]?
    /// From when on it is refused; nil for never.
    package var expiresAt: Instant?
    package var createdAt: Instant
    /// When it was last used, to the minute; nil for never.
    package var lastUsedAt: Instant?
    /// Since when it is refused; nil while it is not revoked.
    package var revokedAt: Instant?
}

/// Why keys and tokens were left as they are. None gets better by trying again.
package enum AccessProblem: Error, Equatable {
    /// A name has 1 to 64 characters; how many it had.
    case nameLength(Int)
    /// A name has no control characters, no `/`, and no space at either end.
    case nameCharacters(String)
    /// One in force has this name already.
    case nameTaken(String)
    /// None in force has this name.
    case unknownName(String)
    /// It would be in force for no moment.
    case expired(Instant)
    /// A list of what it may do must name something.
    case noLimits
    /// All 65,535 numbers of write keys were given.
    case keysUsedUp
    /// The tables hold what this program cannot have written: a hash or a role that is none.
    case damaged(table: String, name: String)
}
