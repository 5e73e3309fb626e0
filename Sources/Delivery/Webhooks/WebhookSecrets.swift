import CSodium
import FoundationEssentials
import GRDB
package import Kernel
package import Store
import Synchronization

/// The secrets that webhooks sign with, and which webhooks are switched off since their receiver said so.
///
/// No secret is stored. Each is the keyed BLAKE2b hash of the webhook's key and a generation, with a key of the folder that never leaves
/// `access.db`; to change a secret is to go to the next generation. So there is nothing to encrypt, and a definition that goes into Git
/// has none in it.
package final class WebhookSecrets: Sendable {
    private let store: Store
    private let master: [UInt8]
    private let rows: Mutex<[String: Row]>
    /// Held from a change's transaction to its entry in ``rows``.
    private let changes = Mutex(())

    /// What is known of one webhook.
    private struct Row: Sendable {
        var generation = 1
        var changedAt: Instant?
        var disabledAt: Instant?
    }

    /// Milliseconds for which the secret before a change signs too.
    package static let overlap: Int64 = 86_400_000
    /// What secrets begin with (Standard Webhooks, "Signature scheme"), so that whoever looks for leaked ones finds them.
    package static let prefix = "whsec_"
    /// Bytes of a secret: HMAC-SHA256 gains nothing from more.
    private static let length = 32

    /// - Parameter store: A database with ``migrations``, of which every commit is synced.
    /// - Throws: `DatabaseError`.
    package init(store: Store, randomness: Randomness) throws {
        _ = sodium_init()
        self.store = store
        master = try Self.master(store, randomness)
        let found = try store.read { db in
            try GRDB.Row.fetchAll(db, sql: "SELECT key, generation, changed_at, disabled_at FROM webhook").map { row in
                (
                    row["key"] as String,
                    Row(
                        generation: row["generation"], changedAt: (row["changed_at"] as Int64?).map(Instant.init(milliseconds:)),
                        disabledAt: (row["disabled_at"] as Int64?).map(Instant.init(milliseconds:)))
                )
            }
        }
        rows = Mutex(Dictionary(found) { a, _ in a })
    }

    private static func master(_ store: Store, _ randomness: Randomness) throws -> [UInt8] {
        if let known = try store.read({ try Data.fetchOne($0, sql: "SELECT key FROM delivery_key") }), known.count == length { return Array(known) }
        let made = randomness.bytes(length)
        try store.writeDurably { try $0.execute(sql: "INSERT OR REPLACE INTO delivery_key (id, key) VALUES (1, ?)", arguments: [Data(made)]) }
        return made
    }

    // MARK: Asking

    /// What signs at a moment, newest first: one secret, or two within a day of a change.
    package func keys(of webhook: String, at now: Instant) -> [[UInt8]] {
        let row = rows.withLock { $0[webhook] ?? Row() }
        let isBoth = row.changedAt.map { now - $0 < Self.overlap } ?? false
        return (isBoth ? [row.generation, row.generation - 1] : [row.generation]).map { key(webhook, $0) }
    }

    /// As people and programs are given it: `whsec_` and Base64.
    package func secret(of webhook: String) -> String { Self.text(key(webhook, rows.withLock { $0[webhook]?.generation ?? 1 })) }

    /// The secret before the last change and until when it signs too; nil when it does not any more.
    package func previous(of webhook: String, at now: Instant) -> (secret: String, until: Instant)? {
        let row = rows.withLock { $0[webhook] ?? Row() }
        guard let changedAt = row.changedAt, now - changedAt < Self.overlap else { return nil }
        return (Self.text(key(webhook, row.generation - 1)), changedAt + Self.overlap)
    }

    /// Since when it is switched off, as its receiver answered that it is gone; nil when it is not.
    package func disabledAt(_ webhook: String) -> Instant? { rows.withLock { $0[webhook]?.disabledAt } }

    static func text(_ key: [UInt8]) -> String { prefix + Data(key).base64EncodedString() }

    private func key(_ webhook: String, _ generation: Int) -> [UInt8] { hash("secret\0\(webhook)\0\(generation)") }

    /// What names a message to a webhook, the same whenever it is asked, and another in every folder: 16 letters.
    func name(_ webhook: String, _ position: UInt64) -> String { Base32.text(Array(hash("message\0\(webhook)\0\(position)").prefix(10))) }

    private func hash(_ text: String) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: Self.length)
        let bytes = Array(text.utf8)
        crypto_generichash(&out, Self.length, bytes, UInt64(bytes.count), master, Self.length)
        return out
    }

    // MARK: Changing

    /// Makes a new secret; the one before signs too for a day. The one before that, if it still did, ends at once.
    /// - Throws: `DatabaseError` when the disk is full or read-only.
    package func change(_ webhook: String, at now: Instant) throws {
        try update(webhook) { row in
            row.generation += 1
            row.changedAt = now
        }
    }

    /// Switches a webhook off, or on again with nil.
    /// - Throws: `DatabaseError` when the disk is full or read-only.
    package func setDisabled(_ webhook: String, _ at: Instant?) throws { try update(webhook) { $0.disabledAt = at } }

    private func update(_ webhook: String, _ change: (inout Row) -> Void) throws {
        try changes.withLock { _ in
            var row = rows.withLock { $0[webhook] ?? Row() }
            change(&row)
            try store.writeDurably {
                try $0.execute(
                    sql: """
                        INSERT INTO webhook (key, generation, changed_at, disabled_at) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (key) DO UPDATE SET generation = excluded.generation, changed_at = excluded.changed_at,
                            disabled_at = excluded.disabled_at
                        """, arguments: [webhook, row.generation, row.changedAt?.milliseconds, row.disabledAt?.milliseconds])
            }
            rows.withLock { $0[webhook] = row }
        }
    }
}

extension WebhookSecrets {
    /// Tables of `access.db`: they follow from nothing.
    package static let migrations = [
        Migration(
            "delivery 1: the key of secrets, and webhooks",
            """
            -- One row of 32 random bytes, from which all secrets of webhooks are derived.
            CREATE TABLE delivery_key (
                id  INTEGER PRIMARY KEY CHECK (id = 1),
                key BLOB NOT NULL CHECK (length(key) = 32)
            );
            -- A webhook without a row has its first secret, and is on.
            CREATE TABLE webhook (
                key         TEXT PRIMARY KEY,
                generation  INTEGER NOT NULL CHECK (generation >= 1),
                changed_at  BIGINT,
                disabled_at BIGINT
            );
            """)
    ]
}

/// Signs messages as Standard Webhooks has it (github.com/standard-webhooks/standard-webhooks, "Signature scheme", `v1`).
enum WebhookSignature {
    /// The header `webhook-signature`: for each key `v1,` and the Base64 of HMAC-SHA256 over id, time and body with dots between them.
    /// - Parameters:
    ///   - timestamp: Seconds since 1970, as the header `webhook-timestamp` has it.
    ///   - keys: Of 32 bytes each, the newest first.
    static func header(id: String, timestamp: Int64, body: [UInt8], keys: [[UInt8]]) -> String {
        let content = Array("\(id).\(timestamp).".utf8) + body
        return keys.map { key in
            precondition(key.count == Int(crypto_auth_hmacsha256_KEYBYTES))
            var out = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
            crypto_auth_hmacsha256(&out, content, UInt64(content.count), key)
            return "v1," + Data(out).base64EncodedString()
        }.joined(separator: " ")
    }
}
