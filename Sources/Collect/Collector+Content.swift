import Ledger
import Simdjson

extension Collector {
    /// Writes the record's properties and context; either stays empty when there is nothing in it.
    /// - Parameter said: When the sender said it happened, if that does not count: it is kept in the context.
    func write(_ type: CallType, _ fields: UnsafeMutablePointer<JSONValueView?>, _ said: JSONValueView?, _ workspace: inout Workspace)
        throws(ItemProblem)
    {
        workspace.properties.removeAll()
        workspace.context.removeAll()
        switch type {
        case .track:
            if let properties = fields[Field.properties], properties.count > 0 { properties.minify(to: &workspace.properties) }
        case .page, .screen: writePage(fields, &workspace.properties)
        case .identify:
            let layers = [fields[Field.traits], fields[Field.contextTraits], fields[Field.sharedContextTraits]]
            Merging.write(layers.compactMap { $0?.isObject == true ? $0 : nil }, levels: 1, to: &workspace.properties)
        case .group: writeGroup(fields, &workspace.properties, &workspace.scratch)
        case .alias: break
        }
        writeContext(type, fields, said, workspace.envelope, &workspace.context)
    }

    /// Properties, with `name` and `category` of the call where the properties do not say them.
    private func writePage(_ fields: UnsafeMutablePointer<JSONValueView?>, _ sink: inout JSONSink) {
        let properties = fields[Field.properties]
        var merging = Merging.Object(&sink)
        if let properties { merging.add([properties], levels: 1, to: &sink) }
        if let name = fields[Field.name], properties?["name"] == nil { merging.add("name", name, to: &sink) }
        if let category = fields[Field.category], properties?["category"] == nil { merging.add("category", category, to: &sink) }
        merging.end(&sink)
    }

    /// `{"group_id": …, traits…}`: the call's groupId as text, and the group's traits beside it.
    private func writeGroup(_ fields: UnsafeMutablePointer<JSONValueView?>, _ sink: inout JSONSink, _ scratch: inout JSONSink) {
        var merging = Merging.Object(&sink)
        if let group = fields[Field.groupID], let text = Self.text(group, &scratch) { merging.add("group_id", text: text, to: &sink) }
        if let traits = fields[Field.traits] { merging.add([traits], levels: 1, without: "group_id", to: &sink) }
        merging.end(&sink)
    }

    /// The context of the item and its batch as one, and the integrations in it. Traits of an identify call are its
    /// properties already.
    private func writeContext(
        _ type: CallType, _ fields: UnsafeMutablePointer<JSONValueView?>, _ said: JSONValueView?, _ envelope: Envelope, _ sink: inout JSONSink
    ) {
        let context = fields[Field.context]
        let integrations = fields[Field.integrations] ?? envelope.integrations
        if said == nil, envelope.context == nil, integrations == nil, type != .identify || fields[Field.contextTraits] == nil {
            if let context, context.count > 0 { context.minify(to: &sink) }
            return
        }
        var merging = Merging.Object(&sink)
        let layers = [context, envelope.context].compactMap { $0 }
        let all = [fields[Field.integrations], envelope.integrations].compactMap { $0 }.filter { $0.count > 0 }
        merging.add(
            layers, levels: 2, nullCounts: false, without: type == .identify ? "traits" : nil, all.isEmpty ? nil : "integrations",
            said == nil ? nil : "originalTimestamp",
            to: &sink)
        if let said { merging.add("originalTimestamp", said, to: &sink) }
        if !all.isEmpty { merging.add("integrations", all, levels: 2, nullCounts: false, to: &sink) }
        merging.end(&sink)
    }
}

/// Writes objects that are said in several places as one: the first that says a key wins.
enum Merging {
    /// - Parameters:
    ///   - layers: Objects, the strongest first.
    ///   - levels: 1 to take the strongest value of each key whole; 2 to merge values that are objects themselves, and so on.
    ///   - nullCounts: Whether null is something said, as it is of traits; else a layer below may say the key.
    static func write(_ layers: [JSONValueView], levels: Int, nullCounts: Bool = true, to sink: inout JSONSink) {
        var object = Object(&sink)
        object.add(layers, levels: levels, nullCounts: nullCounts, to: &sink)
        object.end(&sink)
    }

    /// An object that is being written. One without members leaves nothing.
    struct Object {
        private let from: Int
        private var isEmpty = true

        init(_ sink: inout JSONSink) {
            from = sink.count
            sink.byte(0x7b)
        }

        private mutating func comma(_ sink: inout JSONSink) {
            if !isEmpty { sink.byte(0x2c) }
            isEmpty = false
        }

        mutating func add(_ key: StaticString, _ value: JSONValueView, to sink: inout JSONSink) {
            name(key, &sink)
            value.minify(to: &sink)
        }

        mutating func add(_ key: StaticString, text: UnsafeRawBufferPointer, to sink: inout JSONSink) {
            name(key, &sink)
            sink.string(text)
        }

        mutating func add(_ key: StaticString, _ layers: [JSONValueView], levels: Int, nullCounts: Bool = true, to sink: inout JSONSink) {
            name(key, &sink)
            Merging.nested(layers, levels: levels - 1, nullCounts: nullCounts, to: &sink)
        }

        private mutating func name(_ key: StaticString, _ sink: inout JSONSink) {
            comma(&sink)
            sink.byte(0x22)
            sink.raw(key)
            sink.raw("\":")
        }

        /// The members of all layers but those with the names `without`.
        mutating func add(
            _ layers: [JSONValueView], levels: Int, nullCounts: Bool = true, without: StaticString?..., to sink: inout JSONSink
        ) {
            func says(_ layer: JSONValueView, _ key: UnsafeRawBufferPointer) -> Bool { layer[key].map { nullCounts || !$0.isNull } ?? false }
            let without = without.compactMap { $0.map { UnsafeRawBufferPointer(start: $0.utf8Start, count: $0.utf8CodeUnitCount) } }
            for (depth, layer) in layers.enumerated() {
                for member in layer.members {
                    if without.contains(where: { JSONValueView.same($0, member.key) }) { continue }
                    if depth > 0, layers[..<depth].contains(where: { says($0, member.key) }) { continue }
                    let more = layers[(depth + 1)...]
                    if !nullCounts, member.value.isNull, more.contains(where: { $0[member.key] != nil }) { continue }
                    comma(&sink)
                    sink.string(member.key)
                    sink.byte(0x3a)
                    if levels > 1, member.value.isObject, !more.isEmpty {
                        let below = more.compactMap { $0[member.key] }.prefix { $0.isObject }
                        let areTraits = member.key.elementsEqual("traits".utf8)
                        Merging.nested([member.value] + below, levels: levels - 1, nullCounts: nullCounts || areTraits, to: &sink)
                    } else {
                        member.value.minify(to: &sink)
                    }
                }
            }
        }

        func end(_ sink: inout JSONSink) {
            if isEmpty { sink.truncate(to: from) } else { sink.byte(0x7d) }
        }
    }

    /// A member's value, which is written even when it is empty.
    private static func nested(_ layers: [JSONValueView], levels: Int, nullCounts: Bool, to sink: inout JSONSink) {
        if layers.count == 1 { return layers[0].minify(to: &sink) }
        let before = sink.count
        write(layers, levels: levels, nullCounts: nullCounts, to: &sink)
        if sink.count == before { sink.raw("{}") }
    }
}
