/// What an ``ID`` is of: a type that only names it.
package protocol IDKind: Sendable {
    /// Three letters: `per`.
    static var prefix: String { get }
}

/// The id of something that people made: `per_` and 26 letters of Crockford's base 32, which are a ULID
/// (github.com/ulid/spec): 48 bits of milliseconds since 1970 and 80 random bits. So ids sort by when they were made, and
/// none can be guessed from another. The kind keeps the id of a person from being taken for that of a team.
package struct ID<Kind: IDKind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    /// A new one.
    package init(at now: Instant, randomness: Randomness) {
        let time = Base32.text(UInt64(clamping: max(0, now.milliseconds)) & 0xFFFF_FFFF_FFFF, width: 10)
        description = Kind.prefix + "_" + time + Base32.text(randomness.bytes(10))
    }

    /// Reads ``description``; nil for anything else.
    package init?(_ text: String) {
        let prefix = Kind.prefix + "_"
        guard text.utf8.count == prefix.utf8.count + 26, text.hasPrefix(prefix) else { return nil }
        let letters = text.dropFirst(prefix.count)
        guard Base32.number(letters.prefix(12)) != nil, Base32.number(letters.dropFirst(12).prefix(12)) != nil,
            Base32.number(letters.suffix(2)) != nil
        else { return nil }
        description = text
    }

    package static func < (a: ID, b: ID) -> Bool { a.description < b.description }
}
