/// One of the workspaces that a server is to serve: a data folder, and by which host it is reached.
struct ServedWorkspace: Sendable {
    /// Nil for the main one, the folder of the setting `data`.
    var host: String?
    var settings: Settings

    var folder: DataFolder { DataFolder(settings[Known.data]) }
}

/// A workspace whose folder no other process can open.
struct LockedWorkspace: Sendable {
    /// Nil for the main one.
    var host: String?
    var settings: Settings
    var lock: FolderLock
}

/// Why a server with several workspaces does not start.
struct WorkspaceProblem: Error {
    let host: String
    let folder: String
    let reason: any Error
}

extension WorkspaceProblem {
    /// Runs what could go wrong about a workspace, and says which one it was; of the main one what goes wrong says enough.
    static func naming<R>(_ host: String?, _ folder: DataFolder, _ work: () async throws -> R) async throws -> R {
        do {
            return try await work()
        } catch  where host != nil {
            throw WorkspaceProblem(host: host ?? "", folder: folder.path, reason: error)
        }
    }
}
