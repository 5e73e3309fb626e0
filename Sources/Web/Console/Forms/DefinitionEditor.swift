import Access
import Audiences
import Audit
import Definitions
import Formula
import Kernel
import Pipeline
import Rendering

/// The pages on which definitions are written in a form: as it is typed, each says what is wrong and what it means for everybody.
extension Console {
    static let editorRoutes: [PageRoute] = [
        PageRoute(.get, "/new/audience", .administer, to: "define audiences") { try await $0.newDefinition(.audience, $1) },
        PageRoute(.post, "/new/audience", .administer, to: "define audiences", audit: .definitions) {
            try await $0.saveDefinition(.audience, nil, $1)
        },
        PageRoute(.get, "/audiences/:key/edit", .administer, to: "define audiences") { try await $0.editDefinition(.audience, $1.parameters[0], $1) },
        PageRoute(.post, "/audiences/:key/edit", .administer, to: "define audiences", audit: .definitions) {
            try await $0.saveDefinition(.audience, $1.parameters[0], $1)
        },
        PageRoute(.get, "/audiences/:key/remove", .administer, to: "remove audiences") { try await $0.askRemoval(.audience, $1, problem: nil) },
        PageRoute(.post, "/audiences/:key/remove", .administer, to: "remove audiences", audit: .definitions) {
            try await $0.removeDefinition(.audience, $1)
        },
        PageRoute(.get, "/new/metric", .administer, to: "define metrics") { try await $0.newDefinition(.metric, $1) },
        PageRoute(.post, "/new/metric", .administer, to: "define metrics", audit: .definitions) { try await $0.saveDefinition(.metric, nil, $1) },
        PageRoute(.get, "/metric/:key/edit", .administer, to: "define metrics") { try await $0.editDefinition(.metric, $1.parameters[0], $1) },
        PageRoute(.post, "/metric/:key/edit", .administer, to: "define metrics", audit: .definitions) {
            try await $0.saveDefinition(.metric, $1.parameters[0], $1)
        },
        PageRoute(.get, "/metric/:key/remove", .administer, to: "remove metrics") { try await $0.askRemoval(.metric, $1, problem: nil) },
        PageRoute(.post, "/metric/:key/remove", .administer, to: "remove metrics", audit: .definitions) {
            try await $0.removeDefinition(.metric, $1)
        },
        PageRoute(.get, "/new/event", .administer, to: "define events") { try await $0.newDefinition(.event, $1) },
        PageRoute(.post, "/new/event", .administer, to: "define events", audit: .definitions) { try await $0.saveDefinition(.event, nil, $1) },
        PageRoute(.get, "/edit/event/:key", .administer, to: "define events") { try await $0.editDefinition(.event, $1.parameters[0], $1) },
        PageRoute(.post, "/edit/event/:key", .administer, to: "define events", audit: .definitions) {
            try await $0.saveDefinition(.event, $1.parameters[0], $1)
        },
        PageRoute(.get, "/edit/event/:key/remove", .administer, to: "remove events") { try await $0.askRemoval(.event, $1, problem: nil) },
        PageRoute(.post, "/edit/event/:key/remove", .administer, to: "remove events", audit: .definitions) {
            try await $0.removeDefinition(.event, $1)
        },
        PageRoute(.get, "/edit/lifecycle", .administer, to: "write the lifecycle") { try await $0.editDefinition(.lifecycle, nil, $1) },
        PageRoute(.post, "/edit/lifecycle", .administer, to: "write the lifecycle", audit: .definitions) {
            try await $0.saveDefinition(.lifecycle, nil, $1)
        },
        PageRoute(.post, "/formulas/preview", .read, to: "ask about customers") { try await $0.previewPart($1) },
        PageRoute(.post, "/formulas/completions", .read, to: "ask about customers") { try $0.completionsPart($1) },
    ]

    /// Where a definition is edited.
    static func editPlace(_ kind: FormKind, _ key: String?) -> String {
        switch kind {
        case .audience, .metric: "\(kind.list)/\(key ?? "")/edit"
        case .lifecycle: "/edit/lifecycle"
        case .event: "/edit/event/\(key ?? "")"
        }
    }

