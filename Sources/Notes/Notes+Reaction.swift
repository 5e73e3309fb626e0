import Access
import Kernel
import Ledger
package import Pipeline
import Simdjson
package import Store

/// Writes notes down as their interactions are concluded: so they follow from the ledger, and go through merges and back
/// with their raw customer.
package struct NotesReaction: Reaction {
    private let parsers = JSONParserPool(most: 1)
    package init() {}
    package var migrations: [Migration] { Notes.migrations }

    package func react(to concluded: Concluded, in writer: Writer) throws {
        try concluded.forEach { record, customer, _ in
            // An event of the same name that came from outside is no note of ours.
            guard record.nameBytes.elementsEqual(Notes.eventName.utf8), record.isOurs else { return }
            let properties = try parsers.borrow { parser in try parser.parse(record.properties) { $0.toJSON() } }
            guard let id = properties["note_id"]?.string.flatMap({ NoteID($0) }), let text = properties["text"]?.string else { return }
            let mentions = (properties["mentions"]?.array ?? []).compactMap { $0.string.flatMap { PersonID($0) } }
            try Notes.insert(
                Note(
                    id: id, customer: CustomerID(raw: customer), author: properties["author"]?.string ?? "",
                    authorName: properties["author_name"]?.string ?? "", text: text, mentions: mentions, at: record.at),
                in: writer.database)
        }
    }

    package func forget(_ forgotten: Forgotten, in writer: Writer) throws {
        try Notes.delete(of: forgotten.customers, in: writer.database)
    }
}
