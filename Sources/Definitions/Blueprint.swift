/// All definitions of a company: a folder of YAML files, one document each, so that it can live in Git.
package struct Blueprint: Sendable {
    /// By kind and key, each once.
    package let documents: [Document]

    /// Documents whose ids differ; of the same id the first stays.
    package init(documents: [Document]) {
        var seen: Set<Document.ID> = []
        self.documents = documents.filter { seen.insert($0.id).inserted }.sorted { $0.id < $1.id }
    }

    /// No documents: the defaults hold.
    package static let empty = Blueprint(documents: [])

    /// The documents in some files. Whatever has not the form of a document, and a second document of the same id, is left out
    /// and told in `findings`. What the documents say is checked by ``DefinitionKinds/check(_:_:)``.
    package init(files: [(name: String, bytes: [UInt8])], _ findings: Findings) {
        var documents: [Document] = []
        var first: [Document.ID: String] = [:]
        for file in files.sorted(by: { $0.name < $1.name }) {
            for document in Document.all(file.bytes, file: file.name, findings) {
                if let other = first[document.id] {
                    let mend = document.id.key == nil ? "bring both together in one file" : "give one of them another key, or remove it"
                    findings.add(Finding(place: document.place, path: "", what: "\(document.id) stands in \(other) too", mend: mend))
                    continue
                }
                first[document.id] = file.name
                documents.append(document)
            }
        }
        self.init(documents: documents)
    }

    /// The document of a kind, or nil when the default holds.
    package subscript(kind: String, key: String? = nil) -> Document? { documents.first { $0.id == Document.ID(kind: kind, key: key) } }

    /// The one definition of a kind, or its default.
    package func definition<D: Definition>(_ type: D.Type = D.self, _ findings: Findings = Findings()) -> D {
        self[D.kind]?.read(D.self, findings) ?? D.standard
    }

    /// All definitions of a kind that has many, by key.
    package func definitions<D: Definition>(_ type: D.Type = D.self, _ findings: Findings = Findings()) -> [(key: String, definition: D)] {
        documents.filter { $0.id.kind == D.kind }.compactMap { document in document.id.key.map { ($0, document.read(D.self, findings)) } }
    }

    /// What is different in one document.
    package struct Change: Equatable, Sendable {
        package enum What: String, Sendable {
            case added, changed, removed
            /// The text differs, as in a comment; what it says does not.
            case rewritten
        }
        package let id: Document.ID
        package let what: What
        package init(id: Document.ID, what: What) {
            self.id = id
            self.what = what
        }
    }

    /// What is different from an older blueprint, by kind and key. Where the files lie is no difference.
    package func changes(from old: Blueprint) -> [Change] {
        let before = Dictionary(old.documents.map { ($0.id, $0) }) { $1 }
        let now = Set(documents.map(\.id))
        let removed = old.documents.filter { !now.contains($0.id) }.map { Change(id: $0.id, what: .removed) }
        let others: [Change] = documents.compactMap { document in
            guard let other = before[document.id] else { return Change(id: document.id, what: .added) }
            if document.text == other.text { return nil }
            return Change(id: document.id, what: document.saysTheSame(as: other) ? .rewritten : .changed)
        }
        return (removed + others).sorted { $0.id < $1.id }
    }
}
