import Kernel

/// Formulas made ready to be worked out together: the terms they share, and for each what is made of them.
package struct Program: Sendable {
    /// What a value of the program is.
    package enum Name: Hashable, Sendable {
        case metric(String)
        /// 1 for a customer who belongs to it.
        case audience(String)
        /// The place of the stage a customer is in.
        case stage
        /// A formula that is only asked, by its place among those asked.
        case asked(Int)
    }
    package struct Slot: Sendable {
        package var name: Name
        package var type: ValueType
        package var code: [Op]

        /// The most values that are on the stack at once.
        package var depth: Int {
            var now = 0
            var most = 1
            for op in code {
                switch op {
                case .push, .now, .day, .text, .term, .slot, .identifier, .rank, .stage, .compareTerm: now += 1
                case .not, .oneOfTexts, .oneOf, .match, .known, .negative: break
                case .and, .or, .compare, .arithmetic, .choose: now -= 1
                case .model(_, _, let inputs): now -= inputs - 1
                }
                most = max(most, now)
            }
            return most
        }
    }
    /// One step of working out a value, on a stack of numbers. Unknown is NaN, a text is its number.
    package enum Op: Hashable, Sendable {
        case push(Double)
        case now
        case day(DateLiteral)
        case text(String)
        case term(Int)
        case slot(Int)
        case identifier(String)
        case rank(RankFunction, slot: Int)
        case stage(UInt64, slot: Int)
        case not, and, or
        case compare(Comparison)
        /// A term with a number: most comparisons are of these.
        case compareTerm(Int, Comparison, Double)
        case oneOfTexts([String])
        case oneOf([Double])
        case match(TextMatch, String)
        case known
        case arithmetic(Arithmetic)
        case negative
        /// The flag on top says whether the number below it becomes this one.
        case choose(Double)
        /// So many values on top go into a model, and one of what it gives takes their place.
        case model(String, output: Int, inputs: Int)
    }

    package private(set) var terms: [Term] = []
    /// In an order in which each needs only earlier ones.
    package private(set) var slots: [Slot] = []
    private var termPlaces: [Term: Int] = [:]
    private var slotPlaces: [Name: Int] = [:]
    private let names: FormulaNames
    private let library: FormulaLibrary
    private var checker: Checker

    /// The most values that a program may be of.
    package static let mostSlots = 2_000
    /// The most stages.
    package static let mostStages = 60

    package init(names: FormulaNames, library: FormulaLibrary) {
        self.names = names
        self.library = library
        checker = Checker(names: names, library: library)
    }

    package subscript(name: Name) -> Int? { slotPlaces[name] }

    /// All selectors that must be there before it can be worked out.
    package var selectors: Set<Selector> {
        var found: Set<Selector> = []
        for term in terms { for case .selected(let selector) in term.allSources { found.insert(selector) } }
        return found
    }

    /// Metrics whose distribution over all customers is needed.
    package var ranked: [Int] {
        var found: Set<Int> = []
        for slot in slots { for case .rank(_, let metric) in slot.code { found.insert(metric) } }
        return found.sorted()
    }

    /// Models whose outputs are needed.
    package var models: Set<String> {
        var found: Set<String> = []
        for slot in slots { for case .model(let key, _, _) in slot.code { found.insert(key) } }
        return found
    }

    // MARK: Adding

    /// Adds a formula, and what it leads to; gives back the place of its value.
    @discardableResult
    package mutating func add(_ checked: Checked, as name: Name) throws(FormulaProblem) -> Int {
        var code: [Op] = []
        try emit(checked, &code)
        return try append(Slot(name: name, type: checked.type, code: code), checked.span)
    }

    private mutating func append(_ slot: Slot, _ span: Span) throws(FormulaProblem) -> Int {
        guard slots.count < Self.mostSlots else {
            throw FormulaProblem(span, "more than \(Self.mostSlots) formulas are in force together", mend: "remove some that nobody uses")
        }
        slots.append(slot)
        slotPlaces[slot.name] = slots.count - 1
        return slots.count - 1
    }

    /// Adds a definition of the library.
    @discardableResult
    package mutating func add(_ name: Name) throws(FormulaProblem) -> Int {
        if let known = slotPlaces[name] { return known }
        switch name {
        case .metric(let key):
            switch library.metrics[key] {
            case .formula(let expression)?: return try add(try checker.formula(expression, of: "metric/\(key)"), as: name)
            case .model(let model, let output, let inputs)?:
                var code: [Op] = []
                for input in inputs { try emit(try checker.formula(input, of: "metric/\(key)"), &code) }
                code.append(.model(model, output: output, inputs: inputs.count))
                return try append(Slot(name: name, type: .number, code: code), Span(from: 0, to: 0))
            case nil: preconditionFailure("a metric that nobody defined")
            }
        case .audience(let key):
            guard let audience = library.audiences[key] else { preconditionFailure("an audience that nobody defined") }
            var checked = try checker.condition(audience.who, of: "audience/\(key)")
            if let except = audience.except {
                let left = try checker.condition(except, of: "audience/\(key)")
                checked = Checked(kind: .and(checked, Checked(kind: .not(left), type: .flag, span: left.span)), type: .flag, span: checked.span)
            }
            var code: [Op] = []
            try emit(checked, &code)
            // Somebody of whom it is unknown does not belong: of an audience nothing is unknown.
            if !checked.isNeverUnknown { code += [.push(1), .compare(.equal)] }
            return try append(Slot(name: name, type: .flag, code: code), checked.span)
        case .stage:
            var code: [Op] = [.push(0)]
            for (place, stage) in library.stages.enumerated() {
                guard let entry = stage.entry else { continue }
                try emit(try checker.condition(entry, of: "lifecycle"), &code)
                code.append(.choose(Double(place)))
            }
            return try append(Slot(name: .stage, type: .number, code: code), Span(from: 0, to: 0))
        case .asked: preconditionFailure("what is asked is added as a formula")
        }
    }

    private mutating func place(_ term: Term) -> Int {
        if let known = termPlaces[term] { return known }
        terms.append(term)
        termPlaces[term] = terms.count - 1
        return terms.count - 1
    }

    private mutating func emit(_ checked: Checked, _ code: inout [Op]) throws(FormulaProblem) {
        switch checked.kind {
        case .constant(let number): code.append(.push(number))
        case .day(let date): code.append(.day(date))
        case .text(let text): code.append(.text(text))
        case .now: code.append(.now)
        case .term(let term): code.append(.term(place(term)))
        case .identifier(let kind): code.append(.identifier(kind))
        case .metric(let key): code.append(.slot(try add(.metric(key))))
        case .audience(let key): code.append(.slot(try add(.audience(key))))
        case .rank(let function, let metric): code.append(.rank(function, slot: try add(.metric(metric))))
        case .stage(let places): code.append(.stage(places.reduce(0) { $0 | 1 << UInt64($1) }, slot: try add(.stage)))
        case .not(let a):
            try emit(a, &code)
            code.append(.not)
        case .and(let a, let b): try emit(a, b, .and, &code)
        case .or(let a, let b): try emit(a, b, .or, &code)
        case .compare(let comparison, let a, let b):
            if case .term(let term) = a.kind, case .constant(let number) = b.kind {
                code.append(.compareTerm(place(term), comparison, number))
            } else if case .term(let term) = b.kind, case .constant(let number) = a.kind {
                code.append(.compareTerm(place(term), comparison.flipped, number))
            } else {
                try emit(a, b, .compare(comparison), &code)
            }
        case .sameText(let a, let b, let isEqual): try emit(a, b, .compare(isEqual ? .equal : .notEqual), &code)
        case .oneOfTexts(let a, let texts):
            try emit(a, &code)
            code.append(.oneOfTexts(texts))
        case .oneOf(let a, let numbers):
            try emit(a, &code)
            code.append(.oneOf(numbers))
        case .match(let match, let a, let part):
            try emit(a, &code)
            code.append(.match(match, part))
        case .known(let a, let isKnown):
            try emit(a, &code)
            code.append(.known)
            if !isKnown { code.append(.not) }
        case .arithmetic(let operation, let a, let b): try emit(a, b, .arithmetic(operation), &code)
        case .negative(let a):
            try emit(a, &code)
            code.append(.negative)
        }
    }

    private mutating func emit(_ a: Checked, _ b: Checked, _ op: Op, _ code: inout [Op]) throws(FormulaProblem) {
        try emit(a, &code)
        try emit(b, &code)
        code.append(op)
    }
}
