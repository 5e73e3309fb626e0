import HTTPTypes
import Hummingbird
import NIOCore

/// Puts the console behind the server's router.
extension Console {
    /// The first parts of all paths that belong to the console.
    static let roots = [
        "", "signin", "signout", "link", "you", "settings", "customers", "customers.csv", "reviews", "mentions", "views", "now",
        "audiences", "lifecycle", "metric", "events", "new", "edit", "formulas", "static",
    ]

    /// Answers a request of the server.
    /// - Parameters:
    ///   - client: the address at the other end of the connection.
    ///   - isSecure: whether the browser speaks TLS, to us or to the proxy before us.
    func answer(_ request: Request, client: String, isSecure: Bool) async throws -> Response {
        let method = PageRequest.Method(rawValue: request.method.rawValue) ?? .get
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { $0 + (name == "cookie" ? "; " : ", ") + field.value } ?? field.value
        }
        if headers["host"] == nil { headers["host"] = request.head.authority }
        var form = Parameters()
        if method == .post, headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true {
            form = Parameters(encoded: String(buffer: try await request.body.collect(upTo: PageRequest.maximumForm)))
        }
        let page = PageRequest(
            method: method, path: request.uri.path, query: Parameters(encoded: request.uri.query ?? ""), form: form, headers: headers,
            client: client, isSecure: isSecure)
        return Self.response(await answer(page), to: request)
    }

    private static func response(_ answer: PageAnswer, to request: Request) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers { if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) } }
        let body: ResponseBody
        switch answer.body {
        case .bytes(let bytes):
            body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .pieces where request.method == .head:
            body = ResponseBody()
        case .pieces(let next):
            body = ResponseBody { writer in
                while let piece = try await next() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            }
        case .stream(_, let end) where request.method == .head:
            end()
            body = ResponseBody()
        case .stream(let pieces, let end):
            body = ResponseBody { writer in
                defer { end() }
                try await request.body.consumeWithInboundCloseHandler { _ in
                    for await piece in pieces { try await writer.write(ByteBuffer(bytes: piece)) }
                } onInboundClosed: {
                    end()
                }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: answer.status), headers: headers, body: body)
    }
}
