import Access
import Audiences
import Formula
import Kernel
import Rendering

/// All that a formula may say and name, to be looked through beside an editor or on a page of its own.
extension Console {
    static let namesRoutes: [PageRoute] = [
        PageRoute(.get, "/formulas/names", .read, to: "see what formulas may name") { try await $0.namesPage($1) }
    ]
    static let namesPlace = "/formulas/names"

    func namesPage(_ visit: Visit) async throws -> PageAnswer {
        let desk = try desk()
        var fields: Fields = [:]
        if let words = try? desk.words() {
            let meanings = Dictionary(vocabulary().map { ($0.definition.name, $0.definition.meaning ?? "") }) { a, _ in a }
            let glossary = FormulaGlossary(names: words.names, library: words.library, titles: words.titles, meanings: meanings)
            fields["sections"] = glossary.sections.map(Self.section)
            fields["hasSections"] = true
        } else {
            fields["again"] = Self.namesPlace
        }
        if visit.request.query["part"] != nil { return try part("formula-names", fields) }
        return try await page("formula-names-page", title: "All names", room: "audiences", visit, fields)
    }

    private static func section(_ section: FormulaGlossary.Section) -> Fields {
        let (title, empty) = words(section.kind)
        return [
            "id": "names-" + section.kind.rawValue, "title": title, "empty": section.words.isEmpty ? empty : nil, "hasWords": !section.words.isEmpty,
            "isShort": section.words.allSatisfy { $0.example == nil && $0.parts.isEmpty },
            "words": section.words.map { word -> Fields in
                [
                    "text": word.text, "meaning": word.meaning, "example": word.example, "hasParts": !word.parts.isEmpty,
                    "parts": word.parts.map { ["text": $0.text, "meaning": $0.meaning] as Fields },
                ]
            },
        ]
    }

    /// What a section is called, and what stands there when there is nothing of it.
    private static func words(_ kind: FormulaGlossary.Kind) -> (title: String, empty: String) {
        switch kind {
        case .functions: ("Functions", "")
        case .phrases: ("When, in which order, and compared with what", "")
        case .interactions: ("Interactions, and what they carry", "None has arrived, and none is defined.")
        case .metrics: ("Metrics", "None is defined.")
        case .audiences: ("Audiences", "None is defined.")
        case .stages: ("Stages of the lifecycle", "None is defined.")
        case .traits: ("What customers told about themselves", "Nobody has told anything yet.")
        case .consent: ("What they agreed to", "There is no channel.")
        case .identifiers: ("What they can be known by", "There is no kind of identifier.")
        case .channels: ("Within where: channel, direction and media", "There is no channel.")
        }
    }
}
