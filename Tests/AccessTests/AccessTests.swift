import Foundation
import GRDB
import Kernel
import Store
import Synchronization
import Testing

@testable import Access

/// A state database in a new folder, a clock that the test sets, and repeatable randomness.
private final class Bench: Sendable {
    let folder: URL
    let store: Store
    let time = Mutex(Instant(milliseconds: 1_000_000))
    private let random = Mutex(SeededRandom(seed: 7))

    init() throws {
        folder = URL.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = try Store(path: folder.appending(path: "state.db").path, migrations: Access.migrations)
    }
    deinit { try? FileManager.default.removeItem(at: folder) }

    /// `Access` as a start of the program would make it.
    func open() throws -> Access {
        try Access(
            store: store, clock: Clock { [self] in time.withLock { $0 } },
            randomness: Randomness { [self] count in random.withLock { r in (0..<count).map { _ in UInt8(truncatingIfNeeded: r.next()) } } })
    }
}

@Suite struct `Limits and expiry` {
    @Test func `a key and a token keep what they were limited to, also after a restart`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let key = try access.createKey(name: "web", calls: ["track", "page"])
        let token = try access.createToken(name: "reports", role: .analyst, scopes: ["read"])
        for access in [access, try bench.open()] {
            #expect(access.source(writeKey: key.secret)?.calls == ["track", "page"])
            #expect(access.calls(ofSource: key.key.id) == ["track", "page"] && access.calls(ofSource: 99) == nil)
            #expect(access.principal(token: token.secret)?.scopes == ["read"])
            #expect(try access.keys().map(\.calls) == [["track", "page"]] && access.tokens().map(\.scopes) == [["read"]])
        }
        try access.revokeKey(name: "web")
        #expect(try bench.open().calls(ofSource: key.key.id) == ["track", "page"])
    }

    @Test func `what has expired is refused from that moment on, and not before`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let end = Instant(milliseconds: 2_000_000)
        let key = try access.createKey(name: "web", expiresAt: end).secret
        let token = try access.createToken(name: "reports", role: .analyst, expiresAt: end).secret
        for access in [access, try bench.open()] {
            bench.time.withLock { $0 = end + -1 }
            #expect(access.source(writeKey: key) != nil && access.principal(token: token) != nil)
            bench.time.withLock { $0 = end }
            #expect(access.source(writeKey: key) == nil && access.principal(token: token) == nil)
        }
        #expect(throws: AccessProblem.expired(end)) { try access.createKey(name: "late", expiresAt: end) }
        #expect(throws: AccessProblem.noLimits) { try access.createToken(name: "none", role: .agent, scopes: []) }
        #expect(try access.keys().count == 1)
    }

    @Test func `keys and tokens from before there were limits may do all, and never expire`() throws {
        let folder = URL.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "access.db").path
        let old = try Store(path: path, migrations: Array(Access.migrations.prefix(1)))
        let secret = "slk_" + String(repeating: "0", count: 32)
        let hash = try #require(SecretHash(of: secret)).text
        try old.write { db in
            try db.execute(sql: "INSERT INTO write_key (id, name, hash, created_at) VALUES (1, 'web', ?, 7)", arguments: [hash])
            try db.execute(sql: "INSERT INTO api_token (id, name, role, hash, created_at) VALUES (1, 'ann', 'analyst', ?, 7)", arguments: [hash])
        }
        try old.close()
        let access = try Access(
            store: try Store(path: path, migrations: Access.migrations), clock: Clock { Instant(milliseconds: .max / 2) },
            randomness: Randomness { Array(repeating: 1, count: $0) })
        #expect(access.source(writeKey: secret) == Source(id: 1, name: "web"))
        #expect(access.principal(token: secret) == Principal(name: "ann", role: .analyst))
        #expect(try access.keys()[0].calls == nil && access.tokens()[0].expiresAt == nil)
    }
}

