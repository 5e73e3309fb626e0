import GRDB
import Identity
package import Kernel
package import Ledger
package import Pipeline
package import Store
import Timeline

/// What customers agree to: by purpose and channel, with history and proof.
///
/// Each word on it is an interaction, so it stands in the customer's history, and its position is the proof: when, by which
/// source, in which words. What holds is the newest word on a purpose and channel, by when it was said.
package struct Consents: Sendable {
    /// The names of the interactions that a colleague's word becomes.
    package static let givenName = "Consent Given"
    package static let withdrawnName = "Consent Withdrawn"
    /// The newest words that count of one raw customer.
    static let most = 1_000

    let store: Store
    let ledger: Ledger
    let pipeline: Pipeline
    let randomness: Randomness
    let clock: Clock

    package init(store: Store, ledger: Ledger, pipeline: Pipeline, randomness: Randomness, clock: Clock) {
        self.store = store
        self.ledger = ledger
        self.pipeline = pipeline
        self.randomness = randomness
        self.clock = clock
    }

    /// Whether interactions of this name say what customers agree to: see docs/tracking.md.
    package static func says(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { ConsentReading.word(of: UnsafeRawBufferPointer($0)) != nil }
    }

    /// What an interaction with these properties says: for what, on which channel (nil for every one), and whether they agree.
    package static func reading(_ record: RecordView, _ properties: JSON, _ vocabulary: Vocabulary) -> ConsentWord? {
        guard let word = ConsentReading.word(of: record.nameBytes) else { return nil }
        let change = ConsentReading.change(
            word, properties, at: record.at, position: 0, customer: CustomerID(raw: 0), channel: vocabulary.name(of: record.channel), isOurs: false)
        return ConsentWord(purpose: change.purpose, channel: change.channel, given: change.given)
    }

    /// What a person said, over all that they are known by.
    package func state(of customer: CustomerID) throws -> ConsentState {
        guard Int(customer.raw) < pipeline.people.count else { return ConsentState(history: []) }
        let members = pipeline.people.members(of: customer.raw)
        return ConsentState(history: try store.read { try Self.history(of: members, in: $0) })
    }

    /// Writes down what a customer said to a colleague. ``state(of:)`` has it when this returns.
    /// - Parameters:
    ///   - channel: On which channel they agree or not; nil for every channel.
    ///   - method: How they said it: `phone`, `in the shop`.
    ///   - author: The colleague's name.
    /// - Throws: ``ConsentProblem``, ``LedgerProblem``, ``PipelineProblem``.
    package func record(
        _ given: Bool, for purpose: String, on channel: String?, of customer: CustomerID, method: String?, wording: String?, by author: String
    ) async throws {
        let purpose = purpose.lowercased()
        guard (1...ConsentChange.longestPurpose).contains(purpose.count), !purpose.allSatisfy(\.isWhitespace) else {
            throw ConsentProblem.purposeLength(purpose.count)
        }
        if let channel, ledger.vocabulary.channel(channel) == nil { throw ConsentProblem.unknownChannel(channel) }
        if let method, method.count > ConsentChange.longestPurpose { throw ConsentProblem.methodLength(method.count) }
        if let wording, wording.count > ConsentChange.longestWording { throw ConsentProblem.wordingLength(wording.count) }
        guard Int(customer.raw) < pipeline.people.count, !pipeline.timeline.isHidden(customer.raw) else { throw ConsentProblem.noCustomer }
        let now = clock.now
        let id = "con_" + Base32.text(randomness.bytes(15))
        var header = RecordHeader(at: now, receivedAt: now, message: ledger.key.message(id))
        header.direction = .in
        var properties: [(String, JSON)] = [("purpose", .string(purpose)), ("recorded_by", .string(author))]
        if let channel { properties.append(("channel", .string(channel))) }
        if let method { properties.append(("method", .string(method))) }
        if let wording { properties.append(("wording", .string(wording))) }
        var batch = Batch()
        batch.append(
            header, name: given ? Self.givenName : Self.withdrawnName, messageID: id, identifiers: [(.customer, customer.description)],
            properties: JSON.object(properties.map { JSON.Member($0.0, $0.1) }))
        let position = try await ledger.append(batch)
        guard await pipeline.wait(for: position.body, atMost: 30) else { throw PipelineProblem.behind }
    }
}
