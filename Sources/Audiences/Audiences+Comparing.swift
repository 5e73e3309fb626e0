package import Formula
import GRDB
import Identity
package import Kernel
package import Pipeline
import Statistics
import Store
import Synchronization
import Timeline

extension Audiences {
    /// Milliseconds for which what was worked out of everybody is shown again.
    static let comparisonsLast: Int64 = 60_000
    /// Values of each metric that quantiles and histograms are made of, at most about.
    private static let mostSampled = 50_000

    /// The names that formulas may use now: of the definitions in force, and of what has arrived. Names that nobody knows are errors.
    /// - Parameter traits: What customers have told of themselves.
    package func namesThatArrived(_ traits: Set<String>) -> FormulaNames? {
        guard var names = company?.names else { return nil }
        for name in pipeline.names.all where !EventDefinition.ours.contains(name) && names.events[name] == nil { names.events[name] = [:] }
        for key in traits where names.traits[key] == nil { names.traits[key] = .some(nil) }
        names.areEventsKnown = true
        names.arrives = { [self] in arrives($1, with: $0) }
        names.areTraitsKnown = true
        return names
    }

    // MARK: How a metric is spread

    /// How the values of a metric are spread over everybody.
    package struct Spread: Sendable, Equatable {
        package struct Bin: Sendable, Equatable {
            package var from: Double
            /// Where the next begins; nil for the last when there is something greater, which it has too.
            package var to: Double?
            package var count: Int
        }
        package var type: ValueType
        package var people: Int
        /// Of how many the value is known.
        package var known: Int
        /// Of numbers, dates and lengths of time; of yes or no the share of yes.
        package var mean: Double?
        /// The least of all, the quartiles of those looked at, and the greatest of all; empty for texts and when nothing is known.
        package var quantiles: [Double]
        package var bins: [Bin]
        /// Of texts, the most frequent of those looked at.
        package var texts: [(text: String, count: Int)]
        /// How many known values quartiles, bins and texts are made of.
        package var lookedAt: Int
        /// Of numbers and lengths of time, ascending: between two neighbours lies a thousandth of those looked at.
        var marks: [Double] = []

        /// The share of people whose value is lower, from 0 to 1, to a thousandth; nil when nobody has a value, or values have no order.
        package func below(_ value: Double) -> Double? {
            guard !marks.isEmpty, !value.isNaN else { return nil }
            var (low, high) = (0, marks.count)
            while low < high {
                let middle = (low + high) / 2
                if marks[middle] < value { low = middle + 1 } else { high = middle }
            }
            return Double(low) / Double(marks.count)
        }

        /// - Parameter sorted: Ascending.
        static func marks(_ sorted: [Double]) -> [Double] {
            let parts = min(1_000, sorted.count - 1)
            return parts < 1 ? sorted : (0...parts).map { sorted[$0 * (sorted.count - 1) / parts] }
        }

        package static func == (a: Spread, b: Spread) -> Bool {
            a.type == b.type && a.people == b.people && a.known == b.known && a.mean == b.mean && a.quantiles == b.quantiles && a.bins == b.bins
                && a.texts.map(\.text) == b.texts.map(\.text) && a.texts.map(\.count) == b.texts.map(\.count) && a.lookedAt == b.lookedAt
                && a.marks == b.marks
        }
    }

