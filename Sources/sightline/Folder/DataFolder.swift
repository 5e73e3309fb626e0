import Foundation

/// A data folder: where its parts lie.
///
/// ```
/// ledger.db        what happened (and its -wal and -shm)
/// state.db         what follows from it
/// access.db        people, keys, tokens, the audit log
/// timeline/        columns, made again from the ledger when they are missing
/// demo.json        of which invented company the data is, if it is one's
/// sightline.yaml   settings, if somebody wrote some
/// lock             held by the process that has the folder open; holds its number
/// sightline.sock   where that process answers the commands
/// restoring/       a backup that is about to take the place of all this
/// restored.json    what the newest restoration came to
/// replaced-…/      what a backup took the place of, when it was to be kept
/// ```
struct DataFolder: Sendable, Equatable {
    /// Absolute, without a slash at its end.
    let path: String

    /// - Parameter path: Absolute, or relative to the working directory.
    init(_ path: String) { self.path = URL(fileURLWithPath: path).standardizedFileURL.path }

    func file(_ name: String) -> String { path + "/" + name }
    var ledger: String { file("ledger.db") }
    var state: String { file("state.db") }
    var access: String { file("access.db") }
    var timeline: String { file("timeline") }
    var lock: String { file("lock") }
    var settings: String { file("sightline.yaml") }
    var restoring: String { file("restoring") }
    var socket: String { file("sightline.sock") }

    /// What a backup takes the place of: everything that is data.
    static let data = databases.flatMap { [$0, $0 + "-wal", $0 + "-shm"] } + ["timeline", "demo.json"]
    /// What a backup holds.
    static let databases = ["ledger.db", "state.db", "access.db"]

    var exists: Bool { FileManager.default.fileExists(atPath: path) }
    /// True when the folder has data, or is about to get some.
    var hasData: Bool { (Self.data + ["restoring"]).contains { FileManager.default.fileExists(atPath: file($0)) } }

    /// What backups took the place of and what was kept, by name.
    var replaced: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix("replaced-") }.sorted()
    }

    /// Makes the folder when it is missing, for its owner alone: what is in it is personal data.
    /// - Parameter parents: Whether the folders above it are made too; else the one above must be there.
    /// - Returns: Whether it was made.
    @discardableResult func make(parents: Bool = true) throws(FolderProblem) -> Bool {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else { throw .noFolder(path) }
            return false
        }
        if !parents, !FileManager.default.fileExists(atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path) { throw .missing(path) }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .system("The data folder \(path) cannot be made", errno)
        }
        return true
    }
}

/// Why a data folder cannot be used.
enum FolderProblem: Error, Equatable {
    /// The path is something else than a folder.
    case noFolder(String)
    /// There is no data folder where one is needed.
    case missing(String)
    /// Another process has the folder open; its number, when it wrote it down.
    case inUse(path: String, pid: Int?)
    /// The process that has the folder open does not answer on its socket.
    case noAnswer(path: String, pid: Int?, reason: String)
    /// What was tried, and the system's number for what is wrong.
    case system(String, Int32)
}
