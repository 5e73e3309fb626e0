import Access
import Audit
import Definitions
import Foundation
import Kernel
import Pipeline
import Rendering

/// The company itself, as a form over its definition.
extension Console {
    static let workspaceRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/workspace", .read, to: "see settings") { try await $0.workspacePage($1) },
        PageRoute(.post, "/settings/workspace", .administer, to: "change the workspace", audit: .definitions) { try await $0.saveWorkspace($1) },
    ]

    private func workspacePage(_ visit: Visit) async throws -> PageAnswer {
        let definition = services.definitions.blueprint.definition(WorkspaceDefinition.self)
        let basis = try services.definitions.newest(of: WorkspaceDefinition.kind)?.number ?? 0
        return try await workspacePage(WorkspaceForm(definition, basis: basis), visit, status: 200, faults: [:], fault: nil)
    }

    /// - Parameters:
    ///   - faults: What is wrong, by the setting's key.
    ///   - fault: What is wrong with none of them.
    private func workspacePage(_ form: WorkspaceForm, _ visit: Visit, status: Int, faults: [String: String], fault: String?, overtaken: Fields? = nil)
        async throws -> PageAnswer
    {
        let state = try services.definitions.state(of: WorkspaceDefinition.kind)
        let fields = WorkspaceForm.fields.map { field -> Fields in
            let value = form.values[field.key] ?? ""
            return [
                "key": field.key, "label": field.label, "hint": field.hint, "value": value, "isLines": field.isLines, "isLine": !field.isLines,
                "isRequired": !field.isOptional, "list": field.key == "time_zone" ? "zones" : nil, "fault": faults[field.key],
                "shown": value.replacing("\n", with: ", "),
            ]
        }
        return try await settingsPage(
            "workspace", title: "Workspace", visit, status: status,
            [
                "fields": fields, "basis": form.basis, "wrong": fault, "overtaken": overtaken,
                "zones": visit.may(.administer) ? TimeZone.knownTimeZoneIdentifiers.map { ["name": $0] as Fields } : [],
                "accents": Accent.allCases.map {
                    ["id": $0.rawValue, "name": $0.rawValue, "chosen": $0.rawValue == form.values["accent"]] as Fields
                },
                "accentName": form.values["accent"], "accentFault": faults["accent"],
                "document": "/settings/definitions/" + WorkspaceDefinition.kind, "number": state.newest?.number,
                "by": state.newest?.author, "at": state.newest.map { visit.formats.whole($0.at) },
            ])
    }

    private func saveWorkspace(_ visit: Visit) async throws -> PageAnswer {
        visit.trail.isSilent = true
        let book = services.definitions
        let form = WorkspaceForm(visit.request.form)
        let (text, isRewritten) = form.text(over: book.blueprint[WorkspaceDefinition.kind])
        do {
            let basis = visit.request.form["over"].flatMap { Int($0) } ?? form.basis
            let change = try await book.save(WorkspaceDefinition.kind, text: text, basis: basis, by: visit.session.principal.name)
            visit.trail.note(change.map { [$0] } ?? [])
            var words = change?.version.map { "Saved, as version \($0)." } ?? "It is what is in force: nothing changed."
            if change != nil, isRewritten { words += " The document was written anew, without the comments that stood in it." }
            sessions.leave(Sessions.Flash(text: words), for: visit.session)
            return .seeOther("/settings/workspace")
        } catch DefinitionsProblem.wrong(let findings, _) {
            let start = WorkspaceDefinition.kind + "."
            let faults = Dictionary(findings.map { (String($0.path.dropFirst(start.count)), "\($0.what); \($0.mend)") }) { first, _ in first }
            let others = findings.filter { !$0.path.hasPrefix(start) }.map(\.description).joined(separator: "\n")
            return try await workspacePage(form, visit, status: 422, faults: faults, fault: others.isEmpty ? nil : others)
        } catch DefinitionsProblem.overtaken(let document, let by, let version) {
            let overtaken = Overtaken(document: document, by: by, version: version, basis: form.basis)
            let fields = try overtakenFields(overtaken, yours: text, theirs: "/settings/workspace", visit)
            return try await workspacePage(form, visit, status: 409, faults: [:], fault: nil, overtaken: fields)
        } catch let problem as DefinitionsProblem {
            let told = Problem(problem)
            return try await workspacePage(form, visit, status: told.status, faults: [:], fault: told.detail)
        }
    }
}

