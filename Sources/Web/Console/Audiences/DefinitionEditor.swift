import Access
import Audiences
import Audit
import Definitions
import Formula
import Kernel
import Pipeline
import Rendering

/// The page on which an audience or a metric is written: as it is typed, it says what it means and for whom it holds.
extension Console {
    static let editorRoutes: [PageRoute] = [
        PageRoute(.get, "/new/audience", .administer, to: "define audiences") { try await $0.newDefinition(.audience, $1) },
        PageRoute(.post, "/new/audience", .administer, to: "define audiences", audit: .definitions) {
            try await $0.saveDefinition(.audience, nil, $1)
        },
        PageRoute(.get, "/audiences/:key/edit", .administer, to: "define audiences") { try await $0.editDefinition(.audience, $1) },
        PageRoute(.post, "/audiences/:key/edit", .administer, to: "define audiences", audit: .definitions) {
            try await $0.saveDefinition(.audience, $1.parameters[0], $1)
        },
        PageRoute(.get, "/audiences/:key/remove", .administer, to: "remove audiences") { try await $0.askRemoval(.audience, $1, problem: nil) },
        PageRoute(.post, "/audiences/:key/remove", .administer, to: "remove audiences", audit: .definitions) {
            try await $0.removeDefinition(.audience, $1)
        },
        PageRoute(.get, "/new/metric", .administer, to: "define metrics") { try await $0.newDefinition(.metric, $1) },
        PageRoute(.post, "/new/metric", .administer, to: "define metrics", audit: .definitions) { try await $0.saveDefinition(.metric, nil, $1) },
        PageRoute(.get, "/metric/:key/edit", .administer, to: "define metrics") { try await $0.editDefinition(.metric, $1) },
        PageRoute(.post, "/metric/:key/edit", .administer, to: "define metrics", audit: .definitions) {
            try await $0.saveDefinition(.metric, $1.parameters[0], $1)
        },
        PageRoute(.get, "/metric/:key/remove", .administer, to: "remove metrics") { try await $0.askRemoval(.metric, $1, problem: nil) },
        PageRoute(.post, "/metric/:key/remove", .administer, to: "remove metrics", audit: .definitions) {
            try await $0.removeDefinition(.metric, $1)
        },
        PageRoute(.post, "/formulas/preview", .read, to: "ask about customers") { try await $0.previewPart($1) },
        PageRoute(.post, "/formulas/completions", .read, to: "ask about customers") { try $0.completionsPart($1) },
    ]

    /// - Throws: a 404 problem where there is nothing to ask formulas.
    func desk() throws -> FormulaDesk {
        guard let desk = services.formulas else { throw Self.nowhere }
        return desk
    }

    /// The definition that the first part of the path names, in a form.
    /// - Throws: a 404 problem.
    private func form(_ kind: DefinitionForm.Kind, _ key: String) throws -> (form: DefinitionForm?, document: String) {
        let document = "\(kind.rawValue)/\(key)"
        let basis = try services.definitions.newest(of: document)?.number ?? 0
        switch kind {
        case .audience:
            guard let found = services.definitions.blueprint.defined(AudienceDefinition.self).first(where: { $0.key == key }) else {
                throw Self.nowhere
            }
            return (DefinitionForm(found, basis: basis), document)
        case .metric:
            guard let found = services.definitions.blueprint.defined(MetricDefinition.self).first(where: { $0.key == key }) else {
                throw Self.nowhere
            }
            return (DefinitionForm(found, basis: basis), document)
        }
    }

    /// A form of formulas would put one in the place of a model.
    private static let notByFormula = Problem(
        status: 409, kind: "not-by-formula", title: "No formula works this metric out",
        detail: "It is learned from what customers did. Change its definition as text, under Settings, Definitions.")