    /// Where a definition that is in force is shown.
    private func shownPlace(_ kind: FormKind, _ key: String?, name: String) -> String {
        switch kind {
        case .audience, .metric: "\(kind.list)/\(key ?? "")"
        case .lifecycle: kind.list
        case .event: Self.place(ofEvent: name)
        }
    }

    /// - Throws: a 404 problem where there is nothing to ask formulas.
    func desk() throws -> FormulaDesk {
        guard let desk = services.formulas else { throw Self.nowhere }
        return desk
    }

    private func newDefinition(_ kind: FormKind, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        var form: any DefinitionForm = kind.type.init(owner: visit.session.principal.name)
        if let text = visit.request.query["formula"], !form.formulas.isEmpty { form.formulas[0].text = String(text.prefix(FormulaLimits.length)) }
        if kind == .event, let name = visit.request.query["name"].map({ String($0.prefix(200)) }) {
            let samples = await services.audiences?.samples(of: name) ?? []
            form = EventForm(owner: visit.session.principal.name, name: name, PropertyFit.guess(samples.map(\.properties)))
        }
        return try await editorPage(form, visit, isFresh: true)
    }

    private func editDefinition(_ kind: FormKind, _ key: String?, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        let id = Document.ID(kind: kind.rawValue, key: key)
        let basis = try services.definitions.newest(of: "\(id)")?.number ?? 0
        guard let found = services.definitions.blueprint[id.kind, id.key] else {
            if kind.isKeyed { throw Self.nowhere }
            // One that was taken out of force goes on with its versions.
            var form: any DefinitionForm = kind.type.init(owner: visit.session.principal.name)
            form.base.basis = basis
            return try await editorPage(form, visit, isFresh: true)
        }
        // What does not read as its kind, as of another version of the program, would be lost in a form.
        let findings = Findings()
        services.definitions.kinds.check(Blueprint(documents: [found]), findings, isWhole: false)
        guard findings.isEmpty else {
            sessions.leave(Sessions.Flash(text: "A form cannot show all of this document, so that here it is as text."), for: visit.session)
            return .seeOther("/settings/definitions/" + Parameters.encoded("\(id)"))
        }
        return try await editorPage(kind.type.init(found, basis: basis), visit)
    }

    /// What became of a form that was sent.
    struct FormState {
        var status = 200
        /// Nothing was asked yet, so that nothing is missing.
        var isFresh = false
        /// It was checked, and nothing is wrong.
        var isChecked = false
        var overtaken: Overtaken?
    }

    private func editorPage(_ form: any DefinitionForm, _ visit: Visit, isFresh: Bool = false) async throws -> PageAnswer {
        try await editorPage(form, visit, FormState(isFresh: isFresh))
    }

    private func editorPage(_ form: any DefinitionForm, _ visit: Visit, _ state: FormState) async throws -> PageAnswer {
        let desk = try desk()
        var form = form
        let words = try? desk.words()
        form.read(desk, words)
        let titles = words?.titles ?? FormulaTitles()
        let (kind, key) = (form.kind, form.base.key)
        var fields = form.fields
        fields.merge(try await means(form, words, visit))
        fields.merge(lists(form))
        let back = form.isNew ? kind.list : shownPlace(kind, key, name: nameInForce(form))
        fields.merge([
            "kind": kind.rawValue, "key": key, "circle": form.circle, "isNew": form.isNew,
            "place": kind.isKeyed && key == nil ? "/new/\(kind.rawValue)" : Self.editPlace(kind, key), "back": back, "list": kind.list,
            "listName": kind.listName, "hasBack": kind.isKeyed && !form.isNew, "basis": form.base.basis, "name": form.base.name,
            "owner": form.base.owner, "nameFault": form.base.faults["name"], "ownerFault": form.base.faults["owner"],
            "fault": form.headFault, "isSound": state.isChecked, "focusName": form.isNew && state.isFresh, "rowsSaid": form.base.done,
        ])
        for id in form.fieldIDs { if let fault = form.base.faults[id] { fields[id + "Fault"] = fault } }
        if let lifecycle = form as? LifecycleForm {
            fields["stages"] = lifecycle.rows(titles, isFresh: state.isFresh || form.base.focus != nil)
        } else if let metric = form as? MetricForm {
            // The field is there whatever the way, so that changing one's mind loses nothing.
            fields["formulaField"] = metric.formula.fields(titles, isFresh: state.isFresh || metric.way != .formula)
        } else {
            fields["formulas"] = form.formulas.map { $0.fields(titles, isFresh: state.isFresh) }
        }
        fields["hasComments"] =
            (form.isNew ? nil : services.definitions.shelf.inForce[form.document]).map {
                $0.split(separator: "\n").contains { $0.trimmed.hasPrefix("#") }
            }
            ?? false
        fields["textPlace"] = form.isNew ? nil : "/settings/definitions/" + Parameters.encoded(form.document)
        fields["longest"] = FormulaLimits.length
        fields["names"] = kind == .event ? nil : Self.namesPlace
        if let overtaken = state.overtaken {
            let kinds = services.definitions.kinds
            fields["overtaken"] = try overtakenFields(overtaken, yours: form.yaml, theirs: Self.editPlace(kind, form.ownKey), visit) {
                kind.written($0, of: overtaken.document, kinds)
            }
        }
        let heading =
            kind == .lifecycle ? "the lifecycle" : form.isNew ? "New \(kind.rawValue)" : form.base.name.isEmpty ? "No name" : form.base.name
        fields["heading"] = heading
        let title = kind == .lifecycle ? "Edit the lifecycle" : heading
        return try await page("definition-editor", title: title, room: kind.room, visit, status: state.status, fields)
    }

