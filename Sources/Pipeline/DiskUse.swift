import Foundation
import Ledger
import Store

extension Pipeline {
    /// Bytes that the ledger, the state and the timeline take on the disk, with their logs; what cannot be read counts nothing.
    package var bytesOnDisk: (ledger: Int64, state: Int64, timeline: Int64) {
        func size(_ path: String) -> Int64 {
            let found = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
            return found?.int64Value ?? 0
        }
        func database(_ path: String) -> Int64 { ["", "-wal", "-shm"].reduce(0) { $0 + size(path + $1) } }
        let columns = (try? FileManager.default.contentsOfDirectory(atPath: folder.timeline)) ?? []
        return (database(folder.ledger.path), database(folder.store.path), columns.reduce(0) { $0 + size(folder.timeline + "/" + $1) })
    }
}