    private func newDefinition(_ kind: DefinitionForm.Kind, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        var form = DefinitionForm.empty(kind, owner: visit.session.principal.name)
        if let text = visit.request.query["formula"] { form.formulas[0].text = String(text.prefix(FormulaLimits.length)) }
        return try await editorPage(form, visit, isFresh: true)
    }

    private func editDefinition(_ kind: DefinitionForm.Kind, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        let (form, document) = try form(kind, visit.parameters[0])
        // What no formula works out has its own ways of being written.
        guard let form else { return .seeOther("/settings/definitions/" + Parameters.encoded(document)) }
        return try await editorPage(form, visit)
    }

    /// - Parameter isFresh: Nothing was written yet, so that nothing is missing.
    private func editorPage(_ form: DefinitionForm, _ visit: Visit, status: Int = 200, isFresh: Bool = false, isChecked: Bool = false) async throws
        -> PageAnswer
    {
        let desk = try desk()
        var form = form
        let words = try? desk.words()
        form.read(desk, words)
        let titles = words?.titles ?? FormulaTitles()
        var fields = try await means(form, words, visit)
        fields["kind"] = form.kind.rawValue
        fields["key"] = form.key
        fields["circle"] = form.circle
        fields["isAudience"] = form.kind == .audience
        fields["isMetric"] = form.kind == .metric
        fields["isNew"] = form.key == nil
        fields["place"] = form.key.map { "\(form.kind.list)/\($0)/edit" } ?? "/new/\(form.kind.rawValue)"
        fields["back"] = form.key.map { "\(form.kind.list)/\($0)" } ?? form.kind.list
        fields["list"] = form.kind.list
        fields["listName"] = form.kind == .audience ? "Audiences" : "Metrics"
        fields["basis"] = form.basis
        fields["name"] = form.name
        fields["purpose"] = form.purpose
        fields["owner"] = form.owner
        fields["unit"] = form.unit
        fields["shown"] = form.isShown
        fields["nameFault"] = form.faults["name"]
        fields["purposeFault"] = form.faults["purpose"]
        fields["ownerFault"] = form.faults["owner"]
        fields["unitFault"] = form.faults["unit"]
        let rest = form.formulas.compactMap { form.faults[$0.name] } + [form.faults[""]].compactMap { $0 }
        fields["fault"] = rest.isEmpty ? nil : rest.joined(separator: " ")
        fields["formulas"] = form.formulas.map { $0.fields(titles, isFresh: isFresh) }
        fields["isSound"] = isChecked
        fields["hasComments"] =
            form.key.flatMap { _ in services.definitions.shelf.inForce[form.document] }
            .map { $0.split(separator: "\n").contains { $0.trimmed.hasPrefix("#") } } ?? false
        fields["textPlace"] = "/settings/definitions/" + Parameters.encoded(form.document)
        fields["longest"] = FormulaLimits.length
        fields["names"] = Self.namesPlace
        let heading = form.key == nil ? "New \(form.kind.rawValue)" : form.name.isEmpty ? "No name" : form.name
        fields["heading"] = heading
        return try await page(
            "definition-editor", title: heading, room: form.kind == .audience ? "audiences" : "metrics", visit, status: status, fields)
    }

