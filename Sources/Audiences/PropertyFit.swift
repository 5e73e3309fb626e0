package import Formula
package import Kernel

/// Properties of interactions held against the kinds that somebody declared, and kinds guessed from what arrived.
package enum PropertyFit {
    /// Levels of objects and lists that are looked into for a guess.
    static let deepest = 4

    /// Whether formulas can read a value as this kind: as they read it, a number written as a text is a number.
    package static func fits(_ value: JSON, _ type: ValueType) -> Bool {
        switch type {
        case .number, .duration:
            if value.double != nil { return true }
            return value.string.flatMap { $0.utf8.count <= 40 ? Double($0) : nil }?.isFinite == true
        case .text: return value.string != nil || value.double != nil
        case .flag:
            if case .bool = value { return true }
            return ["true", "false", "yes", "no"].contains(value.string?.lowercased())
        case .date: return value.string.flatMap { Instant($0) } != nil
        case .texts: return value.array?.allSatisfy { fits($0, .text) } ?? false
        }
    }

    /// Every value at a path: `total`, `products[].price`. What is missing or null gives none.
    package static func values(_ path: PropertyPath, in properties: JSON) -> [JSON] {
        var found = [properties]
        for step in path.steps {
            found = found.compactMap { $0[step.key] }
            if step.isEach { found = found.flatMap { $0.array ?? [$0] } }
        }
        return found.filter { !$0.isNull }
    }

    /// A path as it is written in definitions; nil for one that formulas cannot name.
    package static func path(_ text: String) -> PropertyPath? {
        guard case .compare(_, let left, _)? = (try? Parser.parse("last(\"E\".\(text)) = 1"))?.kind, case .call(_, let events) = left.kind else {
            return nil
        }
        return events.property
    }

    /// A property that was found, and the kind that all its values fit.
    package struct Guess: Sendable, Equatable {
        /// `products[].price`
        package var path: String
        package var type: ValueType
        /// In how many of the interactions it is.
        package var count: Int

        package init(path: String, type: ValueType, count: Int) {
            self.path = path
            self.type = type
            self.count = count
        }
    }

    /// What interactions carry, as far as it can be seen from some of them: the properties of most of them first.
    /// - Returns: At most ``EventDefinition/mostProperties``.
    package static func guess(_ samples: [JSON]) -> [Guess] {
        var found: [PropertyPath: (types: Set<ValueType>, count: Int)] = [:]
        for sample in samples {
            var here: [PropertyPath: Set<ValueType>] = [:]
            gather(sample, [], &here)
            for (path, types) in here {
                let known = found[path] ?? ([], 0)
                found[path] = (known.types.union(types), known.count + 1)
            }
        }
        // What formulas cannot name is left out.
        let named = found.compactMap { path, it -> Guess? in
            let text = path.description
            guard text.utf8.count <= 200, self.path(text) == path else { return nil }
            return Guess(path: text, type: it.types.count == 1 ? it.types.first ?? .text : .text, count: it.count)
        }
        return Array(named.sorted { ($1.count, $0.path) < ($0.count, $1.path) }.prefix(EventDefinition.mostProperties))
    }

    /// Paths that ``paths(in:)`` gives at most.
    static let mostPaths = 5_000

    /// Every path at which something lies, without regard to what is a list. Nothing lies where null does.
    static func paths(in samples: [JSON]) -> Set<PropertyPath> {
        var found: Set<PropertyPath> = []
        func walk(_ value: JSON, _ steps: [PropertyPath.Step]) {
            if value.isNull || found.count >= mostPaths { return }
            if !steps.isEmpty { found.insert(PropertyPath(steps)) }
            for element in value.array ?? [] { walk(element, steps) }
            guard steps.count < 2 * deepest else { return }
            for member in value.members ?? [] { walk(member.value, steps + [PropertyPath.Step(member.key)]) }
        }
        for sample in samples { walk(sample, []) }
        return found
    }

    private static func gather(_ value: JSON, _ steps: [PropertyPath.Step], _ out: inout [PropertyPath: Set<ValueType>]) {
        func note(_ type: ValueType) { if !steps.isEmpty { out[PropertyPath(steps), default: []].insert(type) } }
        switch value {
        case .null: return
        case .bool: note(.flag)
        case .integer, .number: note(.number)
        // An order's number written as a text stays one: nobody adds those up.
        case .string(let text): note(text.utf8.count >= 10 && Instant(text) != nil ? .date : .text)
        case .object(let members):
            guard steps.count < deepest else { return }
            for member in members where !member.key.isEmpty { gather(member.value, steps + [PropertyPath.Step(member.key)], &out) }
        case .array(let values):
            guard let last = steps.last, steps.count <= deepest else { return }
            if values.contains(where: { $0.members != nil }) {
                let each = steps.dropLast() + [PropertyPath.Step(last.key, isEach: true)]
                for value in values.prefix(100) where value.members != nil { gather(value, Array(each), &out) }
            } else if !values.isEmpty {
                note(.texts)
            }
        }
    }
}
