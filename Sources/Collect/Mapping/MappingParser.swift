import Kernel
import Yams

extension Mapping {
    /// Reads a mapping file.
    /// - Throws: ``FileProblem`` when it cannot be read, ``MappingProblem`` when it says what it cannot.
    package init(path: String) throws {
        let file = try FileBytes(path: path)
        var bytes: [UInt8] = []
        while try file.fill(&bytes) {}
        try self.init(yaml: String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// Reads the text of a mapping file; `path` stands in problems.
    package init(yaml: String, path: String) throws(MappingProblem) {
        var map = try MappingNode(yaml: yaml, path: path).map()
        self.path = path
        name = try map.need("mapping").word()
        _ = try map.take("about")?.text()
        var defaults = Defaults()
        try defaults.read(&map)
        let list = try map.need("sources")
        var sources: [Source] = []
        for element in list.elements() {
            let source = try Source(element, defaults)
            if sources.contains(where: { $0.name == source.name }) {
                throw .repeated(element.place, what: "source", name: source.name)
            }
            sources.append(source)
        }
        try map.finish()
        self.sources = sources
    }

    /// Settings that hold for all below the place where they stand.
    struct Defaults {
        var times = TimeReading()
        var format = FileFormat()
        var decimalComma = false

        mutating func read(_ map: inout MappingMap) throws(MappingProblem) {
            try times.read(&map)
            try format.read(&map)
            if let node = map.take("decimal_comma") { decimalComma = try node.yesNo() }
        }
    }
}

extension TimeReading {
    mutating func read(_ map: inout MappingMap) throws(MappingProblem) {
        if let node = map.take("time_zone") {
            let name = try node.word()
            guard let zone = Zone(name) else {
                throw .value(node.place, what: node.what, value: name, wanted: "UTC, an offset as +01:00, or a name as Europe/London", known: [])
            }
            self.zone = zone
        }
        if let node = map.take("time_format") {
            formats = []
            for element in node.elements() {
                let text = try element.word()
                guard let format = TimeFormat(text) else {
                    throw .value(
                        element.place, what: element.what, value: text,
                        wanted: "iso, seconds, milliseconds or a pattern as %Y-%m-%d %H:%M:%S (docs/import.md has its parts)", known: [])
                }
                formats.append(format)
            }
        }
    }
}

extension Mapping.FileFormat {
    /// What may stand between two fields, as a letter and as mappings call it.
    static let separators: [(letter: Character, word: String)] = [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]

    mutating func read(_ map: inout MappingMap) throws(MappingProblem) {
        if let node = map.take("encoding") { encoding = try node.choice(TextEncoding.self) }
        if let node = map.take("separator") {
            let text = try node.text()
            guard let byte = Self.separators.first(where: { $0.word == text || String($0.letter) == text })?.letter.asciiValue else {
                throw .value(node.place, what: node.what, value: text, wanted: "comma, semicolon, tab or bar", known: [])
            }
            separator = byte
        }
        if let node = map.take("fewest_columns") { fewest = try node.integer(1...10_000) }
    }
}

extension Mapping.Source {
    init(_ node: MappingNode, _ outer: Mapping.Defaults) throws(MappingProblem) {
        var map = try node.map()
        place = node.place
        name = try map.need("name").word()
        file = try map.need("file").word()
        let what = "source “\(name)”"
        var defaults = outer
        try defaults.read(&map)
        format = defaults.format
        key = try Self.values(map.need("key"), defaults)
        group = try map.take("group_by").map { (n) throws(MappingProblem) in try Self.values(n, defaults) } ?? []
        lookUps = try Self.lookUps(map.take("look_ups"), outer, defaults)
        threads = try Self.threads(map.take("threads"), defaults)

        var leaveOut: [Mapping.LeaveOut] = []
        for element in map.take("leave_out")?.elements() ?? [] {
            var inner = try element.map()
            leaveOut.append(
                Mapping.LeaveOut(
                    when: try Mapping.Condition.read(inner.need("when"), defaults), because: try inner.need("because").word()))
            try inner.finish()
        }
        self.leaveOut = leaveOut

        var shared = EventParts()
        try shared.read(&map, defaults)
        var events: [Mapping.Event] = []
        for element in try map.need("events").elements() {
            let event = try Mapping.Event(element, shared, defaults, source: what)
            if events.contains(where: { $0.id == event.id }) { throw .repeated(element.place, what: "event", name: event.id) }
            events.append(event)
        }
        self.events = events
        try map.finish()
    }

    private static func values(_ node: MappingNode, _ defaults: Mapping.Defaults) throws(MappingProblem) -> [Mapping.Value] {
        var values: [Mapping.Value] = []
        for element in node.elements() {
            var value = try Mapping.Value.read(element, defaults)
            value.trim = true
            values.append(value)
        }
        return values
    }

    private static func lookUps(
        _ node: MappingNode?, _ outer: Mapping.Defaults, _ defaults: Mapping.Defaults
    ) throws(MappingProblem) -> [Mapping.LookUp] {
        var made: [Mapping.LookUp] = []
        for (name, node) in try node?.map().entries ?? [] {
            var map = try node.map()
            var format = outer.format
            try format.read(&map)
            var key = try Mapping.Value.read(map.need("key"), defaults)
            var by = try Mapping.Value.read(map.need("by"), defaults)
            key.trim = true
            by.trim = true
            made.append(
                Mapping.LookUp(
                    name: name, file: try map.need("file").word(), place: node.place, format: format, key: key, by: by,
                    many: try map.take("many")?.yesNo() ?? false))
            try map.finish()
        }
        return made
    }

    private static func threads(_ node: MappingNode?, _ defaults: Mapping.Defaults) throws(MappingProblem) -> [Mapping.Thread] {
        var made: [Mapping.Thread] = []
        for (name, node) in try node?.map().entries ?? [] {
            var map = try node.map()
            let parts = try ["id", "parent", "person"].map { (key) throws(MappingProblem) in
                var value = try Mapping.Value.read(map.need(key), defaults)
                value.trim = true
                return value
            }
            let when = try map.take("when").map { (n) throws(MappingProblem) in try Mapping.Condition.read(n, defaults) } ?? []
            made.append(Mapping.Thread(name: name, place: node.place, id: parts[0], parent: parts[1], person: parts[2], when: when))
            try map.finish()
        }
        return made
    }
}

/// What a source may say for all of its events, and each event for itself.
struct EventParts {
    var when: [Mapping.Condition] = []
    var time: Mapping.Value?
    var ids: [Mapping.Field] = []
    var context: [Mapping.Field] = []
    var traits: [Mapping.Field] = []
    var properties: [Mapping.Field] = []

    /// Adds what stands in `map`; a name that is there already is replaced.
    mutating func read(_ map: inout MappingMap, _ defaults: Mapping.Defaults) throws(MappingProblem) {
        if let node = map.take("when") { when += try Mapping.Condition.read(node, defaults) }
        if let node = map.take("time") {
            var value = try Mapping.Value.read(node, defaults)
            value.kind = .time
            value.trim = true
            time = value
        }
        if let node = map.take("ids") { Self.merge(&ids, try Mapping.Field.read(node, defaults, trim: true)) }
        if let node = map.take("context") { Self.merge(&context, try Mapping.Field.read(node, defaults)) }
        if let node = map.take("traits") { Self.merge(&traits, try Mapping.Field.read(node, defaults)) }
        if let node = map.take("properties") { Self.merge(&properties, try Mapping.Field.read(node, defaults)) }
        for name in ["channel", "direction", "media"] {
            guard let node = map.take(name) else { continue }
            // A word alone is the channel itself, not a column: that is what one nearly always wants to say.
            let value =
                node.isMap ? try Mapping.Value.read(node, defaults) : Mapping.Value(place: node.place, form: .constant(.string(try node.word())))
            if case .constant(.string(let word)) = value.form { try Self.check(word, of: name, node) }
            for word in value.translation.values { try Self.check(word, of: name, node) }
            Self.merge(&context, [Mapping.Field(name: name, value: value)])
        }
        if let node = map.take("currency") {
            let code = try node.word()
            guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }) else {
                throw .value(node.place, what: node.what, value: code, wanted: "three capital letters of ISO 4217, as EUR", known: [])
            }
            Self.merge(&properties, [Mapping.Field(name: "currency", value: Mapping.Value(place: node.place, form: .constant(.string(code))))])
        }
    }

