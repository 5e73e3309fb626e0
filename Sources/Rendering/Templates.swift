import Mustache

/// Templates that belong together, and the only way to fill them in: pages, and whatever is sent.
///
/// No other target may import the template engine, so nothing that anybody sent is written into a text without the escaping that this adds.
///
/// ```swift
/// let letters = try Templates(["hello": "<p>Dear {{name}},</p>"], as: .html)
/// try letters.filled("hello", with: ["name": "Ann <3"])        // <p>Dear Ann &lt;3,</p>
/// ```
package struct Templates: Sendable {
    /// What comes out, which decides how values are written into it.
    package enum Form: Sendable {
        /// HTML: a page, an e-mail. What is markup in a value is escaped.
        case html
        /// Plain text: an SMS, a subject, the text part of an e-mail. Values stand as they are.
        case text
    }

    /// The names of all templates, sorted.
    package let names: [String]
    private let library: MustacheLibrary

    /// Reads templates.
    ///
    /// They are Mustache without what would let a value through as it is or say how values are written: no `{{{value}}}`, no `{{&value}}`, no
    /// other delimiters, no pragmas, no partial whose name is a value. In HTML a value in an attribute stands in quotes.
    /// - Parameters:
    ///   - sources: the text of each template by its name, by which others include it.
    ///   - form: what comes out.
    /// - Throws: ``TemplateProblem`` for the first, by name, that does not hold to this or is not well formed.
    package init(_ sources: [String: String], as form: Form) throws(TemplateProblem) {
        var library = MustacheLibrary()
        names = sources.keys.sorted()
        for name in names {
            let text = sources[name] ?? ""
            try Self.check(text, name, among: sources, form)
            do {
                // On a line of its own, which the engine leaves out.
                try library.register("{{% CONTENT_TYPE: \(form.escaping)}}\n" + text, named: name)
            } catch {
                throw .malformed(name: name, reason: String(describing: error))
            }
        }
        self.library = library
    }

    /// The text of a template with its values filled in.
    /// - Throws: ``TemplateProblem/missing(name:)``
    package func filled(_ name: String, with fields: Fields) throws(TemplateProblem) -> String {
        guard let text = library.render(fields, withTemplate: name) else { throw .missing(name: name) }
        return text
    }

    private static func check(_ text: String, _ name: String, among sources: [String: String], _ form: Form) throws(TemplateProblem) {
        let bytes = Array(text.utf8)
        let open = UInt8(ascii: "{")
        var line = 1
        var i = 0
        while i < bytes.count {
            if bytes[i] == 10 { line += 1 }
            guard i + 1 < bytes.count, bytes[i] == open, bytes[i + 1] == open else {
                i += 1
                continue
            }
            if form == .html, i > 0, bytes[i - 1] == UInt8(ascii: "=") { throw .unquoted(name: name, line: line) }
            let tag = bytes[(i + 2)...].drop { $0 == 32 || $0 == 9 }
            switch tag.first {
            case UInt8(ascii: "{"), UInt8(ascii: "&"), UInt8(ascii: "="), UInt8(ascii: "%"): throw .forbidden(name: name, line: line)
            case UInt8(ascii: ">"), UInt8(ascii: "<"):
                let other = tag.dropFirst().drop { $0 == 32 || $0 == 9 }.prefix { $0 != UInt8(ascii: "}") && $0 != 32 && $0 != 9 }
                guard other.first != UInt8(ascii: "*") else { throw .forbidden(name: name, line: line) }
                let wanted = String(decoding: other, as: UTF8.self)
                guard sources[wanted] != nil else { throw .unknownPart(name: name, line: line, part: wanted) }
            default: break
            }
            i += 2
        }
    }
}

/// What is wrong with templates. Trying again does not help; mending the template does.
package enum TemplateProblem: Error, Sendable, Equatable {
    /// There is no template of this name.
    case missing(name: String)
    /// The engine cannot read it.
    case malformed(name: String, reason: String)
    /// A tag that would get round the escaping: `{{{`, `{{&`, `{{=`, `{{%`, `{{>*`.
    case forbidden(name: String, line: Int)
    /// A value in an attribute without quotes, which a space would end.
    case unquoted(name: String, line: Int)
    /// It includes a template that is not there.
    case unknownPart(name: String, line: Int, part: String)
}
