import Access
import Foundation
import Kernel
import Ledger
import Pipeline
import Store

/// Takes out of the data that a backup replaces what may not be lost with it: who was erased since, and who may come in.
///
/// Who was erased is written into the backup's ledger as commands, by which its pipeline erases them on the way that every
/// erasure goes. Those who are not in this backup are written down too: the next backup restored may have them.
enum CarryOver {
    /// - Parameters:
    ///   - folder: The data as it is; nobody has it open. It is only read.
    ///   - copies: Where the backup's `ledger.db`, `state.db` and `access.db` are; they are changed.
    /// - Throws: What keeps the copies from being written. What cannot be read of the data is a gap, and no error.
    static func from(_ folder: DataFolder, into copies: String) async throws -> CarriedOver {
        var carried = CarriedOver()
        let known = Erasures(ledger: folder.ledger, state: folder.state)
        carried.gaps = known.gaps.map { sentence($0, folder) }
        carried.erased = try await erase(known, in: copies + "/ledger.db")
        do {
            carried.keptAccess = try keepAccess(folder, copies)
        } catch {
            carried.gaps.append(
                "\(folder.access) could not be read (\(error)). People, keys and tokens are as in the backup: look at `sightline person list`, `sightline key list` and `sightline token list`, and take away again what was taken away since."
            )
        }
        return carried
    }

    /// People, keys, tokens and the audit log are those of the installation: what stands here is newer than the backup's word.
    /// - Returns: False when the backup is another installation's, or nobody has come in here yet.
    private static func keepAccess(_ folder: DataFolder, _ copies: String) throws -> Bool {
        guard Disk.exists(folder.access) else { return false }
        let theirs = copies + "/access.db"
        let store = try Store(path: folder.access, migrations: Installation.accessMigrations, isDurable: true)
        defer { try? store.close() }
        let other = try Store(path: theirs, migrations: Installation.accessMigrations, isDurable: true)
        let isOurs = try Access.installation(of: store) == Access.installation(of: other)
        try other.checkpoint()
        try other.close()
        guard isOurs else { return false }
        for file in [theirs, theirs + "-wal", theirs + "-shm"] { unlink(file) }
        try store.backup(to: theirs)
        _ = try FileSum.of(theirs, sync: true)
        return true
    }

    /// Whether this program can open the copies of a backup.
    static func check(_ copies: String) throws(BackupProblem) {
        do {
            _ = try LedgerFile.key(of: copies + "/ledger.db")
            try Store(path: copies + "/state.db", migrations: Installation.migrations).close()
            try Store(path: copies + "/access.db", migrations: Installation.accessMigrations).close()
        } catch {
            throw .unusable(Failure.sentence(error))
        }
    }

    /// - Returns: How many of them are in the ledger and not erased there yet.
    private static func erase(_ known: Erasures, in path: String) async throws -> Int {
        guard !known.customers.isEmpty, try LedgerFile.key(of: path) == known.key else { return 0 }
        let ledger = try Ledger(path: path, randomness: SystemRandomness.randomness, clock: SystemClock.clock)
        do {
            let reader = try LedgerReader(path: path)
            var again = 0
            let wanted = try known.customers.sorted { ($0.position, $0.customer) < ($1.position, $1.customer) }.filter { one in
                let kind = try reader.record(Position(raw: one.position)) { $0.message == one.message ? $0.kind : nil } ?? nil
                if kind == .interaction { again += 1 }
                return kind != .erased
            }
            for from in stride(from: 0, to: wanted.count, by: ErasedCustomer.mostInCommand) {
                let some = Array(wanted[from..<min(from + ErasedCustomer.mostInCommand, wanted.count)])
                let command = Command.eraseAgain(customers: some, author: "restore")
                _ = try await ledger.append(command.batch(at: SystemClock.clock.now, key: ledger.key, randomness: SystemRandomness.randomness))
            }
            try await ledger.checkpoint()
            await ledger.close()
            return again
        } catch {
            await ledger.close()
            throw error
        }
    }

    private static func sentence(_ gap: Erasures.Gap, _ folder: DataFolder) -> String {
        switch gap {
        case .ledger(let words):
            "Who was erased since the backup was made could not be read from \(folder.ledger) (\(words)). They may be back: erase them again."
        case .bodies(let count):
            "\(Text.count(count, "body", "bodies")) of \(folder.ledger) could not be read. Who was erased in them since the backup was made may be back: erase them again."
        case .state(let words):
            "\(folder.state) could not be read (\(words)). Erasures that were not finished are not carried over: erase again who was erased last."
        }
    }
}
