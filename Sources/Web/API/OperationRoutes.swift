import Audit
import HTTPTypes
import Hummingbird
import Kernel

/// What concerns the installation as a whole: backups.
struct OperationRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [backups, backup, restore] }

    private var backups: Endpoint {
        Endpoint(
            .get, "/api/backups", .administer,
            about: .init(
                "The backups that are made by themselves", tag: "Installation",
                description: """
                    Everything in the folder of the setting `backup-folder` that is a backup, newest first, with what a test restore of each \
                    found; when the next is due, and how far the one is that is being made.
                    """, answer: .init(200, "The backups", .init("Backups")))
        ) { _, _ in Response(.ok, try await services.operations.backups().json) }
    }

    private var backup: Endpoint {
        Endpoint(
            .post, "/api/backups", .administer, audit: .backup,
            about: .init(
                "Write a backup", tag: "Installation",
                description: """
                    A consistent copy in a new folder of the server's machine, while serving: by the Unix socket alone, as `sightline backup` \
                    does; without `to` among those that are made by themselves. Answers when the copy was restored for a test, whose result is \
                    in `verified`. One at a time.
                    """,
                body: .init("BackupRequest"), answer: .init(201, "What was written", .init("Backup")), problems: [409, 422, 503])
        ) { request, context in
            let body = try await Body.json(request, "BackupRequest")
            let made = try await services.operations.backup(to: try body.optional("to") == nil ? nil : Self.folder(body, "to", context))
            context.trail.subject = made["path"]?.string
            context.trail.detail = made["verified"]?["result"]?.string ?? ""
            return Response(.created, made)
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
                    is missing. By the Unix socket alone, as `sightline restore` does.
                    """, body: .init("RestoreRequest"),
                answer: .init(201, "What was restored", .init("Backup")), problems: [422, 503])
        ) { request, context in
            let body = try await Body.json(request, "RestoreRequest")
            let keep = try body.flag("keepReplaced")
            return Response(.created, try await services.operations.restore(from: Self.folder(body, "from", context), keepReplaced: keep))
        }
    }

    /// A folder of the server's machine, which only its operator names: by the Unix socket, as the commands do. An administrator of one
    /// workspace could else restore another's backup into it, or write over the disk of whoever runs the server.
    private static func folder(_ body: JSON, _ key: String, _ context: Context) throws -> String {
        let folder = try body.required(key)
        guard context.local else { throw Problem.operatorsAlone }
        guard folder.hasPrefix("/") else { throw Problem.badRequest("`\(key)` must be an absolute path on the server's machine.") }
        return folder
    }
}
