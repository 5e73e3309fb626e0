import Access
import Collect
import Consent
import Customers
import Definitions
import Delivery
package import HTTPTypes
package import Hummingbird
package import Kernel
import Ledger
import Logging
import NIOCore
import Notes
import Pipeline
import Store

// The one place where what went wrong in any target becomes what a client is told (RFC 9457).

extension Problem {
    /// The problem that an error is to a client. An error that nobody foresaw says nothing of itself: the log has it.
    package init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let problem as LedgerProblem: self.init(problem)
        case let problem as PipelineProblem: self.init(problem)
        case StoreProblem.unwritable(let reason):
            self.init(
                status: 503, kind: "unwritable", title: "The state database cannot be written",
                detail: "\(reason). Nothing was changed. It goes on by itself when the disk can be written again.", retryAfter: 5)
        case let problem as CollectProblem: self = problem.problem
        case let problem as InflateProblem: self = CollectProblem.gzip(problem).problem
        case let problem as AccessProblem: self.init(problem)
        case let problem as StaffProblem: self.init(problem)
        case let problem as NoteProblem: self.init(problem)
        case let problem as ConsentProblem: self.init(problem)
        case let problem as CustomersProblem: self.init(problem)
        case let problem as DefinitionsProblem: self.init(problem)
        case let problem as WebhookProblem: self.init(problem)
        case let error as HTTPError where error.status == .notFound: self = .noRoute
        case let error as HTTPError: self = .badRequest(error.body ?? error.status.reasonPhrase, status: error.status.code)
        case is NIOTooManyBytesError: self = .badRequest("The body is too large.", status: 413)
        default: self = .unforeseen
        }
    }

    private init(_ problem: LedgerProblem) {
        switch problem {
        case .busy(let seconds):
            self.init(
                status: 429, kind: "busy", title: "Too much is waiting to be written",
                detail: "More arrives than the disk can keep up with. Nothing of this request was kept; send it again later.", retryAfter: seconds)
        case .unwritable(let reason):
            self.init(
                status: 503, kind: "unwritable", title: "The ledger cannot be written",
                detail: "\(reason) Nothing of this request was kept. It goes on by itself when the disk can be written again.", retryAfter: 5)
        case .closed:
            self.init(
                status: 503, kind: "stopping", title: "The server is stopping",
                detail: "Nothing of this request was kept; send it again to the server that follows.", retryAfter: 5)
        case .vocabularyFull(let what):
            self = .unacceptable("All 224 numbers for declared \(what) are taken.", kind: "vocabulary-full")
        case .format, .damaged:
            self.init(
                status: 500, kind: "damaged", title: "The ledger is damaged",
                detail: "`sightline ledger verify` says where. Restore a backup, and keep the damaged file.")
        }
    }

    private init(_ problem: AccessProblem) {
        switch problem {
        case .nameLength(let count): self = .unacceptable("A name has 1 to 64 characters; this one has \(count).", kind: "name")
        case .nameCharacters: self = .unacceptable("A name has no control characters, no `/` and no space at either end.", kind: "name")
        case .nameTaken:
            self.init(
                status: 409, kind: "name-taken", title: "The name is taken",
                detail: "One in force has this name. Choose another, or revoke that one first.")
        case .unknownName: self = .notFound("name among those in force")
        case .expired: self = .unacceptable("It would have expired already. Name a time that is still to come.", kind: "expiry")
        case .noLimits: self = .unacceptable("Name at least one thing that it may do, or leave the list out: then it may do all.", kind: "scope")
        case .keysUsedUp: self = .unacceptable("All 65535 write keys there can be were made.", kind: "keys-used-up")
        case .damaged: self = .unforeseen
        }
    }

    private init(_ problem: StaffProblem) {
        switch problem {
        case .name: self = .unacceptable("A name has 1 to 100 characters, a team's 64, and no control characters.", kind: "name")
        case .email: self = .unacceptable("This is no e-mail address. Write one as ann@example.com.", kind: "email")
        case .emailTaken:
            self.init(
                status: 409, kind: "email-taken", title: "The address is taken", detail: "Somebody has this e-mail address already, or had it.")
        case .teamTaken: self.init(status: 409, kind: "name-taken", title: "The name is taken", detail: "Another team has this name.")
        case .passwordLength(let count): self = .unacceptable("A password has 12 to 200 characters; this one has \(count).", kind: "password")
        case .passwordObvious:
            self = .unacceptable(
                "This password is too easy to guess: it is a name, an address, or a few characters again and again.", kind: "password")
        case .unknown: self = .notFound("person, team or session")
        case .wrong: self = .unauthorised("The e-mail address or the password is wrong.")
        case .paused(let seconds):
            self.init(
                status: 429, kind: "too-many-failures", title: "Too many wrong tries", detail: "Try again when the time is over.",
                retryAfter: seconds)
        case .busy:
            self.init(
                status: 503, kind: "busy", title: "Too many people are signing in", detail: "Try again in a few seconds.", retryAfter: 3)
        case .link:
            self.init(
                status: 410, kind: "link", title: "This link does not work any more",
                detail: "It was used, replaced or withdrawn, or its time is over. Ask an administrator for another.")
        case .lastAdministrator:
            self.init(
                status: 409, kind: "last-administrator", title: "Somebody has to administer",
                detail: "This is the only administrator. Make somebody else one first.")
        case .leadIsNoMember: self = .unacceptable("A team's lead is one of its members.", kind: "lead")
        case .viewName(let count):
            self = .unacceptable("The name of a list has 1 to 60 characters and no control characters; this one has \(count).", kind: "view")
        case .viewTooLong: self = .unacceptable("There are too many filters to save them. Take some away.", kind: "view")
        case .tooManyViews: self = .unacceptable("Fifty lists can be saved. Take one away first.", kind: "view")
        case .damaged: self = .unforeseen
        }
    }

    private init(_ problem: ConsentProblem) {
        switch problem {
        case .purposeLength(let count): self = .unacceptable("A purpose has 1 to 60 characters; this one has \(count).", kind: "consent")
        case .methodLength(let count): self = .unacceptable("How it was said takes 60 characters at most; this has \(count).", kind: "consent")
        case .wordingLength(let count): self = .unacceptable("The wording takes 2,000 characters at most; this has \(count).", kind: "consent")
        case .unknownChannel(let name):
            self = .unacceptable("There is no channel \(name.prefix(60)). Leave it out for every channel.", kind: "consent")
        case .noCustomer: self = .noCustomer
        }
    }

    private init(_ problem: NoteProblem) {
        switch problem {
        case .length(let count): self = .unacceptable("A note has 1 to 10,000 characters; this one has \(count).", kind: "note")
        case .tooManyMentions(let count): self = .unacceptable("A note mentions 20 colleagues at most; this one \(count).", kind: "note")
        case .noCustomer: self = .noCustomer
        }
    }

    private init(_ problem: DefinitionsProblem) {
        let title = "The definitions cannot be put in force"
        switch problem {
        case .wrong(let findings, let onlyChecked):
            self.init(
                status: 422, kind: "definitions", title: title,
                detail: (onlyChecked ? "" : "Nothing was changed. ") + findings.map(\.description).joined(separator: "\n"))
        case .another(let document, let found):
            self.init(
                status: 422, kind: "definitions", title: title,
                detail:
                    "Nothing was changed. This is the document \(document), and the text is one of \(found); write `\(document.prefix { $0 != "/" }):` at its top."
            )
        case .overtaken(_, let by, let version):
            self.init(
                status: 409, kind: "overtaken", title: "Somebody else was quicker",
                detail: "Nothing was changed. \(by) put version \(version) in force meanwhile. Look at it, and make your change in it.")
        case .noDocument: self = .notFound("document")
        case .noVersion: self = .notFound("version of this document")
        }
    }

    private init(_ problem: CustomersProblem) {
        func names(_ known: [String]) -> String { known.map { "`\($0)`" }.joined(separator: ", ") }
        switch problem {
        case .notFound: self = .noCustomer
        case .unknownKind(let kind, let known):
            self = .badRequest("There is no kind of identifier `\(kind.prefix(64))`. There are \(names(known)).")
        case .notOne(let kind, let people):
            self.init(
                status: 409, kind: "not-one", title: "This leads to several customers",
                detail: "\(people) customers have this \(kind). Search for it, and name the one you mean by id.")
        case .cursor: self = .badRequest("`after` is no cursor of ours. Take it from `next` of the page before, and keep the filters.")
        case .filter(let field, _, let known): self = .badRequest("There is no such \(field). There are \(names(known)).")
        case .samePerson: self = .unacceptable("Both references lead to the same customer.", kind: "same-customer")
        case .noMerge: self = .notFound("merge of this customer that is in force")
        case .noReview: self = .notFound("open review")
        case .noDecision: self = .notFound("decision of this review that is in force")
        case .tooLong(let field, let most): self = .badRequest("`\(field)` takes at most \(most) characters.")
        }
    }

    private init(_ problem: WebhookProblem) {
        switch problem {
        case .unknown: self = .notFound("webhook")
        case .noMessage: self = .notFound("message of this webhook")
        case .disabled:
            self.init(
                status: 409, kind: "webhook-disabled", title: "The webhook is switched off",
                detail: "Its receiver answered 410, that it is gone for good. Switch the webhook on first.")
        case .off:
            self.init(
                status: 409, kind: "webhook-off", title: "The webhook is off",
                detail: "Its definition says `enabled: false`. Take that out of it first.")
        case .notSending:
            self.init(
                status: 503, kind: "not-sending", title: "Nothing is sent just now",
                detail: "The server is ending, or a command has the data folder for a moment. Start a server, and ask it again.", retryAfter: 10)
        }
    }

    private init(_ problem: PipelineProblem) {
        switch problem {
        case .commandTooLarge(let bytes):
            self = .unacceptable("Written down, this has \(bytes) bytes; \(Command.maximum) are allowed.", kind: "command-too-large")
        case .missing: self = .unforeseen
        case .tooManySelectors(let most):
            self = .unacceptable(
                "Formulas have asked for more than \(most) different things since this folder was made. Remove `state.db` and `timeline` while the server is stopped: they are worked out again, with fresh numbers.",
                kind: "too-many-selectors")
        case .behind:
            self = Problem(
                status: 503, kind: "behind", title: "The view is too far behind",
                detail: "What was asked is in the ledger, and nothing is lost. `GET /health` says how far behind the view is, and why.",
                retryAfter: 10)
        }
    }
}

