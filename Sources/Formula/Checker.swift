import Kernel

/// Looks names up and holds kinds of values against each other.
package struct Checker {
    let names: FormulaNames
    let library: FormulaLibrary
    /// What is being looked at, to find those that name themselves on the way.
    private var path: [Name] = []
    private var types: [String: ValueType] = [:]
    /// What was looked at and reads, from where the path begins now.
    private var done: Set<Name> = []

    /// A definition that a formula may lead to.
    enum Name: Hashable {
        case metric(String)
        case audience(String)
        case stages

        var words: String {
            switch self {
            case .metric(let key): key
            case .audience(let key): "in audience \(key)"
            case .stages: "stage"
            }
        }
    }

    package init(names: FormulaNames, library: FormulaLibrary) {
        self.names = names
        self.library = library
    }

    /// A condition: yes or no of each customer.
    /// - Parameter circle: What the formula defines, so that it cannot name itself: `metric/spend`, `audience/vip`, `lifecycle`.
    package mutating func condition(_ expression: FormulaExpression, of circle: String? = nil) throws(FormulaProblem) -> Checked {
        begin(circle)
        return try asFlag(try value(expression, wanted: .flag), "a condition")
    }

    /// A value of any kind but a list.
    package mutating func formula(_ expression: FormulaExpression, of circle: String? = nil) throws(FormulaProblem) -> Checked {
        begin(circle)
        return try value(expression)
    }

    private mutating func begin(_ circle: String?) {
        path = circle.flatMap(Self.name).map { [$0] } ?? []
        done = []
    }

    private static func name(_ circle: String) -> Name? {
        if circle == "lifecycle" { return .stages }
        let parts = circle.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        return parts[0] == "metric" ? .metric(parts[1]) : parts[0] == "audience" ? .audience(parts[1]) : nil
    }

    func problem(_ span: Span, _ what: String, _ mend: String) -> FormulaProblem { FormulaProblem(span, what, mend: mend) }

    func asFlag(_ checked: Checked, _ place: String) throws(FormulaProblem) -> Checked {
        if checked.type == .flag { return checked }
        throw problem(checked.span, "\(place) is yes or no, and this is \(checked.type.noun)", "compare it with something: > 0, = \"…\", is known")
    }

    private mutating func flag(_ e: FormulaExpression, _ place: String) throws(FormulaProblem) -> Checked {
        try asFlag(try value(e, wanted: .flag), place)
    }

    // MARK: Values

    mutating func value(_ e: FormulaExpression) throws(FormulaProblem) -> Checked {
        func make(_ kind: Checked.Kind, _ type: ValueType) -> Checked { Checked(kind: kind, type: type, span: e.span) }
        switch e.kind {
        case .number(let number): return make(.constant(number), .number)
        case .text(let text): return make(.text(text), .text)
        case .flag(let flag): return make(.constant(flag ? 1 : 0), .flag)
        case .duration(let seconds): return make(.constant(Double(seconds)), .duration)
        case .date(let date):
            if case .moment(let second) = date { return make(.constant(Double(second)), .date) }
            return make(.day(date), .date)
        case .name(let path): return try name(path, e.span, wanted: nil)
        case .inAudience(let key): return try audience(key, e.span)
        case .rank(let function, let metric): return try rank(function, metric, e.span)
        case .call(let function, let events): return try call(function, events, e.span, wanted: nil)
        case .sequence(let sequence): return make(.term(try self.sequence(sequence)), .flag)
        case .not(let inner): return make(.not(try flag(inner, "what follows not")), .flag)
        case .and(let a, let b): return make(.and(try flag(a, "a side of and"), try flag(b, "a side of and")), .flag)
        case .or(let a, let b): return make(.or(try flag(a, "a side of or"), try flag(b, "a side of or")), .flag)
        case .compare(let comparison, let a, let b): return try compare(comparison, a, b, e.span)
        case .match(let match, let a, let b):
            guard case .text(let part) = b.kind else { throw problem(b.span, "\(match.rawValue) needs a text", "write it in quotation marks") }
            if try isStage(a) { throw problem(a.span, "stages are compared whole", "write stage = \"…\" or stage in [\"…\"]") }
            let text = try value(a, wanted: .text)
            guard text.type == .text else {
                throw problem(a.span, "\(match.rawValue) looks into a text, and this is \(text.type.noun)", "compare with = instead")
            }
            return make(.match(match, text, part), .flag)
        case .oneOf(let a, let list): return try oneOf(a, list, e.span)
        case .known(let inner, let isKnown): return try known(inner, isKnown, e.span)
        case .arithmetic(let operation, let a, let b): return try arithmetic(operation, a, b, e.span)
        case .negative(let inner):
            let checked = try value(inner, wanted: .number)
            guard checked.type == .number || checked.type == .duration else {
                throw problem(e.span, "- stands before \(checked.type.noun)", "remove it")
            }
            return make(.negative(checked), checked.type)
        }
    }

    /// A value whose kind is not declared takes the kind that is wanted.
    mutating func value(_ e: FormulaExpression, wanted: ValueType?) throws(FormulaProblem) -> Checked {
        switch e.kind {
        case .name(let path): try name(path, e.span, wanted: wanted)
        case .call(let function, let events): try call(function, events, e.span, wanted: wanted)
        default: try value(e)
        }
    }

    /// Whether the kind of a value is open until something else says it.
    func isOpen(_ e: FormulaExpression) -> Bool {
        switch e.kind {
        case .name(let path): path.steps.first?.key == "trait" && path.steps.count > 1 && declared(trait: path.steps[1].key) == nil
        case .call(let function, let events):
            [.first, .last, .min, .max].contains(function)
                && events.property.map { $0 != PropertyPath("value") && declared($0, of: events) == nil } ?? false
        default: false
        }
    }

    private mutating func name(_ path: PropertyPath, _ span: Span, wanted: ValueType?) throws(FormulaProblem) -> Checked {
        let keys = path.plain ?? []
        switch (keys.first, keys.count) {
        case ("trait", 2): return try trait(keys[1], span, wanted: wanted)
        case ("consent", 2), ("consent", 3): return try consent(keys, span)
        case ("identifier", 2): return try identifier(keys[1], span, isAsked: false)
        case ("stage", 1): throw problem(span, "stage is compared with the names of stages", "write stage = \"…\" or stage in [\"…\", \"…\"]")
        case ("now", 1): return Checked(kind: .now, type: .date, span: span)
        case (.some(let key), 1):
            if library.metrics[key] != nil { return Checked(kind: .metric(key), type: try type(ofMetric: key, span), span: span) }
            throw unknown(key, span)
        default:
            let first = path.steps.first?.key ?? ""
            if ["trait", "consent", "identifier"].contains(first) {
                let words = first == "consent" ? "consent.email, or consent.email.surveys" : "\(first).\(first == "trait" ? "city" : "email")"
                throw problem(span, "\(path) is no \(first)", "write for example \(words)")
            }
            throw problem(
                span, "\(path) is not defined",
                "names of customers begin with trait., consent. or identifier.; properties stand behind their interaction: \"Order Completed\".total")
        }
    }

    private func unknown(_ key: String, _ span: Span) -> FormulaProblem {
        if library.audiences[key] != nil { return problem(span, "\(key) is an audience", "write in audience \(key)") }
        if ["trait", "consent", "identifier"].contains(key) {
            return problem(span, "\(key) of what?", "write for example \(key).\(key == "trait" ? "city" : "email")")
        }
        if names.traits[key] != nil, Nearest.word(to: key, among: Array(library.metrics.keys)) == nil {
            return problem(span, "nobody has defined \(key)", "write trait.\(key) for what customers told us")
        }
        let known = Array(library.metrics.keys) + ["stage", "now"]
        return problem(span, "nobody has defined \(key)", Nearest.advice(for: key, among: known))
    }

    private func declared(trait key: String) -> ValueType? { names.traits[key] ?? nil }

    private func trait(_ key: String, _ span: Span, wanted: ValueType?) throws(FormulaProblem) -> Checked {
        guard names.traits[key] != nil || !names.areTraitsKnown else {
            throw problem(span, "unknown trait \(key)", Nearest.advice(for: key, among: Array(names.traits.keys)))
        }
        let type = declared(trait: key) ?? wanted ?? .text
        let selector = Selector(subject: .trait(key), type: type)
        return Checked(kind: .term(Term(.last, [.selected(selector)])), type: type, span: span)
    }

    private func consent(_ keys: [String], _ span: Span) throws(FormulaProblem) -> Checked {
        guard names.channels.contains(keys[1]) else {
            let nearest = Nearest.advice(for: keys[1], among: Array(names.channels))
            throw problem(span, "unknown channel \(keys[1])", nearest)
        }
        let purpose = keys.count == 3 ? keys[2] : FormulaNames.purpose
        let selector = Selector(subject: .consent(channel: keys[1], purpose: purpose), type: .flag)
        return Checked(kind: .term(Term(.last, [.selected(selector)])), type: .flag, span: span)
    }

    private func identifier(_ kind: String, _ span: Span, isAsked: Bool) throws(FormulaProblem) -> Checked {
        guard names.identifierKinds.contains(kind) else {
            throw problem(span, "unknown kind of identifier \(kind)", Nearest.advice(for: kind, among: Array(names.identifierKinds)))
        }
        guard isAsked else { throw problem(span, "of an identifier can be asked only whether it is known", "write identifier.\(kind) is known") }
        return Checked(kind: .identifier(kind), type: .flag, span: span)
    }

    // MARK: Comparisons

    private func isStage(_ e: FormulaExpression) throws(FormulaProblem) -> Bool {
        guard case .name(let path) = e.kind, path.plain == ["stage"] else { return false }
        guard !library.stages.isEmpty else { throw problem(e.span, "there are no stages", "define the lifecycle first") }
        return true
    }

    private mutating func stage(_ names: [FormulaExpression]) throws(FormulaProblem) -> Set<Int> {
        try enter(.stages, names.first?.span ?? Span(from: 0, to: 0)) { checker throws(FormulaProblem) in
            for stage in checker.library.stages { if let entry = stage.entry { _ = try checker.value(entry) } }
        }
        var places: Set<Int> = []
        for name in names {
            guard case .text(let text) = name.kind else {
                throw problem(name.span, "stages are named in quotation marks", "write stage = \"\(library.stages[0].name)\"")
            }
            guard let place = library.stages.firstIndex(where: { TextCase.folded($0.name) == TextCase.folded(text) }) else {
                let advice = Nearest.word(to: text, among: library.stages.map(\.name)).map { "did you mean \"\($0)\"?" }
                throw problem(name.span, "unknown stage \"\(text)\"", advice ?? "stages: \(library.stages.map(\.name).joined(separator: ", "))")
            }
            places.insert(place)
        }
        return places
    }

    private mutating func compare(_ comparison: Comparison, _ a: FormulaExpression, _ b: FormulaExpression, _ span: Span) throws(FormulaProblem)
        -> Checked
    {
        func make(_ kind: Checked.Kind) -> Checked { Checked(kind: kind, type: .flag, span: span) }
        for (side, other) in [(a, b), (b, a)] {
            guard try isStage(side) else { continue }
            let places = try stage([other])
            switch comparison {
            case .equal: return make(.stage(places))
            case .notEqual: return make(.stage(Set(library.stages.indices).subtracting(places)))
            default: throw problem(span, "stages have no \(comparison.rawValue)", "write stage in [\"…\", \"…\"]")
            }
        }
        var left = try value(a)
        var right = try value(b)
        // Whatever is declared nowhere is of the kind of the other side.
        if isOpen(a), left.type != right.type { left = try value(a, wanted: right.type) }
        if isOpen(b), left.type != right.type { right = try value(b, wanted: left.type) }
        guard left.type == right.type else {
            throw problem(
                span, "\(left.type.noun) is compared with \(right.type.noun)",
                left.type == .duration || right.type == .duration ? "write a length of time with its unit: 90 days" : "compare values of one kind")
        }
        switch left.type {
        case .text:
            guard comparison == .equal || comparison == .notEqual else {
                throw problem(span, "texts have no \(comparison.rawValue)", "compare them with =, !=, contains, starts with, ends with or in [\"…\"]")
            }
            return make(.sameText(left, right, isEqual: comparison == .equal))
        case .texts: throw problem(span, "lists are not compared", "ask … contains \"…\" within where")
        case .flag where comparison != .equal && comparison != .notEqual:
            throw problem(span, "yes and no have no \(comparison.rawValue)", "compare them with = or !=")
        default: return make(.compare(comparison, left, right))
        }
    }

    private mutating func oneOf(_ a: FormulaExpression, _ list: [FormulaExpression], _ span: Span) throws(FormulaProblem) -> Checked {
        if try isStage(a) { return Checked(kind: .stage(try stage(list)), type: .flag, span: span) }
        var texts: [String] = []
        var numbers: [Double] = []
        var type: ValueType?
        for element in list {
            let checked = try value(element)
            if let type, type != checked.type {
                throw problem(element.span, "the list has \(type.noun) and \(checked.type.noun)", "write values of one kind")
            }
            type = checked.type
            switch checked.kind {
            case .text(let text): texts.append(text)
            case .constant(let number): numbers.append(number)
            case .negative(let inner):
                guard case .constant(let number) = inner.kind else { throw problem(element.span, "a list has values only", "write numbers or texts") }
                numbers.append(-number)
            default: throw problem(element.span, "a list has values only", "write numbers or texts")
            }
        }
        let left = try value(a, wanted: type)
        guard let type, left.type == type else {
            throw problem(span, "\(left.type.noun) is looked for among \(type?.noun ?? "nothing")", "write values of one kind")
        }
        return Checked(kind: texts.isEmpty ? .oneOf(left, numbers) : .oneOfTexts(left, texts), type: .flag, span: span)
    }

    private mutating func known(_ inner: FormulaExpression, _ isKnown: Bool, _ span: Span) throws(FormulaProblem) -> Checked {
        if case .name(let path) = inner.kind, let keys = path.plain, keys.first == "identifier", keys.count == 2 {
            let checked = try identifier(keys[1], inner.span, isAsked: true)
            return isKnown ? checked : Checked(kind: .not(checked), type: .flag, span: span)
        }
        if case .sequence = inner.kind { throw problem(span, "a sequence has come about or not", "leave out is known") }
        return Checked(kind: .known(try value(inner), isKnown), type: .flag, span: span)
    }

    private mutating func arithmetic(_ operation: Arithmetic, _ a: FormulaExpression, _ b: FormulaExpression, _ span: Span) throws(FormulaProblem)
        -> Checked
    {
        let left = try value(a, wanted: .number)
        let right = try value(b, wanted: .number)
        let type: ValueType
        switch (operation, left.type, right.type) {
        case (_, .number, .number): type = .number
        case (.add, .duration, .duration), (.subtract, .duration, .duration): type = .duration
        case (.divide, .duration, .duration): type = .number
        case (.multiply, .duration, .number), (.divide, .duration, .number), (.multiply, .number, .duration): type = .duration
        case (.subtract, .date, .date): type = .duration
        case (.add, .date, .duration), (.subtract, .date, .duration), (.add, .duration, .date): type = .date
        default:
            throw problem(
                span, "\(left.type.noun) \(operation.rawValue) \(right.type.noun) means nothing",
                left.type == .flag || right.type == .flag
                    ? "count what holds instead: did(…) is yes or no" : "work with numbers, or with times of one kind")
        }
        return Checked(kind: .arithmetic(operation, left, right), type: type, span: span)
    }

    // MARK: Definitions that name others

    private mutating func enter(_ name: Name, _ span: Span, _ body: (inout Checker) throws(FormulaProblem) -> Void) throws(FormulaProblem) {
        if let from = path.firstIndex(of: name) {
            let circle = (path[from...] + [name]).map(\.words).joined(separator: " → ")
            throw problem(span, "this leads back to itself: \(circle)", "take \(name.words) out of one of them")
        }
        if done.contains(name) { return }
        guard path.count < FormulaLimits.definitions else {
            throw problem(span, "definitions lead through more than \(FormulaLimits.definitions) others", "name a metric that leads less far")
        }
        path.append(name)
        defer { path.removeLast() }
        try body(&self)
        done.insert(name)
    }

    private mutating func type(ofMetric key: String, _ span: Span) throws(FormulaProblem) -> ValueType {
        var type = types[key] ?? .number
        try enter(.metric(key), span) { checker throws(FormulaProblem) in
            guard case .formula(let expression)? = checker.library.metrics[key] else { return }
            do throws(FormulaProblem) {
                type = try checker.value(expression).type
            } catch let problem {
                // What is wrong in there is told where it stands; a circle is this formula's too.
                if problem.what.hasPrefix("this leads back") { throw FormulaProblem(span, problem.what, mend: problem.mend) }
                throw FormulaProblem(span, "the metric \(key) does not read", mend: "mend it first: \(problem.what)")
            }
        }
        types[key] = type
        return type
    }

    private mutating func audience(_ key: String, _ span: Span) throws(FormulaProblem) -> Checked {
        guard let audience = library.audiences[key] else {
            throw problem(span, "there is no audience \(key)", Nearest.advice(for: key, among: Array(library.audiences.keys)))
        }
        try enter(.audience(key), span) { checker throws(FormulaProblem) in
            do throws(FormulaProblem) {
                _ = try checker.value(audience.who)
                if let except = audience.except { _ = try checker.value(except) }
            } catch let problem {
                if problem.what.hasPrefix("this leads back") { throw FormulaProblem(span, problem.what, mend: problem.mend) }
                throw FormulaProblem(span, "the audience \(key) does not read", mend: "mend it first: \(problem.what)")
            }
        }
        return Checked(kind: .audience(key), type: .flag, span: span)
    }

    private mutating func rank(_ function: RankFunction, _ key: String, _ span: Span) throws(FormulaProblem) -> Checked {
        guard library.metrics[key] != nil else {
            throw problem(span, "there is no metric \(key)", Nearest.advice(for: key, among: Array(library.metrics.keys)))
        }
        let type = try type(ofMetric: key, span)
        guard type == .number || type == .duration || type == .date else {
            throw problem(span, "\(key) is \(type.noun), which cannot be ranked", "name a metric that is a number, a date or a length of time")
        }
        return Checked(kind: .rank(function, metric: key), type: .number, span: span)
    }
}
