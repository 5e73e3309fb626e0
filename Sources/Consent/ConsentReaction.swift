import Kernel
package import Ledger
package import Pipeline
import Simdjson
package import Store

/// Keeps what customers agree to, as the interactions that say so are concluded: it follows from the ledger, and goes through
/// merges and back with its raw customer.
package struct ConsentReaction: Reaction {
    private let parsers = JSONParserPool(most: 1)
    private let vocabulary: @Sendable () -> Vocabulary

    /// - Parameter vocabulary: The ledger's words as they are now, for the names of channels.
    package init(vocabulary: @escaping @Sendable () -> Vocabulary) { self.vocabulary = vocabulary }
    package var migrations: [Migration] { Consents.migrations }

    package func react(to concluded: Concluded, in writer: Writer) throws {
        try concluded.forEach { record, customer, position in
            guard let word = ConsentReading.word(of: record.nameBytes) else { return }
            let properties = record.properties.isEmpty ? JSON.object([]) : try parsers.borrow { try $0.parse(record.properties) { $0.toJSON() } }
            try Consents.insert(
                ConsentReading.change(
                    word, properties, at: record.at, position: position.raw, customer: CustomerID(raw: customer),
                    channel: vocabulary().name(of: record.channel), isOurs: record.isOurs),
                in: writer.database)
        }
    }

    package func forget(_ forgotten: Forgotten, in writer: Writer) throws {
        try Consents.delete(of: forgotten.customers, in: writer.database)
    }
}
