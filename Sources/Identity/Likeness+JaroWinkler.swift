// How alike two short texts are, and how a name sounds.
//
// Jaro: M. A. Jaro, Advances in record-linkage methodology, JASA 84 (1989). Winkler's prefix: W. E. Winkler, String comparator
// metrics and enhanced decision rules in the Fellegi-Sunter model of record linkage (1990). Soundex: R. C. Russell, US patent
// 1,261,167 (1918), as the US National Archives code names with it.

extension Likeness {
    /// Jaro-Winkler similarity, 0 (nothing in common) to 1 (the same): the share of letters in common and in order, more for a
    /// common beginning (0.1 of what is missing for each of up to 4 letters, where the similarity is above 0.7).
    package static func jaroWinkler(_ a: String, _ b: String) -> Double {
        jaroWinkler(Array(a.unicodeScalars), Array(b.unicodeScalars))
    }

    static func jaroWinkler(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Double {
        let jaro = jaro(a, b)
        guard jaro > 0.7 else { return jaro }
        let prefix = zip(a, b).prefix(4).prefix { $0 == $1 }.count
        return jaro + Double(prefix) * 0.1 * (1 - jaro)
    }

    private static func jaro(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Double {
        if a.isEmpty || b.isEmpty { return a.isEmpty && b.isEmpty ? 1 : 0 }
        let window = max(0, max(a.count, b.count) / 2 - 1)
        var taken = [Bool](repeating: false, count: b.count)
        var common: [Unicode.Scalar] = []
        for (i, c) in a.enumerated() {
            let from = max(0, i - window)
            let to = min(b.count, i + window + 1)
            guard from < to, let j = (from..<to).first(where: { !taken[$0] && b[$0] == c }) else { continue }
            taken[j] = true
            common.append(c)
        }
        if common.isEmpty { return 0 }
        let others = b.indices.filter { taken[$0] }.map { b[$0] }
        let moved = zip(common, others).count { $0 != $1 } / 2
        let m = Double(common.count)
        return (m / Double(a.count) + m / Double(b.count) + (m - Double(moved)) / m) / 3
    }

    /// How a folded name sounds: Soundex, a letter and three digits, for names in Latin letters; the first three letters of
    /// any other. Empty for an empty name.
    static func sound(_ name: String) -> String {
        let letters = name.utf8.filter { $0 != 32 }
        guard letters.allSatisfy({ (97...122).contains($0) }) else { return String(name.filter { $0 != " " }.prefix(3)) }
        guard let first = letters.first else { return "" }
        var code = [first]
        var before = digit(first)
        for c in letters.dropFirst() {
            let d = digit(c)
            // h and w between two letters of the same digit leave them one; a vowel makes them two.
            if c == UInt8(ascii: "h") || c == UInt8(ascii: "w") { continue }
            if d != 0, d != before { code.append(48 + d) }
            before = d
            if code.count == 4 { break }
        }
        while code.count < 4 { code.append(48) }
        return String(decoding: code, as: UTF8.self)
    }

    private static func digit(_ c: UInt8) -> UInt8 {
        switch Unicode.Scalar(c) {
        case "b", "f", "p", "v": 1
        case "c", "g", "j", "k", "q", "s", "x", "z": 2
        case "d", "t": 3
        case "l": 4
        case "m", "n": 5
        case "r": 6
        default: 0
        }
    }
}
