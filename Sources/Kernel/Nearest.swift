/// Finds the word that somebody meant.
package enum Nearest {
    /// The known word nearest to what was written, or nil when none is near: a third of its letters may differ, one at least.
    package static func word(to written: String, among known: [String]) -> String? {
        let letters = Array(written.lowercased().prefix(100))
        let allowed = max(1, letters.count / 3)
        var nearest: (distance: Int, word: String)?
        for word in known {
            let other = Array(word.lowercased())
            // So many letters at least have to be put in or left out: among many words most need no closer look.
            guard abs(other.count - letters.count) <= allowed else { continue }
            let found = (distance(letters, other), word)
            if found.0 <= allowed, nearest.map({ found < $0 }) ?? true { nearest = found }
        }
        return nearest?.word
    }

    /// The most words that ``advice(for:among:)`` names.
    package static let mostNamed = 40

    /// What to do about an unknown word: the nearest known one, or all of them; of many the first and how many more there are.
    package static func advice(for written: String, among known: [String]) -> String {
        if let word = word(to: written, among: known) { return "did you mean \(word)?" }
        if known.isEmpty { return "remove it" }
        let more = known.count > mostNamed ? " and \(known.count - mostNamed) more" : ""
        return "known here: \(known.sorted().prefix(mostNamed).joined(separator: ", "))\(more)"
    }

    /// How many letters must be put in, left out, changed or swapped with their neighbour: optimal string alignment, the
    /// form of Damerau (1964) that changes no part twice.
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { row[j] = min(row[j], before[j - 2] + 1) }
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
