package import Kernel
package import Ledger

/// One message in the outbox: what goes out, to whom, and what became of it.
///
/// What it says is not in it. It is made of the interaction in the ledger when it is sent, so that nothing personal is copied, and
/// what was erased meanwhile is not sent.
package struct OutboxMessage: Sendable, Equatable {
    /// What became of it, as the number that stands in the table.
    package enum State: Int, Sendable, CaseIterable {
        /// To be sent when it is due.
        case waiting = 0
        /// The receiver has it.
        case sent = 1
        /// Not sent, for a reason of ours.
        case heldBack = 2
        /// Tried to the end, and not taken.
        case dead = 3

        /// The word for it in the API.
        package var word: String {
            switch self {
            case .waiting: "waiting"
            case .sent: "sent"
            case .heldBack: "held"
            case .dead: "dead"
            }
        }
        /// The one that has this ``word``; nil when none has.
        package init?(word: String) {
            guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
            self = found
        }
    }

    /// Why a message was not sent.
    package enum Reason: String, Sendable, CaseIterable {
        /// More than a day lay between the arrival of the interaction and its conclusion, as when the state is worked out again: it may
        /// have been sent before.
        case late
        /// It happened more than a week before it arrived: history, and no news.
        case history
        /// As many as may wait were waiting.
        case full
        /// The interaction is not there any more: its customer was erased, or its time to be kept is over.
        case gone
    }

    /// To whom: the key of a webhook.
    package var target: String
    /// The interaction that it is about. With ``target`` it is the message's own name.
    package var position: Position
    /// The raw customer of the interaction.
    package var customer: UInt32
    /// What became of it so far.
    package var state: State
    /// Why it was held back; nil for every other state.
    package var reason: Reason?
    /// When the interaction was received.
    package var madeAt: Instant
    /// When it is sent, or tried next, while it waits.
    package var dueAt: Instant
    /// How often it was tried since it was made, or since somebody last sent it again.
    package var attempts: Int
    /// When it was last tried.
    package var triedAt: Instant?
    /// What the receiver last answered, 100 to 599; nil when there was no answer.
    package var status: Int?
    /// Why there was no answer, or that it was not taken: one sentence without personal data.
    package var error: String?

    /// One that was not tried yet.
    package init(
        target: String, position: Position, customer: UInt32, state: State = .waiting, reason: Reason? = nil, madeAt: Instant, dueAt: Instant
    ) {
        self.target = target
        self.position = position
        self.customer = customer
        self.state = state
        self.reason = reason
        self.madeAt = madeAt
        self.dueAt = dueAt
        attempts = 0
    }
}

/// How it is with all messages to one target.
package struct OutboxFigures: Sendable, Equatable {
    /// How many are to be sent, now or later.
    package var waiting = 0
    /// How many were tried to the end, of those that are kept.
    package var dead = 0
    /// How many were taken in the last 24 hours.
    package var sent = 0
    /// Since when nothing was taken; nil while all is well.
    package var failingSince: Instant?
    /// When one was last taken; nil when none ever was.
    package var lastSentAt: Instant?
    /// Why the newest attempt failed; nil when it did not.
    package var lastError: String?

    /// Of a target to which there never was a message.
    package init() {}
}
