import Foundation
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store

/// An erasure that was said and is not yet done.
struct Erasure: Sendable {
    let id: Int64
    let customers: Set<UInt32>
    let identifiers: [ForgottenIdentifier]
    /// Where somebody who joined the person by hand may have noted something.
    let commands: [Position]
    /// Where it was said. What came later is not forgotten: the person may have come back.
    let position: Position

    init(_ row: Row) throws {
        func decode<T: Decodable>(_ column: String, as type: T.Type) throws -> T {
            let text: String = row[column]
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        }
        id = row["id"]
        customers = Set(try decode("customers", as: [UInt32].self))
        identifiers = try decode("identifiers", as: [ForgottenIdentifier].self)
        commands = try decode("positions", as: [Int64].self).map { Position(raw: UInt64(bitPattern: $0)) }
        position = Position(raw: UInt64(bitPattern: row["position"] as Int64))
    }

    /// Whether the ledger holds only tokens of the person.
    var isDone: Bool { !identifiers.isEmpty && identifiers.allSatisfy { ErasedIdentifier.isToken($0.value) } }
}

/// Finds what an erasure changes in the ledger.
///
/// Every record of the person becomes a tombstone. It keeps a token in the place of each identifier, the same for the same:
/// so a rebuild of the state concludes about everybody else what was concluded before, whatever the person had to do with it
/// (a device that two used, a merge taken back). For the same reason the person's identifiers become tokens where others'
/// records name them. What others' records say of the person in their properties is theirs, and stays.
///
/// It reads the whole ledger up to the erasure, as erasing is rare and may miss nothing.
struct ErasureSearch {
    private let erasure: Erasure
    private let store: Store
    private let ledger: Ledger
    /// What the person's identifiers become.
    private var tokens: [Fingerprint: [UInt8]] = [:]
    /// What other identifiers of the person's records become.
    private var others: [Fingerprint: [UInt8]] = [:]
    private var nextToken = 0
    private var remains: [Position: Remains] = [:]

    init(_ erasure: Erasure, store: Store, ledger: Ledger) {
        self.erasure = erasure
        self.store = store
        self.ledger = ledger
        // One token for one value, whatever its kind: the previous id that an alias names may be of either of two kinds.
        var byValue: [String: [UInt8]] = [:]
        for identifier in erasure.identifiers where identifier.joins {
            let known = ErasedIdentifier.isToken(identifier.value) ? Array(identifier.value.utf8) : byValue[identifier.value]
            let value = known ?? token()
            byValue[identifier.value] = value
            tokens[ledger.key.identifier(IdentifierKind(rawValue: identifier.kind), identifier.value)] = value
        }
    }

    private mutating func token() -> [UInt8] {
        defer { nextToken += 1 }
        return ErasedIdentifier.token(erasure: erasure.id, index: nextToken)
    }

    /// - Returns: what remains of each record that changes, and how many interactions go.
    mutating func run() throws -> (remains: [Position: Remains], interactions: Int) {
        try keepWaiting()
        var gone = try recorded()
        let interactions = gone.count
        let reader = try LedgerReader(path: ledger.path)
        var at: Int64 = 0
        // A statement that reads for minutes would keep the WAL from being emptied.
        while at < erasure.position.body {
            let read = try reader.bodies(after: at, limit: 1000) { id, body in
                guard id <= erasure.position.body else { return false }
                for i in 0..<body.count {
                    let position = Position(body: id, index: i)
                    guard position < erasure.position else { return false }
                    guard let record = body[i] else { throw LedgerProblem.damaged(body: id) }
                    try look(record, position, gone.removeValue(forKey: position))
                }
                at = id
                return true
            }
            if read < 1000 { break }
        }
        for position in erasure.commands {
            try reader.record(position) { record in
                guard record.kind == .command, let without = try Command.withoutNote(record.properties) else { return }
                remains[position] = .properties(without)
            }
        }
        return (remains, interactions)
    }

    /// What persons had who were erased later stays until their erasure is done: then it becomes one token everywhere.
    private mutating func keepWaiting() throws {
        let waiting = try store.read { try Row.fetchAll($0, sql: "SELECT * FROM erasure WHERE done = 0 AND id > ?", arguments: [erasure.id]) }
        for identifier in try waiting.flatMap({ try Erasure($0).identifiers }) where identifier.joins {
            others[ledger.key.identifier(IdentifierKind(rawValue: identifier.kind), identifier.value)] = Array(identifier.value.utf8)
        }
    }

