package import Ledger

/// What pages need of sources and of what they sent in vain. Made of nothing, there is no source.
package struct SourceServices: Sendable {
    /// Every source there is.
    package var figures: @Sendable () async throws -> [SourceFigures] = { [] }
    /// What is in quarantine of a source, by reason, what came most often first; at most so many.
    package var reasons: @Sendable (_ source: UInt16, _ limit: Int) async throws -> [RefusalGroup] = { _, _ in [] }
    /// Refused items, newest first, from before an id.
    package var items: @Sendable (QuarantineFilter, _ before: Int64, _ limit: Int) async throws -> QuarantinePage = { _, _, _ in QuarantinePage() }
    /// One refused item; nil when it is not in quarantine any more.
    package var item: @Sendable (Int64) async throws -> Quarantined? = { _ in nil }
    /// Sends refused items through again.
    package var replay: @Sendable (QuarantineSelection) async throws -> Replayed = { _ in Replayed() }
    /// Gives refused items up.
    package var giveUp: @Sendable (QuarantineSelection) async throws -> Ledger.GivenUp = { _ in Ledger.GivenUp(count: 0, number: 0) }
    /// Takes back what was given up under a number; how many there were.
    package var takeBack: @Sendable (Int64) async throws -> Int = { _ in 0 }

    package init() {}

    package init(_ services: Services) {
        let ledger = services.ledger
        figures = { try await services.sources() }
        reasons = { try await ledger.refusals(QuarantineFilter(source: $0), limit: $1) }
        items = { try await ledger.quarantined(before: $1, limit: $2, $0) }
        item = { try await ledger.quarantined(ids: [$0]).first }
        replay = { try await services.replay($0) }
        giveUp = { try await services.giveUp($0) }
        takeBack = { try await ledger.takeBack($0) }
    }
}
