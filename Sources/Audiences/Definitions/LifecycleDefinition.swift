package import Definitions
import Formula
import Kernel

/// The stages of a customer's life with the company, in order. Everybody is in exactly one: the last whose formula holds, or the first.
package struct LifecycleDefinition: Definition, Equatable {
    package static let kind = "lifecycle"
    package static let summary = "The stages of a customer's life with the company, and what customers want at each."
    package static let guide = DefinitionGuide(
        fields: [
            .init("stages", "in order; everybody is in the last whose formula holds, and in the first when none does"),
            .init("stages[].name", "what people call it"),
            .init("stages[].when", "the formula of those who have come so far; the first stage has none"),
            .init("stages[].wants", "what customers want there"),
            .init("stages[].owner", "who answers for it"),
        ],
        example: """
            lifecycle:
              owner: Marta Lindqvist
              stages:
                - name: Aware
                  wants: To know whether we have what they look for.
                - name: Customer
                  when: did("Order Completed")
                  wants: That it comes on time, and is what it looked like.
                  owner: Priya Nair
                - name: Lapsing
                  when: time since last("Order Completed") > 180 days
                  wants: A reason to come back.

            """)

    package struct Stage: Sendable, Equatable {
        package var name: String
        /// Nil for the first.
        package var when: WrittenFormula?
        package var wants: String?
        package var owner: String?

        package init(name: String, when: WrittenFormula? = nil, wants: String? = nil, owner: String? = nil) {
            (self.name, self.when, self.wants, self.owner) = (name, when, wants, owner)
        }
    }
    package var stages: [Stage] = []

    package init(reading reader: Reader) {
        var seen: Set<String> = []
        var place = 0
        let found = reader.mappings("stages", count: 0...Program.mostStages) { stage -> Stage? in
            place += 1
            let name = stage.required("name", stage.text("name", 1...60, example: "name: Aware"), example: "Aware")
            let example = "did(\"Order Completed\")"
            let when = stage.formula("when", example: example)
            let wants = stage.text("wants", 1...500, example: "wants: what customers want there")
            let owner = stage.text("owner", 1...200, example: "owner: a name")
            if !stage.isDescribing {
                if place == 1, stage.has("when") {
                    stage.problem("everybody who is in no other stage is in the first", mend: "remove when from the first stage", with: "when")
                }
                if place > 1, !stage.has("when") { stage.problem("when is missing", mend: "write when: \(example)") }
            }
            guard let name else { return nil }
            if !seen.insert(TextCase.folded(name)).inserted {
                stage.problem("\(name) stands here twice", mend: "give one of them another name", with: "name")
            }
            return Stage(name: name, when: place == 1 ? nil : when, wants: wants, owner: owner)
        }
        stages = (found ?? []).compactMap { $0 }
    }

    package func write(to yaml: inout YAMLText) {
        yaml.list("stages", stages) { stage, yaml in
            yaml.put("name", stage.name)
            if let when = stage.when { yaml.block("when", when.text) }
            if let wants = stage.wants { yaml.put("wants", wants) }
            if let owner = stage.owner { yaml.put("owner", owner) }
        }
    }
}
