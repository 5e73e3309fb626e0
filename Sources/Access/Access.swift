import CSodium
import GRDB
package import Kernel
package import Store
import Synchronization

/// Who may send and who may ask: write keys for programs that send interactions, tokens for callers of the API.
///
/// Those in force lie in memory, so that asking costs a hash and a look-up and never waits for the database. When one was
/// last used is remembered there too and written by ``run()`` about once a minute, never on the way of a request.
///
/// ```swift
/// let made = try access.createKey(name: "web shop")
/// print(made.secret)                                   // slk_…, now or never
/// access.source(writeKey: made.secret)?.id             // 1
/// ```
package final class Access: Sendable {
    private let store: Store
    private let clock: Clock
    private let randomness: Randomness
    private let table: Mutex<Table>
    /// Held from a change's transaction to its entry in ``table``: else a key revoked in between would stay in force.
    private let changes = Mutex(())

    private struct Entry<Owner: Sendable>: Sendable {
        var id: Int64
        var owner: Owner
        /// From when on it is refused; nil for never.
        var expiresAt: Instant?
        /// Newer than what is written, or nil.
        var used: Instant?
    }
    private struct Table: Sendable {
        var keys: [SecretHash: Entry<Source>] = [:]
        var tokens: [SecretHash: Entry<Principal>] = [:]
        /// Of all keys there ever were.
        var names: [UInt16: String] = [:]
        /// Of all keys there ever were that may not make every call.
        var calls: [UInt16: Set<String>] = [:]
    }

    /// Reads what is in force.
    /// - Parameter store: A state database with ``migrations``.
    /// - Throws: ``AccessProblem/damaged(table:name:)``, or `DatabaseError`.
    package init(store: Store, clock: Clock, randomness: Randomness) throws {
        // Chooses the fastest code for this processor; what follows works without it, only slower.
        _ = sodium_init()
        self.store = store
        self.clock = clock
        self.randomness = randomness
        _ = try Self.installation(of: store) ?? Self.name(store, randomness)
        var table = Table()
        let (keys, tokens) = try store.read { db in (try SecretTable.writeKey.all(in: db), try SecretTable.token.all(in: db)) }
        for row in keys {
            guard let hash = SecretHash(text: row.hash), let id = UInt16(exactly: row.id) else {
                throw AccessProblem.damaged(table: "write_key", name: row.name)
            }
            table.names[id] = row.name
            let calls = row.limits.map(Set.init)
            table.calls[id] = calls
            guard row.revokedAt == nil else { continue }
            table.keys[hash] = Entry(id: row.id, owner: Source(id: id, name: row.name, calls: calls), expiresAt: row.expiresAt)
        }
        for row in tokens where row.revokedAt == nil {
            guard let hash = SecretHash(text: row.hash), let role = Role(rawValue: row.role) else {
                throw AccessProblem.damaged(table: "api_token", name: row.name)
            }
            let principal = Principal(name: row.name, role: role, scopes: row.limits.map(Set.init))
            table.tokens[hash] = Entry(id: row.id, owner: principal, expiresAt: row.expiresAt)
        }
        self.table = Mutex(table)
    }
}

extension Access {
    /// What an installation is known by: given once, and part of its backups. Nil when nobody has opened it yet.
    package static func installation(of store: Store) throws -> String? {
        try store.read { try String.fetchOne($0, sql: "SELECT id FROM installation") }
    }

    private static func name(_ store: Store, _ randomness: Randomness) throws -> String {
        let id = Base32.text(randomness.bytes(20))
        try store.writeDurably { try $0.execute(sql: "INSERT INTO installation (id) VALUES ($1)", arguments: [id]) }
        return id
    }
}

// MARK: Asking

extension Access {
    /// The source that a write key stands for, or nil when it is unknown, has expired or was revoked. Never waits for the database.
    package func source(writeKey secret: String) -> Source? { SecretHash(of: secret).flatMap(source) }

    /// ``source(writeKey:)-(String)`` of UTF-8 bytes.
    package func source(writeKey secret: UnsafeRawBufferPointer) -> Source? { SecretHash(of: secret).flatMap(source) }

    private func source(_ hash: SecretHash) -> Source? {
        let now = clock.now
        return table.withLock { table in
            guard let at = table.keys.index(forKey: hash), table.keys.values[at].expiresAt.map({ now < $0 }) ?? true else { return nil }
            table.keys.values[at].used = now
            return table.keys.values[at].owner
        }
    }

