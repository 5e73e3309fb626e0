import Audiences
import Definitions
import Formula
import Kernel
import Rendering

/// The lifecycle as somebody is writing it: its stages, in order.
struct LifecycleForm: DefinitionForm {
    static let kind = FormKind.lifecycle

    struct Stage: Sendable {
        var name = ""
        /// Of the first stage it is put aside: it has none, but it may be moved down again.
        var when = ""
        var wants = ""
        var owner = ""
    }

    var base: FormBase
    var stages: [Stage]
    /// Those of all stages but the first.
    var formulas: [FormulaField]

    private static let fieldsOfStage = ["name": "stage", "when": "when", "wants": "wants", "owner": "owner"]
    var fieldIDs: [String] { (1...max(1, stages.count)).flatMap { row in ["stage", "wants", "owner"].map { "\($0)\(row)" } } }

    private static func formulas(_ stages: [Stage]) -> [FormulaField] {
        stages.enumerated().dropFirst().map { i, stage in
            FormulaField(
                name: "when\(i + 1)", label: "Who has come so far",
                hint: i == 1 ? "A formula about one customer, as did(\"Order Completed\")." : "", text: stage.when, kind: .condition, rows: 2,
                whenEmpty: "Write a formula: who has come so far.",
                calls: "Who has come so far, \(stage.name.isEmpty ? "stage \(i + 1)" : stage.name)")
        }
    }

    init(owner: String) {
        base = FormBase(owner: owner)
        stages = [Stage(), Stage()]
        formulas = Self.formulas(stages)
    }

    init(_ document: Document, basis: Int) {
        let definition = document.read(LifecycleDefinition.self)
        base = FormBase(owner: document.owner ?? "", basis: basis)
        stages = definition.stages.map {
            Stage(name: $0.name, when: $0.when?.text.trimmedEnd ?? "", wants: $0.wants ?? "", owner: $0.owner ?? "")
        }
        formulas = Self.formulas(stages)
    }

    init(_ sent: Parameters, key: String?) {
        base = FormBase(sent, key: nil)
        stages = (0..<FormRows.count(sent, most: Program.mostStages)).map { i in
            Stage(
                name: sent["stage\(i + 1)"] ?? "", when: FormulaField.text(sent, "when\(i + 1)"), wants: sent.lines("wants\(i + 1)"),
                owner: sent["owner\(i + 1)"] ?? "")
        }
        formulas = Self.formulas(stages)
    }

    mutating func change(_ asked: String) {
        // What a button mended stands in the fields.
        for (i, field) in formulas.enumerated() { stages[i + 1].when = field.text }
        base.stay(FormRows.change(&stages, asked, empty: Stage(), most: Program.mostStages, least: 1))
        formulas = Self.formulas(stages)
    }

    func write(to yaml: inout YAMLText) {
        var definition = LifecycleDefinition.standard
        definition.stages = stages.enumerated().map { i, stage in
            .init(
                name: stage.name, when: i == 0 ? nil : WrittenFormula(text: formulas[i - 1].text), wants: stage.wants.ifAny, owner: stage.owner.ifAny)
        }
        definition.write(to: &yaml)
    }

    func field(of path: String) -> String? {
        guard let match = path.wholeMatch(of: /stages\[(\d+)\](?:\.(\w+))?/) else { return nil }
        return Self.fieldsOfStage[String(match.2 ?? "name")].map { $0 + match.1 }
    }

    mutating func check(among blueprint: Blueprint) {
        if stages.isEmpty { base.faults[""] = "A lifecycle has one stage at least." }
        for (i, stage) in stages.enumerated() where stage.name.isEmpty { base.faults["stage\(i + 1)"] = "Give the stage a name." }
    }

    var fields: Fields { ["isLifecycle": true, "isFull": stages.count >= Program.mostStages, "rows": stages.count] }

    /// The stages as the template shows them.
    func rows(_ titles: FormulaTitles, isFresh: Bool) -> [Fields] {
        stages.enumerated().map { i, stage in
            let row = i + 1
            var fields: Fields = [
                "name": stage.name, "wants": stage.wants, "owner": stage.owner, "heading": "Stage \(row)", "called": stage.name,
                "nameFault": base.faults["stage\(row)"], "wantsFault": base.faults["wants\(row)"], "ownerFault": base.faults["owner\(row)"],
                "aside": i == 0 ? stage.when : nil, "isFirst": i == 0,
                "formula": i == 0 ? nil : [formulas[i - 1].fields(titles, isFresh: isFresh)],
            ]
            fields.merge(FormRows.buttons(row, of: stages.count, least: 1, focus: base.focus))
            return fields
        }
    }
}