@Suite struct `Write keys` {
    @Test func `a key has 160 random bits and stands for its source, also after a restart`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let made = try access.createKey(name: "web shop")
        #expect(made.secret.hasPrefix("slk_"))
        #expect(made.secret.utf8.count == 4 + 32)
        #expect(access.source(writeKey: made.secret) == Source(id: 1, name: "web shop"))
        #expect(try bench.open().source(writeKey: made.secret) == Source(id: 1, name: "web shop"))
    }

    @Test func `no file holds the secret`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let secrets = [try access.createKey(name: "a").secret, try access.createToken(name: "a", role: .agent).secret]
        for file in try FileManager.default.contentsOfDirectory(at: bench.folder, includingPropertiesForKeys: nil) {
            let bytes = try Data(contentsOf: file)
            for secret in secrets { #expect(bytes.range(of: Data(secret.dropFirst(4).utf8)) == nil, "\(file.lastPathComponent)") }
        }
    }

    @Test func `a revoked key is refused at once, its name is free again, its number is not`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let old = try access.createKey(name: "web")
        try access.revokeKey(name: "web")
        #expect(access.source(writeKey: old.secret) == nil)
        let new = try access.createKey(name: "web")
        #expect(new.key.id == 2)
        for access in [access, try bench.open()] {
            #expect(access.source(writeKey: old.secret) == nil)
            #expect(access.source(writeKey: new.secret)?.id == 2)
            #expect(access.name(ofSource: 1) == "web")
            #expect(access.sources == [Source(id: 2, name: "web")])
        }
        #expect(try access.keys().map(\.revokedAt) == [Instant(milliseconds: 1_000_000), nil])
    }

    @Test func `a name in force is taken, an unknown one cannot be revoked`() throws {
        let access = try Bench().open()
        _ = try access.createKey(name: "web")
        #expect(throws: AccessProblem.nameTaken("web")) { try access.createKey(name: "web") }
        #expect(throws: AccessProblem.unknownName("Web")) { try access.revokeKey(name: "Web") }
        #expect(try access.keys().count == 1)
    }

    @Test func `a name has 1 to 64 characters and nothing that breaks paths or terminals`() throws {
        let access = try Bench().open()
        #expect(throws: AccessProblem.nameLength(0)) { try access.createKey(name: "") }
        #expect(throws: AccessProblem.nameLength(65)) { try access.createKey(name: String(repeating: "x", count: 65)) }
        for name in [" web", "web ", "a/b", "a\u{1B}[31m", "a\nb", "a\u{202E}b"] {
            #expect(throws: AccessProblem.nameCharacters(name)) { try access.createKey(name: name) }
        }
        _ = try access.createKey(name: String(repeating: "é", count: 64))
        _ = try access.createKey(name: "Büro 3, ground floor")
    }

    @Test func `the last of 65,535 numbers is given, and then no more`() throws {
        let bench = try Bench()
        let access = try bench.open()
        try bench.store.write { db in
            try db.execute(
                sql:
                    "INSERT INTO write_key (id, name, hash, created_at, revoked_at) VALUES (65534, 'old', '\(String(repeating: "0", count: 64))', 0, 0)"
            )
        }
        #expect(try access.createKey(name: "last").key.id == 65_535)
        #expect(throws: AccessProblem.keysUsedUp) { try access.createKey(name: "more") }
    }

    @Test func `what is no key is nobody`() throws {
        let access = try Bench().open()
        _ = try access.createKey(name: "web")
        for text in ["", "slk_", "slk_0000000000000000000000000000000", String(repeating: "x", count: 100_000)] {
            #expect(access.source(writeKey: text) == nil)
            #expect(access.principal(token: text) == nil)
        }
    }
}

@Suite struct `API tokens` {
    @Test func `a token has a name and a role, and is no write key`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let made = try access.createToken(name: "ann", role: .analyst)
        #expect(made.secret.hasPrefix("slt_"))
        #expect(access.principal(token: made.secret) == Principal(name: "ann", role: .analyst))
        #expect(try bench.open().principal(token: made.secret) == Principal(name: "ann", role: .analyst))
        #expect(access.source(writeKey: made.secret) == nil)
        try access.revokeToken(name: "ann")
        #expect(access.principal(token: made.secret) == nil)
        #expect(try bench.open().principal(token: made.secret) == nil)
    }

    @Test func `a role that this program does not know is damage, not a guess`() throws {
        let bench = try Bench()
        _ = try bench.open().createToken(name: "ann", role: .analyst)
        try bench.store.write { try $0.execute(sql: "UPDATE api_token SET role = 'emperor'") }
        #expect(throws: AccessProblem.damaged(table: "api_token", name: "ann")) { try bench.open() }
    }
}

@Suite struct `Last use` {
    @Test func `is seen at once, and written apart from the request`() throws {
        let bench = try Bench()
        let access = try bench.open()
        let key = try access.createKey(name: "web")
        let token = try access.createToken(name: "ann", role: .agent)
        #expect(try access.keys()[0].lastUsedAt == nil)
        bench.time.withLock { $0 = Instant(milliseconds: 2_000_000) }
        _ = access.source(writeKey: key.secret)
        bench.time.withLock { $0 = Instant(milliseconds: 2_000_500) }
        _ = access.source(writeKey: key.secret)
        _ = access.principal(token: token.secret)
        #expect(try access.keys()[0].lastUsedAt == Instant(milliseconds: 2_000_500))
        #expect(try bench.open().keys()[0].lastUsedAt == nil)
        try access.writeLastUsed()
        #expect(try bench.open().keys()[0].lastUsedAt == Instant(milliseconds: 2_000_500))
        #expect(try bench.open().tokens()[0].lastUsedAt == Instant(milliseconds: 2_000_500))
        #expect(try access.keys()[0].lastUsedAt == Instant(milliseconds: 2_000_500))
        // Whoever has the data folder names a key instead of showing it.
        bench.time.withLock { $0 = Instant(milliseconds: 2_000_900) }
        #expect(access.source(named: "web")?.name == "web" && access.source(named: "other") == nil)
        #expect(try access.keys()[0].lastUsedAt == Instant(milliseconds: 2_000_900))
    }
}
