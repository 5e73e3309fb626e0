package import Definitions
import Kernel
package import Pipeline

/// Where the versions of a company's documents are kept.
package protocol DefinitionShelf: Sendable {
    /// What is in force: a document's id (`identity`, `metric/lifetime_value`) and its text.
    var inForce: [String: String] { get }
    /// Versions, newest first; nil for `document` means of all.
    func versions(of document: String?, before: DefinitionVersion.Place?, limit: Int) throws -> [DefinitionVersion]
    /// One version; nil when there is none of this number.
    func version(_ number: Int, of document: String) throws -> DefinitionVersion?
    /// The newest version of every document that there ever was, by document.
    func newest() throws -> [DefinitionVersion]
    /// Puts documents in force; in force when it returns. An empty text takes one out of force.
    func put(_ documents: [String: String], of blueprint: Blueprint, by author: String) async throws
}

/// Why definitions were not put in force. Nothing was changed then.
package enum DefinitionsProblem: Error, Equatable {
    /// What is wrong in the documents. `only` when nothing was to be changed anyway.
    case wrong([Finding], onlyChecked: Bool = false)
    /// There is no such document, nor ever was one.
    case noDocument(String)
    /// The document has no version of this number.
    case noVersion(document: String, number: Int)
    /// Somebody put another version in force since the editing began.
    case overtaken(document: String, by: String, version: Int)
    /// The text is of another document than the one that was edited.
    case another(document: String, found: String)
}

