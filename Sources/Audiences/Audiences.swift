import GRDB
import Kernel
import Pipeline
package import Store

/// What a company knows of each customer at this moment, and of all of them at once: metrics, audiences, the lifecycle.
package final class Audiences: Sendable {
    let store: Store
    let engine: AudienceEngine
    var pipeline: Pipeline { engine.pipeline }

    package init(store: Store, engine: AudienceEngine) {
        self.store = store
        self.engine = engine
    }

    /// Sets that have been defined, with what their definition said and when their members were found out.
    static func sets(_ store: Store) throws -> [String: (number: Int, signature: String, at: Instant)] {
        try store.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT name, id, signature, at FROM member_set")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], ($0[1], $0[2], Instant(milliseconds: $0[3]))) })
        }
    }
}