    /// How all metrics are spread, by key; nil while it is worked out for the first time, which this begins.
    /// - Parameter lasting: Milliseconds for which what was worked out is good enough.
    package func spreads(lasting: Int64 = Audiences.comparisonsLast) -> [String: Spread]? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return nil }
        let now = engine.clock.now
        let signature = inForce.company.metrics.map { "\($0.key) \($0.definition)" }.joined(separator: "\n")
        return keptSpreads.value(signature, now: now, lasting: lasting) { [self] in
            spreads(inForce, everybody, now)
        }
    }

    private func spreads(_ inForce: InForce, _ everybody: Everybody, _ now: Instant) -> [String: Spread] {
        struct Part: Sendable {
            var people = 0
            var moments: [Moments]
            var sample: [[Double]]
        }
        let slots = inForce.metrics.map(\.slot)
        let rings = pipeline.people.rings
        let every = UInt32(max(1, rings.count / Self.mostSampled))
        let found = Sweep.run(
            inForce.bound, everybody, pipeline.timeline, rings, now: UInt32(clamping: now.seconds),
            make: { Part(moments: slots.map { _ in Moments() }, sample: slots.map { _ in [] }) },
            { root, values, part in
                part.people += 1
                for (i, slot) in slots.enumerated() where !values[slot].isNaN {
                    part.moments[i].add(values[slot])
                    if root % every == 0 { part.sample[i].append(values[slot]) }
                }
            })
        var spreads: [String: Spread] = [:]
        for (i, metric) in inForce.metrics.enumerated() {
            var moments = Moments()
            for part in found { moments.join(part.moments[i]) }
            let sorted = found.flatMap { $0.sample[i] }.filter(\.isFinite).sorted()
            let people = found.reduce(0) { $0 + $1.people }
            spreads[metric.key] = spread(inForce.program.slots[metric.slot].type, people: people, moments, sorted)
        }
        return spreads
    }

    /// - Parameters:
    ///   - moments: Of all known values.
    ///   - sorted: Those looked at, ascending.
    func spread(_ type: ValueType, people: Int, _ moments: Moments, _ sorted: [Double]) -> Spread {
        var spread = Spread(
            type: type, people: people, known: moments.count, mean: moments.count > 0 ? moments.mean : nil, quantiles: [], bins: [], texts: [],
            lookedAt: sorted.count)
        if type == .text || type == .texts {
            spread.mean = nil
            spread.texts = texts(sorted)
        } else if !sorted.isEmpty {
            // The ends are exact: of the greatest of some it would be wrong to say that there is none higher.
            spread.quantiles = [moments.least] + [0.25, 0.5, 0.75].compactMap { Quantiles.quantile($0, ofSorted: sorted) } + [moments.greatest]
            spread.bins = type == .flag ? [] : Self.bins(sorted)
            if let end = spread.bins.last?.to, moments.greatest >= end { spread.bins[spread.bins.count - 1].to = nil }
            if type == .number || type == .duration { spread.marks = Spread.marks(sorted) }
        }
        return spread
    }

    /// What can be said of a value that was asked.
    package enum ValueReply: Sendable {
        case problem(FormulaProblem)
        /// What it asks of old interactions is being read.
        case reading(SelectorProgress?)
        case answer(Spread, sample: [(customer: CustomerID, value: Value)], milliseconds: Double)
    }

    /// How a value is spread over everybody, before it is saved.
    /// - Parameters:
    ///   - circle: What it defines, `metric/spend`, so that it cannot name itself.
    ///   - sampleCount: Of how many customers whose value is known to give it.
    package func ask(value text: String, _ names: FormulaNames, of circle: String? = nil, sampleCount: Int = 5) -> ValueReply {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return .reading(nil) }
        var program = Program(names: names, library: inForce.company.library)
        let type: ValueType
        let slot: Int
        do throws(FormulaProblem) {
            let checked = try check(text, names, isCondition: false, of: circle)
            type = checked.type
            slot = try program.add(checked, as: .asked(0))
        } catch {
            return .problem(error)
        }
        guard let bound = try? bind(program, inForce) else { return .reading(pipeline.selecting) }
        struct Part: Sendable {
            var people = 0
            var moments = Moments()
            var sample: [Double] = []
            var some: [(UInt32, Double)] = []
        }
        let rings = pipeline.people.rings
        let every = UInt32(max(1, rings.count / Self.mostSampled))
        let begun = engine.uptime
        let found = Sweep.run(
            bound, everybody, pipeline.timeline, rings, now: UInt32(clamping: engine.clock.now.seconds), isPatient: false, make: { Part() },
            { root, values, part in
                part.people += 1
                guard !values[slot].isNaN else { return }
                part.moments.add(values[slot])
                if root % every == 0 { part.sample.append(values[slot]) }
                if part.some.count < sampleCount { part.some.append((root, values[slot])) }
            })
        var moments = Moments()
        for part in found { moments.join(part.moments) }
        let spread = spread(type, people: found.reduce(0) { $0 + $1.people }, moments, found.flatMap(\.sample).filter(\.isFinite).sorted())
        let sample = found.flatMap(\.some).prefix(sampleCount).map { (customer: CustomerID(raw: $0.0), value: value($0.1, type)) }
        return .answer(spread, sample: sample, milliseconds: engine.uptime - begun)
    }

    private func texts(_ sorted: [Double]) -> [(text: String, count: Int)] {
        Dictionary(grouping: sorted, by: { $0 }).compactMap { number, all in pipeline.texts.text(number).map { ($0, all.count) } }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(10).map { (text: $0.0, count: $0.1) }
    }

    /// Twelve bins at most, of a width that people count in: 1, 2 or 5 times a power of ten. The last has all that lies far out, so that a
    /// few large values do not press all others into one bin.
    static func bins(_ sorted: [Double]) -> [Spread.Bin] {
        guard let least = sorted.first, let greatest = sorted.last else { return [] }
        guard greatest > least else { return [.init(from: least, to: nil, count: sorted.count)] }
        let far = min(greatest, Quantiles.quantile(0.99, ofSorted: sorted) ?? greatest)
        let width = far > least ? far - least : greatest - least
        var step = Self.round(width / 10)
        // Counts are whole: half an order is nobody's.
        if sorted.allSatisfy({ $0 == $0.rounded() }) { step = max(1, step) }
        let start = (least / step).rounded(.down) * step
        func bin(_ value: Double) -> Double { ((value - start) / step).rounded(.down) }
        // What fits beside the others is not far out.
        let count = Int(min(12, bin(greatest) < 12 ? bin(greatest) + 1 : bin(far) + 1))
        var bins = (0..<count).map { Spread.Bin(from: start + Double($0) * step, to: start + Double($0 + 1) * step, count: 0) }
        for value in sorted { bins[Int(min(Double(count - 1), max(0, bin(value))))].count += 1 }
        if greatest >= start + Double(count) * step { bins[count - 1].to = nil }
        return bins
    }

    /// The next width above that is 1, 2 or 5 times a power of ten.
    private static func round(_ width: Double) -> Double {
        guard width.isFinite, width > 0 else { return 1 }
        var power = 1.0
        while power > width { power /= 10 }
        while power * 10 <= width { power *= 10 }
        return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= width } ?? width
    }

    // MARK: An audience and others

    /// What an audience shares with others, and what tells its members apart.
    package struct Comparison: Sendable, Equatable {
        package struct Overlap: Sendable, Equatable {
            package var key: String
            package var name: String
            package var people: Int
            /// Who is in both.
            package var both: Int
        }
        package struct Difference: Sendable, Equatable {
            package var metric: String
            package var type: ValueType
            /// The standardised difference of the means: positive when members have more.
            package var size: Double
            package var members: Double
            package var others: Double
            /// Of how many members, and of how many others, the value is known.
            package var knownMembers: Int
            package var knownOthers: Int
        }
        package var at: Instant
        package var members: Int
        package var people: Int
        /// With every other audience, the largest share first.
        package var overlaps: [Overlap]
        /// Over all metrics that are numbers, lengths of time, dates or yes and no; the largest first.
        package var differences: [Difference]
    }

    /// What an audience shares with others and what tells its members apart, as of a minute ago at most; nil while it is worked out for
    /// the first time, which this begins, and for an audience that is not in force.
    package func comparison(of audience: String) -> Comparison? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }),
            let place = inForce.audiences.firstIndex(where: { $0.key == audience })
        else { return nil }
        let now = engine.clock.now
        let signature = inForce.audiences.map { inForce.company.signature(of: $0.set) } + inForce.company.metrics.map { "\($0.definition)" }
        let key = SetKey(set: audience, signature: signature.joined(separator: "\n"))
        return keptOthers.value(key, now: now, lasting: Self.comparisonsLast) { [self] in
            compare(place, inForce, everybody, now)
        }
    }

    private func compare(_ place: Int, _ inForce: InForce, _ everybody: Everybody, _ now: Instant) -> Comparison {
        struct Part: Sendable {
            var people = 0
            var sizes: [Int]
            var both: [Int]
            var members: [Moments]
            var others: [Moments]
        }
        let audiences = inForce.audiences.map(\.slot)
        let metrics = inForce.metrics.filter { ![.text, .texts].contains(inForce.program.slots[$0.slot].type) }
        let found = Sweep.run(
            inForce.bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: now.seconds),
            make: {
                Part(
                    sizes: audiences.map { _ in 0 }, both: audiences.map { _ in 0 }, members: metrics.map { _ in Moments() },
                    others: metrics.map { _ in Moments() })
            },
            { _, values, part in
                part.people += 1
                let belongs = values[audiences[place]] == 1
                for (i, slot) in audiences.enumerated() where values[slot] == 1 {
                    part.sizes[i] += 1
                    if belongs { part.both[i] += 1 }
                }
                for (i, metric) in metrics.enumerated() {
                    if belongs { part.members[i].add(values[metric.slot]) } else { part.others[i].add(values[metric.slot]) }
                }
            })
        func sum(_ counts: (Part) -> Int) -> Int { found.reduce(0) { $0 + counts($1) } }
        func joined(_ moments: (Part) -> Moments) -> Moments {
            var all = Moments()
            for part in found { all.join(moments(part)) }
            return all
        }
        let overlaps = inForce.audiences.indices.filter { $0 != place }.map { i in
            Comparison.Overlap(
                key: inForce.audiences[i].key, name: inForce.audiences[i].name, people: sum { $0.sizes[i] }, both: sum { $0.both[i] })
        }
        let differences = metrics.indices.compactMap { i -> Comparison.Difference? in
            let (a, b) = (joined { $0.members[i] }, joined { $0.others[i] })
            guard let size = StandardisedDifference.means(a, b), size != 0 else { return nil }
            return .init(
                metric: metrics[i].key, type: inForce.program.slots[metrics[i].slot].type, size: size, members: a.mean, others: b.mean,
                knownMembers: a.count, knownOthers: b.count)
        }
        return Comparison(
            at: now, members: sum { $0.sizes[place] }, people: sum { $0.people },
            overlaps: overlaps.sorted { ($1.both, $0.name) < ($0.both, $1.name) },
            differences: differences.sorted { abs($0.size) > abs($1.size) })
    }

    // MARK: Members, piece by piece

    /// Some of those who belong to a set, by their ids: for lists that take a while.
    /// - Parameter after: The `next` of the piece before; nil for the first.
    /// - Returns: `next` is nil behind the last.
    package func members(of set: String, after: UInt32?, limit: Int = 500) throws -> (members: [Member], next: UInt32?) {
        guard let number = engine.membership.number(of: set) else { return ([], nil) }
        let rows = try store.read { db in
            try Row.fetchAll(
                db, sql: "SELECT customer_id, since, found FROM member WHERE set_id = ? AND customer_id > ? ORDER BY customer_id LIMIT ?",
                arguments: [number, after.map(Int64.init) ?? -1, limit]
            ).map { (customer: $0[0] as UInt32, at: $0[1] as Int64, isFound: $0[2] as Bool) }
        }
        let timeline = pipeline.timeline
        // A person is here with all the raw customers that they are made of.
        let people = rows.filter { pipeline.people.root($0.customer) == $0.customer && !timeline.isHidden($0.customer) }
        let members = zip(people, since(people, of: set)).map { Member(customer: CustomerID(raw: $0.customer), since: $1) }
        return (members, rows.count < limit ? nil : rows.last?.customer)
    }

    // MARK: Who can be reached

    /// How many of somebodies can be reached on a channel.
    package struct Reach: Sendable, Equatable {
        package var channel: String
        package var people: Int
    }
    /// The channels, and what must hold to reach somebody there: they agree to marketing on it, and we know where.
    private static let ways: [(channel: String, formula: String)] = [
        ("email", "identifier.email is known and consent.email"), ("sms", "identifier.phone is known and consent.sms"),
        ("phone", "identifier.phone is known and consent.phone"), ("letter", "consent.letter"), ("push", "consent.push"),
    ]

    /// How many of those for whom a condition holds can be reached, by channel; nil while what that asks of old interactions is being
    /// read, and for a condition that does not read.
    package func reach(_ who: String, except: String? = nil, _ names: FormulaNames, of circle: String? = nil) -> [Reach]? {
        guard let (inForce, everybody) = engine.state.withLock({ s in s.inForce.map { ($0, s.everybody) } }) else { return nil }
        var program = Program(names: names, library: inForce.company.library)
        var needed: [Int] = []
        var ways: [(channel: String, slot: Int)] = []
        do {
            needed.append(try program.add(check(who, names, isCondition: true, of: circle), as: .asked(0)))
            if let except, !except.isEmpty {
                let left = try check(except, names, isCondition: true, of: circle)
                needed.append(try program.add(Checked(kind: .not(left), type: .flag, span: left.span), as: .asked(1)))
            }
            // A company may know neither the channel nor how people are known there.
            for way in Self.ways {
                guard let checked = try? check(way.formula, names, isCondition: true) else { continue }
                ways.append((way.channel, try program.add(checked, as: .asked(2 + ways.count))))
            }
            guard let bound = try bind(program, inForce) else { return nil }
            let (slots, channels) = (needed, ways)
            let found = Sweep.run(
                bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: engine.clock.now.seconds), isPatient: false,
                make: { channels.map { _ in 0 } },
                { _, values, counts in
                    guard slots.allSatisfy({ values[$0] == 1 }) else { return }
                    for (i, way) in channels.enumerated() where values[way.slot] == 1 { counts[i] += 1 }
                })
            return channels.enumerated().map { i, way in Reach(channel: way.channel, people: found.reduce(0) { $0 + $1[i] }) }
        } catch {
            return nil
        }
    }
}
