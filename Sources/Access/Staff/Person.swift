package import Kernel

/// Names ids of people of the company: `per_…`.
package enum PersonKind: IDKind { package static let prefix = "per" }
package typealias PersonID = ID<PersonKind>

/// Names ids of teams: `tea_…`.
package enum TeamKind: IDKind { package static let prefix = "tea" }
package typealias TeamID = ID<TeamKind>

/// Somebody of the company who may sign in.
package struct Person: Sendable, Equatable {
    package let id: PersonID
    /// With it they sign in; unique, whatever its case.
    package var email: String
    /// 1 to 100 characters: how histories and colleagues name them. Empty until they accepted their invitation.
    package var name: String
    package var role: Role
    package var createdAt: Instant
    /// Nil until they accepted their invitation: nobody can sign in before.
    package var joinedAt: Instant?
    /// Since when they cannot sign in any more; nil while they can. People are never deleted: histories name them.
    package var disabledAt: Instant?
    /// When they last did anything, to the minute.
    package var seenAt: Instant?
    /// Up to which moment they saw the notes that mention them; nil while they saw none.
    package var mentionsSeenAt: Instant?

    /// What to call them: their name, or the address they were invited by.
    package var label: String { name.isEmpty ? email : name }
    package var isActive: Bool { joinedAt != nil && disabledAt == nil }
}

/// People who work together, and who leads them.
package struct Team: Sendable, Equatable {
    package let id: TeamID
    /// 1 to 64 characters, unique.
    package var name: String
    /// A member; nil for a team without a lead.
    package var lead: PersonID?
    /// By id.
    package var members: [PersonID]
}

/// Somebody signed in on some browser.
package struct StaffSession: Sendable, Equatable {
    /// Names the session in lists, and proves nothing.
    package var id: Int64
    package var person: PersonID
    package var beganAt: Instant
    package var seenAt: Instant
    /// Where it began.
    package var address: String
    /// The browser in words: `Firefox on Linux`.
    package var browser: String
}

/// A link that works once.
package struct OneTimeLink: Sendable, Equatable {
    package enum Purpose: String, Sendable {
        /// Makes the first administrator.
        case first
        /// Somebody invited chooses a name and a password.
        case invitation
        /// Somebody chooses a new password.
        case reset

        /// Milliseconds that it lasts.
        package var lasts: Int64 {
            switch self {
            case .first, .reset: 24 * 3_600_000
            case .invitation: 7 * 86_400_000
            }
        }
    }
    package var purpose: Purpose
    /// Whose it is; nil for the first administrator, who is nobody yet.
    package var person: PersonID?
    package var expiresAt: Instant
}

/// Why nothing was changed.
package enum StaffProblem: Error, Equatable {
    /// A name has 1 to 100 characters (a team's 64), none of them a control character.
    case name(String)
    /// No e-mail address.
    case email(String)
    case emailTaken(String)
    case teamTaken(String)
    /// A password has 12 to 200 characters; how many it had.
    case passwordLength(Int)
    /// A password may not be the person's own name or address, or one character again and again.
    case passwordObvious
    /// There is no such person, team or session.
    case unknown(String)
    /// E-mail address and password do not belong together, or the person cannot sign in. Which of these is not said.
    case wrong
    /// Too many wrong tries; seconds to wait.
    case paused(seconds: Int)
    /// Too many passwords are being checked; trying again soon helps.
    case busy
    /// The link was used, replaced, withdrawn, has expired, or never was one.
    case link
    /// The change would leave nobody who can administer.
    case lastAdministrator
    /// A team's lead is one of its members.
    case leadIsNoMember
    /// The name of a saved list has 1 to 60 characters and no control characters; how many it had.
    case viewName(Int)
    case viewTooLong(bytes: Int)
    /// Somebody has 50 saved lists already.
    case tooManyViews
    /// The tables hold what this program cannot have written.
    case damaged(table: String, id: String)
}
