extension IdentityRules {
    /// What a customer can be matched by: for each match rule whose traits are all known, their values written one way.
    ///
    /// Two customers with the same values for the same rule are one. A rule gives no key when one of its traits is missing,
    /// blank, blocked, longer than ``longestValue``, or (where a kind of identifier is taken from that trait, as `phone`) none
    /// of its kind: what is not known agrees with nobody. On febrl-1 keys of blanks would join strangers.
    ///
    /// A trait that a kind of identifier is taken from is normalised as that kind. Every other is folded: compatibility
    /// forms brought together (NFKC), case ignored, white space around it gone and within it one space. Accents and
    /// punctuation stay, since an exact rule must not guess.
    /// - Parameter traits: The value of a trait as text (a number or a truth value as JSON writes it), or nil.
    package func matchKeys(traits: (String) -> String?) -> [(rule: Match, values: [String])] {
        matches.compactMap { rule in
            var values: [String] = []
            for trait in rule.traits {
                guard let value = traits(trait), let normal = normalise(trait: trait, value) else { return nil }
                values.append(normal)
            }
            return (rule, values)
        }
    }

    private func normalise(trait: String, _ value: String) -> String? {
        if let kind = kinds.first(where: { $0.from.contains("traits.\(trait)") }) { return try? normalise(kind, value).get() }
        // Before anything is made of it: compatibility forms unfold to 18 characters at most (UAX 15).
        guard value.utf8.count <= Self.longestValue else { return nil }
        var folded = Folding.same(value)
        let usable = folded.withUTF8 { !$0.isEmpty && $0.count <= Self.longestValue && blocked.pattern(blocking: UnsafeRawBufferPointer($0)) == nil }
        return usable ? folded : nil
    }
}