extension Problem {
    package static func badRequest(_ detail: String, status: Int = 400) -> Problem {
        Problem(status: status, kind: "bad-request", title: "The request cannot be understood", detail: detail)
    }
    static let unforeseen = Problem(
        status: 500, kind: "unforeseen", title: "Something went wrong here",
        detail: "The server's log says what, under this request's id. Trying again may help.")
    static let noRoute = Problem(
        status: 404, kind: "no-such-address", title: "There is nothing at this address", detail: "/api/openapi.json lists the addresses of the API.")
    static func method(_ allowed: [String]) -> Problem {
        Problem(
            status: 405, kind: "method", title: "This address does not take this method",
            detail: "It takes \(allowed.joined(separator: ", ")).")
    }
    static func unknownParameter(_ name: String, known: [String]) -> Problem {
        let may = known.isEmpty ? "It takes none." : "It takes \(known.map { "`\($0)`" }.joined(separator: ", "))."
        return badRequest("This address takes no parameter `\(name.prefix(64))`. \(may)")
    }
    static func unauthorised(_ detail: String) -> Problem {
        Problem(status: 401, kind: "unauthorised", title: "It is not clear who is calling", detail: detail)
    }
    static func forbidden(_ permission: Permission, _ principal: Principal) -> Problem {
        if permission.roles.contains(principal.role), let scopes = principal.scopes {
            return Problem(
                status: 403, kind: "forbidden", title: "This token may not do this",
                detail: "It takes the permission `\(permission.rawValue)`; the token was made for \(scopes.sorted().joined(separator: ", ")) alone.")
        }
        let roles = permission.roles.map(\.rawValue).sorted().joined(separator: ", ")
        return Problem(
            status: 403, kind: "forbidden", title: "This token's role may not do this",
            detail: "It takes the permission `\(permission.rawValue)`, which these roles have: \(roles).")
    }
    static let operatorsAlone = Problem(
        status: 403, kind: "operators-alone", title: "Only the server's operator names its folders",
        detail: "Use `sightline backup` or `sightline restore` on the server's machine: they reach it by its Unix socket.")
    static func tooManyFailures(retryAfter seconds: Int) -> Problem {
        Problem(
            status: 429, kind: "too-many-failures", title: "Too many unknown tokens from this address",
            detail: "Tokens of this address are looked at again when the time is over.", retryAfter: seconds)
    }
    static let tooManyListeners = Problem(
        status: 429, kind: "too-many-listeners", title: "Too many are watching", detail: "At most \(Live.most) may watch at once.", retryAfter: 30)
    static let full = Problem(
        status: 503, kind: "full", title: "This workspace has as many customers as it can",
        detail: "Nothing was taken in. Ask whoever runs the server: erasing nobody helps, another data folder does.", retryAfter: 3600)
    static func tooLarge(_ limit: Int) -> Problem {
        Problem(
            status: 413, kind: "too-large", title: "The body is too large",
            detail: "This address takes bodies of at most \(limit) bytes, before and after decompression. Send less at a time.")
    }
    package static let noCustomer = Problem(
        status: 404, kind: "no-such-customer", title: "There is no such customer",
        detail: "Name a customer by id (cus_…) or by an identifier as kind:value (email:ann@example.com).")
    static func notFound(_ what: String) -> Problem {
        Problem(status: 404, kind: "not-found", title: "There is no such \(what)", detail: "It never was, or it is gone.")
    }
    static func unacceptable(_ detail: String, kind: String = "unacceptable") -> Problem {
        Problem(status: 422, kind: kind, title: "This cannot be done", detail: detail)
    }
}

