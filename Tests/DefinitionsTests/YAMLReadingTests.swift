import Testing

@testable import Definitions
@testable import Kernel

@Suite struct `Reading a document` {
    func read(_ text: String) -> (node: YAMLNode?, told: [String]) { read(Array(text.utf8)) }
    func read(_ bytes: [UInt8]) -> (node: YAMLNode?, told: [String]) {
        let findings = Findings()
        let node = YAMLReading.read(bytes, file: "a.yaml", findings)
        return (node, findings.all.map(\.description))
    }

    @Test func `every node knows its line and column`() throws {
        let read = read("a:\n  - b\n  - c: d\n")
        #expect(read.told.isEmpty)
        guard case .mapping(let top) = try #require(read.node).content, case .list(let list) = top[0].value.content,
            case .mapping(let inner) = list[1].content
        else { throw Wrong() }
        #expect(top[0].keyPlace == Place(file: "a.yaml", line: 1, column: 1))
        #expect(list[0].place == Place(file: "a.yaml", line: 2, column: 5))
        #expect(inner[0].value.place == Place(file: "a.yaml", line: 3, column: 8))
    }

    @Test func `a scalar stays the text that was written`() throws {
        guard case .mapping(let top) = try #require(read("country: NO\ncode: 007\nwhen: 2026-11-21\n").node).content else { throw Wrong() }
        #expect(top.map(\.value) == ["NO", "007", "2026-11-21"].map { YAMLNode(.text($0, plain: true), at: top[0].value.place) })
    }

    @Test(arguments: [
        ("a: [1, 2", "a.yaml:2:1: a bracket or a quotation mark is not closed; close it"),
        ("a: b: c", "a.yaml:1:5: a colon stands where YAML allows none; put the value in quotation marks, or mend the indentation"),
        (
            "a:\n\t- b",
            "a.yaml:2:1: a value cannot begin with this character (or a tab stands where spaces must); put the value in quotation marks, indent with spaces"
        ),
        ("a: 1\nb: 2\na: 3", "a.yaml:1:1: a is written twice; keep one of them"),
        ("a: 1\n---\nb: 2", "a.yaml:2:1: a second document begins here (---); put it in a file of its own"),
        ("a: *b", "a.yaml:1:4: * at the start of a value has a meaning in YAML; put the value in quotation marks"),
        ("a: &b c", "a.yaml:1:4: & at the start of a value has a meaning in YAML; put the value in quotation marks"),
        ("a: !b c", "a.yaml:1:4: tags (!b) are not used here; put the value in quotation marks, or remove the tag"),
        ("? [a, b]\n: c", "a.yaml:1:3: a key must be a text, found a list; write a word before the colon"),
        ("a:\n  <<: {b: c}", "a.yaml:2:3: merging (<<) is not used here; write the values out"),
        ("", "a.yaml:1:1: the file is empty; write a definition, or remove the file"),
        ("# only a comment", "a.yaml:1:1: the file is empty; write a definition, or remove the file"),
        (#"a: "^\d""#, #"a.yaml:1:6: a \ in "quotation marks" has a meaning; use 'single quotation marks'"#),
        ("a: \u{1}b", "a.yaml:1:4: control characters are not allowed (U+1); remove the character, or write it escaped in \"quotation marks\""),
    ])
    func `what is wrong is told with its place and how to mend it`(text: String, told: String) {
        #expect(read(text).told == [told])
    }

    @Test func `bytes that are no UTF-8 are told with their place`() {
        #expect(read(Array("a: ü\nb: ".utf8) + [0xFF, 0x61]).told == ["a.yaml:2:4: this is no UTF-8; save the file as UTF-8"])
        #expect(read([0xC3]).told == ["a.yaml:1:1: this is no UTF-8; save the file as UTF-8"])
    }

    @Test func `a document may have 60,000 bytes and no more`() {
        let most = "a: " + String(repeating: "x", count: 59_997)
        #expect(read(most).told.isEmpty)
        #expect(read(most + "x").told == ["a.yaml:1:1: a document may have 60000 bytes, this one has 60001; split it into several documents"])
    }

    @Test func `a document may nest 20 deep and no deeper`() {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth - 1) + "x" + String(repeating: "]", count: depth - 1) }
        #expect(read(nested(20)).told.isEmpty)
        #expect(read(nested(21)).told == ["a.yaml:1:21: a document may nest 20 deep; write it flatter"])
    }

    @Test(arguments: [
        String(repeating: "[", count: 60_000), String(repeating: "{", count: 60_000), String(repeating: "- ", count: 30_000),
        String(repeating: "? ", count: 30_000), String(repeating: "{a: ", count: 15_000),
        String(repeating: "[", count: 990) + String(repeating: "]", count: 990),
    ])
    func `thousands of brackets are refused without harm`(text: String) {
        #expect(read(text).told.count == 1)
    }

    /// Nine lines that stand for a billion values, as values and as keys (which the parser would hash by all they hold).
    @Test func `a few lines that stand for billions are refused before they are parsed`() {
        var values = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in 1..<30 { values += "a\(i): &a\(i) [" + String(repeating: "*a\(i - 1), ", count: 9) + "x]\n" }
        let told = ["a.yaml:1:5: anchors and aliases are not used here; write the value out, or put it in quotation marks"]
        #expect(read(values).told == told)
        #expect(read(values + "? *a29\n: y\n").told == told)
        #expect(read("{\"k\":&a [x],\"l\":*a}").told.count == 1)
        #expect(read("- &a\n- ?*a :x\n").told.count == 1)
    }

    @Test func `an ampersand or a star within a text is a text`() throws {
        let read = read("a: R&D for *all* of us\nb: '*.example'\nc: 'x &y *y'\n")
        #expect(read.told == ["a.yaml:3:7: anchors and aliases are not used here; write the value out, or put it in quotation marks"])
        #expect(self.read("a: R&D for *all* of us\nb: '*.example'\nc: Ben & Jerry\n").told.isEmpty)
    }

    /// Whatever the bytes, reading comes to an end with a tree or with something to say.
    @Test func `no bytes make it crash`() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "!t ", "|\n", ">", "'", "\"", "\\", "? ", "#", "\t", "---\n", "...",
            "%YAML 1.1\n", "<<", "ü", "\u{FEFF}", "\u{85}", ",",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 1...25, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let read = read(text)
            #expect((read.node != nil) || !read.told.isEmpty, "\(text.debugDescription)")
        }
    }

    struct Wrong: Error {}
}

@Suite struct `The nearest word` {
    @Test func `counts letters put in, left out, changed and swapped`() {
        func distance(_ a: String, _ b: String) -> Int { Nearest.distance(Array(a), Array(b)) }
        #expect(distance("", "abc") == 3)
        #expect(distance("form", "from") == 1)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("priority", "priority") == 0)
    }

    @Test func `is offered only when it is near`() {
        let known = ["from", "limit", "priority", "normalise"]
        #expect(Nearest.word(to: "form", among: known) == "from")
        #expect(Nearest.word(to: "Normalize", among: known) == "normalise")
        #expect(Nearest.word(to: "colour", among: known) == nil)
        #expect(Nearest.advice(for: "colour", among: ["b", "a"]) == "known here: a, b")
        let many = (10..<100).map { "w\($0)" }
        #expect(Nearest.advice(for: "colour", among: many).hasSuffix(", w48, w49 and 50 more"))
        #expect(Nearest.advice(for: "w1", among: many) == "did you mean w10?")
    }
}
