import Access
import Audit
import Kernel
import Rendering

/// One's own account: name, password, where one is signed in.
extension Console {
    static let accountRoutes: [PageRoute] = [
        PageRoute(.get, "/you", .belong, to: "see your account") { try await $0.accountPage($1) },
        PageRoute(.post, "/you/name", .belong, to: "change your name", audit: .personChange) { try await $0.changeName($1) },
        PageRoute(.post, "/you/password", .belong, to: "change your password", audit: .passwordChange) { try await $0.changePassword($1) },
        PageRoute(.post, "/you/sessions/:id/end", .belong, to: "sign out elsewhere", audit: .signOut) { try $0.endSession($1.parameters[0], $1) },
        PageRoute(.post, "/you/signout-everywhere", .belong, to: "sign out everywhere", audit: .signOutEverywhere) { try $0.signOutEverywhere($1) },
    ]

    private func accountPage(_ visit: Visit) async throws -> PageAnswer { try await accountPage(visit, fault: nil, field: nil, status: 200) }

    private func accountPage(_ visit: Visit, fault: String?, field: String?, status: Int) async throws -> PageAnswer {
        let person = visit.session.person
        let sessions = services.staff.sessions(of: person.id).map { session -> Fields in
            [
                "id": String(session.id), "browser": session.browser, "address": session.address.isEmpty ? nil : session.address,
                "began": visit.formats.shortDate(session.beganAt) + ", " + visit.formats.time(session.beganAt),
                "isHere": session.id == visit.session.id,
            ]
        }
        return try await page(
            "you", title: "Your account", room: "you", visit, status: status,
            [
                "name": visit.request.form["name"] ?? person.name, "email": person.email, "roleName": Roles.name(person.role),
                "roleWords": Roles.words(person.role), "teams": services.staff.teams(of: person.id).map(\.name).joined(separator: ", "),
                "sessions": sessions, "several": sessions.count > 1, "fault": fault, "badName": field == "name", "badOld": field == "old",
                "badPassword": field == "password", "least": 12,
            ])
    }

    private func changeName(_ visit: Visit) async throws -> PageAnswer {
        visit.trail.subject = visit.session.person.id.description
        do {
            try services.staff.change(visit.session.person.id, name: visit.request.form["name"] ?? "")
        } catch let problem as StaffProblem {
            return try await accountPage(visit, fault: Problem(problem).detail, field: "name", status: 422)
        }
        sessions.leave(Sessions.Flash(text: "Your name is changed."), for: visit.session)
        return .seeOther("/you")
    }

    private func changePassword(_ visit: Visit) async throws -> PageAnswer {
        visit.trail.subject = visit.session.person.id.description
        let form = visit.request.form
        do {
            try await services.staff.changePassword(
                of: visit.session.person.id, from: form.raw("old"), to: form.raw("password"), keeping: visit.session.id)
        } catch let problem as StaffProblem {
            let field: String? =
                switch problem {
                case .wrong, .paused: "old"
                case .passwordLength, .passwordObvious: "password"
                default: nil
                }
            guard let field else { throw problem }
            let fault = problem == .wrong ? "This is not your current password." : Problem(problem).detail
            return try await accountPage(visit, fault: fault, field: field, status: 422)
        }
        sessions.leave(Sessions.Flash(text: "Your password is changed. You are signed out everywhere else."), for: visit.session)
        return .seeOther("/you")
    }

    private func endSession(_ id: String, _ visit: Visit) throws -> PageAnswer {
        guard let number = Int64(id) else { throw Self.nowhere }
        visit.trail.subject = visit.session.person.id.description
        try services.staff.end(number, of: visit.session.person.id)
        if number == visit.session.id { return leave(visit) }
        sessions.leave(Sessions.Flash(text: "Signed out there."), for: visit.session)
        return .seeOther("/you")
    }

    private func signOutEverywhere(_ visit: Visit) throws -> PageAnswer {
        visit.trail.subject = visit.session.person.id.description
        try services.staff.endAll(of: visit.session.person.id)
        return leave(visit)
    }
}
