/// Base64 (RFC 4648, section 4), as Basic authentication uses it.
enum Base64 {
    /// The UTF-8 text that was encoded, with or without padding; nil when it is none.
    static func decode(_ text: String) -> String? {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        var letters = Substring(text)
        while letters.last == "=" { letters.removeLast() }
        for byte in letters.utf8 {
            guard let digit = digit(byte) else { return nil }
            buffer = buffer << 6 | digit
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return bits < 6 ? String(validating: out, as: UTF8.self) : nil
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 65...90: UInt32(byte - 65)
        case 97...122: UInt32(byte - 71)
        case 48...57: UInt32(byte + 4)
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
