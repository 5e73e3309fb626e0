import Dispatch
import GRDB
import Identity
import Kernel
import Ledger
import Pipeline
import Store
import Synchronization
import Timeline

/// The table of figures that lists are made of: worked out when somebody asks, and again in the background while people go on
/// asking, so that a page never waits for it but the first.
final class CustomerTables: Sendable {
    /// Milliseconds for which a table is good enough.
    static let fresh: Int64 = 5_000
    private struct State {
        var table: (table: CustomerTable, orderNames: Set<String>)?
        var isAtWork = false
        /// Grows with each ``forget()``: what was begun before is not kept.
        var generation = 0
    }
    private let state = Mutex(State())
    /// One at a time works one out: two would only take the processor from each other.
    private let work = Mutex(())

    /// - Parameter make: Works a table out, with what was asked of the one before it.
    func table(_ orderNames: Set<String>, now: Instant, make: @escaping @Sendable (_ before: CustomerTable?) -> CustomerTable) -> CustomerTable {
        let (known, isFresh, begins, generation) = state.withLock { state in
            let known = state.table.flatMap { $0.orderNames == orderNames ? $0.table : nil }
            let isFresh = known.map { now - $0.asOf < Self.fresh } ?? false
            let begins = known != nil && !isFresh && !state.isAtWork
            if begins { state.isAtWork = true }
            return (known, isFresh, begins, state.generation)
        }
        guard let known else {
            return work.withLock { _ in
                // Whoever was first while we waited has made it.
                if let made = state.withLock({ $0.table }), made.orderNames == orderNames { return made.table }
                let made = make(nil)
                state.withLock { if $0.generation == generation { $0.table = (made, orderNames) } }
                return made
            }
        }
        if !isFresh, begins {
            startThread("customers", isPatient: true) { [self] in
                work.withLock { _ in
                    let made = make(known)
                    state.withLock {
                        if $0.generation == generation { $0.table = (made, orderNames) }
                        $0.isAtWork = false
                    }
                }
            }
        }
        return known
    }

    /// Forgets what it has: after an erasure or a merge by hand the next page must show it.
    func forget() {
        state.withLock {
            $0.table = nil
            $0.generation += 1
        }
    }
}

extension Customers {
    /// The most rows of a page.
    package static let longestPage = 500

    /// A page of the customers that fit.
    /// - Parameters:
    ///   - orderNames: The interactions that count as orders.
    ///   - offset: How many rows to leave out.
    ///   - limit: 1 to ``longestPage``.
    /// - Throws: ``CustomersProblem/filter(field:value:known:)`` for a channel or an interaction that there is none of.
    package func list(_ query: CustomerQuery, orderNames: Set<String>, offset: Int = 0, limit: Int) throws -> CustomerListPage {
        let table = table(orderNames)
        let chosen = try chosen(query, table)
        let from = min(max(0, offset), chosen.count)
        let wanted = from..<min(chosen.count, from + min(max(limit, 1), Self.longestPage))
        let order = wanted.isEmpty ? [] : Self.sorted(chosen, upTo: wanted.upperBound, query, table)
        let rows = try wanted.isEmpty ? [] : rows(order[wanted], table)
        return CustomerListPage(rows: rows, total: chosen.count, everybody: table.count, asOf: table.asOf)
    }

    /// All customers that fit, to be read piece by piece. Their order and number are those of now.
    /// - Throws: ``CustomersProblem/filter(field:value:known:)`` for a channel or an interaction that there is none of.
    package func listing(_ query: CustomerQuery, orderNames: Set<String>) throws -> CustomerListing {
        let table = table(orderNames)
        let order = Self.sorted(try chosen(query, table), upTo: .max, query, table)
        return CustomerListing(total: order.count) { [self] places in
            // Whoever was erased meanwhile has gone.
            try rows(order[places], table).filter { !isErased($0.id.raw) }
        }
    }

    /// Calls back with all customers that fit, in their order, some hundreds at a time, until it returns false. Their order and
    /// number are those of when it began.
    package func each(_ query: CustomerQuery, orderNames: Set<String>, _ body: (_ rows: [CustomerRow], _ total: Int) throws -> Bool) throws {
        let listing = try listing(query, orderNames: orderNames)
        var at = 0
        while at < listing.total {
            guard try body(try listing.rows(from: at), listing.total) else { return }
            at += Self.longestPage
        }
    }

    func table(_ orderNames: Set<String>) -> CustomerTable {
        let pipeline = pipeline
        let clock = clock
        return tables.table(orderNames, now: clock.now) { before in
            let parts = pipeline.timeline
            let table = CustomerTable(
                parts, rootOf: pipeline.people.allRoots, orderEvents: pipeline.names.numbers(orderNames), asOf: clock.now)
            if let before { table.prepare(like: before, parts) }
            return table
        }
    }

