import Foundation
import Glibc
import Kernel
import Synchronization

/// The rows over HTTP: a real server in a process of its own, and clients here that keep connections open and write
/// ready-made requests.
struct OverHTTP {
    let program: String
    let folder: String
    let people: Int

    /// - Parameter console: Only what people at their browsers have.
    func measure(console: Bool, _ report: inout Report) async throws {
        let server = try BenchServer(program: program, folder: folder)
        defer { server.stop() }
        let key = try server.command(["key", "create", "bench-\(getpid())"])
        if !console {
            let token = try server.command(["token", "create", "bench-\(getpid())", "--role", "administrator"])
            ingest(server, key, &report)
            views(server, token, &report)
        }
        let colleague = try Colleague(server)
        ConsolePages(server: server, colleague: colleague, people: people).measure(&report)
        Viewers(server: server, colleague: colleague, key: key, people: people).measure(&report)
        // The last one, as somebody's newest sessions end their oldest.
        SignIns(server: server, colleague: colleague).measure(&report)
    }

    private func ingest(_ server: BenchServer, _ key: String, _ report: inout Report) {
        let bodies = 400
        let per = 500
        let rounds = 5
        var crowd = Crowd(seed: UInt64(time(nil)), people: people)
        let authorization = Data("\(key):".utf8).base64EncodedString()
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970) * 1000)
        var requests = (0..<bodies).map { _ in
            let body = crowd.body(per, at: now)
            let head =
                "POST /v1/batch HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic \(authorization)\r\nContent-Type: application/json\r\nContent-Length: \(body.bytes.count)\r\n\r\n"
            return Request(bytes: Array(head.utf8) + body.bytes, messages: body.messages.map { $0 + head.utf8.count })
        }
        let bare = appendAndSync(requests.map(\.bytes), in: folder)
        let before = processorSeconds(of: server.pid) ?? 0
        var took = 0.0
        var failed = 0
        for round in 0..<rounds {
            for i in requests.indices { requests[i].rename(round) }
            let ready = requests
            let began = seconds()
            failed += Clients.run(port: server.port, connections: 8, requests: ready.count) { ready[$0].bytes }
            took += seconds() - began
        }
        let n = bodies * per * rounds
        let processor = ((processorSeconds(of: server.pid) ?? 0) - before) / Double(n) * 1e6
        let share = bare * Double(rounds) / took
        report.row("append and sync of the same requests, bare", rate(n, bare * Double(rounds)))
        report.row(
            "ingest over HTTP, 500 a batch, acknowledged",
            "\(rate(n, took)), \(number(share, 2)) of the bare limit, server's processor \(number(processor, 2)) µs each, \(failed) failed",
            target: "≥ 250,000/s and ≥ 0.4 of the bare limit", reached: Double(n) / took >= 250_000 && share >= 0.4 && failed == 0)
    }

    private struct Request: Sendable {
        var bytes: [UInt8]
        /// Where the message ids begin.
        var messages: [Int]

        /// Gives the messages other ids: their first letter is one that no hexadecimal digit is.
        mutating func rename(_ round: Int) { for m in messages { bytes[m] = UInt8(103 + round) } }
    }

    private func views(_ server: BenchServer, _ token: String, _ report: inout Report) {
        var random = SeededRandom(seed: 11)
        let n = 40_000
        let customers = server.customers()
        let requests = (0..<n).map { _ in
            let id = CustomerID(raw: UInt32(random.below(customers)))
            return Array("GET /api/customers/\(id)/interactions?limit=25 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer \(token)\r\n\r\n".utf8)
        }
        _ = Clients.run(port: server.port, connections: 8, requests: n) { requests[$0] }
        let before = processorSeconds(of: server.pid) ?? 0
        let began = seconds()
        let failed = Clients.run(port: server.port, connections: 8, requests: n) { requests[$0] }
        let took = seconds() - began
        let processor = ((processorSeconds(of: server.pid) ?? 0) - before) / Double(n) * 1e6
        report.row(
            "history over HTTP, 25 a page, 8 connections", "\(rate(n, took)), server's processor \(number(processor, 1)) µs each, \(failed) failed",
            target: "≥ 9,000/s",
            reached: Double(n) / took >= 9_000 && failed == 0)
    }
}

/// Connections that write requests and read whole answers, each on a thread of its own.
enum Clients {
    /// Answers that were not 200, and connections that broke.
    static func run(port: Int, connections: Int, requests: Int, _ request: @escaping @Sendable (Int) -> [UInt8]) -> Int {
        let counter = Counter()
        let failed = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: connections) { _ in
            var bad = 0
            if let connection = Connection(port: port) {
                while true {
                    let i = counter.next()
                    guard i < requests else { break }
                    if connection.ask(request(i)) != 200 { bad += 1 }
                }
            } else {
                bad += 1
            }
            failed.withLock { $0 += bad }
        }
        return failed.withLock { $0 }
    }
}
