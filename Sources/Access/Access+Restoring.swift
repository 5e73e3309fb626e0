import GRDB
package import Kernel
package import Store

/// A key or token that was revoked, as another copy of the same tables knows it.
package struct Revocation: Sendable, Equatable {
    let table: SecretTable
    let hash: String
    /// What it is and whose: `token ann`, `write key web shop`.
    package let what: String
    package let at: Instant
}

extension Access {
    /// What was revoked in a state database that nobody has open, which is only read.
    /// - Throws: `DatabaseError` when it cannot be read.
    package static func revocations(ofStateAt path: String) throws -> [Revocation] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let found = try queue.read { db in
            try [SecretTable.writeKey, .token].flatMap { table in
                try table.all(in: db).compactMap { row in
                    row.revokedAt.map {
                        Revocation(table: table, hash: row.hash, what: (table == .token ? "token " : "write key ") + row.name, at: $0)
                    }
                }
            }
        }
        try queue.close()
        return found
    }

    /// Revokes what was revoked elsewhere, in a state database that is not served yet. Again does nothing.
    /// - Returns: Those that were in force here.
    package static func revokeAgain(_ revocations: [Revocation], in store: Store) throws -> [Revocation] {
        try store.writeDurably { db in
            try revocations.filter { one in try one.table.revoke(hash: one.hash, at: one.at, in: db) }
        }
    }
}
