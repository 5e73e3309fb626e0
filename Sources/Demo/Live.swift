package import Kernel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Live traffic of the invented company: an endless sequence of items and the waits before them.
///
/// There is as much of it as history had in its last weeks, with the same rhythm of hours, weekdays and months, so that a day can be
/// compared with the same day of the week before. Letters of news, which history sends to thousands at once, are not sent.
///
/// The same company and beginning give the same sequence. Ids go on where history ended; a beginning other than the end of history
/// gives other ids, so that a demo that was stopped can be started again.
package struct DemoLive: Sendable, IteratorProtocol {
    package struct Element: Sendable, Equatable {
        /// Milliseconds after the item before.
        package let wait: Int64
        /// When it happens; the item's own `timestamp`.
        package let at: Instant
        /// One item of the tracking API.
        package let item: [UInt8]
    }

    private var births: Births
    private var persons: [Person]
    private var life: Life
    private var waiting: MarkHeap
    private let pen: ItemPen
    private var lastNumber: UInt32
    private var now: Int64
    private var nextVisit: Int64
    /// Milliseconds between two visits, on average.
    private let pause: Double
    /// Whether visits follow the hour, the weekday and the month.
    private let hasRhythm: Bool

    /// How many items a visit gives, with all that follows from it.
    private static let itemsPerVisit = 4.6
    /// How many visits in a hundred are of somebody who has moved house: at seven visits a year, four people in a hundred.
    private static let movesPerHundred = 0.6

    init(_ company: DemoCompany, from begin: Instant, perSecond: Double?) {
        births = company.births
        persons = company.persons
        pen = company.pen
        lastNumber = company.lastNumber
        now = max(begin.milliseconds, births.end)
        nextVisit = now
        pause = Self.itemsPerVisit / (perSecond ?? company.usualPerSecond) * 1000
        hasRhythm = perSecond == nil
        // Another beginning is another stretch of the same world: its items must not have the ids of the first.
        let stretch = UInt32(truncatingIfNeeded: (now - births.end) / 1000) & 0xF_FFFF
        for index in persons.indices where stretch > 0 { persons[index].marks += stretch << 12 }
        life = Life(
            random: SeededRandom(seed: births.seed ^ UInt64(bitPattern: now) &* 0x9E37_79B9), person: persons[0], orders: company.orders,
            troubled: births.troubled)
        let start = now
        waiting = MarkHeap(company.upcoming.filter { $0.at >= start })
    }

    /// The next item. Never nil.
    package mutating func next() -> Element? {
        while waiting.isEmpty || nextVisit <= waiting.first.at {
            visit(nextVisit)
            nextVisit = visitAfter(nextVisit)
        }
        let mark = waiting.removeFirst()
        let wait = max(0, mark.at - now)
        now = max(now, mark.at)
        var order: Order?
        switch mark.kind {
        case .campaignSent, .campaignOpened, .campaignClicked, .unsubscribed, .page: break
        default: if mark.about != Mark.none { order = number(mark) }
        }
        var item: [UInt8] = []
        item.reserveCapacity(700)
        pen.append(mark, persons[Int(mark.person)], order, to: &item)
        return Element(wait: wait, at: Instant(milliseconds: mark.at), item: item)
    }

    /// When somebody comes next.
    private mutating func visitAfter(_ at: Int64) -> Int64 {
        guard hasRhythm else { return at + max(1, Int64(life.wait(pause))) }
        // Thinning (Lewis and Shedler 1979): drawn as if it were always the busiest hour, and kept as often as this hour is as busy.
        var at = at
        repeat {
            at += max(1, Int64(life.wait(pause / Rhythm.most)))
        } while !life.chance(Rhythm.factor(at) / Rhythm.most)
        return at
    }

    /// The order of a mark, which gets its number when it is placed.
    private mutating func number(_ mark: Mark) -> Order {
        let index = Int(mark.about)
        if life.orders[index].number == 0 {
            lastNumber += 1
            life.orders[index].number = lastNumber
        }
        return life.orders[index]
    }

    /// Somebody comes, at `at`, and does one of the things that people do.
    private mutating func visit(_ at: Int64) {
        let index: Int
        if life.chance(0.05) {
            index = persons.count
            var random = births.random(of: UInt32(index))
            persons.append(births.person(UInt32(index), &random, beside: persons.last, from: at))
        } else {
            index = life.random.below(persons.count)
        }
        life.person = persons[index]
        life.marks.removeAll(keepingCapacity: true)
        if !moves(at) {
            switch life.person.kind {
            case .phone: if life.chance(0.3) { life.orderByPhone(at) } else { life.complain(.question, at, Mark.none) }
            case .store: life.comeToShop(at)
            case .visitor: life.visit(at, device: life.chance(0.5) ? 0 : 1, way: births.way(&life))
            case .online: online(at)
            }
        }
        births.agree(&life)
        persons[index] = life.person
        // Whatever the hours of an office say: this is live, so talk begins now.
        for mark in life.marks {
            waiting.insert(
                mark.kind == .called && mark.about == Mark.none || mark.kind == .chatIn || mark.kind == .mailIn ? mark.moved(to: at) : mark)
        }
    }

    /// Whether somebody tells us of a new home, which happens here then.
    private mutating func moves(_ at: Int64) -> Bool {
        guard life.person.flags.contains(.joined), life.person.move == nil, life.chance(Self.movesPerHundred / 100),
            let move = births.move(of: life.person, at: at, &life.random)
        else { return false }
        life.person.move = move
        let device = births.device(&life)
        life.tellOfMove(at, device: device, onPhone: life.tellsOnPhone())
        return true
    }

    private mutating func online(_ at: Int64) {
        let roll = life.random.unit()
        let lastLetter = births.campaigns.count - 1
        if life.person.flags.contains(.joined), roll < 0.06 {
            life.complain(life.chance(0.5) ? .question : .late, at, Mark.none)
        } else if life.person.flags.contains(.joined), roll < 0.1 {
            let score = UInt8(min(10, max(0, life.person.mood + life.between(-2, 2))).rounded())
            life.mark(.answered, at, detail: Life.Survey.recommend.rawValue << 4 | score)
        } else if life.person.flags.contains([.joined, .news]), lastLetter >= 0, roll < 0.2 {
            life.mark(.campaignOpened, at, about: UInt32(lastLetter))
        } else if life.person.flags.contains(.card), roll < 0.26 {
            life.mark(.shopVisited, at)
        } else {
            life.visit(at, device: births.device(&life), way: births.way(&life))
        }
    }
}

extension Mark {
    /// The same at another moment.
    func moved(to at: Int64) -> Mark {
        Mark(at: at, person: person, sequence: sequence, about: about, kind: kind, device: device, detail: detail, way: way)
    }
}

/// Marks, the earliest first: a binary heap.
struct MarkHeap: Sendable {
    private var marks: [Mark]

    init(_ marks: [Mark]) {
        // Sorted is a heap already.
        self.marks = marks.sorted(by: Mark.inOrder)
    }

    var isEmpty: Bool { marks.isEmpty }
    /// The earliest. There must be one.
    var first: Mark { marks[0] }

    mutating func insert(_ mark: Mark) {
        marks.append(mark)
        var at = marks.count - 1
        while at > 0, Mark.inOrder(marks[at], marks[(at - 1) / 2]) {
            marks.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    mutating func removeFirst() -> Mark {
        let first = marks[0]
        let last = marks.removeLast()
        guard !marks.isEmpty else { return first }
        marks[0] = last
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < marks.count && Mark.inOrder(marks[child], marks[least]) { least = child }
            if least == at { return first }
            marks.swapAt(at, least)
            at = least
        }
    }
}
