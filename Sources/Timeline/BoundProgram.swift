package import Formula
import Identity
package import Ledger

/// What the names of a program stand for here.
package struct Binding: Sendable {
    /// Names of interactions, by their numbers.
    package var events: [String]
    /// Numbers of the selectors whose marks are there.
    package var selectors: [Selector: UInt16]
    package var vocabulary: Vocabulary
    package var texts: TextNumbers
    /// Whether texts of formulas get numbers, so that what arrives later is found equal; else one that nobody wrote equals nothing.
    package var keepsTexts: Bool
    package var zone: Zone

    package init(events: [String], selectors: [Selector: UInt16], vocabulary: Vocabulary, texts: TextNumbers, keepsTexts: Bool, zone: Zone) {
        self.events = events
        self.selectors = selectors
        self.vocabulary = vocabulary
        self.texts = texts
        self.keepsTexts = keepsTexts
        self.zone = zone
    }
}

/// A program whose names are numbers of this timeline: immutable tables, which any number of evaluators share.
package final class BoundProgram: Sendable {
    /// A term sees a mark.
    struct Use: Sendable, BitwiseCopyable {
        var term: UInt16
        /// 0 for the term itself, or the first step of a sequence; else the step.
        var step: UInt8
        /// The filter that the mark must pass; 0 for none.
        var filter: UInt8
    }
    /// Bits of channels, media and directions that pass.
    struct Filter: Sendable, Hashable, BitwiseCopyable {
        var channels: (UInt64, UInt64, UInt64, UInt64)
        var media: UInt8
        var directions: UInt8

        @inline(__always) func passes(_ channel: UInt8, _ flags: UInt8) -> Bool {
            guard directions &>> (flags & 3) & 1 == 1, media &>> (flags &>> 2 & 3) & 1 == 1 else { return false }
            let word =
                switch channel &>> 6 {
                case 0: channels.0
                case 1: channels.1
                case 2: channels.2
                default: channels.3
                }
            return word &>> UInt64(channel & 63) & 1 == 1
        }
        static func == (a: Filter, b: Filter) -> Bool { a.channels == b.channels && a.media == b.media && a.directions == b.directions }
        func hash(into hasher: inout Hasher) {
            hasher.combine(channels.0)
            hasher.combine(channels.1)
            hasher.combine(media)
            hasher.combine(directions)
        }
    }
    enum Function: UInt8, Sendable, BitwiseCopyable {
        /// `lastTold` counts a value that was taken back, too.
        case count, sum, average, min, max, first, last, lastTold, distinct, firstSecond, lastSecond, daysActive, sequence, unfollowed

        /// Whether it has no value while no mark has given it one; the others are 0 then.
        var isUnknownAtFirst: Bool {
            switch self {
            case .min, .max, .first, .last, .lastTold, .firstSecond, .lastSecond: true
            case .count, .sum, .average, .distinct, .daysActive, .sequence, .unfollowed: false
            }
        }
        /// Whether it looks at the values of marks, and not only at when they were.
        var readsValue: Bool {
            switch self {
            case .sum, .average, .min, .max, .first, .last, .lastTold, .distinct: true
            case .count, .firstSecond, .lastSecond, .daysActive, .sequence, .unfollowed: false
            }
        }
    }
    struct TermInfo: Sendable, BitwiseCopyable {
        var function: Function
        /// Of a distinct term, its place among these; of a sequence, where its steps begin.
        var place: Int
        /// How many steps follow the first.
        var steps: Int
    }
    enum Code: UInt8, Sendable, BitwiseCopyable {
        case push, now, term, slot, identifier, percentile, quintile, stage, not, and, or, compare, oneOf, match, known
        // Most of what formulas ask is one term and a number.
        case termEqual, termNotEqual, termLess, termLessOrEqual, termGreater, termGreaterOrEqual, termKnown, termUnknown
        case add, subtract, multiply, divide, negative, choose, model
        // So many instructions are left out when what is on top settles the `and`, the `or` behind them.
        case unless, when
    }
    struct Instruction: Sendable, BitwiseCopyable {
        var code: Code
        var comparison: Comparison = .equal
        var place: UInt32 = 0
        var number = 0.0
        var mask: UInt64 = 0

        /// Values that it takes from the stack; it puts one back.
        var operands: Int {
            switch code {
            case .push, .now, .term, .slot, .identifier, .percentile, .quintile, .stage, .termEqual, .termNotEqual, .termLess, .termLessOrEqual,
                .termGreater, .termGreaterOrEqual, .termKnown, .termUnknown, .unless, .when:
                0
            case .not, .oneOf, .match, .known, .negative: 1
            case .and, .or, .compare, .add, .subtract, .multiply, .divide, .choose: 2
            case .model: Int(mask)
            }
        }
    }

    package let program: Program
    package let binding: Binding
    let terms: [TermInfo]
    /// By event: where its uses start; one more for the end. Those of events past it are `anyUses`.
    let plainStarts: [UInt32]
    let plainUses: [Use]
    let anyUses: [Use]
    let selectedStarts: [UInt32]
    let selectedUses: [Use]
    let filters: [Filter]
    /// Of each step after the first: seconds that it may be after the one before.
    let stepWithin: [Int64]
    let distincts: Int
    let instructions: [Instruction]
    let slotStarts: [Int]
    let lists: [[Double]]
    let matches: [(match: TextMatch, part: String)]
    let models: [String]
    let deepest: Int

    /// - Throws: ``FormulaProblem`` when there are more terms, filters or steps than fit together.
    package init(_ program: Program, _ binding: Binding) throws(FormulaProblem) {
        func tooMany(_ what: String, _ most: Int) -> FormulaProblem {
            FormulaProblem(
                Span(from: 0, to: 0), "formulas in force have more than \(most) different \(what) together", mend: "remove some that nobody uses")
        }
        self.program = program
        self.binding = binding
        guard program.terms.count < Int(UInt16.max) else { throw tooMany("functions", Int(UInt16.max)) }
        var builder = Builder(binding)
        for (place, term) in program.terms.enumerated() { builder.add(term, UInt16(place)) }
        guard builder.filters.count < 255 else { throw tooMany("filters by channel, media and direction", 254) }
        terms = builder.terms
        filters = builder.filters
        stepWithin = builder.stepWithin
        distincts = builder.distincts
        anyUses = builder.any
        (plainStarts, plainUses) = Self.flatten(
            builder.plain.enumerated().map { FormulaNames.ours.contains(binding.events[$0]) ? $1 : $1 + builder.any })
        (selectedStarts, selectedUses) = Self.flatten(builder.selected)
        var coder = Coder(binding)
        for slot in program.slots { coder.add(slot) }
        instructions = coder.instructions
        slotStarts = coder.starts + [coder.instructions.count]
        lists = coder.lists
        matches = coder.matches
        models = coder.models
        deepest = program.slots.map(\.depth).max() ?? 1
    }

    private static func flatten(_ uses: [[Use]]) -> ([UInt32], [Use]) {
        var starts: [UInt32] = [0]
        var all: [Use] = []
        for here in uses {
            all += here
            starts.append(UInt32(all.count))
        }
        return (starts, all)
    }

    private struct Builder {
        let events: [String: Int]
        let binding: Binding
        var terms: [TermInfo] = []
        var plain: [[Use]]
        var any: [Use] = []
        var selected: [[Use]]
        /// Filter 0 is never looked at.
        var filters = [Filter(channels: (.max, .max, .max, .max), media: .max, directions: .max)]
        var filterPlaces: [Filter: UInt8] = [:]
        var stepWithin: [Int64] = []
        var distincts = 0

        init(_ binding: Binding) {
            self.binding = binding
            events = Dictionary(binding.events.enumerated().map { ($1, $0) }) { a, _ in a }
            plain = Array(repeating: [], count: binding.events.count)
            selected = Array(repeating: [], count: Int(binding.selectors.values.max() ?? 0) + 1)
        }

        mutating func add(_ term: Term, _ place: UInt16) {
            var info = TermInfo(function: .count, place: 0, steps: 0)
            info.function =
                switch term.function {
                case .count: .count
                case .sum: .sum
                case .average: .average
                case .min: .min
                case .max: .max
                case .first: .first
                case .last: term.sources.contains(where: \.isTold) ? .lastTold : .last
                case .distinct: .distinct
                case .firstSecond: .firstSecond
                case .lastSecond: .lastSecond
                case .daysActive: .daysActive
                case .sequence: term.isUnfollowed ? .unfollowed : .sequence
                }
            if info.function == .distinct {
                info.place = distincts
                distincts += 1
            }
            if term.function == .sequence {
                info.place = stepWithin.count
                info.steps = term.steps.count
                stepWithin += term.steps.map { $0.within ?? .max }
            }
            terms.append(info)
            // A later step is seen before an earlier one of the same interaction; by position they are told apart all the same.
            for (step, sources) in ([term.sources] + term.steps.map(\.sources)).enumerated().reversed() {
                for source in sources { add(Use(term: place, step: UInt8(step), filter: 0), source) }
            }
        }

        private mutating func add(_ use: Use, _ source: Source) {
            var use = use
            switch source {
            case .plain(let plain):
                use.filter = filter(plain)
                guard let name = plain.name else {
                    any.append(use)
                    return
                }
                // A name that nothing has had yet has no marks.
                if let event = events[name] { self.plain[event].append(use) }
            case .selected(let selector):
                if let number = binding.selectors[selector] { selected[Int(number)].append(use) }
            }
        }

        private mutating func filter(_ plain: PlainSource) -> UInt8 {
            guard plain.channels != nil || plain.media != nil || plain.directions != nil else { return 0 }
            var words = [UInt64](repeating: plain.channels == nil ? .max : 0, count: 4)
            for name in plain.channels ?? [] {
                guard let channel = binding.vocabulary.channel(name) else { continue }
                words[Int(channel.rawValue >> 6)] |= 1 << UInt64(channel.rawValue & 63)
            }
            let media = plain.media.map { $0.compactMap { Media(name: $0)?.rawValue }.reduce(0) { $0 | 1 << $1 } } ?? UInt8.max
            let directions = plain.directions.map { $0.compactMap { Direction(name: $0)?.rawValue }.reduce(0) { $0 | 1 << $1 } } ?? UInt8.max
            let filter = Filter(channels: (words[0], words[1], words[2], words[3]), media: media, directions: directions)
            if let known = filterPlaces[filter] { return known }
            let place = UInt8(min(filters.count, 255))
            filters.append(filter)
            filterPlaces[filter] = place
            return place
        }
    }

    private struct Coder {
        let binding: Binding
        var instructions: [Instruction] = []
        var starts: [Int] = []
        var lists: [[Double]] = []
        var matches: [(match: TextMatch, part: String)] = []
        var models: [String] = []

        init(_ binding: Binding) { self.binding = binding }

        /// A text that has no number equals nothing, and differs from every text.
        private func number(_ text: String) -> Double {
            (binding.keepsTexts ? binding.texts.number(text, for: nil) : binding.texts.number(text)) ?? -1
        }

        mutating func add(_ slot: Program.Slot) {
            starts.append(instructions.count)
            // What each value on the stack is made by.
            var stack: [[Instruction]] = []
            for op in slot.code {
                let made = instruction(op)
                var before = Array(stack.suffix(made.operands))
                stack.removeLast(made.operands)
                switch made.code {
                // What is asked of a term at once is one step.
                case .known where before[0].count == 1 && before[0][0].code == .term: before[0][0].code = .termKnown
                case .not where before[0].count == 1 && before[0][0].code == .termKnown: before[0][0].code = .termUnknown
                case .and, .or:
                    before.insert([Instruction(code: made.code == .and ? .unless : .when, place: UInt32(before[1].count + 1))], at: 1)
                    before.append([made])
                default: before.append([made])
                }
                stack.append(before.flatMap { $0 })
            }
            instructions += stack.last ?? []
        }

        private mutating func instruction(_ op: Program.Op) -> Instruction {
            switch op {
            case .push(let number): return Instruction(code: .push, number: number)
            case .text(let text): return Instruction(code: .push, number: number(text))
            case .now: return Instruction(code: .now)
            case .day(let date): return Instruction(code: .push, number: Double(binding.zone.start(of: date)))
            case .term(let place): return Instruction(code: .term, place: UInt32(place))
            case .slot(let place): return Instruction(code: .slot, place: UInt32(place))
            case .identifier(let kind): return Instruction(code: .identifier, mask: binding.vocabulary.kind(kind)?.bit ?? 0)
            case .rank(let function, let slot): return Instruction(code: function == .percentile ? .percentile : .quintile, place: UInt32(slot))
            case .stage(let mask, let slot): return Instruction(code: .stage, place: UInt32(slot), mask: mask)
            case .not: return Instruction(code: .not)
            case .and: return Instruction(code: .and)
            case .or: return Instruction(code: .or)
            case .compare(let comparison): return Instruction(code: .compare, comparison: comparison)
            case .compareTerm(let place, let comparison, let number):
                let code: Code =
                    switch comparison {
                    case .equal: .termEqual
                    case .notEqual: .termNotEqual
                    case .less: .termLess
                    case .lessOrEqual: .termLessOrEqual
                    case .greater: .termGreater
                    case .greaterOrEqual: .termGreaterOrEqual
                    }
                return Instruction(code: code, place: UInt32(place), number: number)
            case .oneOfTexts(let texts): return list(texts.map(number))
            case .oneOf(let numbers): return list(numbers)
            case .match(let match, let part):
                matches.append((match, part))
                return Instruction(code: .match, place: UInt32(matches.count - 1))
            case .known: return Instruction(code: .known)
            case .arithmetic(let operation):
                switch operation {
                case .add: return Instruction(code: .add)
                case .subtract: return Instruction(code: .subtract)
                case .multiply: return Instruction(code: .multiply)
                case .divide: return Instruction(code: .divide)
                }
            case .negative: return Instruction(code: .negative)
            case .choose(let number): return Instruction(code: .choose, number: number)
            case .model(let key, let output, let inputs):
                if !models.contains(key) { models.append(key) }
                return Instruction(code: .model, place: UInt32(models.firstIndex(of: key)!), number: Double(output), mask: UInt64(inputs))
            }
        }

        private mutating func list(_ numbers: [Double]) -> Instruction {
            lists.append(numbers)
            return Instruction(code: .oneOf, place: UInt32(lists.count - 1))
        }
    }
}

extension Source {
    /// Whether its newest mark may say that there is no value any more.
    fileprivate var isTold: Bool {
        switch self {
        case .selected(let selector):
            switch selector.subject {
            case .trait, .consent: true
            case .event: false
            }
        case .plain: false
        }
    }
}
