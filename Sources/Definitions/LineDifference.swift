/// What is different between two texts, line by line.
package struct LineDifference: Sendable, Equatable {
    package enum Mark: Sendable, Equatable { case same, added, removed }

    package struct Line: Sendable, Equatable {
        package var mark: Mark
        package var text: String
    }

    /// The lines of both texts, in order; what went stands before what came in its place.
    package let lines: [Line]

    /// True when not a line differs.
    package var isNothing: Bool { lines.allSatisfy { $0.mark == .same } }

    /// Lines that differ on either side beyond which the middle counts as replaced as a whole: comparing takes time by their product.
    static let most = 2_000

    /// Compares two texts. A line break at the end is no line of its own.
    package init(from old: String, to new: String) {
        let old = Self.split(old)
        let new = Self.split(new)
        let head = zip(old, new).prefix { $0 == $1 }.count
        let tail = zip(old[head...].reversed(), new[head...].reversed()).prefix { $0 == $1 }.count
        let went = Array(old[head..<(old.count - tail)])
        let came = Array(new[head..<(new.count - tail)])
        lines =
            old[..<head].map { Line(mark: .same, text: String($0)) } + Self.middle(went, came)
            + old.suffix(tail).map { Line(mark: .same, text: String($0)) }
    }

    private static func middle(_ old: [Substring], _ new: [Substring]) -> [Line] {
        guard old.count <= most, new.count <= most else {
            return old.map { Line(mark: .removed, text: String($0)) } + new.map { Line(mark: .added, text: String($0)) }
        }
        let difference = new.difference(from: old)
        let gone = Set(difference.removals.compactMap { if case .remove(let at, _, _) = $0 { at } else { nil } })
        let came = Set(difference.insertions.compactMap { if case .insert(let at, _, _) = $0 { at } else { nil } })
        var out: [Line] = []
        var i = 0
        var j = 0
        while i < old.count || j < new.count {
            if gone.contains(i) {
                out.append(Line(mark: .removed, text: String(old[i])))
                i += 1
            } else if came.contains(j) {
                out.append(Line(mark: .added, text: String(new[j])))
                j += 1
            } else {
                out.append(Line(mark: .same, text: String(old[i])))
                i += 1
                j += 1
            }
        }
        return out
    }

    /// What differs with so many unchanged lines around it; nil stands where unchanged lines are left out.
    package func excerpt(around: Int = 2) -> [Line?] {
        var out: [Line?] = []
        var last = -1
        for at in lines.indices where lines[max(0, at - around)...min(lines.count - 1, at + around)].contains(where: { $0.mark != .same }) {
            if at > last + 1 { out.append(nil) }
            out.append(lines[at])
            last = at
        }
        if last >= 0, last < lines.count - 1 { out.append(nil) }
        return out
    }

    private static func split(_ text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
