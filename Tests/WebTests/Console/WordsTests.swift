import Foundation
import Kernel
import Ledger
import Testing

@testable import Customers
@testable import Web

@Suite struct `The words for what happened` {
    private let formats = Formats(zone: .gmt, now: Instant(milliseconds: 1_795_000_000_000))

    private func say(_ name: String, _ json: JSON = [:], _ direction: Direction = .in, _ channel: String = "web", type: CallType = .track)
        -> Sentence
    {
        EventCatalogue.sentence(
            Telling(name: name, channel: channel, direction: direction, type: type, value: nil, properties: Properties(json), formats: formats))
    }
    private func text(_ s: Sentence) -> String { ([s.does, s.what ?? ""] + s.asides).filter { !$0.isEmpty }.joined(separator: "|") }

    @Test func `well-known names are told however they are spelled`() {
        let order: JSON = [
            "order_id": "A1", "total": 64.5, "currency": "GBP", "products": [["name": "Fell lantern", "quantity": 2], ["name": "Candle"]],
        ]
        for name in ["Order Completed", "order_completed", "orderCompleted", "Order Placed"] {
            #expect(text(say(name, order)) == "ordered|2 × Fell lantern and 1 more|order A1|£64.50")
        }
        #expect(text(say("Page Viewed", ["title": "Benches"])) == "looked at|“Benches”")
        #expect(text(say("Product Viewed", ["name": "Bench", "price": 389, "currency": "EUR"])) == "looked at|Bench|€389.00")
        #expect(text(say("Email Sent", ["email_subject": "News"], .out, "email")) == "wrote|“News”")
        #expect(text(say("Order Delivered", ["order_id": "A1", "days_late": 1], .out)) == "delivered|order A1|1 day late")
        #expect(text(say("Order Approved", ["order_id": "A1"], .internal)) == "Order approved|order A1")
        let move: JSON = ["old_city": "York", "new_city": "Leeds", "new_postcode": "LS6 2AB"]
        #expect(text(say("Address Changed", move)) == "moved|from York to Leeds|LS6 2AB")
        #expect(text(say("Customer Moved", ["fromCity": "York", "toCity": "York"])) == "moved|within York")
        #expect(text(say("address_changed", ["postcode": "LS6 2AB"])) == "has a new address|LS6 2AB")
        #expect(
            say("Order Approved", [:], .internal).subject == .nobody && say("Order Shipped", [:], .out).subject == .we
                && say("Order Completed").subject == .customer)
    }

    @Test func `an answer shows its score on its scale, and bad ones as bad`() {
        #expect(say("NPS Answered", ["score": 6]).does == "answered 6 of 10" && say("NPS Answered", ["score": 6]).tone == .bad)
        #expect(say("NPS Answered", ["score": 7]).tone == .plain && say("NPS Answered", ["score": 9]).tone == .good)
        #expect(say("Survey Answered", ["rating": 2]).does == "answered 2 of 5" && say("Survey Answered", ["rating": 2]).tone == .bad)
        #expect(say("Survey Answered", ["score": 4, "scale": 5]).tone == .good)
        #expect(say("Survey Answered", ["score": 4]).does == "answered 4" && say("Survey Answered", ["score": 4]).tone == .plain)
        let told = say("Review Submitted", ["review_score": 1, "question": "Ours?", "comment": "Mine."])
        #expect(told.words == "Mine." && told.asides == ["Ours?"])
    }

    @Test func `words are the customer's only when they came from the customer`() {
        #expect(say("Message Received", ["text": "Hello"], .in, "chat").words == "Hello")
        #expect(
            say("Message Sent", ["text": "Hello"], .out, "sms").said == "Hello" && say("Message Sent", ["text": "Hello"], .out, "sms").words == nil)
        #expect(say("Anything Odd", ["comment": "So"], .in).words == "So")
    }

    @Test func `an unknown name stands by itself with up to three telling properties`() {
        let odd = say("Wishlist Exported", ["request_id": "x", "itemCount": 1200, "format": "pdf", "shared": true, "deep": ["a": 1], "fourth": "d"])
        #expect(odd.subject == .nobody && text(odd) == "Wishlist Exported|item count 1,200|format pdf|shared")
        #expect(say("").does == "Something without a name")
        #expect(text(say("Customer Identified", ["email": "a@b", "first_name": "Ann"], type: .identify)) == "told us|e-mail, first name")
    }

    @Test func `a figure has the room that it has, and is brief rather than cut off`() {
        func figure(_ value: Double, _ currency: String? = "GBP") -> String { Formats.figure(value, Formats.money(value, currency)) }
        #expect(figure(842.6) == "£842.60" && figure(12_345_678.5) == "£12,345,679" && figure(123_456_789.5) == "£123,456,790")
        #expect(figure(1_234_567_890.5) == "£1.23\u{A0}bn" && figure(-98_765_432_101, "BRL") == "−BRL\u{A0}98.77\u{A0}bn")
        #expect(figure(1_234_567.25, "BRL") == "BRL\u{A0}1.23\u{A0}m" && figure(1_234_567.25, nil) == "1,234,567.25")
        #expect(Formats.figure(1_234_567_890, Formats.number(1_234_567_890)) == "1.23\u{A0}bn")
    }

    @Test func `numbers and amounts are written for people`() {
        #expect(Formats.number(1_203_204) == "1,203,204" && Formats.number(-1000) == "−1,000" && Formats.number(0) == "0")
        #expect(Formats.number(0.1 + 0.2) == "0.3" && Formats.number(1234.5) == "1,234.5" && Formats.number(Double.nan) == "no number")
        // A drawing's places have no separators: an attribute of SVG is no text for people.
        #expect(Formats.drawn(1160) == "1160" && Formats.drawn(1064.26) == "1064.3" && Formats.drawn(0.04) == "0")
        #expect(Formats.number(Double(Int.min)) == "−9,223,372,036,854,775,808")
        #expect(
            Formats.money(1203204.5, "BRL") == "BRL\u{A0}1,203,204.50" && Formats.money(-3, "usd") == "−$3.00"
                && Formats.money(1200, "JPY") == "¥1,200")
        #expect(Formats.money(5, nil) == "5.00" && Formats.money(5, "pounds") == "5.00" && Formats.money(0.005, "GBP") == "£0.01")
    }

    @Test func `days begin when they begin in the workspace's zone, also when the clocks change`() throws {
        let zone = try #require(TimeZone(identifier: "Europe/London"))
        let formats = Formats(zone: zone, now: try #require(Instant("2026-11-19T00:10:00Z")))
        #expect(formats.time(try #require(Instant("2026-07-01T23:30:00Z"))) == "00:30")
        #expect(formats.day(of: try #require(Instant("2026-07-01T23:30:00Z"))).iso == "2026-07-02")
        #expect(formats.start(of: try #require(formats.day("2026-07-02"))).rfc3339 == "2026-07-01T23:00:00.000Z")
        #expect(formats.start(of: try #require(formats.day("2026-10-25"))).rfc3339 == "2026-10-24T23:00:00.000Z")
        #expect(formats.start(of: try #require(formats.day("2026-10-26"))).rfc3339 == "2026-10-26T00:00:00.000Z")
        #expect(formats.heading(formats.today) == ("Today", "Thursday 19 November"))
        #expect(formats.heading(.init(number: formats.today.number - 1)) == ("Yesterday", "Wednesday 18 November"))
        #expect(formats.heading(.init(number: formats.today.number - 2)) == ("Tuesday", "17 November"))
        #expect(formats.heading(.init(number: formats.today.number - 400)) == ("15 October 2025", "Wednesday"))
        #expect(formats.day("2026-02-30") == nil && formats.day("x") == nil)
    }

    @Test func `how long ago is said as people say it`() throws {
        let now = try #require(Instant("2026-11-19T10:42:00Z"))
        let formats = Formats(zone: .gmt, now: now)
        #expect(
            formats.ago(now + -59_000) == "just now" && formats.ago(now + -60_000) == "1 min ago"
                && formats.ago(now + -12_120_000) == "3 h 22 min ago")
        #expect(
            formats.ago(now + -86_400_000) == "yesterday" && formats.ago(now + -2 * 86_400_000) == "on Tuesday"
                && formats.ago(now + -13 * 86_400_000) == "on 6 November")
        #expect(
            formats.since(now) == "since today" && formats.since(now + -23 * 86_400_000) == "23 days"
                && formats.since(now + -431 * 86_400_000) == "14 months")
    }

    @Test func `properties of any depth become lines, up to a limit that is said`() {
        let members: [JSON.Member] = [.init("a", ["b": ["c": ["d": ["e": ["f": 1]]]]]), .init("list", [1, "two", true]), .init("text", "So")]
        let rows = PropertyRow.rows(of: members, isFromCustomer: true, formats).rows
        #expect(rows.map(\.depth).max() == PropertyRow.maximumDepth)
        #expect(rows.first { $0.name == "e" }?.value == "{\"f\":1}" && rows.first { $0.name == "list" }?.value == "1, two, yes")
        #expect(rows.first { $0.name == "text" }?.isVoice == true)
        let many = PropertyRow.rows(of: (0..<100).map { .init("k\($0)", 1) }, isFromCustomer: true, formats)
        #expect(many.rows.count == PropertyRow.maximum && many.more == 20)
        let long = PropertyRow.rows(of: [.init("x", .string(String(repeating: "é", count: 2000)))], isFromCustomer: true, formats).rows
        #expect(long[0].value?.count == PropertyRow.maximumValue + 1)
        #expect(
            Properties.words(of: "shippingMethod") == "shipping method" && Properties.words(of: "order_ID") == "order id"
                && Properties.words(of: "nps") == "NPS")
    }

    @Test func `why two are one is said in the words and dates of the page, never in those of the API`() throws {
        func say(_ reason: Merge.Reason) throws -> String {
            let merge = Merge(
                id: 1, kept: CustomerID(raw: 1), absorbed: CustomerID(raw: 2), reason: reason, at: try #require(Instant("2026-01-02T23:30:00Z")),
                position: nil, undoneAt: nil, undoneBy: nil, sentence: "joined because both used email a@b on 2026-01-02")
            let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
            return MergeWords.sentence(merge, Formats(zone: zone, now: try #require(Instant("2026-11-19T10:42:00Z"))))
        }
        #expect(
            try say(.identifiers(kind: "loyalty_id", value: "4410", otherKind: "anonymous_id", otherValue: "e2f1c8a0-90be-4f57-b0ce-1a2b3c4d5e6f"))
                == "Joined because both used loyalty card 4410: on 3 January it came together with browser or app e2f1c8…5e6f")
        #expect(
            try say(.identifiers(kind: "soc_sec_id", value: "1", otherKind: "user_id", otherValue: "88213"))
                == "Joined because both used soc sec id 1: on 3 January it came together with account 88213")
        #expect(
            try say(.identifiers(kind: "email", value: "", otherKind: "phone", otherValue: ""))
                == "Joined because one interaction on 3 January carried identifiers of both, since erased")
        #expect(
            try say(.match(rule: "surname + date_of_birth", values: ["smith", "1980-04-02"]))
                == "Joined because both have the same surname and date of birth (smith, 2 Apr 1980), seen on 3 January")
        #expect(try say(.person(name: "Tom Okafor", note: " ")) == "Joined by Tom Okafor on 3 January")
        #expect(try say(.person(name: "Tom Okafor", note: "same voice")) == "Joined by Tom Okafor on 3 January: same voice")
    }

    @Test func `times that programs wrote are read as the page writes them, and other texts are left alone`() throws {
        let zone = try #require(TimeZone(identifier: "Europe/London"))
        let formats = Formats(zone: zone, now: try #require(Instant("2026-11-19T10:42:00Z")))
        #expect(formats.readable("2026-07-01T23:30:00Z") == "2 Jul 2026, 00:30" && formats.readable("1987-04-02") == "2 Apr 1987")
        for text in ["1987-02-30", "19870402", "2026", "12:30", "HP-40817", "", "2026-07-01 or so"] {
            #expect(formats.readable(text) == nil, "\(text)")
        }
        let row = try #require(PropertyRow.rows(of: [.init("due", "2026-07-01T23:30:00Z")], isFromCustomer: true, formats).rows.first)
        #expect(row.value == "2 Jul 2026, 00:30" && row.sent == "2026-07-01T23:30:00Z")
        #expect(text(say("Delivery Delayed", ["eta": "2026-11-22"], .out)) == "Delivery is late|now due 22 Nov 2026")
        #expect(text(say("Odd Thing", ["promised": "2026-11-22T09:00:00Z"])) == "Odd Thing|promised 22 Nov 2026, 09:00")
    }

    @Test func `why two may be one is said with the page's days, and never as certain`() {
        #expect(Console.reason("same date of birth 1980-04-02", formats) == "Same date of birth 2 Apr 1980")
        #expect(Console.reason("but born 1980-04-02, 1981-04-02", formats) == "But born 2 Apr 1980, 2 Apr 1981")
        #expect(Console.reason("same address: 14 Chapel Row, LS6  3DA", formats) == "Same address: 14 Chapel Row, LS6  3DA")
        #expect(Console.likeness(0.924) == "92% alike" && Console.likeness(0.99) == "99% alike" && Console.likeness(0.9999) == "over 99% alike")
    }

    @Test func `details that a program sent are told in brackets, and a nameless one is named in small letters inside a sentence`() {
        let details = EventCatalogue.sentence(
            Telling(
                name: "Customer Identified", channel: "other", direction: .internal, type: .identify, value: nil,
                properties: Properties(["name": "Ann", "email": "a@b"]), formats: formats))
        #expect(text(details) == "Details came in|(name, e-mail)")
        #expect(Who(name: "فاطمة", identifier: nil, id: CustomerID(raw: 5)).inline == "فاطمة")
        #expect(Who(name: nil, identifier: nil, id: CustomerID(raw: 5)).inline == "the visitor")
    }

    @Test func `nobody is given a name they do not have`() {
        let id = CustomerID(raw: 5)
        #expect(Who(name: nil, identifier: ("anonymous_id", "e2f1c8a0-90be-4f57-b0ce-1a2b3c4d5e6f"), id: id).title == "Visitor e2f1c8…5e6f")
        #expect(
            Who(name: nil, identifier: nil, id: id).title == "Visitor 0000005" && Who(name: " ", identifier: ("email", "a@b"), id: id).title == "a@b")
        #expect(
            Who(name: "nora van der Adeyemi", identifier: nil, id: id).initials == "NA" && Who(name: "🦊", identifier: nil, id: id).initials == nil)
        #expect(Who(name: String(repeating: "n", count: 33), identifier: nil, id: id).short == "The customer")
    }
}
