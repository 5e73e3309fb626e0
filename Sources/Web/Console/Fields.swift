import Mustache

/// A value that a template may show.
protocol FieldValue: Sendable {
    /// What the template engine gets; nil is shown as nothing, and a section of it is left out.
    var shown: (any Sendable)? { get }
}

/// Names and values for a template. Conditions are decided here: a template has none.
///
/// Inside a list a template should write `{{.name}}` with the leading dot, which looks at the item alone and never at what is around it.
struct Fields: FieldValue, MustacheParent, ExpressibleByDictionaryLiteral {
    private var values: [String: any Sendable]

    init(dictionaryLiteral elements: (String, (any FieldValue)?)...) {
        values = Dictionary(minimumCapacity: elements.count)
        for (name, value) in elements { if let shown = value?.shown { values[name] = shown } }
    }

    subscript(name: String) -> (any FieldValue)? {
        get { nil }
        set { values[name] = newValue?.shown }
    }
    func child(named name: String) -> Any? { values[name] }
    var shown: (any Sendable)? { self }
}

extension String: FieldValue {
    var shown: (any Sendable)? { isEmpty ? nil : escapable }

    /// The text, changed only where the template engine's escaping would miss something.
    ///
    /// It escapes whole characters (grapheme clusters), and `<` joined to a combining mark or to an Arabic number sign before it is
    /// another character than `<`, so `U+0600 <script>` would come through. A zero-width space on both sides takes them apart.
    private var escapable: String {
        var hasMark = false
        var isASCII = true
        for byte in utf8 {
            if byte >= 128 { isASCII = false } else if Self.isMarkup(byte) { hasMark = true }
        }
        if isASCII || !hasMark { return self }
        var out = ""
        for character in self {
            if character.unicodeScalars.count == 1 || !character.utf8.contains(where: Self.isMarkup) {
                out.append(character)
            } else {
                for scalar in character.unicodeScalars {
                    if scalar.isASCII, Self.isMarkup(UInt8(scalar.value)) {
                        out.unicodeScalars.append("\u{200B}")
                        out.unicodeScalars.append(scalar)
                        out.unicodeScalars.append("\u{200B}")
                    } else {
                        out.unicodeScalars.append(scalar)
                    }
                }
            }
        }
        return out
    }
    private static func isMarkup(_ byte: UInt8) -> Bool { byte == 60 || byte == 62 || byte == 38 || byte == 34 || byte == 39 }
}

extension Bool: FieldValue { var shown: (any Sendable)? { self ? true : nil } }
extension Int: FieldValue { var shown: (any Sendable)? { String(self) } }
extension Array: FieldValue where Element: FieldValue {
    /// An empty list is nothing, so that a section around it is left out and its opposite is shown.
    var shown: (any Sendable)? { isEmpty ? nil : compactMap(\.shown) as [any Sendable] }
}
extension Optional: FieldValue where Wrapped: FieldValue {
    var shown: (any Sendable)? { self?.shown }
}
