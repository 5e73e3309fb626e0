package import Ledger
import Synchronization

/// Which raw customers are one person.
///
/// Raw customers are never rewritten: a merge adds an edge, an unmerge takes it away, so marks never move and a replay of
/// the ledger gives the same raw customer for the same interaction whatever was merged later. Union-find with path
/// halving (Tarjan and van Leeuwen 1984); the members of a person form a ring, so listing them reads nobody else.
package final class People: Sendable {
    package struct Tables: Sendable {
        var parent: [UInt32] = []
        var next: [UInt32] = []
        /// Bits of the kinds of identifiers that are known of each.
        var kinds: [UInt64] = []
        /// Persons: raw customers less active merges.
        package fileprivate(set) var people = 0
        package var count: Int { parent.count }

        /// The lowest raw customer of the person.
        package mutating func root(_ c: UInt32) -> UInt32 {
            var c = Int(c)
            while true {
                let p = Int(parent[c])
                if p == c { return UInt32(c) }
                let g = parent[p]
                parent[c] = g
                c = Int(g)
            }
        }

        mutating func add() -> UInt32 {
            let c = UInt32(parent.count)
            parent.append(c)
            next.append(c)
            kinds.append(0)
            people += 1
            return c
        }

        /// The lower root stays, so the outcome does not depend on the order of merges.
        mutating func union(_ a: UInt32, _ b: UInt32) -> (kept: UInt32, absorbed: UInt32)? {
            let x = root(a)
            let y = root(b)
            if x == y { return nil }
            let (kept, absorbed) = x < y ? (x, y) : (y, x)
            parent[Int(absorbed)] = kept
            next.swapAt(Int(kept), Int(absorbed))  // joins two rings
            people -= 1
            return (kept, absorbed)
        }

        mutating func members(of c: UInt32, _ out: inout [UInt32]) -> UInt32 {
            out.removeAll(keepingCapacity: true)
            let r = root(c)
            out.append(r)
            var m = next[Int(r)]
            while m != r {
                out.append(m)
                m = next[Int(m)]
            }
            return r
        }
    }

    private let tables = Mutex(Tables())
    package init() {}

    package var count: Int { tables.withLock { $0.count } }
    package var people: Int { tables.withLock { $0.people } }
    package func root(_ c: UInt32) -> UInt32 { tables.withLock { $0.root(c) } }
    /// Roots of several at once.
    package func roots(_ all: [UInt32]) -> [UInt32] { tables.withLock { t in all.map { t.root($0) } } }

    /// The root of every raw customer, by its number.
    package var allRoots: [UInt32] {
        // Worked out beside the lock, for which the pipeline would wait.
        var roots = tables.withLock { $0.parent }
        // A parent is never above its child, so in this order the parent's root is known already.
        for c in roots.indices { roots[c] = roots[Int(roots[c])] }
        return roots
    }

    /// The person's root, which is the first of the members written to `out`.
    @discardableResult
    package func members(of c: UInt32, _ out: inout [UInt32]) -> UInt32 { tables.withLock { $0.members(of: c, &out) } }
    package func members(of c: UInt32) -> [UInt32] {
        var out: [UInt32] = []
        members(of: c, &out)
        return out
    }

    /// All raw customers of that of two persons who has fewer.
    package func smaller(_ a: UInt32, _ b: UInt32) -> [UInt32] {
        tables.withLock { t in
            var left = [a]
            var right = [b]
            while true {
                let (l, r) = (t.next[Int(left.last!)], t.next[Int(right.last!)])
                if l == a { return left }
                if r == b { return right }
                left.append(l)
                right.append(r)
            }
        }
    }

    /// All of it as of now. What the pipeline changes afterwards is not in it.
    package var rings: Rings { tables.withLock { Rings(parent: $0.parent, next: $0.next, kinds: $0.kinds) } }

    /// Who is one person with whom, as of one moment.
    package struct Rings: Sendable {
        private let parent: [UInt32]
        private let next: [UInt32]
        private let kinds: [UInt64]
        /// Raw customers.
        package var count: Int { parent.count }

        fileprivate init(parent: [UInt32], next: [UInt32], kinds: [UInt64]) {
            self.parent = parent
            self.next = next
            self.kinds = kinds
        }

        package func isRoot(_ c: Int) -> Bool { parent[c] == UInt32(c) }

        /// For loops over everybody: the parent, the next of the ring, and the bits of the kinds of identifiers, by raw customer.
        package func withTables<R>(_ body: (UnsafePointer<UInt32>, UnsafePointer<UInt32>, UnsafePointer<UInt64>) throws -> R) rethrows -> R {
            try parent.withUnsafeBufferPointer { parent in
                try next.withUnsafeBufferPointer { next in
                    try kinds.withUnsafeBufferPointer { kinds in
                        // Of nobody there is nothing to point at.
                        var nobody: UInt64 = 0
                        return try withUnsafePointer(to: &nobody) { empty in
                            let none = UnsafeRawPointer(empty).assumingMemoryBound(to: UInt32.self)
                            return try body(parent.baseAddress ?? none, next.baseAddress ?? none, kinds.baseAddress ?? empty)
                        }
                    }
                }
            }
        }

        package func members(of c: Int) -> [UInt32] {
            var out: [UInt32] = []
            _ = members(of: c, into: &out)
            return out
        }

        /// Adds all raw customers of a person, the given one first, and gives back the bits of the kinds of identifiers known of them.
        package func members(of c: Int, into out: inout [UInt32]) -> UInt64 {
            out.append(UInt32(c))
            var known = kinds[c]
            var m = Int(next[c])
            while m != c {
                out.append(UInt32(m))
                known |= kinds[m]
                m = Int(next[m])
            }
            return known
        }
    }

    /// The raw customers of a person, the root first, and the bits of the kinds of identifiers that are known of them.
    package func known(of c: UInt32, _ out: inout [UInt32]) -> UInt64 {
        tables.withLock { t in
            _ = t.members(of: c, &out)
            return out.reduce(0) { $0 | t.kinds[Int($1)] }
        }
    }

    // MARK: The pipeline alone changes

    func note(_ kind: IdentifierKind, of c: UInt32) { tables.withLock { $0.kinds[Int(c)] |= kind.bit } }
    func restore(kinds: [UInt64]) {
        tables.withLock { t in for (c, bits) in kinds.prefix(t.kinds.count).enumerated() { t.kinds[c] = bits } }
    }

    func add() -> UInt32 { tables.withLock { $0.add() } }
    func union(_ a: UInt32, _ b: UInt32) -> (kept: UInt32, absorbed: UInt32)? { tables.withLock { $0.union(a, b) } }

    /// Takes the members apart and joins them again by these edges; nobody else is touched.
    func rebuild(_ members: [UInt32], edges: [(UInt32, UInt32)]) {
        tables.withLock { t in
            for m in members {
                t.parent[Int(m)] = m
                t.next[Int(m)] = m
            }
            t.people += members.count - 1
            for (a, b) in edges { _ = t.union(a, b) }
        }
    }

    func restore(count: Int, edges: [(UInt32, UInt32)]) {
        tables.withLock { t in
            t.parent = Array(0..<UInt32(count))
            t.next = t.parent
            t.kinds = Array(repeating: 0, count: count)
            t.people = count
            for (a, b) in edges { _ = t.union(a, b) }
        }
    }
}

extension IdentifierKind {
    /// A bit for the kind; none for the internal ones and those declared past the fifty-second.
    package var bit: UInt64 {
        if isInternal { return 0 }
        if rawValue < 12 { return 1 << UInt64(rawValue) }
        return (32..<84).contains(rawValue) ? 1 << UInt64(rawValue - 20) : 0
    }
}
