import Access
import Audit
import Kernel
import Rendering

/// Who may sign in, as what, and in which teams.
extension Console {
    static let peopleRoutes: [PageRoute] = [
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
    ]

    private func peoplePage(_ visit: Visit) async throws -> PageAnswer { try await peoplePage(visit, fault: nil, field: nil) }

    /// - Parameter field: The field that the fault is about.
    private func peoplePage(_ visit: Visit, fault: String?, field: String?) async throws
        -> PageAnswer
    {
        let link = sessions.takeLink(for: visit.session)
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

    static func roleChoices(_ chosen: Role) -> [Fields] {
        Role.allCases.map { ["id": $0.rawValue, "name": Roles.name($0), "words": Roles.words($0), "chosen": $0 == chosen] }
    }

    private func invite(_ visit: Visit) async throws -> PageAnswer {
        guard let role = visit.request.form["role"].flatMap({ Role(rawValue: $0) }) else { throw Self.nowhere }
        do {
            let made = try services.staff.invite(email: visit.request.form["email"] ?? "", role: role)
            visit.trail.subject = made.person.id.description
            visit.trail.detail = role.rawValue
            return show(made.link, made.secret, "Send this link to \(made.person.email)", "\(made.person.email) is invited.", visit)
        } catch let problem as StaffProblem {
            visit.trail.isSilent = true
            return try await peoplePage(visit, fault: Problem(problem).detail, field: "email")
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
            return try await peoplePage(visit, fault: Problem(problem).detail, field: nil)
        }
    }

    private func resetPassword(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        guard let person = PersonID(id).flatMap({ services.staff.person($0) }) else { throw Self.nowhere }
        if person.joinedAt == nil {
            let made = try services.staff.invite(email: person.email, role: person.role)
            return show(made.link, made.secret, "Send this link to \(person.email)", "There is a new link for \(person.email).", visit)
        }
        let made = try services.staff.resetLink(for: person.id)
        return show(
            made.link, made.secret, "Give this link to \(person.label): it sets a new password", "There is a link for \(person.label).", visit)
    }

    /// Leads back to the page, which shows the link this once: loading it again makes no other.
    private func show(_ link: OneTimeLink, _ secret: String, _ title: String, _ text: String, _ visit: Visit) -> PageAnswer {
        var flash = Sessions.Flash(text: text)
        flash.link = Sessions.Link(title: title, path: OneTimeLink.path(secret), until: link.expiresAt)
        sessions.leave(flash, for: visit.session)
        return .seeOther("/settings/people")
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
            return try await peoplePage(visit, fault: Problem(problem).detail, field: "team")
        }
    }
}
