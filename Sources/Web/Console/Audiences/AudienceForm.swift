import Audiences
import Definitions
import Formula
import Foundation
import Kernel
import Rendering

/// A definition of an audience or a metric as somebody is writing it.
struct DefinitionForm: Sendable {
    enum Kind: String, Sendable {
        case audience, metric

        var list: String { self == .audience ? "/audiences" : "/metric" }
    }
    var kind: Kind
    /// Nil for a new one.
    var key: String?
    var name: String
    /// What an audience is for; what a metric says.
    var purpose: String
    var owner: String
    /// Of a metric.
    var unit: String
    var formulas: [FormulaField]
    /// The version that was edited, 0 for a new one.
    var basis: Int
    /// What is wrong, by the field: `name`. What belongs to none stands at the head, under an empty name.
    var faults: [String: String] = [:]
    var isShown = true
    /// Of a new one whose name has nothing that can stand in a key: one that is free, once it was checked.
    private var free: String?

    /// What it defines, so that it cannot name itself.
    var circle: String? { key.map { "\(kind.rawValue)/\($0)" } }
    var document: String { "\(kind.rawValue)/\(ownKey)" }
    /// Its key, or the one that it will have.
    var ownKey: String { key ?? free ?? Self.key(of: name) }

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

    static func empty(_ kind: Kind, owner: String) -> DefinitionForm {
        DefinitionForm(kind: kind, name: "", purpose: "", owner: owner, unit: "", formulas: fields(kind), basis: 0)
    }

    private static func fields(_ kind: Kind, _ texts: [String: String] = [:]) -> [FormulaField] {
        switch kind {
        case .audience:
            [
                FormulaField(
                    name: "who", label: "Who belongs",
                    hint: "A formula about one customer, as did(any in last 30 days).",
                    text: texts["who"] ?? "", kind: .condition),
                FormulaField(
                    name: "except", label: "But never", hint: "Who is left out even if the above holds. It can be left empty.",
                    text: texts["except"] ?? "", kind: .condition, isOptional: true, rows: 3),
            ]
        case .metric:
            [
                FormulaField(
                    name: "formula", label: "How it is worked out",
                    hint: "A formula that gives a value, as count(any in last 30 days).",
                    text: texts["formula"] ?? "", kind: .value)
            ]
        }
    }

    init(
        kind: Kind, key: String? = nil, name: String, purpose: String, owner: String, unit: String, formulas: [FormulaField], basis: Int,
        isShown: Bool = true
    ) {
        self.kind = kind
        self.key = key
        self.name = name
        self.purpose = purpose
        self.owner = owner
        self.unit = unit
        self.formulas = formulas
        self.basis = basis
        self.isShown = isShown
    }

    init(_ audience: Defined<AudienceDefinition>, basis: Int) {
        let definition = audience.definition
        self.init(
            kind: .audience, key: audience.key, name: definition.name, purpose: definition.purpose ?? "", owner: audience.owner ?? "", unit: "",
            formulas: Self.fields(
                .audience,
                ["who": definition.who.text.trimmedEnd, "except": definition.except?.text.trimmedEnd ?? ""]), basis: basis)
    }

    /// Nil for a metric that no formula works out.
    init?(_ metric: Defined<MetricDefinition>, basis: Int) {
        let definition = metric.definition
        guard case .formula(let written) = definition.way else { return nil }
        self.init(
            kind: .metric, key: metric.key, name: definition.name, purpose: definition.meaning ?? "", owner: metric.owner ?? "",
            unit: definition.unit ?? "", formulas: Self.fields(.metric, ["formula": written.text.trimmedEnd]), basis: basis,
            isShown: definition.isShown)
    }

    /// What a browser sent.
    init(_ form: Parameters, kind: Kind, key: String?) {
        self.init(
            kind: kind, key: key, name: form["name"] ?? "", purpose: (form["purpose"] ?? "").replacing("\r\n", with: "\n"),
            owner: form["owner"] ?? "", unit: form["unit"] ?? "",
            formulas: Self.fields(kind, ["who", "except", "formula"].reduce(into: [:]) { $0[$1] = FormulaField.text(form, $1) }),
            basis: form["basis"].flatMap { Int($0) } ?? 0, isShown: form["shown"] != nil)
    }

    func text(_ name: String) -> String { formulas.first { $0.name == name }?.text ?? "" }

    /// The whole document.
    var yaml: String {
        var yaml = YAMLText()
        yaml.mapping(kind.rawValue) { yaml in
            yaml.put("key", ownKey)
            if !owner.isEmpty { yaml.put("owner", owner) }
            switch kind {
            case .audience:
                var definition = AudienceDefinition.standard
                definition.name = name
                definition.purpose = purpose.isEmpty ? nil : purpose
                definition.who = WrittenFormula(text: text("who"))
                definition.except = text("except").isEmpty ? nil : WrittenFormula(text: text("except"))
                definition.write(to: &yaml)
            case .metric:
                var definition = MetricDefinition.standard
                definition.name = name
                definition.meaning = purpose.isEmpty ? nil : purpose
                definition.unit = unit.isEmpty ? nil : unit
                definition.way = .formula(WrittenFormula(text: text("formula")))
                definition.isShown = isShown
                definition.write(to: &yaml)
            }
        }
        return yaml.text
    }

    /// Looks all formulas up.
    mutating func read(_ desk: FormulaDesk, _ words: FormulaDesk.Words?) {
        for i in formulas.indices { formulas[i].read(desk, words, of: circle) }
    }

    /// Whether nothing that this page can see is wrong.
    mutating func check(taken: (String) -> Bool) -> Bool {
        if name.isEmpty { faults["name"] = "Give it a name." }
        if name.count > 100 { faults["name"] = "A name has 100 characters at most; this one has \(Formats.number(name.count))." }
        if key == nil, !name.isEmpty {
            // A name in another script has no letters for a key.
            if ownKey.isEmpty {
                var number = 1
                while taken("\(kind.rawValue)_\(number)") { number += 1 }
                free = "\(kind.rawValue)_\(number)"
            }
            if taken(ownKey) { faults["name"] = "There is one with the key \(ownKey) already. Choose another name." }
        }
        return faults.isEmpty && !formulas.contains { $0.isWrong || ($0.isEmpty && !$0.isOptional) }
    }

    /// Takes what the definitions say against it to the fields that it is of.
    mutating func tell(_ findings: [Finding]) {
        for finding in findings {
            let field = finding.path.split(separator: ".").last.map(String.init) ?? ""
            let own = finding.path.hasPrefix(kind.rawValue + ".") && finding.place.file == document + ".yaml"
            let name = own && ["name", "purpose", "owner", "unit", "who", "except", "formula", "meaning"].contains(field) ? field : ""
            let words = finding.what + "; " + finding.mend + "."
            let place = name.isEmpty && !own && !finding.place.file.isEmpty ? "\(finding.place.file.replacing(".yaml", with: "")): " : ""
            let key = name == "meaning" ? "purpose" : name
            faults[key] = [faults[key], place + words.prefix(1).uppercased() + words.dropFirst()].compactMap { $0 }.joined(separator: " ")
        }
    }
}

extension String {
    /// Without white space at the end.
    var trimmedEnd: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
