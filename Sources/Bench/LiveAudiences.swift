import Audiences
import Customers
import Definitions
import Formula
import Foundation
import Identity
import Kernel
import Ledger
import Logging
import Pipeline
import Synchronization

/// The engine that keeps twenty audiences, while interactions pour in: what it costs the pipeline, and how long it takes until whoever did
/// something has entered.
struct LiveAudiences {
    let house: House
    let people: Int
    /// Who did this has entered an audience of its own.
    private static let probe = "Probe Sent"

    private static var company: Company {
        let texts = Formulas.audiences + ["did(\"\(probe)\")"]
        let files = texts.enumerated().map { i, text in
            (name: "audience-\(i).yaml", bytes: Array("audience: {key: a\(i), name: Audience \(i), who: '\(text)'}".utf8))
        }
        var known = Company.Known(channels: Set(Channel.builtIn), identifierKinds: [])
        known.takesAllNames = true
        return Company(Blueprint(files: files, Findings()), known)
    }

    func measure(_ report: inout Report) async throws {
        let company = Self.company
        let engine = AudienceEngine(
            ledger: house.ledger, store: house.store, pipeline: house.pipeline, membership: house.membership, randomness: house.randomness,
            clock: house.clock, logger: house.logger
        ) { (company, .utc) }
        engine.start()
        let began = seconds()
        let audiences = Audiences(store: house.store, engine: engine)
        while audiences.swept == nil { try await Task.sleep(for: .milliseconds(20)) }
        let members = try audiences.sizes(since: house.clock.now).values.reduce(0) { $0 + $1.people }
        report.row("21 audiences put to work", "\(milliseconds(seconds() - began)), \(members) memberships written")
        try await LedgerToView(house: house, people: people).throughput(2_000_000, of: "ledger to view with 21 live audiences", &report)
        report.row("a sweep of them beside that", milliseconds((audiences.swept?.milliseconds ?? .nan) / 1000))
        try await entering(&report)
        await engine.stop()
    }

    /// From the offer of an interaction to the ledger until the one whom it makes enter is seen as a member, at 10,000 others a second.
    private func entering(_ report: inout Report) async throws {
        let house = house
        let isOver = Mutex(false)
        let load = Task {
            var crowd = Crowd(seed: 99, people: people)
            while !isOver.withLock({ $0 }) {
                var batch = Batch(reservingBytes: 40_000)
                let now = house.clock.now
                crowd.append(100, to: &batch, key: house.ledger.key) { _ in now }
                _ = try await house.ledger.append(batch)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        let set = "audience/a\(Formulas.audiences.count)"
        var took: [Double] = []
        for i in 0..<300 {
            let began = seconds()
            let position = try await house.ledger.append(batch(of: "probe-\(getpid())-\(i)"))
            while await !house.pipeline.wait(for: position.body, atMost: 5) {}
            guard let customer = try house.customers.find(.identifier(kind: "anonymous_id", value: "probe-\(getpid())-\(i)")) else { continue }
            while !house.membership.now.isIn(customer.raw, set), seconds() - began < 30 { try await Task.sleep(for: .milliseconds(1)) }
            took.append(seconds() - began)
            try await Task.sleep(for: .milliseconds(20))
        }
        isOver.withLock { $0 = true }
        try await load.value
        let p99 = percentile(took, 0.99)
        report.row(
            "offered to entered, at 10,000/s",
            "p50 \(milliseconds(percentile(took, 0.5))), p99 \(milliseconds(p99)), most \(milliseconds(took.max() ?? 0))", target: "≤ 1 s",
            reached: p99 <= 1)
    }

    private func batch(of device: String) -> Batch {
        let now = house.clock.now
        var batch = Batch()
        let header = RecordHeader(at: now, receivedAt: now, message: house.ledger.key.message(device))
        batch.append(header, name: Self.probe, messageID: device, identifiers: [(.anonymousID, device)], properties: [:])
        return batch
    }
}