    /// Places in the table, in its order.
    private func chosen(_ query: CustomerQuery, _ table: CustomerTable) throws -> [Int] {
        let now = UInt32(clamping: clock.now.seconds)
        func ago(_ days: Int) -> UInt32 { UInt32(clamping: Int64(now) - Int64(min(max(days, 0), 36_500)) * 86_400) }
        let since = query.seenWithin.map(ago)
        let until = query.notSeenFor.map(ago)
        let did = try query.did.map { try people(event: $0, field: "did", table) }
        let didNot = try query.didNot.map { try people(event: $0, field: "didNot", table) }
        let on = try query.channel.map { try people(channel: $0, table) }
        return table.roots.indices.filter { i in
            if let since, table.last[i] < since { return false }
            if let until, table.last[i] >= until { return false }
            if let least = query.ordersAtLeast, Int(table.orders[i]) < least { return false }
            if let most = query.ordersAtMost, Int(table.orders[i]) > most { return false }
            if let least = query.spentAtLeast, table.spent[i] < least { return false }
            if let most = query.spentAtMost, table.spent[i] > most { return false }
            if let did, !did[i] { return false }
            if let didNot, didNot[i] { return false }
            if let on, !on[i] { return false }
            return true
        }
    }

    private func people(event name: String, field: String, _ table: CustomerTable) throws -> [Bool] {
        guard let number = pipeline.names.numbers([name]).first else {
            throw CustomersProblem.filter(field: field, value: name, known: pipeline.names.all)
        }
        return table.people(having: .event(number), pipeline.timeline)
    }

    private func people(channel name: String, _ table: CustomerTable) throws -> [Bool] {
        guard let channel = ledger.vocabulary.channel(name) else {
            throw CustomersProblem.filter(field: "channel", value: name, known: ledger.vocabulary.channels.values.sorted())
        }
        return table.people(having: .channel(channel.rawValue), pipeline.timeline)
    }

    /// In order, at least as far as asked for: a few of a million need no sorting of all of them. Equal ones stand by their
    /// id, so that pages neither repeat nor leave out anybody.
    private static func sorted(_ chosen: [Int], upTo count: Int, _ query: CustomerQuery, _ table: CustomerTable) -> [Int] {
        let key: (Int) -> Double =
            switch query.sort {
            case .lastSeen: { Double(table.last[$0]) }
            case .firstSeen: { Double(table.first[$0]) }
            case .interactions: { Double(table.interactions[$0]) }
            case .orders: { Double(table.orders[$0]) }
            case .spent: { table.spent[$0] }
            }
        let sign: Double = query.ascending ? 1 : -1
        var keyed = chosen.map { (key: sign * key($0), place: $0) }
        func isBefore(_ a: (key: Double, place: Int), _ b: (key: Double, place: Int)) -> Bool { (a.key, a.place) < (b.key, b.place) }
        if count < keyed.count / 4 {
            // Quickselect (Hoare 1961): what belongs before comes before, in no order; then that alone is sorted.
            select(&keyed, count, isBefore)
            keyed.removeSubrange(count...)
        }
        keyed.sort(by: isBefore)
        return keyed.map(\.place)
    }

    /// Puts the first `count` of the order at the front.
    private static func select(
        _ all: inout [(key: Double, place: Int)], _ count: Int, _ isBefore: ((key: Double, place: Int), (key: Double, place: Int)) -> Bool
    ) {
        var low = 0
        var high = all.count - 1
        while low < high {
            let pivot = all[(low + high) / 2]
            var i = low
            var j = high
            while i <= j {
                while isBefore(all[i], pivot) { i += 1 }
                while isBefore(pivot, all[j]) { j -= 1 }
                if i <= j {
                    all.swapAt(i, j)
                    i += 1
                    j -= 1
                }
            }
            if count - 1 <= j { high = j } else if count - 1 >= i { low = i } else { return }
        }
    }

    private func rows(_ places: ArraySlice<Int>, _ table: CustomerTable) throws -> [CustomerRow] {
        let vocabulary = ledger.vocabulary
        func instant(_ second: UInt32) -> Instant? { second == 0 ? nil : Instant(milliseconds: Int64(second) * 1000) }
        return try store.read { db in
            try places.map { i in
                let members = pipeline.people.members(of: table.roots[i])
                return CustomerRow(
                    id: CustomerID(raw: table.roots[i]), name: Self.name(try traits(members, vocabulary, db)),
                    identifier: try bestIdentifier(members, vocabulary, db), firstSeen: instant(table.first[i]), lastSeen: instant(table.last[i]),
                    interactions: Int(table.interactions[i]), orders: Int(table.orders[i]), spent: table.spent[i])
            }
        }
    }

    /// An e-mail address before a phone number before whatever the company ranks first.
    private func bestIdentifier(_ members: [UInt32], _ vocabulary: Vocabulary, _ db: Database) throws -> (kind: String, value: String)? {
        let statement = try db.cachedStatement(sql: "SELECT kind, value FROM identifier WHERE customer_id = ? AND kind <> 10 LIMIT 50")
        let ranks = Dictionary(pipeline.rules.kinds.enumerated().map { ($0.element.name, $0.offset) }) { a, _ in a }
        func rank(_ kind: String) -> Int { kind == "email" ? -2 : kind == "phone" ? -1 : ranks[kind] ?? 999 }
        var best: (kind: String, value: String)?
        for member in members {
            let rows = try Row.fetchCursor(statement, arguments: [member])
            while let row = try rows.next() {
                let found = (kind: vocabulary.name(of: IdentifierKind(rawValue: row[0])), value: row[1] as String)
                if best.map({ (rank(found.kind), found.value) < (rank($0.kind), $0.value) }) ?? true { best = found }
            }
        }
        return best
    }
}
