import CSodium
import Foundation
import Kernel
import Ledger
import Simdjson

// A backup is a folder: `ledger.db`, `state.db`, `access.db`, and `manifest.json`, which is written last, so that a folder without one is
// no backup. Version 1 of the manifest:
//
//   {"format":1,"version":"0.1.0","madeAt":"2026-11-21T23:59:06.123Z","position":308740104,
//    "files":[{"name":"ledger.db","bytes":123,"blake2b":"64 hexadecimal digits"},…]}
//
// The state is copied before the ledger: what the state concluded is then always in the ledger, and the rest is concluded
// when the backup is opened. The timeline is no part of it, as it is made again from the ledger.

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
    var version: String
    var madeAt: Instant
    /// Of the newest that is in it.
    var position: Position
    var files: [File]

    var json: JSON {
        [
            "format": .integer(Int64(Self.format)), "version": .string(version), "madeAt": .string(madeAt.rfc3339),
            "position": .integer(Int64(bitPattern: position.raw)),
            "files": .array(files.map { ["name": .string($0.name), "bytes": .integer(Int64($0.bytes)), "blake2b": .string($0.checksum)] }),
        ]
    }

    init(version: String, madeAt: Instant, position: Position, files: [File]) {
        self.version = version
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
        self.init(version: version, madeAt: at, position: Position(raw: UInt64(bitPattern: position)), files: files)
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
    case system(String, Int32)
}

/// Makes backups.
enum Backup {
    /// Writes a backup into a new folder.
    /// - Parameters:
    ///   - copyState: Copies the state into a file.
    ///   - copyAccess: Copies people, keys and the audit log into a file.
    ///   - copyLedger: Copies the ledger into a file, and says what is the newest in it.
    static func write(
        to folder: String, now: Instant, copyState: (String) throws -> Void, copyAccess: (String) throws -> Void,
        copyLedger: (String) throws -> Position
    ) throws -> BackupManifest {
        guard folder.hasPrefix("/") else { throw BackupProblem.relative(folder) }
        if let content = try? FileManager.default.contentsOfDirectory(atPath: folder), !content.isEmpty { throw BackupProblem.exists(folder) }
        // A folder that was there is somebody's: only what is made here is taken away again.
        let made = !Disk.exists(folder)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BackupProblem.system("The folder \(folder) cannot be made", errno)
        }
        do {
            try copyState(folder + "/state.db")
            try copyAccess(folder + "/access.db")
            let newest = try copyLedger(folder + "/ledger.db")
            var files: [BackupManifest.File] = []
            for name in DataFolder.databases {
                let sum = try FileSum.of(folder + "/" + name, sync: true)
                files.append(.init(name: name, bytes: sum.bytes, checksum: sum.checksum))
            }
            let manifest = BackupManifest(version: Version.number, madeAt: now, position: newest, files: files)
            try Disk.write(manifest.json.bytes + [0x0A], to: folder + "/" + BackupManifest.name)
            try Disk.sync(folder: folder)
            return manifest
        } catch {
            // What is half a backup must not be taken for one.
            for name in DataFolder.databases.flatMap({ [$0, $0 + "-wal", $0 + "-shm"] }) + [BackupManifest.name] {
                unlink(folder + "/" + name)
            }
            if made { rmdir(folder) }
            throw error
        }
    }
}

/// Size and checksum of a file.
struct FileSum: Equatable {
    var bytes: Int
    var checksum: String

    /// Reads a file, and writes it elsewhere on the way when `copy` is given.
    /// - Parameters:
    ///   - copy: A path where no file may be; synced before this returns.
    ///   - sync: Whether the file read is synced too.
    static func of(_ path: String, copy: String? = nil, sync: Bool = false) throws(BackupProblem) -> FileSum {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .system("\(path) cannot be read", errno) }
        defer { close(source) }
        var target: Int32 = -1
        if let copy {
            target = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard target >= 0 else { throw .system("\(copy) cannot be written", errno) }
        }
        defer { if target >= 0 { close(target) } }
        // libsodium's state must stand on a multiple of 64 bytes.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
        defer { memory.deallocate() }
        let state = OpaquePointer(memory)
        crypto_generichash_init(state, nil, 0, 32)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { chunk.deallocate() }
        var total = 0
        while true {
            let count = read(source, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("\(path) cannot be read", errno) }
            if count == 0 { break }
            total += count
            crypto_generichash_update(state, chunk.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(count))
            if target >= 0 { try write(chunk.baseAddress, count, to: target, copy ?? "") }
        }
        if target >= 0, fsync(target) != 0 { throw .system("\(copy ?? "") cannot be written", errno) }
        if sync, fsync(source) != 0 { throw .system("\(path) cannot be written", errno) }
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_generichash_final(state, &digest, digest.count)
        return FileSum(bytes: total, checksum: digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    private static func write(_ bytes: UnsafeMutableRawPointer?, _ count: Int, to descriptor: Int32, _ path: String) throws(BackupProblem) {
        var done = 0
        while done < count {
            let written = Foundation.write(descriptor, bytes?.advanced(by: done), count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("\(path) cannot be written", errno) }
            done += written
        }
    }
}

/// Files that are there after a power cut.
enum Disk {
    /// Writes a new file beside, syncs it, and puts it in its place.
    static func write(_ bytes: [UInt8], to path: String) throws(BackupProblem) {
        let beside = path + ".new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("\(path) cannot be written", errno) }
        let whole = Foundation.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard whole else { throw .system("\(path) cannot be written", code) }
        guard rename(beside, path) == 0 else { throw .system("\(path) cannot be written", errno) }
    }

    /// Makes names that were added, moved or removed in a folder last.
    static func sync(folder: String) throws(BackupProblem) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("\(folder) cannot be opened", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("\(folder) cannot be written", errno) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
