import Customers
import Kernel

/// Keeps the figures of the page Now for a moment: they are worked out from everybody's columns, and every open page asks for them.
actor FigureKeeper {
    /// Milliseconds for which figures are good enough.
    static let fresh: Int64 = 15_000

    /// What they are about: other days, or other interactions that count as orders, are other figures.
    struct Question: Equatable {
        var days: [Instant]
        var orders: Set<String>
    }

    private var known: (question: Question, figures: DayFigures)?
    private var work: (question: Question, task: Task<DayFigures, Never>)?

    /// Figures of at most ``fresh`` ago. Whoever asks while they are being worked out waits for the same work.
    func figures(_ question: Question, now: Instant, _ make: @escaping @Sendable () async -> DayFigures) async -> DayFigures {
        if let known, known.question == question, (0..<Self.fresh).contains(now - known.figures.asOf) { return known.figures }
        if let work, work.question == question { return await work.task.value }
        let task = Task { await make() }
        work = (question, task)
        let figures = await task.value
        known = (question, figures)
        if work?.task == task { work = nil }
        return figures
    }
}
