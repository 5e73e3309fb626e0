import Kernel

/// A kind of thing that a company decides, as a value read from its document. The target that acts on it owns it.
///
/// ```yaml
/// workspace:              # the kind
///   owner: ann            # optional, in every kind
///   name: Example Shop    # what the kind knows
/// ```
package protocol Definition: Sendable {
    /// The one key at the top of the document, and the word for it everywhere: `identity`.
    static var kind: String { get }
    /// What it decides, in one line: for help and documentation.
    static var summary: String { get }
    /// False (the default) when a company has one, as `identity`. True when it may have many, each with a `key`, as `metric`.
    static var isKeyed: Bool { get }

    /// What people are told of it; a test holds it against what the reader asks for.
    static var guide: DefinitionGuide { get }

    /// Reads the document. Always gives a value, with defaults for whatever was not written or does not fit, and adds what
    /// does not fit to the reader's findings. From an empty reader: the defaults.
    init(reading reader: Reader)

    /// Writes all that ``init(reading:)`` reads, defaults too.
    func write(to yaml: inout YAMLText)
}

extension Definition {
    package static var isKeyed: Bool { false }
    package static var guide: DefinitionGuide { DefinitionGuide() }

    /// What holds when the company has no such document.
    package static var standard: Self { Self(reading: .empty(kind)) }

    /// The whole document.
    package var yaml: String {
        var out = YAMLText()
        out.comment(Self.summary)
        out.mapping(Self.kind, write(to:))
        return out.text
    }
}

/// All kinds of definitions that this program knows. The composition root gathers them from the targets that own them.
package struct DefinitionKinds: Sendable {
    package let types: [any Definition.Type]
    /// What must hold between documents, as of names that one uses and another defines.
    private let together: [@Sendable (Blueprint, Findings) -> Void]

    package init(_ types: [any Definition.Type], together: [@Sendable (Blueprint, Findings) -> Void] = []) {
        self.types = types
        self.together = together
    }

    /// Everything that keeps a blueprint from being put in force: kinds that there are none of, keys missing or written where
    /// none belong, and whatever the kinds find in their documents. In force only when nothing is found.
    /// - Parameter isWhole: False for some documents of a company alone: what holds between documents is not looked at then.
    package func check(_ blueprint: Blueprint, _ findings: Findings, isWhole: Bool = true) {
        let known = Dictionary(types.map { ($0.kind, $0) }) { $1 }
        for document in blueprint.documents {
            guard let type = known[document.id.kind] else {
                // Settings without the kind above them: that is told already, and nothing else can be said of them.
                if document.isOneOfSeveral { continue }
                let advice = Nearest.advice(for: document.id.kind, among: Array(known.keys))
                findings.add(Finding(place: document.place, path: "", what: "there is no kind of definition \(document.id.kind)", mend: advice))
                continue
            }
            if type.isKeyed, document.id.key == nil {
                let mend = "write key: a_name, which stays the same when everything else changes"
                findings.add(Finding(place: document.body.place, path: type.kind, what: "key is missing", mend: mend))
            } else if !type.isKeyed, document.id.key != nil {
                findings.add(
                    Finding(place: document.body.place, path: type.kind, what: "a company has one \(type.kind), so it has no key", mend: "remove key")
                )
            }
            document.check(type, findings)
        }
        // What does not read by itself would only be told again, in other words.
        if isWhole, findings.isEmpty { for check in together { check(blueprint, findings) } }
    }

    /// The blueprint with the defaults of the kinds it has no document of: everything that holds, written out.
    package func complete(_ blueprint: Blueprint) -> Blueprint {
        let missing = types.filter { !$0.isKeyed && blueprint[$0.kind] == nil }
        let files = missing.map { (name: "\($0.kind).yaml", bytes: Array($0.standard.yaml.utf8)) }
        return Blueprint(documents: blueprint.documents + Blueprint(files: files, Findings()).documents)
    }
}
