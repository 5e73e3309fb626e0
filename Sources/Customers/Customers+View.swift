import GRDB
import Identity
package import Kernel
import Ledger
import Pipeline
import Simdjson
import Store
import Timeline

extension Customers {
    /// Everything we know of the person; nil when there is no such customer, or it was erased.
    package func view(_ id: CustomerID) throws -> CustomerView? {
        guard let members = members(id) else { return nil }
        let root = CustomerID(raw: members[0])
        guard !isErased(root.raw) else { return nil }
        let vocabulary = ledger.vocabulary
        let (identifiers, traits, merges) = try store.read { db in
            (try self.identifiers(members, vocabulary, db), try self.traits(members, vocabulary, db), try self.merges(members, vocabulary, db))
        }
        var view = CustomerView(
            id: root, ids: members.sorted().map(CustomerID.init(raw:)), name: Self.name(traits), identifiers: identifiers, traits: traits,
            firstSeen: nil,
            lastSeen: nil, interactions: 0, channels: [], names: [], merges: merges)
        count(members, vocabulary, &view)
        return view
    }

    private func identifiers(_ members: [UInt32], _ vocabulary: Vocabulary, _ db: Database) throws -> [KnownIdentifier] {
        var all: [(rank: Int, KnownIdentifier)] = []
        let ranks = Dictionary(pipeline.rules.kinds.enumerated().map { ($0.element.kind, $0.offset) }) { a, _ in a }
        let unique = try db.cachedStatement(sql: "SELECT kind, value, at, position, flags FROM identifier WHERE customer_id = ? AND kind <> 10")
        let found = try db.cachedStatement(sql: "SELECT kind, value, at, position, 0 FROM reference WHERE customer_id = ? ORDER BY at DESC LIMIT 200")
        for m in members {
            for (statement, isUnique) in [(unique, true), (found, false)] {
                let rows = try Row.fetchCursor(statement, arguments: [m])
                while let row = try rows.next() {
                    let kind = IdentifierKind(rawValue: row[0])
                    let position: Int64 = row[3]
                    let flags: Int = row[4]
                    all.append(
                        (
                            ranks[kind] ?? 999,
                            KnownIdentifier(
                                kind: vocabulary.name(of: kind), value: row[1], unique: isUnique, shared: flags & 1 != 0, former: flags & 2 != 0,
                                firstSeen: Instant(milliseconds: row[2]), position: Position(raw: UInt64(bitPattern: position)))
                        ))
                }
            }
        }
        return all.sorted { ($0.rank, $0.1.firstSeen, $0.1.value) < ($1.rank, $1.1.firstSeen, $1.1.value) }.map(\.1)
    }

    /// The newest word on each trait over all members.
    func traits(_ members: [UInt32], _ vocabulary: Vocabulary, _ db: Database) throws -> [Trait] {
        var newest: [String: (Trait, String)] = [:]
        let statement = try db.cachedStatement(sql: "SELECT key, value, at, position, source, channel FROM trait WHERE customer_id = ?")
        for m in members {
            let rows = try Row.fetchCursor(statement, arguments: [m])
            while let row = try rows.next() {
                let key: String = row[0]
                let at = Instant(milliseconds: row[2])
                let raw: Int64 = row[3]
                let position = Position(raw: UInt64(bitPattern: raw))
                if let (known, _) = newest[key], (known.at, known.position) > (at, position) { continue }
                let trait = Trait(
                    key: key, value: .null, at: at, source: sourceName(row[4]), channel: vocabulary.name(of: Channel(rawValue: row[5])),
                    position: position)
                newest[key] = (trait, row[1])
            }
        }
        let parser = JSONParser()
        return try newest.values.compactMap { trait, text in
            guard text != "null" else { return nil }
            var trait = trait
            trait.value = try parser.parse(Array(text.utf8)) { $0.toJSON() }
            return trait
        }.sorted { $0.key < $1.key }
    }

    /// The person's name; nil when we do not know one.
    package func name(of id: CustomerID) throws -> String? {
        guard let members = members(id) else { return nil }
        return Self.name(try store.read { try traits(members, ledger.vocabulary, $0) })
    }

    /// A name to call the customer by.
    static func name(_ traits: [Trait]) -> String? {
        func text(_ keys: String...) -> String? {
            for key in keys {
                if let s = traits.first(where: { $0.key == key })?.value.string?.trimmed, !s.isEmpty { return s }
            }
            return nil
        }
        if let full = text("name", "fullName", "full_name") { return full }
        let parts = [text("firstName", "first_name", "given_name"), text("lastName", "last_name", "family_name", "surname")].compactMap { $0 }
        return parts.isEmpty ? text("company") : parts.joined(separator: " ")
    }

    private func count(_ members: [UInt32], _ vocabulary: Vocabulary, _ view: inout CustomerView) {
        var channels = [(count: Int, last: UInt32)](repeating: (0, 0), count: 256)
        var events: [UInt16: (count: Int, last: UInt32)] = [:]
        var first = UInt32.max
        var last: UInt32 = 0
        var total = 0
        pipeline.timeline.forEach(members) { mark in
            let known = events[mark.event] ?? (0, 0)
            events[mark.event] = (known.count + 1, max(known.last, mark.second))
            // Nobody was seen because something was worked out about them, or a colleague wrote.
            guard mark.isBetweenUs else { return }
            total += 1
            first = min(first, mark.second)
            last = max(last, mark.second)
            channels[Int(mark.channel)].count += 1
            channels[Int(mark.channel)].last = max(channels[Int(mark.channel)].last, mark.second)
        }
        view.interactions = total
        if total > 0 {
            view.firstSeen = Instant(milliseconds: Int64(first) * 1000)
            view.lastSeen = Instant(milliseconds: Int64(last) * 1000)
        }
        func counted(_ name: String, _ n: (count: Int, last: UInt32)) -> CustomerView.Count {
            CustomerView.Count(name: name, count: n.count, last: Instant(milliseconds: Int64(n.last) * 1000))
        }
        view.channels = channels.indices.filter { channels[$0].count > 0 }.map {
            counted(vocabulary.name(of: Channel(rawValue: UInt8($0))), channels[$0])
        }
        view.names = events.map { counted(pipeline.names.name($0.key) ?? "(other names)", $0.value) }
        view.channels.sort { ($1.count, $0.name) < ($0.count, $1.name) }
        view.names.sort { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
