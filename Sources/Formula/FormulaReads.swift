/// What a formula looks at.
package struct FormulaReads: Sendable, Equatable {
    package struct Event: Sendable, Equatable {
        package var name: String
        /// Paths of the properties that it asks for, or compares within `where`, as they were written, sorted.
        package var properties: [String]

        package init(name: String, properties: [String]) {
            self.name = name
            self.properties = properties
        }
    }
    package struct Consent: Sendable, Hashable, Comparable {
        package var channel: String
        package var purpose: String

        package init(channel: String, purpose: String) {
            self.channel = channel
            self.purpose = purpose
        }
        package static func < (a: Consent, b: Consent) -> Bool { (a.channel, a.purpose) < (b.channel, b.purpose) }
    }
    /// Interactions that it names, by name.
    package var events: [Event] = []
    /// Whether it looks at interactions of any name.
    package var isAny = false
    package var traits: [String] = []
    package var consents: [Consent] = []
    /// Kinds of identifiers.
    package var identifiers: [String] = []
    /// Keys of metrics.
    package var metrics: [String] = []
    /// Keys of audiences.
    package var audiences: [String] = []
    /// Whether it asks for the stage, and which stages it names, as they were written.
    package var isStage = false
    package var stages: [String] = []

    /// What each of some formulas looks at, together.
    /// - Parameter library: When given, what the definitions look at that the formulas name, and those that these name, is looked at too.
    package init(_ trees: FormulaExpression..., through library: FormulaLibrary? = nil) { self.init(trees, through: library) }

    package init(_ trees: [FormulaExpression], through library: FormulaLibrary? = nil) {
        var reader = Reader(library: library)
        for tree in trees { reader.read(tree) }
        reader.follow()
        events = reader.events.keys.sorted().map { Event(name: $0, properties: reader.events[$0, default: []].sorted()) }
        isAny = reader.isAny
        traits = reader.traits.sorted()
        consents = reader.consents.sorted()
        identifiers = reader.identifiers.sorted()
        metrics = reader.metrics.sorted()
        audiences = reader.audiences.sorted()
        isStage = reader.isStage
        stages = reader.stages.sorted()
    }

    private struct Reader {
        let library: FormulaLibrary?
        var events: [String: Set<String>] = [:]
        var isAny = false
        var traits: Set<String> = []
        var consents: Set<Consent> = []
        var identifiers: Set<String> = []
        var metrics: Set<String> = []
        var audiences: Set<String> = []
        var isStage = false
        var stages: Set<String> = []
        private var pending: [FormulaExpression] = []

        init(library: FormulaLibrary?) { self.library = library }

        /// Looks into the definitions that were named, each once.
        mutating func follow() { while let next = pending.popLast() { read(next) } }

        mutating func read(_ e: FormulaExpression) {
            switch e.kind {
            case .number, .text, .flag, .duration, .date: break
            case .name(let path): read(path)
            case .inAudience(let key):
                guard audiences.insert(key).inserted, let audience = library?.audiences[key] else { break }
                pending += [audience.who] + [audience.except].compactMap { $0 }
            case .rank(_, let metric): read(metric: metric)
            case .call(_, let called): read(called)
            case .sequence(let sequence):
                read(sequence.first)
                for step in sequence.rest { read(step.events) }
            case .not(let a), .known(let a, _), .negative(let a): read(a)
            case .and(let a, let b), .or(let a, let b), .match(_, let a, let b), .arithmetic(_, let a, let b):
                read(a)
                read(b)
            case .compare(_, let a, let b):
                if a.isStage, case .text(let name) = b.kind { stages.insert(name) }
                if b.isStage, case .text(let name) = a.kind { stages.insert(name) }
                read(a)
                read(b)
            case .oneOf(let a, let list):
                if a.isStage { for case .text(let name) in list.map(\.kind) { stages.insert(name) } }
                read(a)
            }
        }

        private mutating func read(_ path: PropertyPath) {
            guard let keys = path.plain else { return }
            switch keys[0] {
            case "trait" where keys.count == 2: traits.insert(keys[1])
            case "consent" where keys.count > 1: consents.insert(Consent(channel: keys[1], purpose: keys.count > 2 ? keys[2] : FormulaNames.purpose))
            case "identifier" where keys.count == 2: identifiers.insert(keys[1])
            case "now" where keys.count == 1: break
            case "stage" where keys.count == 1:
                guard !isStage else { break }
                isStage = true
                pending += library?.stages.compactMap(\.entry) ?? []
            case let key where keys.count == 1: read(metric: key)
            default: break
            }
        }

        private mutating func read(metric key: String) {
            guard metrics.insert(key).inserted else { return }
            switch library?.metrics[key] {
            case .formula(let tree)?: pending.append(tree)
            case .model(_, _, let inputs)?: pending += inputs
            case nil: break
            }
        }

        private mutating func read(_ called: Events) {
            if called.names.isEmpty { isAny = true }
            var properties: Set<String> = []
            if let property = called.property { properties.insert(property.description) }
            if let condition = called.condition { Self.properties(condition, &properties) }
            for name in called.names { events[name.text, default: []].formUnion(properties) }
        }

        /// Properties within `where`; channel, media and direction are none.
        private static func properties(_ e: FormulaExpression, _ found: inout Set<String>) {
            switch e.kind {
            case .name(let path): if !["channel", "media", "direction"].contains(path.description) { found.insert(path.description) }
            case .not(let a), .known(let a, _), .negative(let a), .oneOf(let a, _): properties(a, &found)
            case .and(let a, let b), .or(let a, let b), .compare(_, let a, let b), .match(_, let a, let b), .arithmetic(_, let a, let b):
                properties(a, &found)
                properties(b, &found)
            default: break
            }
        }
    }
}
