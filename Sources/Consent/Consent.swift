package import Kernel

/// One thing that a customer said about being contacted: they agree to something, or no longer do.
package struct ConsentChange: Sendable, Equatable {
    /// What for: `marketing`, `surveys`, `profiling`, whatever the company names. 1 to 60 characters, in small letters.
    package var purpose: String
    /// On which channel: `email`; nil for every channel.
    package var channel: String?
    /// True when they agree.
    package var given: Bool
    package var at: Instant
    /// The interaction that says so: the proof.
    package var position: UInt64
    /// The customer with whom that interaction stands.
    package var customer: CustomerID
    /// How they said so: `phone`, `form`, `unsubscribe link`. Nil when nobody wrote it down.
    package var method: String?
    /// What they were shown or read to, as somebody wrote it down.
    package var wording: String?
    /// Who wrote it down for them; nil when it came by itself.
    package var recordedBy: String?

    package init(
        purpose: String, channel: String?, given: Bool, at: Instant, position: UInt64, customer: CustomerID, method: String? = nil,
        wording: String? = nil, recordedBy: String? = nil
    ) {
        self.purpose = purpose
        self.channel = channel
        self.given = given
        self.at = at
        self.position = position
        self.customer = customer
        self.method = method
        self.wording = wording
        self.recordedBy = recordedBy
    }

    /// Characters of a purpose and of a method.
    package static let longestPurpose = 60
    /// Characters of a wording; more are cut where they come from outside, and refused where a colleague writes them.
    package static let longestWording = 2_000
}

/// Why nothing was written down.
package enum ConsentProblem: Error, Equatable, Sendable {
    /// A purpose has 1 to ``ConsentChange/longestPurpose`` characters; how many it had.
    case purposeLength(Int)
    case methodLength(Int)
    case wordingLength(Int)
    case unknownChannel(String)
    case noCustomer
}

/// What holds now of everything a person said about being contacted.
package struct ConsentState: Sendable, Equatable {
    /// Everything, newest first.
    package let history: [ConsentChange]

    package init(history: [ConsentChange]) { self.history = history.sorted { ($0.at, $0.position) > ($1.at, $1.position) } }

    /// The newest word on each purpose and channel, by purpose, what holds for every channel first.
    package var current: [ConsentChange] {
        var seen: Set<[String]> = []
        // A word on every channel takes the place of all that was said of single ones before.
        var closed: Set<String> = []
        return history.filter { change in
            guard !closed.contains(change.purpose), seen.insert([change.purpose, change.channel ?? ""]).inserted else { return false }
            if change.channel == nil { closed.insert(change.purpose) }
            return true
        }.sorted { ($0.purpose, $0.channel ?? "") < ($1.purpose, $1.channel ?? "") }
    }

    /// The newest word that covers a purpose on a channel: nil when nothing was ever said.
    package func decides(_ purpose: String, on channel: String) -> ConsentChange? {
        history.first { $0.purpose == purpose && ($0.channel == nil || $0.channel == channel) }
    }
}