/// What stands in the form of the workspace: the text of each field by its setting's key.
struct WorkspaceForm: Sendable {
    struct Field: Sendable {
        let key: String
        let label: String
        var hint = ""
        /// A line for each value.
        var isLines = false
        /// Whether it may be empty.
        var isOptional = false
    }
    static let fields = [
        Field(key: "name", label: "Name"),
        Field(key: "country", label: "Country", hint: "Two letters, as GB. A phone number without a country is read as from there."),
        Field(key: "time_zone", label: "Time zone", hint: "As Europe/London: the days and hours that pages show."),
        Field(key: "languages", label: "Languages", hint: "As en, pt-BR, zh-Hant, a line each; the most used first.", isLines: true),
        Field(key: "orders", label: "Orders", hint: "The names of the interactions that are orders, a line each.", isLines: true),
        Field(key: "currency", label: "Currency", hint: "Three letters, as GBP. Without it values of orders are plain numbers.", isOptional: true),
    ]

    var values: [String: String] = [:]
    /// The version that was edited; 0 for the defaults.
    var basis: Int

    init(_ definition: WorkspaceDefinition, basis: Int) {
        self.basis = basis
        values = [
            "name": definition.name, "country": definition.country, "time_zone": definition.timeZone,
            "languages": definition.languages.joined(separator: "\n"), "orders": definition.orders.joined(separator: "\n"),
            "currency": definition.currency ?? "", "accent": definition.accent.rawValue,
        ]
    }

    init(_ form: Parameters) {
        basis = form["basis"].flatMap { Int($0) } ?? 0
        for key in Self.fields.map(\.key) + ["accent"] { values[key] = form.raw(key).replacing("\r\n", with: "\n").trimmed }
    }

    /// The lines that say a setting's value; nil when it is empty and may be.
    private func lines(_ key: String) -> [String]? {
        let field = Self.fields.first { $0.key == key }
        let value = values[key] ?? ""
        if value.isEmpty, field?.isOptional == true { return nil }
        var yaml = YAMLText()
        if field?.isLines == true {
            yaml.put(key, value.split(separator: "\n").map { $0.trimmed }.filter { !$0.isEmpty })
        } else {
            yaml.put(key, value)
        }
        return yaml.text.split(separator: "\n").map(String.init)
    }

    /// The document with what the form says. What the form has not, the owner and comments, stays as it is in `document`, when the
    /// document is written so that this can be done; the owner stays in any case.
    func text(over document: Document?) -> (text: String, isRewritten: Bool) {
        let keys = Self.fields.map(\.key) + ["accent"]
        guard let document else { return (whole(keys, owner: nil), false) }
        let before = WorkspaceForm(document.read(WorkspaceDefinition.self), basis: 0)
        let changed = keys.filter { before.lines($0) != lines($0) }
        if changed.isEmpty { return (document.text, false) }
        let wanted = Self.read(whole(keys, owner: document.owner))
        if let text = document.text(setting: changed.map { ($0, lines($0)) }), let found = Self.read(text), let wanted,
            found.saysTheSame(in: WorkspaceDefinition.self, as: wanted), found.owner == document.owner
        {
            return (text, false)
        }
        return (whole(keys, owner: document.owner), wanted != nil && document.text.contains("#"))
    }

    private static func read(_ text: String) -> Document? {
        Document(Array(text.utf8), file: WorkspaceDefinition.kind + ".yaml", Findings())
    }

    private func whole(_ keys: [String], owner: String?) -> String {
        var yaml = YAMLText()
        yaml.comment(WorkspaceDefinition.summary)
        yaml.mapping(WorkspaceDefinition.kind) { yaml in
            if let owner { yaml.put("owner", owner) }
            for key in keys { for line in lines(key) ?? [] { yaml.line(line) } }
        }
        return yaml.text
    }
}

extension Document {
    /// True when both read as the same value, or neither can be read without a finding.
    fileprivate func saysTheSame<D: Definition & Equatable>(in type: D.Type, as other: Document) -> Bool {
        let (mine, others) = (Findings(), Findings())
        return read(type, mine) == other.read(type, others) && mine.isEmpty == others.isEmpty
    }
}
