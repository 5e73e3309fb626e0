/// A part of a YAML document with its place. Two nodes are equal when they say the same, wherever they stand and in whatever
/// order a mapping's entries are written.
package struct YAMLNode: Sendable, Equatable {
    package enum Content: Sendable {
        /// Any scalar, as it was written: what it means, a number or a text, is for the reader of the kind to say, so that
        /// `country: NO` is Norway. `plain` without quotation marks.
        case text(String, plain: Bool)
        case list([YAMLNode])
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package var key: String
        package var keyPlace: Place
        package var value: YAMLNode
    }

    package var content: Content
    package var place: Place

    package init(_ content: Content, at place: Place) {
        self.content = content
        self.place = place
    }

    /// The word for what it is, in messages.
    package var noun: String {
        switch content {
        case .text where isNothing: "nothing"
        case .text(_, plain: false): "a text"
        case .text(let text, plain: true) where Double(text) != nil: "the number \(text.prefix(40))"
        case .text(let text, plain: true): "the text \(text.prefix(40))"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// True for `key:` with nothing after it, `~` and `null`.
    package var isNothing: Bool {
        guard case .text(let text, plain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    package static func == (a: YAMLNode, b: YAMLNode) -> Bool {
        switch (a.content, b.content) {
        case (.text(let x, let p), .text(let y, let q)): x == y && (p == q || !(a.isNothing || b.isNothing))
        case (.list(let x), .list(let y)): x == y
        case (.mapping(let x), .mapping(let y)):
            x.count == y.count
                && zip(x.sorted { $0.key < $1.key }, y.sorted { $0.key < $1.key }).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
