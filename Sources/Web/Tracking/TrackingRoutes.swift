import Access
import Collect
import HTTPTypes
import Hummingbird
import Kernel
import Ledger
import NIOCore
import Pipeline

/// The Segment tracking API: `/v1/…`.
///
/// What is answered with 200 is in the ledger, synced. The short names (`/v1/t` for `/v1/track`) are those that
/// analytics.js uses in browsers.
struct TrackingRoutes: Sendable {
    let services: Services

    /// Seconds that `?wait=view` waits unless `timeout` says otherwise, and at most.
    static let longestWait = 5.0

    static let paths: [(path: String, route: Route)] =
        Route.allCases.map { ($0.rawValue, $0) } + [
            ("i", .identify), ("t", .track), ("p", .page), ("s", .screen), ("g", .group), ("a", .alias), ("b", .batch),
        ]

    var endpoints: [Endpoint] {
        Self.paths.map { path, route in
            Endpoint(.post, "/v1/\(path)", .track, about: Self.about(path, route)) { request, context in
                try await take(route, request, context)
            }
        }
    }

    private func take(_ route: Route, _ request: Request, _ context: Context) async throws -> Response {
        let wait = try Self.wait(context.query)
        try services.pipeline.intake.check()
        let collector = services.collector()
        let limit = collector.limits.bytes(of: route)
        let source = try Self.key(of: request).map(source) ?? operatorSource(request, context)
        let packed = try Self.isPacked(request)
        let raw = try await Body.collect(request, limit: limit)
        let now = services.clock.now
        var batch = Batch(reservingBytes: raw.readableBytes)
        let receipt: Receipt
        if packed {
            let bytes = try raw.withUnsafeReadableBytes { try Inflate.gzip($0, limit: limit) }
            receipt = try bytes.withUnsafeBytes { try collect(collector, route, $0, source, now, &batch) }
        } else {
            receipt = try raw.withUnsafeReadableBytes { try collect(collector, route, $0, source, now, &batch) }
        }
        if batch.isEmpty { return Self.answer(receipt, position: nil, concluded: wait == nil ? nil : true, repeated: wait == nil ? nil : 0) }
        let count = batch.count
        let position = try await services.ledger.append(batch)
        services.metrics.taken.add(receipt.accepted)
        services.metrics.refused.add(receipt.refused.count)
        guard let wait else { return Self.answer(receipt, position: position, concluded: nil, repeated: nil) }
        let concluded = await services.pipeline.wait(for: position.body, atMost: wait)
        let repeated = concluded ? try services.pipeline.repeated(upTo: position, count: count) : nil
        return Self.answer(receipt, position: position, concluded: concluded, repeated: repeated)
    }

    private func collect(
        _ collector: Collector, _ route: Route, _ body: UnsafeRawBufferPointer, _ known: Source?, _ now: Instant, _ batch: inout Batch
    ) throws -> Receipt {
        // Only who sent no `Authorization` has the body searched for a key first.
        guard let source = try known ?? Collector.writeKey(in: body).map(source) else { throw Problem.noWriteKey }
        let allowed = AllowedCalls(source.calls)
        guard allowed.allow(route) else { throw Problem.callNotAllowed(route, allowed) }
        return try collector.collect(route, body: body, source: source.id, receivedAt: now, allowed: allowed, into: &batch)
    }

