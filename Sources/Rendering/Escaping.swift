import Mustache

/// Writes text into HTML: every `<`, `>`, `&`, `"` and `'` becomes a character reference (WHATWG HTML, section 13.3).
///
/// It goes by bytes of UTF-8, as a browser reads code points. The engine's own escaping goes by grapheme clusters, and `<` behind an Arabic
/// number sign (U+0600) or before a combining mark is one cluster with it, so that it would pass as another character than `<`.
struct HTMLEscaping: MustacheContentType {
    func escapeText(_ text: String) -> String {
        guard text.utf8.contains(where: { Self.reference($0) != nil }) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + text.utf8.count / 8 + 16)
        for byte in text.utf8 {
            if let reference = Self.reference(byte) { bytes.append(contentsOf: reference.utf8) } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func reference(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}

/// Writes text into text: as it is.
struct NoEscaping: MustacheContentType {
    func escapeText(_ text: String) -> String { text }
}

extension Templates.Form {
    /// The name by which the engine knows how values are written. The engine keeps these for the whole process, hence the long names.
    var escaping: String {
        _ = Self.registered
        return self == .html ? "SIGHTLINE_HTML" : "SIGHTLINE_TEXT"
    }

    /// Done once, when the first templates are read.
    private static let registered: Void = {
        MustacheContentTypes.register(HTMLEscaping(), named: "SIGHTLINE_HTML")
        MustacheContentTypes.register(NoEscaping(), named: "SIGHTLINE_TEXT")
    }()
}
