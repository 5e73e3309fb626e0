package import Kernel

/// How long interactions are kept, by their names.
package struct RetentionPolicy: Sendable, Equatable {
    package enum Keep: Sendable, Equatable {
        case forever
        /// 1 to 36,500.
        case days(Int)
    }

    /// The name of an interaction → how long it is kept after it happened.
    package var events: [String: Keep]
    /// For every other name.
    package var everythingElse: Keep

    package init(events: [String: Keep] = [:], everythingElse: Keep = .forever) {
        self.events = events
        self.everythingElse = everythingElse
    }

    package func keep(_ name: String) -> Keep { events[name] ?? everythingElse }
    package var keepsEverything: Bool { everythingElse == .forever && events.values.allSatisfy { $0 == .forever } }

    /// What happened before this moment is not kept, in milliseconds since 1970 and whole seconds; 0 when everything is.
    static func cutoff(_ keep: Keep, _ now: Instant) -> Int64 {
        switch keep {
        case .forever: 0
        case .days(let days): max(0, now.seconds - Int64(days) * 86_400) * 1000
        }
    }
}

/// What there is of a name, and how much of it is due.
package struct RetentionFigures: Sendable, Equatable {
    package var name: String
    package var keep: RetentionPolicy.Keep
    /// Whether the policy names it.
    package var isListed: Bool
    /// In customers' views: repeated messages and calls that say who somebody is are not counted.
    package var interactions: Int
    /// Of these, how many are kept no longer.
    package var due: Int
    /// When the oldest happened, to the second; nil when there is none.
    package var oldest: Instant?
}
