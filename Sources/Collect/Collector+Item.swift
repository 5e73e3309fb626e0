import Identity
import Kernel
import Ledger
import Simdjson

extension Collector {
    /// Takes one item, or refuses it.
    func take(
        _ span: BodyScanner.Span, _ index: Int, _ origin: Origin, _ scanner: BodyScanner, _ workspace: inout Workspace, _ batch: inout Batch,
        _ receipt: inout Receipt
    ) {
        do throws(ItemProblem) {
            if try append(span, origin, scanner, &workspace, &batch) { receipt.ahead += 1 }
            receipt.accepted += 1
        } catch {
            let item = scanner.slice(span)
            let messageID = Self.messageID(in: item)
            let reason = error.reason
            receipt.refused.append(Receipt.Refusal(index: index, messageID: messageID, kind: error.kind, reason: reason))
            batch.refused.append(
                Refused(
                    route: origin.route.rawValue, index: index, messageID: messageID, kind: error.kind, reason: reason,
                    item: Self.kept(item, origin.route, workspace.envelope), source: origin.source, receivedAt: origin.receivedAt))
        }
    }

    /// An item as it is kept in quarantine: by itself as it came, or as a batch of one with all that its batch shared. So
    /// collecting it again by the same route gives what it would have given.
    private static func kept(_ item: UnsafeRawBufferPointer, _ route: Route, _ envelope: Envelope) -> [UInt8] {
        guard route.isBatch else { return Array(item) }
        var bytes = Array("{\"batch\":[".utf8)
        bytes.reserveCapacity(item.count + envelope.asSent.count + 16)
        bytes.append(contentsOf: item)
        bytes.append(0x5d)
        bytes.append(contentsOf: envelope.asSent)
        bytes.append(0x7d)
        return bytes
    }

    /// The message id of an item that may be broken anywhere; nil when it cannot be found.
    private static func messageID(in item: UnsafeRawBufferPointer) -> String? {
        guard item.count > 0, item[0] == 0x7b else { return nil }
        let scanner = BodyScanner(item)
        var found: String?
        _ = try? scanner.members(0) { (key, value) throws(BodyScanner.Break) in
            guard scanner.has(key, "messageId"), item[value.from] == 0x22, value.count - 2 <= RecordHeader.maximumMessageID else { return }
            let text = UnsafeRawBufferPointer(rebasing: item[(value.from + 1)..<(value.to - 1)])
            if !text.contains(0x5c) { found = String(validating: text, as: UTF8.self) }
        }
        return found
    }

    /// - Returns: Whether the item said that it is still to come, and counts as of when it was received.
    private func append(
        _ span: BodyScanner.Span, _ origin: Origin, _ scanner: BodyScanner, _ workspace: inout Workspace, _ batch: inout Batch
    ) throws(ItemProblem) -> Bool {
        guard span.count <= limits.item else { throw .tooLarge(bytes: span.count, limit: limits.item) }
        let item = scanner.slice(span)
        guard item[0] == 0x7b else { throw .notAnObject }
        let root = try read(item, scanner.bytes.count - span.to, workspace)
        if let flaw = root.flaw(depth: limits.depth, members: limits.members) { throw .flaw(flaw) }
        workspace.reset()
        let fields = workspace.fields
        let type = try gather(root, origin.route, fields)
        guard origin.allowed.contains(type) else { throw .callNotAllowed(type, allowed: origin.allowed.allowed) }
        let (at, said) = try time(origin, fields, workspace.envelope)
        let name = try name(type, fields)
        let judgement = try judge.judge(type, name, fields, &workspace.memory)
        let messageID = try messageID(fields, &workspace)
        var header = RecordHeader(at: at, receivedAt: origin.receivedAt, message: fingerprints.message(messageID))
        header.channel = judgement.channel
        header.direction = judgement.direction
        header.media = judgement.media
        header.type = type
        header.source = origin.source
        if type == .track || type == .page || type == .screen { header.value = value(name, fields) }
        batch.begin(header, name: name, messageID: messageID)
        do throws(ItemProblem) {
            try identify(type, fields, &workspace, &batch)
            try write(type, fields, said, &workspace)
            let size = batch.recordCount + workspace.properties.count + workspace.context.count
            guard size <= RecordHeader.maximumRecord else { throw .recordTooLarge(limit: RecordHeader.maximumRecord) }
        } catch {
            batch.discard()
            throw error
        }
        if workspace.properties.count > 0 { batch.properties { $0.append(contentsOf: workspace.properties.bytes) } }
        if workspace.context.count > 0 { batch.context { $0.append(contentsOf: workspace.context.bytes) } }
        batch.end()
        return said != nil
    }

