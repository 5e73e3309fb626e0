import Formula
import Identity
import Kernel
import Ledger
import Pipeline
import Timeline

/// Who belongs by a definition or by history is found: it is written down, and nobody entered or left.
extension AudienceEngine {
    /// Whom new and changed definitions find is written down as found: nobody entered or left.
    /// - Parameter history: Whom it says something of and who did nothing since is found anew in every set, not only in those whose
    ///   definition says something else.
    func settle(_ new: InForce, _ everybody: Everybody, after history: History) throws {
        let known = try Audiences.sets(store)
        var sets: [(set: String, holds: @Sendable (UnsafePointer<Double>) -> Bool)] = []
        for audience in new.audiences {
            let slot = audience.slot
            sets.append((audience.set, { $0[slot] == 1 }))
        }
        if let stage = new.stage {
            for (place, set) in new.stages.enumerated() where place > 0 { sets.append((set, { Int($0[stage]) == place })) }
        }
        let changed = sets.compactMap { set in
            let isNew = known[set.set]?.signature != new.company.signature(of: set.set)
            return isNew || !history.isEmpty ? (set: set.set, holds: set.holds, isNew: isNew) : nil
        }
        let here = Set(new.audiences.map(\.set) + new.stages)
        let gone = known.filter { !here.contains($0.key) && !$0.value.signature.isEmpty }.keys.sorted()
        guard !changed.isEmpty || !gone.isEmpty else { return try end(history) }
        let anew = Set(pipeline.people.roots(Array(history.customers))).subtracting(pipeline.people.roots(Array(history.acted)))
        let tables = membership.now
        struct Found: Sendable {
            var roots: [UInt32] = []
            /// Those for whom it is not as it was.
            var moved: [UInt32] = []
        }
        let found = Sweep.run(
            new.bound, everybody, pipeline.timeline, pipeline.people.rings, now: UInt32(clamping: clock.now.seconds),
            make: { [Found](repeating: Found(), count: changed.count) },
            { root, values, out in
                let isAnew = anew.contains(root)
                for (i, set) in changed.enumerated() {
                    let (was, holds) = (tables.isIn(root, set.set), set.holds(values))
                    let belongs = set.isNew || isAnew ? holds : was
                    if belongs { out[i].roots.append(root) }
                    if belongs != was { out[i].moved.append(root) }
                }
            })
        for (i, set) in changed.enumerated() {
            let (signature, roots) = (new.company.signature(of: set.set), found.flatMap { $0[i].roots })
            if set.isNew {
                try write(set.set, signature, roots)
            } else {
                try rewrite(set.set, signature, roots, moved: found.flatMap { $0[i].moved })
            }
        }
        for set in gone { try write(set, "", []) }
        try end(history)
    }

    /// Members between two who moved that are written with them rather than in a command of their own.
    private static let mostBetween = 500

    /// Who belongs to a set whose definition says what it said: no more of it than where somebody moved.
    private func rewrite(_ set: String, _ signature: String, _ roots: [UInt32], moved: [UInt32]) throws {
        let members = roots.flatMap { pipeline.people.members(of: $0) }.sorted()
        let moved = moved.flatMap { pipeline.people.members(of: $0) }.sorted()
        var next = 0
        while next < moved.count {
            let from = moved[next]
            let begin = members.place(of: from)
            var (to, end) = (from + 1, begin)
            while next < moved.count {
                let place = members.place(of: moved[next] + 1)
                if moved[next] != from, place - end > Self.mostBetween || place - begin > MembersOfSet.most { break }
                (to, end) = (moved[next] + 1, place)
                next += 1
            }
            try perform(
                .members(MembersOfSet(set: set, signature: signature, from: from, to: to, isLast: false, members: Array(members[begin..<end]))))
        }
    }

    /// In ranges, as a command has room for so many.
    private func write(_ set: String, _ signature: String, _ roots: [UInt32]) throws {
        let members = roots.flatMap { pipeline.people.members(of: $0) }.sorted()
        var from: UInt32 = 0
        var rest = members[...]
        repeat {
            let here = rest.prefix(MembersOfSet.most)
            rest = rest.dropFirst(here.count)
            let to = rest.isEmpty ? UInt32.max : here.last! + 1
            let command = Command.members(
                MembersOfSet(set: set, signature: signature, from: from, to: to, isLast: rest.isEmpty, members: Array(here)))
            from = to
            try perform(command)
        } while !rest.isEmpty
    }
}

extension [UInt32] {
    /// Of ascending numbers: where the first stands that is not less.
    fileprivate func place(of number: UInt32) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
