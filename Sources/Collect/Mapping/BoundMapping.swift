import Kernel

/// A source whose names were held to the files: every name has become a place to read from.
struct BoundSource {
    var key: [BoundValue] = []
    var group: [BoundValue] = []
    var lookUps: [BoundLookUp] = []
    var threads: [BoundThread] = []
    var leaveOut: [(when: [BoundCondition], because: String)] = []
    var events: [BoundEvent] = []
}

/// Where the bytes of a column are.
enum ColumnRef {
    /// Of the row, or of the first row of a group.
    case row(Int)
    /// Of the row of a group that a list goes through.
    case element(Int)
    case cell(table: Int, column: Int)
    case root(Int)
    case person(Int)
}

/// What a list goes through.
enum ListRef {
    case rows
    case table(Int)
}

struct BoundLookUp {
    let by: BoundValue
    /// Name of the list whose entries it is looked up for; nil when for the row.
    let scope: String?
}

struct BoundThread {
    let id: BoundValue
    let parent: BoundValue
    let person: BoundValue
    let when: [BoundCondition]
}

struct BoundCondition {
    let value: BoundValue
    let test: Mapping.Condition.Test
}

struct BoundEvent {
    let id: String
    let call: Mapping.Call
    let name: String?
    let when: [BoundCondition]
    let time: BoundValue
    let userID: BoundValue?
    let anonymousID: BoundValue?
    let groupID: BoundValue?
    let previousID: BoundValue?
    let externalIDs: [BoundField]
    /// Grouped: what stands in the context itself under "", what stands in an object of it under that object's name.
    let context: [(group: String, fields: [BoundField])]
    let traits: [BoundField]
    let properties: [BoundField]
    /// Entries of lists that may be left out.
    let spare: [String]
}

struct BoundField {
    let name: String
    let value: BoundValue
}

/// A value, ready to be read from rows.
struct BoundValue {
    indirect enum Form {
        case column(ColumnRef)
        case constant(json: [UInt8], text: [UInt8])
        case template([Part])
        case list(BoundList, each: [BoundField], plain: Bool, distinct: Bool, spare: Set<String>)
        case sum(BoundList, of: [BoundValue])
        case count(BoundList)
    }
    enum Part {
        case letters([UInt8])
        case column(ColumnRef, optional: Bool)
    }

    let form: Form
    /// How problems call it: “column price”.
    let label: String
    let settings: Mapping.Value
    let translation: [String: [UInt8]]
    let fallback: [UInt8]?
    /// The value is empty unless these hold.
    let only: [BoundCondition]
}

struct BoundList {
    let ref: ListRef
    let when: [BoundCondition]
    /// Look-ups to be forgotten when the list goes on.
    let dependents: [Int]
}

/// Holds the names of a source to the columns of its files.
struct Binder {
    let source: Mapping.Source
    let columns: [String]
    let path: String
    /// Columns and path of each look-up's file.
    let tables: [(columns: [String], path: String)]
    /// Which columns of each look-up are used, in the order of their cells.
    private(set) var wanted: [[Int]]
    private var scopes: [String?] = []
    /// Threads that are bound already: they may not use one another.
    private var threadsBound = 0

    init(source: Mapping.Source, columns: [String], path: String, tables: [(columns: [String], path: String)]) {
        self.source = source
        self.columns = columns
        self.path = path
        self.tables = tables
        wanted = tables.map { _ in [] }
    }

    mutating func bind() throws(MappingProblem) -> BoundSource {
        var made = BoundSource()
        for thread in source.threads {
            made.threads.append(
                BoundThread(
                    id: try bind(thread.id), parent: try bind(thread.parent), person: try bind(thread.person), when: try bind(thread.when)))
        }
        threadsBound = source.threads.count
        for look in source.lookUps {
            let scope = try scope(of: look.by)
            made.lookUps.append(BoundLookUp(by: try bind(look.by, scope), scope: scope))
            scopes.append(scope)
        }
        for value in source.key { made.key.append(try bind(value)) }
        for value in source.group { made.group.append(try bind(value)) }
        for rule in source.leaveOut { made.leaveOut.append((try bind(rule.when), rule.because)) }
        for event in source.events { made.events.append(try bind(event)) }
        return made
    }

    private mutating func bind(_ event: Mapping.Event) throws(MappingProblem) -> BoundEvent {
        var context: [(group: String, fields: [BoundField])] = []
        for field in event.context {
            let parts = field.name.split(separator: ".", maxSplits: 1).map(String.init)
            let group = parts.count == 2 ? parts[0] : ""
            let made = BoundField(name: parts.last ?? field.name, value: try bind(field.value))
            if let index = context.firstIndex(where: { $0.group == group }) {
                context[index].fields.append(made)
            } else {
                context.append((group, [made]))
            }
        }
        var spare: [String] = []
        for field in event.properties {
            if case .list(_, _, _, _, _, let names) = field.value.form { spare += names.sorted().map { "\(field.name).\($0)" } }
        }
        return BoundEvent(
            id: event.id, call: event.call, name: event.name, when: try bind(event.when), time: try bind(event.time),
            userID: try bindIf(event.userID), anonymousID: try bindIf(event.anonymousID), groupID: try bindIf(event.groupID),
            previousID: try bindIf(event.previousID), externalIDs: try bind(event.externalIDs), context: context,
            traits: try bind(event.traits), properties: try bind(event.properties), spare: spare)
    }

