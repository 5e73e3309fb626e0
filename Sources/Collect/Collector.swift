package import Identity
package import Kernel
package import Ledger
import Simdjson

/// Turns the bodies of the tracking API into records.
///
///     var batch = Batch()
///     let receipt = try collector.collect(.batch, body: bytes, source: key.number, receivedAt: clock.now, into: &batch)
///     try await ledger.append(batch)
///
/// A body is split into its items first, by a scanner that counts brackets; then each item is parsed by itself, from where
/// it lies. So a bad item cannot hurt the others, nothing that is too large is ever parsed, and the parser's memory stays
/// as small as one item. Immutable: new rules make a new collector.
package struct Collector: Sendable {
    package let limits: Limits
    let rules: IdentityRules
    let table: FieldTable
    let judge: ChannelJudge
    let fingerprints: FingerprintKey
    let randomness: Randomness
    /// By the name of an interaction, where the property lies that is its value.
    let values: [String: [String]]
    private let workspaces: Workspaces

    /// - Parameters:
    ///   - vocabulary: The codes of channels in the ledger; those that `channels` declares must have theirs.
    ///   - randomness: Makes the message ids that senders leave out.
    ///   - values: By the name of an interaction, the keys that lead to the property that is its value. Of other names it is the first of
    ///     those that are usual.
    /// - Throws: ``ChannelRulesProblem`` when a rule names a channel without a code.
    package init(
        identity: IdentityRules, channels: ChannelRules = .standard, vocabulary: Vocabulary, limits: Limits = Limits(), fingerprints: FingerprintKey,
        randomness: Randomness, values: [String: [String]] = [:]
    ) throws(ChannelRulesProblem) {
        self.values = values
        self.limits = limits
        self.rules = identity
        self.fingerprints = fingerprints
        self.randomness = randomness
        judge = try ChannelJudge(channels, vocabulary)
        table = FieldTable(identity)
        workspaces = Workspaces(depth: limits.depth, fieldCount: table.count)
    }

    /// Appends the records of a body's items, and those that are refused, to `batch`.
    ///
    /// - Parameters:
    ///   - body: JSON, unpacked (see ``Inflate``).
    ///   - source: The number of the write key; 0 for none.
    ///   - allowed: The calls that the sender may make; other items are refused.
    /// - Throws: ``CollectProblem`` when the body as a whole is not taken; nothing was appended then.
    package func collect(
        _ route: Route, body: UnsafeRawBufferPointer, source: UInt16, receivedAt: Instant, allowed: AllowedCalls = .all, into batch: inout Batch
    ) throws(CollectProblem) -> Receipt {
        guard body.count <= limits.bytes(of: route) else { throw .tooLarge(limit: limits.bytes(of: route)) }
        guard body.count > 0 else { throw .empty }
        let origin = Origin(route: route, source: source, receivedAt: receivedAt, allowed: allowed)
        return try workspaces.borrow { (workspace) throws(CollectProblem) in
            let scanner = BodyScanner(body)
            let whole = scanner.trimmed()
            guard whole.count > 0 else { throw .empty }
            guard body[whole.from] == 0x7b else { throw Self.begins(body[whole.from]) ? .notAnObject : .notJSON(at: whole.from) }
            if route.isBatch { return try self.batch(origin, scanner, whole, &workspace, &batch) }
            return try single(origin, scanner, whole, &workspace, &batch)
        }
    }

    /// ``collect(_:body:source:receivedAt:into:)-(_,UnsafeRawBufferPointer,_,_,_)`` of an array's bytes.
    package func collect(
        _ route: Route, body: [UInt8], source: UInt16, receivedAt: Instant, allowed: AllowedCalls = .all, into batch: inout Batch
    ) throws(CollectProblem) -> Receipt {
        // withUnsafeBytes loses the type of what is thrown.
        let made = body.withUnsafeBytes { bytes -> Result<Receipt, CollectProblem> in
            do throws(CollectProblem) {
                return .success(try collect(route, body: bytes, source: source, receivedAt: receivedAt, allowed: allowed, into: &batch))
            } catch {
                return .failure(error)
            }
        }
        return try made.get()
    }

    /// Collects an item again that was refused, as it came and as of when it came; with the rules and limits of now.
    ///
    /// - Returns: One accepted, or one refused with the reason of now, which `batch` then holds again.
    /// - Throws: ``CollectProblem`` when the item has no place any more in the limits of bodies.
    package func replay(_ refused: Refused, allowed: AllowedCalls = .all, into batch: inout Batch) throws(CollectProblem) -> Receipt {
        guard let route = Route(path: refused.route) else { throw .notAnObject }
        return try collect(route, body: refused.item, source: refused.source, receivedAt: refused.receivedAt, allowed: allowed, into: &batch)
    }

    /// The `writeKey` of a body, for requests that bring none in their header (sendBeacon cannot).
    ///
    /// - Parameter body: JSON, unpacked. Not checked further than up to the key; nil when there is none of 1 to 256 characters.
    package static func writeKey(in body: UnsafeRawBufferPointer) -> String? {
        guard body.count > 0 else { return nil }
        let scanner = BodyScanner(body)
        let from = scanner.skipSpace(0)
        guard from < body.count, body[from] == 0x7b else { return nil }
        var found: String?
        _ = try? scanner.members(from) { (key, value) throws(BodyScanner.Break) in
            guard scanner.has(key, "writeKey"), body[value.from] == 0x22, (3...258).contains(value.count) else { return }
            let text = UnsafeRawBufferPointer(rebasing: body[(value.from + 1)..<(value.to - 1)])
            // Keys are letters and digits, so one with an escape is none of ours.
            if !text.contains(0x5c) { found = String(validating: text, as: UTF8.self) }
            throw BodyScanner.Break(at: value.to)
        }
        return found
    }

    /// Whether a value other than an object or a word begins with the byte.
    private static func begins(_ byte: UInt8) -> Bool { byte == 0x5b || byte == 0x22 || byte == 0x2d || byte &- 48 < 10 }

    /// Where a body comes from.
    struct Origin {
        var route: Route
        var source: UInt16
        var receivedAt: Instant
        var allowed: AllowedCalls
    }

    // MARK: Bodies

    private func single(_ origin: Origin, _ scanner: BodyScanner, _ whole: BodyScanner.Span, _ workspace: inout Workspace, _ batch: inout Batch)
        throws(CollectProblem) -> Receipt
    {
        do throws(BodyScanner.Break) {
            let end = try scanner.members(whole.from) { _, _ throws(BodyScanner.Break) in }
            guard end == whole.to else { throw BodyScanner.Break(at: scanner.skipSpace(end)) }
        } catch {
            throw .notJSON(at: error.at)
        }
        var receipt = Receipt()
        take(whole, 0, origin, scanner, &workspace, &batch, &receipt)
        // Alone, an item that is no JSON is a body that is no JSON.
        if let refusal = receipt.refused.first, refusal.kind == "invalid-json" {
            batch.refused.removeLast()
            throw .notJSON(at: whole.from)
        }
        return receipt
    }

    private func batch(_ origin: Origin, _ scanner: BodyScanner, _ whole: BodyScanner.Span, _ workspace: inout Workspace, _ batch: inout Batch)
        throws(CollectProblem) -> Receipt
    {
        let parts = try Parts(scanner, whole)
        guard let items = parts.batch, scanner.bytes[items.from] == 0x5b else { throw .noBatch }
        do throws(BodyScanner.Break) {
            try scanner.elements(items.from, to: &workspace.spans)
        } catch {
            throw .notJSON(at: error.at)
        }
        let count = workspace.spans.count
        guard count <= limits.items(of: origin.route) else { throw .tooManyItems(count, limit: limits.items(of: origin.route)) }
        // Each refused item keeps a copy of all three.
        let shared = (parts.context?.count ?? 0) + (parts.integrations?.count ?? 0) + (parts.sentAt?.count ?? 0)
        guard shared <= limits.item else { throw .sharedTooLarge(bytes: shared, limit: limits.item) }
        let expanded = scanner.bytes.count + shared * count
        guard expanded <= Limits.expanded else { throw .expandsTooFar(bytes: expanded, limit: Limits.expanded) }
        try share(parts, scanner, &workspace)
        var receipt = Receipt()
        for index in 0..<count {
            let span = workspace.spans[index]
            take(span, index, origin, scanner, &workspace, &batch, &receipt)
        }
        return receipt
    }

    /// Reads what the batch shares.
    private func share(_ parts: Parts, _ scanner: BodyScanner, _ workspace: inout Workspace) throws(CollectProblem) {
        workspace.envelopeText.raw("{\"v\":1")
        let from = workspace.envelopeText.count
        for (key, span) in [("context", parts.context), ("integrations", parts.integrations), ("sentAt", parts.sentAt)]
            as [(StaticString, BodyScanner.Span?)]
        {
            guard let span else { continue }
            workspace.envelopeText.raw(",\"")
            workspace.envelopeText.raw(key)
            workspace.envelopeText.raw("\":")
            workspace.envelopeText.raw(scanner.slice(span))
            if span != parts.sentAt { try check(span, "\(key)", scanner, workspace.envelopes) }
        }
        guard workspace.envelopeText.count > from else { return }
        workspace.envelope.asSent = Array(workspace.envelopeText.bytes[from...])
        workspace.envelopeText.raw("}")
        let root: JSONValueView
        do throws(JSONParseError) {
            root = try workspace.envelopes.document(workspace.envelopeText.bytes)
        } catch {
            throw .shared(field: "sentAt", .unreadable(error))
        }
        workspace.envelope.integrations = root["integrations"].flatMap { $0.isNull ? nil : $0 }
        workspace.envelope.sentAt = root["sentAt"].flatMap { $0.isNull ? nil : $0 }
        if let context = root["context"], context.isObject {
            workspace.envelope.context = context
            table.gather(context, table.context, into: workspace.shared)
            workspace.shared[Field.sharedContextTraits] = workspace.shared[Field.contextTraits]
            workspace.shared[Field.contextTraits] = nil
        }
    }

    /// Holds a shared value to what holds for items.
    private func check(_ span: BodyScanner.Span, _ key: String, _ scanner: BodyScanner, _ parser: JSONParser) throws(CollectProblem) {
        let value: JSONValueView
        do throws(JSONParseError) {
            value = try parser.document(scanner.slice(span))
        } catch {
            throw .shared(field: key, .unreadable(error))
        }
        if let flaw = value.flaw(depth: limits.depth - 1, members: limits.members) { throw .shared(field: key, .flaw(flaw)) }
        guard value.isObject || value.isNull else { throw .shared(field: key, .wrongType(field: key, expected: "an object")) }
    }
}

/// Where the members of a batch's body lie.
private struct Parts {
    typealias Span = BodyScanner.Span
    var batch: Span?
    var context: Span?
    var integrations: Span?
    var sentAt: Span?

    init(_ scanner: BodyScanner, _ whole: Span) throws(CollectProblem) {
        var found: [(key: Span, value: Span)] = []
        do throws(BodyScanner.Break) {
            let end = try scanner.members(whole.from) { key, value throws(BodyScanner.Break) in found.append((key, value)) }
            guard end == whole.to else { throw BodyScanner.Break(at: scanner.skipSpace(end)) }
        } catch {
            throw .notJSON(at: error.at)
        }
        batch = try Self.one("batch", scanner, found)
        context = try Self.one("context", scanner, found)
        integrations = try Self.one("integrations", scanner, found)
        sentAt = try Self.one("sentAt", scanner, found)
        _ = try Self.one("writeKey", scanner, found)
    }

    private static func one(_ name: StaticString, _ scanner: BodyScanner, _ found: [(key: Span, value: Span)]) throws(CollectProblem) -> Span? {
        var value: Span?
        for member in found where scanner.has(member.key, name) {
            if value != nil { throw .duplicateKey("\(name)") }
            value = member.value
        }
        return value
    }
}
