import Testing

@testable import Kernel

@Suite struct `Advice about unknown words` {
    @Test func `lists so many known words, and counts the rest`() {
        let words = (0...Nearest.mostNamed).map { "word\(100 + $0)" }
        let all = Nearest.advice(for: "zzz", among: Array(words.dropLast()))
        #expect(all.hasSuffix("word\(99 + Nearest.mostNamed)") && !all.contains("more"))
        let some = Nearest.advice(for: "zzz", among: words)
        #expect(some.hasSuffix("word\(99 + Nearest.mostNamed) and 1 more"))
    }
}
