import Foundation
import Kernel

/// Puts a backup in the place of a folder's data.
///
/// In two steps, each of which can break off anywhere and be done again:
/// 1. ``stage(_:in:keep:check:)`` copies a verified backup into `restoring` (by way of `restoring.partial`: what is called
///    `restoring` is whole). Nothing else changes, so it can run beside a server.
/// 2. ``complete(in:now:carry:)``, under the folder's lock and before anything is opened, carries into the copies who was
///    erased and what was revoked since, moves the data out of the way, and the copies into its place. Files that say how
///    far it is make it go on where it was.
///
/// What the data was goes with `restoring` in the end, unless it shall be kept, or something could not be carried over: then
/// it stays in `replaced-…`.
enum Restoration {
    /// Says that the data is to be kept.
    private static let kept = "keep"
    /// Names where the data goes; written when everything is carried over, before the first file moves.
    private static let destination = "destination"
    /// All data is out of the way; what moves from now on is the copies.
    private static let cleared = "cleared"

    /// Verifies a backup while copying it.
    /// - Parameters:
    ///   - keep: Whether the data is kept in `replaced-…`.
    ///   - check: Throws when this program cannot open the copies in the folder it is given.
    static func stage(
        _ backup: String, in folder: DataFolder, keep: Bool, check: (String) throws(BackupProblem) -> Void
    ) throws(BackupProblem) -> BackupManifest {
        let manifest = try BackupManifest(folder: backup)
        let partial = folder.restoring + ".partial"
        if Disk.exists(folder.restoring) { throw .staged(folder.path) }
        remove(partial)
        guard mkdir(partial, 0o700) == 0 else { throw .system("\(partial) cannot be made", errno) }
        do throws(BackupProblem) {
            for file in manifest.files {
                let sum = try FileSum.of(backup + "/" + file.name, copy: partial + "/" + file.name)
                guard sum == FileSum(bytes: file.bytes, checksum: file.checksum) else { throw .damaged(backup + "/" + file.name) }
            }
            try check(partial)
            if keep { try Disk.write([], to: partial + "/" + kept) }
            try Restored(madeAt: manifest.madeAt).write(in: partial)
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
    /// - Parameter carry: Takes into the copies in the folder it is given what the data must not lose, durably, and says what
    ///   that was. Called again when it was cut short.
    /// - Returns: What came of it, which also stands in the folder from now on.
    static func complete(
        in folder: DataFolder, now: Instant, carry: (_ copies: String) async throws -> CarriedOver
    ) async throws -> Restored? {
        remove(folder.restoring + ".partial")
        guard Disk.exists(folder.restoring) else { return nil }
        let staged = folder.restoring + "/"
        if !Disk.exists(staged + destination) {
            let hasData = DataFolder.data.contains { Disk.exists(folder.file($0)) }
            let carried = hasData ? try await carry(folder.restoring) : CarriedOver()
            let keep = hasData && (Disk.exists(staged + kept) || !carried.gaps.isEmpty)
            // Inside of `restoring` it goes when that goes, in one step.
            let name = keep ? "replaced-" + now.rfc3339.filter(\.isNumber).prefix(17) : "restoring/replaced"
            guard var restored = Restored(in: folder.restoring) else { throw BackupProblem.damaged(staged + Restored.name) }
            restored.carried = carried
            restored.kept = keep ? name : nil
            try restored.write(in: folder.restoring)
            try Disk.write(Array(name.utf8), to: staged + destination)
            try Disk.sync(folder: folder.restoring)
        }
        guard let text = FileManager.default.contents(atPath: staged + destination) else { throw BackupProblem.damaged(staged + destination) }
        try swap(folder, replaced: folder.file(String(decoding: text, as: UTF8.self)))
        return Restored(in: folder.path)
    }

    private static func swap(_ folder: DataFolder, replaced: String) throws(BackupProblem) {
        let staged = folder.restoring + "/"
        if !Disk.exists(staged + cleared) {
            guard mkdir(replaced, 0o700) == 0 || errno == EEXIST else { throw .system("\(replaced) cannot be made", errno) }
            for name in DataFolder.data where Disk.exists(folder.file(name)) { try move(folder.file(name), replaced + "/" + name) }
            try Disk.sync(folder: replaced)
            try Disk.sync(folder: folder.path)
            try Disk.write([], to: staged + cleared)
            try Disk.sync(folder: folder.restoring)
        }
        for name in DataFolder.data + [Restored.name] where Disk.exists(staged + name) { try move(staged + name, folder.file(name)) }
        try Disk.sync(folder: folder.path)
        // Away in one step: half of it must not be taken for a restoration that has only begun.
        let done = folder.restoring + ".partial"
        try move(folder.restoring, done)
        try Disk.sync(folder: folder.path)
        remove(done)
    }

    private static func move(_ from: String, _ to: String) throws(BackupProblem) {
        guard rename(from, to) == 0 else { throw .system("\(from) cannot be moved to \(to)", errno) }
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
