import Kernel

// Properties that nobody knows: a name mistyped reads nothing, and says nothing of it.
extension Checker {
    /// A property of interactions is one of those that their definition names, or that arrives with them all the same. Of interactions
    /// whose definition names none, or that have none, it may be any.
    /// - Parameters:
    ///   - candidates: Where the property may lie: within `where` of a list in its elements, or in the interaction.
    ///   - list: The list whose elements `where` looks at; nil outside of `where`, and for none.
    func look(up candidates: [PropertyPath], of events: Events, list: [PropertyPath.Step]? = nil, _ span: Span) throws(FormulaProblem) {
        guard names.areEventsKnown, let path = candidates.last, let first = events.names.first else { return }
        for name in events.names where candidates.contains(where: { isKnown($0, of: name.text) }) { return }
        let declared = Set(events.names.flatMap { names.events[$0.text].map { Array($0.keys) } ?? [] })
        // Elements have their fields by their own names within `where`, and lists are reached nowhere else.
        let inner = list.map { PropertyPath($0).description + "." } ?? ""
        let isWithin = events.condition.map { $0.span.from <= span.from && span.to <= $0.span.to } ?? false
        var words = isWithin ? declared.filter { !$0.contains("[]") } + ["channel", "media", "direction"] : Array(declared)
        if isWithin, list != nil { words += declared.compactMap { $0.hasPrefix(inner) ? String($0.dropFirst(inner.count)) : nil } }
        let whose = FormulaText.quoted(first.text) + (events.names.count > 1 ? " and the others" : "")
        throw problem(
            span, "unknown property \(path.description.prefix(80)) of \(whose)",
            Nearest.word(to: path.description, among: words).map { "did you mean \($0)?" }
                ?? "the definition of the event names \(Self.some(declared)): add it there, or see what arrives")
    }

    private func isKnown(_ path: PropertyPath, of event: String) -> Bool {
        guard let declared = names.events[event], !declared.isEmpty, path != PropertyPath("value") else { return true }
        // A list or an object is known by what lies in it.
        let plain = path.withoutLists.description
        return declared.keys.contains { key in
            let key = key.replacing("[]", with: "")
            return key == plain || key.hasPrefix(plain + ".")
        } || names.arrives?(event, path) == true
    }

    /// A few of many.
    private static func some(_ words: Set<String>) -> String {
        let few = words.sorted().prefix(8).joined(separator: ", ")
        return words.count > 8 ? few + " and \(words.count - 8) more" : few
    }
}