    /// What people call what is in force under the form's key: its page may have the name in its address.
    private func nameInForce(_ form: any DefinitionForm) -> String {
        guard form.kind == .event else { return form.base.name }
        return services.definitions.blueprint[form.kind.rawValue, form.base.key]?.read(EventDefinition.self).name ?? form.base.name
    }

    /// Names to choose from in fields that take one.
    private func lists(_ form: any DefinitionForm) -> Fields {
        guard form.kind == .metric || form.kind == .event else { return [:] }
        let known = Set(vocabulary().map(\.definition.name)).union(services.names())
        let isStrange = form.kind == .event
        let names = isStrange ? known.subtracting(vocabulary().map(\.definition.name)).subtracting(Self.fixedEvents) : known
        return ["eventNames": names.sorted().prefix(500).map { ["name": $0] as Fields }]
    }

    private func saveDefinition(_ kind: FormKind, _ key: String?, _ visit: Visit) async throws -> PageAnswer {
        let desk = try desk()
        let sent = visit.request.form
        visit.trail.isSilent = true
        let book = services.definitions
        if let key, try book.newest(of: "\(kind.rawValue)/\(key)") == nil { throw Self.nowhere }
        var form: any DefinitionForm = kind.type.init(sent, key: key)
        if let asked = sent["mend"] {
            for i in form.formulas.indices { if let text = form.formulas[i].mended(asked) { form.formulas[i].text = text } }
            return try await editorPage(form, visit)
        }
        if let asked = sent["row"] {
            form.change(asked)
            return try await editorPage(form, visit, isFresh: true)
        }
        form.read(desk, try? desk.words())
        form.check(among: book.blueprint)
        guard form.isSound else { return try await editorPage(form, visit, FormState(status: 422)) }
        let onlyCheck = sent["check"] != nil
        do {
            let document = form.document
            // Whoever saw what another did may go over it, knowing which version that is. A key that was used before goes on with its versions,
            // and what somebody has put in force under it meanwhile is another's.
            let before = kind.isKeyed && key == nil ? try book.newest(of: document).flatMap { $0.text == nil ? $0.number : nil } : nil
            let basis = sent["over"].flatMap { Int($0) } ?? before ?? form.base.basis
            let change = try await book.save(document, text: form.yaml, basis: basis, onlyCheck: onlyCheck, by: visit.session.principal.name)
            if onlyCheck { return try await editorPage(form, visit, FormState(isChecked: true)) }
            visit.trail.note(change.map { [$0] } ?? [])
            let name = kind == .lifecycle ? "The lifecycle" : form.base.name
            let said = change?.version.map { "\(name) is saved as version \($0)." } ?? "It says what was in force: nothing changed."
            sessions.leave(Sessions.Flash(text: said), for: visit.session)
            return .seeOther(shownPlace(kind, form.ownKey, name: form.base.name))
        } catch DefinitionsProblem.wrong(let findings, _) {
            form.tell(findings)
            return try await editorPage(form, visit, FormState(status: 422))
        } catch DefinitionsProblem.overtaken(let document, let by, let version) {
            let overtaken = Overtaken(document: document, by: by, version: version, basis: form.base.basis)
            return try await editorPage(form, visit, FormState(status: 409, overtaken: overtaken))
        } catch let problem as DefinitionsProblem {
            let told = Problem(problem)
            form.base.faults[""] = told.detail
            return try await editorPage(form, visit, FormState(status: told.status))
        }
    }

