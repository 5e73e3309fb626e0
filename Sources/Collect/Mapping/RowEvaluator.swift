import Kernel

/// Reads values of one row, or of the rows of one group, with what was looked up for them.
///
/// Look-ups are made when first needed and remembered until the row, or the entry of the list, changes.
struct RowEvaluator {
    var source: BoundSource
    var tables: [LookUpTable]
    var threads: [ThreadTable]

    /// The row, or the first of `rows`.
    var row = CSVRow()
    /// The rows of the group; empty when each row is an interaction.
    var rows: [CSVRow] = []
    private var element = 0
    /// The row found in each table: -1 when none is, -2 when not yet looked for.
    private var found: [Int32]
    private var scratch: [UInt8] = []

    init(source: BoundSource, tables: [LookUpTable] = [], threads: [ThreadTable] = []) {
        self.source = source
        self.tables = tables
        self.threads = threads
        found = tables.map { _ in -2 }
    }

    /// Forgets what was looked up for the row before.
    mutating func begin() {
        for i in found.indices { found[i] = -2 }
    }

    // MARK: cells

    mutating func cell(_ ref: ColumnRef) throws(RowFault) -> ArraySlice<UInt8> {
        switch ref {
        case .row(let index): return row[index]
        case .element(let index): return rows[element][index]
        case .cell(let table, let column):
            let at = try look(table)
            return at < 0 ? [] : tables[table].cell(at, column)
        case .root(let thread):
            let id = try threadID(thread)
            return id.isEmpty ? [] : threads[thread].root(of: id)
        case .person(let thread):
            let id = try threadID(thread)
            return id.isEmpty ? [] : threads[thread].person(of: id)
        }
    }

    private mutating func threadID(_ thread: Int) throws(RowFault) -> ArraySlice<UInt8> {
        var id: [UInt8] = []
        _ = try text(source.threads[thread].id, into: &id)
        return id[...]
    }

    private mutating func look(_ table: Int) throws(RowFault) -> Int32 {
        if found[table] != -2 { return found[table] }
        var key: [UInt8] = []
        let at = try text(source.lookUps[table].by, into: &key) ? tables[table].find(key[...]) : -1
        found[table] = at
        return at
    }

    // MARK: values

    /// Appends the value's text: what identifiers and keys are made of. False, and nothing appended, when it is empty.
    mutating func text(_ value: BoundValue, into out: inout [UInt8]) throws(RowFault) -> Bool {
        if !value.only.isEmpty, try !holds(value.only) { return false }
        let start = out.count
        guard try raw(value, into: &out) else {
            guard let fallback = value.fallback else { return false }
            out.append(contentsOf: fallback)
            return !fallback.isEmpty
        }
        if value.settings.trim { Self.trim(&out, from: start) }
        if out.count == start { return false }
        if !value.translation.isEmpty, let other = value.translation[String(decoding: out[start...], as: UTF8.self)] {
            out.removeSubrange(start...)
            out.append(contentsOf: other)
            return !other.isEmpty
        }
        if value.settings.kind != .text, case .constant = value.form { return true }
        switch value.settings.kind {
        case .text: return true
        case .integer, .number, .yesNo, .time: try convert(value, &out, from: start)
        }
        return out.count > start
    }

    /// Appends the value as JSON. False, and nothing appended, when it is empty.
    mutating func json(_ value: BoundValue, into out: inout [UInt8], spare: Bool) throws(RowFault) -> Bool {
        if !value.only.isEmpty, try !holds(value.only) { return false }
        switch value.form {
        case .constant(let json, _) where value.translation.isEmpty:
            out.append(contentsOf: json)
            return true
        case .list(let list, let each, let plain, let distinct, let names):
            return try write(list, each: each, plain: plain, distinct: distinct, without: spare ? names : [], into: &out)
        default: break
        }
        scratch.removeAll(keepingCapacity: true)
        var made = scratch
        defer { scratch = made }
        guard try text(value, into: &made) else { return false }
        switch value.settings.kind {
        case .text, .time: made.withUnsafeBytes { JSONText.append($0, to: &out) }
        case .integer, .number, .yesNo: out.append(contentsOf: made)
        }
        return true
    }

    /// The bytes as they stand in the files. False when there are none.
    private mutating func raw(_ value: BoundValue, into out: inout [UInt8]) throws(RowFault) -> Bool {
        switch value.form {
        case .column(let ref):
            let bytes = try cell(ref)
            out.append(contentsOf: bytes)
            return !bytes.isEmpty
        case .constant(_, let text):
            out.append(contentsOf: text)
            return !text.isEmpty
        case .template(let parts):
            let start = out.count
            for part in parts {
                switch part {
                case .letters(let letters): out.append(contentsOf: letters)
                case .column(let ref, let optional):
                    let bytes = try cell(ref)
                    if bytes.isEmpty, !optional {
                        out.removeSubrange(start...)
                        return false
                    }
                    out.append(contentsOf: bytes)
                }
            }
            return out.count > start
        case .sum(let list, let factors):
            try sum(list, factors, value.settings, into: &out)
            return true
        case .count(let list):
            var count: Int64 = 0
            try each(list) { (_: inout Self) throws(RowFault) in count += 1 }
            JSONText.append(count, to: &out)
            return true
        case .list: return false
        }
    }

    private static func trim(_ out: inout [UInt8], from start: Int) {
        func blank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        while out.count > start, blank(out[out.count - 1]) { out.removeLast() }
        var first = start
        while first < out.count, blank(out[first]) { first += 1 }
        if first > start { out.removeSubrange(start..<first) }
    }