    private func saveDefinition(_ kind: DefinitionForm.Kind, _ key: String?, _ visit: Visit) async throws -> PageAnswer {
        let desk = try desk()
        let sent = visit.request.form
        visit.trail.isSilent = true
        if let key, try form(kind, key).form == nil { throw Self.notByFormula }
        var form = DefinitionForm(sent, kind: kind, key: key)
        if let asked = sent["mend"] {
            for i in form.formulas.indices { if let text = form.formulas[i].mended(asked) { form.formulas[i].text = text } }
            return try await editorPage(form, visit)
        }
        let words = try? desk.words()
        form.read(desk, words)
        let inForce = services.definitions.shelf.inForce
        guard form.check(taken: { inForce["\(kind.rawValue)/\($0)"] != nil }) else { return try await editorPage(form, visit, status: 422) }
        let onlyCheck = sent["check"] != nil
        do {
            let document = form.document
            // A key that was used before goes on with its versions.
            let basis = key == nil ? try services.definitions.newest(of: document)?.number ?? 0 : form.basis
            let change = try await services.definitions.save(
                document, text: form.yaml, basis: basis, onlyCheck: onlyCheck, by: visit.session.principal.name)
            if onlyCheck { return try await editorPage(form, visit, isChecked: true) }
            visit.trail.note(change.map { [$0] } ?? [])
            let said = change?.version.map { "\(form.name) is saved as version \($0)." } ?? "It says what was in force: nothing changed."
            sessions.leave(Sessions.Flash(text: said), for: visit.session)
            return .seeOther("\(kind.list)/\(form.ownKey)")
        } catch DefinitionsProblem.wrong(let findings, _) {
            form.tell(findings)
            return try await editorPage(form, visit, status: 422)
        } catch let problem as DefinitionsProblem {
            let told = Problem(problem)
            form.faults[""] = told.detail
            return try await editorPage(form, visit, status: told.status)
        }
    }

    // MARK: Removing

    private func askRemoval(_ kind: DefinitionForm.Kind, _ visit: Visit, problem: [Finding]?) async throws -> PageAnswer {
        _ = try desk()
        let key = visit.parameters[0]
        let document = "\(kind.rawValue)/\(key)"
        guard services.definitions.shelf.inForce[document] != nil else { throw Self.nowhere }
        var findings = problem ?? []
        if problem == nil {
            do {
                _ = try await services.definitions.remove(document, onlyCheck: true, by: "")
            } catch DefinitionsProblem.wrong(let found, _) {
                findings = found
            }
        }
        let name =
            kind == .audience
            ? services.definitions.blueprint.defined(AudienceDefinition.self).first { $0.key == key }?.definition.name
            : services.definitions.blueprint.defined(MetricDefinition.self).first { $0.key == key }?.definition.name
        return try await page(
            "definition-remove", title: "Remove \(name ?? key)?", room: kind == .audience ? "audiences" : "metrics", visit,
            status: problem == nil ? 200 : 422,
            [
                "name": name ?? key, "place": "\(kind.list)/\(key)", "post": "\(kind.list)/\(key)/remove", "isAudience": kind == .audience,
                "list": kind.list, "listName": kind == .audience ? "Audiences" : "Metrics",
                "findings": Self.users(findings), "isUsed": !findings.isEmpty,
            ])
    }

    /// Who names what is to be removed, each place once.
    private static func users(_ findings: [Finding]) -> [Fields] {
        var seen: Set<String> = []
        return findings.compactMap { finding in
            let file = finding.place.file.replacing(".yaml", with: "")
            let field = finding.path.split(separator: ".").dropFirst().joined(separator: ".")
            guard seen.insert(file + field).inserted else { return nil }
            if file.isEmpty { return ["words": finding.what + "; " + finding.mend] }
            return [
                "document": file, "href": "/settings/definitions/" + Parameters.encoded(file),
                "words": field.isEmpty ? "names it" : "names it in \(field)",
            ]
        }
    }

    private func removeDefinition(_ kind: DefinitionForm.Kind, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        let document = "\(kind.rawValue)/\(visit.parameters[0])"
        guard services.definitions.shelf.inForce[document] != nil else { throw Self.nowhere }
        visit.trail.isSilent = true
        do {
            let change = try await services.definitions.remove(document, by: visit.session.principal.name)
            visit.trail.note(change.map { [$0] } ?? [])
        } catch DefinitionsProblem.wrong(let findings, _) {
            return try await askRemoval(kind, visit, problem: findings)
        }
        sessions.leave(Sessions.Flash(text: "\(document) is out of force. Its versions are kept among the definitions."), for: visit.session)
        return .seeOther(kind.list)
    }
}
