import FoundationEssentials
import GRDB
import Identity
import Kernel
package import Ledger

/// A raw customer that was erased, named so that another copy of the same ledger knows it: by its number, and by the record
/// it came from.
///
/// The number alone would not do. After a backup was restored the ledger goes on differently, and the same number may be
/// given to somebody else; a record's place together with its message's fingerprint is the same in both or in neither.
package struct ErasedCustomer: Codable, Sendable, Hashable {
    package var customer: UInt32
    package var position: UInt64
    /// The two halves of the message's fingerprint.
    package var high: UInt64
    package var low: UInt64

    package init(customer: UInt32, position: Position, message: Fingerprint) {
        self.customer = customer
        self.position = position.raw
        high = message.high
        low = message.low
    }

    package var message: Fingerprint { Fingerprint(high: high, low: low) }

    /// As many as are sure to find room in one command.
    package static let mostInCommand = 400
}

/// Who was erased, as a data folder's files say it. The files are only read, and may be damaged: what could be read counts,
/// and ``gaps`` says what could not.
package struct Erasures: Sendable {
    /// What could not be read.
    package enum Gap: Sendable, Equatable {
        /// The ledger, from some point on: who was erased is not known.
        case ledger(String)
        /// So many bodies of the ledger: who was erased in them is not known.
        case bodies(Int)
        /// The state: erasures that were not finished are not known.
        case state(String)
    }

    package private(set) var customers: Set<ErasedCustomer> = []
    package private(set) var gaps: [Gap] = []
    /// Of the ledger; nil when it could not be read. Ledgers with other keys have nothing to do with each other.
    package private(set) var key: FingerprintKey?

    /// Raw customers of whom there is a tombstone.
    private var buried: Set<UInt32> = []
    /// The erasures in the ledger: the body of the command, and whom it names.
    private var commands: [(body: Int64, customer: UInt32)] = []

    /// Reads the files. Nobody may write to them meanwhile.
    package init(ledger: String, state: String) {
        let reader: LedgerReader
        do {
            key = try LedgerFile.key(of: ledger)
            reader = try LedgerReader(path: ledger)
        } catch {
            gaps.append(.ledger("\(error)"))
            return
        }
        read(reader)
        do {
            try read(state, reader)
        } catch {
            gaps.append(.state("\(error)"))
        }
    }

    // MARK: The ledger

    private mutating func read(_ reader: LedgerReader) {
        var after: Int64 = 0
        var damaged = 0
        while true {
            do {
                try reader.bodies(after: after) { id, body in
                    after = id
                    if body.isIntact { read(id, body) } else { damaged += 1 }
                    return true
                }
                break
            } catch LedgerProblem.damaged(let id) where id > after {
                damaged += 1
                after = id
            } catch {
                gaps.append(.ledger("\(error)"))
                break
            }
        }
        if damaged > 0 { gaps.append(.bodies(damaged)) }
    }

    private mutating func read(_ id: Int64, _ body: BodyView) {
        for i in 0..<body.count {
            guard let record = body[i] else { continue }
            switch record.kind {
            case .interaction, .expired: continue
            case .erased:
                // The first of a customer's tombstones stands where the customer came from.
                guard let value = record.value, let customer = UInt32(exactly: value), buried.insert(customer).inserted else { continue }
                customers.insert(ErasedCustomer(customer: customer, position: Position(body: id, index: i), message: record.message))
            case .command:
                switch try? Command(record) {
                case .erase(let customer, _): commands.append((id, customer))
                case .eraseAgain(let earlier, _): customers.formUnion(earlier)
                default: continue
                }
            }
        }
    }

    // MARK: The state

    /// Adds those who are erased in the state and not yet, or not wholly, in the ledger's bodies.
    private mutating func read(_ state: String, _ reader: LedgerReader) throws {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: state, configuration: configuration)
        let commands = commands
        let rows = try queue.read { db in
            var rows = try Row.fetchAll(db, sql: "SELECT id, position FROM customer WHERE erased_at IS NOT NULL")
            let concluded = try Int64.fetchOne(db, sql: "SELECT body FROM pipeline") ?? 0
            for command in commands where command.body > concluded {
                rows += try Row.fetchAll(
                    db,
                    sql: """
                        WITH RECURSIVE person (id) AS (
                            VALUES ($1)
                            UNION SELECT merge.b FROM merge JOIN person ON merge.a = person.id WHERE merge.undone_at IS NULL
                            UNION SELECT merge.a FROM merge JOIN person ON merge.b = person.id WHERE merge.undone_at IS NULL
                        )
                        SELECT customer.id, customer.position FROM customer JOIN person ON person.id = customer.id
                        """, arguments: [command.customer])
            }
            return rows
        }
        try queue.close()
        for row in rows {
            let customer: UInt32 = row[0]
            let position = Position(raw: UInt64(bitPattern: row[1] as Int64))
            guard !buried.contains(customer), let message = try reader.record(position, \.message) else { continue }
            customers.insert(ErasedCustomer(customer: customer, position: position, message: message))
        }
    }
}
