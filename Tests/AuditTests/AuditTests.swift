import Foundation
import GRDB
import Kernel
import Store
import Testing

@testable import Audit

private final class Bench: Sendable {
    let folder = URL.temporaryDirectory.appending(path: "audit-\(UUID().uuidString)")
    let store: Store
    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = try Store(path: folder.appending(path: "access.db").path, migrations: Audit.migrations)
    }
    deinit { try? FileManager.default.removeItem(at: folder) }
}

private func entry(_ action: AuditAction, at seconds: Int64 = 0, actor: String = "per_a", subject: String = "", detail: String = "") -> AuditEntry {
    AuditEntry(
        at: Instant(milliseconds: 1_000_000 + seconds * 1000), actor: actor, name: "Mira", action: action, subject: subject, detail: detail,
        address: "192.0.2.1")
}

@Suite struct `The audit log` {
    @Test func `entries are numbered and chained, also across restarts`() throws {
        let bench = try Bench()
        try Audit(store: bench.store).write(entry(.signIn))
        let audit = try Audit(store: bench.store)
        try audit.write(entry(.merge, subject: "cus_1"))
        let all = try audit.entries(limit: 10)
        #expect(all.map(\.number) == [2, 1])
        #expect(all[0].hash == Audit.hash(all[0], after: all[1].hash))
        #expect(try audit.check() == .sound(entries: 2, head: all[0].hash))
    }

    @Test(arguments: [
        "UPDATE audit SET name = 'Somebody' WHERE number = 2", "DELETE FROM audit WHERE number = 2",
        "UPDATE audit SET action = 'view' WHERE number = 2", "UPDATE audit SET action = 'nothing we know' WHERE number = 2",
        "UPDATE audit SET subject = detail, detail = subject WHERE number = 2",
    ]) func `a line that was changed or removed is found`(_ sql: String) throws {
        let bench = try Bench()
        let audit = try Audit(store: bench.store)
        for n in 1...3 { try audit.write(entry(.merge, subject: "cus_\(n)", detail: "by hand")) }
        try bench.store.write { try $0.execute(sql: sql) }
        #expect(try audit.check() == .broken(number: 2))
    }

    @Test func `a log whose end was cut off has another head`() throws {
        let bench = try Bench()
        let audit = try Audit(store: bench.store)
        for n in 1...3 { try audit.write(entry(.merge, subject: "cus_\(n)")) }
        let before = try audit.check()
        try bench.store.write { try $0.execute(sql: "DELETE FROM audit WHERE number = 3") }
        #expect(try Audit(store: bench.store).check() != before)
    }

    @Test func `the same look within ten minutes is written once`() throws {
        let audit = try Audit(store: Bench().store)
        for seconds: Int64 in [0, 1, 599, 600, 601] { audit.look(entry(.view, at: seconds, subject: "cus_1")) }
        audit.look(entry(.view, at: 2, actor: "per_b", subject: "cus_1"))
        audit.look(entry(.view, at: 3, subject: "cus_2"))
        let all = try audit.entries(limit: 10)
        #expect(all.filter { $0.subject == "cus_1" && $0.actor == "per_a" }.map { ($0.at.milliseconds - 1_000_000) / 1000 } == [600, 0])
        #expect(all.count == 4)
    }

    @Test func `the last look of each person at a customer is known, but for whoever asks and for programs`() throws {
        let audit = try Audit(store: Bench().store)
        for (seconds, actor, subject) in [
            (0, "per_a", "cus_1"), (1, "per_b", "cus_1"), (2, "per_c", "cus_2"), (3, "per_d", "cus_9"), (4, "token till", "cus_1"),
            (5000, "per_b", "cus_2"),
        ] as [(Int64, String, String)] { audit.look(entry(.view, at: seconds, actor: actor, subject: subject)) }
        try audit.write(entry(.merge, at: 6000, actor: "per_e", subject: "cus_1"))
        // One that is not written yet counts as well.
        audit.look(entry(.view, at: 7000, actor: "per_c", subject: "cus_1"))
        func who(_ me: String, _ limit: Int = 5) throws -> [String] {
            try audit.looks(at: ["cus_1", "cus_2"], leavingOut: me, limit: limit).map { "\($0.actor) \(($0.at.milliseconds - 1_000_000) / 1000)" }
        }
        #expect(try who("per_a") == ["per_c 7000", "per_b 5000"])
        #expect(try who("per_z", 2) == ["per_c 7000", "per_b 5000"])
        #expect(try who("per_c") == ["per_b 5000", "per_a 0"])
        #expect(try audit.looks(at: [], leavingOut: "per_a", limit: 5).isEmpty)
    }

    @Test func `looks stand before what was written after them`() throws {
        let audit = try Audit(store: Bench().store)
        audit.look(entry(.view, subject: "cus_1"))
        try audit.write(entry(.merge, subject: "cus_1"))
        #expect(try audit.entries(limit: 10).map(\.action) == [.merge, .view])
    }

    @Test func `filters can be joined, and pages go on`() throws {
        let audit = try Audit(store: Bench().store)
        for n in 0..<10 { try audit.write(entry(n % 2 == 0 ? .merge : .export, at: Int64(n), actor: n < 5 ? "per_a" : "per_b", subject: "cus_\(n)")) }
        #expect(try audit.entries(AuditFilter(actor: "per_a", action: .merge), limit: 10).map(\.number) == [5, 3, 1])
        #expect(try audit.entries(AuditFilter(actor: "per_a", action: .merge), before: 5, limit: 1).map(\.number) == [3])
        #expect(try audit.entries(AuditFilter(subject: "cus_7"), limit: 10).map(\.number) == [8])
        let from = Instant(milliseconds: 1_003_000)
        let to = Instant(milliseconds: 1_005_000)
        #expect(try audit.entries(AuditFilter(from: from, to: to), limit: 10).map(\.number) == [5, 4])
    }

    @Test func `what the disk refuses is not in the chain`() throws {
        let bench = try Bench()
        let audit = try Audit(store: bench.store)
        try audit.write(entry(.signIn))
        try bench.store.write { try $0.execute(sql: "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END") }
        #expect(throws: DatabaseError.self) { try audit.write(entry(.merge)) }
        try bench.store.write { try $0.execute(sql: "DROP TRIGGER full") }
        try audit.write(entry(.export))
        #expect(try audit.entries(limit: 10).map(\.number) == [2, 1])
        guard case .sound(2, _) = try audit.check() else { Issue.record("the chain is broken"); return }
    }
}
