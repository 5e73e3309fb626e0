import HTTPTypes
package import Hummingbird

/// Counts each request once, with what it was answered and how long that took.
package struct MetricsMiddleware: RouterMiddleware {
    let metrics: Metrics

    package init(metrics: Metrics) { self.metrics = metrics }

    package func handle(_ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response) async throws -> Response
    {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        metrics.figures(route: context.endpointPath, method: request.method.rawValue)
            .count(status: response.status.code, took: ContinuousClock.now - start)
        return response
    }
}
