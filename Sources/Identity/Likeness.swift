import Foundation

/// How likely two customers are one person that no rule joins: for the review queue, where a person decides.
///
/// First ``blockingKeys(of:)``: only customers that share a key are compared at all, so that a million customers are not
/// compared with a million others. Then ``compare(_:_:)`` weighs what agrees against what differs after Fellegi and Sunter
/// (A theory for record linkage, JASA 64, 1969): each field known of both adds the logarithm (to base 2) of how much more often
/// it agrees, or differs, in two records of one person than in two of strangers. A field that one of them lacks says nothing.
/// The weights below are fixed round figures for a customer base of a middling size, not fitted to any data.
package enum Likeness {
    /// From here on two customers are shown for review. On febrl-1 all pairs above it are truly one person, and they are nine
    /// in ten of those there are; the others have two fields that contradict.
    package static let threshold = 0.9

    /// A block with more customers than this tells nothing (a switchboard, a placeholder date): nobody in it is compared.
    package static let largestBlock = 50

    /// What comparing two customers gave.
    package struct Verdict: Sendable, Equatable {
        /// 0 to 1: how likely they are one person.
        package var likeness: Double
        /// Why, as short sentences, the weightiest first; what speaks against it begins with "but".
        package var reasons: [String]
    }

    /// In how many bits each field speaks for (or against) two customers being one person.
    private enum Weight {
        /// Before anything is compared: of 4,000 pairs that share a blocking key by chance one is of one person.
        static let before = -12.0
        static let given = (same: 6.0, alike: 4.0, initial: 1.0, unlike: -8.0, other: -14.0)
        static let surname = (same: 7.0, alike: 5.0, other: -4.0)
        static let birth = (same: 11.0, alike: 5.0, other: -9.0)
        static let phone = (same: 16.0, other: -1.0)
        static let street = (same: 8.0, alike: 6.0, other: -2.0, unlike: -4.0)
        static let postcode = (same: 4.0, alike: 1.0, other: -1.5)
        static let city = (same: 2.0, alike: 1.5, other: -1.0)
        /// The most that postcode and city tell together when a street is missing: thousands live there.
        static let area = 2.0
        /// Phone and address together tell the household, however many of them agree; a household is more than one person.
        static let household = 16.0
        /// From this similarity (Jaro-Winkler) on names and streets are alike; below `unlike` they are others.
        static let alike = 0.9
        static let unlike = 0.8
    }

    /// Keys by which customers are found who might be one person. Two customers who share none are not compared.
    ///
    /// Each key leaves something out, so that an error in any one field still leaves a key in common.
    package static func blockingKeys(of person: Person) -> [String] {
        let surname = person.surname.map { sound($0.folded) }
        let given = person.given.map { sound($0.folded.prefix { $0 != " " }.description) }
        let postcode = person.postcode?.folded
        let birth = person.birth?.description
        var keys: [String] = []
        func add(_ name: String, _ parts: String?...) {
            let known = parts.compactMap { $0 }
            if known.count == parts.count { keys.append("\(name):\(known.joined(separator: "|"))") }
        }
        add("phone", person.phone)
        add("surname-postcode", surname, postcode)
        add("surname-birth", surname, birth)
        add("given-birth", given, birth)
        add("given-postcode", given, postcode)
        add("given-surname-city", given, surname, person.city?.folded)
        add("birth-postcode", birth, postcode)
        // Also for names written the other way round.
        if let given, let surname { add("names", min(given, surname), max(given, surname)) }
        add("birth-house", birth, person.street?.folded.split(separator: " ").first { $0.contains(where: \.isNumber) }.map(String.init))
        if let street = person.street, street.folded.contains(where: \.isNumber) {
            add("street-place", street.folded, postcode ?? person.city?.folded)
        }
        var seen: Set<String> = []
        return keys.filter { seen.insert($0).inserted }
    }

    /// Weighs two customers. The same whichever comes first, but for the order of names in the reasons.
    package static func compare(_ a: Person, _ b: Person) -> Verdict {
        var scale = Scale()
        scale.add(names(a, b))
        scale.add(birth(a, b))
        var household = Scale()
        household.add(phone(a, b))
        household.add(address(a, b))
        scale.bits += min(household.bits, Weight.household)
        scale.reasons += household.reasons
        let reasons = scale.reasons.sorted { abs($0.bits) == abs($1.bits) ? $0.words < $1.words : abs($0.bits) > abs($1.bits) }
        let odds = Weight.before + scale.bits
        return Verdict(likeness: 1 / (1 + exp2(-odds)), reasons: (reasons.filter { $0.bits > 0 } + reasons.filter { $0.bits < 0 }).map(\.words))
    }

    private struct Reason {
        var bits: Double
        var words: String
    }

    private struct Scale {
        var bits = 0.0
        var reasons: [Reason] = []
        mutating func add(_ more: Scale) {
            bits += more.bits
            reasons += more.reasons
        }
        mutating func add(_ more: Double, _ words: String?) {
            bits += more
            if let words { reasons.append(Reason(bits: more, words: words)) }
        }
    }

    // MARK: Names

    private static func names(_ a: Person, _ b: Person) -> Scale {
        let straight = names(a.given, a.surname, b.given, b.surname)
        let crossed = names(a.surname, a.given, b.given, b.surname)
        // Written the other way round names speak a little less.
        let whole = a.given != nil && a.surname != nil && b.given != nil && b.surname != nil
        let bits = whole ? max(straight, crossed - 2) : straight
        var scale = Scale()
        func shown(_ p: Person) -> String { [p.given?.shown, p.surname?.shown].compactMap { $0 }.joined(separator: " ") }
        let (one, other) = (shown(a), shown(b))
        if one.isEmpty || other.isEmpty { return scale }
        let same = a.given?.folded == b.given?.folded && a.surname?.folded == b.surname?.folded
        scale.add(
            bits, bits == 0 ? nil : same ? "same name: \(one)" : bits > 0 ? "names alike: \(one), \(other)" : "but names differ: \(one), \(other)")
        return scale
    }

    private static func names(_ givenA: Person.Value?, _ surnameA: Person.Value?, _ givenB: Person.Value?, _ surnameB: Person.Value?) -> Double {
        var bits = 0.0
        if let a = surnameA?.folded, let b = surnameB?.folded {
            bits += a == b ? Weight.surname.same : jaroWinkler(a, b) >= Weight.alike ? Weight.surname.alike : Weight.surname.other
        }
        if let a = givenA?.folded, let b = givenB?.folded { bits += given(a, b) }
        return bits
    }

    /// Given names, of which people use one, two, or the first letter.
    private static func given(_ a: String, _ b: String) -> Double {
        if a == b { return Weight.given.same }
        let (one, other) = (a.split(separator: " "), b.split(separator: " "))
        guard let first = one.first, let second = other.first else { return 0 }
        if first == second { return Weight.given.alike }
        if first.count == 1 || second.count == 1 { return first.first == second.first ? Weight.given.initial : Weight.given.other }
        if isSwap(first, second) { return Weight.given.alike }
        let similarity = max(jaroWinkler(String(first), String(second)), jaroWinkler(a, b))
        return similarity >= Weight.alike ? Weight.given.alike : similarity >= Weight.unlike ? Weight.given.unlike : Weight.given.other
    }

    // MARK: Birth, phone and address

    private static func birth(_ a: Person, _ b: Person) -> Scale {
        var scale = Scale()
        guard let one = a.birth, let other = b.birth else { return scale }
        if one == other {
            scale.add(Weight.birth.same, "same date of birth \(one)")
        } else if one.isNear(other) {
            scale.add(Weight.birth.alike, "dates of birth alike: \(one), \(other)")
        } else {
            scale.add(Weight.birth.other, "but dates of birth differ: \(one), \(other)")
        }
        return scale
    }

    private static func phone(_ a: Person, _ b: Person) -> Scale {
        var scale = Scale()
        guard let one = a.phone, let other = b.phone else { return scale }
        if one == other { scale.add(Weight.phone.same, "same phone \(one)") } else { scale.add(Weight.phone.other, nil) }
        return scale
    }

    private static func address(_ a: Person, _ b: Person) -> Scale {
        var bits = 0.0
        if let one = a.street?.folded, let other = b.street?.folded { bits += one == other ? Weight.street.same : streets(one, other) }
        if let one = a.postcode?.folded, let other = b.postcode?.folded {
            let slip = oneLetterApart(one, other) || one.sorted() == other.sorted()
            bits += one == other ? Weight.postcode.same : slip ? Weight.postcode.alike : Weight.postcode.other
        }
        if let one = a.city?.folded, let other = b.city?.folded {
            bits += one == other ? Weight.city.same : jaroWinkler(one, other) >= Weight.alike ? Weight.city.alike : Weight.city.other
        }
        if a.street == nil || b.street == nil { bits = min(bits, Weight.area) }
        var scale = Scale()
        func shown(_ p: Person) -> String { [p.street?.shown, p.postcode?.shown, p.city?.shown].compactMap { $0 }.joined(separator: ", ") }
        let same = a.street?.folded == b.street?.folded && a.postcode?.folded == b.postcode?.folded && a.city?.folded == b.city?.folded
        let words =
            same
            ? "same \(a.street == nil ? "area" : "address"): \(shown(a))"
            : bits > 3 ? "addresses alike: \(shown(a)); \(shown(b))" : bits < -2 ? "but addresses differ: \(shown(a)); \(shown(b))" : nil
        scale.add(bits, bits == 0 ? nil : words)
        return scale
    }

    /// Streets are alike when their words are and no number contradicts: 12 and 14 High Street are neighbours. Where neither words
    /// nor numbers agree nothing was misspelled: one of the two lives elsewhere.
    private static func streets(_ a: String, _ b: String) -> Double {
        func numbers(_ text: String) -> Set<Substring> { Set(text.split(separator: " ").filter { $0.contains(where: \.isNumber) }) }
        func words(_ text: String) -> String { text.split(separator: " ").filter { !$0.contains(where: \.isNumber) }.joined() }
        let (one, other) = (numbers(a), numbers(b))
        let contradict = !one.isEmpty && !other.isEmpty && one.isDisjoint(with: other)
        let similarity = jaroWinkler(words(a), words(b))
        if contradict { return similarity >= Weight.unlike ? Weight.street.other : Weight.street.unlike }
        return similarity >= Weight.alike ? Weight.street.alike : Weight.street.other
    }

    /// True when only two neighbouring letters are swapped, which Jaro-Winkler does not see in short names: Amy, Aym.
    private static func isSwap(_ a: Substring, _ b: Substring) -> Bool {
        let (one, other) = (Array(a), Array(b))
        guard one.count == other.count, let i = one.indices.first(where: { one[$0] != other[$0] }), i + 1 < one.count else { return false }
        return one[i] == other[i + 1] && one[i + 1] == other[i] && one[(i + 2)...] == other[(i + 2)...]
    }

    private static func oneLetterApart(_ a: String, _ b: String) -> Bool {
        a.count == b.count && zip(a, b).count { $0 != $1 } == 1
    }
}
