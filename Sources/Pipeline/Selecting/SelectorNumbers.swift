import Formula
import FoundationEssentials
import GRDB
import Timeline

/// Which selectors there are, and their numbers. A number is given once and never again, so marks of selectors that are gone can
/// be taken for nobody else's.
struct SelectorNumbers {
    /// The most selectors that were ever given a number.
    static let most = 65_000
    private(set) var filled: [Selector: UInt16] = [:]
    private(set) var filling: [Selector: UInt16] = [:]
    private var next: UInt16 = 0

    /// Those of the last run; what was not filled in to the end is forgotten, and its marks are nobody's.
    init(_ db: Database) throws {
        next = UInt16(clamping: (try Int.fetchOne(db, sql: "SELECT max(id) FROM selector") ?? -1) + 1)
        for row in try Row.fetchAll(db, sql: "SELECT id, selector FROM selector WHERE state = 1") {
            let text: String = row[1]
            guard let selector = try? JSONDecoder().decode(Selector.self, from: Data(text.utf8)) else { continue }
            filled[selector] = row[0]
        }
    }

    var numbered: [SelectorMatcher.Numbered] {
        (filled.map { ($0.value, $0.key) } + filling.map { ($0.value, $0.key) }).sorted { $0.0 < $1.0 }.map { .init(number: $0.0, selector: $0.1) }
    }

    /// Gives numbers to those that have none.
    /// - Returns: The new ones, which have to be filled in.
    mutating func begin(_ wanted: Set<Selector>, _ db: Database) throws -> [SelectorMatcher.Numbered] {
        var new: [SelectorMatcher.Numbered] = []
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for selector in wanted where filled[selector] == nil && filling[selector] == nil {
            guard Int(next) < Self.most else { throw PipelineProblem.tooManySelectors(Self.most) }
            let text = String(decoding: try encoder.encode(selector), as: UTF8.self)
            try db.execute(sql: "INSERT INTO selector (id, selector, state) VALUES (?, ?, 0)", arguments: [next, text])
            filling[selector] = next
            new.append(.init(number: next, selector: selector))
            next += 1
        }
        return new
    }

    /// What was being filled in is there.
    mutating func finish(_ new: [SelectorMatcher.Numbered], _ db: Database) throws {
        for one in new {
            try db.execute(sql: "UPDATE selector SET state = 1 WHERE id = ?", arguments: [one.number])
            filling[one.selector] = nil
            filled[one.selector] = one.number
        }
    }

    /// What was being filled in will not be.
    mutating func giveUp(_ new: [SelectorMatcher.Numbered], _ db: Database) throws {
        for one in new {
            try db.execute(sql: "UPDATE selector SET state = 2 WHERE id = ?", arguments: [one.number])
            filling[one.selector] = nil
        }
    }

    /// Forgets those that nobody wants.
    /// - Returns: Their numbers.
    mutating func drop(except wanted: Set<Selector>, _ db: Database) throws -> Set<UInt16> {
        var dropped: Set<UInt16> = []
        for (selector, number) in filled where !wanted.contains(selector) {
            try db.execute(sql: "UPDATE selector SET state = 2 WHERE id = ?", arguments: [number])
            dropped.insert(number)
        }
        filled = filled.filter { wanted.contains($0.key) }
        return dropped
    }

    /// Rules of expiry, by the numbers of the selectors of the names that they are for.
    func rules(_ rules: [UInt16: ExpiryRule], _ names: EventNames) -> [UInt16: ExpiryRule] {
        var found: [UInt16: ExpiryRule] = [:]
        for one in numbered {
            guard case .event(let name) = one.selector.subject, let event = names.numbers([name]).first, let rule = rules[event] else { continue }
            found[one.number] = rule
        }
        return found
    }
}

/// How far the marks of new selectors are filled in.
package struct SelectorProgress: Sendable, Equatable {
    /// Bodies of the ledger.
    package var done: Int64
    package var of: Int64
}
