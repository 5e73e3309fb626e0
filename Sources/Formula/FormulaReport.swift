package import Kernel

/// Everything that can be said of a formula's text without a customer: whether it reads, what it means, and what it looks at.
package struct FormulaReport: Sendable {
    /// What the formula is for.
    package enum Use: String, CaseIterable, Sendable {
        /// It must be yes or no.
        case condition
        /// Whatever it is.
        case value
    }
    /// What is wrong, with its place for people.
    package struct Flaw: Sendable, Equatable {
        package var problem: FormulaProblem
        /// From 1.
        package var line: Int
        /// From 1, in Unicode scalars.
        package var column: Int
        /// The line it is in, with marks below the part that is meant.
        package var excerpt: String
        /// What in the place of its span mends it; nil when nobody can know.
        package var replacement: String?

        /// - Parameter check: What is wrong first with another text in the place of this one, so that what is suggested is tried.
        package init(_ problem: FormulaProblem, in text: String, check: (String) -> FormulaProblem?) {
            self.problem = problem
            (line, column) = problem.place(in: text)
            excerpt = problem.excerpt(of: text)
            replacement = problem.replacement(in: text, check)
        }

        /// As the API and the command say it. Places are in Unicode scalars.
        package var json: JSON {
            [
                "from": .integer(Int64(problem.span.from)), "to": .integer(Int64(problem.span.to)), "line": .integer(Int64(line)),
                "column": .integer(Int64(column)), "what": .string(problem.what), "mend": .string(problem.mend), "excerpt": .string(excerpt),
                "replacement": replacement.map { .string($0) } ?? .null,
            ]
        }
    }
    package let text: String
    /// Nothing is wrong when it is empty. The first problem is told alone: what comes behind it may follow from it.
    package private(set) var flaws: [Flaw] = []
    /// Nil when it does not read.
    package private(set) var tree: FormulaExpression?
    /// Nil when something is wrong.
    package private(set) var checked: Checked?
    /// One sentence; nil when something is wrong.
    package private(set) var explanation: String?
    /// The conditions that all must hold, in order; none when something is wrong.
    package private(set) var conjuncts: [Explainer.Part] = []
    /// What it names, without what the definitions look at that it names.
    package private(set) var reads = FormulaReads()
    package var type: ValueType? { checked?.type }

    package init(_ text: String, as use: Use = .value, names: FormulaNames, library: FormulaLibrary, titles: FormulaTitles = FormulaTitles()) {
        self.text = text
        do throws(FormulaProblem) {
            let tree = try Parser.parse(text)
            self.tree = tree
            reads = FormulaReads(tree)
            var checker = Checker(names: names, library: library)
            let checked = use == .condition ? try checker.condition(tree) : try checker.formula(tree)
            self.checked = checked
            explanation = Explainer.explain(tree, titles: titles, isCondition: checked.type == .flag)
            conjuncts = Explainer.conjuncts(tree, titles: titles, isCondition: checked.type == .flag)
        } catch {
            flaws = [
                Flaw(error, in: text) { other in
                    do throws(FormulaProblem) {
                        var checker = Checker(names: names, library: library)
                        let tree = try Parser.parse(other)
                        _ = use == .condition ? try checker.condition(tree) : try checker.formula(tree)
                        return nil
                    } catch { return error }
                }
            ]
        }
    }

    /// As the API says it: `ok`, `type`, `problems`, `explanation`, `conjuncts` and `reads`. Places are in Unicode scalars.
    package var json: JSON {
        func list(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
        func whole(_ number: Int) -> JSON { .integer(Int64(number)) }
        let parts = conjuncts.map { part -> JSON in
            ["from": whole(part.span.from), "to": whole(part.span.to), "words": .string(part.words), "label": .string(part.label)]
        }
        let looks: JSON = [
            "events": .array(reads.events.map { ["name": .string($0.name), "properties": list($0.properties)] }), "any": .bool(reads.isAny),
            "traits": list(reads.traits),
            "consents": .array(reads.consents.map { ["channel": .string($0.channel), "purpose": .string($0.purpose)] }),
            "identifiers": list(reads.identifiers), "metrics": list(reads.metrics), "audiences": list(reads.audiences), "stage": .bool(reads.isStage),
            "stages": list(reads.stages),
        ]
        return [
            "ok": .bool(flaws.isEmpty), "type": type.map { .string($0.rawValue) } ?? .null, "problems": .array(flaws.map(\.json)),
            "explanation": explanation.map { .string($0) } ?? .null, "conjuncts": .array(parts), "reads": looks,
        ]
    }
}