    private func read(_ item: UnsafeRawBufferPointer, _ behind: Int, _ workspace: borrowing Workspace) throws(ItemProblem) -> JSONValueView {
        do throws(JSONParseError) {
            return try workspace.items.document(item, readableBehind: behind)
        } catch {
            throw .unreadable(error)
        }
    }

    /// Finds all fields of the item, and which call it is.
    private func gather(_ root: JSONValueView, _ route: Route, _ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> CallType {
        table.gather(root, table.top, into: fields)
        let type = if let type = route.type { type } else { try Self.type(fields) }
        for (field, name) in Self.sections {
            if let section = fields[field], !section.isObject { throw .wrongType(field: name, expected: "an object") }
        }
        if let context = fields[Field.context] { table.gather(context, table.context, into: fields, nullIsNothing: true) }
        // Traits that are said in several places: the nearest to the item wins.
        if let traits = fields[Field.sharedContextTraits] { table.gather(traits, table.traits, into: fields) }
        if let traits = fields[Field.contextTraits] { table.gather(traits, table.traits, into: fields) }
        // The traits of a group call are the group's.
        if type != .group, let traits = fields[Field.traits] { table.gather(traits, table.traits, into: fields) }
        if let properties = fields[Field.properties] { table.gather(properties, table.properties, into: fields) }
        if !table.externals.isEmpty {
            gather(externals: fields[Field.contextExternalIDs], fields)
            gather(externals: fields[Field.externalIDs], fields)
        }
        return type
    }

    private static let sections = [
        (Field.context, "context"), (Field.integrations, "integrations"), (Field.traits, "traits"), (Field.properties, "properties"),
    ]

    /// `externalIds`: a list of objects with an `id` and its `type`.
    private func gather(externals: JSONValueView?, _ fields: UnsafeMutablePointer<JSONValueView?>) {
        guard let externals else { return }
        for element in externals.elements {
            guard let type = element["type"]?.stringBytes, let id = element["id"], !id.isNull else { continue }
            if let known = table.externals.first(where: { $0.type.elementsEqual(type) }) { fields[known.field] = id }
        }
    }

    private static func type(_ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> CallType {
        guard let value = fields[Field.type] else { throw .missing(field: "type") }
        guard let word = value.stringBytes else { throw .wrongType(field: "type", expected: "text") }
        for (name, type) in types where word.elementsEqual(name) { return type }
        throw .unknownType(String(decoding: word, as: UTF8.self))
    }

    private static let types = CallType.allCases.map { (Array($0.name.utf8), $0) }

    // MARK: When

    /// When it happened, by our clock.
    ///
    /// A device's clock may be wrong, but the time between the event and the sending is right: Segment's
    /// `receivedAt - (sentAt - originalTimestamp)`. Historical imports are taken at their word.
    ///
    /// What would then still be to come would stand above all that happens, and be when its customer was last seen, for ever.
    /// From a device it is a wrong clock, so it counts as of when we received it; in an import it is a wrong mapping, or a plan,
    /// and is refused.
    /// - Returns: Besides, what the sender said, where it does not count.
    private func time(_ origin: Origin, _ fields: UnsafeMutablePointer<JSONValueView?>, _ envelope: Envelope) throws(ItemProblem) -> (
        at: Instant, said: JSONValueView?
    ) {
        let timestamp = try Self.instant(fields[Field.timestamp], "timestamp")
        let original = try Self.instant(fields[Field.originalTimestamp], "originalTimestamp")
        let sent = try Self.instant(fields[Field.sentAt] ?? envelope.sentAt, "sentAt")
        let at: Instant
        let field: String
        if origin.route == .import {
            at = timestamp ?? original ?? origin.receivedAt
            field = timestamp == nil && original != nil ? "originalTimestamp" : "timestamp"
        } else {
            field = original == nil ? "timestamp" : "originalTimestamp"
            if let said = original ?? timestamp {
                at = sent.map { origin.receivedAt + (said - $0) } ?? said
            } else {
                at = origin.receivedAt
            }
        }
        if at > origin.receivedAt + Int64(limits.ahead) {
            guard origin.route != .import else { throw .timeAhead(field: field, limit: limits.ahead) }
            return (origin.receivedAt, fields[Field.originalTimestamp] ?? fields[Field.timestamp])
        }
        guard at.milliseconds >= 0, at.seconds <= Int64(UInt32.max) else { throw .timeOutOfRange(field: field) }
        return (at, nil)
    }

    private static func instant(_ value: JSONValueView?, _ field: String) throws(ItemProblem) -> Instant? {
        guard let value else { return nil }
        guard let text = value.stringBytes, let instant = Instant(rfc3339: text) else { throw .noTime(field: field) }
        return instant
    }

    // MARK: What

    /// The interaction's name.
    private func name(_ type: CallType, _ fields: UnsafeMutablePointer<JSONValueView?>) throws(ItemProblem) -> UnsafeRawBufferPointer {
        let name: StaticString
        switch type {
        case .track:
            guard let value = fields[Field.event] else { throw .missing(field: "event") }
            guard let text = value.stringBytes else { throw .wrongType(field: "event", expected: "text") }
            try Self.check(text, "event", RecordHeader.maximumName)
            return text
        case .identify: name = "Customer Identified"
        case .page: name = "Page Viewed"
        case .screen: name = "Screen Viewed"
        case .group: name = "Group Joined"
        case .alias: name = "Alias Added"
        }
        return UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    }

    /// Holds a word that we keep to its limits.
    static func check(_ text: UnsafeRawBufferPointer, _ field: String, _ limit: Int) throws(ItemProblem) {
        guard !isBlank(text) else { throw .blank(field: field) }
        guard text.count <= limit else { throw .tooLong(field: field, bytes: text.count, limit: limit) }
        for c in text where c < 32 || c == 127 { throw .controlCharacter(field: field) }
    }

    static func isBlank(_ text: UnsafeRawBufferPointer) -> Bool {
        for c in text where c > 32 { return false }
        return true
    }

    /// The message id as sent, or a new one (a version 4 UUID, RFC 9562 section 5.4), valid until the workspace's scratch is written again.
    private func messageID(_ fields: UnsafeMutablePointer<JSONValueView?>, _ workspace: inout Workspace) throws(ItemProblem) -> UnsafeRawBufferPointer
    {
        if let value = fields[Field.messageID] {
            guard let text = Self.text(value, &workspace.scratch) else { throw .wrongType(field: "messageId", expected: "text") }
            if !Self.isBlank(text) {
                try Self.check(text, "messageId", RecordHeader.maximumMessageID)
                return text
            }
        }
        workspace.scratch.removeAll()
        for (i, byte) in randomness.bytes(16).enumerated() {
            if i == 4 || i == 6 || i == 8 || i == 10 { workspace.scratch.byte(45) }
            let marked = i == 6 ? byte & 0x0f | 0x40 : i == 8 ? byte & 0x3f | 0x80 : byte
            workspace.scratch.byte(Self.hex[Int(marked >> 4)])
            workspace.scratch.byte(Self.hex[Int(marked & 15)])
        }
        return workspace.scratch.bytes
    }

    private static let hex = Array("0123456789abcdef".utf8)

    /// Text as it is, or a number's digits in `scratch`; nil for anything else.
    static func text(_ value: JSONValueView, _ scratch: inout JSONSink) -> UnsafeRawBufferPointer? {
        if let text = value.stringBytes { return text }
        guard value.kind == .integer || value.kind == .number else { return nil }
        scratch.removeAll()
        value.minify(to: &scratch)
        return scratch.bytes
    }

    /// The interaction's value: of the property that the company's vocabulary names for it, or the first of those that are usual.
    private func value(_ name: UnsafeRawBufferPointer, _ fields: UnsafeMutablePointer<JSONValueView?>) -> Double? {
        guard !values.isEmpty, let path = values[String(decoding: name, as: UTF8.self)] else { return Self.value(fields) }
        guard var value = fields[Field.properties] else { return nil }
        for key in path {
            guard value.isObject, let inner = value[named: key] else { return nil }
            value = inner
        }
        return value.double ?? value.stringBytes.flatMap(Self.number)
    }

    /// The first number, or text that is one, among ``Field/values``.
    private static func value(_ fields: UnsafeMutablePointer<JSONValueView?>) -> Double? {
        for i in Field.value..<(Field.value + Field.valueCount) {
            guard let field = fields[i] else { continue }
            if let number = field.double { return number }
            if let text = field.stringBytes, let number = number(text) { return number }
        }
        return nil
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Double? {
        guard (1...32).contains(text.count), text.allSatisfy({ $0 &- 48 < 10 || $0 == 46 || $0 == 45 || $0 == 43 || $0 | 32 == 101 }) else {
            return nil
        }
        guard let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite else { return nil }
        return number
    }
}