    /// - Parameter customer: to whom it was concluded to belong when it is the person's.
    private mutating func look(_ record: RecordView, _ position: Position, _ customer: UInt32?) throws {
        guard let customer, record.kind == .interaction || record.kind == .expired else {
            // What is the person's and no interaction was made a tombstone before a crash.
            if let named = rename(record) { remains[position] = .identifiers(named) }
            return
        }
        var left: [(IdentifierKind, [UInt8])] = []
        var all: [(IdentifierKind, UnsafeRawBufferPointer)] = []
        record.identifiers { all.append(($0, $1)) }
        for (kind, value) in all { left.append((kind, try replaced(kind, value) { try other($0, $1) })) }
        remains[position] = .tombstone(customer: customer, identifiers: left)
    }

    /// The record's identifiers with tokens for the person's; nil when it names none.
    private func rename(_ record: RecordView) -> [(IdentifierKind, [UInt8])]? {
        var names = false
        record.identifiers { kind, value in
            if kind == .previousID {
                let parts = ErasedIdentifier.parts(ofPrevious: value)
                if token(of: .userID, parts.user) != nil || token(of: .anonymousID, parts.anonymous) != nil { names = true }
            } else if token(of: kind, value) != nil {
                names = true
            }
        }
        guard names else { return nil }
        var all: [(IdentifierKind, [UInt8])] = []
        record.identifiers { kind, value in all.append((kind, replaced(kind, value) { Array($1) })) }
        return all
    }

    /// What an identifier becomes: its token, or what `other` says of one that is not the person's.
    private func replaced(
        _ kind: IdentifierKind, _ value: UnsafeRawBufferPointer, _ other: (IdentifierKind, UnsafeRawBufferPointer) throws -> [UInt8]
    ) rethrows -> [UInt8] {
        guard kind == .previousID else { return try token(of: kind, value) ?? other(kind, value) }
        let parts = ErasedIdentifier.parts(ofPrevious: value)
        return ErasedIdentifier.previous(
            user: try token(of: .userID, parts.user) ?? other(.userID, parts.user),
            anonymous: try token(of: .anonymousID, parts.anonymous) ?? other(.anonymousID, parts.anonymous))
    }

    private func token(of kind: IdentifierKind, _ value: UnsafeRawBufferPointer) -> [UInt8]? { tokens[ledger.key.identifier(kind, value)] }

    /// What an identifier of the person's records becomes that is not theirs: what is somebody else's stays, and what is nobody's
    /// becomes a token, which says that there was one.
    private mutating func other(_ kind: IdentifierKind, _ value: UnsafeRawBufferPointer) throws -> [UInt8] {
        if ErasedIdentifier.isToken(value) { return Array(value) }
        let print = ledger.key.identifier(kind, value)
        if let found = others[print] { return found }
        let text = String(decoding: value, as: UTF8.self)
        let isKnown = try store.read {
            try Bool.fetchOne($0, sql: "SELECT 1 FROM identifier WHERE value = ? AND kind = ?", arguments: [text, kind.rawValue]) ?? false
        }
        let made = isKnown ? Array(value) : token()
        others[print] = made
        return made
    }

    /// Every record that was concluded to belong to the person, duplicates too, and the raw customer. Reads four bytes of every
    /// interaction: the timeline does not show all.
    private func recorded() throws -> [Position: UInt32] {
        var found: [Position: UInt32] = [:]
        try store.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT body, customers FROM concluded WHERE body <= ? ORDER BY body", arguments: [erasure.position.body])
            while let row = try rows.next() {
                let body: Int64 = row[0]
                try row.withUnsafeData(atIndex: 1) { data in
                    data?.withUnsafeBytes { bytes in
                        for i in 0..<(bytes.count / 4) {
                            let c = bytes.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                            guard c != Concluded.nobody, erasure.customers.contains(c & ~Concluded.duplicate) else { continue }
                            found[Position(body: body, index: i)] = c & ~Concluded.duplicate
                        }
                    }
                }
            }
        }
        return found
    }
}
