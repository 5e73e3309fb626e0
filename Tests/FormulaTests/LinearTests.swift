import Formula
import Foundation
import Glibc
import Testing

/// Nobody can make the program busy with what they type: four times the text takes about four times the time, whatever stands in it.
/// With work that grows by the square it would take sixteen times.
@Suite(.serialized) struct `The time that a formula takes` {
    private static let allowed = 9.0

    /// How many times as long the second takes as the first: the least of several runs of each, and of several tries, since others
    /// use the machine too.
    private func ratio(runs: Int = 2, _ small: () -> Void, _ large: () -> Void) -> Double {
        // The thread's own: what others do meanwhile is not in it.
        func measure(_ work: () -> Void) -> Double {
            func now() -> Double {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
            }
            let began = now()
            work()
            return now() - began
        }
        var least = (small: 1_000.0, large: 1_000.0)
        for _ in 0..<20 {
            for _ in 0..<runs {
                least.small = min(least.small, measure(small))
                least.large = min(least.large, measure(large))
            }
            if least.large / least.small < Self.allowed { break }
        }
        return least.large / least.small
    }

    private func names(_ events: Int) -> FormulaNames {
        var names = FormulaNames()
        names.events = Dictionary(uniqueKeysWithValues: (0..<events).map { ("Event number \($0)", [:]) })
        names.areTraitsKnown = false
        names.channels = ["web"]
        return names
    }

    /// What is done with a text while somebody types it, one by one.
    private func works(_ names: FormulaNames) -> [(name: String, work: (String) -> Void)] {
        [
            (
                "reading",
                { text in
                    guard let checked = FormulaReport(text, names: names, library: FormulaLibrary()).checked else { return }
                    var program = Program(names: names, library: FormulaLibrary())
                    _ = try? program.add(checked, as: .asked(0))
                }
            ), ("colours", { text in _ = FormulaEditor.highlight(text) }),
            (
                "completions",
                { text in
                    _ = FormulaEditor.completions(text, at: text.unicodeScalars.count, names: names, library: FormulaLibrary())
                }
            ),
        ]
    }

    /// What stands before | once, and what stands behind it over and over.
    private static func filled(_ pattern: String, _ length: Int) -> String {
        let parts = pattern.components(separatedBy: "|")
        return (parts.count > 1 ? parts[0] : "")
            + String(repeating: parts[parts.count - 1], count: length / parts[parts.count - 1].unicodeScalars.count)
    }

    @Test(
        arguments: [
            "(", ")", "\"", "\\\"", "\"\\\n", "\"a\\d", "“", "“\n\"", "not ", "-", "[", "[]", "a.", "a[].", "\"a\".", "#", "#\n", "# \"\n", "1 ",
            "2026-01-01 ", "é", "🙂",
            "& ", "count(", "did(any) and ", "did(any) or ", "\"a\" or ", "any or ", "\"a\" then ", "\"a\" where x = 1 and ",
            "\"a\" not followed by ", "time since ", "days ",
            "1 + ", "1 * ", "x in [", "\"a\", ", "did(\"Event number 1\" where ", "did(\"Event number 1\") and (", "trait.a = \"b\" or ",
            "sum(\"Event number 1\".a[].b where ",
            "sum(\"Event number 1\".|a[].", "sum(\"Event number 1\".|\"a\".", "did(\"Event number 1\" where |a.", "stage in [|\"a\", ",
        ])
    func `grows with its length and no faster, of a piece said over and over`(piece: String) {
        let names = names(100)
        let (small, large) = (Self.filled(piece, 2_400), Self.filled(piece, 9_600))
        for (name, work) in works(names) {
            let ratio = ratio({ work(small) }, { work(large) })
            #expect(ratio < Self.allowed, "\(name) of \(piece): \(ratio)" as Comment)
        }
    }

    @Test func `grows with its length and no faster, of formulas as large as they may be`() throws {
        let names = names(200)
        func list(_ n: Int) -> String { "trait.a in [" + (0..<n).map { "\"text \($0)\"" }.joined(separator: ", ") + "]" }
        func row(_ n: Int, _ word: String) -> String {
            (0..<n).map { "did(\"Event number \($0)\" in last \($0 + 1) days)" }.joined(separator: " \(word) ")
        }
        func sum(_ n: Int) -> String { (0..<n).map { "count(\"Event number \($0)\" where a > \($0))" }.joined(separator: " + ") + " > 1" }
        func deep(_ n: Int) -> String { String(repeating: "(", count: n) + "did(any)" + String(repeating: ")", count: n) }
        func events(_ n: Int) -> String { "did(" + (0..<n).map { "\"Event number \($0)\"" }.joined(separator: " or ") + " where a = 1 and b = 2)" }
        func filter(_ n: Int) -> String { "did(\"Event number 1\" where " + (0..<n).map { "p\($0) = \"v\($0)\"" }.joined(separator: " and ") + ")" }
        for (name, make, small) in [
            ("a list", list, 125), ("and", { row($0, "and") }, 45), ("or", { row($0, "or") }, 45), ("a sum", sum, 45), ("parentheses", deep, 12),
            ("interactions", events, 12), ("a filter", filter, 48),
        ] as [(String, (Int) -> String, Int)] {
            let (a, b) = (make(small), make(4 * small))
            #expect(FormulaReport(b, names: names, library: FormulaLibrary()).flaws.isEmpty, "\(name)" as Comment)
            for (what, work) in works(names) {
                let ratio = ratio({ work(a) }, { work(b) })
                #expect(ratio < Self.allowed, "\(what) of \(name): \(ratio)" as Comment)
            }
        }
    }

    @Test func `grows with the interactions that are known and no faster, when one is unknown`() {
        let (some, all) = (names(16_250), names(65_000))
        let text = "did(\"Evnt number 77\") and did(\"Nothing\")"
        let ratio = ratio(
            runs: 1, { _ = FormulaReport(text, names: some, library: FormulaLibrary()) },
            { _ = FormulaReport(text, names: all, library: FormulaLibrary()) })
        #expect(ratio < Self.allowed, "\(ratio)" as Comment)
    }

    @Test func `is that of the first unknown interaction, however many there are`() {
        let names = names(20_000)
        func unknown(_ n: Int) -> String { (0..<n).map { "did(\"Unknown thing \($0)\")" }.joined(separator: " or ") }
        let (one, many) = (unknown(1), unknown(190))
        let ratio = ratio(
            runs: 1, { _ = FormulaReport(one, names: names, library: FormulaLibrary()) },
            { _ = FormulaReport(many, names: names, library: FormulaLibrary()) })
        #expect(ratio < Self.allowed, "\(ratio)" as Comment)
    }

    @Test func `and its memory are bounded: advice does not name thousands`() {
        var names = FormulaNames()
        for i in 0..<5_000 { names.traits["trait_\(i)_of_many"] = .some(.text) }
        let flaw = FormulaReport("trait.zzz = \"a\"", names: names, library: FormulaLibrary()).flaws.first
        #expect(flaw?.problem.mend.hasSuffix(" and 4960 more") == true)
        #expect((flaw?.problem.mend.count ?? 0) < 1_200)
    }
}
