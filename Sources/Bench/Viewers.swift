import Foundation
import Glibc
import Kernel
import Synchronization

/// What people who watch the live page cost: interactions come at 1,000 a second, first with nobody looking, then with as
/// many as the server lets look, each on a connection of their own.
struct Viewers {
    let server: BenchServer
    let colleague: Colleague
    let key: String
    let people: Int
    private static let viewers = 200
    private static let lasting = 10.0
    private static let perSecond = 1000
    private static let perBatch = 50

    func measure(_ report: inout Report) {
        let quiet = ingest(seed: 41)
        report.row("interactions at 1,000/s, nobody looking", quiet.words)
        let watching = Watching(port: server.port, request: colleague.get("/now/stream"), viewers: Self.viewers)
        let crowded = ingest(seed: 42)
        let rows = watching.end()
        let all = rows.count { $0 > 0 }
        let each = Double(rows.reduce(0, +)) / Double(rows.count) / Self.lasting
        report.row(
            "the same with \(Self.viewers) live viewers",
            "\(crowded.words); \(all) of \(Self.viewers) got rows, \(number(each, 1)) rows a second each; p50 \(number(crowded.p50 / quiet.p50, 1)) times that of nobody looking"
        )
    }

    private struct Offered {
        var p50: Double
        var words: String
    }

    /// Sends at a steady pace for some seconds, and tells how long each took to be in the views.
    private func ingest(seed: UInt64) -> Offered {
        var crowd = Crowd(seed: seed &+ UInt64(getpid()), people: people)
        let authorization = Data("\(key):".utf8).base64EncodedString()
        let count = Int(Self.lasting) * Self.perSecond / Self.perBatch
        let requests = (0..<count).map { _ in
            let body = crowd.body(Self.perBatch, at: Instant(milliseconds: Int64(Date().timeIntervalSince1970) * 1000)).bytes
            return Array(
                "POST /v1/batch?wait=view HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic \(authorization)\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
                    .utf8) + body
        }
        let counter = Counter()
        let lags = Mutex<[Double]>([])
        let port = server.port
        let before = processorSeconds(of: server.pid) ?? 0
        let began = seconds()
        // A few connections, so that one answer that is late holds up no other.
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            guard let connection = Connection(port: port) else { return }
            while true {
                let k = counter.next()
                guard k < count else { return }
                let due = began + Double(k * Self.perBatch) / Double(Self.perSecond)
                let wait = due - seconds()
                if wait > 0 { usleep(UInt32(wait * 1e6)) }
                if connection.ask(requests[k]) == 200 { lags.withLock { $0.append(seconds() - due) } }
            }
        }
        let took = seconds() - began
        let share = ((processorSeconds(of: server.pid) ?? 0) - before) / took
        let found = lags.withLock { $0 }
        let p50 = percentile(found, 0.5)
        return Offered(
            p50: p50,
            words:
                "offered to viewed p50 \(milliseconds(p50)), p99 \(milliseconds(percentile(found, 0.99))), server's processor \(number(share, 2)) of a core, \(count - found.count) failed"
        )
    }
}

/// Connections on which events arrive, all read by one thread.
private final class Watching: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let rows: Mutex<[Int]>
    private let ended = DispatchSemaphore(value: 0)

    /// Returns when all are connected.
    init(port: Int, request: [UInt8], viewers: Int) {
        rows = Mutex([Int](repeating: 0, count: viewers))
        let ready = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            let connections = (0..<viewers).map { _ in Connection(port: port, room: 1 << 16) }
            for connection in connections { _ = connection?.write(request) }
            ready.signal()
            read(connections)
            ended.signal()
        }
        ready.wait()
    }

    private func read(_ connections: [Connection?]) {
        let mark = Array("event: row".utf8)
        while !isOver.load(ordering: .relaxed) {
            for (k, connection) in connections.enumerated() {
                guard let bytes = connection?.arrived(), !bytes.isEmpty else { continue }
                // A mark across two readings is not counted; that is one row in some hundred.
                let found = bytes.indices.count { bytes[$0] == mark[0] && bytes[$0...].starts(with: mark) }
                rows.withLock { $0[k] += found }
            }
            usleep(20_000)
        }
    }

    /// Ends all, and tells how many rows came to each.
    func end() -> [Int] {
        isOver.store(true, ordering: .relaxed)
        ended.wait()
        return rows.withLock { $0 }
    }
}
