import GRDB
import Identity
import Ledger
import Synchronization

/// Names of interactions and the numbers the timeline has for them.
package final class EventNames: Sendable {
    /// The most names that get a number of their own; all others share ``others``.
    package static let maximum = 65_000
    package static let others: UInt16 = 65_535
    private let names = Mutex<[String]>([])

    /// The name, or nil for ``others``, where the ledger alone knows it.
    package func name(_ number: UInt16) -> String? { names.withLock { Int(number) < $0.count ? $0[Int(number)] : nil } }
    package var all: [String] { names.withLock { $0 } }
    /// The numbers of names; those nobody has used have none.
    package func numbers(_ wanted: Set<String>) -> Set<UInt16> {
        names.withLock { all in Set(all.indices.filter { wanted.contains(all[$0]) }.map { UInt16($0) }) }
    }
    func append(_ name: String) { names.withLock { $0.append(name) } }
    func replace(_ all: [String]) { names.withLock { $0 = all } }
}

/// Gives numbers to names. It belongs to the pipeline's thread.
struct EventNumbers: ~Copyable {
    private var map = FingerprintMap()
    private var count = 0
    private let key: FingerprintKey
    private let names: EventNames

    init(_ db: Database, key: FingerprintKey, names: EventNames) throws {
        let all = try String.fetchAll(db, sql: "SELECT name FROM event ORDER BY id")
        var map = FingerprintMap(expecting: all.count)
        for (i, name) in all.enumerated() { map.set(key.identifier(.init(rawValue: 255), name), UInt32(i)) }
        names.replace(all)
        self.map = map
        self.key = key
        self.names = names
        count = all.count
    }

    mutating func number(_ name: UnsafeRawBufferPointer, _ db: Database) throws -> UInt16 {
        let print = key.identifier(.init(rawValue: 255), name)
        if let found = map.find(print) { return UInt16(found) }
        guard count < EventNames.maximum else { return EventNames.others }
        let text = String(decoding: name, as: UTF8.self)
        try db.execute(sql: "INSERT INTO event (id, name) VALUES (?, ?)", arguments: [count, text])
        map.set(print, UInt32(count))
        names.append(text)
        count += 1
        return UInt16(count - 1)
    }
}
