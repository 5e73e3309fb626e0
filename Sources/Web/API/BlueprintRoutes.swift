import Audit
import Definitions
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// What the company decides, and every version of it: `/api/blueprint`.
struct BlueprintRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [inForce, apply, versions, version, rollBack] }

    private var book: DefinitionBook { services.definitions }

    private var inForce: Endpoint {
        Endpoint(
            .get, "/api/blueprint", .read,
            about: .init("The definitions in force", tag: "Definitions", answer: .init(200, "The documents", .init("Blueprint")))
        ) { _, _ in
            let documents = book.blueprint.documents.map { ["name": .string("\($0.id).yaml"), "text": .string($0.text)] as JSON }
            return Response(.ok, ["documents": .array(documents)])
        }
    }

    private var apply: Endpoint {
        Endpoint(
            .post, "/api/blueprint", .administer, audit: .definitions,
            about: .init(
                "Check definitions and put them in force", tag: "Definitions",
                description: """
                    All documents together or none: a document that is in force and not among them goes out of force. With `check: true` \
                    nothing changes. What is wrong is said as `file:line:column: what; how to mend it`, a line each.
                    """, body: .init("NewBlueprint"),
                answer: .init(200, "What changes", .init("BlueprintChanges")), problems: [422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewBlueprint")
            guard let documents = body["documents"]?.array, documents.count <= 1000 else {
                throw Problem.badRequest("The body needs `documents`, an array of at most 1000 objects with `name` and `text`.")
            }
            for document in documents { try Body.check(document, "Document") }
            let onlyCheck = try body.flag("check")
            let files = try documents.map { (name: try $0.required("name"), text: try $0.optional("text") ?? "") }
            let changes = try await book.apply(files, onlyCheck: onlyCheck, by: context.caller)
            context.trail.note(changes)
            return Response(.ok, changes.json)
        }
    }

    private var versions: Endpoint {
        Endpoint(
            .get, "/api/blueprint/versions", .read,
            about: .init(
                "Every version of the definitions", tag: "Definitions",
                parameters: [
                    .init("document", "Of this document alone: `identity`, `metric/lifetime_value`."), .limit(default: 50, most: 500), .cursor,
                ], answer: .init(200, "A page, newest first; without the texts", .init("VersionPage")))
        ) { _, context in
            let limit = Int(try context.query.integer("limit", in: 1...500, default: 50))
            let before = try context.query.value("after").map { text in
                guard let place = DefinitionVersion.Place(text) else { throw Problem.badRequest("`after` must be the `next` of the page before.") }
                return place
            }
            let found = try book.shelf.versions(of: context.query.value("document"), before: before, limit: limit)
            return page(found.map { $0.json(withText: false) }, next: found.count < limit ? .null : JSON(found.last.map { "\($0.place)" }))
        }
    }

    private var version: Endpoint {
        Endpoint(
            .get, "/api/blueprint/versions/{document}/{number}", .read,
            about: .init(
                "One version of a document", tag: "Definitions",
                description: "The `/` of `metric/lifetime_value` is written `%2F`.",
                answer: .init(200, "The version with its text; null when it took the document out of force", .init("Version")), problems: [404])
        ) { _, context in
            let document = context.parameters.get("document").flatMap { Percent.decode($0) } ?? ""
            guard let number = context.parameters.get("number", as: Int.self) else { throw Problem.notFound("version") }
            return Response(.ok, try book.version(number, of: document).json(withText: true))
        }
    }

    private var rollBack: Endpoint {
        Endpoint(
            .post, "/api/blueprint/rollback", .administer, audit: .definitions,
            about: .init(
                "Go back to an older version of a document", tag: "Definitions",
                description: """
                    It is checked as if it were new, and becomes a new version by whoever asks. Going back to a version that took the document \
                    out of force takes it out again.
                    """, body: .init("Rollback"), answer: .init(200, "What changes", .init("BlueprintChanges")),
                problems: [404, 422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "Rollback")
            let document = try body.required("document")
            guard let number = body["version"]?.whole, (1...Int64(Int32.max)).contains(number) else {
                throw Problem.badRequest("The body needs `version`, the number of a version.")
            }
            let change = try await book.rollBack(document, to: Int(number), by: context.caller)
            let changes = change.map { [$0] } ?? []
            context.trail.note(changes, asVersion: Int(number))
            return Response(.ok, changes.json)
        }
    }
}

extension DefinitionVersion {
    func json(withText: Bool) -> JSON {
        var members: [(String, JSON)] = [
            ("document", .string(document)), ("version", JSON(number)), ("removed", .bool(text == nil)), ("author", .string(author)),
            ("at", JSON(at)), ("position", position.json),
        ]
        if withText { members.append(("text", JSON(text))) }
        return .object(members.map { JSON.Member($0.0, $0.1) })
    }
}

extension [DefinitionBook.Change] {
    var json: JSON {
        [
            "changes": .array(
                map { ["document": .string("\($0.document)"), "what": .string($0.what.rawValue), "version": $0.version.map { JSON($0) } ?? .null] }),
            "applied": .bool(contains { $0.version != nil }),
        ]
    }
}

extension Trail {
    /// What the audit log says of changed definitions: document and version. Silent when nothing changed.
    /// - Parameter asVersion: The older version that is in force again.
    func note(_ changes: [DefinitionBook.Change], asVersion: Int? = nil) {
        let made = changes.compactMap { change in change.version.map { (document: "\(change.document)", number: $0, what: change.what) } }
        isSilent = made.isEmpty
        func words(_ number: Int, _ what: Blueprint.Change.What) -> String {
            "version \(number)" + (what == .removed ? ", out of force" : "") + (asVersion.map { ", as version \($0)" } ?? "")
        }
        if made.count == 1 {
            subject = made[0].document
            detail = words(made[0].number, made[0].what)
        } else {
            subject = "blueprint"
            let named = made.prefix(10).map { "\($0.document) \(words($0.number, $0.what))" }
            detail = named.joined(separator: "; ") + (made.count > 10 ? "; and \(made.count - 10) more" : "")
        }
    }
}
