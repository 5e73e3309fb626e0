import Testing

@testable import Definitions

@Suite struct `What differs between two texts` {
    private func told(_ old: String, _ new: String) -> [String] {
        LineDifference(from: old, to: new).excerpt().map { line in
            guard let line else { return "…" }
            return (line.mark == .added ? "+ " : line.mark == .removed ? "- " : "  ") + line.text
        }
    }

    @Test func `is shown as what went, what came, and a little around it`() {
        let old = (1...9).map { "line \($0)" }.joined(separator: "\n") + "\n"
        #expect(
            told(old, old.replacing("line 5", with: "line five")) == [
                "…", "  line 3", "  line 4", "- line 5", "+ line five", "  line 6", "  line 7", "…",
            ])
        #expect(told("", "a\n") == ["+ a"])
        #expect(told("a\n", "") == ["- a"])
        #expect(told("a\n", "a\n") == [])
    }

    @Test func `is told at the first and the last line without a gap beside them`() {
        #expect(told("a\nb\nc\n", "A\nb\nC\n") == ["- a", "+ A", "  b", "- c", "+ C"])
    }

    @Test func `gives both texts back, whatever they are`() {
        let texts = ["", "a\n", "a\nb\na\n", "b\na\nb\n", "x\n\n\ny\n", "a\nb\nc\nd\ne\n", "e\nd\nc\nb\na\n"]
        for old in texts {
            for new in texts {
                let lines = LineDifference(from: old, to: new).lines
                #expect(lines.filter { $0.mark != .added }.map { $0.text + "\n" }.joined() == old)
                #expect(lines.filter { $0.mark != .removed }.map { $0.text + "\n" }.joined() == new)
            }
        }
    }

    @Test func `of more lines than can be compared the middle is replaced as a whole`() {
        func text(_ word: String, _ count: Int) -> String { (0..<count).map { "\(word) \($0 % 2 == 0 ? "same" : "\(word)\($0)")\n" }.joined() }
        let most = LineDifference.most
        let many = LineDifference(from: "head\n" + text("x", most + 1) + "tail\n", to: "head\n" + text("y", most + 1) + "tail\n")
        #expect(many.lines.first?.mark == .same && many.lines.last?.mark == .same)
        #expect(many.lines.filter { $0.mark == .removed }.count == most + 1 && many.lines.filter { $0.mark == .added }.count == most + 1)
    }
}