    // MARK: Removing

    private func askRemoval(_ kind: FormKind, _ visit: Visit, problem: [Finding]?) async throws -> PageAnswer {
        _ = try desk()
        let key = visit.parameters[0]
        let document = "\(kind.rawValue)/\(key)"
        guard let found = services.definitions.blueprint[kind.rawValue, key] else { throw Self.nowhere }
        var findings = problem ?? []
        if problem == nil {
            do {
                _ = try await services.definitions.remove(document, onlyCheck: true, by: "")
            } catch DefinitionsProblem.wrong(let found, _) {
                findings = found
            }
        }
        let name = kind.type.init(found, basis: 0).base.name
        let place = shownPlace(kind, key, name: name)
        return try await page(
            "definition-remove", title: "Remove \(name)?", room: kind.room, visit, status: problem == nil ? 200 : 422,
            [
                "name": name, "key": key, "place": place, "post": kind == .event ? "/edit/event/\(key)/remove" : "\(place)/remove",
                "isAudience": kind == .audience, "isMetric": kind == .metric, "isEvent": kind == .event,
                "list": kind.list, "listName": kind.listName, "findings": users(findings), "isUsed": !findings.isEmpty,
            ])
    }

    /// What people call a document: `Best customers`, or its id where it has no name.
    func title(ofDocument id: String) -> String {
        let parts = id.split(separator: "/", maxSplits: 1).map(String.init)
        guard let kind = parts.first.flatMap({ FormKind(rawValue: $0) }), parts.count == 2,
            let found = services.definitions.blueprint[parts[0], parts[1]]
        else { return parts == ["lifecycle"] ? "The lifecycle" : id }
        return kind.type.init(found, basis: 0).base.name.ifAny ?? id
    }

    /// Who names what is to be removed, each place once.
    private func users(_ findings: [Finding]) -> [Fields] {
        var seen: Set<String> = []
        return findings.compactMap { finding in
            let file = finding.place.file.replacing(".yaml", with: "")
            let field = finding.path.split(separator: ".").dropFirst().joined(separator: ".")
            guard seen.insert(file + field).inserted else { return nil }
            if file.isEmpty { return ["words": finding.what + "; " + finding.mend] }
            let parts = file.split(separator: "/", maxSplits: 1).map(String.init)
            let kind = parts.first.flatMap { FormKind(rawValue: $0) }
            return [
                "document": title(ofDocument: file), "id": file,
                "href": kind.map { Self.editPlace($0, parts.last) } ?? "/settings/definitions/" + Parameters.encoded(file),
                "words": field.isEmpty ? "names it" : "names it in \(field)",
            ]
        }
    }

    private func removeDefinition(_ kind: FormKind, _ visit: Visit) async throws -> PageAnswer {
        _ = try desk()
        let key = visit.parameters[0]
        let document = "\(kind.rawValue)/\(key)"
        guard services.definitions.blueprint[kind.rawValue, key] != nil else { throw Self.nowhere }
        let name = title(ofDocument: document)
        visit.trail.isSilent = true
        do {
            let change = try await services.definitions.remove(document, by: visit.session.principal.name)
            visit.trail.note(change.map { [$0] } ?? [])
        } catch DefinitionsProblem.wrong(let findings, _) {
            return try await askRemoval(kind, visit, problem: findings)
        }
        sessions.leave(
            Sessions.Flash(text: "\(name) (\(document)) is out of force. Its versions are kept among the definitions."), for: visit.session)
        return .seeOther(kind.list)
    }
}
