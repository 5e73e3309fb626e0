import Audiences
import Customers
import Formula
import Kernel
import Pipeline
import Rendering

/// What stands beside an editor: for whom the formula holds now, how it narrows, and some of them.
extension Console {
    /// Customers that a preview names.
    static let sampled = 5

    /// `/formulas/preview`: what stands beside the editor, and what stands below each of its fields, by what is typed.
    func previewPart(_ visit: Visit) async throws -> PageAnswer {
        let desk = try desk()
        let sent = visit.request.form
        let kind = sent["kind"].flatMap { FormKind(rawValue: $0) } ?? .audience
        let key = sent["circle"].flatMap { $0.hasPrefix(kind.rawValue + "/") ? String($0.dropFirst(kind.rawValue.count + 1)) : nil }
        var form: any DefinitionForm = kind.type.init(sent, key: key)
        let words = try? desk.words()
        form.read(desk, words)
        var fields = try await means(form, words, visit)
        fields["formulas"] = form.formulas.map { $0.fields(words?.titles ?? FormulaTitles(), isFresh: true) }
        if visit.may(.administer) { fields["faults"] = try await faultsSoFar(form, sent) }
        return try part("editor-preview", fields)
    }

    /// What is wrong with the fields in which something stands, while somebody types. What is missing is no mistake yet.
    private func faultsSoFar(_ form: any DefinitionForm, _ sent: Parameters) async throws -> [Fields] {
        var form = form
        form.check(among: services.definitions.blueprint)
        if form.ownKey.isEmpty { form.base.free = form.kind.rawValue + "_new" }
        do {
            _ = try await services.definitions.save(form.document, text: form.yaml, basis: nil, onlyCheck: true, by: "")
        } catch DefinitionsProblem.wrong(let findings, _) {
            form.tell(findings)
        } catch is DefinitionsProblem {
            // Its key is none, which its name's field says.
        }
        return (form.fieldIDs + (form.kind.isKeyed ? ["name", "owner"] : ["owner"])).map {
            ["id": $0, "words": sent[$0] == nil ? nil : form.base.faults[$0]]
        }
    }

    /// What a form means for everybody.
    func means(_ form: any DefinitionForm, _ words: FormulaDesk.Words?, _ visit: Visit) async throws -> Fields {
        var fields: Fields = [
            "icons": resources.address(of: "icons.svg"), "isAudience": form.kind == .audience, "isMetric": form.kind == .metric,
            "isLifecycle": form.kind == .lifecycle, "isEvent": form.kind == .event,
        ]
        if let wrong = form.formulas.first(where: \.isWrong) { fields["whyNot"] = "Mend “\(wrong.fullName)” to put it in force" }
        guard let words else {
            fields["notYet"] = "The definitions are being put to work. What this means is said in a moment."
            fields["asksAgain"] = true
            return fields
        }
        do {
            if let event = form as? EventForm {
                fields["arrives"] = try await arrives(event, visit)
            } else if let lifecycle = form as? LifecycleForm {
                try await say(&fields, lifecycle, words, visit)
            } else if let metric = form as? MetricForm, metric.way != .formula {
                try await say(&fields, model: metric, words, visit)
            } else {
                try await say(&fields, formulas: form, words, visit)
            }
        } catch let problem as Problem where problem.status == 429 {
            fields["notYet"] = "Too many ask at once. It is asked again in a moment."
            fields["asksAgain"] = true
        }
        return fields
    }

    private func say(_ fields: inout Fields, formulas form: any DefinitionForm, _ words: FormulaDesk.Words, _ visit: Visit) async throws {
        guard let main = form.formulas.first, !main.isEmpty else {
            fields["notYet"] =
                form.kind == .audience ? "Write who belongs: how many there are stands here." : "Write a formula: what it gives stands here."
            return
        }
        guard let tree = main.reading?.tree, !main.isWrong else {
            fields["notYet"] = "“\(main.label)” does not read yet."
            return
        }
        let except = form.formulas.dropFirst().first { !$0.isEmpty && !$0.isWrong }
        let trees = [tree] + [except?.reading?.tree].compactMap { $0 }
        if let said = hides(trees, words) {
            fields["notYet"] = said
        } else if let metric = form as? MetricForm {
            try await say(&fields, value: main.text, metric, words, visit)
        } else {
            try await say(&fields, who: main, tree, except: except, form, words, visit)
        }
    }

    /// What stands in the place of an answer that would tell what is hidden from a role; nil when nothing is hidden.
    func hides(_ trees: [FormulaExpression], _ words: FormulaDesk.Words) -> String? {
        services.mask.hidden(in: FormulaReads(trees, through: words.library)).map {
            "It looks at \($0), which is hidden from your role, so what it says of customers is not shown."
        }
    }

    private func say(
        _ fields: inout Fields, who: FormulaField, _ tree: FormulaExpression, except: FormulaField?, _ form: any DefinitionForm,
        _ words: FormulaDesk.Words,
        _ visit: Visit
    ) async throws {
        let desk = try desk()
        let circle = form.circle
        let (text, left) = (who.text, except?.text)
        let found = try await desk.ask {
            let reply = desk.audiences.ask(text, except: left, words.names, of: circle, sampleCount: Self.sampled)
            guard case .answer = reply else { return (reply, [Audiences.Reach]?.none) }
            return (reply, desk.audiences.reach(text, except: left, words.names, of: circle))
        }
        switch found.0 {
        case .problem(let problem): fields["notYet"] = "\(problem)"
        case .reading(let progress): Self.reading(progress, &fields)
        case .answer(let answer):
            fields["answer"] = try await answerFields(answer, tree, except: except, form, words, visit)
            fields["reach"] = Self.reachFields(found.1, of: answer.holds)
            fields["isReachKnown"] = found.1 != nil
            // What they agreed to is being read.
            fields["asksAgain"] = found.1 == nil
        }
    }

