import Kernel

/// Writes items of the tracking API, as the Segment specification describes them, out of rows.
struct ItemWriter {
    let mapping: String
    let source: String
    /// How large an item may be, in bytes.
    let limit: Int

    /// What became of an event.
    enum Outcome {
        case item([UInt8])
        /// Entries of lists had to be left out; the item had `bytes` with them.
        case spared([UInt8], bytes: Int)
    }

    /// The item of an event.
    ///
    /// Its messageId is `mapping:source:key:event`, so importing the same row again says nothing new. A key longer than 120 bytes is
    /// stood for by its hash.
    func write(_ event: BoundEvent, key: [UInt8], _ row: inout RowEvaluator) throws(RowFault) -> Outcome {
        let whole = try item(event, key: key, &row, spare: false)
        if whole.count <= limit { return .item(whole) }
        if !event.spare.isEmpty {
            let shorter = try item(event, key: key, &row, spare: true)
            if shorter.count <= limit { return .spared(shorter, bytes: whole.count) }
        }
        throw .tooLarge(bytes: whole.count, limit: limit)
    }

    private func item(_ event: BoundEvent, key: [UInt8], _ row: inout RowEvaluator, spare: Bool) throws(RowFault) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(1024)
        out.append(contentsOf: "{\"type\":\"".utf8)
        out.append(contentsOf: event.call.rawValue.utf8)
        out.append(contentsOf: "\",\"messageId\":".utf8)
        messageID(event, key).withUnsafeBytes { JSONText.append($0, to: &out) }
        if let name = event.name {
            out.append(contentsOf: (event.call == .track ? ",\"event\":" : ",\"name\":").utf8)
            JSONText.append(name, to: &out)
        }
        out.append(contentsOf: ",\"timestamp\":".utf8)
        if try !row.json(event.time, into: &out, spare: false) { throw .noTime(column: event.time.label) }
        try identifiers(event, &row, into: &out)
        try context(event, &row, into: &out)
        if let name = event.call.properties, !event.properties.isEmpty {
            let before = out.count
            out.append(contentsOf: ",\"\(name)\":".utf8)
            let start = out.count
            try row.object(event.properties, spare: spare, into: &out)
            if out.count == start + 2 { out.removeSubrange(before...) }
        }
        out.append(125)
        return out
    }

    private func messageID(_ event: BoundEvent, _ key: [UInt8]) -> [UInt8] {
        var id = Array("\(mapping):\(source):".utf8)
        id += key.count <= 120 ? key : KeyHash.hex(key[...])
        id.append(58)
        id += event.id.utf8
        return id
    }

    private func identifiers(_ event: BoundEvent, _ row: inout RowEvaluator, into out: inout [UInt8]) throws(RowFault) {
        func write(_ name: String, _ value: BoundValue?, _ row: inout RowEvaluator) throws(RowFault) -> Bool {
            var text: [UInt8] = []
            guard let value, try row.text(value, into: &text) else { return false }
            out.append(contentsOf: ",\"\(name)\":".utf8)
            text.withUnsafeBytes { JSONText.append($0, to: &out) }
            return true
        }
        var known = try write("userId", event.userID, &row)
        if try write("anonymousId", event.anonymousID, &row) { known = true }
        if event.groupID != nil, try !write("groupId", event.groupID, &row) { throw .noIdentifier }
        if event.previousID != nil, try !write("previousId", event.previousID, &row) { throw .noIdentifier }
        for field in event.externalIDs where !known {
            var text: [UInt8] = []
            known = try row.text(field.value, into: &text)
        }
        if !known { throw .noIdentifier }
    }

    private func context(_ event: BoundEvent, _ row: inout RowEvaluator, into out: inout [UInt8]) throws(RowFault) {
        let before = out.count
        out.append(contentsOf: ",\"context\":{".utf8)
        let start = out.count
        func object(_ name: String, _ fields: [BoundField], _ row: inout RowEvaluator) throws(RowFault) {
            let before = out.count
            if before > start { out.append(44) }
            JSONText.append(name, to: &out)
            out.append(58)
            let start = out.count
            try row.object(fields, into: &out)
            if out.count == start + 2 { out.removeSubrange(before...) }
        }
        for (group, fields) in event.context {
            guard group.isEmpty else {
                try object(group, fields, &row)
                continue
            }
            for field in fields {
                let before = out.count
                if before > start { out.append(44) }
                JSONText.append(field.name, to: &out)
                out.append(58)
                if try !row.json(field.value, into: &out, spare: false) { out.removeSubrange(before...) }
            }
        }
        if !event.traits.isEmpty { try object("traits", event.traits, &row) }
        try externalIDs(event, &row, start, into: &out)
        if out.count == start { out.removeSubrange(before...) } else { out.append(125) }
    }

    private func externalIDs(_ event: BoundEvent, _ row: inout RowEvaluator, _ start: Int, into out: inout [UInt8]) throws(RowFault) {
        var any = false
        var text: [UInt8] = []
        for field in event.externalIDs {
            text.removeAll(keepingCapacity: true)
            guard try row.text(field.value, into: &text) else { continue }
            out.append(contentsOf: (any ? "," : out.count > start ? ",\"externalIds\":[" : "\"externalIds\":[").utf8)
            any = true
            out.append(contentsOf: "{\"id\":".utf8)
            text.withUnsafeBytes { JSONText.append($0, to: &out) }
            out.append(contentsOf: ",\"type\":".utf8)
            JSONText.append(field.name, to: &out)
            out.append(contentsOf: ",\"collection\":\"users\",\"encoding\":\"none\"}".utf8)
        }
        if any { out.append(93) }
    }
}
