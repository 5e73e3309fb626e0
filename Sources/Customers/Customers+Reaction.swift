import FoundationEssentials
import GRDB
import GRDBSQLite
package import Identity
import Kernel
import Ledger
package import Pipeline
import Simdjson
package import Store

/// Keeps what customers tell about themselves.
package struct CustomersReaction: Reaction {
    private let parsers = JSONParserPool(most: 2)
    private let keys: TraitKeys

    /// - Parameter keys: Learns which traits there are.
    package init(keys: TraitKeys = TraitKeys()) { self.keys = keys }
    package var migrations: [Migration] { Customers.migrations }

    package func load(_ store: Store) throws { keys.replace(try store.read { try String.fetchAll($0, sql: "SELECT key FROM trait_key") }) }

    /// Traits that hold names.
    static let nameKeys: Set<String> = [
        "name", "firstName", "lastName", "first_name", "last_name", "given_name", "family_name", "surname", "fullName", "full_name", "company",
    ]
    /// Traits by which two customers may be alike: see Likeness.
    private static let likenessKeys: Set<String> = nameKeys.union([
        "phone", "address", "street", "city", "postal_code", "postalCode", "postcode", "zip", "birthday", "date_of_birth", "dateOfBirth", "address_1",
        "suburb",
    ])

    package func react(to concluded: Concluded, in writer: Writer) throws {
        try parsers.borrow { parser in
            try concluded.forEach { record, customer, position in
                guard record.type == .identify || record.type == .group, !record.properties.isEmpty else { return }
                try parser.parse(record.properties) { root in
                    let traits = TraitWriter(customer: customer, record: record, position: position, db: writer.database, keys: keys)
                    if record.type == .group {
                        if let id = root["group_id"] { try traits.set("group_id", id) }
                    } else {
                        try traits.set(all: root)
                    }
                }
            }
        }
    }

    package func regroup(_ customers: [UInt32], _ people: People, isParted: Bool, in writer: Writer) throws {
        try Reviews.regroup(customers, people, writer.database)
    }

    package func decide(_ decision: Decision, in writer: Writer) throws { try Reviews.decide(decision, writer.database) }

    package func reopen(_ a: UInt32, _ b: UInt32, in writer: Writer) throws { try Reviews.reopen(a, b, writer.database) }

    package func forget(_ forgotten: Forgotten, in writer: Writer) throws {
        let db = writer.database
        var positions: Set<Int64> = []
        for c in forgotten.customers {
            for table in ["trait", "name_word", "likeness", "unreviewed"] {
                try db.execute(sql: "DELETE FROM \(table) WHERE customer_id = ?", arguments: [c])
            }
            try db.execute(sql: "DELETE FROM review WHERE a = $1 OR b = $1", arguments: [c])
            // What somebody wrote down when they joined two by hand stands in the ledger as a command.
            positions.formUnion(try Int64.fetchAll(db, sql: "SELECT position FROM merge WHERE (a = $1 OR b = $1) AND reason = 3", arguments: [c]))
        }
        let encoder = JSONEncoder()
        try db.execute(
            sql: "INSERT INTO erasure (customers, identifiers, positions, position) VALUES (?, ?, ?, ?)",
            arguments: [
                String(decoding: try encoder.encode(forgotten.customers), as: UTF8.self),
                String(decoding: try encoder.encode(forgotten.identifiers), as: UTF8.self),
                String(decoding: try encoder.encode(positions.sorted()), as: UTF8.self), Int64(bitPattern: forgotten.position.raw),
            ])
    }

    /// Writes the traits of one call. The newest word on a trait counts, by when it was said.
    private struct TraitWriter {
        let customer: UInt32
        let record: RecordView
        let position: Position
        let db: Database
        let keys: TraitKeys

        func set(all root: JSONValueView) throws {
            var compare = false
            for member in root.members {
                let key = String(decoding: member.key, as: UTF8.self)
                try set(key, member.value)
                if CustomersReaction.nameKeys.contains(key), let name = member.value.string { try remember(name) }
                if CustomersReaction.likenessKeys.contains(key) { compare = true }
            }
            guard compare else { return }
            try db.cachedStatement(sql: "INSERT INTO unreviewed (customer_id) VALUES (?) ON CONFLICT DO NOTHING").execute(arguments: [customer])
        }

        func set(_ key: String, _ value: JSONValueView) throws {
            if keys.isNew(key) { try db.execute(sql: "INSERT INTO trait_key (key) VALUES (?) ON CONFLICT DO NOTHING", arguments: [key]) }
            var text: [UInt8] = []
            value.minify(to: &text)
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO trait (customer_id, key, value, at, position, source, channel) VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (customer_id, key) DO UPDATE SET
                        value = excluded.value, at = excluded.at, position = excluded.position, source = excluded.source, channel = excluded.channel
                    WHERE excluded.at > trait.at OR (excluded.at = trait.at AND excluded.position > trait.position)
                    """)
            // A clock that runs ahead may not keep later words from counting for longer than a day.
            let said = min(record.at, record.receivedAt + 86_400_000)
            try statement.execute(arguments: [
                customer, key, String(decoding: text, as: UTF8.self), said.milliseconds, Int64(bitPattern: position.raw),
                Int(record.source),
                Int(record.channel.rawValue),
            ])
        }

        private func remember(_ name: String) throws {
            let statement = try db.cachedStatement(sql: "INSERT INTO name_word (word, customer_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
            for word in Folding.words(name).prefix(12) { try statement.execute(arguments: [String(word.prefix(64)), customer]) }
        }
    }
}
