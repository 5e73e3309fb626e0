import CMemory
import Synchronization

/// Marks since the base: an arena and one list per customer, newest arrival first.
///
/// @unchecked Sendable: one writer (the pipeline). A mark is written before the head that makes it reachable is stored
/// with release; readers load heads with acquire and never see a half-written mark. Nothing moves.
final class Delta: @unchecked Sendable {
    static let capacity = 6 << 20
    /// Room left for one group, which is appended before anybody looks again.
    static let reserve = 1 << 17
    private let arena = Mapped(anonymous: (capacity + 1) * MemoryLayout<Mark>.stride, inOrder: true)
    // Customers are numbered one after the other, so with large pages it takes 8 bytes for each there is, whoever comes.
    private let table = Mapped(anonymous: (1 << 26) * 8, inOrder: true)
    private let marks: UnsafeMutablePointer<Mark>
    // Zeroed memory serves as Atomic(0): by its layout.
    // Where the customer's last mark lies, and above it, at hand without looking there, the latest second of all of them.
    private let head: UnsafeMutablePointer<Atomic<UInt64>>
    private let appended = Atomic<Int>(0)
    /// Marks; to other threads than the writer's a figure of a moment ago.
    var count: Int { appended.load(ordering: .acquiring) }
    /// One more than the highest raw customer with marks here.
    private let most = Atomic<Int>(0)
    var isFull: Bool { count >= Self.capacity - Self.reserve }

    init() {
        marks = arena.at(0)
        head = table.base.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    func append(_ c: UInt32, _ mark: Mark) {
        let i = count &+ 1
        precondition(i <= Self.capacity)
        var mark = mark
        let before = head[Int(c)].load(ordering: .relaxed)
        mark.next = UInt32(truncatingIfNeeded: before)
        mark.latest = max(mark.second, UInt32(before >> 32))
        marks[i] = mark
        appended.store(i, ordering: .releasing)
        head[Int(c)].store(UInt64(mark.latest) << 32 | UInt64(i), ordering: .releasing)
        if Int(c) >= most.load(ordering: .relaxed) { most.store(Int(c) + 1, ordering: .releasing) }
    }

    private func first(_ c: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: head[Int(c)].load(ordering: .acquiring)) }

    func hasMarks(_ c: UInt32) -> Bool { heads.hasMarks(Int(c)) }

    /// Which customers have marks here, for loops over everybody. Valid while the delta is.
    struct Heads {
        fileprivate let first: UnsafeMutablePointer<Atomic<UInt64>>
        fileprivate let marks: UnsafeMutablePointer<Mark>
        @inline(__always) func hasMarks(_ c: Int) -> Bool { first[c].load(ordering: .relaxed) != 0 }
        /// Has the customer's last mark fetched, when there is one.
        @inline(__always) func prefetch(_ c: Int) {
            let last = UInt32(truncatingIfNeeded: first[c].load(ordering: .relaxed))
            if last != 0 { sl_prefetch(marks + Int(last)) }
        }
    }
    var heads: Heads { Heads(first: head, marks: marks) }

    func count(of c: UInt32) -> Int {
        var n = 0
        var i = first(c)
        while i != 0 {
            n += 1
            i = marks[Int(i)].next
        }
        return n
    }

    /// The second of this customer's newest mark; 0 when there is none.
    func latest(_ c: UInt32) -> UInt32 { UInt32(head[Int(c)].load(ordering: .acquiring) >> 32) }

    /// Calls back with this customer's marks in the order of arrival, the last first, for as long as one that is left may be of
    /// the second that `body` gives back or later.
    func visit(_ c: UInt32, since: UInt32 = 0, _ body: (Mark) -> UInt32) {
        var since = since
        var i = first(c)
        while i != 0, marks[Int(i)].latest >= since {
            let m = marks[Int(i)]
            since = max(since, body(m))
            i = m.next
        }
    }

    /// Adds this customer's marks to `out`, in no order.
    func add(_ c: UInt32, _ out: inout [Mark]) {
        var i = first(c)
        while i != 0 {
            let m = marks[Int(i)]
            out.append(m)
            i = m.next
        }
    }

    /// All marks in the order of arrival, for whoever does not ask whose they are.
    func forEach(_ body: (Mark) -> Void) {
        let count = count
        guard count > 0 else { return }
        for i in 1...count { body(marks[i]) }
    }

    /// All marks, by raw customer.
    func forEach(_ body: (UInt32, Mark) -> Void) {
        guard count > 0 else { return }
        for c in 0..<UInt32(most.load(ordering: .acquiring)) {
            var i = first(c)
            while i != 0 {
                let mark = marks[Int(i)]
                body(c, mark)
                i = mark.next
            }
        }
    }

    /// This customer's marks, newest first.
    func collect(_ c: UInt32, _ out: inout [Mark]) {
        out.removeAll(keepingCapacity: true)
        add(c, &out)
        sortNewestFirst(&out)
    }
}

/// Insertion for what is nearly in order, as arrivals are; a real sort for the rest.
func sortNewestFirst(_ marks: inout [Mark]) {
    if marks.count > 64 {
        marks.sort { $0.isAfter($1) }
        return
    }
    for i in marks.indices.dropFirst() {
        let m = marks[i]
        var k = i
        while k > 0 && m.isAfter(marks[k - 1]) {
            marks[k] = marks[k - 1]
            k -= 1
        }
        marks[k] = m
    }
}
