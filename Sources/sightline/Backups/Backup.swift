import Foundation
import Kernel
import Ledger
import Simdjson

// A backup is a folder: `ledger.db`, `state.db`, `access.db`, and `manifest.json`, which is written last, so that a folder without one is
// no backup. Version 1 of the manifest:
//
//   {"format":1,"version":"0.1.0","installation":"ins_…","madeAt":"2026-11-21T23:59:06.123Z","position":308740104,
//    "files":[{"name":"ledger.db","bytes":123,"blake2b":"64 hexadecimal digits"},…]}
//
// The state is copied before the ledger: what the state concluded is then always in the ledger, and the rest is concluded
// when the backup is opened. The timeline is no part of it, as it is made again from the ledger. What a test restore found
// stands beside it in `verified.json` (TestRestore.swift).

/// What a backup holds.
struct BackupManifest: Equatable, Sendable {
    static let format = 1
    static let name = "manifest.json"

    struct File: Equatable, Sendable {
        var name: String
        var bytes: Int
        /// BLAKE2b-256 in hexadecimal digits.
        var checksum: String
    }
    /// Of the program that made it.
    var version: String
    /// Whose it is; nil for one made before that was written down.
    var installation: String?
    var madeAt: Instant
    /// Of the newest that is in it.
    var position: Position
    var files: [File]

    var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    var json: JSON {
        [
            "format": .integer(Int64(Self.format)), "version": .string(version), "installation": installation.map(JSON.string) ?? .null,
            "madeAt": .string(madeAt.rfc3339),
            "position": .integer(Int64(bitPattern: position.raw)),
            "files": .array(files.map { ["name": .string($0.name), "bytes": .integer(Int64($0.bytes)), "blake2b": .string($0.checksum)] }),
        ]
    }

    init(version: String, installation: String? = nil, madeAt: Instant, position: Position, files: [File]) {
        self.version = version
        self.installation = installation
        self.madeAt = madeAt
        self.position = position
        self.files = files
    }

    /// Reads ``json``.
    init(folder: String) throws(BackupProblem) {
        let path = folder + "/" + Self.name
        guard let bytes = FileManager.default.contents(atPath: path) else { throw .noBackup(folder) }
        guard let json = try? JSONParser().parse(Array(bytes), { $0.toJSON() }), let format = json["format"]?.integer else { throw .damaged(path) }
        guard format == Self.format else { throw .newer(path, format: Int(format)) }
        guard let version = json["version"]?.string, let at = json["madeAt"]?.string.flatMap({ Instant($0) }),
            let position = json["position"]?.integer,
            let list = json["files"]?.array
        else { throw .damaged(path) }
        var files: [File] = []
        for item in list {
            guard let name = item["name"]?.string, DataFolder.databases.contains(name), let bytes = item["bytes"]?.integer,
                let checksum = item["blake2b"]?.string
            else { throw .damaged(path) }
            files.append(File(name: name, bytes: Int(bytes), checksum: checksum))
        }
        guard files.map(\.name).sorted() == DataFolder.databases.sorted() else { throw .damaged(path) }
        self.init(
            version: version, installation: json["installation"]?.string, madeAt: at, position: Position(raw: UInt64(bitPattern: position)),
            files: files)
    }
}

/// Why there is no backup, or none that can be used.
enum BackupProblem: Error, Equatable {
    /// The folder for a new backup has something in it already.
    case exists(String)
    /// There is no manifest: no backup, or one that was never finished.
    case noBackup(String)
    case damaged(String)
    case newer(String, format: Int)
    /// Sound, and nothing that this program can open; why, as a sentence.
    case unusable(String)
    /// The folder has a backup that waits to take the place of its data.
    case staged(String)
    /// A relative path, sent to a server that may run elsewhere.
    case relative(String)
    /// Another backup is being made.
    case busy
    /// No folder is set in which backups are made.
    case nowhere
    case system(String, Int32)
}

/// Makes backups.
enum Backup {
    /// What the folder is called while it is written.
    static let unfinished = ".partial"

    /// Copies the parts of the data. Each is handed the path of a new file.
    struct Source {
        var state: (String) throws -> Void
        /// People, keys and the audit log.
        var access: (String) throws -> Void
        /// Says what is the newest in the copy.
        var ledger: (String) throws -> Position
        /// Whose data it is; nil when that is not known.
        var installation: String?
    }

    /// Writes a backup into a new folder.
    ///
    /// It is written into `FOLDER.partial` and gets its name when it is whole. In a folder that is there already, and empty, it is
    /// written at once, the manifest last.
    static func write(to folder: String, now: Instant, from source: Source, work: BackupWork = BackupWork()) throws -> BackupManifest {
        guard folder.hasPrefix("/") else { throw BackupProblem.relative(folder) }
        if let content = try? FileManager.default.contentsOfDirectory(atPath: folder), !content.isEmpty { throw BackupProblem.exists(folder) }
        // A folder that was there is somebody's: only what is made here is taken away again.
        let isNew = !Disk.exists(folder)
        let place = isNew ? folder + unfinished : folder
        if isNew { try make(place) }
        do {
            let manifest = try fill(place, now, source, work)
            if isNew {
                guard rename(place, folder) == 0 else { throw BackupProblem.system("\(folder) cannot be made", errno) }
                try Disk.sync(folder: URL(fileURLWithPath: folder).deletingLastPathComponent().path)
            }
            return manifest
        } catch {
            // What is half a backup must not be taken for one.
            empty(place)
            if isNew { rmdir(place) }
            throw error
        }
    }

    /// Makes the folder to write into; one that was left behind by a backup that was cut off is used again.
    private static func make(_ place: String) throws(BackupProblem) {
        empty(place)
        if let content = try? FileManager.default.contentsOfDirectory(atPath: place), !content.isEmpty { throw .exists(place) }
        do {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .system("The folder \(place) cannot be made", errno)
        }
    }

    private static func fill(_ place: String, _ now: Instant, _ source: Source, _ work: BackupWork) throws -> BackupManifest {
        try source.state(place + "/state.db")
        try source.access(place + "/access.db")
        let newest = try source.ledger(place + "/ledger.db")
        var files: [BackupManifest.File] = []
        for name in DataFolder.databases {
            let sum = try FileSum.of(place + "/" + name, sync: true, goOn: work.check)
            files.append(.init(name: name, bytes: sum.bytes, checksum: sum.checksum))
        }
        let manifest = BackupManifest(version: Version.number, installation: source.installation, madeAt: now, position: newest, files: files)
        try Disk.write(manifest.json.bytes + [0x0A], to: place + "/" + BackupManifest.name)
        try Disk.sync(folder: place)
        return manifest
    }

    /// Takes away what a backup is made of, and nothing else.
    static func empty(_ place: String) {
        // The manifest first: without it the rest is no backup.
        for name in [BackupManifest.name, BackupManifest.name + ".new", BackupCheck.name, BackupCheck.name + ".new"] { unlink(place + "/" + name) }
        for name in DataFolder.databases.flatMap({ [$0, $0 + "-wal", $0 + "-shm", $0 + "-journal"] }) { unlink(place + "/" + name) }
        TestRestore.clean(place)
    }
}