/// The definitions of the company: what is in force, what was before, and how it changes. Whoever changes them, by the API, a
/// command or a page, goes through here, so that all are checked alike and hear the same words.
package struct DefinitionBook: Sendable {
    package let kinds: DefinitionKinds
    package let shelf: any DefinitionShelf
    /// Changes go one after the other, so that each is checked against what is in force when it comes into force.
    private let turns = Turns()

    package init(kinds: DefinitionKinds, shelf: any DefinitionShelf) {
        self.kinds = kinds
        self.shelf = shelf
    }

    /// One change that was made, or would be.
    package struct Change: Sendable, Equatable {
        package var document: Document.ID
        package var what: Blueprint.Change.What
        /// The version that it became; nil when nothing was changed.
        package var version: Int?
    }

    /// What is in force, as documents.
    package var blueprint: Blueprint { Self.blueprint(shelf.inForce) }

    /// The documents of texts by document.
    package static func blueprint(_ texts: [String: String]) -> Blueprint {
        Blueprint(files: texts.map { (name: $0.key + ".yaml", bytes: Array($0.value.utf8)) }, Findings())
    }

    /// Checks a whole blueprint and, unless `onlyCheck`, puts it in force: a document that is in force and not in it goes out.
    /// - Returns: what changes; empty when it is what is in force.
    /// - Throws: ``DefinitionsProblem/wrong(_:onlyChecked:)``, and what the ledger throws.
    package func apply(_ files: [(name: String, text: String)], onlyCheck: Bool, by author: String) async throws -> [Change] {
        let findings = Findings()
        let new = Blueprint(files: files.map { (name: $0.name, bytes: Array($0.text.utf8)) }, findings)
        kinds.check(new, findings)
        guard findings.isEmpty else { throw DefinitionsProblem.wrong(findings.all, onlyChecked: onlyCheck) }
        return try await inTurn(onlyCheck) { try await put(new, from: blueprint, onlyCheck: onlyCheck, by: author) }
    }

    /// Checks a text as the next version of a document and, unless `onlyCheck`, puts it in force.
    /// - Parameter basis: The version that was edited, 0 for the defaults; nil when whoever asks does not mind another's change.
    /// - Returns: the change; nil when it is what is in force.
    /// - Throws: ``DefinitionsProblem``, and what the ledger throws.
    package func save(_ document: String, text: String, basis: Int?, onlyCheck: Bool = false, by author: String) async throws -> Change? {
        let findings = Findings()
        let found = Blueprint(files: [(name: document + ".yaml", bytes: Array(text.utf8))], findings)
        // What it names may stand in other documents: that is checked with them.
        kinds.check(found, findings, isWhole: false)
        guard findings.isEmpty, let first = found.documents.first else { throw DefinitionsProblem.wrong(findings.all, onlyChecked: onlyCheck) }
        guard "\(first.id)" == document else { throw DefinitionsProblem.another(document: document, found: "\(first.id)") }
        return try await inTurn(onlyCheck) {
            let old = blueprint
            let new = Blueprint(documents: old.documents.filter { $0.id != first.id } + [first])
            try check(new, onlyCheck: onlyCheck)
            if let basis, let newest = try newest(of: document), newest.number != basis {
                throw DefinitionsProblem.overtaken(document: document, by: newest.author, version: newest.number)
            }
            return try await put(new, from: old, onlyCheck: onlyCheck, by: author).first
        }
    }

    /// Puts an older version of a document in force again, as a new version: when it still fits what this program knows today.
    /// Going back to a version that took the document out of force takes it out again.
    /// - Returns: the change; nil when it is what is in force.
    /// - Throws: ``DefinitionsProblem``, and what the ledger throws.
    package func rollBack(_ document: String, to number: Int, onlyCheck: Bool = false, by author: String) async throws -> Change? {
        let version = try version(number, of: document)
        guard let text = version.text else { return try await remove(document, onlyCheck: onlyCheck, by: author) }
        return try await save(document, text: text, basis: nil, onlyCheck: onlyCheck, by: author)
    }

    /// Takes a document out of force: when no other names what it defines.
    /// - Returns: the change; nil when it is out of force already.
    /// - Throws: ``DefinitionsProblem/wrong(_:onlyChecked:)`` with who names it, and what the ledger throws.
    package func remove(_ document: String, onlyCheck: Bool = false, by author: String) async throws -> Change? {
        try await inTurn(onlyCheck) {
            let old = blueprint
            let rest = Blueprint(documents: old.documents.filter { "\($0.id)" != document })
            try check(rest, onlyCheck: onlyCheck)
            return try await put(rest, from: old, onlyCheck: onlyCheck, by: author).first
        }
    }

    /// What only checks waits for nobody.
    private func inTurn<R: Sendable>(_ onlyCheck: Bool, _ work: () async throws -> R) async throws -> R {
        if onlyCheck { try await work() } else { try await turns.take(work) }
    }

    /// One document's change may break another, which names what it defined.
    private func check(_ new: Blueprint, onlyCheck: Bool) throws {
        let findings = Findings()
        kinds.check(new, findings)
        guard findings.isEmpty else { throw DefinitionsProblem.wrong(findings.all, onlyChecked: onlyCheck) }
    }

    /// Puts in force what differs.
    /// - Parameter old: What `new` was made of. What came into force since then stays as it is.
    private func put(_ new: Blueprint, from old: Blueprint, onlyCheck: Bool, by author: String) async throws -> [Change] {
        let changes = new.changes(from: old)
        guard !onlyCheck, !changes.isEmpty else { return changes.map { Change(document: $0.id, what: $0.what) } }
        var texts: [String: String] = [:]
        for change in changes { texts["\(change.id)"] = new[change.id.kind, change.id.key]?.text ?? "" }
        try await shelf.put(texts, of: new, by: author)
        let numbers = Dictionary(try shelf.newest().map { ($0.document, $0.number) }) { $1 }
        return changes.map { Change(document: $0.id, what: $0.what, version: numbers["\($0.id)"]) }
    }

    /// One version of a document.
    /// - Throws: ``DefinitionsProblem/noVersion(document:number:)`` and ``DefinitionsProblem/noDocument(_:)``.
    package func version(_ number: Int, of document: String) throws -> DefinitionVersion {
        if let found = try shelf.version(number, of: document) { return found }
        guard try newest(of: document) != nil else { throw DefinitionsProblem.noDocument(document) }
        throw DefinitionsProblem.noVersion(document: document, number: number)
    }

    /// The newest version of a document; nil when there never was one.
    package func newest(of document: String) throws -> DefinitionVersion? {
        try shelf.versions(of: document, before: nil, limit: 1).first
    }

    // MARK: What there is

    /// How it is with one document.
    package struct State: Sendable {
        package var id: String
        /// What its kind decides.
        package var summary: String
        /// The document that is in force; nil when the defaults hold.
        package var document: Document?
        /// The newest version; nil when there never was one.
        package var newest: DefinitionVersion?
    }

    /// Every document that there is, ever was, or could be: the kinds in their order, and of a kind of which there may be many each.
    package func states() throws -> [State] {
        let blueprint = blueprint
        let newest = Dictionary(try shelf.newest().map { ($0.document, $0) }) { $1 }
        return kinds.types.flatMap { type -> [State] in
            let keyed = newest.keys.filter { $0.hasPrefix(type.kind + "/") }.sorted()
            return (type.isKeyed ? keyed : [type.kind]).map { id in
                let parts = id.split(separator: "/", maxSplits: 1).map(String.init)
                return State(
                    id: id, summary: type.summary, document: blueprint[parts[0], parts.count > 1 ? parts[1] : nil], newest: newest[id])
            }
        }
    }

    /// How it is with a document.
    /// - Throws: ``DefinitionsProblem/noDocument(_:)``
    package func state(of document: String) throws -> State {
        guard let found = try states().first(where: { $0.id == document }) else { throw DefinitionsProblem.noDocument(document) }
        return found
    }

    /// What holds for a document, written out: its text in force, or the default of its kind.
    package func text(of state: State) -> String {
        state.document?.text ?? kinds.types.first { $0.kind == state.id }?.standard.yaml ?? ""
    }
}
