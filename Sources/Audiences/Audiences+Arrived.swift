package import Formula
import Identity
package import Kernel
package import Ledger
import Pipeline
import Simdjson
import Synchronization
import Timeline

/// What interactions there are, held against the company's vocabulary, as of a moment.
package struct Arrived: Sendable {
    /// An interaction's name, and how often it came.
    package struct Event: Sendable, Equatable {
        package var name: String
        package var count: Int
        /// In the last 30 days.
        package var lately: Int
        package var last: Instant
    }
    /// Values of a property that are not of the kind that was declared.
    package struct Misfit: Sendable, Equatable {
        package var event: String
        package var property: String
        package var type: ValueType
        /// The write key by which they came.
        package var source: UInt16
        /// In how many of the interactions looked at.
        package var count: Int
        /// One of the values, cut short.
        package var example: String
    }
    package var events: [Event]
    package var misfits: [Misfit]
    /// How many of the newest interactions of each defined event were looked at, by its name.
    package var looked: [String: Int]
    package var at: Instant
    /// Milliseconds after ``at`` until which it is good enough: what takes long is not worked out all the time.
    package var lasts = fresh

    /// The newest interactions of each event that are looked at.
    package static let mostLooked = 500
    /// Milliseconds for which what was found is good enough at least.
    static let fresh: Int64 = 5_000
    /// What was found lasts so many times as long as it took to find.
    private static let rest: Int64 = 10

    fileprivate mutating func lasts(after took: Duration) {
        lasts = max(Self.fresh, Self.rest * (took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000))
    }

    /// Whether there may be newer ones by now, which are being worked out.
    package func isOld(at now: Instant) -> Bool { now - at >= lasts }
    /// Days that are "lately".
    package static let days: Int64 = 30
}

extension Audiences {
    /// An interaction as a sample of its name.
    package struct Sample: Sendable {
        package var customer: CustomerID
        package var position: Position
        package var source: UInt16
        package var properties: JSON
    }

    /// What arrived, and what of it does not fit the vocabulary; nil the first time while it is worked out, which this begins.
    ///
    /// It looks at the columns of all marks, and in the ledger at the newest ``Arrived/mostLooked`` interactions of each defined event
    /// alone. What is old (``Arrived/isOld(at:)``) is given all the same, and whoever asks again a little later gets what came since.
    package func arrived() -> Arrived? {
        let events = company?.events ?? []
        var hasher = Hasher()
        for event in events {
            for property in event.definition.properties { hasher.combine("\(event.definition.name) \(property.path) \(property.type)") }
        }
        let now = engine.clock.now
        let (pipeline, path) = (pipeline, engine.ledger.path)
        return keptArrivals.value(hasher.finalize(), now: now, lasting: \.lasts) {
            let clock = ContinuousClock()
            let start = clock.now
            let names = pipeline.names.all
            let counts = pipeline.timeline.arrivals(
                names: names.count, since: UInt32(clamping: now.seconds - Arrived.days * 86_400))
            var arrived = Arrived(
                events: zip(names, counts).compactMap { name, it in
                    it.count == 0
                        ? nil
                        : Arrived.Event(name: name, count: it.count, lately: it.lately, last: Instant(milliseconds: Int64(it.last) * 1000))
                }, misfits: [], looked: [:], at: now)
            let samples = Self.samples(of: Set(events.filter { !$0.definition.properties.isEmpty }.map(\.definition.name)), pipeline, path)
            for event in events {
                guard let here = samples[event.definition.name] else { continue }
                arrived.looked[event.definition.name] = here.count
                arrived.misfits += Self.misfits(event.definition, here)
            }
            arrived.lasts(after: start.duration(to: clock.now))
            return arrived
        }
    }

    /// The newest interactions of a name with what they carry, newest first.
    /// - Parameter limit: At most ``Arrived/mostLooked``.
    package func samples(of name: String, limit: Int = Arrived.mostLooked) async -> [Sample] {
        let (pipeline, path) = (pipeline, engine.ledger.path)
        return await withCheckedContinuation { done in
            // A look at all marks belongs on a thread of its own.
            startThread("samples") {
                done.resume(returning: Self.samples(of: [name], pipeline, path, limit: min(limit, Arrived.mostLooked))[name] ?? [])
            }
        }
    }

    /// The same on the thread that asks.
    package func samplesNow(of name: String) -> [Sample] { Self.samples(of: [name], pipeline, engine.ledger.path)[name] ?? [] }

    static func samples(of names: Set<String>, _ pipeline: Pipeline, _ ledger: String, limit: Int = Arrived.mostLooked) -> [String: [Sample]] {
        let numbers = pipeline.names.numbers(names)
        guard !numbers.isEmpty, let reader = try? LedgerReader(path: ledger) else { return [:] }
        let parser = JSONParser()
        var found: [String: [Sample]] = [:]
        for (event, marks) in pipeline.timeline.newest(of: numbers, limit: limit) {
            guard let name = pipeline.names.name(event) else { continue }
            found[name] = reader.together {
                marks.compactMap { customer, mark -> Sample? in
                    let position = Position(raw: mark.position)
                    // One that was erased meanwhile is none, and one without properties has nothing in it.
                    let sample = try? reader.record(position) { record -> Sample? in
                        guard record.kind == .interaction else { return nil }
                        let said = record.properties.isEmpty ? nil : try? parser.parse(record.properties) { $0.toJSON() }
                        return Sample(
                            customer: CustomerID(raw: pipeline.people.root(customer)), position: position, source: record.source,
                            properties: said ?? .object([]))
                    }
                    return sample ?? nil
                }
            }
        }
        return found
    }

    /// What of these does not fit a definition, by property and source.
    package static func misfits(_ event: EventDefinition, _ samples: [Sample]) -> [Arrived.Misfit] {
        var found: [Arrived.Misfit] = []
        for property in event.properties {
            guard let path = PropertyFit.path(property.path) else { continue }
            for sample in samples {
                guard let wrong = PropertyFit.values(path, in: sample.properties).first(where: { !PropertyFit.fits($0, property.type) }) else {
                    continue
                }
                if let at = found.firstIndex(where: { $0.property == property.path && $0.source == sample.source }) {
                    found[at].count += 1
                } else {
                    let example = wrong.text
                    found.append(
                        .init(
                            event: event.name, property: property.path, type: property.type, source: sample.source, count: 1,
                            example: example.count > 60 ? example.prefix(59) + "…" : example))
                }
            }
        }
        return found
    }
}
