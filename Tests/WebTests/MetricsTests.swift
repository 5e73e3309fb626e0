import Access
import Foundation
import Kernel
import Ledger
import Pipeline
import Synchronization
import Testing
import Web

@Suite(.timeLimit(.minutes(15))) struct `The metrics` {
    /// The value of each sample by its line up to the value.
    private static func samples(_ text: String) -> [String: String] {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            lines.compactMap { line in
                line.lastIndex(of: " ").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }, uniquingKeysWith: { $0 + " and " + $1 })
    }

    @Test func `a request counts once, by its route's pattern, its method and its class of status`() async throws {
        try await TestServer.run { (server) async throws in
            for _ in 0..<3 { _ = try await server.send("GET", "/api/customers/cus_0000000", bySocket: true) }
            _ = try await server.send("GET", "/health")
            _ = try await server.send("HEAD", "/health")
            _ = try await server.send("GET", "/no/such/ann@example.com")
            let text = try await server.send("GET", "/metrics", bySocket: true).text
            let found = Self.samples(text)
            #expect(found[#"sightline_http_requests_total{route="/api/customers/{ref}",method="GET",status="4xx"}"#] == "3")
            #expect(found[#"sightline_http_requests_total{route="/health",method="GET",status="2xx"}"#] == "1")
            #expect(found[#"sightline_http_requests_total{route="/health",method="HEAD",status="2xx"}"#] == "1")
            #expect(found[#"sightline_http_requests_total{route="none",method="GET",status="4xx"}"#] == "1")
            #expect(found[#"sightline_http_request_duration_seconds_count{route="/api/customers/{ref}",method="GET"}"#] == "3")
            #expect(found[#"sightline_http_request_duration_seconds_bucket{route="/api/customers/{ref}",method="GET",le="+Inf"}"#] == "3")
            #expect(!text.contains("ann"))
            // What asks is counted when it has its answer.
            #expect(!text.contains(#"route="/metrics""#))
            #expect(try await server.send("GET", "/metrics", bySocket: true).text.contains(#"route="/metrics",method="GET",status="2xx"} 1"#))
        }
    }

    @Test func `every family has a name of ours or the process's, a help and a type, once`() async throws {
        try await TestServer.run { (server) async throws in
            _ = try await server.send("GET", "/health")
            let answer = try await server.send("GET", "/metrics", bySocket: true)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = answer.text.split(separator: "\n")
            let named = { (what: String) in lines.filter { $0.hasPrefix("# \(what) ") }.map { String($0.split(separator: " ")[2]) } }
            #expect(named("HELP") == named("TYPE") && Set(named("TYPE")).count == named("TYPE").count)
            for name in named("TYPE") { #expect(name.hasPrefix("sightline_") || name.hasPrefix("process_")) }
            for name in [
                "http_requests_total", "http_request_duration_seconds", "interactions_taken_total", "interactions_refused_total",
                "interactions_duplicate_total", "pipeline_lag_seconds", "queue_bytes", "ledger_position", "customers", "quarantine_items",
                "live_listeners", "ready", "build_info",
            ] {
                #expect(named("TYPE").contains("sightline_" + name))
            }
            for name in ["resident_memory_bytes", "cpu_seconds_total", "open_fds"] { #expect(named("TYPE").contains("process_" + name)) }
            #expect(answer.text.contains(#"sightline_build_info{version="1.2.3"} 1"#))
            #expect(answer.text.contains("sightline_backup_last_success_timestamp_seconds 1790000000.5\n"))
            #expect(answer.text.contains("sightline_backup_failures_total 2\n"))
        }
    }

    @Test func `what is taken, refused and repeated is counted, and who watches`() async throws {
        try await TestServer.run { (server) async throws in
            let key = TestServer.basic(try server.key())
            let batch = #"{"batch":[{"type":"track","event":"A","userId":"u","messageId":"m1"},{"type":"track"}]}"#
            for _ in 0..<2 { #expect(try await server.send("POST", "/v1/batch?wait=view", headers: [key], json: batch).status == 200) }
            #expect(try await server.send("POST", "/v1/batch", headers: [key], json: #"{"batch":[{"type":"track"}]}"#).status == 200)
            let listener = try server.services.live.listen()
            let found = Self.samples(try await server.send("GET", "/metrics", bySocket: true).text)
            listener.end()
            #expect(found["sightline_interactions_taken_total"] == "2" && found["sightline_interactions_refused_total"] == "3")
            #expect(found["sightline_interactions_duplicate_total"] == "1" && found["sightline_customers"] == "1")
            #expect(found["sightline_live_listeners"] == "1" && found["sightline_ready"] == "1")
            #expect(found["sightline_ledger_position"] == found["sightline_concluded_position"])
        }
    }

    @Test func `figures are for the operator and for tokens that may read`() async throws {
        try await TestServer.run { (server) async throws in
            #expect(try await server.send("GET", "/metrics").status == 401)
            #expect(try await server.send("GET", "/metrics", as: .employee).status == 403)
            #expect(try await server.send("GET", "/metrics", as: .analyst).status == 200)
        }
    }

    @Test func `text is escaped, and numbers are written as the format has them`() {
        var out = Exposition()
        out.family("a_total", .counter, "One \\ and\ntwo \"lines\".")
        out.sample(1, labels: [("x", "q\"u\\o\nt"), ("y", "é")])
        out.sample(Double.infinity)
        out.sample(-Double.infinity)
        out.sample(Double.nan)
        out.sample(0.25)
        let expected = #"""
            # HELP a_total One \\ and\ntwo "lines".
            # TYPE a_total counter
            a_total{x="q\"u\\o\nt",y="é"} 1
            a_total +Inf
            a_total -Inf
            a_total NaN
            a_total 0.25

            """#
        #expect(String(decoding: out.bytes, as: UTF8.self) == expected)
    }

    @Test func `a duration counts in the bucket whose bound it reaches`() {
        let metrics = Metrics()
        let figures = metrics.figures(route: "/a", method: "GET")
        for took in [Duration.milliseconds(1), .microseconds(1001), .seconds(10), .seconds(11)] { figures.count(status: 200, took: took) }
        var out = Exposition()
        metrics.writeRequests(to: &out)
        let found = Self.samples(String(decoding: out.bytes, as: UTF8.self))
        func bucket(_ bound: String) -> String? {
            found["sightline_http_request_duration_seconds_bucket{route=\"/a\",method=\"GET\",le=\"\(bound)\"}"]
        }
        #expect(bucket("0.001") == "1" && bucket("0.0025") == "2" && bucket("5.0") == "2" && bucket("10.0") == "3" && bucket("+Inf") == "4")
    }
}

@Suite(.timeLimit(.minutes(15))) struct `Whether it is ready` {
    @Test func `says ready to anybody while all is well`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/ready")
            #expect(answer.status == 200)
            #expect(try parsed(answer.body)["status"] == "ready")
        }
    }

    @Test func `says no, and why, when the server is stopping, while health stays as it is`() async throws {
        try await TestServer.run { (server) async throws in
            server.services.live.endAll()
            let answer = try await server.send("GET", "/ready")
            #expect(answer.status == 503 && answer.headers["content-type"] == "application/problem+json")
            #expect(answer.headers["retry-after"] == "5")
            #expect(try parsed(answer.body)["detail"] == "The server is stopping.")
            #expect(try await server.send("GET", "/health").status == 200)
            #expect(try await server.send("GET", "/metrics", bySocket: true).text.contains("sightline_ready 0\n"))
        }
    }

    @Test func `what arrives after a quiet night is not behind by the night`() async throws {
        // The ledger calls back before the pipeline has concluded what was committed, so the lag of that very moment is seen.
        try await TestServer.run { (server) async throws in
            let key = TestServer.basic(try server.key())
            _ = try await server.send("POST", "/v1/track?wait=view", headers: [key], json: Tracking.item)
            let pipeline = server.services.pipeline
            let seen = Seen(Mutex(0))
            server.services.ledger.onCommit { _ in seen.note(pipeline.status.lagMilliseconds) }
            for n in 0..<20 {
                server.time.advance(8 * 3_600_000)
                let item = #"{"userId":"u","event":"A","messageId":"night-\#(n)"}"#
                #expect(try await server.send("POST", "/v1/track?wait=view", headers: [key], json: item).status == 200)
            }
            #expect(seen.most == 0)
        }
    }

    private final class Seen: Sendable {
        private let value: Mutex<Int64>
        init(_ value: consuming Mutex<Int64>) { self.value = value }
        func note(_ lag: Int64) { value.withLock { $0 = max($0, lag) } }
        var most: Int64 { value.withLock { $0 } }
    }
}
