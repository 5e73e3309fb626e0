import Foundation
import Kernel

/// Puts a backup in the place of a folder's data.
///
/// In two steps, each of which can break off anywhere and be done again:
/// 1. ``stage(_:in:)`` copies a verified backup into `restoring` (by way of `restoring.partial`: what is called `restoring` is
///    whole). Nothing else changes, so it can run beside a server.
/// 2. ``complete(in:now:)``, under the folder's lock and before anything is opened, moves the data into `replaced-…` and
///    the copies into its place. Files that say how far it is make it go on where it was.
enum Restoration {
    /// Names where the data goes; written before the first file moves.
    private static let destination = "destination"
    /// All data is out of the way; what moves from now on is the copies.
    private static let cleared = "cleared"

    /// Verifies a backup while copying it.
    static func stage(_ backup: String, in folder: DataFolder) throws(BackupProblem) -> BackupManifest {
        let manifest = try BackupManifest(folder: backup)
        let partial = folder.restoring + ".partial"
        if Disk.exists(folder.restoring) { throw .exists(folder.restoring) }
        remove(partial)
        guard mkdir(partial, 0o700) == 0 else { throw .system("\(partial) cannot be made", errno) }
        do throws(BackupProblem) {
            for file in manifest.files {
                let sum = try FileSum.of(backup + "/" + file.name, copy: partial + "/" + file.name)
                guard sum == FileSum(bytes: file.bytes, checksum: file.checksum) else { throw .damaged(backup + "/" + file.name) }
            }
            try Disk.sync(folder: partial)
            guard rename(partial, folder.restoring) == 0 else { throw .system("\(folder.restoring) cannot be made", errno) }
            try Disk.sync(folder: folder.path)
        } catch {
            remove(partial)
            throw error
        }
        return manifest
    }

    /// Does what was staged; nothing when nothing was.
    /// - Returns: Where the data went, when there was some.
    static func complete(in folder: DataFolder, now: Instant) throws(BackupProblem) -> String? {
        remove(folder.restoring + ".partial")
        guard Disk.exists(folder.restoring) else { return nil }
        let staged = folder.restoring + "/"
        if !Disk.exists(staged + destination) {
            let name = "replaced-" + now.rfc3339.filter(\.isNumber).prefix(17)
            try Disk.write(Array(name.utf8), to: staged + destination)
            try Disk.sync(folder: folder.restoring)
        }
        guard let text = FileManager.default.contents(atPath: staged + destination) else { throw .damaged(staged + destination) }
        let replaced = folder.file(String(decoding: text, as: UTF8.self))
        if !Disk.exists(staged + cleared) {
            guard mkdir(replaced, 0o700) == 0 || errno == EEXIST else { throw .system("\(replaced) cannot be made", errno) }
            for name in DataFolder.data where Disk.exists(folder.file(name)) { try move(folder.file(name), replaced + "/" + name) }
            try Disk.sync(folder: replaced)
            try Disk.sync(folder: folder.path)
            try Disk.write([], to: staged + cleared)
            try Disk.sync(folder: folder.restoring)
        }
        for name in DataFolder.data where Disk.exists(staged + name) { try move(staged + name, folder.file(name)) }
        try Disk.sync(folder: folder.path)
        // Away in one step: half of it must not be taken for a restoration that has only begun.
        let done = folder.restoring + ".partial"
        try move(folder.restoring, done)
        try Disk.sync(folder: folder.path)
        remove(done)
        // Nothing was replaced in a new folder.
        return Disk.exists(replaced) && rmdir(replaced) != 0 ? replaced : nil
    }

    private static func move(_ from: String, _ to: String) throws(BackupProblem) {
        guard rename(from, to) == 0 else { throw .system("\(from) cannot be moved to \(to)", errno) }
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
