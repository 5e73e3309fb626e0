import Foundation
import Kernel
import Testing

@testable import sightline

@Suite struct `A data folder` {
    @Test func `is made for its owner alone`() throws {
        let place = try TemporaryFolder()
        let folder = DataFolder(place.path + "/a/b")
        try folder.make()
        try folder.make()
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        try place.write("file", "")
        #expect(throws: FolderProblem.noFolder(place.path + "/file")) { try DataFolder(place.path + "/file").make() }
    }

    @Test func `is open once; the second is told who has it`() throws {
        let place = try TemporaryFolder()
        let folder = DataFolder(place.path)
        let lock = try FolderLock(folder)
        #expect(throws: FolderProblem.inUse(path: folder.path, pid: Int(getpid()))) { try FolderLock(folder) }
        #expect(try FolderLock.ifFree(folder) == nil)
        lock.release()
        #expect(try FolderLock.ifFree(folder) != nil)
    }
}

@Suite struct `Backups` {
    /// A folder with data, and a backup of other data made as the server makes it.
    private func places() throws -> (place: TemporaryFolder, data: DataFolder, backup: String) {
        let place = try TemporaryFolder()
        let data = DataFolder(place.path + "/data")
        try data.make()
        for (name, text) in [("ledger.db", "old ledger"), ("ledger.db-wal", "old wal"), ("state.db", "old state")] {
            try place.write("data/" + name, text)
        }
        try FileManager.default.createDirectory(atPath: data.timeline, withIntermediateDirectories: true)
        try place.write("data/timeline/columns", "old columns")
        try place.write("data/sightline.yaml", "port: 1")
        let backup = place.path + "/backup"
        _ = try Backup.write(
            to: backup, now: Instant(milliseconds: 1_000), copyState: { try Data("new state".utf8).write(to: URL(fileURLWithPath: $0)) },
            copyLedger: {
                try Data("new ledger".utf8).write(to: URL(fileURLWithPath: $0))
                return 42
            })
        return (place, data, backup)
    }

    private let now = Instant("2026-11-22T00:45:46.123Z")!

    private func isRestored(_ place: TemporaryFolder, _ data: DataFolder) throws {
        #expect(place.read("data/ledger.db") == "new ledger")
        #expect(place.read("data/state.db") == "new state")
        #expect(place.read("data/sightline.yaml") == "port: 1")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: data.path).sorted() == [
                "ledger.db", "replaced-20261122004546123", "sightline.yaml", "state.db",
            ])
        #expect(place.read("data/replaced-20261122004546123/ledger.db-wal") == "old wal")
        #expect(place.read("data/replaced-20261122004546123/timeline/columns") == "old columns")
    }

    @Test func `a manifest says what is in it, and reads back`() throws {
        let (place, _, backup) = try places()
        defer { withExtendedLifetime(place) {} }
        let manifest = try BackupManifest(folder: backup)
        #expect(manifest.newestBody == 42)
        #expect(manifest.files.map(\.bytes) == [10, 9])
        #expect(manifest.version == Version.number)
    }

    @Test func `restoring puts the data aside and the backup in its place`() throws {
        let (place, data, backup) = try places()
        _ = try Restoration.stage(backup, in: data)
        #expect(place.read("data/ledger.db") == "old ledger")
        #expect(try Restoration.complete(in: data, now: now) == data.file("replaced-20261122004546123"))
        try isRestored(place, data)
        #expect(try Restoration.complete(in: data, now: now) == nil)
    }

    @Test func `restoring into an empty folder puts nothing aside`() throws {
        let (place, _, backup) = try places()
        let empty = DataFolder(place.path + "/empty")
        try empty.make()
        _ = try Restoration.stage(backup, in: empty)
        #expect(try Restoration.complete(in: empty, now: now) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: empty.path).sorted() == ["ledger.db", "state.db"])
    }

    // Every state that a crash between two moves can leave behind is made by hand, and gone on from.
    @Test(arguments: 0...6) func `a restoration that broke off anywhere goes on where it was`(moves: Int) throws {
        let (place, data, backup) = try places()
        _ = try Restoration.stage(backup, in: data)
        let replaced = data.file("replaced-20261122004546123")
        let staged = data.restoring + "/"
        var steps: [() throws -> Void] = [
            { try Data("replaced-20261122004546123".utf8).write(to: URL(fileURLWithPath: staged + "destination")) },
            { mkdir(replaced, 0o700) },
        ]
        for name in ["ledger.db", "ledger.db-wal"] { steps.append { #expect(rename(data.file(name), replaced + "/" + name) == 0) } }
        steps.append {
            for name in ["state.db", "timeline"] { #expect(rename(data.file(name), replaced + "/" + name) == 0) }
            try Data().write(to: URL(fileURLWithPath: staged + "cleared"))
        }
        steps.append { #expect(rename(staged + "ledger.db", data.ledger) == 0) }
        for step in steps.prefix(moves) { try step() }
        // Another moment: what stands in the file counts once it is there.
        let later = moves == 0 ? now : Instant(milliseconds: 2_000_000_000_000)
        _ = try Restoration.complete(in: data, now: later)
        try isRestored(place, data)
    }

    @Test func `a copy that was never whole is thrown away`() throws {
        let (place, data, _) = try places()
        try FileManager.default.createDirectory(atPath: data.restoring + ".partial", withIntermediateDirectories: true)
        try place.write("data/restoring.partial/ledger.db", "half")
        #expect(try Restoration.complete(in: data, now: now) == nil)
        #expect(place.read("data/ledger.db") == "old ledger")
        #expect(!Disk.exists(data.restoring + ".partial"))
    }

    @Test func `what is damaged, unfinished or newer is refused and changes nothing`() throws {
        let (place, data, backup) = try places()
        let before = try FileManager.default.contentsOfDirectory(atPath: data.path).sorted()
        try place.write("backup/state.db", "new stAte")
        #expect(throws: BackupProblem.damaged(backup + "/state.db")) { try Restoration.stage(backup, in: data) }
        try place.write("backup/manifest.json", "{\"format\":2}")
        #expect(throws: BackupProblem.newer(backup + "/manifest.json", format: 2)) { try Restoration.stage(backup, in: data) }
        try place.write(
            "backup/manifest.json",
            "{\"format\":1,\"version\":\"1\",\"madeAt\":\"2026-01-01\",\"newestBody\":1,\"files\":[{\"name\":\"../x\",\"bytes\":1,\"blake2b\":\"\"}]}"
        )
        #expect(throws: BackupProblem.damaged(backup + "/manifest.json")) { try Restoration.stage(backup, in: data) }
        unlink(backup + "/manifest.json")
        #expect(throws: BackupProblem.noBackup(backup)) { try Restoration.stage(backup, in: data) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path).sorted() == before)
    }

    @Test func `a backup needs a new folder, and half of one is taken away`() throws {
        let (place, _, backup) = try places()
        #expect(throws: BackupProblem.exists(backup)) { try Backup.write(to: backup, now: now, copyState: { _ in }, copyLedger: { _ in 0 }) }
        #expect(throws: BackupProblem.relative("here")) { try Backup.write(to: "here", now: now, copyState: { _ in }, copyLedger: { _ in 0 }) }
        let failing = place.path + "/failing"
        #expect(throws: CommandProblem.interrupted) {
            try Backup.write(
                to: failing, now: now, copyState: { try Data("half".utf8).write(to: URL(fileURLWithPath: $0)) },
                copyLedger: { _ in throw CommandProblem.interrupted })
        }
        #expect(!Disk.exists(failing))
    }
}
