import Consent
import Customers
import Kernel
import Ledger
import Notes
import Simdjson

/// Takes out of what is shown what somebody does not get to see. One word stands in the place of each value, whatever it was, so that
/// neither its length nor whether two are the same can be told.
///
/// Hidden are the values of the fields named: identifiers, traits, and members of properties and context at any depth. Since people write
/// such values into texts too, a customer's hidden values are also taken out of all other texts about them, and so is whatever looks like
/// an e-mail address or a phone number when those are hidden.
package struct Mask: Sendable {
    /// What stands in the place of a hidden value.
    package static let hidden = "hidden"

    let fields: PersonalFields

    init(_ fields: [String]) { self.fields = PersonalFields(fields) }

    /// Hides nothing.
    package static let none = Mask([])

    /// True when it hides nothing.
    package var isNone: Bool { fields.isEmpty }

    private var hidesName: Bool { fields.families.contains(.name) }

    // MARK: What is known

    /// The values of a customer that are hidden, as they would stand in a text; the longest first.
    func secrets(of view: CustomerView) -> [String] {
        if isNone { return [] }
        var found: Set<String> = []
        func add(_ value: JSON) {
            switch value {
            case .string(let text): found.insert(text.trimmed)
            case .integer(let number): found.insert(String(number))
            case .array(let inner): inner.forEach(add)
            case .object(let members): members.forEach { add($0.value) }
            case .null, .bool, .number: break
            }
        }
        for trait in view.traits { if fields.contains(trait.key) { add(trait.value) } else { inner(trait.value, add) } }
        for identifier in view.identifiers where fields.contains(identifier.kind) { found.insert(identifier.value) }
        if hidesName {
            if let name = view.name { found.insert(name) }
            // Of a name each word is one too: people are called by a part of it.
            let names = view.traits.filter { PersonalFields(["name"]).contains($0.key) }.compactMap(\.value.string) + [view.name].compactMap { $0 }
            for name in names { for word in name.split(whereSeparator: { !$0.isLetter && $0 != "-" && $0 != "'" }) { found.insert(String(word)) } }
        }
        return found.filter { $0.count >= 2 }.sorted { ($1.count, $0) < ($0.count, $1) }
    }

    private func inner(_ value: JSON, _ add: (JSON) -> Void) {
        for member in value.members ?? [] { if fields.contains(member.key) { add(member.value) } else { inner(member.value, add) } }
        for element in value.array ?? [] { inner(element, add) }
    }

    // MARK: JSON

    /// An object's or a list's values without what is hidden.
    /// - Parameters:
    ///   - secrets: What is hidden of the customer it is about: see ``secrets(of:)``.
    ///   - parent: The name of the member that it is the value of.
    func json(_ value: JSON, _ secrets: [String], called parent: String = "") -> JSON {
        switch value {
        case .object(let members):
            let keys = members.map(\.key)
            return .object(
                members.map { member in
                    if !member.value.isNull, fields.contains(member.key, in: keys, called: parent) { return .init(member.key, .string(Self.hidden)) }
                    return .init(text(member.key, secrets), json(member.value, secrets, called: member.key))
                })
        case .array(let elements): return .array(elements.map { json($0, secrets, called: parent) })
        case .string(let text): return .string(self.text(text, secrets))
        case .integer(let number): return secrets.contains(String(number)) ? .string(Self.hidden) : value
        case .null, .bool, .number: return value
        }
    }

    /// JSON text without what is hidden; empty when it is none.
    func json(_ bytes: [UInt8], _ secrets: [String], called parent: String) -> [UInt8] {
        guard !bytes.isEmpty, let value = try? JSON.parse(bytes) else { return [] }
        return json(value, secrets, called: parent).bytes
    }

    // MARK: Customers

    func callAsFunction(_ view: CustomerView) -> CustomerView {
        if isNone { return view }
        let secrets = secrets(of: view)
        var view = view
        view.isNameHidden = hidesName && view.name != nil
        view.name = hidesName ? nil : view.name.map { text($0, secrets) }
        for i in view.identifiers.indices {
            view.identifiers[i].value = identifier(view.identifiers[i].kind, view.identifiers[i].value, secrets)
        }
        for i in view.traits.indices {
            let trait = view.traits[i]
            view.traits[i].value = fields.contains(trait.key) ? .string(Self.hidden) : json(trait.value, secrets, called: trait.key)
        }
        view.merges = view.merges.map { self($0, secrets) }
        return view
    }

    func identifier(_ kind: String, _ value: String, _ secrets: [String]) -> String {
        fields.contains(kind) ? Self.hidden : text(value, secrets)
    }

    func callAsFunction(_ merge: Merge, _ secrets: [String] = []) -> Merge {
        if isNone { return merge }
        var merge = merge
        var gone: [String] = []
        switch merge.reason {
        case .identifiers(let kind, let value, let otherKind, let otherValue):
            let shown = (
                value.isEmpty ? value : identifier(kind, value, secrets), otherValue.isEmpty ? "" : identifier(otherKind, otherValue, secrets)
            )
            if shown.0 != value { gone.append(value) }
            if shown.1 != otherValue { gone.append(otherValue) }
            merge.reason = .identifiers(kind: kind, value: shown.0, otherKind: otherKind, otherValue: shown.1)
        case .match(let rule, let values):
            let traits = rule.split(separator: "+").map { $0.trimmed }
            let isHidden = { (i: Int) in traits.count == values.count ? fields.contains(traits[i]) : traits.contains(where: fields.contains) }
            let shown = values.indices.map { isHidden($0) ? Self.hidden : text(values[$0], secrets) }
            gone += zip(values, shown).filter { $0 != $1 && !$0.isEmpty }.map(\.0)
            merge.reason = .match(rule: rule, values: shown)
        case .person(let name, let note): merge.reason = .person(name: name, note: note.map { text($0, secrets) })
        }
        for value in gone.sorted(by: { $0.count > $1.count }) { merge.sentence = merge.sentence.replacing(value, with: Self.hidden) }
        merge.sentence = text(merge.sentence, secrets)
        return merge
    }

    /// A customer found; the kind that matched may be told, its value not.
    func callAsFunction(_ found: Found) -> Found {
        if isNone { return found }
        var found = found
        found.isNameHidden = hidesName && found.name != nil
        found.name = hidesName ? nil : found.name.map { text($0, []) }
        found.value = identifier(found.matched, found.value, [])
        return found
    }

    func callAsFunction(_ row: CustomerRow) -> CustomerRow {
        if isNone { return row }
        var row = row
        row.isNameHidden = hidesName && row.name != nil
        row.name = hidesName ? nil : row.name.map { text($0, []) }
        if let known = row.identifier { row.identifier = (known.kind, identifier(known.kind, known.value, [])) }
        return row
    }

    /// Whether a search may find somebody by the beginning of such a value. What is hidden is found by the whole of it alone, so that
    /// nobody can spell it out.
    func mayBegin(_ kind: String, _ value: String) -> Bool { isNone || identifier(kind, value, []) == value }

    // MARK: What happened

    /// - Parameter kindName: The name of a kind of identifier.
    func callAsFunction(_ item: HistoryItem, _ secrets: [String], kindName: (IdentifierKind) -> String) -> HistoryItem {
        if isNone { return item }
        var item = item
        item.interaction.messageID = text(item.interaction.messageID, secrets)
        for i in item.interaction.identifiers.indices {
            let known = item.interaction.identifiers[i]
            item.interaction.identifiers[i].value = identifier(kindName(known.kind), known.value, secrets)
        }
        // What a page or a screen is called is no person's name.
        let isPlace = item.interaction.type == .page || item.interaction.type == .screen
        item.interaction.properties = json(item.interaction.properties, secrets, called: isPlace ? "page" : "")
        item.interaction.context = json(item.interaction.context, secrets, called: "context")
        return item
    }

    func callAsFunction(_ live: LiveItem, _ secrets: [String], kindName: (IdentifierKind) -> String) -> LiveItem {
        if isNone { return live }
        return LiveItem(item: self(live.item, secrets, kindName: kindName), name: hidesName ? nil : live.name.map { text($0, secrets) })
    }

    func callAsFunction(_ note: Note, _ secrets: [String]) -> Note {
        if isNone { return note }
        return note.saying(text(note.text, secrets))
    }

    /// How reasons of likely duplicates begin, and the fields whose values follow.
    private static let reasons: [(start: String, fields: [String])] = [
        ("same name:", ["name"]), ("names alike:", ["name"]), ("but names differ:", ["name"]), ("same date of birth", ["birthday"]),
        ("dates of birth alike:", ["birthday"]), ("but dates of birth differ:", ["birthday"]), ("same phone", ["phone"]),
        ("same address:", ["street", "postcode", "city"]), ("same area:", ["street", "postcode", "city"]),
        ("addresses alike:", ["street", "postcode", "city"]), ("but addresses differ:", ["street", "postcode", "city"]),
    ]

    func callAsFunction(_ review: Review, _ secrets: [String]) -> Review {
        if isNone { return review }
        var review = review
        review.reasons = review.reasons.map { reason in
            // One that nobody listed here says too little of what is in it.
            guard let known = Self.reasons.first(where: { reason.hasPrefix($0.start) }) else { return Self.hidden }
            return known.fields.contains(where: fields.contains) ? known.start + " " + Self.hidden : text(reason, secrets)
        }
        return review
    }

    func callAsFunction(_ change: ConsentChange, _ secrets: [String]) -> ConsentChange {
        var change = change
        change.purpose = text(change.purpose, secrets)
        change.method = change.method.map { text($0, secrets) }
        change.wording = change.wording.map { text($0, secrets) }
        return change
    }

    func callAsFunction(_ state: ConsentState, _ secrets: [String]) -> ConsentState {
        isNone ? state : ConsentState(history: state.history.map { self($0, secrets) })
    }

    func callAsFunction(_ item: Quarantined) -> Quarantined {
        if isNone { return item }
        var item = item
        item.refused.messageID = item.refused.messageID.map { text($0, []) }
        item.refused.reason = text(item.refused.reason, [])
        let isTruncated = item.isTruncated
        item.refused.item = Array(refused(String(decoding: item.refused.item, as: UTF8.self)).utf8)
        // What is shown has other bytes than came; whether all of it was kept stays as it was.
        item.bytes = isTruncated ? max(item.bytes, item.refused.item.count + 1) : item.refused.item.count
        return item
    }

    func callAsFunction(_ group: RefusalGroup) -> RefusalGroup {
        if isNone { return group }
        var group = group
        group.reason = text(group.reason, [])
        return group
    }

    func callAsFunction(_ done: Replayed) -> Replayed {
        if isNone { return done }
        var done = done
        for i in done.refusals.indices { done.refusals[i].reason = text(done.refusals[i].reason, []) }
        done.reasons = Dictionary(done.reasons.map { (text($0.key, []), $0.value) }) { $0 + $1 }
        return done
    }

    /// An item as it came, refused: its JSON without what is hidden, or nothing of it when it is no JSON.
    func refused(_ item: String) -> String {
        if isNone { return item }
        guard let value = try? JSON.parse(Array(item.utf8)) else { return Self.hidden }
        return json(value, []).text
    }
}
