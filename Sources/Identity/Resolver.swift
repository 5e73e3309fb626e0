package import GRDB
import Kernel
package import Ledger

/// Identifiers → raw customers. It belongs to the pipeline's thread; what it concludes is written by ``save(_:)`` in the
/// pipeline's transaction.
///
/// An identifier's raw customer is given when it is first seen. An interaction's identifiers are the evidence that the
/// persons they lead to are one; if joining them would break a limit, or join two whom somebody told apart, the weakest
/// identifier is left out and the rest tried again. So any order of the same interactions gives the same persons, as
/// long as no limit is passed.
package struct Resolver: ~Copyable {
    /// The most raw customers that one person may be made of; past it nothing more is joined to them.
    package static let maximumMembers = 10_000
    /// The most raw customers of an installation.
    package static let maximumCustomers = 1 << 26

    /// Why nothing more can be concluded. A retry never helps.
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// There would be more raw customers than so many.
        case full(Int)
        /// A tombstone of the ledger names a raw customer that cannot be: the ledger is damaged there.
        case tombstone(Position)

        package var description: String {
            switch self {
            case .full(let most): "there are \(most) customers, and a data folder holds no more: use another for what comes"
            case .tombstone(let position): "body \(position.body) of the ledger is damaged: restore a backup that has it"
            }
        }
    }

    /// What an interaction came to.
    package struct Outcome {
        package var customer: UInt32
        package var merges: [MergeMade] = []
    }

    /// A merge that was just made.
    package struct MergeMade: Sendable {
        package var id: Int64
        package var kept: UInt32
        package var absorbed: UInt32
        /// Raw customers of which one at least is in every pair that are one person by it, or kept apart by it, and were not before.
        package var touched: [UInt32]
    }

    static let sharedFlag: UInt32 = 1 << 31
    static let formerFlag: UInt32 = 1 << 30
    static let customerMask: UInt32 = (1 << 30) - 1

    package let people: People
    let key: FingerprintKey
    let most: Int
    var map: FingerprintMap
    var plan: RulesPlan
    var limits: LimitCounts
    var conflicts: [Fingerprint: Set<Fingerprint>]
    var apart: [UInt32: Set<UInt32>]
    var pending = Pending()
    private var candidates: [Candidate] = []
    private var references: [(IdentifierKind, UnsafeRawBufferPointer)] = []
    var members: [UInt32] = []

    /// An identifier of the interaction at hand.
    struct Candidate {
        var kind: IdentifierKind
        var bytes: UnsafeRawBufferPointer
        var print: Fingerprint
        /// With flags; nil when it was never seen.
        var known: UInt32?
        var former: Bool
        var rank: Int
        var customer: UInt32? { known.map { $0 & Resolver.customerMask } }
        var isShared: Bool { (known ?? 0) & Resolver.sharedFlag != 0 }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    package var identifiers: Int { map.count }

    /// Reads what was concluded before.
    ///
    /// - Parameter most: raw customers there may be; ``maximumCustomers`` but in tests.
    package init(_ db: Database, people: People, key: FingerprintKey, rules: IdentityRules, most: Int = maximumCustomers) throws {
        // A noncopyable struct cannot be half made when something throws: build locals, then move them in.
        let plan = RulesPlan(rules)
        var owners: [[UInt32]] = []
        var kinds: [UInt64] = []
        let map = try Self.loadIdentifiers(db, key: key, plan: plan, owners: &owners, kinds: &kinds)
        try Self.loadPeople(db, into: people)
        people.restore(kinds: kinds)
        let limits = LimitCounts(owners, people: people)
        let conflicts = try Self.loadConflicts(db, key: key)
        let apart = try Self.loadApart(db)
        let nextMerge = try Int64.fetchOne(db, sql: "SELECT coalesce(max(id), 0) + 1 FROM merge") ?? 1
        self.people = people
        self.key = key
        self.most = min(most, Self.maximumCustomers)
        self.plan = plan
        self.map = map
        self.limits = limits
        self.conflicts = conflicts
        self.apart = apart
        pending.nextMerge = nextMerge
    }

    /// New rules hold from the next interaction on.
    package mutating func use(_ rules: IdentityRules, _ db: Database) throws {
        try save(db)
        plan = RulesPlan(rules)
        limits = try LimitCounts(db, plan: plan, people: people)
    }

    /// The raw customer of an interaction that was seen before: nothing is concluded. Nil when no identifier is known.
    package func lookUp(_ record: RecordView) -> UInt32? {
        var best: (rank: Int, customer: UInt32)?
        record.identifiers { kind, bytes in
            guard plan.isUnique(kind), let found = map.find(key.identifier(kind, bytes)) else { return }
            let rank = plan.rank(kind)
            if best == nil || rank < best!.rank { best = (rank, found & Self.customerMask) }
        }
        return best?.customer
    }

    /// Concludes which customer an interaction belongs to.
    /// - Throws: ``Problem/full(_:)``; the resolver may not be used any more then.
    package mutating func resolve(_ record: RecordView, at position: Position) throws(Problem) -> Outcome {
        if let quick = quick(record) { return Outcome(customer: quick) }
        gather(record)
        let outcome = try join(record, position)
        for (kind, bytes) in references {
            pending.reference(kind, bytes, outcome.customer, position, record.at)
            people.note(kind, of: outcome.customer)
        }
        return outcome
    }

    /// The usual case: every identifier is known, none is shared, and all lead to one raw customer or one person.
    private func quick(_ record: RecordView) -> UInt32? {
        guard record.type != .alias else { return nil }
        var first: UInt32?
        var rank = Int.max
        var plain = true
        var other: UInt32?
        record.identifiers { kind, bytes in
            guard plain else { return }
            guard plan.isUnique(kind), let found = map.find(key.identifier(kind, bytes)), found & Self.sharedFlag == 0 else {
                plain = false
                return
            }
            let customer = found & Self.customerMask
            let r = plan.rank(kind)
            if first == nil {
                first = customer
                rank = r
            } else if customer != first {
                if other != nil && other != customer {
                    plain = false
                    return
                }
                if r < rank {
                    other = first
                    first = customer
                    rank = r
                } else {
                    other = customer
                }
            }
        }
        guard plain, let first else { return nil }
        if let other, people.root(other) != people.root(first) { return nil }
        return first
    }

    /// Splits the record's identifiers into those that join, the strongest first, and those that are only found by.
    private mutating func gather(_ record: RecordView) {
        var joining: [Candidate] = []
        var finding: [(IdentifierKind, UnsafeRawBufferPointer)] = []
        func add(_ kind: IdentifierKind, _ bytes: UnsafeRawBufferPointer, former: Bool = false) {
            let print = key.identifier(kind, bytes)
            // A former user id is as strong as a current one, but comes after it.
            joining.append(
                Candidate(
                    kind: kind, bytes: bytes, print: print, known: map.find(print), former: former, rank: plan.rank(kind) * 2 + (former ? 1 : 0)))
        }
        record.identifiers { kind, bytes in
            if kind == .previousID {
                // The one an alias replaces may have been a user id or an anonymous id; whichever is used later leads here.
                let (user, anonymous) = ErasedIdentifier.parts(ofPrevious: bytes)
                add(.userID, user, former: true)
                add(.anonymousID, anonymous)
            } else if plan.isUnique(kind) {
                add(kind, bytes)
            } else {
                finding.append((kind, bytes))
            }
        }
        joining.sort { $0.rank < $1.rank }
        candidates.removeAll(keepingCapacity: true)
        for c in joining where !candidates.contains(where: { $0.print == c.print }) { candidates.append(c) }
        references = finding
    }

    private mutating func join(_ record: RecordView, _ position: Position) throws(Problem) -> Outcome {
        var kept = candidates.filter { !$0.isShared }
        if kept.isEmpty { return try alone(position) }
        for c in kept where c.former { demote(c) }
        while kept.count > 1, let user = violation(kept) {
            let out = kept.removeLast()
            try note(conflict: out, with: user, position, record.at)
        }
        // Who matches somebody is a customer of their own, joined by a merge that can be explained and taken back.
        let own = kept.first { $0.kind != .match } ?? kept[0]
        let base = kept.first { $0.known != nil && ($0.kind != .match || own.kind == .match) }
        let customer = if let known = base?.customer { known } else { try create(position) }
        var outcome = Outcome(customer: customer)
        for c in kept {
            if let theirs = c.customer {
                guard people.root(theirs) != people.root(customer) else { continue }
                outcome.merges.append(merge(customer, base ?? own, theirs, c, position, record.at))
            } else {
                learn(c, customer, position, record)
            }
        }
        return outcome
    }

    /// Only identifiers that prove nothing, or none that joins: the interaction belongs to the strongest one's own customer.
    private mutating func alone(_ position: Position) throws(Problem) -> Outcome {
        if let shared = candidates.first?.customer { return Outcome(customer: shared) }
        return Outcome(customer: try create(position))
    }

    mutating func create(_ position: Position) throws(Problem) -> UInt32 {
        // Tables elsewhere have room for so many and no more.
        guard people.count < most else { throw .full(most) }
        let c = people.add()
        limits.add()
        pending.customers.append((c, position))
        return c
    }

    private mutating func learn(_ c: Candidate, _ customer: UInt32, _ position: Position, _ record: RecordView) {
        map.set(c.print, customer | (c.former ? Self.formerFlag : 0))
        if !c.former, let k = plan.limited(c.kind) { limits.count(k, customer, root: people.root(customer), by: 1) }
        pending.identifier(c.kind, c.bytes, customer, position, record.at, former: c.former)
        people.note(c.kind, of: customer)
    }

    private mutating func merge(_ a: UInt32, _ base: Candidate, _ b: UInt32, _ other: Candidate, _ position: Position, _ at: Instant) -> MergeMade {
        let made = unite(a, b)
        let reason: Pending.Merge.Reason = other.kind == .match || base.kind == .match ? .match : .identifiers
        pending.merges.append(
            .init(
                id: made.id, a: a, b: b, kept: made.kept, absorbed: made.absorbed, reason: reason, kind: base.kind, value: base.text,
                otherKind: other.kind,
                otherValue: other.text, author: nil, note: nil, position: position, at: at))
        return made
    }

    mutating func unite(_ a: UInt32, _ b: UInt32) -> MergeMade {
        var touched = people.smaller(a, b)
        if !apart.isEmpty {
            let all = people.members(of: a) + people.members(of: b)
            // Who is kept apart from one of them is kept apart from all of them now.
            if all.contains(where: { apart[$0]?.isEmpty == false }) { touched = all }
        }
        let joined = people.union(a, b)!
        limits.join(kept: joined.kept, absorbed: joined.absorbed)
        let id = pending.nextMerge
        pending.nextMerge += 1
        return MergeMade(id: id, kept: joined.kept, absorbed: joined.absorbed, touched: touched)
    }
}
