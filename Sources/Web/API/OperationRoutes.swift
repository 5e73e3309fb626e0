import Audit
import HTTPTypes
import Hummingbird
import Kernel

/// What concerns the installation as a whole: backups and definitions.
struct OperationRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [backup, restore, blueprint, apply] }

    private var backup: Endpoint {
        Endpoint(
            .post, "/api/backups", .administer, audit: .backup,
            about: .init(
                "Write a backup", tag: "Installation", description: "A consistent copy in a new folder of the server's machine, while serving.",
                body: .init("BackupRequest"), answer: .init(201, "What was written", .init("Backup")), problems: [422, 503])
        ) { request, _ in
            Response(.created, try await services.operations.backup(to: Self.folder(try await Body.json(request, "BackupRequest"), "to")))
        }
    }

    private var restore: Endpoint {
        Endpoint(
            .post, "/api/restorations", .administer, audit: .restore,
            about: .init(
                "Put a backup in the place of the data", tag: "Installation",
                description: """
                    The server starts again with the backup. Everything that came in after it was made is deleted, or kept in a folder \
                    `replaced-…` of the data folder with `keepReplaced: true`. Customers erased since the backup was made are erased in it \
                    again, and keys and tokens revoked since stay revoked. When that cannot be read, the data is kept, and the log says what \
                    is missing.
                    """, body: .init("RestoreRequest"),
                answer: .init(201, "What was restored", .init("Backup")), problems: [422, 503])
        ) { request, _ in
            let body = try await Body.json(request, "RestoreRequest")
            let keep = try body.flag("keepReplaced")
            return Response(.created, try await services.operations.restore(from: Self.folder(body, "from"), keepReplaced: keep))
        }
    }

    private static func folder(_ body: JSON, _ key: String) throws -> String {
        let folder = try body.required(key)
        guard folder.hasPrefix("/") else { throw Problem.badRequest("`\(key)` must be an absolute path on the server's machine.") }
        return folder
    }

    private var blueprint: Endpoint {
        Endpoint(
            .get, "/api/blueprint", .read,
            about: .init("The definitions in force", tag: "Installation", answer: .init(200, "The documents", .init("Blueprint")))
        ) { _, _ in Response(.ok, try await services.operations.blueprint()) }
    }

    private var apply: Endpoint {
        Endpoint(
            .post, "/api/blueprint", .administer, audit: .definitions,
            about: .init(
                "Check definitions and put them in force", tag: "Installation",
                description: "All documents together or none. With `check: true` nothing changes.", body: .init("NewBlueprint"),
                answer: .init(200, "What changes", .init("BlueprintChanges")), problems: [422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewBlueprint")
            guard let documents = body["documents"]?.array, documents.count <= 1000 else {
                throw Problem.badRequest("The body needs `documents`, an array of at most 1000 objects with `name` and `text`.")
            }
            for document in documents { try Body.check(document, "Document") }
            let checkOnly = try body.flag("check")
            return Response(
                .ok,
                try await services.operations.blueprint(
                    documents.map { (try $0.required("name"), try $0.optional("text") ?? "") }, checkOnly: checkOnly, by: context.caller))
        }
    }
}
