/// What a formula leads to, by the names that stand in it.
package struct FormulaReferences: Hashable, Sendable {
    package var metrics: Set<String> = []
    package var audiences: Set<String> = []
    package var usesStage = false
    /// Names of interactions.
    package var events: Set<String> = []
    /// Whether `any` stands in it.
    package var usesAny = false
    package var traits: Set<String> = []
    /// `email`, `email.surveys`.
    package var consents: Set<String> = []
    package var identifiers: Set<String> = []

    package init() {}
}

extension FormulaExpression {
    /// The names that stand in the formula itself. What they lead to in turn is not among them.
    package var references: FormulaReferences {
        var found = FormulaReferences()
        gather(&found, isInCondition: false)
        return found
    }

    private func gather(_ found: inout FormulaReferences, isInCondition: Bool) {
        switch kind {
        case .number, .text, .flag, .duration, .date: break
        case .name(let path): if !isInCondition { Self.gather(path, &found) }
        case .inAudience(let key): found.audiences.insert(key)
        case .rank(_, let metric): found.metrics.insert(metric)
        case .call(_, let events): Self.gather(events, &found)
        case .sequence(let sequence):
            Self.gather(sequence.first, &found)
            for step in sequence.rest { Self.gather(step.events, &found) }
        case .not(let a), .known(let a, _), .negative(let a): a.gather(&found, isInCondition: isInCondition)
        case .oneOf(let a, let list): for e in [a] + list { e.gather(&found, isInCondition: isInCondition) }
        case .and(let a, let b), .or(let a, let b), .compare(_, let a, let b), .match(_, let a, let b), .arithmetic(_, let a, let b):
            a.gather(&found, isInCondition: isInCondition)
            b.gather(&found, isInCondition: isInCondition)
        }
    }

    private static func gather(_ path: PropertyPath, _ found: inout FormulaReferences) {
        let keys = path.plain ?? []
        switch (keys.first, keys.count) {
        case ("trait", 2): found.traits.insert(keys[1])
        case ("consent", 2), ("consent", 3): found.consents.insert(keys.dropFirst().joined(separator: "."))
        case ("identifier", 2): found.identifiers.insert(keys[1])
        case ("stage", 1): found.usesStage = true
        case ("now", 1): break
        case (.some(let key), 1): found.metrics.insert(key)
        default: break
        }
    }

    private static func gather(_ events: Events, _ found: inout FormulaReferences) {
        if events.names.isEmpty { found.usesAny = true }
        for name in events.names { found.events.insert(name.text) }
    }
}
