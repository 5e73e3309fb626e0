import GRDB
import Kernel
import Ledger

/// The rules as arrays by kind, for the hot path.
struct RulesPlan {
    private var ranks = [Int](repeating: 1000, count: 256)
    private var unique = [Bool](repeating: false, count: 256)
    private var limitIndex = [Int?](repeating: nil, count: 256)
    private var shared = [Int?](repeating: nil, count: 256)
    /// Kinds with a limit, and how many a customer may have.
    private(set) var limits: [(kind: IdentifierKind, most: Int)] = []

    init(_ rules: IdentityRules) {
        for (rank, kind) in rules.kinds.enumerated() {
            let i = Int(kind.kind.rawValue)
            ranks[i] = rank
            unique[i] = kind.unique
            shared[i] = kind.sharedAfter
            if let most = kind.limit, kind.unique {
                limitIndex[i] = limits.count
                limits.append((kind.kind, most))
            }
        }
        // A match joins, and is the first to be left out.
        unique[Int(IdentifierKind.match.rawValue)] = true
        ranks[Int(IdentifierKind.match.rawValue)] = 999
    }

    func rank(_ kind: IdentifierKind) -> Int { ranks[Int(kind.rawValue)] }
    func isUnique(_ kind: IdentifierKind) -> Bool { unique[Int(kind.rawValue)] }
    func limited(_ kind: IdentifierKind) -> Int? { limitIndex[Int(kind.rawValue)] }
    func sharedAfter(_ kind: IdentifierKind) -> Int? { shared[Int(kind.rawValue)] }
}

/// How many identifiers of each limited kind raw customers and persons have.
struct LimitCounts {
    /// Per limited kind, per raw customer: its own, and at the root the person's.
    private var own: [[UInt16]]
    private var person: [[UInt16]]

    /// - Parameter owners: per limited kind, the raw customers of its identifiers.
    init(_ owners: [[UInt32]], people: People) {
        let n = people.count
        own = owners.map { _ in [UInt16](repeating: 0, count: n) }
        person = own
        for (k, customers) in owners.enumerated() {
            for (customer, root) in zip(customers, people.roots(customers)) { count(k, customer, root: root, by: 1) }
        }
    }

    init(_ db: Database, plan: RulesPlan, people: People) throws {
        // Grouping in SQL would look up every identifier once more.
        let statement = try db.cachedStatement(sql: "SELECT customer_id FROM identifier WHERE kind = ? AND flags & 3 = 0")
        self.init(try plan.limits.map { try UInt32.fetchAll(statement, arguments: [$0.kind.rawValue]) }, people: people)
    }

    func of(_ k: Int, person root: UInt32) -> Int { Int(person[k][Int(root)]) }

    mutating func add() {
        for k in own.indices {
            own[k].append(0)
            person[k].append(0)
        }
    }

    mutating func count(_ k: Int, _ customer: UInt32, root: UInt32, by n: Int) {
        own[k][Int(customer)] = UInt16(clamping: Int(own[k][Int(customer)]) + n)
        person[k][Int(root)] = UInt16(clamping: Int(person[k][Int(root)]) + n)
    }

    mutating func join(kept: UInt32, absorbed: UInt32) {
        for k in person.indices {
            person[k][Int(kept)] = UInt16(clamping: Int(person[k][Int(kept)]) + Int(person[k][Int(absorbed)]))
            person[k][Int(absorbed)] = 0
        }
    }

    /// After an unmerge: the persons' sums are added up again from their members.
    mutating func recount(_ members: [UInt32], people: People) {
        for k in own.indices {
            for m in members { person[k][Int(m)] = 0 }
            for m in members {
                let root = Int(people.root(m))
                person[k][root] = UInt16(clamping: Int(person[k][root]) + Int(own[k][Int(m)]))
            }
        }
    }
}

extension Resolver {
    /// What forbids joining these. The user id given back is the one an identifier left out was seen with, if any.
    enum Violation {
        case limit(user: Candidate?)
        case apart
        case size
    }

    /// Why these cannot be one person, or nil.
    ///
    /// A limit is passed only by what is added: a person over it already (somebody merged them by hand) takes new devices.
    func violation(_ kept: [Candidate]) -> Violation? {
        var roots: [UInt32] = []
        for c in kept {
            if let customer = c.customer {
                let root = people.root(customer)
                if !roots.contains(root) { roots.append(root) }
            }
        }
        for (k, limit) in plan.limits.enumerated() {
            var total = 0
            var givers = 0
            for root in roots {
                let n = limits.of(k, person: root)
                total += n
                if n > 0 { givers += 1 }
            }
            for c in kept where c.known == nil && !c.former && c.kind == limit.kind {
                total += 1
                givers += 1
            }
            if total > limit.most && givers > 1 { return .limit(user: kept.first { $0.kind == .userID && !$0.former }) }
        }
        guard roots.count > 1 else { return nil }
        if !apart.isEmpty && areApart(roots) { return .apart }
        var size = 0
        for root in roots {
            size += people.members(of: root).count
            if size > Self.maximumMembers { return .size }
        }
        return nil
    }

    private func areApart(_ roots: [UInt32]) -> Bool {
        for root in roots {
            for m in people.members(of: root) {
                for other in apart[m] ?? [] where roots.contains(where: { $0 != root && $0 == people.root(other) }) { return true }
            }
        }
        return false
    }

    /// An identifier was left out because it was seen with a user id that is not its owner's. Seen with many, it is shared:
    /// it gets a raw customer of its own, for what happens on it while nobody is signed in, and joins nobody from then on.
    mutating func note(conflict out: Candidate, with violation: Violation, _ position: Position, _ at: Instant) throws(Problem) {
        guard case .limit(let user?) = violation, let after = plan.sharedAfter(out.kind), let owner = out.customer else { return }
        if user.customer.map({ people.root($0) == people.root(owner) }) ?? false { return }
        guard conflicts[out.print, default: []].insert(user.print).inserted else { return }
        pending.conflicts.append((out.kind, out.text, user.text, at))
        guard conflicts[out.print]!.count + 1 >= after else { return }
        let own = try create(position)
        map.set(out.print, own | Self.sharedFlag)
        if let k = plan.limited(out.kind) { limits.count(k, owner, root: people.root(owner), by: -1) }
        pending.changes.append((out.kind, out.text, own, shared: true, former: false))
    }

    /// A user id that an alias replaced does not count any more.
    mutating func demote(_ c: Candidate) {
        guard let known = c.known, known & Self.formerFlag == 0 else { return }
        let customer = known & Self.customerMask
        map.set(c.print, known | Self.formerFlag)
        if let k = plan.limited(c.kind) { limits.count(k, customer, root: people.root(customer), by: -1) }
        pending.changes.append((c.kind, c.text, customer, shared: false, former: true))
    }
}
