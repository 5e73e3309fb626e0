import Access
import Audit
import Kernel
import Rendering
import Synchronization

/// The audit log.
extension Console {
    static let logRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/log", .administer, to: "read the log") { try await $0.logPage($1) },
        PageRoute(.get, "/settings/log/entries.ndjson", .administer, to: "take the log out", audit: .export) { try $0.logFile($1) },
    ]

    /// Entries of a page.
    private static let logPage = 50

    private static func filter(_ visit: Visit) -> AuditFilter {
        let query = visit.request.query
        var filter = AuditFilter(actor: query["actor"], action: query["action"].flatMap { AuditAction(rawValue: $0) }, subject: query["subject"])
        filter.from = query["from"].flatMap { visit.formats.day($0.trimmed) }.map { visit.formats.start(of: $0) }
        return filter
    }

    /// What was typed for a date and is none.
    private static func wrongDate(_ visit: Visit) -> String? {
        visit.request.query["from"].flatMap { visit.formats.day($0.trimmed) == nil ? $0 : nil }
    }

    /// What the page would show, all of it, as lines of JSON, newest first.
    private func logFile(_ visit: Visit) throws -> PageAnswer {
        visit.trail.isSilent = visit.request.method == .head
        visit.trail.detail = "audit log"
        // A file that has more than was asked for is not seen to be wrong.
        guard Self.wrongDate(visit) == nil else {
            throw Problem(
                status: 422, kind: "no-date", title: "This is no date", detail: "Write year, month and day in `from`, as \(visit.formats.today.iso).")
        }
        let filter = Self.filter(visit)
        let place = LogPlace()
        let audit = services.audit
        return PageAnswer(
            status: 200,
            headers: [
                ("content-type", "application/x-ndjson"),
                ("content-disposition", "attachment; filename=\"audit-log-\(visit.formats.today.iso).ndjson\""),
            ],
            body: .pieces {
                try place.before.withLock { before in
                    let entries = try audit.entries(filter, before: before, limit: 500)
                    guard let last = entries.last else { return nil }
                    before = last.number
                    return entries.flatMap { $0.json.bytes + [10] }
                }
            })
    }

    /// How far a file of the log is.
    private final class LogPlace: Sendable {
        let before = Mutex(Int64.max)
    }

    private func logPage(_ visit: Visit) async throws -> PageAnswer {
        let query = visit.request.query
        let filter = Self.filter(visit)
        let before = query["before"].flatMap { Int64($0) } ?? .max
        let entries = try services.audit.entries(filter, before: before, limit: Self.logPage + 1)
        let shown = entries.prefix(Self.logPage)
        var older: String?
        if entries.count > Self.logPage, let last = shown.last {
            var next = Parameters()
            for pair in query.pairs where pair.name != "before" { next.add(pair.name, pair.value) }
            next.add("before", String(last.number))
            older = "/settings/log?" + next.encoded
        }
        let check: Fields? =
            query["check"] == nil
            ? nil
            : try {
                switch try services.audit.check() {
                case .sound(let count, let head): ["sound": true, "entries": Formats.number(Int(count)), "head": head]
                case .broken(let number): ["sound": false, "number": Int(number)]
                }
            }()
        let people = services.staff.people
        let wrongDate = Self.wrongDate(visit).map { $0.count > 40 ? $0.prefix(40) + "…" : $0 }
        return try await settingsPage(
            "log", title: "Log", visit, status: wrongDate == nil ? 200 : 422,
            [
                "entries": shown.map { entry -> Fields in
                    [
                        "date": visit.formats.shortDate(entry.at), "time": visit.formats.timeWithSeconds(entry.at),
                        "whole": visit.formats.whole(entry.at), "stamp": entry.at.rfc3339,
                        "name": entry.name.isEmpty ? nil : entry.name,
                        "what": AuditWords.sentence(entry), "subject": subject(entry, people),
                        "subjectHref": entry.subject.hasPrefix("cus_") ? "/customers/" + entry.subject : nil,
                        "address": entry.address.isEmpty ? nil : entry.address,
                    ]
                }, "isEmpty": shown.isEmpty, "isFiltered": filter != AuditFilter() || wrongDate != nil, "older": older, "check": check,
                "actions": AuditAction.allCases.map { ["id": $0.rawValue, "name": AuditWords.name($0), "chosen": $0 == filter.action] as Fields },
                "actors": people.map { ["id": $0.id.description, "name": $0.label, "chosen": $0.id.description == filter.actor] as Fields },
                "wrongDate": wrongDate.map {
                    "“\($0)” is no date, so nothing is left out by it. Write year, month and day, as \(visit.formats.today.iso)."
                },
                // A field for dates alone would not show what was typed.
                "dateType": wrongDate == nil ? "date" : "text",
                "file": ListQuery.address(
                    Parameters(query.pairs.filter { !["before", "check"].contains($0.name) }.map { ($0.name, $0.value) }),
                    at: "/settings/log/entries.ndjson"),
                "subjectFilter": query["subject"], "fromFilter": query["from"],
            ])
    }

    private func subject(_ entry: AuditEntry, _ people: [Person]) -> String? {
        guard !entry.subject.isEmpty else { return nil }
        if entry.subject == entry.actor { return nil }
        return people.first { $0.id.description == entry.subject }?.label
            ?? services.staff.teams.first { $0.id.description == entry.subject }?.name ?? entry.subject
    }
}

/// The audit log in words.
enum AuditWords {
    static func name(_ action: AuditAction) -> String {
        switch action {
        case .signIn: "Sign-in"
        case .signInRefused: "Sign-in refused"
        case .signOut: "Sign-out"
        case .signOutEverywhere: "Sign-out everywhere"
        case .passwordChange: "Password changed"
        case .invitation: "Invitation"
        case .passwordReset: "Password link made"
        case .linkUse: "One-time link used"
        case .personChange: "Person changed"
        case .teamChange: "Team changed"
        case .keyCreate: "Write key made"
        case .keyRevoke: "Write key revoked"
        case .tokenCreate: "Token made"
        case .tokenRevoke: "Token revoked"
        case .view: "Customer looked at"
        case .export: "Export"
        case .merge: "Customers joined"
        case .unmerge: "Customers taken apart"
        case .review: "Review decided"
        case .erasure: "Customer erased"
        case .note: "Note written"
        case .viewChange: "Saved list changed"
        case .consent: "Consent written down"
        case .definitions: "Definitions changed"
        case .retention: "Old interactions taken out"
        case .replay: "Quarantine replayed"
        case .dismissal: "Quarantine dropped"
        case .backup: "Backup made"
        case .backupRemoval: "Old backup removed"
        case .restore: "Backup restored"
        case .webhookSecret: "Secret of a webhook looked at"
        case .webhookSecretChange: "Secret of a webhook changed"
        case .webhookSend: "Message sent again"
        case .webhookTest: "Webhook tried"
        case .webhookEnable: "Webhook switched on"
        }
    }

    /// `Token made, analyst`
    static func sentence(_ entry: AuditEntry) -> String {
        // Whoever tried is nobody that we know; the account they tried is not who did it.
        let whose = entry.action == .signInRefused ? entry.subject.isEmpty ? ", nobody has this e-mail" : ", to the account of" : ""
        return name(entry.action) + whose + (entry.detail.isEmpty ? "" : ", " + entry.detail)
    }
}
