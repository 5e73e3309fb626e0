package import Access
import Audit
package import Consent
import Customers
package import Kernel
import Ledger
import Rendering

/// A word on consent that was not written down: why, and what was typed.
struct RefusedConsent: Sendable {
    var form: Parameters
    var reason: String
}

/// How to reach a customer, and what they agree to.
extension Console {
    /// Kinds of identifiers and traits by which people are reached, with the channel of each.
    private static let ways: [(channel: String, keys: [String])] = [
        ("email", ["email"]), ("phone", ["phone", "mobile", "telephone"]), ("letter", ["address"]),
    ]
    /// This much of the history stands on the page.
    static let consentsShown = 50

    func addConsents(to fields: inout Fields, of view: CustomerView, _ visit: Visit, _ refused: RefusedConsent?) async throws {
        let state = try await services.consents.state(view.id)
        let formats = visit.formats
        let ways = reach(view, formats)
        fields["reach"] = ways
        fields["hasReach"] = !ways.isEmpty
        fields["consents"] = state.current.map { row($0, view, formats) }
        fields["noConsents"] = state.history.isEmpty
        fields["hasConsents"] = !state.history.isEmpty
        let past = state.history.filter { !state.current.contains($0) }
        fields["pastConsents"] = past.prefix(Self.consentsShown).map { row($0, view, formats) }
        fields["pastConsentsCount"] = past.isEmpty ? nil : Formats.counted(past.count, "earlier word", "earlier words")
        guard visit.may(.annotate) else { return }
        let form = refused?.form ?? Parameters()
        fields["writeConsent"] = "/customers/\(view.id)/consents"
        fields["consentFault"] = refused?.reason
        fields["consentOpen"] = refused != nil
        fields["consentPurpose"] = form["purpose"] ?? "marketing"
        fields["consentMethod"] = form["method"]
        fields["consentWording"] = form["wording"]
        fields["consentPurposes"] = Array(Set(state.history.map(\.purpose) + ["marketing", "surveys", "profiling"])).sorted()
        fields["consentWithdrawn"] = form["given"] == "no"
        fields["consentChannels"] = services.channels().filter { $0 != "other" }.map {
            ["value": $0, "label": ChannelWords.title($0), "selected": form["channel"] == $0] as Fields
        }
    }

    /// The ways that are known, newest trait or oldest identifier of each, with when somebody last came by it.
    private func reach(_ view: CustomerView, _ formats: Formats) -> [Fields] {
        Self.ways.flatMap { way -> [Fields] in
            let known = view.identifiers.filter { way.keys.contains($0.kind) && !$0.former }.map(\.value)
            var values = known
            for key in way.keys {
                guard let trait = view.traits.first(where: { $0.key.lowercased() == key }) else { continue }
                let text = trait.value.string ?? Self.line(trait.value)
                if let text, !text.isEmpty, !values.contains(where: { Self.isSame($0, text) }) { values.append(text) }
            }
            return values.prefix(5).map { value in
                let last = view.channels.first { $0.name == way.channel }?.last
                return [
                    "icon": ChannelWords.icon(way.channel), "channel": ChannelWords.title(way.channel), "value": value, "last": last.map(formats.ago),
                ]
            }
        }
    }
    /// The same address or number in another way of writing.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        if a.lowercased() == b.lowercased() { return true }
        let digits = [a, b].map { $0.filter(\.isNumber) }
        return digits[0].count >= 7 && digits.allSatisfy { $0.hasSuffix(digits[0].suffix(7)) } && !b.contains("@")
    }
    /// An address in one line: its parts in the order they were sent.
    private static func line(_ value: JSON) -> String? {
        value.members.map { $0.compactMap(\.value.string).joined(separator: ", ") }
    }

    private func row(_ change: ConsentChange, _ view: CustomerView, _ formats: Formats) -> Fields {
        let on = change.channel.map { " on " + ChannelWords.inline($0) } ?? ""
        var how: [String] = []
        if let method = change.method { how.append(method) }
        if let by = change.recordedBy { how.append("written down by " + by) }
        return [
            "given": change.given, "words": (change.given ? "Agrees to " : "Does not agree to ") + change.purpose + on,
            "when": formats.shortDate(change.at), "whole": formats.whole(change.at), "at": change.at.rfc3339,
            "how": how.isEmpty ? nil : how.joined(separator: ", "), "wording": change.wording,
            "proof": "/customers/\(view.id)/interactions/\(change.position)",
        ]
    }

    /// `POST /customers/{id}/consents`: writes down what a customer said to a colleague.
    func writeConsent(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(reference, visit)
        let form = visit.request.form
        let given = form["given"] != "no"
        visit.trail.detail = given ? "given" : "withdrawn"
        do {
            try await services.consents.record(
                given, form["purpose"] ?? "", form["channel"], view.id, form["method"], form["wording"], visit.session.principal)
        } catch let problem as ConsentProblem where problem != .noCustomer {
            return try await customerPage(view, visit, refusedConsent: RefusedConsent(form: form, reason: Problem(problem).detail))
        }
        sessions.leave(
            Sessions.Flash(text: given ? "It is written down that they agree." : "It is written down that they do not agree."), for: visit.session)
        return .seeOther("/customers/\(view.id)#consent")
    }
}

/// What pages need of consent.
package struct ConsentServices: Sendable {
    package var state: @Sendable (CustomerID) async throws -> ConsentState
    /// Writes a word down; ``state`` has it when this returns. Throws ``ConsentProblem`` for one that cannot be written as it is.
    package var record:
        @Sendable (_ given: Bool, _ purpose: String, _ channel: String?, CustomerID, _ method: String?, _ wording: String?, Principal) async throws
            -> Void

    package init(
        state: @escaping @Sendable (CustomerID) async throws -> ConsentState = { _ in ConsentState(history: []) },
        record: @escaping @Sendable (Bool, String, String?, CustomerID, String?, String?, Principal) async throws -> Void = { _, _, _, _, _, _, _ in }
    ) {
        self.state = state
        self.record = record
    }
}
