import Kernel

/// What interactions say about consent, by their names. The names are compared without case, spaces and underscores.
///
/// | Interaction | Says |
/// |---|---|
/// | `Consent Given`, `Consent Withdrawn` | `purpose` (else `marketing`), `channel` (else every channel) |
/// | `Subscribed`, `Unsubscribed` | `marketing`, or `purpose`, on the channel it came by |
/// | `Email Subscribed`, `SMS Unsubscribed`, … | the same on the channel named |
enum ConsentReading {
    /// What holds when an interaction names no purpose.
    static let standardPurpose = "marketing"

    struct Word: Equatable {
        var given: Bool
        /// The channel that the name itself says; nil when the properties, or how it came, say it.
        var channel: String?
        /// Whether the channel it came by is meant when nothing else is named.
        var meansItsChannel: Bool
    }

    private static let words: [String: Word] = {
        var words = [
            "consentgiven": Word(given: true, meansItsChannel: false), "consentwithdrawn": Word(given: false, meansItsChannel: false),
            "subscribed": Word(given: true, meansItsChannel: true), "unsubscribed": Word(given: false, meansItsChannel: true),
        ]
        for channel in ["email", "sms", "push", "phone", "letter", "chat"] {
            words[channel + "subscribed"] = Word(given: true, channel: channel, meansItsChannel: true)
            words[channel + "unsubscribed"] = Word(given: false, channel: channel, meansItsChannel: true)
        }
        return words
    }()
    private static let longest = words.keys.map(\.utf8.count).max() ?? 0

    /// What an interaction of this name says; nil when it says nothing about consent.
    static func word(of name: UnsafeRawBufferPointer) -> Word? {
        // Nearly every name ends in another letter: all of these end in d or n.
        guard let last = name.last, last | 32 == 100 || last | 32 == 110, name.count <= 2 * longest else { return nil }
        var plain: [UInt8] = []
        for byte in name {
            switch byte {
            case 65...90: plain.append(byte | 32)
            case 32, 45, 95: break
            default: plain.append(byte)
            }
        }
        return words[String(decoding: plain, as: UTF8.self)]
    }

    /// - Parameters:
    ///   - channel: By which the interaction came.
    ///   - isOurs: Whether a colleague wrote it down; what comes from outside may say so of nobody.
    static func change(_ word: Word, _ properties: JSON, at: Instant, position: UInt64, customer: CustomerID, channel: String, isOurs: Bool)
        -> ConsentChange
    {
        func text(_ keys: String..., most: Int) -> String? {
            for key in keys {
                if let found = properties[key]?.string?.trimmingWhitespace, !found.isEmpty { return String(found.prefix(most)) }
            }
            return nil
        }
        let purpose = text("purpose", most: ConsentChange.longestPurpose)?.lowercased() ?? standardPurpose
        let named = text("channel", most: ConsentChange.longestPurpose)?.lowercased()
        return ConsentChange(
            purpose: purpose, channel: word.channel ?? named ?? (word.meansItsChannel ? channel : nil), given: word.given, at: at, position: position,
            customer: customer, method: text("method", most: ConsentChange.longestPurpose),
            wording: text("wording", "text", most: ConsentChange.longestWording),
            recordedBy: isOurs ? text("recorded_by", most: 200) : nil)
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[first...last])
    }
}