    /// Replaces the text from `start` by what its kind makes of it.
    private func convert(_ value: BoundValue, _ out: inout [UInt8], from start: Int) throws(RowFault) {
        var text = Array(out[start...])
        Self.trim(&text, from: 0)
        out.removeSubrange(start...)
        if text.isEmpty { return }
        let made: Bool
        switch value.settings.kind {
        case .text: made = true
        case .number: made = Decimal.append(text, comma: value.settings.decimalComma, whole: false, to: &out)
        case .integer: made = Decimal.append(text, comma: value.settings.decimalComma, whole: true, to: &out)
        case .yesNo:
            switch String(decoding: text, as: UTF8.self).lowercased() {
            case "true", "yes", "1", "t", "y": out.append(contentsOf: "true".utf8)
            case "false", "no", "0", "f", "n": out.append(contentsOf: "false".utf8)
            default: throw Self.fault("yes or no", value, text)
            }
            made = true
        case .time:
            var found: Instant?
            for format in value.settings.times.formats where found == nil { found = format.read(text[...], zone: value.settings.times.zone) }
            found?.append(to: &out)
            made = found != nil
        }
        if !made { throw Self.fault(value.settings.kind == .time ? "time of the formats given" : value.settings.kind.rawValue, value, text) }
    }

    private static func fault(_ kind: String, _ value: BoundValue, _ text: [UInt8]) -> RowFault {
        .notA(kind, column: value.label, text: String(String(decoding: text, as: UTF8.self).prefix(60)))
    }

    // MARK: lists

    /// Calls `body` for every row of a list whose conditions hold.
    private mutating func each(_ list: BoundList, _ body: (inout Self) throws(RowFault) -> Void) throws(RowFault) {
        switch list.ref {
        case .rows:
            for index in rows.indices {
                element = index
                for table in list.dependents { found[table] = -2 }
                if try holds(list.when) { try body(&self) }
            }
        case .table(let table):
            let first = try look(table)
            var at = first
            while at >= 0 {
                found[table] = at
                for other in list.dependents { found[other] = -2 }
                if try holds(list.when) { try body(&self) }
                at = tables[table].next(at)
            }
            found[table] = first
        }
    }

    private mutating func sum(_ list: BoundList, _ factors: [BoundValue], _ settings: Mapping.Value, into out: inout [UInt8]) throws(RowFault) {
        var total = 0.0
        var text: [UInt8] = []
        try each(list) { (self: inout Self) throws(RowFault) in
            var product = 1.0
            for factor in factors {
                text.removeAll(keepingCapacity: true)
                product *= try self.text(factor, into: &text) ? Double(String(decoding: text, as: UTF8.self)) ?? 0 : 0
            }
            total += product
        }
        var scale = 1.0
        for _ in 0..<settings.decimals { scale *= 10 }
        let rounded = (total * scale).rounded() / scale
        JSONText.append(settings.negate ? 0 - rounded : rounded, to: &out)
    }

    private mutating func write(
        _ list: BoundList, each fields: [BoundField], plain: Bool, distinct: Bool, without: Set<String>, into out: inout [UInt8]
    ) throws(RowFault) -> Bool {
        let start = out.count
        var seen: Set<[UInt8]> = []
        out.append(91)
        try each(list) { (self: inout Self) throws(RowFault) in
            let entry = out.count
            if entry > start + 1 { out.append(44) }
            let text = out.count
            if plain {
                guard try self.json(fields[0].value, into: &out, spare: false) else { return out.removeSubrange(entry...) }
            } else {
                try self.object(fields, without: without, into: &out)
                if out.count == text + 2 { return out.removeSubrange(entry...) }
            }
            if distinct, !seen.insert(Array(out[text...])).inserted { out.removeSubrange(entry...) }
        }
        if out.count == start + 1 {
            out.removeLast()
            return false
        }
        out.append(93)
        return true
    }

    /// An object of the fields that are not empty.
    mutating func object(_ fields: [BoundField], without: Set<String> = [], spare: Bool = false, into out: inout [UInt8]) throws(RowFault) {
        let start = out.count
        out.append(123)
        for field in fields where !without.contains(field.name) {
            let before = out.count
            if before > start + 1 { out.append(44) }
            JSONText.append(field.name, to: &out)
            out.append(58)
            if try !json(field.value, into: &out, spare: spare) { out.removeSubrange(before...) }
        }
        out.append(125)
    }

    // MARK: conditions

    mutating func holds(_ conditions: [BoundCondition]) throws(RowFault) -> Bool {
        for condition in conditions {
            var text: [UInt8] = []
            let some = try self.text(condition.value, into: &text)
            let holds: Bool
            switch condition.test {
            case .empty(let wanted): holds = some != wanted
            case .oneOf(let words, let wanted): holds = words.contains(text) == wanted
            case .startsWith(let words, let wanted): holds = words.contains { text.starts(with: $0) } == wanted
            case .moreThan(let limit): holds = try number(condition.value, text).map { $0 > limit } ?? false
            case .lessThan(let limit): holds = try number(condition.value, text).map { $0 < limit } ?? false
            }
            if !holds { return false }
        }
        return true
    }

    private func number(_ value: BoundValue, _ text: [UInt8]) throws(RowFault) -> Double? {
        if text.isEmpty { return nil }
        var out: [UInt8] = []
        guard Decimal.append(text, comma: value.settings.decimalComma, whole: false, to: &out) else { throw Self.fault("number", value, text) }
        return Double(String(decoding: out, as: UTF8.self))
    }
}
