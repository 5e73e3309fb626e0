package import Kernel

/// What people and programs did that somebody may have to answer for.
package enum AuditAction: String, Sendable, CaseIterable {
    case signIn = "sign-in"
    case signInRefused = "sign-in-refused"
    case signOut = "sign-out"
    case signOutEverywhere = "sign-out-everywhere"
    case passwordChange = "password-change"
    case invitation = "invitation"
    case passwordReset = "password-reset"
    case linkUse = "link-use"
    case personChange = "person-change"
    case teamChange = "team-change"
    case keyCreate = "key-create"
    case keyRevoke = "key-revoke"
    case tokenCreate = "token-create"
    case tokenRevoke = "token-revoke"
    case view = "view"
    case export = "export"
    case merge = "merge"
    case unmerge = "unmerge"
    case review = "review"
    case erasure = "erasure"
    case note = "note"
    case consent = "consent"
    case viewChange = "view-change"
    case definitions = "definitions"
    case retention = "retention"
    case replay = "quarantine-replay"
    case dismissal = "quarantine-drop"
    case backup = "backup"
    case backupRemoval = "backup-removal"
    case restore = "restore"
    case webhookSecret = "webhook-secret-view"
    case webhookSecretChange = "webhook-secret-change"
    case webhookSend = "webhook-send"
    case webhookTest = "webhook-test"
    case webhookEnable = "webhook-enable"
}

/// One line of the audit log.
package struct AuditEntry: Sendable, Equatable {
    /// 1, 2, 3, … without a gap.
    package var number: Int64
    package var at: Instant
    /// Who: `per_…` of somebody signed in, `token NAME`, `operator` for whoever has the data folder, or empty for nobody known.
    package var actor: String
    /// The actor's name as it was then.
    package var name: String
    package var action: AuditAction
    /// To what: `cus_…`, `per_…`, the name of a key. Empty for nothing in particular.
    package var subject: String
    /// More about it in a few words, without personal data of customers. Empty for nothing.
    package var detail: String
    /// The address it came from; empty for the data folder's own socket.
    package var address: String
    /// Over the fields above and the hash of the entry before; 64 hexadecimal digits.
    package var hash: String

    package init(
        number: Int64 = 0, at: Instant, actor: String, name: String, action: AuditAction, subject: String = "", detail: String = "",
        address: String = "", hash: String = ""
    ) {
        self.number = number
        self.at = at
        self.actor = actor
        self.name = name
        self.action = action
        self.subject = subject
        self.detail = detail
        self.address = address
        self.hash = hash
    }
}

/// Which entries are asked for; nil asks for all.
package struct AuditFilter: Sendable, Equatable {
    package var actor: String?
    package var action: AuditAction?
    package var subject: String?
    /// From this moment on, and before that one.
    package var from: Instant?
    package var to: Instant?
    package init(actor: String? = nil, action: AuditAction? = nil, subject: String? = nil, from: Instant? = nil, to: Instant? = nil) {
        self.actor = actor
        self.action = action
        self.subject = subject
        self.from = from
        self.to = to
    }
}

/// What checking the log found.
package enum AuditCheck: Sendable, Equatable {
    /// How many entries, and the hash of the newest: written down elsewhere it shows later whether the end was cut off.
    case sound(entries: Int64, head: String)
    /// The first entry that is not what was written, or is missing.
    case broken(number: Int64)
}
