import Foundation
import Kernel
import Ledger
import Testing

@testable import sightline

@Suite struct `Backups that are kept` {
    // A Wednesday.
    private let now = Instant("2026-11-18T12:00:00Z")!
    private func candidate(_ at: String, sound: Bool = true) -> Retention.Candidate {
        Retention.Candidate(name: at, madeAt: Instant(at)!, isSound: sound)
    }
    private func removed(_ backups: [Retention.Candidate], days: Int64 = 3, weeks: Int = 2) -> [String] {
        Retention(all: days * Retention.day, weeks: weeks).removable(backups, now: now).map(\.name)
    }

    @Test func `are all of the last days, to the millisecond`() {
        let edge = [candidate("2026-11-18T11:00:00Z"), candidate("2026-11-17T00:00:00Z"), candidate("2026-11-15T12:00:00Z")]
        #expect(removed(edge, weeks: 0).isEmpty)
        #expect(removed(edge + [candidate("2026-11-15T11:59:59.999Z")], weeks: 0) == ["2026-11-15T11:59:59.999Z"])
    }

    @Test func `are the newest of each week besides, a week beginning on Monday`() {
        let monday = candidate("2026-11-09T00:00:00Z")
        let sunday = candidate("2026-11-15T11:00:00Z")
        let before = candidate("2026-11-08T23:59:59.999Z")
        let all = [candidate("2026-11-18T11:00:00Z"), sunday, candidate("2026-11-14T00:00:00Z"), monday, before]
        #expect(removed(all) == ["2026-11-09T00:00:00Z", "2026-11-14T00:00:00Z"])
        #expect(removed(all, weeks: 1) == ["2026-11-08T23:59:59.999Z", "2026-11-09T00:00:00Z", "2026-11-14T00:00:00Z"])
        #expect(removed(all, weeks: 0).count == 4)
    }

    @Test func `are of each week the newest sound one, not one that is damaged`() {
        let all = [candidate("2026-11-18T11:00:00Z"), candidate("2026-11-10T12:00:00Z", sound: false), candidate("2026-11-10T11:00:00Z")]
        #expect(removed(all) == ["2026-11-10T12:00:00Z"])
    }

    @Test func `are the newest sound one, however old, and all while none is sound`() {
        let old = [candidate("2020-01-02T00:00:00Z"), candidate("2020-01-01T00:00:00Z")]
        #expect(removed(old, days: 1, weeks: 0) == ["2020-01-01T00:00:00Z"])
        #expect(removed(old + [candidate("2026-11-18T00:00:00Z", sound: false)], days: 1, weeks: 0) == ["2020-01-01T00:00:00Z"])
        #expect(removed(["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"].map { candidate($0, sound: false) }, days: 1, weeks: 0).isEmpty)
        #expect(removed([]).isEmpty)
    }

    @Test func `may be of the future, when a clock was set back`() {
        #expect(removed([candidate("2027-01-01T00:00:00Z"), candidate("2026-11-18T00:00:00Z")], days: 1, weeks: 0).isEmpty)
    }

    @Test func `weeks are counted before 1970 too`() {
        #expect(Retention.week(Instant("1970-01-05T00:00:00Z")!) == 0)
        #expect(Retention.week(Instant("1970-01-04T23:59:59.999Z")!) == -1)
        #expect(Retention.week(Instant("1969-12-29T00:00:00Z")!) == -1)
        #expect(Retention.week(Instant("1969-12-28T23:59:59Z")!) == -2)
    }

    @Test func `are called by their time and installation, and what is unfinished is told by its end`() {
        let name = BackupName.of(Instant("2026-11-22T06:20:06.123Z")!, "abcdefghijklmnop")
        #expect(name == "sightline-2026-11-22T06-20-06.123Z-ijklmnop")
        #expect(BackupName.isUnfinished(name + ".partial", of: "abcdefghijklmnop"))
        #expect(BackupName.isUnfinished(name + ".removing", of: "abcdefghijklmnop"))
        #expect(!BackupName.isUnfinished(name, of: "abcdefghijklmnop"))
        #expect(!BackupName.isUnfinished(name + ".partial", of: "another-installation"))
        #expect(!BackupName.isUnfinished("mine.partial", of: "abcdefghijklmnop"))
    }

    @Test func `what a test restore found reads back`() throws {
        let place = try TemporaryFolder()
        var check = BackupCheck(at: now, result: .damaged, wrong: ["It is."])
        check.bodies = 3
        check.interactions = 2
        check.customers = 1
        try check.write(in: place.path)
        #expect(BackupCheck(in: place.path) == check)
        try place.write(BackupCheck.name, "{\"format\":2}")
        #expect(BackupCheck(in: place.path) == nil)
    }

    @Test func `a backup uses what one that was cut off left behind, and touches nothing of anybody else`() throws {
        let place = try TemporaryFolder()
        let folder = place.path + "/copy"
        try FileManager.default.createDirectory(atPath: folder + ".partial", withIntermediateDirectories: true)
        try place.write("copy.partial/state.db", "half")
        func write() throws {
            _ = try Backup.write(
                to: folder, now: now,
                from: .init(
                    state: { try Data("s".utf8).write(to: URL(fileURLWithPath: $0)) },
                    access: { try Data("a".utf8).write(to: URL(fileURLWithPath: $0)) },
                    ledger: {
                        try Data("l".utf8).write(to: URL(fileURLWithPath: $0))
                        return .init(raw: 0)
                    }))
        }
        try place.write("copy.partial/mine.txt", "mine")
        #expect(throws: BackupProblem.exists(folder + ".partial")) { try write() }
        #expect(place.read("copy.partial/mine.txt") == "mine")
        unlink(folder + ".partial/mine.txt")
        try write()
        #expect(try place.names() == ["copy"] && place.read("copy/state.db") == "s")
    }

    @Test func `a backup that is given up leaves nothing`() throws {
        let place = try TemporaryFolder()
        let work = BackupWork()
        work.cancel()
        #expect(throws: CancellationError.self) {
            try Backup.write(
                to: place.path + "/copy", now: now,
                from: .init(
                    state: { try Data("s".utf8).write(to: URL(fileURLWithPath: $0)) }, access: { _ in try work.check() },
                    ledger: { _ in .init(raw: 0) }),
                work: work)
        }
        #expect(try place.names().isEmpty)
    }
}
