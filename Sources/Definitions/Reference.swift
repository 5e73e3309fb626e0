/// The reference of the kinds of definitions, made from what reads and writes them.
package struct Reference: Sendable {
    private let kinds: DefinitionKinds

    package init(_ kinds: DefinitionKinds) { self.kinds = kinds }

    /// Everything about a kind, in Markdown: what it decides, an example, and its settings with what they take and their defaults.
    /// Nil when there is no such kind.
    package func markdown(_ kind: String) -> String? { kinds.types.first { $0.kind == kind }.map(Self.markdown) }

    private static func markdown(_ type: any Definition.Type) -> String {
        func open<D: Definition>(_ type: D.Type) -> String {
            var out = D.summary + (D.isKeyed ? " A company may have many, each with a `key`." : "") + "\n\n"
            if !D.guide.example.isEmpty { out += "```yaml\n\(D.guide.example)```\n\n" }
            out += "| setting | what it is | takes | default |\n|---|---|---|---|\n"
            for field in D.fields {
                let told = D.guide.fields.first { $0.path == field.path }
                let standard = told?.standard ?? (field.isRequired ? "must be there" : D.standard(of: field.path))
                out += "| `\(field.path)` | \(told?.words ?? "") | \(field.takes) | \(standard) |\n"
            }
            return out
        }
        return open(type)
    }

    /// Settings that a reader asks for and the guide does not tell of, and the other way round; empty when all is well.
    package var gaps: [String] {
        kinds.types.flatMap { type in
            let asked = Set(type.fields.map(\.path))
            let told = Set(type.guide.fields.map(\.path))
            return asked.subtracting(told).sorted().map { "\(type.kind).\($0) is not told of" }
                + told.subtracting(asked).sorted().map { "\(type.kind).\($0) is not asked for" }
        }
    }

    // MARK: In a page

    private static func start(_ kind: String) -> String { "<!-- made by: sightline blueprint reference \(kind) -->\n" }
    private static let end = "<!-- end of what was made -->\n"

    /// A page with the part about each kind made anew, between the marks that say so.
    /// - Returns: nil when marks are missing for a kind.
    package func page(_ page: String) -> String? {
        var page = page
        for type in kinds.types {
            let start = Self.start(type.kind)
            guard let from = page.firstRange(of: start), let to = page[from.upperBound...].firstRange(of: Self.end) else { return nil }
            page.replaceSubrange(from.upperBound..<to.lowerBound, with: Self.markdown(type))
        }
        return page
    }
}

extension Definition {
    /// Its settings, as its reader asks for them.
    package static var fields: [FieldDescription] {
        let log = FieldLog()
        _ = Self(reading: .describing(kind, log))
        return log.fields
    }

    /// What holds without a setting, in Markdown.
    fileprivate static func standard(of path: String) -> String {
        let text = guide.sample.isEmpty ? standard.yaml : sampled
        guard let document = Document(Array(text.utf8), file: "\(kind).yaml", Findings()) else { return "none" }
        var node: YAMLNode? = document.body
        for part in path.split(separator: ".") {
            guard case .mapping(let entries) = node?.content else { return "none" }
            node = entries.first { $0.key == String(part) }?.value
        }
        guard let node, let written = written(node) else { return node == nil ? "none" : "[written out](#the-defaults)" }
        return "`\(written)`"
    }

    /// What its sample says, written out.
    private static var sampled: String { Document(Array(guide.sample.utf8), file: "\(kind).yaml", Findings())?.read(Self.self).yaml ?? "" }

    /// A short value in one line; nil for a long one.
    private static func written(_ node: YAMLNode) -> String? {
        let text: String
        switch node.content {
        case .text(let value, plain: true): text = value
        case .text(let value, plain: false): text = YAMLText.scalar(value)
        case .list(let elements):
            let parts = elements.compactMap { element -> String? in
                if case .text(let value, _) = element.content { YAMLText.scalar(value, inFlow: true) } else { nil }
            }
            text = "[\(parts.joined(separator: ", "))]"
        case .mapping(let entries): return entries.isEmpty ? "{}" : nil
        }
        return text.count <= 50 ? text : nil
    }
}
