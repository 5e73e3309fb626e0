import Identity
import Kernel
import Ledger
import Simdjson

extension Collector {
    /// Adds the item's identifiers to the record begun: of each kind of the identity rules the first that is found.
    ///
    /// - Throws: ``ItemProblem`` when none is of use, or one that the item gives outright is broken.
    func identify(_ type: CallType, _ fields: UnsafeMutablePointer<JSONValueView?>, _ workspace: inout Workspace, _ batch: inout Batch)
        throws(ItemProblem)
    {
        for (field, name) in Self.outright {
            guard let value = fields[field] else { continue }
            guard let text = Self.text(value, &workspace.scratch) else { throw .wrongType(field: name, expected: "text or a number") }
            // What some clients send for nobody is taken as left out.
            if Self.isBlank(text) { fields[field] = nil }
        }
        if type == .alias {
            if fields[Field.userID] == nil { throw .missing(field: "userId") }
            if fields[Field.previousID] == nil { throw .missing(field: "previousId") }
        }
        if type == .group, fields[Field.groupID] == nil { throw .missing(field: "groupId") }
        var blocked: ItemProblem?
        var joins = false
        var last: Int32 = -1
        for source in table.sources where source.kind != last {
            guard let value = fields[Int(source.field)], let text = Self.text(value, &workspace.scratch), !Self.isBlank(text) else { continue }
            last = source.kind
            let kind = rules.kinds[Int(source.kind)]
            let before = batch.identifierCount
            try add(kind, text, Int(source.field), &batch, &blocked)
            if kind.unique && batch.identifierCount > before { joins = true }
            if type == .alias, source.field == Int32(Field.userID), let blocked { throw blocked }
        }
        if type == .alias, let value = fields[Field.previousID], let text = Self.text(value, &workspace.scratch) {
            try add(IdentityRules.previous, text, Field.previousID, &batch, &blocked)
            if batch.identifierCount < 2 { throw blocked ?? .noIdentifier }
        }
        // What is only found by, as an order number, does not say whose interaction it is.
        if !joins { throw blocked ?? .noIdentifier }
        if type == .identify && !rules.matches.isEmpty { match(fields, &batch) }
    }

    /// Adds what the match rules make of the traits said in this call: a rule's name and its values, parted by the unit
    /// separator. They join like identifiers, and nobody is found by them.
    private func match(_ fields: UnsafeMutablePointer<JSONValueView?>, _ batch: inout Batch) {
        let said = [fields[Field.traits], fields[Field.contextTraits], fields[Field.sharedContextTraits]].compactMap { $0 }
        let keys = rules.matchKeys { name in
            for traits in said {
                if let value = traits[named: name], !value.isNull { return value.string ?? value.toJSON().text }
            }
            return nil
        }
        for (rule, values) in keys where batch.identifierCount < RecordHeader.maximumIdentifiers {
            var text = ([rule.name] + values).joined(separator: "\u{1F}")
            guard text.utf8.count <= RecordHeader.maximumIdentifierValue else { continue }
            text.withUTF8 { batch.identifier(.match, UnsafeRawBufferPointer($0)) }
        }
    }

    /// The fields that say outright who it is.
    private static let outright = [
        (Field.userID, "userId"), (Field.anonymousID, "anonymousId"), (Field.previousID, "previousId"), (Field.groupID, "groupId"),
    ]

    private func add(_ kind: IdentityRules.Kind, _ text: UnsafeRawBufferPointer, _ field: Int, _ batch: inout Batch, _ blocked: inout ItemProblem?)
        throws(ItemProblem)
    {
        guard batch.identifierCount < RecordHeader.maximumIdentifiers else { throw .tooManyIdentifiers(limit: RecordHeader.maximumIdentifiers) }
        let refusal = rules.normalise(kind, text) { batch.identifier(kind.kind, $0) }
        switch refusal {
        case nil: return
        case .blocked(let pattern):
            if blocked == nil { blocked = .blockedIdentifier(kind.name, pattern: pattern) }
        case .invalid(let what):
            // An address or a number that somebody mistyped stays in the traits and identifies nobody.
            if let name = Self.outright.first(where: { $0.0 == field })?.1 { throw .invalidIdentifier(field: name, what: what) }
        }
    }
}
