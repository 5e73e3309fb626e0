import Kernel
import Testing

@testable import Access

@Suite struct `Wrong tries` {
    private let start = Instant(milliseconds: 0)

    @Test func `after so many a key waits for its window's end, and others do not`() {
        let attempts = Attempts(allowed: 3, window: 60_000)
        for left in [2, 1, 0] { #expect(attempts.wrong("a", start + 1000) == left) }
        #expect(attempts.wait("a", start + 1000) == 60)
        #expect(attempts.wait("a", start + 60_999) == 1)
        #expect(attempts.wait("a", start + 61_000) == nil)
        #expect(attempts.wait("b", start + 1000) == nil)
        #expect(attempts.left("a", start + 61_000) == 3)
        #expect(attempts.wrong("a", start + 61_000) == 2, "a new window")
    }

    @Test func `getting it right forgets the tries before`() {
        let attempts = Attempts(allowed: 1, window: 60_000)
        attempts.wrong("a", start)
        attempts.right("a")
        #expect(attempts.wait("a", start) == nil)
    }

    @Test func `of a flood of keys the oldest quarter is forgotten, and those who are waiting last`() {
        let attempts = Attempts(allowed: 1, window: 60_000, most: 100)
        for i in 0..<100 { attempts.wrong("a\(i)", start + Int64(i)) }
        #expect(attempts.wait("a0", start + 100) != nil, "all are remembered up to the limit")
        attempts.wrong("one more", start + 100)
        #expect((0..<100).filter { attempts.wait("a\($0)", start + 100) == nil } == Array(0..<25))
        #expect(attempts.wait("one more", start + 100) != nil)
    }

    @Test func `windows that are over make room before any that run`() {
        let attempts = Attempts(allowed: 1, window: 1000, most: 100)
        for i in 0..<50 { attempts.wrong("old\(i)", start) }
        for i in 0..<50 { attempts.wrong("new\(i)", start + 900) }
        attempts.wrong("one more", start + 1000)
        #expect((0..<50).allSatisfy { attempts.wait("new\($0)", start + 1000) != nil })
    }

    @Test func `addresses of one IPv6 network are one key`() {
        #expect(Attempts.key(of: "2001:db8:1:2::1") == Attempts.key(of: "2001:db8:1:2:ffff::1"))
        #expect(Attempts.key(of: "2001:db8:1:2::1") != Attempts.key(of: "2001:db8:1:3::1"))
        #expect(Attempts.key(of: "192.0.2.7") == "192.0.2.7" && Attempts.key(of: "no address") == "no address")
    }
}
