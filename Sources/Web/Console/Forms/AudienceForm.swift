import Audiences
import Definitions
import Kernel
import Rendering

/// An audience as somebody is writing it.
struct AudienceForm: DefinitionForm {
    static let kind = FormKind.audience

    var base: FormBase
    var purpose = ""
    var formulas: [FormulaField]
    var fieldIDs: [String] { ["purpose"] }

    private static func formulas(who: String = "", except: String = "") -> [FormulaField] {
        [
            FormulaField(
                name: "who", label: "Who belongs", hint: "A formula about one customer, as did(any in last 30 days).", text: who, kind: .condition,
                whenEmpty: "Write a formula: who belongs."),
            FormulaField(
                name: "except", label: "But never", hint: "Who is left out even if the above holds. It can be left empty.", text: except,
                kind: .condition, isOptional: true, rows: 3, whenEmpty: "Nobody is left out."),
        ]
    }

    init(owner: String) {
        base = FormBase(owner: owner)
        formulas = Self.formulas()
    }

    init(_ document: Document, basis: Int) {
        let definition = document.read(AudienceDefinition.self)
        base = FormBase(key: document.id.key, name: definition.name, owner: document.owner ?? "", basis: basis)
        purpose = definition.purpose ?? ""
        formulas = Self.formulas(who: definition.who.text.trimmedEnd, except: definition.except?.text.trimmedEnd ?? "")
    }

    init(_ sent: Parameters, key: String?) {
        base = FormBase(sent, key: key)
        purpose = sent.lines("purpose")
        formulas = Self.formulas(who: FormulaField.text(sent, "who"), except: FormulaField.text(sent, "except"))
    }

    func write(to yaml: inout YAMLText) {
        var definition = AudienceDefinition.standard
        definition.name = base.name
        definition.purpose = purpose.ifAny
        definition.who = WrittenFormula(text: formulas[0].text)
        definition.except = formulas[1].text.ifAny.map { WrittenFormula(text: $0) }
        definition.write(to: &yaml)
    }

    func field(of path: String) -> String? { ["purpose", "who", "except"].contains(path) ? path : nil }

    mutating func check(among blueprint: Blueprint) { checkName { blueprint[Self.kind.rawValue, $0] != nil } }

    var fields: Fields { ["isAudience": true, "hasPurpose": true, "purpose": purpose, "purposeLabel": "What it is for", "hasName": true] }
}
