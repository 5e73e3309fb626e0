import Synchronization
import Timeline

/// Of a table of customers: who did something, and who came by a channel. Worked out when somebody asks, and kept with the table,
/// so that turning pages, sorting otherwise and asking again cost no look at all marks.
final class KnownPeople: Sendable {
    /// How many answers are kept, each a byte a person; the one that was asked for longest ago goes.
    static let most = 16
    private struct Answer {
        var what: Parts.Having
        var people: [Bool]
        /// Whether somebody asked for it of this table, not only of one before.
        var isAsked: Bool
    }
    /// The one asked for last at the end.
    private let answers = Mutex<[Answer]>([])
    /// One is worked out at a time: who asks for the same waits for it.
    private let work = Mutex(())

    /// Whether each person of the table is one of them, by their place in it.
    /// - Parameter make: Works it out.
    func people(_ what: Parts.Having, make: () -> [Bool]) -> [Bool] {
        if let known = known(what) { return known }
        return work.withLock { _ in
            if let known = known(what) { return known }
            let people = make()
            keep(Answer(what: what, people: people, isAsked: true))
            return people
        }
    }

    /// Works out in advance, for a table that nobody sees yet, what was asked of the one before it.
    func prepare(like before: KnownPeople, make: (Parts.Having) -> [Bool]) {
        for what in before.answers.withLock({ $0.filter(\.isAsked).map(\.what) }) {
            keep(Answer(what: what, people: make(what), isAsked: false))
        }
    }

    /// What is kept, the one asked for last at the end.
    var kept: [Parts.Having] { answers.withLock { $0.map(\.what) } }

    private func known(_ what: Parts.Having) -> [Bool]? {
        answers.withLock { answers in
            guard let place = answers.firstIndex(where: { $0.what == what }) else { return nil }
            var answer = answers.remove(at: place)
            answer.isAsked = true
            answers.append(answer)
            return answer.people
        }
    }

    private func keep(_ answer: Answer) {
        answers.withLock { answers in
            if answers.count >= Self.most { answers.removeFirst() }
            answers.append(answer)
        }
    }
}
