import Kernel
import Testing

@testable import sightline

@Suite struct `Text on a terminal` {
    @Test func `what would steer the terminal is shown, not done`() {
        #expect(Text.clean("a\u{1B}]0;owned\u{7}b\u{9B}31m") == "a\\u{1B}]0;owned\\u{7}b\\u{9B}31m")
        #expect(Text.clean("one\r\ntwo\tthree") == "one two three" || Text.clean("one\r\ntwo\tthree") == "one  two three")
        #expect(Text.clean("abc\u{202E}cba") == "abc\\u{202E}cba")
        #expect(Text.clean("Zoë 李明 👍") == "Zoë 李明 👍")
    }

    @Test func `width counts columns, not letters`() {
        #expect(Text.width("abc") == 3)
        #expect(Text.width("李明") == 4)
        #expect(Text.width("e\u{301}") == 1)
        #expect(Text.width("👍") == 2)
    }

    @Test func `what is cut says so and fits`() {
        #expect(Text.cut("abcdef", to: 4) == "abc…")
        #expect(Text.cut("李明李明", to: 4) == "李…")
        #expect(Text.cut("abc", to: 3) == "abc")
        #expect(Text.cut("abc", to: 0) == "")
        for width in 0...12 { #expect(Text.width(Text.cut("a李b明c李d", to: width)) <= width) }
    }

    @Test func `numbers have their thousands apart`() {
        #expect(Text.count(1_234_567) == "1,234,567")
        #expect(Text.count(999) == "999")
        #expect(Text.count(1, "row") == "1 row")
        #expect(Text.count(0, "row") == "0 rows")
    }

    @Test func `a table is no wider than the terminal, and its cells are harmless`() {
        var table = Table([.init(title: "id"), .init(title: "name", shrinks: true), .init(title: "count", right: true)])
        table.add(["1", String(repeating: "long ", count: 40) + "\u{1B}[2J", "7"])
        let lines = table.lines(width: 40, style: Style(on: false))
        #expect(lines.allSatisfy { Text.width($0) <= 40 })
        #expect(!lines.joined().contains("\u{1B}"))
    }

    @Test func `days are named`() {
        #expect(Moment.longDay("2026-11-21T23:59:06.123Z") == "Saturday 21 November 2026")
        #expect(Moment.longDay("1969-12-31T23:59:59.999Z") == "Wednesday 31 December 1969")
        #expect(Moment.minute("2026-11-21T23:59:06.123Z") == "2026-11-21 23:59")
        #expect(Moment.minute("whenever") == "whenever")
    }

    @Test func `a part of a path or query is encoded but for unreserved characters`() {
        #expect(APIRequest.encoded("Büro 3/4?&=#..~") == "B%C3%BCro%203%2F4%3F%26%3D%23..~")
        #expect(APIRequest("GET", "/x", query: [("a b", "1&2")]).target == "/x?a%20b=1%262")
    }

    @Test func `a customer is shown as on the page, without colours and without harm`() throws {
        let customer: JSON = [
            "id": "cus_0000001", "ids": ["cus_0000001", "cus_0000002"], "name": "Ann\u{1B}[31m", "interactions": 2,
            "firstSeen": "2026-11-20T10:00:00.000Z",
            "lastSeen": "2026-11-21T10:00:00.000Z",
            "identifiers": [
                [
                    "kind": "email", "value": "ann@example.com", "unique": true, "shared": false, "former": false,
                    "firstSeen": "2026-11-20T10:00:00.000Z",
                ]
            ],
            "traits": [["key": "note", "value": "a\nb\u{9B}", "at": "2026-11-20T10:00:00.000Z", "source": "web"]],
            "merges": [["kept": "cus_0000001", "absorbed": "cus_0000002", "sentence": "joined because both used e-mail ann@example.com"]],
            "channels": [["name": "web", "count": 2, "last": "2026-11-21T10:00:00.000Z"]], "names": [],
        ]
        let history: [JSON] = [
            [
                "at": "2026-11-21T10:00:00.000Z", "channel": "web", "direction": "in", "name": "Order\u{1B}[2J",
                "properties": ["order_id": "A-1", "none": .null],
            ],
            ["at": "2026-11-20T10:00:00.000Z", "channel": "email", "direction": "out", "name": "Sent", "properties": [:]],
        ]
        let lines = try CustomerPage(customer: customer, history: history, more: true).lines(width: 80, style: Style(on: false))
        let text = lines.joined(separator: "\n")
        #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || (0x7F..<0xA0).contains($0.value) })
        for part in [
            "cus_0000002", "ann@example.com", "joined because both used e-mail", "Saturday 21 November 2026", "→ in", "← out", "order_id A-1",
            "There are more",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(lines.allSatisfy { Text.width($0) <= 80 })
    }
}
