import HTTPTypes
package import Hummingbird
package import Kernel

/// Writes one JSON line per request, without personal data: the route as declared rather than the address, no query, no
/// client address, no name.
///
/// `{"time":"2026-11-21T23:59:06.123Z","method":"GET","route":"/api/customers/{ref}","status":200,"bytes":812,"microseconds":95,"request":"…"}`;
/// `bytes` is null for a stream, whose end is not waited for. With several workspaces `workspace` names the one that answered.
package struct AccessLogMiddleware: RouterMiddleware {
    let clock: Clock
    let workspace: String?
    let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - workspace: Its name, where there are several.
    ///   - write: Takes whole lines, each ending in a line feed. Called from many threads.
    package init(clock: Clock, workspace: String? = nil, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.clock = clock
        self.workspace = workspace
        self.write = write
    }

    package func handle(_ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response) async throws -> Response
    {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        let took = (ContinuousClock.now - start).components
        var line: [UInt8] = []
        line.reserveCapacity(224)
        func put(_ text: StaticString) { text.withUTF8Buffer { line.append(contentsOf: $0) } }
        put("{\"time\":\"")
        clock.now.append(to: &line)
        put("\",\"method\":")
        JSONText.append(String(request.method.rawValue.prefix(16)), to: &line)
        put(",\"route\":")
        JSONText.append(context.endpointPath ?? "", to: &line)
        put(",\"status\":")
        JSONText.append(Int64(response.status.code), to: &line)
        put(",\"bytes\":")
        if let bytes = response.body.contentLength { JSONText.append(Int64(bytes), to: &line) } else { put("null") }
        put(",\"microseconds\":")
        JSONText.append(took.seconds * 1_000_000 + took.attoseconds / 1_000_000_000_000, to: &line)
        put(",\"request\":")
        JSONText.append(context.request.description, to: &line)
        if let workspace {
            put(",\"workspace\":")
            JSONText.append(workspace, to: &line)
        }
        put("}\n")
        write(line)
        return response
    }
}
