import CText
package import Ledger

/// Patterns (RE2, without regard to case) of values that prove nothing about who somebody is: for every kind, and more for
/// some. Immutable and safe from several threads.
///
/// What is blocked is refused before the ledger, since one `null` that was sent for everybody would join everybody.
package final class BlockedValues: Sendable {
    /// For values of every kind.
    package let all: [String]
    /// Besides, for values of one kind.
    package let own: [IdentifierKind: [String]]

    private let common: PatternSet
    /// By the kind's code; the common set where a kind has no patterns of its own.
    private let sets: [PatternSet]

    /// A pattern that cannot be used, and RE2's words for why.
    package struct Failure: Equatable, Sendable {
        /// nil for a pattern of every kind.
        package var kind: IdentifierKind?
        package var pattern: String
        package var why: String
    }

    /// The patterns made ready to search; those that cannot be used are left out and told.
    package static func prepare(all: [String], own: [IdentifierKind: [String]]) -> (values: BlockedValues, failures: [Failure]) {
        var failures: [Failure] = []
        func usable(_ patterns: [String], _ kind: IdentifierKind?) -> [String] {
            patterns.filter { pattern in
                guard let why = PatternSet.problem(of: pattern) else { return true }
                failures.append(Failure(kind: kind, pattern: pattern, why: why))
                return false
            }
        }
        let all = usable(all, nil)
        var kept: [IdentifierKind: [String]] = [:]
        for (kind, patterns) in own.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { kept[kind] = usable(patterns, kind) }
        return (BlockedValues(all: all, own: kept), failures)
    }

    private init(all: [String], own: [IdentifierKind: [String]]) {
        self.all = all
        self.own = own
        common = PatternSet(all)
        var sets = [PatternSet](repeating: common, count: 256)
        for (kind, patterns) in own where !patterns.isEmpty { sets[Int(kind.rawValue)] = PatternSet(all + patterns) }
        self.sets = sets
    }

    /// The first pattern found in a value of the kind, or nil. About 0.1 µs.
    func pattern(blocking value: UnsafeRawBufferPointer, of kind: IdentifierKind) -> String? { sets[Int(kind.rawValue)].find(value) }

    /// The first pattern of every kind found in a value that is none of an identifier (a trait of a match rule), or nil.
    func pattern(blocking value: UnsafeRawBufferPointer) -> String? { common.find(value) }
}

/// RE2 patterns that are searched for at once.
final class PatternSet: Sendable {
    /// Proven safe: the C object is written only in `init`, before anybody else can have this object, and freed in `deinit`, after
    /// everybody had it. In between it is only searched: `sl_patterns_find` takes it as `const`, keeps nothing, and calls `const`
    /// methods of RE2 alone, which RE2 promises to be safe from several threads (re2.h). Nothing else has the pointer.
    private nonisolated(unsafe) let set: OpaquePointer?
    private let patterns: [String]

    /// Patterns that ``problem(of:)`` finds nothing wrong with; any other would be left out.
    init(_ patterns: [String]) {
        let set = sl_patterns_new()
        self.set = set
        self.patterns = set == nil ? [] : patterns.filter { Self.add($0, to: set) == nil }
        _ = sl_patterns_compile(set)
    }

    deinit { sl_patterns_free(set) }

    /// Why RE2 cannot use the pattern, or nil when it can.
    static func problem(of pattern: String) -> String? {
        let set = sl_patterns_new()
        defer { sl_patterns_free(set) }
        return add(pattern, to: set)
    }

    /// The first of the patterns that the text has, or nil.
    func find(_ text: UnsafeRawBufferPointer) -> String? {
        let index = sl_patterns_find(set, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count)
        return index < 0 ? nil : patterns[Int(index)]
    }

    private static func add(_ pattern: String, to set: OpaquePointer?) -> String? {
        var pattern = pattern
        return pattern.withUTF8 { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { why in
                let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
                let index = sl_patterns_add(set, start, bytes.count, why.baseAddress, why.count)
                return index < 0 ? why.baseAddress.map { String(cString: $0) } ?? "" : nil
            }
        }
    }
}

extension PatternSet {
    /// ``find(_:)-(UnsafeRawBufferPointer)`` of a string.
    func find(_ text: String) -> String? {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }
}
