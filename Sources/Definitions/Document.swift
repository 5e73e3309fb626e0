/// One definition as somebody wrote it: its text, and the tree of it.
package struct Document: Sendable {
    /// What a document decides about; of each there is one in a blueprint. Written `identity`, `metric/lifetime_value`.
    package struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
        package var kind: String
        package var key: String?
        package init(kind: String, key: String? = nil) {
            self.kind = kind
            self.key = key
        }
        package var description: String { key.map { "\(kind)/\($0)" } ?? kind }
        package static func < (a: ID, b: ID) -> Bool { (a.kind, a.key ?? "") < (b.kind, b.key ?? "") }
    }

    package let id: ID
    /// Who answers for it; nil when nobody is named.
    package let owner: String?
    /// The file, as a path below the blueprint's folder.
    package let file: String
    /// As it was written, comments and all.
    package let text: String
    /// What stands below the kind.
    let body: YAMLNode
    /// Where that begins.
    package var bodyPlace: Place { body.place }
    /// Where the kind stands.
    let place: Place
    /// True when its file has other keys beside it, which `findings` told: what it says is checked all the same.
    let isOneOfSeveral: Bool

    /// The document in the bytes of a file; nil, with what is wrong in `findings`, when it has not the form of one.
    package init?(_ bytes: [UInt8], file: String, _ findings: Findings) {
        guard let first = Self.all(bytes, file: file, findings).first else { return nil }
        self = first
    }

    /// The document of a file, or all that somebody put into one: then each is given, so that whatever is wrong is found at
    /// once, and `findings` has that there must be one.
    static func all(_ bytes: [UInt8], file: String, _ findings: Findings) -> [Document] {
        guard let root = YAMLReading.read(bytes, file: file, findings) else { return [] }
        var entries: [YAMLNode.Entry] = []
        if case .mapping(let found) = root.content { entries = found }
        if entries.count != 1 {
            let found = entries.isEmpty ? root.noun : entries.prefix(5).map(\.key).joined(separator: ", ")
            findings.add(
                Finding(
                    place: root.place, path: "", what: "one key at the top says what kind of definition this is; found \(found)",
                    mend: "write for example `workspace:` and everything else below it, indented"
                        + (entries.count > 1 ? "; another kind goes into a file of its own" : "")))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return entries.map { Document($0, isOneOfSeveral: entries.count > 1, file: file, text: text, findings) }
    }

    private init(_ top: YAMLNode.Entry, isOneOfSeveral: Bool, file: String, text: String, _ findings: Findings) {
        place = top.keyPlace
        body = top.value
        self.isOneOfSeveral = isOneOfSeveral
        self.file = file
        self.text = text
        let common = Reader.common(top.value, kind: top.key, findings)
        id = ID(kind: top.key, key: common.key)
        owner = common.owner
    }

    /// The value that the document says. What does not fit is added to `findings` and is the default in the value.
    package func read<D: Definition>(_ type: D.Type = D.self, _ findings: Findings = Findings()) -> D {
        Reader.read(body, path: D.kind, findings) { reader in
            reader.passCommon()
            return D(reading: reader)
        } ?? D.standard
    }

    func check(_ type: any Definition.Type, _ findings: Findings) {
        func open<D: Definition>(_ type: D.Type) { _ = read(type, findings) }
        open(type)
    }

    /// True when both say the same; comments, order and ways of writing aside.
    package func saysTheSame(as other: Document) -> Bool { id == other.id && body == other.body }
}

extension Reader {
    /// The keys that every kind may have.
    private static let commonKeys = ["key", "owner"]

    /// Lets the common keys pass as asked for; ``common(_:kind:_:)`` has read them.
    func passCommon() { for key in Self.commonKeys { _ = has(key) } }

    fileprivate static func common(_ node: YAMLNode, kind: String, _ findings: Findings) -> (key: String?, owner: String?) {
        guard case .mapping(let entries) = node.content else { return (nil, nil) }
        let common = YAMLNode(.mapping(entries.filter { commonKeys.contains($0.key) }), at: node.place)
        let read = Reader.read(common, path: kind, findings) { reader in
            let key = reader.text("key", 1...60, example: "a_name")
            if let key, !isKey(key) {
                reader.problem(
                    "\(key) is no key", mend: "write small letters a to z, digits and _, beginning with a letter: \(suggestion(for: key))",
                    with: "key")
            }
            return (key, reader.text("owner", 1...200, example: "owner: a name or an e-mail address"))
        }
        return read ?? (nil, nil)
    }

    /// Keys are names in addresses and formulas.
    package static func isKey(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, (97...122).contains(first), bytes.count <= 60 else { return false }
        return bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    private static func suggestion(for text: String) -> String {
        let made = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        let key = String(made.drop { !$0.isLetter })
        return key.isEmpty ? "a_name" : key
    }
}
