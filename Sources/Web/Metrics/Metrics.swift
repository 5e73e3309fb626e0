import Synchronization

/// What the server counts of itself while it runs. Starts at 0 with each start of the server.
package final class Metrics: Sendable {
    /// Interactions that the tracking API wrote to the ledger.
    package let taken = Counter()
    /// Items that the tracking API refused and put into quarantine.
    package let refused = Counter()
    /// Where the time went, by route and method. A route is the pattern as declared, so there are only so many.
    private let requests = Mutex<[RouteKey: RequestFigures]>([:])

    package init() {}

    /// The figures of a route and method.
    /// - Parameters:
    ///   - route: Its pattern: `/api/customers/{ref}`; nil for what no route answers.
    ///   - method: Any; one that no route has counts as `other`, as a client may invent as many as it likes.
    package func figures(route: String?, method: String) -> RequestFigures {
        let key = RouteKey(route: route.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "none", method: Self.methods.contains(method) ? method : "other")
        return requests.withLock { requests in
            if let found = requests[key] { return found }
            let made = RequestFigures()
            requests[key] = made
            return made
        }
    }
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// Writes the figures of all requests, in the order of routes and methods.
    package func writeRequests(to out: inout Exposition) {
        let all = requests.withLock { $0 }.sorted { ($0.key.route, $0.key.method) < ($1.key.route, $1.key.method) }
        out.family("sightline_http_requests_total", .counter, "Requests answered, by route as declared, method and class of status.")
        for (key, figures) in all {
            for (i, counter) in figures.statuses.enumerated() where counter.value > 0 {
                out.sample(counter.value, labels: key.labels + [("status", "\(i + 1)xx")])
            }
        }
        out.family(
            "sightline_http_request_duration_seconds", .histogram,
            "Seconds from a request's head to its answer; of a stream, to the answer's head.")
        for (key, figures) in all {
            var count: UInt64 = 0
            for (bound, counter) in zip(RequestFigures.bounds + [.infinity], figures.buckets) {
                count += counter.value
                out.sample(count, suffix: "_bucket", labels: key.labels + [("le", Exposition.text(bound))])
            }
            out.sample(Double(figures.microseconds.value) / 1_000_000, suffix: "_sum", labels: key.labels)
            out.sample(count, suffix: "_count", labels: key.labels)
        }
    }

    private struct RouteKey: Hashable, Sendable {
        var route: String
        var method: String
        var labels: [Exposition.Label] { [("route", route), ("method", method)] }
    }
}

/// A number that only grows.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)
    package init() {}
    package var value: UInt64 { count.load(ordering: .relaxed) }
    /// - Parameter more: 0 or above.
    package func add(_ more: Int = 1) { count.wrappingAdd(UInt64(more), ordering: .relaxed) }
}

/// Requests of one route and method.
package final class RequestFigures: Sendable {
    /// Upper bounds of the buckets of durations, in seconds; a last bucket holds what took longer.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// By hundreds of the status: 1xx to 5xx.
    let statuses = (1...5).map { _ in Counter() }
    /// Each duration in the first bucket that it fits into.
    let buckets = (0...bounds.count).map { _ in Counter() }
    let microseconds = Counter()

    /// Counts one request.
    package func count(status: Int, took: Duration) {
        let (seconds, rest) = took.components
        let micro = max(0, Int(seconds * 1_000_000 + rest / 1_000_000_000_000))
        statuses[min(max(status / 100, 1), 5) - 1].add()
        buckets[Self.bounds.firstIndex { Double(micro) <= $0 * 1_000_000 } ?? Self.bounds.count].add()
        microseconds.add(micro)
    }
}