    /// Whether the body is gzip.
    /// - Throws: a 415 problem for another encoding.
    private static func isPacked(_ request: Request) throws -> Bool {
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity": return false
        case "gzip", "x-gzip": return true
        default: throw Problem.encoding
        }
    }

    /// By the Unix socket the operator needs no write key: whoever can open it could make one. `Sightline-Source` names the
    /// key by which what is sent is to be known; without it, it is known by none.
    private func operatorSource(_ request: Request, _ context: Context) throws -> Source? {
        guard context.local else { return nil }
        guard let field = HTTPField.Name("Sightline-Source"), let encoded = request.headers[field] else { return Source(id: 0, name: "") }
        guard let name = Percent.decode(encoded), let found = services.access.source(named: name) else {
            throw Problem.notFound("name among the write keys in force")
        }
        // Whoever can open the socket could make a key that may do more.
        return Source(id: found.id, name: found.name)
    }

    private func source(_ key: String) throws -> Source {
        guard let source = services.access.source(writeKey: key) else { throw Problem.unknownWriteKey }
        return source
    }

    /// The write key of the `Authorization` header: the user name of Basic authentication (RFC 7617); nil without a header.
    /// - Throws: a 401 problem when the header is there and holds none.
    static func key(of request: Request) throws -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        guard let credentials = Authentication.credentials(header, scheme: "basic"), let text = Base64.decode(credentials),
            let key = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first, !key.isEmpty
        else { throw Problem.noWriteKey }
        return String(key)
    }

    /// Seconds to wait for the view, or nil when the client does not ask for it.
    static func wait(_ query: Query) throws -> Double? {
        var seconds = longestWait
        if let text = query.value("timeout") {
            guard let given = Double(text), given > 0, given <= longestWait else {
                throw Problem.badRequest("`timeout` must be a number of seconds above 0 and at most \(Int(longestWait)).")
            }
            seconds = given
        }
        guard let wait = query.value("wait") else { return nil }
        guard wait == "view" else { throw Problem.badRequest("`wait` can only be `view`.") }
        return seconds
    }

    /// The receipt, with `position` of what was accepted and, when the client waited, whether it is `concluded` and how much of it was
    /// `repeated`.
    private static func answer(_ receipt: Receipt, position: Position?, concluded: Bool?, repeated: Int?) -> Response {
        var out = receipt.json
        out.removeLast()
        if let position, receipt.accepted > 0 {
            out.append(contentsOf: ",\"position\":".utf8)
            JSONText.append(position.raw, to: &out)
        }
        if let concluded { out.append(contentsOf: (concluded ? ",\"concluded\":true" : ",\"concluded\":false").utf8) }
        if let repeated {
            out.append(contentsOf: ",\"repeated\":".utf8)
            JSONText.append(Int64(repeated), to: &out)
        }
        out.append(125)
        return Response(.ok, out)
    }

    private static func about(_ path: String, _ route: Route) -> Endpoint.About {
        let short = path == route.rawValue ? "" : " (the short name of `/v1/\(route.rawValue)` that analytics.js uses)"
        return Endpoint.About(
            "Take in \(route == .batch || route == .import ? "many interactions" : "one interaction: \(route.rawValue)")\(short)", tag: "Tracking",
            description: """
                The Segment tracking API. JSON, as `application/json` or `text/plain`, plain or gzip. The write key is the user name of Basic \
                authentication, or `writeKey` in the body. 200 means that what was accepted is in the ledger, synced to the disk; what was \
                refused is in quarantine.
                """,
            parameters: [
                .init(
                    "wait",
                    "`view`: answer only when the interactions are in their customers' views. The queue of likely duplicates (reviews) comes later.",
                    ["type": "string", "enum": ["view"]]),
                .init("timeout", "Seconds to wait at most.", ["type": "number", "exclusiveMinimum": 0, "maximum": .number(longestWait)]),
            ],
            body: .init(route == .batch || route == .import ? "TrackingBatch" : "TrackingItem"),
            answer: .init(200, "What was accepted and what was refused", .init("Receipt")), problems: [403, 413, 415, 429, 503])
    }
}

extension Pipeline.Intake {
    /// - Throws: a 503 problem when nothing more may be taken in.
    func check() throws {
        switch self {
        case .open: return
        case .behind: throw Problem(PipelineProblem.behind)
        case .full: throw Problem.full
        }
    }
}

extension Problem {
    static let noWriteKey = Problem(
        status: 401, kind: "no-write-key", title: "There is no write key",
        detail:
            "Send one as the user name of Basic authentication or as `writeKey` in the body. An administrator of this installation makes one, in Settings, Keys."
    )
    static func callNotAllowed(_ route: Route, _ allowed: AllowedCalls) -> Problem {
        Problem(
            status: 403, kind: "call-not-allowed", title: "The write key may not make this call",
            detail:
                "It may not send to /v1/\(route.rawValue); it was made for \(allowed.allowed.joined(separator: ", ")). Send this with another key.")
    }
    static let unknownWriteKey = Problem(
        status: 401, kind: "unknown-write-key", title: "The write key is unknown",
        detail: "It was mistyped, has expired or was revoked. An administrator of this installation sees those that hold, in Settings, Keys.")
    static let encoding = Problem(
        status: 415, kind: "encoding", title: "The body's encoding is not taken",
        detail: "Bodies come as they are or with `Content-Encoding: gzip`.")
}
