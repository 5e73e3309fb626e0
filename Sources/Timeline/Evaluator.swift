import Formula
import Glibc

/// Works a program out for one customer after the other, in one walk over their marks, newest first. It owns its scratch memory:
/// one for each thread.
///
/// What it sees of a customer is what had happened at the moment asked for, that moment included.
package struct Evaluator: ~Copyable {
    /// What a term has come to. `value` is its result; of averages and active days that is made of both at the end.
    struct State: BitwiseCopyable {
        var value: Double
        var second: UInt32
        var count: UInt32
    }
    /// The nearest mark of a step that what comes later follows, and the nearest of another interaction.
    struct Nearest {
        var position: UInt64
        var second: UInt32
        var otherSecond: UInt32
        /// 0 none, 1 one, 2 both.
        var known: UInt8
    }
    let program: BoundProgram
    private let terms: Table<BoundProgram.TermInfo>
    private let filters: Table<BoundProgram.Filter>
    private let within: Table<Int64>
    private let instructions: Table<BoundProgram.Instruction>
    /// Who looks at the timeline's own marks, and who at those of selectors.
    let plain: Lookout
    let selected: Lookout
    private let slotStarts: Table<Int>
    var now: UInt32 = 0
    let state: UnsafeMutablePointer<State>
    private let fresh: Table<State>
    /// Terms whose result is made at the end.
    private let unfinished: Table<UInt16>
    let starts: UnsafeMutablePointer<UInt32>
    let nearest: UnsafeMutablePointer<Nearest>
    private let stack: UnsafeMutablePointer<Double>
    /// What came out, by the program's slots.
    package let values: UnsafeMutablePointer<Double>
    /// Marks from before it count for nothing.
    private(set) var earliest: UInt32 = 0
    /// Whether the customer at hand has a mark that counted.
    private(set) var isTouched = false
    /// What comes out, by the program's slots, for whoever has none; nil when it depends on what else is known of them.
    private(set) var untouched: UnsafePointer<Double>?
    private let untouchedValues: UnsafeMutablePointer<Double>
    /// The values that a distinct term has seen: a few in a list, many in a set.
    private var few: [[Double]]
    private var many: [Set<Double>]
    private var everybody = Everybody()
    private var ranks: [[Double]]
    private var tests: [[UInt8]]
    var recent: [Mark] = []
    /// Where marks of a base lie.
    var places: [Int] = []

    package init(_ program: BoundProgram, _ everybody: Everybody = Everybody()) {
        self.program = program
        self.everybody = everybody
        terms = Table(program.terms)
        filters = Table(program.filters)
        within = Table(program.stepWithin)
        fresh = Table(program.terms.map { State(value: $0.function.isUnknownAtFirst ? .nan : 0, second: 0, count: 0) })
        unfinished = Table(
            program.terms.indices.filter { [.average, .daysActive].contains(program.terms[$0].function) }.map { UInt16($0) })
        instructions = Table(program.instructions)
        slotStarts = Table(program.slotStarts)
        plain = Lookout(program.plainStarts, program.plainUses, any: program.anyUses, program.terms)
        selected = Lookout(program.selectedStarts, program.selectedUses, any: [], program.terms)
        state = .allocate(capacity: max(1, program.terms.count))
        starts = .allocate(capacity: max(1, program.terms.count))
        starts.initialize(repeating: 0, count: max(1, program.terms.count))
        nearest = .allocate(capacity: max(1, program.stepWithin.count))
        stack = .allocate(capacity: program.deepest + 2)
        values = .allocate(capacity: max(1, program.program.slots.count))
        values.initialize(repeating: .nan, count: max(1, program.program.slots.count))
        untouchedValues = .allocate(capacity: max(1, program.program.slots.count))
        few = Array(repeating: [], count: program.distincts)
        many = Array(repeating: [], count: program.distincts)
        tests = Array(repeating: [], count: program.matches.count)
        ranks = program.program.slots.map { slot in
            if case .metric(let key) = slot.name { everybody.values[key] ?? [] } else { [] }
        }
        reset()
    }

    deinit {
        state.deallocate()
        starts.deallocate()
        nearest.deallocate()
        stack.deallocate()
        values.deallocate()
        untouchedValues.deallocate()
    }

    /// The moment for which it is worked out, in seconds since 1970.
    package mutating func set(now: UInt32) {
        guard now != self.now || now == 0 else { return }
        self.now = now
        var least = UInt32.max
        for (i, term) in program.program.terms.enumerated() {
            let start = term.window.map { program.binding.zone.start(of: $0, at: Int64(now)) } ?? 0
            starts[i] = UInt32(clamping: start)
            least = min(least, starts[i])
        }
        earliest = program.terms.isEmpty ? .max : least
        plain.begin(starts, now: now)
        selected.begin(starts, now: now)
        guard !program.instructions.contains(where: { $0.code == .identifier }) else { return }
        conclude(identifiers: 0)
        untouchedValues.update(from: values, count: slotStarts.count - 1)
        untouched = UnsafePointer(untouchedValues)
    }

    // MARK: Marks

    /// Ready for the next customer.
    @inline(__always) private mutating func reset() {
        isTouched = false
        state.update(from: fresh.first, count: fresh.count)
        for i in 0..<within.count { nearest[i].known = 0 }
        for i in 0..<few.count {
            few[i].removeAll(keepingCapacity: true)
            if !many[i].isEmpty { many[i].removeAll(keepingCapacity: true) }
        }
    }

    /// A column that no term asks for is not touched.
    /// - Parameters:
    ///   - sight: The lookout that the mark belongs to.
    ///   - number: Of its event or selector.
    @inline(__always) private mutating func see(
        _ sight: Lookout.Sight, _ number: Int, _ second: UInt32, value: @autoclosure () -> Double, channel: @autoclosure () -> UInt8,
        flags: @autoclosure () -> UInt8, position: @autoclosure () -> UInt64
    ) {
        isTouched = true
        var (watch, end) = sight.watches(number)
        while watch < end {
            let use = watch.pointee
            watch += 1
            if second < use.start { break }
            if use.filter != 0, !filters[Int(use.filter)].passes(channel(), flags()) { continue }
            let t = Int(use.term)
            switch use.function {
            case .count: state[t].value += 1
            case .lastSecond: if state[t].value.isNaN { state[t].value = Double(second) }
            case .firstSecond: state[t].value = Double(second)
            case .daysActive: day(second, t)
            case .sequence, .unfollowed: step(use, second, position())
            case .last: if state[t].value.isNaN { state[t].value = value() }
            case .lastTold:
                if state[t].count == 0 {
                    state[t].value = value()
                    state[t].count = 1
                }
            case .sum, .average, .min, .max, .first, .distinct:
                let value = value()
                if !value.isNaN { take(value, use.function, t) }
            }
        }
    }

    /// What a value makes of a term.
    @inline(__always) private mutating func take(_ value: Double, _ function: BoundProgram.Function, _ t: Int) {
        switch function {
        case .sum: state[t].value += value
        case .average:
            state[t].value += value
            state[t].count &+= 1
        case .min: if !(value >= state[t].value) { state[t].value = value }
        case .max: if !(value <= state[t].value) { state[t].value = value }
        case .distinct: distinct(terms[t].place, value, t)
        default: state[t].value = value
        }
    }

    /// Not in the loops that look for marks, so that these stay small.
    @inline(never) mutating func see(_ sight: Lookout.Sight, _ columns: SweptColumns, _ i: Int, _ second: UInt32) {
        see(
            sight, Int(columns.events[i]), second, value: columns.values[i], channel: columns.channels[i], flags: columns.flags[i],
            position: columns.positions[i])
    }
    @inline(never) mutating func see(_ sight: Lookout.Sight, _ mark: Mark) {
        see(sight, Int(mark.event), mark.second, value: mark.value, channel: mark.channel, flags: mark.flags, position: mark.position)
    }

    @inline(never) private mutating func distinct(_ place: Int, _ value: Double, _ t: Int) {
        if many[place].isEmpty {
            if few[place].contains(value) { return }
            if few[place].count < 16 {
                few[place].append(value)
            } else {
                many[place] = Set(few[place])
                many[place].insert(value)
            }
            state[t].value += 1
        } else if many[place].insert(value).inserted {
            state[t].value += 1
        }
    }

    /// Days come one after the other but where clocks go back at midnight, so the last two tell whether a day is new.
    @inline(never) private mutating func day(_ second: UInt32, _ t: Int) {
        let day = Double(program.binding.zone.day(at: Int64(second)))
        if state[t].count > 0 {
            if state[t].value == day || state[t].count > 1 && Double(state[t].second) == day { return }
        }
        state[t].second = UInt32(max(0, state[t].value))
        state[t].value = day
        state[t].count &+= 1
    }

    /// Newest first, so what a step needs to be followed by was seen before it.
    @inline(never) private mutating func step(_ use: Lookout.Watch, _ second: UInt32, _ position: UInt64) {
        let t = Int(use.term)
        let term = terms[t]
        let step = Int(use.step)
        let isLast = step == term.steps
        let isFollowed = isLast || follows(term.place + step, second, position)
        if step == 0 {
            guard second >= starts[t] else { return }
            if term.function == .sequence {
                if isFollowed { state[t].value = 1 }
            } else if !isFollowed, Int64(second) + within[term.place] <= Int64(now) {
                state[t].value = 1
            }
            return
        }
        guard isFollowed else { return }
        let i = term.place + step - 1
        if nearest[i].known == 0 {
            nearest[i] = Nearest(position: position, second: second, otherSecond: 0, known: 1)
        } else if nearest[i].position != position {
            nearest[i] = Nearest(position: position, second: second, otherSecond: nearest[i].second, known: 2)
        }
    }

    /// Whether the step that must come next comes soon enough after this interaction, and is another one.
    @inline(__always) private func follows(_ i: Int, _ second: UInt32, _ position: UInt64) -> Bool {
        let next = nearest[i]
        let within = within[i]
        if next.known > 0, next.position != position { return Int64(next.second) - Int64(second) <= within }
        return next.known > 1 && Int64(next.otherSecond) - Int64(second) <= within
    }

    // MARK: What comes of them

    @inline(__always) private func finish() {
        for u in 0..<unfinished.count {
            let t = Int(unfinished[u])
            let count = Double(state[t].count)
            state[t].value = terms[t].function == .daysActive ? count : count == 0 ? .nan : state[t].value / count
        }
    }

    /// Makes the values of what the marks came to, and forgets them.
    /// - Parameter identifiers: Bits of the kinds of identifiers that are known of the customer.
    mutating func conclude(identifiers: UInt64) {
        finish()
        defer { reset() }
        var i = 0
        for slot in 0..<slotStarts.count - 1 {
            let end = slotStarts[slot + 1]
            var top = -1
            while i < end {
                let op = instructions[i]
                i &+= 1
                switch op.code {
                case .not: stack[top] = stack[top] == 1 ? 0 : 1
                case .oneOf: stack[top] = program.lists[Int(op.place)].contains(stack[top]) ? 1 : 0
                case .match: stack[top] = matches(Int(op.place), stack[top]) ? 1 : 0
                case .known: stack[top] = stack[top].isNaN ? 0 : 1
                case .negative: stack[top] = -stack[top]
                case .and, .or, .compare, .add, .subtract, .multiply, .divide:
                    top &-= 1
                    stack[top] = Self.value(of: op, stack[top], stack[top &+ 1])
                case .choose:
                    top &-= 1
                    if stack[top &+ 1] == 1 { stack[top] = op.number }
                case .model: model(op, &top)
                case .unless:
                    if stack[top] != 1 {
                        stack[top] = 0
                        i &+= Int(op.place)
                    }
                case .when: if stack[top] == 1 { i &+= Int(op.place) }
                // What comes onto the stack by itself.
                case .termEqual: top = push(state[Int(op.place)].value == op.number, top)
                case .termNotEqual: top = push(Comparison.notEqual.holds(state[Int(op.place)].value, op.number), top)
                case .termLess: top = push(state[Int(op.place)].value < op.number, top)
                case .termLessOrEqual: top = push(state[Int(op.place)].value <= op.number, top)
                case .termGreater: top = push(state[Int(op.place)].value > op.number, top)
                case .termGreaterOrEqual: top = push(state[Int(op.place)].value >= op.number, top)
                case .termKnown: top = push(!state[Int(op.place)].value.isNaN, top)
                case .termUnknown: top = push(state[Int(op.place)].value.isNaN, top)
                case .term: top = push(state[Int(op.place)].value, top)
                case .slot: top = push(values[Int(op.place)], top)
                case .push: top = push(op.number, top)
                case .now: top = push(Double(now), top)
                case .identifier: top = push(identifiers & op.mask != 0, top)
                case .percentile: top = push(percentile(Int(op.place)), top)
                case .quintile:
                    let percentile = percentile(Int(op.place))
                    top = push(percentile.isNaN ? .nan : max(1, (percentile / 20).rounded(.up)), top)
                case .stage: top = push(op.mask &>> UInt64(max(0, values[Int(op.place)])) & 1 == 1, top)
                }
            }
            values[slot] = top >= 0 ? stack[top] : .nan
        }
    }

    @inline(__always) private func push(_ value: Double, _ top: Int) -> Int {
        stack[top &+ 1] = value
        return top &+ 1
    }
    @inline(__always) private func push(_ holds: Bool, _ top: Int) -> Int { push(holds ? 1.0 : 0.0, top) }

    /// What two values on the stack give.
    @inline(__always) private static func value(of op: BoundProgram.Instruction, _ a: Double, _ b: Double) -> Double {
        switch op.code {
        case .and: a == 1 && b == 1 ? 1 : 0
        case .or: a == 1 || b == 1 ? 1 : 0
        case .compare: op.comparison.holds(a, b) ? 1 : 0
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        default: Arithmetic.divide.apply(a, b)
        }
    }

    private func model(_ op: BoundProgram.Instruction, _ top: inout Int) {
        let count = Int(op.mask)
        let from = top - count + 1
        let inputs = UnsafeBufferPointer(start: stack + from, count: count)
        stack[from] = everybody.models[program.models[Int(op.place)]]?(inputs, Int(op.number)) ?? .nan
        top = from
    }

    /// The share of everybody, of those for whom the metric is known, who have at most this customer's value, in percent.
    private func percentile(_ slot: Int) -> Double {
        let value = values[slot]
        let all = ranks[slot]
        guard !value.isNaN, !all.isEmpty else { return .nan }
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle] <= value { low = middle + 1 } else { high = middle }
        }
        // Whoever is newer than the sweep and below all of it is in the lowest place, and not nowhere.
        return 100 * Double(max(1, low)) / Double(all.count)
    }

    /// Each text is looked into once.
    private mutating func matches(_ test: Int, _ number: Double) -> Bool {
        guard number >= 0, number < 4e9 else { return false }
        let n = Int(number)
        if n >= tests[test].count { tests[test] += Array(repeating: 0, count: max(n + 1, 2 * tests[test].count) - tests[test].count) }
        if tests[test][n] == 0 {
            let (match, part) = program.matches[test]
            let holds = program.binding.texts.text(number).map { match.holds($0, part) } ?? false
            tests[test][n] = holds ? 2 : 1
        }
        return tests[test][n] == 2
    }
}