    /// The source of this name whose key was not revoked, which is used now; nil when there is none. For who has the data folder.
    package func source(named name: String) -> Source? {
        let now = clock.now
        return table.withLock { table in
            guard let at = table.keys.values.firstIndex(where: { $0.owner.name == name }) else { return nil }
            table.keys.values[at].used = now
            return table.keys.values[at].owner
        }
    }

    /// Who calls with this token, or nil when it is unknown, has expired or was revoked. Never waits for the database.
    package func principal(token secret: String) -> Principal? {
        guard let hash = SecretHash(of: secret) else { return nil }
        let now = clock.now
        return table.withLock { table in
            guard let at = table.tokens.index(forKey: hash), table.tokens.values[at].expiresAt.map({ now < $0 }) ?? true else { return nil }
            table.tokens.values[at].used = now
            return table.tokens.values[at].owner
        }
    }

    /// The name of a source, also of a revoked one; nil for 0 and for numbers never given.
    package func name(ofSource id: UInt16) -> String? { table.withLock { $0.names[id] } }

    /// The calls that a source may make, also a revoked one; nil for all of them.
    package func calls(ofSource id: UInt16) -> Set<String>? { table.withLock { $0.calls[id] } }

    /// The sources whose key was not revoked, by number.
    package var sources: [Source] { table.withLock { $0.keys.values.map(\.owner) }.sorted { $0.id < $1.id } }
}

// MARK: Changing

extension Access {
    /// Makes a write key. It is in force, and cannot be lost, when this returns.
    /// - Parameters:
    ///   - name: 1 to 64 characters; unique among the keys that are not revoked.
    ///   - calls: The calls that it may make, at least one; nil for all of them.
    ///   - expiresAt: From when on it is refused; nil for never.
    /// - Returns: The key, and its secret, which is stored nowhere.
    /// - Throws: ``AccessProblem``, or `DatabaseError` when the disk is full or read-only.
    package func createKey(name: String, calls: [String]? = nil, expiresAt: Instant? = nil) throws -> (key: WriteKey, secret: String) {
        try changes.withLock { _ in
            let made = try create(.writeKey, .writeKey, name: name, role: "", calls, expiresAt)
            let source = Source(id: UInt16(made.row.id), name: name, calls: calls.map(Set.init))
            table.withLock { table in
                table.keys[made.hash] = Entry(id: made.row.id, owner: source, expiresAt: expiresAt)
                table.names[source.id] = name
                table.calls[source.id] = source.calls
            }
            return (WriteKey(id: source.id, name: name, calls: calls, expiresAt: expiresAt, createdAt: made.row.createdAt), made.secret)
        }
    }

    /// Makes a token. It is in force, and cannot be lost, when this returns.
    /// - Parameters:
    ///   - name: 1 to 64 characters; unique among the tokens that are not revoked.
    ///   - scopes: The permissions of the role that it has, at least one; nil for all of them.
    ///   - expiresAt: From when on it is refused; nil for never.
    /// - Returns: The token, and its secret, which is stored nowhere.
    /// - Throws: ``AccessProblem``, or `DatabaseError` when the disk is full or read-only.
    package func createToken(name: String, role: Role, scopes: [String]? = nil, expiresAt: Instant? = nil) throws -> (
        token: APIToken, secret: String
    ) {
        try changes.withLock { _ in
            let made = try create(.token, .token, name: name, role: role.rawValue, scopes, expiresAt)
            let principal = Principal(name: name, role: role, scopes: scopes.map(Set.init))
            table.withLock { $0.tokens[made.hash] = Entry(id: made.row.id, owner: principal, expiresAt: expiresAt) }
            return (APIToken(name: name, role: role, scopes: scopes, expiresAt: expiresAt, createdAt: made.row.createdAt), made.secret)
        }
    }

    /// Refuses a write key from now on. What came by it stays, under its name.
    /// - Throws: ``AccessProblem/unknownName(_:)``, or `DatabaseError`.
    package func revokeKey(name: String) throws {
        try changes.withLock { _ in
            let hash = try revoke(.writeKey, name: name)
            table.withLock { $0.keys[hash] = nil }
        }
    }

    /// Refuses a token from now on.
    /// - Throws: ``AccessProblem/unknownName(_:)``, or `DatabaseError`.
    package func revokeToken(name: String) throws {
        try changes.withLock { _ in
            let hash = try revoke(.token, name: name)
            table.withLock { $0.tokens[hash] = nil }
        }
    }

