import Foundation
import Glibc
import Kernel
import Ledger
import Pipeline
import Synchronization

/// From the ledger to the view, in process: fills a folder, then measures appending, concluding and the lag.
struct LedgerToView {
    let house: House
    let people: Int

    /// Appends so many interactions spread over the past year, and waits until all are concluded.
    func fill(_ n: Int, seed: UInt64, _ report: inout Report) async throws {
        let key = house.ledger.key
        let now = Int64(Date().timeIntervalSince1970) * 1000
        let year: Int64 = 365 * 86_400_000
        let people = people
        let source = Mutex((Crowd(seed: seed, people: people), 0))
        let shared = Shared(source)
        let began = seconds()
        let before = processorSeconds()
        let newest = try await house.append(inFlight: 16) { _ in
            shared.value.withLock { s in
                guard s.1 < n else { return nil }
                let from = s.1
                var batch = Batch(reservingBytes: 300_000)
                s.0.append(1000, to: &batch, key: key) { i in Instant(milliseconds: now - year + Int64(Double(from + i) / Double(n) * Double(year))) }
                s.1 += 1000
                return batch
            }
        }
        let acknowledged = seconds() - began
        while await !house.pipeline.wait(for: newest, atMost: 60) {}
        let took = seconds() - began
        report.row(
            "filling, with the generator in this process",
            "\(n) in \(number(took, 1)) s: acknowledged \(rate(n, acknowledged)), concluded \(rate(n, took)), processor \(number((processorSeconds() - before) / Double(n) * 1e6, 2)) µs each"
        )
    }

    private final class Shared<T>: Sendable {
        let value: Mutex<T>
        init(_ value: consuming sending Mutex<T>) { self.value = value }
    }

    private func batches(_ n: Int, per: Int, seed: UInt64) -> [Batch] {
        var crowd = Crowd(seed: seed, people: people)
        let now = Int64(Date().timeIntervalSince1970) * 1000
        return (0..<(n / per)).map { k in
            var batch = Batch(reservingBytes: per * 320)
            crowd.append(per, to: &batch, key: house.ledger.key) { Instant(milliseconds: now - 600_000 + Int64(k * per + $0) * 600_000 / Int64(n)) }
            return batch
        }
    }

    /// Sustained throughput from ready-made batches, beside the bare limit: the same bytes appended to a file and synced.
    func throughput(_ n: Int, of what: String = "ledger to view, in process", _ report: inout Report) async throws {
        let all = batches(n, per: 500, seed: UInt64(time(nil)))
        let bare = appendAndSync(all.map(\.bytes), in: house.folder)
        let began = seconds()
        let before = processorSeconds()
        let newest = try await house.append(inFlight: 32) { $0 < all.count ? all[$0] : nil }
        let acknowledged = seconds() - began
        while await !house.pipeline.wait(for: newest, atMost: 60) {}
        let took = seconds() - began
        let processor = (processorSeconds() - before) / Double(n) * 1e6
        report.row("append and sync of the same bytes, bare", rate(n, bare))
        report.row("append in process, acknowledged", "\(rate(n, acknowledged)), \(number(bare / acknowledged, 2)) of the bare limit")
        report.row(
            what, "\(rate(n, took)), processor \(number(processor, 2)) µs each, both threads",
            target: "≥ 150,000/s sustained",
            reached: Double(n) / took >= 150_000)
    }

    /// How long after it was offered an interaction is in the view, at 10,000 a second.
    func lag(_ report: inout Report) async throws {
        let all = batches(50_000, per: 100, seed: 77)
        let house = house
        let began = seconds()
        let lags = try await withThrowingTaskGroup(of: Double.self, returning: [Double].self) { group in
            for (k, batch) in all.enumerated() {
                let wait = began + Double(k) * 0.01 - seconds()
                if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
                group.addTask {
                    let a = seconds()
                    let position = try await house.ledger.append(batch)
                    _ = await house.pipeline.wait(for: position.body, atMost: 60)
                    return seconds() - a
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let p99 = percentile(lags, 0.99)
        report.row(
            "offered to concluded, at 10,000/s",
            "p50 \(milliseconds(percentile(lags, 0.5))), p99 \(milliseconds(p99)), most \(milliseconds(lags.max() ?? 0))",
            target: "p99 ≤ 50 ms", reached: p99 <= 0.05)
    }
}