    static func reading(_ progress: SelectorProgress?, _ fields: inout Fields) {
        fields["asksAgain"] = true
        fields["reads"] = "It asks for something that was not read from old interactions yet. They are being read."
        guard let progress, progress.of > 0 else { return }
        fields["done"] = "\(progress.done)"
        fields["all"] = "\(progress.of)"
        fields["percent"] = "\(100 * progress.done / progress.of)%"
    }

    private func answerFields(
        _ answer: Audiences.Answer, _ tree: FormulaExpression, except: FormulaField?, _ form: any DefinitionForm, _ words: FormulaDesk.Words,
        _ visit: Visit
    ) async throws -> Fields {
        var labels = Explainer.conjuncts(tree, titles: words.titles).enumerated().map { $0 == 0 ? $1.label : "and " + $1.words }
        if except != nil { labels.append("without those of “But never”") }
        let unread = form.formulas.dropFirst().first(where: \.isWrong).map { " Without “\($0.label)”, which does not read yet." } ?? ""
        let most = Double(max(1, answer.people))
        let rows = zip(labels, answer.narrowing).map { row -> Fields in
            return ["label": row.0, "count": Formats.number(row.1), "width": Formats.drawn(96 * Double(row.1) / most)]
        }
        return [
            "size": Formats.number(answer.holds), "share": Self.share(answer.holds, answer.people) + " of " + Formats.number(answer.people),
            "basis":
                "Counted at \(visit.formats.timeWithSeconds(answer.at)) in \(Formats.number(max(1, Int(answer.milliseconds.rounded())))) ms.\(unread)",
            "rows": rows, "hasRows": rows.count > 1, "everybody": Formats.number(answer.people),
            "sample": try await somebodies(answer.sample.map { ($0, nil) }), "isNobody": answer.holds == 0,
        ]
    }

    func say(_ fields: inout Fields, value text: String, _ form: MetricForm, _ words: FormulaDesk.Words, _ visit: Visit) async throws {
        let desk = try desk()
        let circle = form.circle
        switch try await desk.ask({ desk.audiences.ask(value: text, words.names, of: circle, sampleCount: Self.sampled) }) {
        case .problem(let problem): fields["notYet"] = "\(problem)"
        case .reading(let progress): Self.reading(progress, &fields)
        case .answer(let spread, let sample, let milliseconds):
            let unit = form.unit.isEmpty ? nil : form.unit
            var shown = spreadFields(spread, unit: unit, visit)
            shown["basis"] = "Worked out at \(visit.formats.timeWithSeconds(visit.formats.now)) in \(max(1, Int(milliseconds.rounded()))) ms."
            shown["sample"] = try await somebodies(
                sample.map { customer, value in
                    let isHidden = value.text != nil && !services.mask.isNone
                    return (customer, isHidden ? Mask.hidden : MetricWords.text(value, unit: unit, visit.formats))
                })
            shown["isNobody"] = spread.known == 0
            fields["spread"] = shown
        }
    }

    /// Customers by name, each with something beside it.
    func somebodies(_ some: [(id: CustomerID, beside: String?)]) async throws -> [Fields] {
        var found: [Fields] = []
        for one in some {
            guard let view = try await services.view(.id(one.id)) else { continue }
            let who = Who(view)
            found.append(["href": "/customers/\(view.id)", "title": who.title, "beside": one.beside])
        }
        return found
    }

    static func reachFields(_ reach: [Audiences.Reach]?, of size: Int) -> [Fields] {
        (reach ?? []).filter { $0.people > 0 || ["email", "sms", "letter"].contains($0.channel) }.map {
            ["channel": ChannelWords.title($0.channel), "count": Formats.number($0.people), "share": size > 0 ? share($0.people, size) : nil]
        }
    }

    /// `4.8%`, `12%`, `under 0.1%`, `none`
    static func share(_ part: Int, _ whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0%" }
        let percent = 100 * Double(part) / Double(whole)
        if percent < 0.1 { return "under 0.1%" }
        return (percent < 10 && part < whole ? Formats.number(percent, places: 1) : Formats.number(percent.rounded())) + "%"
    }

    // MARK: Names to choose from

    /// `/formulas/completions`: what may stand where somebody types.
    func completionsPart(_ visit: Visit) throws -> PageAnswer {
        let words = try desk().words()
        let sent = visit.request.form
        let text = sent.raw("text").replacing("\r\n", with: "\n")
        let at = sent["at"].flatMap { Int($0) } ?? text.unicodeScalars.count
        let found = FormulaEditor.completions(text, at: at, names: words.names, library: words.library, titles: words.titles)
        let field = sent["field"].map { $0.filter { $0.isLetter || $0.isNumber } } ?? "formula"
        let scalars = Array(text.unicodeScalars)
        // What stands there already is nothing to choose.
        let choices = found.filter { choice in
            let (from, to) = (max(0, min(choice.span.from, scalars.count)), max(0, min(choice.span.to, scalars.count)))
            return from >= to || String(String.UnicodeScalarView(scalars[from..<to])) != choice.insert.trimmed
        }
        return try part(
            "completions",
            [
                "choices": choices.prefix(12).enumerated().map { i, choice -> Fields in
                    [
                        "id": "\(field)-choice-\(i)", "label": choice.label, "detail": choice.detail, "insert": choice.insert,
                        "from": choice.span.from,
                        "to": choice.span.to,
                    ]
                }
            ])
    }
}
