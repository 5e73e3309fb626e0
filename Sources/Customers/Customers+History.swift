import GRDB
import Identity
package import Kernel
package import Ledger
import Pipeline
import Timeline

extension Customers {
    /// The most interactions of a page.
    package static let largestPage = 500

    /// What passed between us, newest first.
    ///
    /// - Parameters:
    ///   - limit: 1 to ``largestPage``.
    ///   - after: the cursor of the page before.
    /// - Throws: ``CustomersProblem/notFound``, ``CustomersProblem/cursor(_:)``, ``CustomersProblem/filter(field:value:known:)``
    package func history(of id: CustomerID, filter: HistoryFilter = .init(), limit: Int, after: String? = nil) throws -> Page<HistoryItem> {
        var items: [HistoryItem] = []
        let vocabulary = ledger.vocabulary
        let root = CustomerID(raw: pipeline.people.root(members(id)?[0] ?? id.raw))
        let next = try read(of: id, filter: filter, limit: limit, after: after) { record, position in
            items.append(
                HistoryItem(interaction: Interaction(record, at: position), channel: vocabulary.name(of: record.channel), customer: root))
        }
        return Page(items: items, next: next)
    }

    /// The page as JSON, written straight from the ledger's bytes: `{"items":[…],"next":…}`.
    package func writeHistory(of id: CustomerID, filter: HistoryFilter = .init(), limit: Int, after: String? = nil, to out: inout [UInt8]) throws {
        let vocabulary = ledger.vocabulary
        out.append(contentsOf: "{\"items\":[".utf8)
        var bytes: [UInt8] = []
        swap(&bytes, &out)
        var first = true
        let next = try read(of: id, filter: filter, limit: limit, after: after) { record, position in
            if !first { bytes.append(44) }
            first = false
            InteractionJSON.write(record, position, vocabulary, source: sourceName(record.source), to: &bytes)
        }
        bytes.append(contentsOf: "],\"next\":".utf8)
        if let next { JSONText.append(next, to: &bytes) } else { bytes.append(contentsOf: "null".utf8) }
        bytes.append(125)
        swap(&bytes, &out)
    }

    private func read(
        of id: CustomerID, filter: HistoryFilter, limit: Int, after: String?, _ item: (RecordView, Position) -> Void
    ) throws -> String? {
        guard let members = members(id) else { throw CustomersProblem.notFound }
        let plan = try FilterPlan(filter, vocabulary: ledger.vocabulary, names: pipeline.names)
        let parts = pipeline.timeline
        var cursor = try after.map(Self.cursor)
        if let until = filter.until {
            let second = UInt32(clamping: (until.milliseconds + 999) / 1000)
            let bound = Parts.Cursor(second: second, position: 0)
            if cursor == nil || cursor!.second > second { cursor = bound }
        }
        var marks: [Mark] = []
        let limit = min(max(limit, 1), Self.largestPage)
        // One more than asked for tells whether there is a next page.
        if plan.isEmpty {
            parts.newest(members, limit: limit + 1, before: cursor, since: plan.since, into: &marks)
        } else {
            parts.newest(members, limit: limit + 1, before: cursor, since: plan.since, into: &marks, where: plan.matches)
        }
        let more = marks.count > limit
        if more { marks.removeLast() }
        try readers.use { reader in
            try reader.together {
                for mark in marks {
                    let position = Position(raw: mark.position)
                    try reader.record(position) { record in
                        // A tombstone: erased after the timeline was read.
                        guard record.kind == .interaction else { return }
                        // Marks know seconds; the filter means milliseconds.
                        if let since = filter.since, record.at < since { return }
                        if let until = filter.until, record.at >= until { return }
                        item(record, position)
                    }
                }
            }
        }
        return more ? marks.last.map(Self.cursor) : nil
    }

    // MARK: Cursors

    private static func cursor(_ mark: Mark) -> String { Base32.text(UInt64(mark.second), width: 7) + Base32.text(mark.position, width: 12) }

    private static func cursor(_ text: String) throws -> Parts.Cursor {
        guard text.utf8.count == 19, let second = Base32.number(text.prefix(7)), second <= UInt64(UInt32.max),
            let position = Base32.number(text.dropFirst(7))
        else { throw CustomersProblem.cursor(text) }
        return Parts.Cursor(second: UInt32(second), position: position)
    }
}

/// A filter in the timeline's numbers.
private struct FilterPlan {
    private var events: Set<UInt16>?
    private var channels: Set<UInt8>?
    private var directions: Set<UInt8>?
    private(set) var since: UInt32 = 0
    var isEmpty: Bool { events == nil && channels == nil && directions == nil }

    init(_ filter: HistoryFilter, vocabulary: Vocabulary, names: EventNames) throws {
        if !filter.names.isEmpty { events = names.numbers(filter.names) }
        if !filter.channels.isEmpty {
            channels = try Set(
                filter.channels.map { name in
                    guard let channel = vocabulary.channel(name) else {
                        throw CustomersProblem.filter(field: "channel", value: name, known: vocabulary.channels.values.sorted())
                    }
                    return channel.rawValue
                })
        }
        if !filter.directions.isEmpty { directions = Set(filter.directions.map(\.rawValue)) }
        if let since = filter.since { self.since = UInt32(clamping: since.seconds) }
    }

    func matches(_ mark: Mark) -> Bool {
        (events?.contains(mark.event) ?? true) && (channels?.contains(mark.channel) ?? true)
            && (directions?.contains(mark.flags & 3) ?? true)
    }
}

/// An interaction as the API shows it.
package enum InteractionJSON {
    /// - Parameter customer: written when given; a page of one customer leaves it out.
    package static func write(
        _ record: RecordView, _ position: Position, _ vocabulary: Vocabulary, source: String?, customer: CustomerID? = nil, to out: inout [UInt8]
    ) {
        func key(_ text: StaticString) { out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }
        key("{\"position\":")
        JSONText.append(position.raw, to: &out)
        key(",\"messageId\":")
        JSONText.append(record.messageBytes, to: &out)
        if let customer {
            key(",\"customer\":")
            JSONText.append(customer.description, to: &out)
        }
        key(",\"name\":")
        JSONText.append(record.nameBytes, to: &out)
        key(",\"type\":")
        JSONText.append(record.type.name, to: &out)
        key(",\"channel\":")
        JSONText.append(vocabulary.name(of: record.channel), to: &out)
        key(",\"direction\":")
        JSONText.append(record.direction.name, to: &out)
        key(",\"media\":")
        if let media = record.media.name { JSONText.append(media, to: &out) } else { key("null") }
        key(",\"at\":\"")
        record.at.append(to: &out)
        key("\",\"receivedAt\":\"")
        record.receivedAt.append(to: &out)
        key("\",\"value\":")
        JSONText.append(record.rawValue, to: &out)
        key(",\"source\":")
        if let source { JSONText.append(source, to: &out) } else { key("null") }
        key(",\"identifiers\":[")
        var first = true
        record.identifiers { kind, value in
            guard !kind.isInternal, !ErasedIdentifier.isToken(value) else { return }
            if !first { out.append(44) }
            first = false
            key("{\"kind\":")
            JSONText.append(vocabulary.name(of: kind), to: &out)
            key(",\"value\":")
            JSONText.append(value, to: &out)
            out.append(125)
        }
        key("],\"properties\":")
        if record.properties.isEmpty { key("{}") } else { out.append(contentsOf: record.properties) }
        key(",\"context\":")
        if record.context.isEmpty { key("{}") } else { out.append(contentsOf: record.context) }
        out.append(125)
    }
}
