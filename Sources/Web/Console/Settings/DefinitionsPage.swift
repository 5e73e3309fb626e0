import Access
import Audit
import Definitions
import Kernel
import Pipeline
import Rendering

/// What the company decided: every document that is in force, its versions, and how it changes.
extension Console {
    static let definitionsRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/definitions", .read, to: "see definitions") { try await $0.definitionsPage($1) },
        PageRoute(.get, "/settings/definitions/:document", .read, to: "see definitions") {
            try await $0.documentPage($1.parameters[0], $1, status: 200, asked: nil)
        },
        PageRoute(.post, "/settings/definitions/:document", .administer, to: "change definitions", audit: .definitions) {
            try await $0.saveDocument($1.parameters[0], $1)
        },
        PageRoute(.get, "/settings/definitions/:document/versions/:number", .read, to: "see definitions") {
            try await $0.versionPage($1.parameters[0], $1.parameters[1], $1)
        },
        PageRoute(.get, "/settings/definitions/:document/versions/:number/back", .administer, to: "change definitions") {
            try await $0.askBack($1.parameters[0], $1.parameters[1], $1)
        },
        PageRoute(.post, "/settings/definitions/:document/versions/:number/back", .administer, to: "change definitions", audit: .definitions) {
            try await $0.goBack($1.parameters[0], $1.parameters[1], $1)
        },
    ]

    /// Versions of a document on its page.
    static let versionsPage = 25

    private static func place(_ document: String) -> String { "/settings/definitions/" + Parameters.encoded(document) }

    private func definitionsPage(_ visit: Visit) async throws -> PageAnswer {
        let rows = try services.definitions.states().map { state -> Fields in
            [
                "id": state.id, "href": Self.place(state.id), "summary": state.summary, "owner": state.document?.owner,
                "source": state.document == nil ? nil : state.newest.map { "version \($0.number)" },
                "by": state.newest?.author, "at": state.newest.map { visit.formats.shortDate($0.at) }, "stamp": state.newest?.at.rfc3339,
                "whole": state.newest.map { visit.formats.whole($0.at) },
            ]
        }
        return try await settingsPage("definitions", title: "Definitions", visit, ["documents": rows])
    }

    /// A text that somebody wrote, and what became of it.
    private struct Asked {
        var text: String
        var findings: [Finding] = []
        var fault: String?
        var overtaken: Overtaken?
        /// The version that the editing began with.
        var basis: Int?
        /// Nothing is wrong, and nothing was to be changed.
        var isSound = false
    }

    private func documentPage(_ document: String, _ visit: Visit, status: Int, asked: Asked?) async throws -> PageAnswer {
        let book = services.definitions
        let state = try book.state(of: document)
        let text = asked?.text ?? book.text(of: state)
        let before = visit.request.query["before"].flatMap { DefinitionVersion.Place($0) }
        let versions = try book.shelf.versions(of: document, before: before, limit: Self.versionsPage + 1)
        var older: String?
        if versions.count > Self.versionsPage {
            let last = versions[Self.versionsPage - 1]
            older = Self.place(document) + "?before=" + Parameters.encoded("\(last.place)") + "#versions"
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let findings = (asked?.findings ?? []).map { finding -> Fields in
            let line = lines.indices.contains(finding.place.line - 1) ? String(lines[finding.place.line - 1].prefix(200)) : ""
            return [
                "line": finding.place.line, "column": finding.place.column, "text": line,
                "words": (finding.path.isEmpty ? "" : finding.path + ": ") + finding.what + "; " + finding.mend,
            ]
        }
        return try await settingsPage(
            "document", section: "definitions", title: state.id, visit, status: status,
            [
                "document": state.id, "inForm": formPlace(of: state, visit), "place": Self.place(document), "summary": state.summary,
                "owner": state.document?.owner, "text": text,
                "rows": min(40, max(10, lines.count + 1)), "isDefault": state.document == nil,
                "basis": asked?.basis ?? state.newest?.number ?? 0,
                "number": state.document == nil ? nil : state.newest.map { "\($0.number)" },
                "findings": findings, "hasFindings": !findings.isEmpty, "findingCount": Formats.counted(findings.count, "thing"),
                "overtaken": try asked?.overtaken.map { try overtakenFields($0, yours: text, theirs: Self.place(document), visit) },
                "fault": asked?.fault, "isSound": asked?.isSound ?? false,
                "versions": versions.prefix(Self.versionsPage).map { row($0, visit) }, "hasVersions": !versions.isEmpty, "older": older,
            ])
    }

    /// Where the document is edited in a form; nil where there is none, and for whoever may not.
    private func formPlace(of state: DefinitionBook.State, _ visit: Visit) -> String? {
        guard visit.may(.administer), services.formulas != nil else { return nil }
        let parts = state.id.split(separator: "/", maxSplits: 1).map(String.init)
        guard let kind = FormKind(rawValue: parts[0]), !kind.isKeyed || state.document != nil else { return nil }
        return Self.editPlace(kind, parts.last)
    }

    private func row(_ version: DefinitionVersion, _ visit: Visit) -> Fields {
        [
            "number": version.number, "href": Self.place(version.document) + "/versions/\(version.number)", "by": version.author,
            "at": visit.formats.shortDate(version.at) + ", " + visit.formats.time(version.at), "stamp": version.at.rfc3339,
            "whole": visit.formats.whole(version.at), "isRemoval": version.text == nil,
        ]
    }

    private func saveDocument(_ document: String, _ visit: Visit) async throws -> PageAnswer {
        let form = visit.request.form
        // Browsers send line breaks as CR LF, whatever was typed.
        let text = form.raw("text").replacing("\r\n", with: "\n")
        let onlyCheck = form["check"] != nil
        let begun = form["basis"].flatMap { Int($0) }
        visit.trail.isSilent = true
        do {
            let change = try await services.definitions.save(
                document, text: text, basis: form["over"].flatMap { Int($0) } ?? begun, onlyCheck: onlyCheck, by: visit.session.principal.name)
            if onlyCheck { return try await documentPage(document, visit, status: 200, asked: Asked(text: text, basis: begun, isSound: true)) }
            visit.trail.note(change.map { [$0] } ?? [])
            let words = change?.version.map { "\(document) is in force as version \($0)." } ?? "It is what is in force: nothing changed."
            sessions.leave(Sessions.Flash(text: words), for: visit.session)
            return .seeOther(Self.place(document))
        } catch DefinitionsProblem.wrong(let findings, _) {
            return try await documentPage(document, visit, status: 422, asked: Asked(text: text, findings: findings, basis: begun))
        } catch DefinitionsProblem.overtaken(_, let by, let version) {
            let overtaken = Overtaken(document: document, by: by, version: version, basis: begun ?? 0)
            return try await documentPage(document, visit, status: 409, asked: Asked(text: text, overtaken: overtaken, basis: begun))
        } catch let problem as DefinitionsProblem {
            let told = Problem(problem)
            return try await documentPage(document, visit, status: told.status, asked: Asked(text: text, fault: told.detail, basis: begun))
        }
    }

    // MARK: One version

    private func number(_ text: String) throws -> Int {
        guard let number = Int(text), (1...Int(Int32.max)).contains(number) else { throw Self.nowhere }
        return number
    }

    private func versionPage(_ document: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        let book = services.definitions
        let version = try book.version(self.number(number), of: document)
        let before = version.number > 1 ? try book.version(version.number - 1, of: document) : nil
        let state = try book.state(of: document)
        let isInForce = state.newest?.number == version.number
        var fields = row(version, visit)
        fields["document"] = document
        fields["place"] = Self.place(document)
        fields["lines"] = Self.differences(from: before?.text, to: version.text)
        fields["hasLines"] = before?.text != version.text
        fields["before"] = before.map { "\($0.number)" }
        fields["text"] = version.text
        fields["isInForce"] = isInForce
        fields["back"] = isInForce || !visit.may(.administer) ? nil : Self.place(document) + "/versions/\(version.number)/back"
        return try await settingsPage(
            "version", section: "definitions", title: "\(document), version \(version.number)", visit, fields)
    }

    private func askBack(_ document: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        let version = try services.definitions.version(self.number(number), of: document)
        let state = try services.definitions.state(of: document)
        var fields = row(version, visit)
        fields["document"] = document
        fields["place"] = Self.place(document)
        fields["post"] = Self.place(document) + "/versions/\(version.number)/back"
        fields["lines"] = Self.differences(from: state.document?.text, to: version.text)
        fields["hasLines"] = state.document?.text != version.text
        do {
            _ = try await services.definitions.rollBack(document, to: version.number, onlyCheck: true, by: "")
        } catch DefinitionsProblem.wrong(let findings, _) {
            fields["findings"] = findings.map { ["words": $0.description] as Fields }
            fields["hasFindings"] = true
        }
        return try await settingsPage(
            "back", section: "definitions", title: "Go back to version \(version.number)?", visit, fields)
    }

    private func goBack(_ document: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        let number = try self.number(number)
        let change = try await services.definitions.rollBack(document, to: number, by: visit.session.principal.name)
        visit.trail.note(change.map { [$0] } ?? [], asVersion: number)
        let words =
            change?.version.map { "\(document) is as it was in version \(number) again, as version \($0)." }
            ?? "It is what is in force: nothing changed."
        sessions.leave(Sessions.Flash(text: words), for: visit.session)
        return .seeOther(Self.place(document))
    }
}
