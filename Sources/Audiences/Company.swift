package import Definitions
package import Formula
import Kernel

/// Everything that a company has decided with formulas, put together: what names there are, and what each stands for.
package struct Company: Sendable {
    package struct Metric: Sendable, Equatable {
        package var key: String
        package var owner: String?
        package var definition: MetricDefinition
    }
    package struct Audience: Sendable, Equatable {
        package var key: String
        package var owner: String?
        package var definition: AudienceDefinition
    }
    package struct Event: Sendable, Equatable {
        package var key: String
        package var owner: String?
        package var definition: EventDefinition
    }

    /// What the data tells beside the definitions.
    package struct Known: Sendable {
        /// Names of interactions that have arrived; nil when nobody can know, as without a data folder.
        package var events: Set<String>?
        /// What customers have told of themselves; nil when nobody can know.
        package var traits: Set<String>?
        /// Whether a property that a definition does not name has arrived; nil when nobody can know.
        package var arrives: (@Sendable (_ event: String, _ property: PropertyPath) -> Bool)?
        package var channels: Set<String>
        package var identifierKinds: Set<String>
        /// Whether names that nobody knows are taken as they are: of definitions that were checked when they came into force, and must not
        /// go out of it because of what happened since.
        package var takesAllNames = false

        package init(events: Set<String>? = nil, traits: Set<String>? = nil, channels: Set<String>, identifierKinds: Set<String>) {
            self.events = events
            self.traits = traits
            self.channels = channels
            self.identifierKinds = identifierKinds
        }
    }

    /// The most audiences.
    package static let mostAudiences = 500
    /// The most metrics.
    package static let mostMetrics = 500

    package let metrics: [Metric]
    package let audiences: [Audience]
    package let events: [Event]
    package let traits: [TraitsDefinition.Field]
    package let lifecycle: LifecycleDefinition
    package let lifecycleOwner: String?
    package let names: FormulaNames
    package let library: FormulaLibrary

    /// - Parameter blueprint: In which nothing is wrong; what does not read is left out.
    package init(_ blueprint: Blueprint, _ known: Known) {
        func all<D: Definition>(_ type: D.Type) -> [(key: String, owner: String?, definition: D)] {
            blueprint.documents.filter { $0.id.kind == D.kind }.compactMap { document in
                document.id.key.map { ($0, document.owner, document.read(D.self)) }
            }
        }
        metrics = all(MetricDefinition.self).map { Metric(key: $0.key, owner: $0.owner, definition: $0.definition) }
        audiences = all(AudienceDefinition.self).map { Audience(key: $0.key, owner: $0.owner, definition: $0.definition) }
        events = all(EventDefinition.self).map { Event(key: $0.key, owner: $0.owner, definition: $0.definition) }
        lifecycle = blueprint.definition(LifecycleDefinition.self)
        lifecycleOwner = blueprint[LifecycleDefinition.kind]?.owner
        traits = blueprint.definition(TraitsDefinition.self).fields
        names = Self.names(events, traits, known)
        library = Self.library(metrics, audiences, lifecycle)
    }

    /// Whether another has decided the same with formulas, whatever has arrived by now.
    func isDefined(as other: Company) -> Bool {
        metrics == other.metrics && audiences == other.audiences && events == other.events && traits == other.traits && lifecycle == other.lifecycle
            && lifecycleOwner == other.lifecycleOwner
    }

    /// Names that every company has, whatever has arrived.
    package static let builtInEvents = [
        "Page Viewed", "Screen Viewed", "Customer Identified", "Group Joined", "Alias Added", "Note Written", "Consent Given", "Consent Withdrawn",
    ]

    private static func names(_ events: [Event], _ traits: [TraitsDefinition.Field], _ known: Known) -> FormulaNames {
        var names = FormulaNames()
        names.channels = known.channels
        names.arrives = known.arrives
        names.identifierKinds = known.identifierKinds
        for name in builtInEvents { names.events[name] = [:] }
        for name in known.events ?? [] where !EventDefinition.ours.contains(name) { names.events[name] = [:] }
        for event in events {
            names.events[event.definition.name] = Dictionary(event.definition.properties.map { ($0.path, $0.type) }) { a, _ in a }
        }
        // A vocabulary that somebody wrote is all there is; without one only the data knows.
        names.areEventsKnown = !events.isEmpty || !(known.events ?? []).isEmpty
        for key in known.traits ?? [] { names.traits[key] = .some(nil) }
        for field in traits { names.traits[field.name] = field.type }
        // While nobody has told anything, and nobody has said what there will be, any name may be one.
        names.areTraitsKnown = !names.traits.isEmpty
        if known.takesAllNames {
            names.areEventsKnown = false
            names.areTraitsKnown = false
        }
        return names
    }

    private static func library(_ metrics: [Metric], _ audiences: [Audience], _ lifecycle: LifecycleDefinition) -> FormulaLibrary {
        var library = FormulaLibrary()
        for metric in metrics {
            switch metric.definition.way {
            case .lifetime(let lifetime):
                let inputs = MetricDefinition.inputs(lifetime).compactMap { try? Parser.parse($0) }
                let output = MetricDefinition.Gives.allCases.firstIndex(of: lifetime.gives) ?? 0
                library.metrics[metric.key] = .model(metric.key, output: output, inputs: inputs)
            case .engagement(let engagement) where engagement.learning != nil:
                let inputs = MetricDefinition.inputs(engagement).compactMap { try? Parser.parse($0) }
                library.metrics[metric.key] = .model(metric.key, output: 0, inputs: inputs)
            case .engagement, .formula:
                if let tree = metric.definition.formula.flatMap({ try? Parser.parse($0) }) { library.metrics[metric.key] = .formula(tree) }
            }
        }
        for audience in audiences {
            guard let who = audience.definition.who.tree else { continue }
            library.audiences[audience.key] = .init(who: who, except: audience.definition.except?.tree)
        }
        library.stages = lifecycle.stages.map { .init(name: $0.name, entry: $0.when?.tree) }
        return library
    }

    // MARK: Checking

    /// Everything that is wrong between the documents, in the words and at the places of their formulas.
    package static func check(_ blueprint: Blueprint, _ known: Known, _ findings: Findings) {
        let company = Company(blueprint, known)
        company.check(blueprint, findings)
    }

    private func check(_ blueprint: Blueprint, _ findings: Findings) {
        var checker = Checker(names: names, library: library)
        func place(_ kind: String, _ key: String?) -> Place { blueprint[kind, key]?.bodyPlace ?? Place(file: "", line: 1, column: 1) }
        func tell(_ written: WrittenFormula, _ body: (inout Checker) throws(FormulaProblem) -> Void) {
            do throws(FormulaProblem) { try body(&checker) } catch { findings.add(written.finding(error)) }
        }
        for audience in audiences {
            for written in [audience.definition.who, audience.definition.except].compactMap({ $0 }) {
                guard let tree = written.tree else { continue }
                tell(written) { checker throws(FormulaProblem) in _ = try checker.condition(tree, of: "audience/\(audience.key)") }
            }
        }
        for metric in metrics {
            var written = WrittenFormula(text: metric.definition.formula ?? "", place: place("metric", metric.key), path: "metric")
            if case .formula(let own) = metric.definition.way { written = own }
            guard case .formula(let tree)? = library.metrics[metric.key] else {
                check(inputsOf: metric.definition, written, &checker, findings)
                continue
            }
            tell(written) { checker throws(FormulaProblem) in _ = try checker.formula(tree, of: "metric/\(metric.key)") }
        }
        for stage in lifecycle.stages {
            guard let written = stage.when, let tree = written.tree else { continue }
            tell(written) { checker throws(FormulaProblem) in _ = try checker.condition(tree, of: "lifecycle") }
        }
        checkNames(blueprint, findings)
    }

    private func check(inputsOf metric: MetricDefinition, _ written: WrittenFormula, _ checker: inout Checker, _ findings: Findings) {
        var isTold = false
        // Where an interaction is unknown, what is asked of it says nothing new.
        for (path, formula) in metric.questions where !isTold || path.hasPrefix("engagement.weights") {
            guard let tree = try? Parser.parse(formula) else { continue }
            do throws(FormulaProblem) {
                _ = try checker.formula(tree)
            } catch {
                findings.add(Finding(place: written.place, path: "metric.\(path)", what: error.what, mend: error.mend))
                isTold = true
            }
        }
    }

    private func checkNames(_ blueprint: Blueprint, _ findings: Findings) {
        var named: [String: String] = [:]
        for event in events {
            let place = blueprint["event", event.key]?.bodyPlace ?? Place(file: "", line: 1, column: 1)
            if let other = named[event.definition.name] {
                findings.add(
                    Finding(
                        place: place, path: "event.name", what: "\(event.definition.name) is defined by \(other) too",
                        mend: "bring both together in one document"))
            }
            named[event.definition.name] = "event/\(event.key)"
        }
        for (kind, count, most) in [("audience", audiences.count, Self.mostAudiences), ("metric", metrics.count, Self.mostMetrics)] where count > most
        {
            let place = blueprint.documents.first { $0.id.kind == kind }?.bodyPlace ?? Place(file: "", line: 1, column: 1)
            findings.add(
                Finding(
                    place: place, path: kind, what: "there are \(count) of them, and at most \(most) may be", mend: "remove some that nobody uses"))
        }
        let reserved = [
            "stage", "now", "yes", "no", "true", "false", "any", "and", "or", "not", "in", "is", "then", "where", "trait", "consent", "identifier",
        ]
        for metric in metrics where reserved.contains(metric.key) {
            findings.add(
                Finding(
                    place: blueprint["metric", metric.key]?.bodyPlace ?? Place(file: "", line: 1, column: 1), path: "metric.key",
                    what: "\(metric.key) is a word of the language", mend: "give the metric another key"))
        }
    }
}
