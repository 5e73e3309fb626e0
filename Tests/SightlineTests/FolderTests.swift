import Foundation
import Kernel
import Ledger
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
        for (name, text) in [("ledger.db", "old ledger"), ("ledger.db-wal", "old wal"), ("state.db", "old state"), ("access.db", "old access")] {
            try place.write("data/" + name, text)
        }
        try FileManager.default.createDirectory(atPath: data.timeline, withIntermediateDirectories: true)
        try place.write("data/timeline/columns", "old columns")
        try place.write("data/sightline.yaml", "port: 1")
        let backup = place.path + "/backup"
        _ = try Backup.write(
            to: backup, now: Instant(milliseconds: 1_000),
            from: .init(
                state: { try Data("new state".utf8).write(to: URL(fileURLWithPath: $0)) },
                access: { try Data("new access".utf8).write(to: URL(fileURLWithPath: $0)) },
                ledger: {
                    try Data("new ledger".utf8).write(to: URL(fileURLWithPath: $0))
                    return Position(body: 42, index: 7)
                }))
        return (place, data, backup)
    }

    private let now = Instant("2026-11-22T00:45:46.123Z")!

    private func isRestored(_ place: TemporaryFolder, _ data: DataFolder, kept: Bool) throws {
        #expect(place.read("data/ledger.db") == "new ledger")
        #expect(place.read("data/state.db") == "new state")
        #expect(place.read("data/sightline.yaml") == "port: 1")
        let names = ["access.db", "ledger.db", "replaced-20261122004546123", "restored.json", "sightline.yaml", "state.db"]
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path).sorted() == names.filter { kept || !$0.hasPrefix("replaced") })
        let restored = try #require(Restored(in: data.path))
        #expect(restored.madeAt == Instant(milliseconds: 1_000) && !restored.settled)
        #expect(restored.kept == (kept ? "replaced-20261122004546123" : nil))
        guard kept else { return }
        #expect(place.read("data/replaced-20261122004546123/ledger.db-wal") == "old wal")
        #expect(place.read("data/replaced-20261122004546123/timeline/columns") == "old columns")
    }

    private func stage(_ backup: String, in folder: DataFolder, keep: Bool = false) throws(BackupProblem) {
        _ = try Restoration.stage(backup, in: folder, keep: keep, check: { _ throws(BackupProblem) in })
    }

    private func complete(in folder: DataFolder, now: Instant? = nil, gaps: [String] = []) async throws -> Restored? {
        try await Restoration.complete(in: folder, now: now ?? self.now) { copies in
            #expect(Disk.exists(copies + "/ledger.db") && Disk.exists(folder.ledger))
            return CarriedOver(erased: 1, keptAccess: true, gaps: gaps)
        }
    }

    @Test func `a manifest says what is in it, and reads back`() throws {
        let (place, _, backup) = try places()
        defer { withExtendedLifetime(place) {} }
        let manifest = try BackupManifest(folder: backup)
        #expect(manifest.position == Position(body: 42, index: 7))
        #expect(manifest.files.map(\.bytes) == [10, 9, 10])
        #expect(manifest.version == Version.number)
    }

    @Test(arguments: [false, true]) func `restoring puts the backup in the data's place, which is kept when it shall be`(keep: Bool) async throws {
        let (place, data, backup) = try places()
        try stage(backup, in: data, keep: keep)
        #expect(place.read("data/ledger.db") == "old ledger")
        let restored = try #require(try await complete(in: data))
        #expect(restored.carried == CarriedOver(erased: 1, keptAccess: true, gaps: []))
        try isRestored(place, data, kept: keep)
        #expect(try await complete(in: data) == nil)
    }

    @Test func `data that not everything could be carried out of is kept`() async throws {
        let (place, data, backup) = try places()
        try stage(backup, in: data)
        let restored = try #require(try await complete(in: data, gaps: ["The ledger is damaged."]))
        try isRestored(place, data, kept: true)
        #expect(restored.sentences(data).contains("The ledger is damaged."))
        #expect(data.replaced == ["replaced-20261122004546123"])
    }

    @Test func `restoring into an empty folder carries nothing and puts nothing aside`() async throws {
        let (place, _, backup) = try places()
        let empty = DataFolder(place.path + "/empty")
        try empty.make()
        try stage(backup, in: empty)
        let restored = try await Restoration.complete(in: empty, now: now) { _ in throw CommandProblem.interrupted }
        #expect(restored?.carried == CarriedOver())
        #expect(try FileManager.default.contentsOfDirectory(atPath: empty.path).sorted() == ["access.db", "ledger.db", "restored.json", "state.db"])
    }

    // Every state that a crash between two moves can leave behind is made by hand, and gone on from.
    @Test(arguments: 0...6, [false, true]) func `a restoration that broke off anywhere goes on where it was`(moves: Int, keep: Bool) async throws {
        let (place, data, backup) = try places()
        try stage(backup, in: data, keep: keep)
        let staged = data.restoring + "/"
        let name = keep ? "replaced-20261122004546123" : "restoring/replaced"
        let replaced = data.file(name)
        var steps: [() throws -> Void] = [
            {
                var restored = try #require(Restored(in: data.restoring))
                restored.kept = keep ? name : nil
                try restored.write(in: data.restoring)
                try Data(name.utf8).write(to: URL(fileURLWithPath: staged + "destination"))
            },
            { mkdir(replaced, 0o700) },
        ]
        for name in ["ledger.db", "ledger.db-wal"] { steps.append { #expect(rename(data.file(name), replaced + "/" + name) == 0) } }
        steps.append {
            for name in ["state.db", "access.db", "timeline"] { #expect(rename(data.file(name), replaced + "/" + name) == 0) }
            try Data().write(to: URL(fileURLWithPath: staged + "cleared"))
        }
        steps.append { #expect(rename(staged + "ledger.db", data.ledger) == 0) }
        for step in steps.prefix(moves) { try step() }
        // Another moment: what stands in the file counts once it is there.
        _ = try await complete(in: data, now: moves == 0 ? now : Instant(milliseconds: 2_000_000_000_000))
        try isRestored(place, data, kept: keep)
    }

    @Test func `a restoration that could not carry everything over changes nothing and is tried again`() async throws {
        let (place, data, backup) = try places()
        try stage(backup, in: data)
        await #expect(throws: CommandProblem.interrupted) {
            _ = try await Restoration.complete(in: data, now: now) { _ in throw CommandProblem.interrupted }
        }
        #expect(place.read("data/ledger.db") == "old ledger")
        #expect(try await complete(in: data)?.carried.erased == 1)
        try isRestored(place, data, kept: false)
    }

    @Test func `a copy that was never whole is thrown away`() async throws {
        let (place, data, _) = try places()
        try FileManager.default.createDirectory(atPath: data.restoring + ".partial", withIntermediateDirectories: true)
        try place.write("data/restoring.partial/ledger.db", "half")
        #expect(try await complete(in: data) == nil)
        #expect(place.read("data/ledger.db") == "old ledger")
        #expect(!Disk.exists(data.restoring + ".partial"))
    }

    @Test func `what is damaged, unfinished, newer or unusable is refused and changes nothing`() throws {
        let (place, data, backup) = try places()
        let before = try FileManager.default.contentsOfDirectory(atPath: data.path).sorted()
        #expect(throws: BackupProblem.unusable("No.")) {
            try Restoration.stage(backup, in: data, keep: false, check: { _ throws(BackupProblem) in throw .unusable("No.") })
        }
        try place.write("backup/state.db", "new stAte")
        #expect(throws: BackupProblem.damaged(backup + "/state.db")) { try stage(backup, in: data) }
        try place.write("backup/manifest.json", "{\"format\":2}")
        #expect(throws: BackupProblem.newer(backup + "/manifest.json", format: 2)) { try stage(backup, in: data) }
        try place.write(
            "backup/manifest.json",
            "{\"format\":1,\"version\":\"1\",\"madeAt\":\"2026-01-01\",\"position\":1,\"files\":[{\"name\":\"../x\",\"bytes\":1,\"blake2b\":\"\"}]}"
        )
        #expect(throws: BackupProblem.damaged(backup + "/manifest.json")) { try stage(backup, in: data) }
        unlink(backup + "/manifest.json")
        #expect(throws: BackupProblem.noBackup(backup)) { try stage(backup, in: data) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: data.path).sorted() == before)
    }

    @Test func `a backup needs a new folder, and of half a one only what was made goes`() throws {
        let (place, _, backup) = try places()
        let nothing = Backup.Source(state: { _ in }, access: { _ in }, ledger: { _ in Position(raw: 0) })
        #expect(throws: BackupProblem.exists(backup)) {
            try Backup.write(to: backup, now: now, from: nothing)
        }
        #expect(throws: BackupProblem.relative("here")) {
            try Backup.write(to: "here", now: now, from: nothing)
        }
        let mine = place.path + "/mine"
        try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: true)
        for failing in [place.path + "/failing", mine] {
            #expect(throws: CommandProblem.interrupted) {
                try Backup.write(
                    to: failing, now: now,
                    from: .init(
                        state: { try Data("half".utf8).write(to: URL(fileURLWithPath: $0)) }, access: { _ in },
                        ledger: { _ in throw CommandProblem.interrupted }))
            }
            #expect(!Disk.exists(failing + "/state.db") && !Disk.exists(failing + ".partial"))
        }
        #expect(!Disk.exists(place.path + "/failing"))
        #expect(Disk.exists(mine))
    }
}
