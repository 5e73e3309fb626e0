import Audiences
import Definitions
import Formula
import Kernel
import Rendering

/// An event of the vocabulary as somebody is writing it.
struct EventForm: DefinitionForm {
    static let kind = FormKind.event

    struct Property: Sendable {
        var path = ""
        var type = ValueType.text
        var meaning = ""
        /// Whether it is the event's value.
        var isValue = false
        var isEmpty: Bool { path.isEmpty && meaning.isEmpty }
    }

    var base: FormBase
    var purpose = ""
    var lifeEvent = ""
    var properties: [Property]

    var fieldIDs: [String] { ["purpose", "life"] + properties.indices.flatMap { ["path\($0 + 1)", "says\($0 + 1)"] } }

    init(owner: String) {
        base = FormBase(owner: owner)
        properties = [Property()]
    }

    /// A name that arrives, with what its newest interactions carry.
    init(owner: String, name: String, _ guesses: [PropertyFit.Guess]) {
        self.init(owner: owner)
        base.name = name
        if guesses.isEmpty { return }
        let value = Console.likelyValue(guesses)
        properties = guesses.sorted { $0.path < $1.path }.map { Property(path: $0.path, type: $0.type, isValue: $0.path == value) }
    }

    init(_ document: Document, basis: Int) {
        let definition = document.read(EventDefinition.self)
        base = FormBase(key: document.id.key, name: definition.name, owner: document.owner ?? "", basis: basis)
        purpose = definition.meaning ?? ""
        lifeEvent = definition.lifeEvent ?? ""
        properties = definition.properties.map {
            Property(path: $0.path, type: $0.type, meaning: $0.meaning ?? "", isValue: $0.path == definition.value)
        }
    }

    init(_ sent: Parameters, key: String?) {
        base = FormBase(sent, key: key)
        purpose = sent.lines("purpose")
        lifeEvent = sent["life"] ?? ""
        let value = sent["value"].flatMap { Int($0) }
        properties = (0..<FormRows.count(sent, most: EventDefinition.mostProperties)).map { i in
            Property(
                path: sent["path\(i + 1)"] ?? "", type: sent["type\(i + 1)"].flatMap { ValueType(rawValue: $0) } ?? .text,
                meaning: sent.lines("says\(i + 1)"), isValue: value == i + 1)
        }
    }

    mutating func change(_ asked: String) {
        // `take:number:products[].price`: one that arrives and is not declared.
        let parts = asked.split(separator: ":", maxSplits: 2).map(String.init)
        if parts.count == 3, parts[0] == "take", let type = ValueType(rawValue: parts[1]) {
            if properties.count == 1, properties[0].isEmpty { properties = [] }
            guard properties.count < EventDefinition.mostProperties, !properties.contains(where: { $0.path == parts[2] }) else { return }
            properties.append(Property(path: parts[2], type: type))
            return base.stay((properties.count, nil, "\(parts[2]) is row \(properties.count)."))
        }
        base.stay(FormRows.change(&properties, asked, empty: Property(), most: EventDefinition.mostProperties, least: 0))
    }

    var definition: EventDefinition {
        var definition = EventDefinition.standard
        definition.name = base.name
        definition.meaning = purpose.ifAny
        definition.lifeEvent = lifeEvent.ifAny
        definition.value = properties.first { $0.isValue }?.path.ifAny
        // A row in which nothing stands says nothing.
        definition.properties = properties.filter { !$0.isEmpty }.map { .init(path: $0.path, type: $0.type, meaning: $0.meaning.ifAny) }
        return definition
    }

    func write(to yaml: inout YAMLText) { definition.write(to: &yaml) }

    func field(of path: String) -> String? {
        switch path {
        case "meaning": return "purpose"
        case "life_event": return "life"
        case "value": return properties.firstIndex { $0.isValue }.map { "path\($0 + 1)" }
        default: break
        }
        guard path.hasPrefix("properties.") else { return nil }
        let rest = path.dropFirst("properties.".count)
        // Paths have dots in them, so that the longest that fits is meant.
        let fits = properties.indices.filter { rest == properties[$0].path || rest.hasPrefix(properties[$0].path + ".") }
        guard let row = fits.max(by: { properties[$0].path.count < properties[$1].path.count }) else { return nil }
        return (rest == properties[row].path + ".meaning" ? "says" : "path") + "\(row + 1)"
    }

    mutating func check(among blueprint: Blueprint) {
        if base.name.isEmpty { base.faults["name"] = "Give it a name." }
        if base.name.count > 200 { base.faults["name"] = "A name has 200 characters at most; this one has \(Formats.number(base.name.count))." }
        let others = blueprint.documents.filter { $0.id.kind == Self.kind.rawValue && $0.id.key != base.key }
        if others.contains(where: { $0.read(EventDefinition.self).name == base.name }) {
            base.faults["name"] = "The vocabulary has \(base.name) already. Choose another name, or change that one."
        }
        if base.key == nil { base.free = Console.key(for: base.name, taken: Set(others.compactMap(\.id.key))) }
        var seen: Set<String> = []
        for (i, property) in properties.enumerated() where !property.isEmpty {
            if property.path.isEmpty {
                base.faults["path\(i + 1)"] = "Write its name, as it arrives."
            } else if !seen.insert(property.path).inserted {
                base.faults["path\(i + 1)"] = "It stands here twice. Remove one of them."
            }
        }
    }

    var fields: Fields {
        return [
            "isEvent": true, "hasPurpose": true, "purpose": purpose, "purposeLabel": "What it means when it happens", "hasName": true,
            "life": lifeEvent,
            "isFull": properties.count >= EventDefinition.mostProperties, "rows": properties.count, "hasProperties": !properties.isEmpty,
            "hasNoValue": !properties.contains { $0.isValue },
            "properties": properties.enumerated().map { i, property -> Fields in
                var fields: Fields = [
                    "path": property.path, "meaning": property.meaning, "isValue": property.isValue, "pathFault": base.faults["path\(i + 1)"],
                    "saysFault": base.faults["says\(i + 1)"],
                    "types": ValueType.declarable.map { ["id": $0.rawValue, "chosen": $0 == property.type] as Fields },
                ]
                fields.merge(FormRows.buttons(i + 1, of: properties.count, least: 0, focus: base.focus))
                return fields
            },
        ]
    }
}
