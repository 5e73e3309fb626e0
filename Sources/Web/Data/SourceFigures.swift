import Access
package import Kernel
import Ledger
import Pipeline

/// What a source sent lately, and what of it was refused.
///
/// A source is a write key, also one that was revoked; number 0 stands for what came by none: imports and the demonstration by
/// the operator's own socket.
package struct SourceFigures: Sendable, Equatable {
    /// How many of a stretch of time.
    package struct Counts: Sendable, Equatable {
        /// New interactions.
        package var accepted = 0
        /// Messages that had been there before; taken, and counted once.
        package var repeated = 0
        package var refused = 0
        package init() {}
    }
    package struct ChannelCounts: Sendable, Equatable {
        package var name: String
        /// Accepted in the last hour, and the last day.
        package var hour: Int
        package var day: Int
    }

    package var id: UInt16
    /// The key's name; nil for number 0, and for a key that this installation never made.
    package var name: String?
    package var createdAt: Instant?
    /// Since when it is refused; nil while it is in force.
    package var revokedAt: Instant?
    /// When something came last; nil for never.
    package var lastAt: Instant?
    /// The minute that is not over, and the 59 before it.
    package var hour = Counts()
    /// The minute that is not over, and the 1,439 before it.
    package var day = Counts()
    /// Accepted in each of the last 24 such hours, the newest last.
    package var hours = [Int](repeating: 0, count: 24)
    /// By channel, the most first; those of the last day.
    package var channels: [ChannelCounts] = []
    /// Items of it in the quarantine.
    package var quarantined = 0

    package init(id: UInt16, name: String?) {
        self.id = id
        self.name = name
    }
}

extension Services {
    /// Every source there is, keys in force first, then those that were revoked, each by its number.
    package func sources() async throws -> [SourceFigures] {
        let now = clock.now
        var found: [UInt16: SourceFigures] = [:]
        for key in try access.keys() {
            var one = SourceFigures(id: key.id, name: key.name)
            one.createdAt = key.createdAt
            one.revokedAt = key.revokedAt
            one.lastAt = key.lastUsedAt
            found[key.id] = one
        }
        func change(_ id: UInt16, _ body: (inout SourceFigures) -> Void) { body(&found[id, default: SourceFigures(id: id, name: nil)]) }
        for (id, at) in try pipeline.lastArrivals() { change(id) { $0.lastAt = max($0.lastAt ?? at, at) } }
        var channels: [UInt16: [UInt8: (hour: Int, day: Int)]] = [:]
        for arrival in try pipeline.arrivals(now: now) where (0..<24).contains(arrival.hoursAgo) {
            change(arrival.source) { one in
                one.hours[23 - arrival.hoursAgo] += arrival.accepted
                one.day.accepted += arrival.accepted
                one.day.repeated += arrival.repeated
                if arrival.hoursAgo == 0 {
                    one.hour.accepted += arrival.accepted
                    one.hour.repeated += arrival.repeated
                }
            }
            channels[arrival.source, default: [:]][arrival.channel.rawValue, default: (0, 0)].day += arrival.accepted
            if arrival.hoursAgo == 0 { channels[arrival.source]?[arrival.channel.rawValue]?.hour += arrival.accepted }
        }
        for refusal in try await ledger.recentRefusals(now: now) {
            change(refusal.source) { one in
                one.day.refused += refusal.times
                if refusal.hoursAgo == 0 { one.hour.refused += refusal.times }
            }
        }
        for (id, count) in try await ledger.quarantinedBySource() { change(id) { $0.quarantined = count } }
        let vocabulary = ledger.vocabulary
        for (id, counts) in channels {
            let named = counts.map {
                SourceFigures.ChannelCounts(name: vocabulary.name(of: Channel(rawValue: $0.key)), hour: $0.value.hour, day: $0.value.day)
            }
            change(id) { $0.channels = named.filter { $0.day > 0 }.sorted { ($1.day, $0.name) < ($0.day, $1.name) } }
        }
        return found.values.sorted { (($0.revokedAt == nil ? 0 : 1), $0.id) < (($1.revokedAt == nil ? 0 : 1), $1.id) }
    }
}
