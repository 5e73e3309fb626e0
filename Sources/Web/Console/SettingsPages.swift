import Access
import Audit
import Foundation
import Kernel
import Rendering

/// Settings: who may come in and by what, and what they did.
extension Console {
    static let settingsRoutes: [PageRoute] = [
        PageRoute(.get, "/settings", .readStaff, to: "see settings") { _, _ in .seeOther("/settings/people") },
        PageRoute(.get, "/settings/people", .readStaff, to: "see who may sign in") { try await $0.peoplePage($1) },
        PageRoute(.post, "/settings/people", .administer, to: "invite people", audit: .invitation) { try await $0.invite($1) },
        PageRoute(.post, "/settings/people/:id", .administer, to: "change people", audit: .personChange) {
            try await $0.changePerson($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/people/:id/reset", .administer, to: "reset passwords", audit: .passwordReset) {
            try await $0.resetPassword($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/teams", .administer, to: "make teams", audit: .teamChange) { try await $0.saveTeam(nil, $1) },
        PageRoute(.post, "/settings/teams/:id", .administer, to: "change teams", audit: .teamChange) {
            try await $0.saveTeam($1.parameters[0], $1)
        },
        PageRoute(.get, "/settings/keys", .administer, to: "see keys and tokens") { try await $0.keysPage($1) },
        PageRoute(.post, "/settings/keys", .administer, to: "make write keys", audit: .keyCreate) { try await $0.createKey($1) },
        PageRoute(.post, "/settings/keys/:name/revoke", .administer, to: "revoke write keys", audit: .keyRevoke) {
            try await $0.revokeKey($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/tokens", .administer, to: "make tokens", audit: .tokenCreate) { try await $0.createToken($1) },
        PageRoute(.post, "/settings/tokens/:name/revoke", .administer, to: "revoke tokens", audit: .tokenRevoke) {
            try await $0.revokeToken($1.parameters[0], $1)
        },
        PageRoute(.get, "/settings/log", .administer, to: "read the log") { try await $0.logPage($1) },
    ]

    /// A page of the settings, with its own navigation.
    /// - Parameter here: `people`
    private func settingsPage(_ here: String, title: String, _ visit: Visit, status: Int = 200, _ fields: Fields) async throws -> PageAnswer {
        var all = fields
        all["sections"] = [("people", "People", Permission.readStaff), ("keys", "Keys", .administer), ("log", "Log", .administer)]
            .filter { visit.may($0.2) }
            .map { ["href": "/settings/" + $0.0, "label": $0.1, "current": $0.0 == here] as Fields }
        all["mayAdminister"] = visit.may(.administer)
        return try await page("settings-" + here, title: title, room: "settings", visit, status: status, all)
    }

    // MARK: People

    private func peoplePage(_ visit: Visit) async throws -> PageAnswer { try await peoplePage(visit, link: nil, fault: nil, field: nil) }

    /// - Parameters:
    ///   - link: A one-time link that was just made, which is shown this once.
    ///   - field: The field that the fault is about.
    private func peoplePage(_ visit: Visit, link: (title: String, path: String, until: Instant)?, fault: String?, field: String?) async throws
        -> PageAnswer
    {
        let staff = services.staff
        let teams = staff.teams
        let people = staff.people
        let me = visit.session.person.id
        let rows = people.filter { $0.joinedAt != nil }.map { person -> Fields in
            [
                "id": person.id.description, "name": person.name, "email": person.email, "initials": Who.initials(person.name),
                "role": Roles.name(person.role), "teams": teams.filter { $0.members.contains(person.id) }.map(\.name).joined(separator: ", "),
                "seen": person.seenAt.map(visit.formats.ago), "isDisabled": person.disabledAt != nil, "isMe": person.id == me,
                "roles": Self.roleChoices(person.role),
            ]
        }
        let invited = people.filter { $0.joinedAt == nil && $0.disabledAt == nil }.map { person -> Fields in
            ["id": person.id.description, "email": person.email, "role": Roles.name(person.role), "roleID": person.role.rawValue]
        }
        let form = visit.request.form
        let chosen = form["role"].flatMap { Role(rawValue: $0) } ?? .agent
        return try await settingsPage(
            "people", title: "People", visit, status: fault == nil ? 200 : 422,
            [
                "people": rows, "count": Formats.counted(rows.count, "person", "people"), "invitedCount": invited.isEmpty ? nil : "\(invited.count)",
                "invited": invited, "hasInvited": !invited.isEmpty,
                "teams": teams.map { team -> Fields in
                    [
                        "id": team.id.description, "name": team.name,
                        "members": people.filter(\.isActive).map { person -> Fields in
                            [
                                "id": person.id.description, "name": person.name, "isMember": team.members.contains(person.id),
                                "isLead": team.lead == person.id,
                            ]
                        },
                        "names": people.filter { team.members.contains($0.id) }.map { $0.label + ($0.id == team.lead ? " (lead)" : "") }.joined(
                            separator: ", "),
                    ]
                }, "hasTeams": !teams.isEmpty, "roles": Self.roleChoices(chosen), "email": form["email"], "teamName": form["team"],
                "linkTitle": link?.title, "linkPath": link.map { visit.request.origin + $0.path },
                "linkUntil": link.map { visit.formats.whole($0.until) }, "fault": fault, "badEmail": field == "email", "badTeam": field == "team",
                "generalFault": field == nil ? fault : nil,
            ])
    }

    private static func roleChoices(_ chosen: Role) -> [Fields] {
        Role.allCases.map { ["id": $0.rawValue, "name": Roles.name($0), "words": Roles.words($0), "chosen": $0 == chosen] }
    }

    private func invite(_ visit: Visit) async throws -> PageAnswer {
        guard let role = visit.request.form["role"].flatMap({ Role(rawValue: $0) }) else { throw Self.nowhere }
        do {
            let made = try services.staff.invite(email: visit.request.form["email"] ?? "", role: role)
            visit.trail.subject = made.person.id.description
            visit.trail.detail = role.rawValue
            return try await peoplePage(
                visit, link: ("Send this link to \(made.person.email)", OneTimeLink.path(made.secret), made.link.expiresAt), fault: nil, field: nil)
        } catch let problem as StaffProblem {
            visit.trail.isSilent = true
            return try await peoplePage(visit, link: nil, fault: Problem(problem).detail, field: "email")
        }
    }

    private func changePerson(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        guard let person = PersonID(id) else { throw Self.nowhere }
        let form = visit.request.form
        do {
            let changed: Person
            let sentence: String
            var flash = Sessions.Flash(text: "")
            if let disabled = form["disabled"] {
                changed = try services.staff.setDisabled(person, disabled == "yes")
                sentence = disabled == "yes" ? "\(changed.label) cannot sign in any more." : "\(changed.label) can sign in again."
                flash.undo = "/settings/people/\(id)"
                flash.fields = [.init(name: "disabled", value: disabled == "yes" ? "no" : "yes")]
            } else {
                guard let role = form["role"].flatMap({ Role(rawValue: $0) }), let before = services.staff.person(person) else { throw Self.nowhere }
                changed = try services.staff.change(person, role: role)
                sentence = "\(changed.label) is now \(Roles.name(role))."
                flash.undo = "/settings/people/\(id)"
                flash.fields = [.init(name: "role", value: before.role.rawValue)]
            }
            visit.trail.detail = changed.disabledAt == nil ? changed.role.rawValue : "disabled"
            flash.text = sentence
            sessions.leave(flash, for: visit.session)
            return .seeOther("/settings/people")
        } catch let problem as StaffProblem {
            visit.trail.isSilent = true
            return try await peoplePage(visit, link: nil, fault: Problem(problem).detail, field: nil)
        }
    }

    private func resetPassword(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        guard let person = PersonID(id).flatMap({ services.staff.person($0) }) else { throw Self.nowhere }
        if person.joinedAt == nil {
            let made = try services.staff.invite(email: person.email, role: person.role)
            return try await peoplePage(
                visit, link: ("Send this link to \(person.email)", OneTimeLink.path(made.secret), made.link.expiresAt), fault: nil, field: nil)
        }
        let made = try services.staff.resetLink(for: person.id)
        return try await peoplePage(
            visit, link: ("Give this link to \(person.label): it sets a new password", OneTimeLink.path(made.secret), made.link.expiresAt),
            fault: nil,
            field: nil)
    }

    private func saveTeam(_ id: String?, _ visit: Visit) async throws -> PageAnswer {
        let form = visit.request.form
        let team = try id.map { text in
            guard let team = TeamID(text) else { throw Self.nowhere }
            return team
        }
        do {
            if let team, form["dissolve"] != nil {
                try services.staff.deleteTeam(team)
                visit.trail.detail = "dissolved"
                sessions.leave(Sessions.Flash(text: "The team is dissolved."), for: visit.session)
            } else {
                let saved = try services.staff.saveTeam(
                    team, name: form["team"] ?? "", lead: form["lead"].flatMap { PersonID($0) },
                    members: form.all("member").compactMap { PersonID($0) })
                visit.trail.subject = saved.id.description
                sessions.leave(Sessions.Flash(text: "\(saved.name) is saved."), for: visit.session)
            }
            return .seeOther("/settings/people#teams")
        } catch let problem as StaffProblem {
            visit.trail.isSilent = true
            return try await peoplePage(visit, link: nil, fault: Problem(problem).detail, field: "team")
        }
    }

    // MARK: Keys and tokens

    private func keysPage(_ visit: Visit) async throws -> PageAnswer { try await keysPage(visit, made: nil, fault: nil, field: nil) }

    /// - Parameter made: What was just made, whose secret is shown this once.
    private func keysPage(_ visit: Visit, made: (title: String, secret: String)?, fault: String?, field: String?) async throws -> PageAnswer {
        func row(_ name: String, _ role: Role?, _ created: Instant, _ used: Instant?) -> Fields {
            [
                "name": name, "path": Parameters.encoded(name), "role": role.map { Roles.name($0) }, "created": visit.formats.shortDate(created),
                "used": used.map(visit.formats.ago),
            ]
        }
        let keys = try services.access.keys().filter { $0.revokedAt == nil }
        let tokens = try services.access.tokens().filter { $0.revokedAt == nil }
        let form = visit.request.form
        return try await settingsPage(
            "keys", title: "Keys", visit, status: fault == nil ? 200 : 422,
            [
                "keys": keys.map { row($0.name, nil, $0.createdAt, $0.lastUsedAt) }, "hasKeys": !keys.isEmpty,
                "tokens": tokens.map { row($0.name, $0.role, $0.createdAt, $0.lastUsedAt) }, "hasTokens": !tokens.isEmpty,
                "roles": Self.roleChoices(form["role"].flatMap { Role(rawValue: $0) } ?? .analyst), "madeTitle": made?.title, "secret": made?.secret,
                "fault": fault, "badKey": field == "key", "badToken": field == "token", "keyName": form["key"], "tokenName": form["token"],
            ])
    }

    private func createKey(_ visit: Visit) async throws -> PageAnswer {
        do {
            let made = try services.access.createKey(name: visit.request.form["key"] ?? "")
            visit.trail.subject = made.key.name
            return try await keysPage(visit, made: ("The write key \(made.key.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "key")
        }
    }

    private func createToken(_ visit: Visit) async throws -> PageAnswer {
        guard let role = visit.request.form["role"].flatMap({ Role(rawValue: $0) }) else { throw Self.nowhere }
        do {
            let made = try services.access.createToken(name: visit.request.form["token"] ?? "", role: role)
            visit.trail.subject = made.token.name
            visit.trail.detail = role.rawValue
            return try await keysPage(visit, made: ("The token \(made.token.name)", made.secret), fault: nil, field: nil)
        } catch let problem as AccessProblem {
            visit.trail.isSilent = true
            return try await keysPage(visit, made: nil, fault: Problem(problem).detail, field: "token")
        }
    }

    private func revokeKey(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        try services.access.revokeKey(name: name)
        sessions.leave(Sessions.Flash(text: "The write key \(name) is refused from now on."), for: visit.session)
        return .seeOther("/settings/keys")
    }

    private func revokeToken(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        try services.access.revokeToken(name: name)
        sessions.leave(Sessions.Flash(text: "The token \(name) is refused from now on."), for: visit.session)
        return .seeOther("/settings/keys#tokens")
    }

    // MARK: The log

    /// Entries of a page.
    private static let logPage = 50

    private func logPage(_ visit: Visit) async throws -> PageAnswer {
        let query = visit.request.query
        var filter = AuditFilter(actor: query["actor"], action: query["action"].flatMap { AuditAction(rawValue: $0) }, subject: query["subject"])
        filter.from = query["from"].flatMap { visit.formats.day($0) }.map { visit.formats.start(of: $0) }
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
        return try await settingsPage(
            "log", title: "Log", visit,
            [
                "entries": shown.map { entry -> Fields in
                    [
                        "at": visit.formats.shortDate(entry.at) + ", " + visit.formats.timeWithSeconds(entry.at),
                        "whole": visit.formats.whole(entry.at), "stamp": entry.at.rfc3339,
                        "name": entry.name.isEmpty ? "Somebody unknown" : entry.name,
                        "what": AuditWords.sentence(entry), "subject": subject(entry, people),
                        "subjectHref": entry.subject.hasPrefix("cus_") ? "/customers/" + entry.subject : nil,
                        "address": entry.address.isEmpty ? nil : entry.address,
                    ]
                }, "isEmpty": shown.isEmpty, "isFiltered": filter != AuditFilter(), "older": older, "check": check,
                "actions": AuditAction.allCases.map { ["id": $0.rawValue, "name": AuditWords.name($0), "chosen": $0 == filter.action] as Fields },
                "actors": people.map { ["id": $0.id.description, "name": $0.label, "chosen": $0.id.description == filter.actor] as Fields },
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
        case .definitions: "Definitions changed"
        case .replay: "Quarantine replayed"
        case .dismissal: "Quarantine dropped"
        case .backup: "Backup made"
        case .restore: "Backup restored"
        }
    }

    /// `Token made, analyst`
    static func sentence(_ entry: AuditEntry) -> String { name(entry.action) + (entry.detail.isEmpty ? "" : ", " + entry.detail) }
}