    private static func merge(_ fields: inout [Mapping.Field], _ more: [Mapping.Field]) {
        for field in more {
            if let index = fields.firstIndex(where: { $0.name == field.name }) { fields[index] = field } else { fields.append(field) }
        }
    }

    /// Directions and media are a closed set; a channel may be one that the company declares.
    private static func check(_ word: String, of name: String, _ node: MappingNode) throws(MappingProblem) {
        let known = name == "direction" ? ["in", "out", "internal"] : name == "media" ? ["owned", "earned", "paid"] : []
        if !known.isEmpty, !known.contains(word) {
            throw .value(node.place, what: node.what, value: word, wanted: "one of \(known.joined(separator: ", "))", known: known)
        }
    }
}

extension Mapping.Event {
    init(_ node: MappingNode, _ shared: EventParts, _ defaults: Mapping.Defaults, source: String) throws(MappingProblem) {
        var map = try node.map()
        place = node.place
        let call = try map.take("call")?.choice(Mapping.Call.self) ?? .track
        self.call = call
        switch call {
        case .track: name = try map.need("event").word()
        case .page, .screen: name = try map.take("name")?.word()
        default: name = nil
        }
        id = try map.take("id")?.word() ?? name ?? call.rawValue
        var parts = shared
        try parts.read(&map, defaults)
        guard let time = parts.time else { throw .missing(node.place, key: "time", of: "event “\(id)” of \(source)") }
        self.time = time
        when = parts.when
        var ids = parts.ids
        func take(_ name: String) -> Mapping.Value? {
            guard let index = ids.firstIndex(where: { $0.name == name }) else { return nil }
            return ids.remove(at: index).value
        }
        userID = take("user_id")
        anonymousID = take("anonymous_id")
        previousID = take("previous_id")
        groupID = take("group_id")
        externalIDs = ids
        if userID == nil, anonymousID == nil, ids.isEmpty {
            throw .missing(node.place, key: "ids", of: "event “\(id)” of \(source)")
        }
        if call == .alias, previousID == nil { throw .missing(node.place, key: "previous_id", of: "“ids” of event “\(id)” of \(source)") }
        if call == .group, groupID == nil { throw .missing(node.place, key: "group_id", of: "“ids” of event “\(id)” of \(source)") }
        context = parts.context
        // What describes the person belongs at the top of an identify, and into the context of every other call.
        properties = call == .identify ? parts.traits : call == .group ? parts.properties + parts.traits : call == .alias ? [] : parts.properties
        traits = call == .identify || call == .group ? [] : parts.traits
        try map.finish()
    }
}