    private mutating func bindIf(_ value: Mapping.Value?) throws(MappingProblem) -> BoundValue? {
        guard let value else { return nil }
        return try bind(value)
    }
    private mutating func bind(_ fields: [Mapping.Field], _ list: String? = nil) throws(MappingProblem) -> [BoundField] {
        var made: [BoundField] = []
        for field in fields { made.append(BoundField(name: field.name, value: try bind(field.value, list))) }
        return made
    }
    private mutating func bind(_ conditions: [Mapping.Condition], _ list: String? = nil) throws(MappingProblem) -> [BoundCondition] {
        var made: [BoundCondition] = []
        for condition in conditions { made.append(BoundCondition(value: try bind(condition.value, list), test: condition.test)) }
        return made
    }

    private mutating func bind(_ value: Mapping.Value, _ list: String? = nil) throws(MappingProblem) -> BoundValue {
        var label = "a value"
        let form: BoundValue.Form
        switch value.form {
        case .column(let name):
            label = "column \(name)"
            form = .column(try resolve(name, value.place, list))
        case .constant(let json):
            form = .constant(json: json.bytes, text: Array((json.string ?? json.text).utf8))
        case .template(let parts):
            var made: [BoundValue.Part] = []
            for part in parts {
                switch part {
                case .letters(let letters): made.append(.letters(letters))
                case .column(let name, let optional): made.append(.column(try resolve(name, value.place, list), optional: optional))
                }
            }
            label = "a template"
            form = .template(made)
        case .list(let name, let each, let plain, let when, let distinct, let spare):
            form = .list(
                try bound(name, value.place, when, list), each: try bind(each, name), plain: plain, distinct: distinct, spare: spare)
        case .sum(let name, let of, let when):
            var factors: [BoundValue] = []
            for factor in of { factors.append(try bind(factor, name)) }
            form = .sum(try bound(name, value.place, when, list), of: factors)
        case .count(let name, let when):
            form = .count(try bound(name, value.place, when, list))
        }
        return BoundValue(
            form: form, label: label, settings: value, translation: value.translation.mapValues { Array($0.utf8) },
            fallback: value.fallback.map { Array($0.utf8) }, only: try bind(value.only, list))
    }

    private mutating func bound(
        _ name: String, _ place: MappingPlace, _ when: [Mapping.Condition], _ outer: String?
    ) throws(MappingProblem) -> BoundList {
        guard outer == nil else { throw .shape(place, what: "a list within a list", wanted: "left out") }
        let ref: ListRef
        let lists = source.lookUps.filter(\.many).map(\.name) + (source.group.isEmpty ? [] : ["rows"])
        if name == "rows", !source.group.isEmpty {
            ref = .rows
        } else if let index = source.lookUps.firstIndex(where: { $0.name == name && $0.many }) {
            ref = .table(index)
        } else {
            throw .unknownName(place, name: name, known: lists)
        }
        return BoundList(ref: ref, when: try bind(when, name), dependents: scopes.indices.filter { scopes[$0] == name })
    }

    /// The list whose entries a look-up is for, by the names it looks for.
    private func scope(of value: Mapping.Value) throws(MappingProblem) -> String? {
        var names: [String] = []
        switch value.form {
        case .column(let name): names = [name]
        case .template(let parts): names = parts.compactMap { if case .column(let name, _) = $0 { name } else { nil } }
        default: return nil
        }
        for name in names where !columns.contains(name) {
            guard let dot = name.firstIndex(of: ".") else { continue }
            let head = String(name[..<dot])
            if head == "rows", !source.group.isEmpty { return "rows" }
            guard let index = source.lookUps.firstIndex(where: { $0.name == head }) else { continue }
            if source.lookUps[index].many { return head }
            if index < scopes.count, let inner = scopes[index] { return inner }
        }
        return nil
    }

    /// Where a name's bytes are. In a list a plain name is a column of the list's rows.
    private mutating func resolve(_ name: String, _ place: MappingPlace, _ list: String?) throws(MappingProblem) -> ColumnRef {
        if let list, list != "rows", let table = source.lookUps.firstIndex(where: { $0.name == list }) {
            if tables[table].columns.contains(name) { return try cell(name, table, place) }
        } else if let index = columns.firstIndex(of: name) {
            return list == "rows" ? .element(index) : .row(index)
        }
        guard let dot = name.firstIndex(of: ".") else {
            let table = list.flatMap { l in source.lookUps.firstIndex { $0.name == l } }
            let file = table.map { tables[$0] } ?? (columns: columns, path: path)
            throw .noColumn(place, column: name, file: file.path, columns: file.columns)
        }
        let head = String(name[..<dot])
        let tail = String(name[name.index(after: dot)...])
        if head == "rows", list == "rows", let index = columns.firstIndex(of: tail) { return .element(index) }
        if let thread = source.threads.prefix(threadsBound).firstIndex(where: { $0.name == head }) {
            if tail == "root" { return .root(thread) }
            if tail == "person" { return .person(thread) }
            throw .unknownName(place, name: name, known: ["\(head).root", "\(head).person"])
        }
        guard let table = source.lookUps.firstIndex(where: { $0.name == head }), table < scopes.count else {
            throw .unknownName(place, name: name, known: columns + source.lookUps.prefix(scopes.count).map { "\($0.name).…" })
        }
        let needed = source.lookUps[table].many ? head : scopes[table]
        guard needed == nil || needed == list else {
            throw .shape(place, what: "“\(name)”", wanted: "within a list, sum or count of “\(needed ?? "")”, since there may be several")
        }
        return try cell(tail, table, place)
    }

    private mutating func cell(_ column: String, _ table: Int, _ place: MappingPlace) throws(MappingProblem) -> ColumnRef {
        guard let index = tables[table].columns.firstIndex(of: column) else {
            throw .noColumn(place, column: column, file: tables[table].path, columns: tables[table].columns)
        }
        if let known = wanted[table].firstIndex(of: index) { return .cell(table: table, column: known) }
        wanted[table].append(index)
        return .cell(table: table, column: wanted[table].count - 1)
    }
}
