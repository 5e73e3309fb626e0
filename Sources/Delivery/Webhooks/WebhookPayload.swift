package import Customers
import Foundation
package import Kernel
package import Ledger

/// What a message says: what happened, to whom.
///
/// ```json
/// {"type": "order.completed", "timestamp": "2026-05-03T10:00:00.000Z", "data": {
///   "customer": {"id": "cus_000001x", "identifiers": [{"kind": "email", "value": "ann@example.com"}]},
///   "interaction": {"position": 65537, "name": "Order Completed", …}}}
/// ```
package enum WebhookPayload {
    /// The most identifiers of a customer that are told, the strongest first.
    package static let mostIdentifiers = 50
    /// What a message that only tries the way is called.
    package static let testType = "test"

    /// The name of an interaction as types of events are written (Standard Webhooks, "Payload structure"): `Order Completed` is
    /// `order.completed`. A name without a letter or digit of ASCII is `interaction`; the name itself stands in the data.
    package static func eventType(of name: String) -> String {
        var words: [String] = [""]
        for character in name.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil) {
            if character.isASCII, character.isLetter || character.isNumber || character == "_" {
                words[words.count - 1].append(character)
            } else if character.isASCII, !words[words.count - 1].isEmpty {
                words.append("")
            }
        }
        let type = words.filter { !$0.isEmpty }.joined(separator: ".")
        return type.isEmpty ? "interaction" : type
    }

    /// The body of a message about an interaction.
    /// - Parameters:
    ///   - identifiers: Of the customer, the strongest first.
    ///   - source: The name of the write key that the interaction came by.
    package static func body(
        of record: RecordView, at position: Position, customer: CustomerID, identifiers: [KnownIdentifier], _ vocabulary: Vocabulary, source: String?
    ) -> [UInt8] {
        var out = Array("{\"type\":".utf8)
        JSONText.append(eventType(of: record.name), to: &out)
        out += ",\"timestamp\":\"".utf8
        record.at.append(to: &out)
        out += "\",\"data\":{\"customer\":".utf8
        let known: [JSON] = identifiers.filter { !$0.former && !$0.shared }.prefix(mostIdentifiers).map {
            ["kind": .string($0.kind), "value": .string($0.value)]
        }
        (["id": .string(customer.description), "identifiers": .array(known)] as JSON).write(to: &out)
        out += ",\"interaction\":".utf8
        InteractionJSON.write(record, position, vocabulary, source: source, to: &out)
        out += "}}".utf8
        return out
    }

    /// The body of a message that only tries the way.
    static func test(of webhook: String, at now: Instant) -> [UInt8] {
        (["type": .string(testType), "timestamp": .string(now.rfc3339), "data": ["webhook": .string(webhook)]] as JSON).bytes
    }
}
