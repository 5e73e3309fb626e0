package import Definitions

/// Customers for whom a formula holds now.
package struct AudienceDefinition: Definition, Equatable {
    package static let kind = "audience"
    package static let summary = "Customers for whom a formula holds now."
    package static let isKeyed = true
    package static let guide = DefinitionGuide(
        fields: [
            .init("name", "what people call it"),
            .init("purpose", "what it is for"),
            .init("who", "the formula of those who belong: see [the language](formulas.md)"),
            .init("except", "the formula of those who are left out even so"),
        ],
        example: """
            audience:
              key: best_customers
              name: Best customers
              purpose: Invitations, early access, a word of thanks.
              owner: Priya Nair
              who: |
                count("Order Completed" in last 90 days) >= 3
                  and last("NPS Answered".score) >= 9
              except: did("Complaint Received" in last 30 days)

            """)

    package var name = ""
    package var purpose: String?
    package var who = WrittenFormula(text: "did(any)")
    package var except: WrittenFormula?

    package init(reading reader: Reader) {
        name = reader.required("name", reader.text("name", 1...100, example: "name: Best customers"), example: "Best customers") ?? ""
        purpose = reader.text("purpose", 1...1_000, example: "purpose: what it is for")
        let example = "did(\"Order Completed\" in last 90 days)"
        if let who = reader.required("who", reader.formula("who", example: example), example: example) { self.who = who }
        except = reader.formula("except", example: "did(\"Complaint Received\" in last 30 days)")
    }

    package func write(to yaml: inout YAMLText) {
        yaml.put("name", name)
        if let purpose { yaml.put("purpose", purpose) }
        yaml.block("who", who.text)
        if let except { yaml.block("except", except.text) }
    }
}
