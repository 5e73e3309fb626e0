import Identity
package import Kernel
import Pipeline
import Timeline

/// Something in a customer's life that the company's vocabulary names as that, and to how many it happened.
package struct LifeEvent: Sendable, Equatable {
    /// What it stands for: `Moved house`
    package var title: String
    /// The interaction's name: `Address Changed`
    package var event: String
    /// Customers to whom it happened in the last ``days`` days, a customer once, and in as many before.
    package var lately: Int
    package var before: Int
    /// When it happened last, to anybody; nil when it never did.
    package var last: Instant?

    /// Days that are "lately".
    package static let days: Int64 = 7

    package init(title: String, event: String, lately: Int, before: Int, last: Instant?) {
        self.title = title
        self.event = event
        self.lately = lately
        self.before = before
        self.last = last
    }
}

extension Audiences {
    /// The life events of the vocabulary, the most frequent first; none when it names none. Nil the first time while it is worked out,
    /// which this begins.
    ///
    /// It looks at the columns of all marks, at most every half minute and on a thread of its own.
    package func lifeEvents() -> [LifeEvent]? {
        let named = (company?.events ?? []).compactMap { event in
            event.definition.lifeEvent.map { (title: $0, event: event.definition.name) }
        }
        guard !named.isEmpty else { return [] }
        let now = engine.clock.now
        let pipeline = pipeline
        return keptLifeEvents.value(named.flatMap { [$0.title, $0.event] }, now: now, lasting: Arrived.fresh) {
            func ago(_ days: Int64) -> Int64 { now.seconds - days * 86_400 }
            // The moment so long ago is in the last days, as in formulas.
            let stretches = [(ago(LifeEvent.days), now.seconds), (ago(2 * LifeEvent.days), ago(LifeEvent.days) - 1)]
                .map { UInt32(clamping: $0.0)...UInt32(clamping: $0.1) }
            let people = pipeline.people
            let found = pipeline.timeline.happened(pipeline.names.numbers(Set(named.map(\.event))), in: stretches) { people.root($0) }
            let happened = Dictionary(found.compactMap { number, it in pipeline.names.name(number).map { ($0, it) } }) { a, _ in a }
            return named.map { title, event in
                let it = happened[event]
                return LifeEvent(
                    title: title, event: event, lately: it?.people[0].count ?? 0, before: it?.people[1].count ?? 0,
                    last: it?.last.map { Instant(milliseconds: Int64($0) * 1000) })
            }.sorted { ($1.lately, $1.before, $0.title) < ($0.lately, $0.before, $1.title) }
        }
    }
}
