package import Access
package import Customers
import Foundation
package import Kernel
import Ledger
package import Pipeline
import Synchronization

/// What the page about the data needs. Made of nothing, there is no data.
package struct DataServices: Sendable {
    /// How much there is, in bytes on the disk.
    package struct Sizes: Sendable, Equatable {
        package var customers = 0
        package var interactions = 0
        package var ledger: Int64 = 0
        package var state: Int64 = 0
        package var timeline: Int64 = 0
        package init() {}
    }

    package var sizes: @Sendable () -> Sizes = { Sizes() }
    package var policy: @Sendable () -> RetentionPolicy = { RetentionPolicy() }
    /// What there is of each name, and how much of it is due by the policy in force.
    package var retention: @Sendable () -> [RetentionFigures] = { [] }
    /// The newest times that something was taken out, newest first.
    package var runs: @Sendable (_ limit: Int) throws -> [ExpiryRun] = { _ in [] }
    /// When it was last looked what is due, since the start.
    package var lookedAt: @Sendable () -> Instant? = { nil }
    /// Takes out what is due; how many interactions.
    package var expire: @Sendable (_ author: String) async throws -> Int = { _ in 0 }
    /// The newest erasures, newest first.
    package var erasures: @Sendable (_ limit: Int) throws -> [ErasureRecord] = { _ in [] }
    /// Erases a customer; how many interactions.
    package var erase: @Sendable (CustomerID, _ author: String) async throws -> Int = { _, _ in 0 }
    /// The newest body that is to be in an export begun now, when all of it is concluded.
    package var exportEnd: @Sendable () async throws -> Int64 = { 0 }
    /// Everything up to a body as lines of JSON, as somebody of a role gets to see it: the next piece each time, nil at the end.
    package var export: @Sendable (Role, _ upTo: Int64) -> @Sendable () throws -> [UInt8]? = { _, _ in { nil } }

    package init() {}

    /// Bytes of a piece of an export.
    private static let piece = 256 << 10

    package init(_ services: Services) {
        let customers = services.customers
        let pipeline = services.pipeline
        let ledger = services.ledger
        sizes = {
            var sizes = Sizes()
            let status = pipeline.status
            let bytes = pipeline.bytesOnDisk
            sizes.customers = status.people
            sizes.interactions = status.interactions
            sizes.ledger = bytes.ledger
            sizes.state = bytes.state
            sizes.timeline = bytes.timeline
            return sizes
        }
        policy = { services.retention }
        retention = { customers.retention(services.retention, now: services.clock.now) }
        runs = { try customers.expiries(limit: $0) }
        lookedAt = { customers.lastRetention }
        expire = { try await customers.expire(services.retention, by: $0) }
        erasures = { try customers.erasures(limit: $0) }
        erase = { try await customers.erase($0, by: $1) }
        exportEnd = {
            let last = ledger.newestBody
            guard await pipeline.wait(for: last, atMost: 60) else { throw PipelineProblem.behind }
            return last
        }
        export = { role, last in
            let seen = SeenCustomers(services, role)
            let place = ExportPlace()
            return {
                try place.state.withLock { state in
                    var lines: [UInt8] = []
                    let next = try seen.writeExport(after: state.position, upTo: last, bytes: Self.piece, met: &state.met, to: &lines)
                    state.position = next ?? state.position
                    return next == nil ? nil : lines
                }
            }
        }
    }
}

/// How far an export is.
private final class ExportPlace: Sendable {
    struct State {
        var position = Position(raw: 0)
        var met = SeenCustomers.Met()
    }
    let state = Mutex(State())
}
