import GRDB
import Glibc

/// Copying a WAL into its file and emptying it.
package enum Checkpoint {
    /// Seconds that somebody else's checkpoint is waited for.
    private static let patience = 30.0
    private static let pause: UInt32 = 5_000

    /// Runs one that another connection's may get in the way of. While one runs SQLite refuses a second at once, without asking
    /// its busy handler (sqlite.org/c3ref/wal_checkpoint_v2.html).
    /// - Throws: what `body` throws; that the database is busy only when it stays so.
    package static func run<R>(_ body: () throws -> R) throws -> R {
        let until = ContinuousClock.now + .seconds(patience)
        while true {
            do {
                return try body()
            } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_BUSY && ContinuousClock.now < until {
                usleep(pause)
            }
        }
    }
}
