import CSodium
import Kernel

// Secrets of programs: a prefix that says what it is (so that scanners for leaked secrets find it) and 32 letters of
// Crockford's base 32, which are 160 random bits.
//
// Only the BLAKE2b-256 of a secret is stored. A slow hash (argon2id, as for passwords) would buy nothing: it makes guessing
// dear, and 160 random bits cannot be guessed anyway; it would cost every ingest request milliseconds.

/// What a secret is for.
enum SecretKind: String {
    case writeKey = "slk_"
    case token = "slt_"
    case session = "sls_"
    case link = "sll_"
}

/// The BLAKE2b-256 of a secret.
///
/// Finding one in a hash table takes the same work whatever was presented: what a comparison could leak is a part of the
/// hash, and nobody can work towards a hash by parts.
struct SecretHash: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Longer texts are no secrets of ours and not worth hashing.
    static let longest = 128

    static func == (a: SecretHash, b: SecretHash) -> Bool { a.words == b.words }
    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// Nil for what is too long or too short to be a secret.
    init?(of secret: UnsafeRawBufferPointer) {
        guard (1...Self.longest).contains(secret.count), let from = secret.baseAddress else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { out in
            let out = out.assumingMemoryBound(to: UInt8.self)
            _ = crypto_generichash(out.baseAddress!, out.count, from.assumingMemoryBound(to: UInt8.self), UInt64(secret.count), nil, 0)
        }
        self.words = words
    }

    init?(of secret: String) {
        var secret = secret
        guard let made = secret.withUTF8({ SecretHash(of: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = made
    }

    /// Reads ``text``.
    init?(text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var found: [UInt64] = []
        for word in 0..<4 {
            guard let n = UInt64(String(decoding: digits[word * 16..<word * 16 + 16], as: UTF8.self), radix: 16) else { return nil }
            found.append(n)
        }
        words = (found[0], found[1], found[2], found[3])
    }

    /// 64 hexadecimal digits, as the tables hold it: text is the same in SQLite and PostgreSQL, bytes are not.
    var text: String {
        func hex(_ n: UInt64) -> String {
            let digits = String(n, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return hex(words.0) + hex(words.1) + hex(words.2) + hex(words.3)
    }
}

/// A new secret: shown once, never stored.
func newSecret(_ kind: SecretKind, _ randomness: Randomness) -> String { kind.rawValue + Base32.text(randomness.bytes(20)) }
