import Kernel
import Yams

extension Mapping.Field {
    /// A map of names and values.
    static func read(_ node: MappingNode, _ defaults: Mapping.Defaults, trim: Bool = false) throws(MappingProblem) -> [Mapping.Field] {
        var made: [Mapping.Field] = []
        for (name, node) in try node.map().entries {
            var value = try Mapping.Value.read(node, defaults)
            if trim { value.trim = true }
            made.append(Mapping.Field(name: name, value: value))
        }
        return made
    }
}

extension Mapping.Value {
    /// A value: `column`, `column as KIND`, or a map that says more.
    static func read(_ node: MappingNode, _ defaults: Mapping.Defaults) throws(MappingProblem) -> Self {
        guard node.isMap else { return try short(node, defaults) }
        var map = try node.map()
        var made = Self(place: node.place, form: try form(&map, node, defaults))
        made.times = defaults.times
        made.decimalComma = defaults.decimalComma
        try made.times.read(&map)
        switch made.form {
        case .sum, .count: made.kind = .number
        default: break
        }
        if let node = map.take("if") { made.only = try Mapping.Condition.read(node, defaults) }
        if let node = map.take("type") { made.kind = try node.choice(Mapping.Kind.self) }
        if let node = map.take("trim") { made.trim = try node.yesNo() }
        if let node = map.take("default") { made.fallback = try node.text() }
        if let node = map.take("decimals") { made.decimals = try node.integer(0...9) }
        if let node = map.take("negate") { made.negate = try node.yesNo() }
        if let node = map.take("decimal_comma") { made.decimalComma = try node.yesNo() }
        if let node = map.take("values") {
            for (from, to) in try node.map().entries { made.translation[from] = try to.text() }
        }
        try map.finish()
        return made
    }

    /// `Quantity as integer`, or a column alone.
    private static func short(_ node: MappingNode, _ defaults: Mapping.Defaults) throws(MappingProblem) -> Self {
        guard !node.isList else { throw .shape(node.place, what: node.what, wanted: "one value, not a list") }
        let text = try node.word()
        var made = Self(place: node.place, form: .column(text))
        for kind in Mapping.Kind.allCases where text.hasSuffix(" as \(kind.rawValue)") {
            made = Self(place: node.place, form: .column(String(text.dropLast(kind.rawValue.count + 4))), kind: kind)
        }
        made.times = defaults.times
        made.decimalComma = defaults.decimalComma
        return made
    }

    /// Exactly one of the ways to say where a value comes from.
    private static func form(_ map: inout MappingMap, _ node: MappingNode, _ defaults: Mapping.Defaults) throws(MappingProblem) -> Mapping.Form {
        var found: [Mapping.Form] = []
        if let inner = map.take("column") { found.append(.column(try inner.word())) }
        if let inner = map.take("constant") { found.append(.constant(try constant(inner))) }
        if let inner = map.take("template") { found.append(.template(try template(inner))) }
        if let inner = map.take("list") {
            let name = try inner.word()
            let each = try map.need("each")
            let plain = try each.isMap ? isValue(each) : true
            let fields = plain ? [Mapping.Field(name: "", value: try read(each, defaults))] : try Mapping.Field.read(each, defaults)
            var spare: Set<String> = []
            for element in map.take("spare")?.elements() ?? [] {
                let word = try element.word()
                guard fields.contains(where: { $0.name == word }) else {
                    throw .unknownName(element.place, name: word, known: fields.map(\.name))
                }
                spare.insert(word)
            }
            found.append(
                .list(
                    name, each: fields, plain: plain, when: try conditions(&map, defaults),
                    distinct: try map.take("distinct")?.yesNo() ?? false, spare: spare))
        }
        if let inner = map.take("sum") {
            let name = try inner.word()
            var factors: [Self] = []
            for element in try map.need("of").elements() {
                var value = try read(element, defaults)
                value.kind = .number
                factors.append(value)
            }
            found.append(.sum(name, of: factors, when: try conditions(&map, defaults)))
        }
        if let inner = map.take("count") { found.append(.count(try inner.word(), when: try conditions(&map, defaults))) }
        guard found.count == 1 else {
            throw .shape(node.place, what: node.what, wanted: "one of column, constant, template, list, sum or count")
        }
        return found[0]
    }

