package import Hummingbird
import HTTPTypes
import NIOCore

/// Puts the console behind Hummingbird's router.
extension Console {
    /// Answers a request of the server.
    /// - Parameters:
    ///   - client: the address at the other end of the connection.
    ///   - isSecure: whether the browser speaks TLS to us or to the proxy before us.
    package func answer(_ request: Request, client: String, isSecure: Bool) async throws -> Response {
        guard let method = PageRequest.Method(rawValue: request.method.rawValue) else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD, POST"])
        }
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { $0 + (name == "cookie" ? "; " : ", ") + field.value } ?? field.value
        }
        if headers["host"] == nil { headers["host"] = request.head.authority }
        var form = Parameters()
        if method == .post, headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true {
            let body = try await request.body.collect(upTo: PageRequest.maximumForm)
            form = Parameters(encoded: String(buffer: body))
        }
        let page = PageRequest(
            method: method, path: request.uri.path, query: Parameters(encoded: request.uri.query ?? ""), form: form, headers: headers, client: client,
            isSecure: isSecure)
        return Self.response(await answer(page), to: method)
    }

    private static func response(_ answer: PageAnswer, to method: PageRequest.Method) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers { if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) } }
        let body: ResponseBody
        switch answer.body {
        case .bytes(let bytes):
            headers[.contentLength] = String(bytes.count)
            body = method == .head ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let pieces):
            body = method == .head ? ResponseBody() : ResponseBody { writer in
                for await piece in pieces { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: answer.status), headers: headers, body: body)
    }
}
