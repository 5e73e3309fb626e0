import Ledger
import Testing

@testable import Identity

@Suite struct `Identifiers written the same way` {
    let rules = IdentityRules.standard

    /// The normalised value, or the refusal in words.
    func normal(_ kind: String, _ value: String, _ rules: IdentityRules? = nil) -> String {
        let rules = rules ?? self.rules
        guard let kind = rules.kind(kind) else { return "no such kind" }
        switch rules.normalise(kind, value) {
        case .success(let text): return text
        case .failure(let refused):
            switch refused.refusal {
            case .blocked(let pattern): return "blocked by \(pattern)"
            case .invalid(let why): return "invalid: \(why)"
            }
        }
    }

    @Test func `a user id loses the white space around it and nothing else`() {
        #expect(normal("user_id", " \t A-17 b\r\n") == "A-17 b")
        #expect(normal("user_id", "\u{FEFF}\u{A0}Zoë\u{200B}") == "Zoë")
    }

    @Test func `an accent typed in two ways is one letter`() {
        #expect(Array(normal("user_id", "Zoe\u{308}").utf8) == Array("Zo\u{EB}".utf8))
        #expect(Array(normal("email", "ZOE\u{308}@example.com").utf8) == Array("zo\u{EB}@example.com".utf8))
    }

    @Test func `an e-mail address is lower case and keeps its dots and its tag`() {
        #expect(normal("email", " Ann.B+news@Example.COM ") == "ann.b+news@example.com")
        #expect(normal("email", "ÄNNE@BÜCHER.example") == "änne@bücher.example")
    }

    @Test(arguments: [
        ("", "is empty"), ("   ", "is empty"), ("ann", "has no @"), ("ann@b@c", "has more than one @"), ("@example.com", "has nothing before the @"),
        ("ann@", "has nothing after the @"), ("ann b@example.com", "has a space in it"), ("@", "has nothing before the @"),
        (".ann@example.com", "has a dot where a name should be"),
        ("ann.@example.com", "has a dot where a name should be"), ("ann@.com", "has a dot where a name should be"),
        ("ann@example.com.", "has a dot where a name should be"), ("ann@example..com", "has two dots in a row"),
        ("Ann <ann@example.com>", "has a space in it"), ("<ann@example.com>", "has a < in it; write the bare address"),
        ("ann@example.com,bob", "has a , in it; write the bare address"), ("ann\u{0}@example.com", "has a control character in it"),
    ])
    func `what is no e-mail address is refused with what is wrong`(value: String, why: String) {
        #expect(normal("email", value) == "invalid: \(why)")
    }

    @Test func `an e-mail address may have 254 bytes and no more`() {
        let local = String(repeating: "a", count: 242)
        #expect(normal("email", local + "@example.com").utf8.count == 254)
        #expect(normal("email", "b" + local + "@example.com") == "invalid: has more than 254 bytes")
    }

    @Test func `a value may have 512 bytes and no more, of ASCII and of other letters`() {
        #expect(normal("user_id", String(repeating: "x", count: 512)).utf8.count == 512)
        #expect(normal("user_id", String(repeating: "x", count: 513)) == "invalid: has more than 512 bytes")
        #expect(normal("user_id", String(repeating: "é", count: 256)).utf8.count == 512)
        #expect(normal("user_id", String(repeating: "é", count: 257)) == "invalid: has more than 512 bytes")
        #expect(normal("user_id", String(repeating: "é", count: 100_000)) == "invalid: has more than 512 bytes")
    }

    @Test func `bytes that are no UTF-8 are refused`() throws {
        let kind = try #require(rules.kind("user_id"))
        let refusal = [UInt8]([0x61, 0xFF, 0xC0]).withUnsafeBytes { rules.normalise(kind, $0) { _ in Issue.record("it was used") } }
        #expect(refusal == .invalid("is no UTF-8"))
    }

    @Test func `a phone number is read as seen from the workspace's country`() {
        let british = IdentityRules(kinds: IdentityRules.standardKinds, matches: [], country: "GB")
        for typed in ["020 7946 0018", "(020) 7946-0018", "+44 20 7946 0018", "0044 20 7946 0018", "+44 (0)20 7946 0018", "tel:+44-20-7946-0018"] {
            #expect(normal("phone", typed, british) == "+442079460018")
        }
        #expect(normal("phone", "(415) 555-2671") == "+14155552671")
        #expect(normal("phone", "٠٢٠ ٧٩٤٦ ٠٠١٨", british) == "+442079460018")
    }

    @Test(arguments: [
        "12", "call me", "+", "++++++", "555-2671", "+999 123 456 789", String(repeating: "42", count: 250),
        "+1 415 555 2671 or +1 415 555 2672 or ask for Ann Example at noon",
    ])
    func `what is no phone number is refused`(value: String) {
        #expect(normal("phone", value) == "invalid: is no phone number, as seen from US")
    }

