import Access
import Audit
import Kernel

/// A page, or something that pages do: where it is, who may, what the audit log calls it.
///
/// The console answers what is in ``Console/routes`` and nothing else, so that no page is without a permission.
struct PageRoute: Sendable {
    typealias Handler = @Sendable (Console, Visit) async throws -> PageAnswer

    let method: PageRequest.Method
    /// `["customers", ":id", "merges"]`: a part that begins with a colon stands for any.
    let pattern: [String]
    let permission: Permission
    /// What it is to whoever may not: `join customers`.
    let deed: String
    let audit: AuditAction?
    let handler: Handler

    /// - Parameter path: `/customers/:id/merges`
    init(
        _ method: PageRequest.Method, _ path: String, _ permission: Permission, to deed: String, audit: AuditAction? = nil,
        handler: @escaping Handler
    ) {
        self.method = method
        pattern = path.split(separator: "/").map(String.init)
        self.permission = permission
        self.deed = deed
        self.audit = audit
        self.handler = handler
    }

    /// What stands where the pattern has colons; nil when the path is another.
    func parameters(_ parts: [String]) -> [String]? {
        guard parts.count == pattern.count else { return nil }
        var found: [String] = []
        for (part, wanted) in zip(parts, pattern) {
            if wanted.hasPrefix(":") { found.append(part) } else if part != wanted { return nil }
        }
        return found
    }
}

extension Console {
    /// Everything there is for somebody signed in.
    static let routes: [PageRoute] =
        [
            PageRoute(.get, "/", .belong, to: "be here") { console, visit in console.home(visit) },
            PageRoute(.get, "/customers", .read, to: "see customers") { try await $0.customersPage($1) },
            PageRoute(.get, "/customers.csv", .export, to: "take customers out", audit: .export) { try await $0.customersFile($1) },
            PageRoute(.get, "/customers/:id", .read, to: "see customers", audit: .view) { try await $0.customerPage($1.parameters[0], $1) },
            PageRoute(.get, "/customers/:id/history", .read, to: "see customers", audit: .view) { try await $0.historyPart($1.parameters[0], $1) },
            PageRoute(.get, "/customers/:id/why/:kind/:key", .read, to: "see customers", audit: .view) { try await $0.whyPage($1) },
            PageRoute(.get, "/customers/:id/merge", .change, to: "join customers", audit: .view) { try await $0.mergePage($1.parameters[0], $1) },
            PageRoute(.post, "/customers/:id/merges", .change, to: "join customers", audit: .merge) { try await $0.merge($1.parameters[0], $1) },
            PageRoute(.get, "/customers/:id/interactions/:position", .read, to: "see customers", audit: .view) {
                try await $0.interactionPage($1.parameters[0], $1.parameters[1], $1)
            },
            PageRoute(.get, "/customers/:id/merges/:merge/undo", .change, to: "take customers apart", audit: .view) {
                try await $0.undoPage($1.parameters[0], $1.parameters[1], $1)
            },
            PageRoute(.post, "/customers/:id/merges/:merge/undo", .change, to: "take customers apart", audit: .unmerge) {
                try await $0.undo($1.parameters[0], $1.parameters[1], $1)
            },
            PageRoute(.post, "/customers/:id/consents", .annotate, to: "write down what customers agree to", audit: .consent) {
                try await $0.writeConsent($1.parameters[0], $1)
            },
            PageRoute(.post, "/customers/:id/notes", .annotate, to: "write on a customer’s page", audit: .note) {
                try await $0.writeNote($1.parameters[0], $1)
            },
            PageRoute(.get, "/mentions", .read, to: "see what mentions you") { try await $0.mentionsPage($1) },
            PageRoute(.post, "/views", .read, to: "save lists of customers", audit: .viewChange) { try $0.saveView($1) },
            PageRoute(.post, "/views/:id/delete", .read, to: "take saved lists away", audit: .viewChange) {
                try $0.deleteView($1.parameters[0], $1)
            },
            PageRoute(.get, "/reviews", .read, to: "see customers") { try await $0.reviewsPage($1) },
            PageRoute(.post, "/reviews/:id", .change, to: "decide who is one person", audit: .review) { try await $0.decide($1.parameters[0], $1) },
            PageRoute(.post, "/reviews/:id/reopening", .change, to: "take back who is one person", audit: .review) {
                try await $0.reopen($1.parameters[0], $1)
            },
            PageRoute(.get, "/now", .read, to: "see what customers do") { try await $0.nowPage($1) },
            PageRoute(.get, "/now/figures", .read, to: "see what customers do") { try await $0.nowFigures($1) },
            PageRoute(.get, "/now/stream", .read, to: "see what customers do") { try $0.liveStream($1) },
            PageRoute(.post, "/signout", .belong, to: "sign out", audit: .signOut) { try $0.signOut($1) },
        ] + audiencesRoutes + metricsRoutes + lifecycleRoutes + eventsRoutes + editorRoutes + namesRoutes + accountRoutes + settingsRoutes

    /// The first page that somebody's role may see.
    func home(_ visit: Visit) -> PageAnswer { .seeOther(visit.may(.read) ? "/now" : "/you") }

    /// Writes what was done into the audit log.
    func record(_ action: AuditAction, by principal: Principal, subject: String?, _ request: PageRequest, _ trail: Trail = Trail()) throws {
        try Recorder(audit: services.audit, clock: services.clock).record(action, by: principal, trail, subject: subject, from: request.client)
    }
}
