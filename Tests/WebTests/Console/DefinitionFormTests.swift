import Audiences
import Definitions
import Formula
import Foundation
import Kernel
import Testing

@testable import Web

@Suite struct `Definitions that people write in a form` {
    @Test(arguments: [
        ("North, late parcel", "north_late_parcel"), ("  Café & Co. ", "cafe_co"), ("2 orders", "orders"), ("…", ""), ("日本", ""),
        (String(repeating: "a", count: 80), String(repeating: "a", count: 60)),
    ])
    func `have a key made of their name`(name: String, key: String) { #expect(FormBase.key(of: name) == key) }

    @Test func `read back as they were written, line breaks, quotation marks and all`() throws {
        let form = Parameters([
            ("name", "It's \"theirs\": #1"), ("purpose", "Said: yes"), ("owner", "Ann"), ("who", "did(\"A: b\")\r\n  and did(any) # why\r\n"),
            ("except", ""), ("basis", "3"),
        ])
        let asked = AudienceForm(form, key: "theirs")
        let findings = Findings()
        let document = try #require(Blueprint(files: [(name: "a.yaml", bytes: Array(asked.yaml.utf8))], findings).documents.first)
        let read = document.read(AudienceDefinition.self, findings)
        #expect(findings.isEmpty && "\(document.id)" == "audience/theirs" && document.owner == "Ann")
        #expect(read.name == "It's \"theirs\": #1" && read.purpose == "Said: yes" && read.except == nil)
        #expect(read.who.text.trimmedEnd == "did(\"A: b\")\n  and did(any) # why")
    }

    @Test func `are mended where the button says, and nowhere else`() {
        let field = FormulaField(name: "who", label: "", hint: "", text: "é or consent.emial", kind: .condition)
        #expect(field.mended("who:5:18:consent.email") == "é or consent.email")
        #expect(field.mended("except:5:18:consent.email") == nil)
        #expect(field.mended("who:5:999:consent.email") == nil)
        #expect(field.mended("who:9:5:x") == nil)
        #expect(field.mended("who:x") == nil)
    }

    @Test(arguments: [(0, 0, "0%"), (0, 10, "0%"), (1, 10_000, "under 0.1%"), (48, 1_000, "4.8%"), (1, 3, "33%"), (10, 10, "100%")])
    func `say shares as people do`(part: Int, whole: Int, words: String) { #expect(Console.share(part, whole) == words) }

    @Test(arguments: [(0, 2), (2, 2), (3, 4), (5, 6), (11, 20), (2_316, 4_000), (9_500, 10_000)])
    func `have charts that end at an even round number`(most: Int, top: Int) { #expect(Console.top(most) == top) }

    @Test func `give values in words`() {
        let formats = Formats(zone: .gmt, now: Instant("2026-11-22T10:00:00Z")!)
        func text(_ number: Double, _ type: ValueType, _ unit: String? = nil) -> String { MetricWords.text(number, type, unit: unit, formats) }
        #expect(text(1_203.5, .number, "GBP") == "£1,203.50" && text(3, .number, "orders") == "3\u{A0}orders" && text(2.345, .number) == "2.35")
        #expect(text(1, .flag) == "yes" && text(0, .flag) == "no" && text(.nan, .number) == "unknown")
        #expect(text(90_600, .duration) == "25 h 10 min" && text(172_800, .duration) == "2 days" && text(30, .duration) == "30 s")
        #expect(text(0, .date) == "1 Jan 1970")
    }
}
