import Dispatch
import Foundation
import GRDB
import Kernel
import Store
import Synchronization
import Testing

@Suite struct `The state database` {
    private final class Tally: Sendable {
        let answers = Mutex(0)
        let errors = Mutex<[ResultCode?]>([])
    }

    @Test func `whoever reads or writes while it is closed has what they asked for, or an error`() throws {
        for _ in 0..<30 {
            let folder = NSTemporaryDirectory() + "sightline-store-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let store = try Store(path: folder + "/state.db", migrations: [Migration("test 1", "CREATE TABLE one (n INTEGER)")], readers: 2)
            let (tally, over) = (Tally(), DispatchSemaphore(value: 0))
            for n in 0..<6 {
                startThread("asking") {
                    while true {
                        do {
                            if n == 0 {
                                try store.write { try $0.execute(sql: "INSERT INTO one (n) VALUES (1)") }
                            } else {
                                _ = try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM one") }
                            }
                            tally.answers.withLock { $0 += 1 }
                        } catch {
                            tally.errors.withLock { $0.append((error as? DatabaseError)?.resultCode) }
                            break
                        }
                    }
                    over.signal()
                }
            }
            while tally.answers.withLock({ $0 }) < 20 { usleep(100) }
            try store.close()
            for _ in 0..<6 { over.wait() }
            #expect(tally.errors.withLock { $0 } == Array(repeating: .SQLITE_MISUSE, count: 6))
            // A second time is as good as none.
            try store.close()
            try FileManager.default.removeItem(atPath: folder)
        }
    }
}
