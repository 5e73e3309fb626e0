import Access
import Audit
import Hummingbird
import Kernel

/// The people of the company and their teams: `/api/people`, `/api/teams`.
struct PeopleRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [listPeople, first, invite, change, reset, listTeams, createTeam, changeTeam, deleteTeam] }

    private var listPeople: Endpoint {
        Endpoint(
            .get, "/api/people", .readStaff,
            about: .init("List the people who may sign in", tag: "People", answer: .init(200, "All, disabled people too", .init("PersonPage")))
        ) { _, _ in page(services.staff.people.map { $0.json(services.staff.teams(of: $0.id)) }) }
    }

    private var first: Endpoint {
        Endpoint(
            .post, "/api/people/first", .administer, audit: .invitation,
            about: .init(
                "Make the first administrator's link", tag: "People",
                description: "While nobody can sign in. The link works once and lasts a day; an earlier one stops working.",
                answer: .init(201, "The path of the link", .init("Link")), problems: [409, 503])
        ) { _, context in
            guard let made = try services.staff.firstLink() else {
                throw Problem(
                    status: 409, kind: "not-first", title: "Somebody can sign in already", detail: "Whoever administers invites the others.")
            }
            context.trail.detail = "first administrator"
            return Response(.created, JSON.object([]).with(link: made.link, made.secret, at: services.address()))
        }
    }

    private var invite: Endpoint {
        Endpoint(
            .post, "/api/people", .administer, audit: .invitation,
            about: .init(
                "Invite somebody", tag: "People",
                description: "Gives a link that works once and lasts a week; give it to them yourself. Inviting somebody again who has not come yet "
                    + "makes a new link and the old one useless.",
                body: .init("NewPerson"), answer: .init(201, "The person, and the path of their link", .init("PersonWithLink")),
                problems: [409, 422, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewPerson")
            let made = try services.staff.invite(email: body.required("email"), role: Self.role(body), name: body.optional("name") ?? "")
            context.trail.subject = made.person.id.description
            context.trail.detail = made.person.role.rawValue
            return Response(.created, made.person.json([]).with(link: made.link, made.secret, at: services.address()))
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/people/{id}", .administer, audit: .personChange,
            about: .init(
                "Change a person", tag: "People", description: "What is left out stays. `disabled: true` ends their sessions at once.",
                body: .init("PersonChange"), answer: .init(200, "The person", .init("Person")), problems: [404, 409, 422, 503])
        ) { request, context in
            let id = try Self.person(context)
            let body = try await Body.json(request, "PersonChange")
            let role = body["role"].map { !$0.isNull } == true ? try Self.role(body) : nil
            var person = try services.staff.change(id, name: body.optional("name"), email: body.optional("email"), role: role)
            if let disabled = body["disabled"]?.bool { person = try services.staff.setDisabled(id, disabled) }
            context.trail.detail = person.disabledAt == nil ? person.role.rawValue : "disabled"
            return Response(.ok, person.json(services.staff.teams(of: id)))
        }
    }

    private var reset: Endpoint {
        Endpoint(
            .post, "/api/people/{id}/reset", .administer, audit: .passwordReset,
            about: .init(
                "Make a link for a new password", tag: "People",
                description: "The link works once and lasts a day; the old password works until it is used.",
                answer: .init(201, "The path of the link", .init("Link")), problems: [404, 503])
        ) { _, context in
            let made = try services.staff.resetLink(for: Self.person(context))
            return Response(.created, JSON.object([]).with(link: made.link, made.secret, at: services.address()))
        }
    }

    private var listTeams: Endpoint {
        Endpoint(
            .get, "/api/teams", .readStaff, about: .init("List the teams", tag: "People", answer: .init(200, "All", .init("TeamPage")))
        ) { _, _ in page(services.staff.teams.map(\.json)) }
    }

    private var createTeam: Endpoint {
        Endpoint(
            .post, "/api/teams", .administer, audit: .teamChange,
            about: .init(
                "Make a team", tag: "People", body: .init("NewTeam"), answer: .init(201, "The team", .init("Team")), problems: [409, 422, 503])
        ) { request, context in
            let team = try await save(nil, request)
            context.trail.subject = team.id.description
            context.trail.detail = "made"
            return Response(.created, team.json)
        }
    }

    private var changeTeam: Endpoint {
        Endpoint(
            .put, "/api/teams/{id}", .administer, audit: .teamChange,
            about: .init(
                "Change a team", tag: "People", body: .init("NewTeam"), answer: .init(200, "The team", .init("Team")), problems: [404, 409, 422, 503])
        ) { request, context in Response(.ok, try await save(try Self.team(context), request).json) }
    }

    private var deleteTeam: Endpoint {
        Endpoint(
            .delete, "/api/teams/{id}", .administer, audit: .teamChange,
            about: .init("Dissolve a team", tag: "People", answer: .init(204, "Its members stay, and are not of it any more"), problems: [404, 503])
        ) { _, context in
            try services.staff.deleteTeam(Self.team(context))
            context.trail.detail = "dissolved"
            return .noContent
        }
    }

    private func save(_ id: TeamID?, _ request: Request) async throws -> Team {
        let body = try await Body.json(request, "NewTeam")
        let members = try (body["members"]?.array ?? []).map { member in
            guard let id = member.string.flatMap({ PersonID($0) }) else { throw Problem.badRequest("`members` must be an array of ids (per_…).") }
            return id
        }
        let lead = try body.optional("lead").map { text in
            guard let id = PersonID(text) else { throw Problem.badRequest("`lead` must be an id (per_…).") }
            return id
        }
        return try services.staff.saveTeam(id, name: body.required("name"), lead: lead, members: members)
    }

    private static func role(_ body: JSON) throws -> Role {
        guard let role = Role(rawValue: try body.required("role")) else {
            throw Problem.badRequest("`role` can be \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return role
    }

    private static func person(_ context: Context) throws -> PersonID {
        guard let id = context.parameters.get("id").flatMap({ PersonID($0) }) else { throw Problem.notFound("person") }
        return id
    }

    private static func team(_ context: Context) throws -> TeamID {
        guard let id = context.parameters.get("id").flatMap({ TeamID($0) }) else { throw Problem.notFound("team") }
        return id
    }
}

extension Person {
    func json(_ teams: [Team]) -> JSON {
        [
            "id": .string(id.description), "email": .string(email), "name": JSON(name.isEmpty ? nil : name), "role": .string(role.rawValue),
            "teams": .array(teams.map { .string($0.id.description) }), "createdAt": JSON(createdAt), "joinedAt": JSON(joinedAt),
            "disabledAt": JSON(disabledAt), "seenAt": JSON(seenAt),
        ]
    }
}

extension Team {
    var json: JSON {
        [
            "id": .string(id.description), "name": .string(name), "lead": JSON(lead?.description),
            "members": .array(members.map { .string($0.description) }),
        ]
    }
}

extension JSON {
    /// With a one-time link: its path on this server, the whole of it where the server has pages, and until when it works.
    func with(link: OneTimeLink, _ secret: String, at address: String?) -> JSON {
        let path = OneTimeLink.path(secret)
        return with("link", .string(path)).with("url", JSON(address.map { $0 + path })).with("linkExpiresAt", JSON(link.expiresAt))
    }
}

extension OneTimeLink {
    /// Where on this server a link leads.
    package static func path(_ secret: String) -> String { "/link/" + secret }
}
