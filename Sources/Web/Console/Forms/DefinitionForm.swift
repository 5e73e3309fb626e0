import Definitions
import Foundation
import Kernel
import Rendering

/// What can be defined in a form of its own, with where its pages are.
enum FormKind: String, CaseIterable, Sendable {
    case audience, metric, lifecycle, event

    /// Where all of them are shown.
    var list: String {
        switch self {
        case .audience: "/audiences"
        case .metric: "/metric"
        case .lifecycle: "/lifecycle"
        case .event: "/events"
        }
    }
    var listName: String {
        switch self {
        case .audience: "Audiences"
        case .metric: "Metrics"
        case .lifecycle: "Lifecycle"
        case .event: "Events"
        }
    }
    /// The entry of the navigation.
    var room: String { String(listName.lowercased()) }
    /// Whether a company may have many.
    var isKeyed: Bool { self != .lifecycle }

    var type: any DefinitionForm.Type {
        switch self {
        case .audience: AudienceForm.self
        case .metric: MetricForm.self
        case .lifecycle: LifecycleForm.self
        case .event: EventForm.self
        }
    }

    /// A document's text as its form would write it: without comments, and in one order. Nil for what does not read as this kind.
    func written(_ text: String, of document: String, _ kinds: DefinitionKinds) -> String? {
        let findings = Findings()
        let blueprint = Blueprint(files: [(name: document + ".yaml", bytes: Array(text.utf8))], findings)
        kinds.check(blueprint, findings, isWhole: false)
        guard findings.isEmpty, let found = blueprint.documents.first, "\(found.id)" == document else { return nil }
        return type.init(found, basis: 0).yaml
    }
}

/// What all forms of definitions have.
struct FormBase: Sendable {
    /// Nil for a new one.
    var key: String?
    var name = ""
    var owner = ""
    /// The version that was edited, 0 for a new one.
    var basis = 0
    /// What is wrong, by the id of the field. What belongs to none stands at the head, under an empty name.
    var faults: [String: String] = [:]
    /// Of a new one: a key that is free, once it was checked.
    var free: String?
    /// The id of what was just pressed or added, where the focus stays.
    var focus: String?
    /// What a button of a row did, in words.
    var done: String?

    init(key: String? = nil, name: String = "", owner: String = "", basis: Int = 0) {
        self.key = key
        self.name = name
        self.owner = owner
        self.basis = basis
    }

    /// What a browser sent.
    init(_ sent: Parameters, key: String?) {
        self.init(key: key, name: sent["name"] ?? "", owner: sent["owner"] ?? "", basis: sent["basis"].flatMap { Int($0) } ?? 0)
    }

    /// A key made of a name: `north_late_parcel`; empty when nothing of the name can stand in one.
    static func key(of name: String) -> String {
        var out = ""
        for character in name.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil) {
            let isPart = character.isASCII && (character.isLetter || character.isNumber)
            if isPart { out.append(character) } else if out.last != "_" { out.append("_") }
        }
        let key = out.drop { !$0.isLetter }.prefix(60)
        return String(key.last == "_" ? key.dropLast() : key)
    }
}

/// A definition as somebody is writing it in a form: what was typed, and what is wrong with it.
protocol DefinitionForm: Sendable {
    static var kind: FormKind { get }

    var base: FormBase { get set }
    /// Its fields that take formulas.
    var formulas: [FormulaField] { get set }
    /// The ids of its other fields, besides name and owner.
    var fieldIDs: [String] { get }

    /// An empty one.
    init(owner: String)
    /// What is in force. Whatever is in the document is in the form too: documents say nothing that their kind does not know.
    init(_ document: Document, basis: Int)
    /// What a browser sent.
    init(_ sent: Parameters, key: String?)

    /// Writes what stands below the kind, but for key and owner.
    func write(to yaml: inout YAMLText)
    /// The id of the field that a setting is in, by the setting's path below the kind: `stages[2].name`. Nil when it is in none.
    func field(of path: String) -> String?
    /// Looks for what the definitions do not see or say in other words, and for a key.
    mutating func check(among blueprint: Blueprint)
    /// Changes the rows as a button asks.
    mutating func change(_ asked: String)
    /// What the template shows of it, besides what all forms have.
    var fields: Fields { get }
}

extension DefinitionForm {
    var kind: FormKind { Self.kind }
    var formulas: [FormulaField] {
        get { [] }
        set {}
    }
    mutating func change(_ asked: String) {}

    /// What it defines, so that it cannot name itself.
    var circle: String? { kind.isKeyed ? base.key.map { "\(kind.rawValue)/\($0)" } : kind.rawValue }
    var document: String { kind.isKeyed ? "\(kind.rawValue)/\(ownKey)" : kind.rawValue }
    /// Its key, or the one that it will have.
    var ownKey: String { base.key ?? base.free ?? FormBase.key(of: base.name) }
    var isNew: Bool { kind.isKeyed ? base.key == nil : base.basis == 0 }

    /// The whole document.
    var yaml: String {
        var yaml = YAMLText()
        yaml.mapping(kind.rawValue) { yaml in
            if kind.isKeyed { yaml.put("key", ownKey) }
            if !base.owner.isEmpty { yaml.put("owner", base.owner) }
            write(to: &yaml)
        }
        return yaml.text
    }