extension Problem {
    /// How to say who one is (RFC 9110, section 11). Basic, which the tracking API takes, is not named: on a page with a wrong write
    /// key a browser would ask whoever visits it for a name and a password.
    private var scheme: String { kind == Self.noWriteKey.kind || kind == Self.unknownWriteKey.kind ? "WriteKey" : "Bearer" }

    /// The problem as a response: `application/problem+json`.
    /// - Parameters:
    ///   - request: The request's id, by which the log can be searched.
    ///   - more: What problems of this kind say besides (RFC 9457, section 3.2).
    package func response(request: String, more: [JSON.Member] = []) -> Response {
        var out: [UInt8] = []
        let members: [JSON.Member] = [
            .init("type", .string("urn:sightline:problem:\(kind)")), .init("title", .string(title)),
            .init("status", .integer(Int64(status))), .init("detail", .string(detail)),
            .init("instance", .string("urn:sightline:request:\(request)")),
        ]
        JSON.object(members + more).write(to: &out)
        var response = Response(.init(code: status), out, type: "application/problem+json")
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        if status == 401 { response.headers[.wwwAuthenticate] = "\(scheme) realm=\"sightline\"" }
        return response
    }
}

extension Response {
    /// A response of bytes that no cache may keep.
    package init(_ status: HTTPResponse.Status = .ok, _ bytes: [UInt8], type: String = "application/json") {
        self.init(
            status: status, headers: [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    package init(_ status: HTTPResponse.Status = .ok, _ json: JSON) { self.init(status, json.bytes) }
    /// Done, and nothing to say.
    package static var noContent: Response { Response(status: .noContent) }
}

/// Answers every error with the problem it is, and logs those that are ours.
package struct ProblemMiddleware: RouterMiddleware {
    let methods: MethodTable
    /// Answers browsers that ask for an address that is none; nil without a console.
    let page: Endpoint.Handler?

    package func handle(_ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response) async throws -> Response
    {
        do {
            return try await next(request, context)
        } catch {
            var problem = Problem(error)
            if problem == .noRoute {
                if let allowed = methods.allowed(request.uri.path) {
                    problem = .method(allowed)
                } else if let page, request.method == .get, request.headers[.accept]?.contains("text/html") == true {
                    return try await page(request, context)
                }
            }
            if problem == .unforeseen {
                context.logger.error(
                    "request failed",
                    metadata: [
                        "request": "\(context.request)", "route": "\(context.endpointPath ?? "")", "error": "\(String(reflecting: error))",
                    ])
            }
            var response = problem.response(request: context.request.description)
            if problem.status == 405, let allowed = methods.allowed(request.uri.path) { response.headers[.allow] = allowed.joined(separator: ", ") }
            // What was not read of a refused body is not worth reading: the connection ends with the answer.
            if problem.status == 413 { response.headers[.connection] = "close" }
            return response
        }
    }
}

/// Which methods an address takes, to tell a wrong method from a wrong address.
package struct MethodTable: Sendable {
    private let routes: [(path: [Substring], method: String)]

    package init(_ endpoints: [Endpoint]) {
        routes = endpoints.map { (Self.parts($0.path), $0.method.rawValue) }
    }

    private static func parts(_ path: String) -> [Substring] { path[...].split(separator: "/") }

    /// The methods of an address that exists, sorted; nil when it does not.
    func allowed(_ path: String) -> [String]? {
        let asked = Self.parts(path)
        let found = routes.filter { route in
            let isOpen = route.path.last == "**"
            guard isOpen ? asked.count >= route.path.count : asked.count == route.path.count else { return false }
            return zip(route.path, asked).allSatisfy { $0.hasPrefix("{") || $0 == "**" || $0 == $1 }
        }
        guard !found.isEmpty else { return nil }
        var methods = Set(found.map(\.method))
        if methods.contains("GET") { methods.insert("HEAD") }
        if asked.first == "v1" { methods.insert("OPTIONS") }
        return methods.sorted()
    }
}