    /// All write keys, revoked ones too, oldest first.
    package func keys() throws -> [WriteKey] {
        let used = table.withLock { $0.keys.values.reduce(into: [Int64: Instant]()) { $0[$1.id] = $1.used } }
        return try store.read(SecretTable.writeKey.all).map { row in
            WriteKey(
                id: UInt16(row.id), name: row.name, calls: row.limits, expiresAt: row.expiresAt, createdAt: row.createdAt,
                lastUsedAt: used[row.id] ?? row.lastUsedAt, revokedAt: row.revokedAt)
        }
    }

    /// All tokens, revoked ones too, oldest first.
    package func tokens() throws -> [APIToken] {
        let used = table.withLock { $0.tokens.values.reduce(into: [Int64: Instant]()) { $0[$1.id] = $1.used } }
        return try store.read(SecretTable.token.all).map { row in
            guard let role = Role(rawValue: row.role) else { throw AccessProblem.damaged(table: "api_token", name: row.name) }
            return APIToken(
                name: row.name, role: role, scopes: row.limits, expiresAt: row.expiresAt, createdAt: row.createdAt,
                lastUsedAt: used[row.id] ?? row.lastUsedAt, revokedAt: row.revokedAt)
        }
    }

    private func create(_ table: SecretTable, _ kind: SecretKind, name: String, role: String, _ limits: [String]?, _ expiresAt: Instant?) throws -> (
        row: SecretRow, hash: SecretHash, secret: String
    ) {
        try Self.check(name: name)
        if let limits, limits.isEmpty { throw AccessProblem.noLimits }
        if let expiresAt, expiresAt <= clock.now { throw AccessProblem.expired(expiresAt) }
        let secret = newSecret(kind, randomness)
        guard let hash = SecretHash(of: secret) else { preconditionFailure("a new secret is neither empty nor long") }
        let now = clock.now
        let row = try store.writeDurably { db in
            if try table.isInForce(name, in: db) { throw AccessProblem.nameTaken(name) }
            let id = try table.nextID(in: db)
            if table == .writeKey, id > Int64(UInt16.max) { throw AccessProblem.keysUsedUp }
            let row = SecretRow(id: id, name: name, role: role, hash: hash.text, limits: limits, expiresAt: expiresAt, createdAt: now)
            try table.insert(row, in: db)
            return row
        }
        return (row, hash, secret)
    }

    private func revoke(_ table: SecretTable, name: String) throws -> SecretHash {
        let now = clock.now
        return try store.writeDurably { db in
            guard let text = try table.revoke(name, at: now, in: db) else { throw AccessProblem.unknownName(name) }
            guard let hash = SecretHash(text: text) else { throw AccessProblem.damaged(table: table.rawValue, name: name) }
            return hash
        }
    }

    /// - Throws: ``AccessProblem/nameLength(_:)``, ``AccessProblem/nameCharacters(_:)``.
    static func check(name: String) throws(AccessProblem) {
        let letters = name.unicodeScalars
        guard (1...64).contains(letters.count) else { throw .nameLength(letters.count) }
        // A name stands in paths of the API and on terminals.
        let bad = letters.contains { $0.properties.generalCategory == .control || $0.properties.generalCategory == .format || $0 == "/" }
        guard !bad, !letters.first!.properties.isWhitespace, !letters.last!.properties.isWhitespace else { throw .nameCharacters(name) }
    }
}

// MARK: Last use

extension Access {
    /// Writes when each key and token was last used, where that is newer than what is written. One short transaction.
    package func writeLastUsed() throws {
        typealias Uses = [(id: Int64, at: Instant)]
        let (keys, tokens) = table.withLock { table -> (Uses, Uses) in
            (Self.take(&table.keys), Self.take(&table.tokens))
        }
        guard !keys.isEmpty || !tokens.isEmpty else { return }
        try store.write { db in
            for use in keys { try SecretTable.writeKey.setLastUsed(use.id, use.at, in: db) }
            for use in tokens { try SecretTable.token.setLastUsed(use.id, use.at, in: db) }
        }
    }

    private static func take<Owner>(_ entries: inout [SecretHash: Entry<Owner>]) -> [(id: Int64, at: Instant)] {
        var taken: [(id: Int64, at: Instant)] = []
        var at = entries.startIndex
        while at != entries.endIndex {
            if let used = entries.values[at].used { taken.append((entries.values[at].id, used)) }
            entries.values[at].used = nil
            entries.formIndex(after: &at)
        }
        return taken
    }

    /// Calls ``writeLastUsed()`` once a minute until the task is cancelled, and once more then.
    ///
    /// A failure is left for the next minute: when a key was last used is worth no alarm.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(60))
            try? writeLastUsed()
        }
    }
}
