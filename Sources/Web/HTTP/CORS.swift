import HTTPTypes
package import Hummingbird

/// Lets pages of any origin send interactions: CORS (Fetch standard, section 3.2) for `/v1`, and for nothing else.
///
/// The origin is echoed and credentials are allowed because `navigator.sendBeacon` always sends them; the tracking API looks
/// at no cookie, so this gives nobody anything.
package struct CORSMiddleware: RouterMiddleware {
    /// The origins that may send, as `https://shop.example`; nil for any. Write keys, not origins, decide who may send.
    let origins: Set<String>?

    package init(origins: Set<String>? = nil) { self.origins = origins }

    package func handle(_ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response) async throws -> Response
    {
        guard request.uri.path.hasPrefix("/v1/") else { return try await next(request, context) }
        var response = request.method == .options ? Self.preflight() : try await next(request, context)
        guard let origin = request.headers[.origin], origins?.contains(origin) ?? true else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        response.headers[.vary] = "Origin"
        return response
    }

    private static func preflight() -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "POST, OPTIONS",
                .accessControlAllowHeaders: "Authorization, Content-Type, Content-Encoding, X-Requested-With",
                .accessControlMaxAge: "86400",
            ])
    }
}
