import Access
package import Audit
package import HTTPTypes
package import Hummingbird
package import Kernel

/// One route: where it is, who may use it, what it is for, and what it does.
///
/// The router, the check of permissions and the OpenAPI document all come from the same list of these, so that none can
/// say something else than the others.
package struct Endpoint: Sendable {
    package typealias Handler = @Sendable (Request, Context) async throws -> Response

    package let method: HTTPRequest.Method
    /// As OpenAPI writes it: `/api/customers/{ref}`.
    package let path: String
    package let permission: Permission
    /// What the audit log calls it; nil for what nobody has to answer for.
    package let audit: AuditAction?
    /// What the OpenAPI document says; nil for pages, which it does not list.
    package let about: About?
    package let handler: Handler

    package init(
        _ method: HTTPRequest.Method, _ path: String, _ permission: Permission, audit: AuditAction? = nil, about: About? = nil,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.permission = permission
        self.audit = audit
        self.about = about
        self.handler = handler
    }
}

extension Endpoint {
    /// What the OpenAPI document says about a route.
    package struct About: Sendable {
        package var summary: String
        package var description: String
        /// The group it is listed in.
        package var tag: String
        package var parameters: [Parameter]
        package var body: Content?
        package var answer: Answer
        /// Other answers that are no problems by RFC 9457.
        package var others: [Answer]
        /// The problems it may answer with beside those that every route has.
        package var problems: [Int]

        package init(
            _ summary: String, tag: String, description: String = "", parameters: [Parameter] = [], body: Content? = nil,
            answer: Answer, others: [Answer] = [], problems: [Int] = []
        ) {
            self.summary = summary
            self.description = description
            self.tag = tag
            self.parameters = parameters
            self.body = body
            self.answer = answer
            self.others = others
            self.problems = problems
        }
    }

    /// A parameter of the query. Those of the path are found in ``Endpoint/path``.
    package struct Parameter: Sendable {
        package var name: String
        package var description: String
        package var schema: JSON
        /// May be given more than once.
        package var repeats: Bool
        /// Has to be given.
        package var isRequired: Bool

        package init(
            _ name: String, _ description: String, _ schema: JSON = ["type": "string"], repeats: Bool = false, isRequired: Bool = false
        ) {
            self.name = name
            self.description = description
            self.schema = schema
            self.repeats = repeats
            self.isRequired = isRequired
        }
    }

    /// A body: its media type and the name of its schema in the document; nil for any.
    package struct Content: Sendable {
        package var type: String
        package var schema: String?
        /// JSON by a schema of the document.
        package init(_ schema: String) {
            type = "application/json"
            self.schema = schema
        }
        package init(type: String, schema: String?) {
            self.type = type
            self.schema = schema
        }
    }

    /// What comes back when all is well.
    package struct Answer: Sendable {
        package var status: Int
        package var description: String
        package var content: Content?
        package init(_ status: Int, _ description: String, _ content: Content? = nil) {
            self.status = status
            self.description = description
            self.content = content
        }
    }
}

extension RouterMethods where Context == Web.Context {
    /// Adds routes, each behind the check of its permission and, where it is documented, of its query's names.
    package func add(_ endpoints: [Endpoint], _ authentication: Authentication, _ recorder: Recorder) {
        for endpoint in endpoints {
            let known = endpoint.about.map { Set($0.parameters.map(\.name)) }
            let single = Set(endpoint.about?.parameters.filter { !$0.repeats }.map(\.name) ?? [])
            // The tracking API takes whatever clients append to its address.
            let strict = endpoint.permission != .track
            on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                var context = context
                try authentication.check(endpoint.permission, request, &context)
                if let text = request.uri.query { context.query = try Query(text) }
                if let known, strict, let stranger = context.query.names.first(where: { !known.contains($0) }) {
                    throw Problem.unknownParameter(stranger, known: known.sorted())
                }
                // Whoever writes `limit=` or says it twice means something, and would not see that it had no effect.
                if let name = context.query.emptyName(among: known ?? []) {
                    throw Problem.badRequest("`\(name)` has no value. Give it one, or leave it out.")
                }
                if let name = context.query.repeatedName(among: single) { throw Problem.badRequest("`\(name)` is given twice. Give it once.") }
                let response = try await endpoint.handler(request, context)
                if let action = endpoint.audit, response.status.code < 400 {
                    try recorder.record(action, context, from: authentication.address(of: request, context))
                }
                return response
            }
        }
    }
}

/// Writes what was done into the audit log.
package struct Recorder: Sendable {
    let audit: Audit
    let clock: Clock

    package init(audit: Audit, clock: Clock) {
        self.audit = audit
        self.clock = clock
    }

    func record(_ action: AuditAction, _ context: Context, from address: String?) throws {
        guard let principal = context.principal else { return }
        let first = context.parameters.first.map { Percent.decode($0.value) ?? String($0.value) }
        try record(action, by: principal, context.trail, subject: first, from: address)
    }

    /// - Parameter subject: To what, unless the trail says.
    /// - Throws: `DatabaseError`: what cannot be written down is answered with an error, though it was done.
    func record(_ action: AuditAction, by principal: Principal, _ trail: Trail, subject: String?, from address: String?) throws {
        guard !trail.isSilent else { return }
        let entry = AuditEntry(
            at: clock.now, actor: principal.id, name: principal.name, action: action, subject: trail.subject ?? subject ?? "", detail: trail.detail,
            address: address ?? "")
        if action == .view { audit.look(entry) } else { try audit.write(entry) }
    }
}
