/// Finds the part of a refused item that its refusal is about.
package enum FaultPlace {
    /// Bytes of the item; nil when the refusal is about the whole, or the part cannot be told.
    ///
    /// - Parameters:
    ///   - item: As it arrived; it may be no JSON, or cut.
    ///   - kind: ``ItemProblem/kind``.
    ///   - reason: ``ItemProblem/reason``, which begins with the field it is about.
    package static func find(in item: [UInt8], kind: String, reason: String) -> Range<Int>? {
        guard !item.isEmpty else { return nil }
        return item.withUnsafeBytes { bytes in
            let scanner = BodyScanner(bytes)
            switch kind {
            case "invalid-json": return broken(scanner)
            case "invalid-utf8": return invalidUTF8(item)
            case "duplicate-key": return quoted(reason).flatMap { second($0, in: scanner, scanner.trimmed(), depth: 0) }
            case "too-large", "record-too-large", "no-identifier", "too-many-identifiers", "too-deep", "too-many-members", "not-an-object": return nil
            default: return field(of: reason).flatMap { value(of: $0, in: scanner) }
            }
        }
    }

    /// The place from which on it is no JSON: one byte, or the last one when it ends too early.
    private static func broken(_ scanner: BodyScanner) -> Range<Int>? {
        let whole = scanner.trimmed()
        guard whole.count > 0 else { return nil }
        do throws(BodyScanner.Break) {
            let end = try scanner.members(whole.from) { _, _ throws(BodyScanner.Break) in }
            return end < whole.to ? end..<whole.to : nil
        } catch {
            let at = min(error.at, scanner.bytes.count - 1)
            return at..<(at + 1)
        }
    }

    private static func invalidUTF8(_ item: [UInt8]) -> Range<Int>? {
        var decoder = UTF8()
        var bytes = item.makeIterator()
        var at = 0
        while true {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar): at += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return at < item.count ? at..<(at + 1) : nil
            }
        }
    }

    private static func quoted(_ reason: String) -> String? {
        let parts = reason.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count >= 3 ? String(parts[1]) : nil
    }

    /// `context.traits.email` of “context.traits.email must be text.”, and of “The item's only identifier, email, has …”.
    private static func field(of reason: String) -> String? {
        if let behind = reason.split(separator: "identifier, ", maxSplits: 1).dropFirst().first, reason.hasPrefix("The item's only") {
            return behind.split(separator: ",").first.map(String.init)
        }
        return reason.split(separator: " ").first.map(String.init)
    }

    /// The value of a field: in the item, else in what its batch shared.
    private static func value(of path: String, in scanner: BodyScanner) -> Range<Int>? {
        let whole = scanner.trimmed()
        guard let items = member("batch", in: scanner, whole), scanner.bytes[items.from] == 0x5b else { return value(of: path, in: scanner, whole) }
        // Of a batch an item is kept as a batch of one.
        var spans: [BodyScanner.Span] = []
        try? scanner.elements(items.from, to: &spans)
        return spans.first.flatMap { value(of: path, in: scanner, $0) } ?? value(of: path, in: scanner, whole)
    }

    /// The value of a field by its path; else of the first member of that name near the top.
    private static func value(of path: String, in scanner: BodyScanner, _ top: BodyScanner.Span) -> Range<Int>? {
        let names = path.split(separator: ".").map(String.init)
        var at = top
        var found: BodyScanner.Span?
        for name in names {
            found = member(name, in: scanner, at)
            guard let next = found else { break }
            at = next
        }
        if let found { return found.from..<found.to }
        // Rules name a kind of identifier as `user_id`, and clients send it as `userId`.
        guard names.count == 1, let name = names.first else { return nil }
        let words = name.split(separator: "_")
        let camel = words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        for outer in ["", "traits", "properties", "context"] {
            let place = outer.isEmpty ? top : member(outer, in: scanner, top)
            guard let place else { continue }
            for spelling in [name, camel] {
                if let span = member(spelling, in: scanner, place) { return span.from..<span.to }
            }
        }
        return nil
    }

    private static func member(_ name: String, in scanner: BodyScanner, _ object: BodyScanner.Span) -> BodyScanner.Span? {
        guard object.count > 0, scanner.bytes[object.from] == 0x7b else { return nil }
        let wanted = Array(name.utf8)
        var found: BodyScanner.Span?
        // What comes behind a break is not looked at; what was found before it counts.
        _ = try? scanner.members(object.from) { key, value throws(BodyScanner.Break) in
            if found == nil, scanner.slice(key).elementsEqual(wanted) { found = value }
        }
        return found
    }

    /// The second member of a name in the first object that has two of it.
    private static func second(_ name: String, in scanner: BodyScanner, _ span: BodyScanner.Span, depth: Int) -> Range<Int>? {
        guard depth < 200, span.count > 0 else { return nil }
        var inner: [BodyScanner.Span] = []
        var times = 0
        var found: Range<Int>?
        if scanner.bytes[span.from] == 0x7b {
            let wanted = Array(name.utf8)
            _ = try? scanner.members(span.from) { key, value throws(BodyScanner.Break) in
                inner.append(value)
                guard scanner.slice(key).elementsEqual(wanted) else { return }
                times += 1
                if times == 2 { found = (key.from - 1)..<value.to }
            }
        } else if scanner.bytes[span.from] == 0x5b {
            try? scanner.elements(span.from, to: &inner)
        }
        if let found { return found }
        for value in inner {
            if let found = second(name, in: scanner, value, depth: depth + 1) { return found }
        }
        return nil
    }
}
