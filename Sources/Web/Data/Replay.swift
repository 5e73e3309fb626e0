import Access
import Collect
import Kernel
package import Ledger
import Pipeline

/// Which refused items somebody means: some by their ids, or all that fit.
package enum QuarantineSelection: Sendable, Equatable {
    case ids([Int64])
    case fitting(QuarantineFilter)
}

/// What became of refused items that were sent through again.
package struct Replayed: Sendable, Equatable {
    package struct Refusal: Sendable, Equatable {
        package var id: Int64
        package var kind: String
        package var reason: String
    }
    package var accepted = 0
    package var refused = 0
    /// The first ``mostNamed`` of those still refused, and why.
    package var refusals: [Refusal] = []
    /// How many were refused again, by the reason of now.
    package var reasons: [String: Int] = [:]

    package static let mostNamed = 100
    /// Reasons that are counted apart; more than these are one.
    package static let mostReasons = 1000

    package init() {}

    fileprivate mutating func note(_ id: Int64, _ kind: String, _ reason: String) {
        refused += 1
        if refusals.count < Self.mostNamed { refusals.append(Refusal(id: id, kind: kind, reason: reason)) }
        let key = reasons[reason] != nil || reasons.count < Self.mostReasons ? reason : "Other reasons."
        reasons[key, default: 0] += 1
    }
}

extension Services {
    /// Items taken in again in one transaction.
    private static let replayedAtOnce = 500

    /// Takes refused items in again: each is checked by today's rules, with the time and the write key it came with. What is
    /// accepted leaves the quarantine, what is refused again stays.
    ///
    /// - Throws: `LedgerProblem`, and a ``Problem`` when nothing more may be taken in; what was accepted by then stays so.
    package func replay(_ selection: QuarantineSelection) async throws -> Replayed {
        var done = Replayed()
        switch selection {
        case .ids(let ids):
            for from in stride(from: 0, to: ids.count, by: Self.replayedAtOnce) {
                let chunk = Array(ids[from..<min(from + Self.replayedAtOnce, ids.count)])
                try await replay(ledger.quarantined(ids: chunk), &done)
            }
        case .fitting(let filter):
            var after: Int64? = 0
            while let from = after {
                let page = try await ledger.quarantined(after: from, limit: Self.replayedAtOnce, filter)
                try await replay(page.items, &done)
                after = page.next
            }
        }
        return done
    }

    private func replay(_ items: [Quarantined], _ done: inout Replayed) async throws {
        try pipeline.intake.check()
        let collector = collector()
        var batch = Batch()
        for item in items {
            let before = batch.count
            if item.isTruncated {
                done.note(item.id, "truncated", Self.truncated(item))
                continue
            }
            do {
                let receipt = try collector.replay(
                    item.refused, allowed: AllowedCalls(access.calls(ofSource: item.refused.source)), into: &batch)
                if let first = receipt.refused.first { done.note(item.id, first.kind, first.reason) }
            } catch {
                done.note(item.id, item.refused.kind, Problem(error).detail)
            }
            if batch.count > before { batch.settle(item.id) }
        }
        // What is refused again stands in the quarantine already.
        batch.refused = []
        guard batch.count > 0 else { return }
        // Replayed or dropped by somebody else in the meantime is not taken in by us.
        done.accepted += batch.count - (try await ledger.write(batch)).gone.count
    }

    /// Gives up refused items; they can be taken back for a day.
    package func giveUp(_ selection: QuarantineSelection) async throws -> Ledger.GivenUp {
        switch selection {
        case .ids(let ids): try await ledger.giveUp(ids: ids, now: clock.now)
        case .fitting(let filter): try await ledger.giveUp(filter, now: clock.now)
        }
    }

    private static func truncated(_ item: Quarantined) -> String {
        """
        The item has \(item.bytes) bytes with what its batch shared. Of more than \(Quarantine.itemBytes) only the start is kept, so it cannot be \
        replayed, nor would any limit let it in. Have it sent again in smaller parts.
        """
    }
}
