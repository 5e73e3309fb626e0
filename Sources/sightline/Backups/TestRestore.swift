import Foundation
import Kernel
import Ledger
import Pipeline
import Store

/// Opens a backup as a restoration would, in a folder of its own inside the backup's, and throws what it opened away again.
///
/// The state, and who may come in, are copied, as opening them may bring their tables up to date. The ledger, by far the largest,
/// is only read: it is linked into the folder where the file system can, so that the test needs no room for a second one.
enum TestRestore {
    /// Where in the backup's folder it is opened.
    static let place = "testing"
    /// Damaged bodies that are named.
    private static let mostNamed = 10

    /// Looks at a backup and writes down beside it what was found.
    /// - Throws: `CancellationError` when the work was cancelled; then nothing is written. What is wrong with the backup is no error.
    static func run(_ backup: String, now: Instant, work: BackupWork = BackupWork()) throws -> BackupCheck {
        clean(backup)
        defer { clean(backup) }
        var check = BackupCheck(at: now, result: .sound)
        do {
            let manifest = try BackupManifest(folder: backup)
            let folder = backup + "/" + place
            guard mkdir(folder, 0o700) == 0 else { throw BackupProblem.system("\(folder) cannot be made", errno) }
            try open(manifest, backup, in: folder, work, &check)
        } catch is CancellationError {
            throw CancellationError()
        } catch let problem as BackupProblem {
            check.wrong.append(Failure.sentence(problem))
            // The disk or the rights, not the backup.
            if case .system = problem { check.result = .untested }
        } catch {
            try work.check()
            check.wrong.append(Failure.sentence(error))
            if Store.isOfDisk(error) { check.result = .untested }
        }
        if !check.wrong.isEmpty, check.result == .sound { check.result = .damaged }
        // The result is the last to be written: whoever sees it sees a backup as it stays.
        clean(backup)
        // What cannot be written down is tested again at the next occasion.
        if check.result != .untested { try? check.write(in: backup) }
        return check
    }

    /// Takes away what a test left behind when it was cut off.
    static func clean(_ backup: String) { try? FileManager.default.removeItem(atPath: backup + "/" + place) }

    private static func open(_ manifest: BackupManifest, _ backup: String, in folder: String, _ work: BackupWork, _ check: inout BackupCheck) throws {
        for file in manifest.files {
            let from = backup + "/" + file.name
            let to = folder + "/" + file.name
            let isLinked = file.name == "ledger.db" && link(from, to) == 0
            let sum = try FileSum.of(from, copy: isLinked ? nil : to, goOn: work.check)
            if sum != FileSum(bytes: file.bytes, checksum: file.checksum) {
                check.wrong.append("\(file.name) is not what was written: its checksum differs.")
            }
        }
        for name in DataFolder.databases {
            try work.check()
            defer { work.asking(nil) }
            let faults = try DatabaseFile.faults(of: folder + "/" + name) { work.asking($0) }
            if let first = faults.first { check.wrong.append("\(name) is damaged; SQLite says: \(first)") }
        }
        let newest = try LedgerFile.newest(of: folder + "/ledger.db")
        if newest != manifest.position { check.wrong.append("The ledger ends at another interaction than the manifest says.") }
        let found = try LedgerFile.verify(folder + "/ledger.db", upTo: newest.body) { try work.reached(.testing, Int($0), of: Int(newest.body)) }
        check.bodies = found.bodies
        check.interactions = found.interactions
        if !found.damaged.isEmpty {
            let named = found.damaged.prefix(mostNamed).map(String.init).joined(separator: ", ")
            check.wrong.append(
                "\(Text.count(found.damaged.count, "body", "bodies")) of the ledger damaged or missing: \(named)\(found.damaged.count > mostNamed ? ", …" : "")."
            )
        }
        // What SQLite cannot read would only be said again in other words.
        guard check.wrong.isEmpty else { return }
        _ = try LedgerFile.key(of: folder + "/ledger.db")
        try Store(path: folder + "/access.db", migrations: Installation.accessMigrations).close()
        let state = try Store(path: folder + "/state.db", migrations: Installation.migrations)
        defer { try? state.close() }
        let summary = try Pipeline.summary(of: state)
        check.customers = summary.customers
        if summary.body > newest.body { check.wrong.append("The state is ahead of the ledger: something is missing at the ledger's end.") }
    }
}