    /// Whether a map says where one value comes from, rather than naming several.
    private static func isValue(_ node: MappingNode) throws(MappingProblem) -> Bool {
        try node.map().entries.contains { ["column", "constant", "template"].contains($0.name) && !$0.node.isMap }
    }

    private static func conditions(_ map: inout MappingMap, _ defaults: Mapping.Defaults) throws(MappingProblem) -> [Mapping.Condition] {
        guard let node = map.take("when") else { return [] }
        return try Mapping.Condition.read(node, defaults)
    }

    /// A constant: what YAML reads as a number or `true` and `false` is one, all else is text.
    private static func constant(_ node: MappingNode) throws(MappingProblem) -> JSON {
        let text = try node.text()
        guard node.isPlainScalar else { return .string(text) }
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let whole = Int64(text), String(whole) == text { return .integer(whole) }
        if let number = Double(text), number.isFinite, text.utf8.allSatisfy({ $0 < 58 }) { return .number(number) }
        return .string(text)
    }

    /// Letters with columns in braces; `{{` and `}}` are braces.
    private static func template(_ node: MappingNode) throws(MappingProblem) -> [Mapping.Part] {
        let text = try node.word()
        var parts: [Mapping.Part] = []
        var letters: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 123 || byte == 125, rest.first == byte {
                letters.append(byte)
                rest.removeFirst()
            } else if byte == 123 {
                guard let end = rest.firstIndex(of: 125) else {
                    throw .shape(node.place, what: node.what, wanted: "a template whose every { has its }")
                }
                if !letters.isEmpty { parts.append(.letters(letters)) }
                letters = []
                var name = String(decoding: rest[..<end], as: UTF8.self)
                rest = rest[(end + 1)...]
                let optional = name.hasSuffix("?")
                if optional { name.removeLast() }
                parts.append(.column(name, optional: optional))
            } else {
                letters.append(byte)
            }
        }
        if !letters.isEmpty { parts.append(.letters(letters)) }
        return parts
    }
}

extension Mapping.Condition {
    /// A map of values and what must hold for them; all must hold.
    static func read(_ node: MappingNode, _ defaults: Mapping.Defaults) throws(MappingProblem) -> [Mapping.Condition] {
        var made: [Mapping.Condition] = []
        for (name, node) in try node.map().entries {
            var value = Mapping.Value(place: node.place, form: .column(name), trim: true)
            value.decimalComma = defaults.decimalComma
            for test in try tests(node) { made.append(Mapping.Condition(value: value, test: test)) }
        }
        return made
    }

    private static func tests(_ node: MappingNode) throws(MappingProblem) -> [Test] {
        guard node.isMap else {
            let words = try node.elements().map { (n) throws(MappingProblem) in try n.text() }
            if !node.isList, node.isPlainScalar, words == ["empty"] { return [.empty(true)] }
            if !node.isList, node.isPlainScalar, words == ["not empty"] { return [.empty(false)] }
            return [.oneOf(words.map { Array($0.utf8) }, true)]
        }
        var map = try node.map()
        var made: [Test] = []
        func words(_ node: MappingNode) throws(MappingProblem) -> [[UInt8]] {
            try node.elements().map { (n) throws(MappingProblem) in Array(try n.text().utf8) }
        }
        func number(_ node: MappingNode) throws(MappingProblem) -> Double {
            let text = try node.text()
            guard let number = Double(text), number.isFinite else {
                throw .value(node.place, what: node.what, value: text, wanted: "a number", known: [])
            }
            return number
        }
        if let inner = map.take("is") { made.append(.oneOf(try words(inner), true)) }
        if let inner = map.take("is_not") { made.append(.oneOf(try words(inner), false)) }
        if let inner = map.take("starts_with") { made.append(.startsWith(try words(inner), true)) }
        if let inner = map.take("starts_not_with") { made.append(.startsWith(try words(inner), false)) }
        if let inner = map.take("more_than") { made.append(.moreThan(try number(inner))) }
        if let inner = map.take("less_than") { made.append(.lessThan(try number(inner))) }
        try map.finish()
        guard !made.isEmpty else { throw .shape(node.place, what: node.what, wanted: "a condition, as “not empty” or “is: …”") }
        return made
    }
}
