package import Ledger
package import Simdjson

/// Why one item is refused while the rest of its batch is taken. Facts only: the sentence is in ``reason``.
package enum ItemProblem: Error, Equatable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    case notAnObject
    case unreadable(JSONParseError)
    case flaw(JSONFlaw)
    case missing(field: String)
    case wrongType(field: String, expected: String)
    /// The item's `type`, when it is text.
    case unknownType(String)
    /// The write key may not make this call; those that it may.
    case callNotAllowed(CallType, allowed: [String])
    case blank(field: String)
    case tooLong(field: String, bytes: Int, limit: Int)
    case controlCharacter(field: String)
    /// Text that is no RFC 3339 time.
    case noTime(field: String)
    /// Before 1970 or after 2106.
    case timeOutOfRange(field: String)
    /// In an import, more milliseconds after it was received than may be.
    case timeAhead(field: String, limit: Int)
    case unknownChannel(String, known: [String])
    case unknownWord(field: String, word: String, known: [String])
    case noIdentifier
    /// The kind or field, and the pattern that says the value proves nothing.
    case blockedIdentifier(String, pattern: String)
    /// The field and what is wrong with its value, to follow "is" or "has".
    case invalidIdentifier(field: String, what: String)
    case tooManyIdentifiers(limit: Int)
    case recordTooLarge(limit: Int)
}

extension ItemProblem {
    /// The word for machines.
    package var kind: String {
        switch self {
        case .tooLarge: "too-large"
        case .notAnObject: "not-an-object"
        case .unreadable(let error): Self.kind(of: error)
        case .flaw(.duplicateKey): "duplicate-key"
        case .flaw(.tooDeep): "too-deep"
        case .flaw(.tooManyMembers): "too-many-members"
        case .missing: "missing-field"
        case .wrongType: "wrong-type"
        case .unknownType: "unknown-type"
        case .callNotAllowed: "call-not-allowed"
        case .blank: "blank-field"
        case .tooLong: "too-long"
        case .controlCharacter: "control-character"
        case .noTime: "invalid-time"
        case .timeOutOfRange: "time-out-of-range"
        case .timeAhead: "time-ahead"
        case .unknownChannel: "unknown-channel"
        case .unknownWord: "unknown-word"
        case .noIdentifier: "no-identifier"
        case .blockedIdentifier: "blocked-identifier"
        case .invalidIdentifier: "invalid-identifier"
        case .tooManyIdentifiers: "too-many-identifiers"
        case .recordTooLarge: "record-too-large"
        }
    }

    private static func kind(of error: JSONParseError) -> String {
        switch error {
        case .tooDeep: "too-deep"
        case .utf8: "invalid-utf8"
        case .string: "invalid-string"
        case .number: "invalid-number"
        case .empty, .syntax, .tooLong, .memory: "invalid-json"
        }
    }

    /// What is wrong, where, and how to mend it: one or two sentences. Names fields, limits and patterns, and never what
    /// the item says about a person.
    package var reason: String {
        switch self {
        case .tooLarge(let bytes, let limit): "The item has \(bytes) bytes; \(limit) are allowed. Send less in its properties, traits or context."
        case .notAnObject: "The item is no JSON object. Send each item as {\"type\": …}."
        case .unreadable(let error): Self.sentence(error)
        case .flaw(.duplicateKey(let key)): "The key \(Self.quoted(key)) stands twice in one object. Send each key once."
        case .flaw(.tooDeep(let limit)): "Objects and arrays lie more than \(limit) deep within each other. Send a flatter item."
        case .flaw(.tooManyMembers(let count, let limit)): "An object has \(count) members; \(limit) are allowed. Send fewer."
        case .missing(let field): "\(field) is missing. This call needs it."
        case .wrongType(let field, let expected): "\(field) must be \(expected)."
        case .unknownType(let type):
            "type is \(Self.quoted(type)), which is none of identify, track, page, screen, group and alias."
        case .callNotAllowed(let type, let allowed):
            "The write key may not make the call \(type.name); it was made for \(allowed.joined(separator: ", ")). Send it with another key."
        case .blank(let field): "\(field) is blank. Say what it is."
        case .tooLong(let field, let bytes, let limit): "\(field) has \(bytes) bytes; \(limit) are allowed."
        case .controlCharacter(let field): "\(field) has a control character in it (U+0000 to U+001F or U+007F). Leave it out."
        case .noTime(let field): "\(field) is no time. Send RFC 3339 text as \"2026-11-21T23:59:06.123Z\"."
        case .timeOutOfRange(let field): "\(field) leads to a time before 1970. Check the sender's clock."
        case .timeAhead(let field, let limit):
            "\(field) is more than \(Self.time(limit)) in the future. An interaction is something that happened: "
                + "send what is planned as a property of what planned it, or check the time zone."
        case .unknownChannel(let word, let known):
            "channel is \(Self.quoted(word)); known are \(known.joined(separator: ", ")). "
                + "Declare another one under `channels: declared:` in the channel rules of your blueprint, and apply it."
        case .unknownWord(let field, let word, let known): "\(field) is \(Self.quoted(word)); it may be \(known.joined(separator: ", "))."
        case .noIdentifier:
            "Nothing in the item says whose it is. Send userId or anonymousId, or an identifier that your identity rules name, as traits.email."
        case .blockedIdentifier(let name, let pattern):
            "The item's only identifier, \(name), has a value that stands for nobody: it matches the blocked pattern \(pattern). "
                + "Send a real one, or change the blocked values in your identity rules."
        case .invalidIdentifier(let field, let what): "\(field) \(what). Send the id as your own systems know it."
        case .tooManyIdentifiers(let limit): "The item has more than \(limit) identifiers. Send those of one person."
        case .recordTooLarge(let limit):
            "Written to the ledger, with what its batch shares, the item has more than \(limit) bytes. Send less in its properties, traits or context."
        }
    }

    /// `5 minutes`, `90 seconds`, `1500 milliseconds`.
    private static func time(_ milliseconds: Int) -> String {
        func counted(_ count: Int, _ unit: String) -> String { count == 1 ? "1 \(unit)" : "\(count) \(unit)s" }
        if milliseconds % 60_000 == 0, milliseconds > 0 { return counted(milliseconds / 60_000, "minute") }
        if milliseconds % 1000 == 0 { return counted(milliseconds / 1000, "second") }
        return counted(milliseconds, "millisecond")
    }

    private static func sentence(_ error: JSONParseError) -> String {
        switch error {
        case .tooDeep(let limit): "Objects and arrays lie more than \(limit) deep within each other. Send a flatter item."
        case .utf8: "The item is not UTF-8. Encode it as UTF-8."
        case .string: "A string has a bad escape, half a surrogate pair or a raw control character in it. Write strings as RFC 8259 says."
        case .number: "A number is written wrongly or is too large: whole numbers have at most 64 bits. Send larger ones as text."
        case .empty, .syntax: "The item is no JSON. Write it as RFC 8259 says."
        case .tooLong, .memory: "The item is too large to be read."
        }
    }

    /// At most 64 characters of what somebody sent, in quotes; without control characters, which could steer a terminal.
    static func quoted(_ text: String) -> String {
        let shown = String(text.prefix(64).unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{fffd}" : Character($0) })
        return "\"\(shown)\(text.count > 64 ? "…" : "")\""
    }
}
