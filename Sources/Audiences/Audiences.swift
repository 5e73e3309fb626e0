package import Formula
import GRDB
import Identity
package import Kernel
import Pipeline
package import Store
import Synchronization
import Timeline

/// What a company knows of each customer at this moment, and of all of them at once: metrics, audiences, the lifecycle.
package final class Audiences: Sendable {
    let store: Store
    /// What works everything out, once it is started.
    package let engine: AudienceEngine
    /// A set by its definition.
    struct SetKey: Hashable, Sendable {
        var set: String
        var signature: String
    }
    let keptSpreads = Kept<String, [String: Spread]>()
    let keptOthers = Kept<SetKey, Comparison>()
    let keptSizes = Kept<PastKey, [Int]>()
    /// A million customers' stages of a quarter are 13 MB.
    let keptStages = Kept<PastKey, [[UInt8]]>(most: 1)
    let keptArrivals = Kept<Int, Arrived>()
    let carried = CarriedProperties()
    let keptLifeEvents = Kept<[String], [LifeEvent]>()
    var pipeline: Pipeline { engine.pipeline }

    package init(store: Store, engine: AudienceEngine) {
        self.store = store
        self.engine = engine
    }

    /// What is decided, as it is worked out now; nil before the first time.
    package var company: Company? { engine.state.withLock { $0.inForce?.company } }

    /// How it is with what is worked out.
    package var phase: AudienceEngine.Phase { engine.phase }

    /// When everybody was looked at last, and how long it took, in milliseconds; nil before the first time.
    package var swept: (at: Instant, milliseconds: Double, people: Int)? {
        engine.state.withLock { state in state.sweptAt.map { ($0, state.sweepMilliseconds, state.people) } }
    }

    /// Sets that have been defined, with what their definition said and when their members were found out.
    static func sets(_ store: Store) throws -> [String: (number: Int, signature: String, at: Instant)] {
        try store.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT name, id, signature, at FROM member_set")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], ($0[1], $0[2], Instant(milliseconds: $0[3]))) })
        }
    }

    /// How the model of a metric of lifetime value or of learned engagement was fitted last; nil for other metrics.
    package func model(of metric: String) -> ModelState? { engine.state.withLock { $0.models[metric] } }

    // MARK: Sets

    /// An audience or a stage, and how many belong.
    package struct Size: Sendable, Equatable {
        package var people: Int
        /// Who entered and left since a moment, as far as somebody did rather than was found by a definition.
        package var entered: Int
        package var left: Int
        /// When its members were last found out by its definition.
        package var definedAt: Instant?
    }

    /// By the set, `audience/best_customers`, `lifecycle/Using`.
    /// - Parameter since: For who entered and left; whole hours count.
    package func sizes(since: Instant) throws -> [String: Size] {
        let sizes = engine.state.withLock { $0.sizes }
        let sets = try Self.sets(store)
        let moved = try store.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT name, sum(entered), sum(left_it) FROM member_hour JOIN member_set ON id = set_id WHERE hour >= ? GROUP BY name
                    """, arguments: [since.milliseconds / 3_600_000])
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, ($0[1] as Int, $0[2] as Int)) })
        }
        var found: [String: Size] = [:]
        for set in Set(sizes.keys).union(sets.keys) {
            let definedAt = sets[set].flatMap { $0.at.milliseconds > 0 ? $0.at : nil }
            found[set] = Size(
                people: max(0, sizes[set] ?? 0), entered: moved[set]?.0 ?? 0, left: moved[set]?.1 ?? 0, definedAt: definedAt)
        }
        return found
    }

    /// Somebody who belongs.
    package struct Member: Sendable, Equatable {
        package var customer: CustomerID
        package var since: Since
    }

    /// Who belongs to a set: who entered last first, and whom its definition found at the time when it did, by id: since when they belong is worked
    /// out for those that are asked for alone.
    /// - Parameter limit: At most 1,000.
    package func members(of set: String, offset: Int = 0, limit: Int) throws -> [Member] {
        guard let number = engine.membership.number(of: set) else { return [] }
        let people = pipeline.people
        let timeline = pipeline.timeline
        let found = try store.read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT customer_id, since, found FROM member WHERE set_id = ? ORDER BY since DESC, customer_id", arguments: [number])
            var found: [(customer: UInt32, at: Int64, isFound: Bool)] = []
            var left = max(0, offset)
            // A person is here with all the raw customers that they are made of.
            while found.count < min(limit, 1_000), let row = try rows.next() {
                let customer: UInt32 = row[0]
                guard people.root(customer) == customer, !timeline.isHidden(customer) else { continue }
                if left > 0 {
                    left -= 1
                } else {
                    found.append((customer, row[1], row[2]))
                }
            }
            return found
        }
        return zip(found, since(found, of: set)).map { Member(customer: CustomerID(raw: $0.customer), since: $1) }
    }

    // MARK: One customer

    /// What a set is to one customer.
    package struct Belonging: Sendable, Equatable {
        /// The audience's key, or the stage's name.
        package var key: String
        package var name: String
        package var since: Since
    }

    /// The audiences that a customer is in, and their stage; nil without a lifecycle.
    package func belongings(of customer: CustomerID) throws -> (audiences: [Belonging], stage: Belonging?) {
        guard let company, Int(customer.raw) < pipeline.people.count else { return ([], nil) }
        let root = pipeline.people.root(customer.raw)
        let rows = try store.read { db in
            try Row.fetchAll(
                db, sql: "SELECT name, since, found FROM member JOIN member_set ON id = set_id WHERE customer_id = ?", arguments: [root]
            ).map { (name: $0[0] as String, since: $0[1] as Int64, isFound: $0[2] as Bool) }
        }
        func belonging(_ key: String, _ name: String, _ row: (name: String, since: Int64, isFound: Bool)) -> Belonging {
            Belonging(key: key, name: name, since: since([(root, row.since, row.isFound)], of: row.name)[0])
        }
        let audiences = company.audiences.compactMap { audience in
            rows.first { $0.name == "audience/\(audience.key)" }.map { belonging(audience.key, audience.definition.name, $0) }
        }
        guard let first = company.lifecycle.stages.first else { return (audiences, nil) }
        let stage = company.lifecycle.stages.lazy.compactMap { stage in
            rows.first { $0.name == "lifecycle/\(stage.name)" }.map { belonging(stage.name, stage.name, $0) }
        }.first
        // Nobody is written down to be in the first.
        return (audiences, stage ?? belonging(first.name, first.name, ("lifecycle/\(first.name)", 0, true)))
    }

    /// A value that was worked out.
    package struct Value: Sendable, Equatable {
        package var type: ValueType
        /// NaN when it is unknown; of a date seconds since 1970, of a length of time seconds.
        package var number: Double
        /// Of a text.
        package var text: String?
        package var isKnown: Bool { !number.isNaN }
        package init(type: ValueType, number: Double, text: String? = nil) {
            self.type = type
            self.number = number
            self.text = text
        }
        package static func == (a: Value, b: Value) -> Bool {
            a.type == b.type && a.text == b.text && (a.number == b.number || a.number.isNaN && b.number.isNaN)
        }
    }

    /// The company's metrics of one customer, in their order.
    /// - Parameter at: As of this moment: what had happened by then.
    package func metrics(of customer: CustomerID, at: Instant) throws -> [(metric: Company.Metric, value: Value)] {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }),
            let values = evaluate(inForce.bound, everybody, customer, at)
        else { return [] }
        return inForce.metrics.compactMap { key, slot in
            guard let metric = inForce.company.metrics.first(where: { $0.key == key }) else { return nil }
            return (metric, value(values[slot], inForce.program.slots[slot].type))
        }
    }

    func value(_ number: Double, _ type: ValueType) -> Value {
        Value(type: type, number: number, text: type == .text ? pipeline.texts.text(number) : nil)
    }

    /// All values of a program for one customer; nil for somebody who is not there.
    func evaluate(_ bound: BoundProgram, _ everybody: Everybody, _ customer: CustomerID, _ at: Instant) -> [Double]? {
        guard Int(customer.raw) < pipeline.people.count, !pipeline.timeline.isHidden(customer.raw) else { return nil }
        var members: [UInt32] = []
        let kinds = pipeline.people.known(of: customer.raw, &members)
        var evaluator = Evaluator(bound, everybody)
        evaluator.set(now: UInt32(clamping: at.seconds))
        evaluator.evaluate(pipeline.timeline, members, identifiers: kinds)
        return (0..<bound.program.slots.count).map { evaluator.values[$0] }
    }

    /// How a metric of one customer was at some moments, each as of then.
    package func history(of metric: String, _ customer: CustomerID, at moments: [Instant]) -> [Value] {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }),
            let slot = inForce.program[.metric(metric)], Int(customer.raw) < pipeline.people.count, !pipeline.timeline.isHidden(customer.raw)
        else { return [] }
        var members: [UInt32] = []
        let kinds = pipeline.people.known(of: customer.raw, &members)
        let parts = pipeline.timeline
        var evaluator = Evaluator(inForce.bound, everybody)
        return moments.map { moment in
            evaluator.set(now: UInt32(clamping: moment.seconds))
            evaluator.evaluate(parts, members, identifiers: kinds)
            return value(evaluator.values[slot], inForce.program.slots[slot].type)
        }
    }
}