    @Test(arguments: [
        "0", "0000", "00000000-0000-0000-0000-000000000000", "-1", "null", "NULL", " None ", "undefined", "anonymous", "unknown", "NaN", "(not set)",
        "n/a", "#N/A", "[object Object]", "<null>", "{{ user.id }}", "${id}", "%%ID%%", "*|ID|*", "<user id>", "false", "test@example.com",
    ])
    func `a value that proves nothing is blocked for every kind`(value: String) {
        for kind in rules.kinds { #expect(normal(kind.name, value).hasPrefix("blocked by "), "\(kind.name) \(value)") }
    }

    @Test func `some values are blocked for one kind only`() {
        #expect(normal("email", "No-Reply@shop.example").hasPrefix("blocked by "))
        #expect(normal("user_id", "no-reply@shop.example") == "no-reply@shop.example")
        #expect(normal("device_id", "9774D56D682E549C").hasPrefix("blocked by "))
        #expect(normal("phone", "+1 555 555 5555").hasPrefix("blocked by "))
        #expect(normal("phone", "1234567890").hasPrefix("blocked by "))
    }

    @Test(arguments: ["nullman", "testa@example.com", "ann@test.example", "Mr Null", "1001", "-10", "n/a-7", "anonymous7", "Noone", "None Smith"])
    func `a value that only resembles a blocked one is taken`(value: String) {
        #expect(normal("user_id", value) == value)
    }

    @Test func `every built-in pattern can be used`() {
        let made = BlockedValues.prepare(all: BlockedValues.standardForAll, own: BlockedValues.standardForKinds)
        #expect(made.failures == [])
    }

    @Test func `a phone number blocked in its last form is blocked however it was typed`() {
        let blocked = BlockedValues.prepare(all: [], own: [.phone: [#"^\+442079460000$"#]]).values
        let rules = IdentityRules(kinds: IdentityRules.standardKinds, matches: [], country: "GB", blocked: blocked)
        #expect(normal("phone", "(020) 7946 0000", rules) == #"blocked by ^\+442079460000$"#)
        #expect(normal("user_id", "null", rules) == "null")
    }

    @Test func `a pattern that cannot be used is told with its reason, and the others are used`() {
        let made = BlockedValues.prepare(all: ["^ok$", "(", "(?=x)"], own: [.email: ["[z-a]"]])
        #expect(made.failures.map(\.pattern) == ["(", "(?=x)", "[z-a]"])
        #expect(made.failures.allSatisfy { !$0.why.isEmpty })
        #expect(made.values.all == ["^ok$"])
    }

    @Test func `no bytes make it crash, and what is taken is never longer than it may be`() {
        var random = SystemRandomNumberGenerator()
        let pieces =
            ["+", "0", "1 ", "(", ")", "ext", "x", ";", "tel:", "@", ".", "é", "\u{200B}", "٣", "＋", "\0", "null", "-", "&", "A"].map {
                Array($0.utf8)
            } + [[0xFF], [0xC3]]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...30, using: &random)).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            for kind in rules.kinds {
                bytes.withUnsafeBytes { raw in
                    var used = 0
                    let refusal = rules.normalise(kind, raw) { value in
                        used += 1
                        #expect(!value.isEmpty && value.count <= IdentityRules.longestValue)
                    }
                    #expect(used == (refusal == nil ? 1 : 0))
                }
            }
        }
    }

    /// Patterns that hold only at the start are searched apart from the others: what is found must not change by that.
    @Test(arguments: [
        ("^a|b", "xb", true), ("^(a|b)", "xb", false), ("^(a|b)", "bx", true), ("^[|]", "x|", false), ("^[]|]x|y", "zy", true),
        (#"^\|"#, "a|", false), (#"^\|"#, "|", true),
        (#"^\Qa|\E|b"#, "xb", true), ("^?b", "ab", true), ("^*b", "ab", true), ("^{0}b", "ab", true), ("(?m)^b", "a\nb", true),
        ("^(?m)a|b", "cb", true), ("b$", "ab", true), ("^", "x", true),
        ("^a$", "A", true), ("^a$", "aa", false), ("^(a|(b|c))d|e", "xe", true), ("[^a]|b", "b", true), ("^[^]|]$", "|", false),
    ])
    func `a pattern is found where RE2 says`(pattern: String, text: String, found: Bool) {
        #expect((PatternSet([pattern]).find(text) != nil) == found)
        #expect((PatternSet(["^zzz", pattern, "zzz"]).find(text) == pattern) == found)
    }

    @Test func `of several patterns the first is named`() {
        let set = PatternSet(["b", "^a", "a"])
        #expect(set.find("ab") == "b" && set.find("ax") == "^a" && set.find("xa") == "a" && set.find("x") == nil && set.find("") == nil)
        #expect(PatternSet([]).find("x") == nil)
    }

    /// What comes out, put in again, must come out the same: the ledger is replayed.
    @Test func `normalising twice is normalising once`() {
        for kind in rules.kinds {
            for value in [
                "Ann@Example.com", " İstanbul@x.tr", "ǅ@x.y", "+1 415 555 2671", "ﬁ@x.y", "\u{2000}x\u{2000}@y", "Σ@ΑΣ", "\u{1E9B}\u{323}@q",
            ] {
                let once = normal(kind.name, value)
                if !once.hasPrefix("invalid") { #expect(Array(normal(kind.name, once).utf8) == Array(once.utf8), "\(kind.name) \(value)") }
            }
        }
    }
}
