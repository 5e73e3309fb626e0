import Formula
import Identity
import Kernel
import Ledger
import Pipeline
import Timeline

/// The formulas of a company as they are worked out now: all of them in one program.
struct InForce: Sendable {
    struct AudienceSlot: Sendable {
        var key: String
        var name: String
        var slot: Int
        /// `audience/…`
        var set: String
    }
    let company: Company
    let program: Program
    let bound: BoundProgram
    let audiences: [AudienceSlot]
    let metrics: [(key: String, slot: Int)]
    /// Nil without a lifecycle.
    let stage: Int?
    /// By the place of a stage: its set.
    let stages: [String]

    /// The program of a company; what does not read is left out.
    static func program(_ company: Company) -> Program {
        var program = Program(names: company.names, library: company.library)
        for metric in company.metrics where company.library.metrics[metric.key] != nil { _ = try? program.add(.metric(metric.key)) }
        for audience in company.audiences where company.library.audiences[audience.key] != nil { _ = try? program.add(.audience(audience.key)) }
        if !company.library.stages.isEmpty { _ = try? program.add(.stage) }
        return program
    }

    init(_ company: Company, _ program: Program, _ bound: BoundProgram) {
        self.company = company
        self.program = program
        self.bound = bound
        audiences = company.audiences.compactMap { audience in
            program[.audience(audience.key)].map {
                AudienceSlot(key: audience.key, name: audience.definition.name, slot: $0, set: "audience/\(audience.key)")
            }
        }
        metrics = company.metrics.compactMap { metric in program[.metric(metric.key)].map { (metric.key, $0) } }
        stage = program[.stage]
        stages = company.lifecycle.stages.map { "lifecycle/\($0.name)" }
    }

    /// Whether it still says what its names stand for: a name that arrived since may be one of them.
    func isOutOfDate(_ pipeline: Pipeline) -> Bool { bound.binding.events.count != pipeline.names.all.count }
}

/// Somebody enters or leaves an audience, or comes into another stage.
struct Change: Sendable, Equatable {
    enum What: Sendable, Equatable {
        case entered(key: String, name: String)
        case left(key: String, name: String)
        /// The names of stages; nil for none.
        case moved(from: String?, to: String?)
    }
    var customer: UInt32
    var what: What

    /// As a record of the ledger, about the customer by our own id.
    func append(to batch: inout Batch, at: Instant, noticed: Instant, key: FingerprintKey, randomness: Randomness) {
        let id = "mem_" + Base32.text(randomness.bytes(15))
        var header = RecordHeader(at: at, receivedAt: noticed, message: key.message(id))
        header.direction = .internal
        let name: String
        let properties: JSON
        switch what {
        case .entered(let key, let title): (name, properties) = ("Audience Entered", ["audience": .string(key), "name": .string(title)])
        case .left(let key, let title): (name, properties) = ("Audience Left", ["audience": .string(key), "name": .string(title)])
        case .moved(let from, let to):
            (name, properties) = ("Stage Changed", ["from": from.map { .string($0) } ?? .null, "to": to.map { .string($0) } ?? .null])
        }
        batch.append(header, name: name, messageID: id, identifiers: [(.customer, CustomerID(raw: customer).description)], properties: properties)
    }
}

extension InForce {
    /// What differs between what a customer's values say and where the ledger has them.
    func changes(
        of customer: UInt32, _ values: UnsafePointer<Double>, _ tables: Membership.Tables, _ sets: [Int?], _ stageSets: [Int?],
        into out: inout [Change]
    ) {
        for (i, audience) in audiences.enumerated() {
            let belongs = values[audience.slot] == 1
            let did = sets[i].map { tables.belongs(customer, to: $0) } ?? false
            if belongs != did {
                out.append(
                    Change(
                        customer: customer,
                        what: belongs ? .entered(key: audience.key, name: audience.name) : .left(key: audience.key, name: audience.name)))
            }
        }
        guard let stage else { return }
        let place = Int(values[stage])
        let now = tables.stage(customer)
        // Whoever is in the first stage from the beginning came by no way.
        if place == 0, now == nil { return }
        if let set = stageSets[place], now == set { return }
        let from = now.flatMap { set in tables.numbers.first { $0.value == set }?.key.dropFirst("lifecycle/".count) }.map(String.init)
        out.append(
            Change(customer: customer, what: .moved(from: from ?? company.lifecycle.stages.first?.name, to: company.lifecycle.stages[place].name)))
    }

    /// The numbers of the sets of its audiences and stages, as far as they have some.
    func sets(_ tables: Membership.Tables) -> (audiences: [Int?], stages: [Int?]) {
        (audiences.map { tables.numbers[$0.set] }, stages.map { tables.numbers[$0] })
    }
}
