import Audiences
import Definitions
import Formula
import Kernel
import Rendering

/// What stands beside the editors of the lifecycle, of models and of events.
extension Console {
    /// How many would be in each stage, beside how many are in it now.
    func say(_ fields: inout Fields, _ form: LifecycleForm, _ words: FormulaDesk.Words, _ visit: Visit) async throws {
        let desk = try desk()
        let now = try desk.audiences.sizes(since: visit.formats.now)
        let inForce = desk.audiences.company?.lifecycle.stages ?? []
        if let wrong = form.formulas.first(where: \.isWrong) {
            fields["notYet"] = "“\(wrong.fullName)” does not read yet."
            return
        }
        if let empty = form.formulas.first(where: \.isEmpty) {
            fields["notYet"] = "How many would be in each stage stands here when all have a formula. “\(empty.fullName)” has none yet."
            return
        }
        if let said = hides(form.formulas.compactMap { $0.reading?.tree }, words) {
            fields["notYet"] = said
            return
        }
        let texts = form.formulas.map(\.text)
        switch try await desk.ask({ desk.audiences.ask(stages: texts, words.names) }) {
        case .problem(let problem): fields["notYet"] = "\(problem)"
        case .reading(let progress): Self.reading(progress, &fields)
        case .answer(let sizes, let at, let milliseconds):
            let names = form.stages.enumerated().map { $1.name.isEmpty ? "Stage \($0 + 1)" : $1.name }
            func before(_ name: String) -> Int? {
                inForce.contains { $0.name == name } ? now["lifecycle/\(name)"]?.people ?? 0 : nil
            }
            var rows = zip(names, sizes).map { name, size -> Fields in
                let was = before(name)
                return [
                    "name": name, "then": Formats.number(size), "now": was.map { Formats.number($0) } ?? "–",
                    "differs": was.map { $0 != size } ?? !inForce.isEmpty,
                ]
            }
            rows += inForce.map(\.name).filter { !names.contains($0) }.map { name -> Fields in
                ["name": name, "then": "–", "now": before(name).map { Formats.number($0) }, "differs": true]
            }
            fields["stageSizes"] = rows
            fields["hasStageSizes"] = true
            fields["stagesBasis"] =
                "\(Formats.counted(sizes.reduce(0, +), "customer")), counted at \(visit.formats.timeWithSeconds(at)) in "
                + "\(Formats.number(max(1, Int(milliseconds.rounded())))) ms."
        }
    }

    /// What a model gives is known once it is fitted; what can be said before is what it is made of.
    func say(_ fields: inout Fields, model form: MetricForm, _ words: FormulaDesk.Words, _ visit: Visit) async throws {
        guard let definition = form.definition, form.way != .engagement || form.weights.allSatisfy({ !$0.event.isEmpty }),
            form.way != .lifetime || !form.orders.isEmpty
        else {
            fields["notYet"] = "What it gives stands here when it says enough."
            return
        }
        let desk = try desk()
        let text = definition.formula ?? "did(\(FormulaText.quoted(form.orders)))"
        let reading = desk.read(text, as: .value, words, of: form.circle)
        guard let tree = reading.tree, reading.faults.isEmpty else {
            let fault = reading.faults.first.map { ": " + $0.problem.what + "; " + $0.problem.mend } ?? ""
            fields["notYet"] = "It cannot be worked out\(fault)."
            return
        }
        if let said = hides([tree], words) {
            fields["notYet"] = said
        } else if form.way == .engagement {
            try await say(&fields, value: text, form, words, visit)
            if form.learns { fields["modelNote"] = "With the weights as they are written. They are learned once it is in force." }
        } else {
            let (names, circle) = (words.names, form.circle)
            switch try await desk.ask({ desk.audiences.ask(text, names, of: circle, sampleCount: 0) }) {
            case .problem(let problem): fields["notYet"] = "\(problem)"
            case .reading(let progress): Self.reading(progress, &fields)
            case .answer(let answer):
                fields["notYet"] =
                    "\(Formats.number(answer.holds)) of \(Formats.counted(answer.people, "customer")) ever had \(form.orders). The model is fitted to them "
                    + "once it is in force; what it gives stands on its page then."
            }
        }
    }

    /// What arrives of an event, held against what is declared.
    func arrives(_ form: EventForm, _ visit: Visit) async throws -> Fields {
        guard !form.base.name.isEmpty else { return ["words": "Write its name, as it arrives: what has arrived of it stands here."] }
        let desk = try desk()
        let name = form.base.name
        let samples = try await desk.ask { desk.audiences.samplesNow(of: name) }
        let looked = Formats.counted(samples.count, "interaction")
        guard !samples.isEmpty else { return ["words": "None of this name has arrived yet."] }
        let misfits = Audiences.misfits(form.definition, samples).sorted { ($1.count, $0.property) < ($0.count, $1.property) }
        let declared = Set(form.properties.map(\.path))
        let rest = PropertyFit.guess(samples.map(\.properties)).filter { !declared.contains($0.path) }
        return [
            "words": "The newest \(looked) of this name were looked at.", "isFine": misfits.isEmpty && !declared.subtracting([""]).isEmpty,
            "misfits": misfits.map { misfit -> Fields in
                [
                    "property": misfit.property, "type": misfit.type.rawValue, "count": Formats.number(misfit.count),
                    "source": services.sourceName(misfit.source) ?? "source \(misfit.source)",
                    // A value may be personal.
                    "example": services.mask.isNone ? misfit.example : Mask.hidden,
                ]
            },
            "rest": rest.prefix(30).map { guess -> Fields in
                [
                    "path": guess.path, "type": guess.type.rawValue, "share": Formats.share(guess.count, of: samples.count),
                    "take": "take:\(guess.type.rawValue):\(guess.path)",
                ]
            }, "hasMisfits": !misfits.isEmpty, "hasRest": !rest.isEmpty, "more": rest.count > 30 ? Formats.number(rest.count - 30) : nil,
            "place": form.base.key.map { Self.editPlace(.event, $0) } ?? "/new/event",
        ]
    }
}
