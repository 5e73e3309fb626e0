import Mustache

/// A value that a template may show.
package protocol FieldValue: Sendable {
    /// What the template engine gets; nil is shown as nothing, and a section of it is left out.
    var shown: (any Sendable)? { get }
}

/// Names and values for a template. Conditions are decided here: a template has none.
///
/// Inside a list a template should write `{{.name}}` with the leading dot, which looks at the item alone and never at what is around it.
package struct Fields: FieldValue, ExpressibleByDictionaryLiteral {
    fileprivate var values: [String: any Sendable]

    package init(dictionaryLiteral elements: (String, (any FieldValue)?)...) {
        values = Dictionary(minimumCapacity: elements.count)
        for (name, value) in elements { if let shown = value?.shown { values[name] = shown } }
    }

    /// Sets or takes away a value; what was set is for templates alone to read.
    package subscript(name: String) -> (any FieldValue)? {
        get { nil }
        set { values[name] = newValue?.shown }
    }

    /// Takes in the names and values of others; where both have one, theirs holds.
    package mutating func merge(_ others: Fields) { values.merge(others.values) { $1 } }

    /// Whether a name shows something.
    package func has(_ name: String) -> Bool { values[name] != nil }

    package var shown: (any Sendable)? { self }
}

/// A group of fields is no text: where a template shows one by mistake, nothing of what is in it comes out.
extension Fields: CustomStringConvertible {
    package var description: String { "" }
}

extension Fields: MustacheParent {
    package func child(named name: String) -> Any? { values[name] }
}

/// Empty text is nothing.
extension String: FieldValue {
    package var shown: (any Sendable)? { isEmpty ? nil : self }
}
extension Bool: FieldValue {
    package var shown: (any Sendable)? { self ? true : nil }
}
extension Int: FieldValue {
    package var shown: (any Sendable)? { String(self) }
}
/// An empty list is nothing, so that a section around it is left out and its opposite is shown.
extension Array: FieldValue where Element: FieldValue {
    package var shown: (any Sendable)? { isEmpty ? nil : compactMap(\.shown) as [any Sendable] }
}
extension Optional: FieldValue where Wrapped: FieldValue {
    package var shown: (any Sendable)? { self?.shown }
}
