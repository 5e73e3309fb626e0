import Foundation
import Kernel

/// The folder in which backups are made by themselves.
struct BackupShelf: Equatable, Sendable {
    /// Absolute.
    let path: String
    /// Whose backups are removed when their time is over; everybody else's, and whatever else lies here, is left alone.
    let installation: String

    struct Item: Equatable, Sendable {
        var name: String
        var path: String
        var manifest: BackupManifest
        var check: BackupCheck?
        /// Made here by itself or with "Make one now", so that it goes when its time is over.
        var isOurs: Bool
        var isSound: Bool { check?.result == .sound }
    }

    /// Every backup in the folder, newest first: of others too. What has no manifest is no backup.
    func items() -> [Item] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name -> Item? in
            let place = path + "/" + name
            guard !name.hasSuffix(Backup.unfinished), !name.hasSuffix(BackupName.removing), Self.isFolder(place),
                let manifest = try? BackupManifest(folder: place)
            else { return nil }
            return Item(name: name, path: place, manifest: manifest, check: BackupCheck(in: place), isOurs: isOurs(name, manifest))
        }.sorted { ($0.manifest.madeAt, $0.name) > ($1.manifest.madeAt, $1.name) }
    }

    /// Ours is what has our name, by the time and the installation in its manifest, and holds nothing but a backup.
    private func isOurs(_ name: String, _ manifest: BackupManifest) -> Bool {
        guard manifest.installation == installation, name == BackupName.of(manifest.madeAt, installation) else { return false }
        let known = Set(DataFolder.databases + [BackupManifest.name, BackupCheck.name, BackupCheck.name + ".new", TestRestore.place])
        return ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + name)) ?? []).allSatisfy(known.contains)
    }

    /// Takes away what was left behind by a backup or a removal that was cut off.
    func tidy() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where BackupName.isUnfinished(name, of: installation) {
            let place = path + "/" + name
            guard Self.isFolder(place) else { continue }
            Backup.empty(place)
            rmdir(place)
        }
    }

    /// Removes what is not kept any more.
    /// - Returns: The names of what is gone.
    func remove(by retention: Retention, now: Instant) -> [String] {
        let ours = items().filter(\.isOurs)
        let candidates = ours.map { Retention.Candidate(name: $0.name, madeAt: $0.manifest.madeAt, isSound: $0.isSound) }
        return retention.removable(candidates, now: now).filter { one in
            // Away with its name in one step: half of it must not be taken for a backup.
            let place = path + "/" + one.name
            guard rename(place, place + BackupName.removing) == 0 else { return false }
            Backup.empty(place + BackupName.removing)
            return rmdir(place + BackupName.removing) == 0
        }.map(\.name)
    }

    /// A folder itself, not a link to one.
    private static func isFolder(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType) == .typeDirectory
    }
}
