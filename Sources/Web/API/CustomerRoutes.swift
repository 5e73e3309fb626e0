import Audit
import Customers
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import Logging
import NIOCore

/// The single view of a customer: `/api/customers`.
struct CustomerRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [search, show, history, exportOne, erase] }

    private var search: Endpoint {
        Endpoint(
            .get, "/api/customers", .read,
            about: .init(
                "Find customers by what they are known by", tag: "Customers",
                description: """
                    By the beginning of any identifier, of a name or of an order number: meant to be asked at every key. \
                    `GET /api/customers/list` gives all customers, filtered and in an order.
                    """,
                parameters: [
                    .init(
                        "search", "What to look for, 1 to 200 characters.", ["type": "string", "minLength": 1, "maxLength": 200], isRequired: true),
                    .limit(default: 20, most: 100),
                ], answer: .init(200, "The best matches first", .init("FoundPage")))
        ) { _, context in
            guard let text = context.query.value("search") else {
                throw Problem.badRequest("`search` says what to look for. `GET /api/customers/list` gives customers without one, page by page.")
            }
            guard text.count <= 200 else { throw Problem.badRequest("`search` takes at most 200 characters.") }
            let limit = try context.query.integer("limit", in: 1...100, default: 20)
            return page(try services.seen(by: context).search(text, limit: Int(limit)).map(\.json))
        }
    }

    private var show: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}", .read, audit: .view,
            about: .init(
                "Everything known about one customer", tag: "Customers", answer: .init(200, "The customer", .init("Customer")), problems: [404])
        ) { _, context in
            guard let view = try services.seen(by: context).view(find(context)) else { throw Problem.noCustomer }
            return Response(.ok, view.json)
        }
    }

    private var history: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}/interactions", .read, audit: .view,
            about: .init(
                "What passed between a customer and us, newest first", tag: "Customers",
                parameters: [
                    .limit(default: 25, most: 500), .cursor,
                    .init("name", "Only interactions of this name.", repeats: true),
                    .init("channel", "Only interactions on this channel.", repeats: true),
                    .init(
                        "direction", "Only interactions in this direction.", ["type": "string", "enum": ["in", "out", "internal"]], repeats: true),
                    .init("since", "From this moment on.", ["type": "string", "format": "date-time"]),
                    .init("until", "Before this moment.", ["type": "string", "format": "date-time"]),
                ], answer: .init(200, "A page", .init("InteractionPage")), problems: [404])
        ) { _, context in
            let limit = try context.query.integer("limit", in: 1...500, default: 25)
            let filter = try HistoryFilter(context.query)
            var out: [UInt8] = []
            out.reserveCapacity(Int(limit) * 512)
            try services.seen(by: context).writeHistory(
                of: find(context), filter: filter, limit: Int(limit), after: context.query.value("after"), to: &out)
            return Response(.ok, out)
        }
    }

    private var exportOne: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}/export", .read, audit: .export,
            about: .init(
                "One person's data, complete", tag: "Customers",
                description:
                    "What a company owes a person who asks for their data: who they are to us, and every interaction, oldest or newest alike.",
                answer: .init(200, "The customer and all interactions, newest first", .init("CustomerExport")), problems: [404])
        ) { _, context in
            let id = try find(context)
            let seen = services.seen(by: context)
            guard let view = try seen.view(id) else { throw Problem.noCustomer }
            return Self.stream("application/json", name: "\(id).json", context) { writer in
                var out = Array("{\"customer\":".utf8)
                view.json.write(to: &out)
                out.append(contentsOf: ",\"interactions\":[".utf8)
                var after: String?
                var first = true
                repeat {
                    let page = try seen.history(of: id, filter: HistoryFilter(), limit: 500, after: after)
                    for item in page.items {
                        if !first { out.append(44) }
                        first = false
                        seen.write(item, to: &out)
                    }
                    try await writer.write(ByteBuffer(bytes: out))
                    out.removeAll(keepingCapacity: true)
                    after = page.next
                } while after != nil
                try await writer.write(ByteBuffer(string: "]}\n"))
            }
        }
    }

    private var erase: Endpoint {
        Endpoint(
            .delete, "/api/customers/{ref}", .administer, audit: .erasure,
            about: .init(
                "Erase a customer", tag: "Customers",
                description:
                    """
                    Removes who they are and what they said, from the ledger too, for good, and their identifiers where others' interactions \
                    name them. A tombstone stays. Backups made before still hold it; one that is restored here has it erased \
                    again. Reads the whole ledger: about a second per gigabyte.
                    """,
                answer: .init(204, "Erased"), problems: [404, 429, 503])
        ) { _, context in
            let id = try find(context)
            // The log keeps no identifier of whoever is erased.
            context.trail.subject = id.description
            let count = try await services.customers.erase(id, by: context.caller)
            context.trail.detail = "\(count) interactions"
            return .noContent
        }
    }

    /// The customer that the path names.
    /// - Throws: a 404 problem.
    private func find(_ context: Context) throws -> CustomerID {
        let id = try services.customer(context.parameters.get("ref"))
        // The id, not what stood in the address: that may be an e-mail address.
        context.trail.subject = id.description
        return id
    }

    /// A streamed body. What fails on the way is logged and cuts the connection, so that half of it is never taken for the whole.
    static func stream(
        _ type: String, name: String, _ context: Context, _ write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody { writer in
                do {
                    try await write(&writer)
                } catch {
                    // That the client went is no news.
                    if !(error is ChannelError || error is IOError || error is CancellationError) {
                        context.logger.error(
                            "a stream broke off", metadata: ["request": "\(context.request)", "error": "\(String(reflecting: error))"])
                    }
                    throw error
                }
                try await writer.finish(nil)
            })
    }
}

extension Services {
    /// The customer that a percent-encoded reference of a path leads to.
    /// - Throws: a 404 problem.
    func customer(_ encoded: String?) throws -> CustomerID {
        guard let text = encoded.flatMap({ Percent.decode($0) }) else { throw Problem.noCustomer }
        return try customer(reference: text)
    }

    /// The customer that a reference names: one of those who are that person, when they were joined.
    /// - Throws: a 404 problem.
    func customer(reference: String) throws -> CustomerID {
        guard let reference = CustomerReference(reference), let id = try customers.named(reference) else { throw Problem.noCustomer }
        return id
    }
}

extension HistoryFilter {
    /// - Throws: a 400 problem for an unknown direction or a time that is none.
    init(_ query: Query) throws {
        self.init()
        names = Set(query.values("name"))
        channels = Set(query.values("channel"))
        directions = Set(
            try query.values("direction").map { name in
                guard let direction = Direction(name: name) else { throw Problem.badRequest("`direction` can be `in`, `out` or `internal`.") }
                return direction
            })
        since = try query.instant("since")
        until = try query.instant("until")
    }
}

extension Endpoint.Parameter {
    static func limit(default fallback: Int64, most: Int64) -> Endpoint.Parameter {
        .init("limit", "How many at most.", ["type": "integer", "minimum": 1, "maximum": .integer(most), "default": .integer(fallback)])
    }
    /// A cursor that is a number.
    static func place(from least: Int64) -> Endpoint.Parameter {
        .init("after", "The `next` of the page before.", ["type": "integer", "minimum": .integer(least), "maximum": .integer(.max)])
    }
    static let cursor = Endpoint.Parameter("after", "The `next` of the page before.")
}