    /// Looks all formulas up.
    mutating func read(_ desk: FormulaDesk, _ words: FormulaDesk.Words?) {
        for i in formulas.indices { formulas[i].read(desk, words, of: circle) }
    }

    /// Whether nothing was found wrong.
    var isSound: Bool { base.faults.isEmpty && !formulas.contains { $0.isWrong || ($0.isEmpty && !$0.isOptional) } }

    /// A name that fits, and a key made of it that nobody has.
    mutating func checkName(_ taken: (String) -> Bool) {
        if base.name.isEmpty { base.faults["name"] = "Give it a name." }
        if base.name.count > 100 { base.faults["name"] = "A name has 100 characters at most; this one has \(Formats.number(base.name.count))." }
        guard base.key == nil, !base.name.isEmpty else { return }
        // A name in another script has no letters for a key.
        if ownKey.isEmpty {
            var number = 1
            while taken("\(kind.rawValue)_\(number)") { number += 1 }
            base.free = "\(kind.rawValue)_\(number)"
        }
        if taken(ownKey) { base.faults["name"] = "There is one with the key \(ownKey) already. Choose another name." }
    }

    /// Takes what the definitions say against it to the fields that it is of.
    mutating func tell(_ findings: [Finding]) {
        for finding in findings {
            let own = finding.place.file == document + ".yaml"
            let path = own && finding.path.hasPrefix(kind.rawValue + ".") ? String(finding.path.dropFirst(kind.rawValue.count + 1)) : nil
            let id = path.flatMap { ["name", "owner"].contains($0) ? $0 : field(of: $0) } ?? ""
            // What a formula's own field says of it already.
            if formulas.contains(where: { $0.name == id && $0.isWrong }) { continue }
            let words = finding.what + "; " + finding.mend + (finding.mend.hasSuffix("?") ? "" : ".")
            let place = own || finding.place.file.isEmpty ? "" : "\(finding.place.file.replacing(".yaml", with: "")): "
            // A name that somebody wrote stays as it was written.
            let isName = words.prefix { !$0.isWhitespace }.count > 1 && yaml.contains(words.prefix { !$0.isWhitespace })
            add(place + (isName ? words : words.prefix(1).uppercased() + words.dropFirst()), to: id)
        }
    }

    mutating func add(_ fault: String, to id: String) {
        base.faults[id] = [base.faults[id], fault].compactMap { $0 }.joined(separator: " ")
    }

    /// What is wrong with a formula that its own field does not say, and with nothing that has a field.
    var headFault: String? {
        let known = Set(fieldIDs + ["name", "owner"])
        let rest = base.faults.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
        return rest.isEmpty ? nil : rest.joined(separator: " ")
    }
}

/// Rows of a form, which buttons add, take away and move. Each button asks the server, so that it works without a script.
enum FormRows {
    /// Does what a button asks: `add`, `remove:2`, `up:2`, `down:2`.
    /// - Returns: Where the focus belongs, as the number of a row and the button pressed, and what was done; nil when nothing can be.
    static func change<R>(_ rows: inout [R], _ asked: String, empty: R, most: Int, least: Int) -> (row: Int, button: String?, done: String)? {
        let parts = asked.split(separator: ":", maxSplits: 1).map(String.init)
        if parts == ["add"] {
            guard rows.count < most else { return nil }
            rows.append(empty)
            return (rows.count, nil, "Row \(rows.count) is new.")
        }
        guard parts.count == 2, let row = Int(parts[1]), rows.indices.contains(row - 1) else { return nil }
        switch parts[0] {
        case "remove" where rows.count > least:
            rows.remove(at: row - 1)
            return (max(1, min(row, rows.count)), nil, "Row \(row) is gone.")
        case "up" where row > 1:
            rows.swapAt(row - 1, row - 2)
            return (row - 1, row > 2 ? "up" : nil, "It is row \(row - 1) of \(rows.count) now.")
        case "down" where row < rows.count:
            rows.swapAt(row - 1, row)
            return (row + 1, row + 1 < rows.count ? "down" : nil, "It is row \(row + 1) of \(rows.count) now.")
        default: return nil
        }
    }

    /// How many rows a browser sent.
    static func count(_ sent: Parameters, most: Int) -> Int { max(0, min(most, sent["rows"].flatMap { Int($0) } ?? 0)) }

    /// What the buttons of a row need.
    static func buttons(_ row: Int, of count: Int, least: Int, focus: String?) -> Fields {
        [
            "row": row, "mayRemove": count > least, "up": row > 1 ? "up:\(row)" : nil, "down": row < count ? "down:\(row)" : nil,
            "upFocused": focus == "up\(row)", "downFocused": focus == "down\(row)", "isFocused": focus == "row\(row)",
        ]
    }
}

extension FormBase {
    /// Keeps the focus on the button that moves a row, as long as it can be moved on, and else in the row.
    mutating func stay(_ changed: (row: Int, button: String?, done: String)?) {
        guard let changed else { return }
        focus = (changed.button ?? "row") + String(changed.row)
        done = changed.done
    }
}

extension Parameters {
    /// A text of several lines. Browsers send line breaks as CR LF, whatever was typed.
    func lines(_ name: String) -> String { (self[name] ?? "").replacing("\r\n", with: "\n") }
}

extension String {
    /// Without white space at the end.
    var trimmedEnd: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
    /// Nil when it is empty.
    var ifAny: String? { isEmpty ? nil : self }
}
