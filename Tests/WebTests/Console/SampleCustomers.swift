import Kernel
import Ledger
import Synchronization

@testable import Customers

extension SampleWorld {
    /// Nora, whose bench came late; and everybody whom a page could stumble over.
    static func furnished() throws -> SampleWorld {
        let world = try SampleWorld()
        world.addNora()
        world.addAwkward()
        return world
    }

    private func addNora() {
        let kept = CustomerID(raw: 1)
        let nora = add(
            1, name: "Nora Adeyemi",
            identifiers: [
                ("anonymous_id", "7f3a9b22-4c0e-4a6e-9f0b-5b1d8a77c210", "2025-09-12T18:00:00Z"), ("user_id", "88213", "2025-09-14T09:12:00Z"),
                ("email", "nora.adeyemi@example.com", "2025-09-14T09:12:00Z"), ("loyalty_id", "4410 0932", "2026-01-03T12:04:00Z"),
                ("phone", "+447700900123", "2026-11-01T20:36:00Z"), ("order_id", "HP-40817", "2026-11-01T20:36:00Z"),
                ("order_id", "HP-39002", "2026-05-03T10:00:00Z"), ("device_id", "tablet-in-leeds", "2026-02-03T10:00:00Z"),
            ],
            traits: [
                ("first_name", "Nora"), ("last_name", "Adeyemi"), ("email", "nora.adeyemi@example.com"), ("phone", "+44 7700 900123"),
                ("address", ["street": "14 Chapel Row", "city": "Leeds", "postcode": "LS6 3DA", "country": "GB"]), ("birthday", "1987-04-02"),
                ("newsletter", true), ("favourite_materials", ["oak", "wool", "enamel"]), ("loyaltyTier", "Gold"), ("children", 2),
                ("language", "en-GB"),
                ("preferred_shop", "Leeds"),
            ],
            merges: [
                Self.merge(
                    11, kept, CustomerID(raw: 412),
                    .identifiers(kind: "anonymous_id", value: "7f3a9b22", otherKind: "email", otherValue: "nora.adeyemi@example.com"),
                    "joined because both used anonymous_id 7f3a9b22: one interaction on 2026-01-03 carried it with email nora.adeyemi@example.com"),
                Self.merge(
                    12, kept, CustomerID(raw: 9001),
                    .identifiers(kind: "loyalty_id", value: "4410 0932", otherKind: "email", otherValue: "nora.adeyemi@example.com"),
                    "joined because both used loyalty_id 4410 0932: one interaction on 2026-01-03 carried it with email nora.adeyemi@example.com"),
                Self.merge(
                    13, kept, CustomerID(raw: 9200), .person(name: "Tom Okafor", note: "said so on the phone"),
                    "joined by Tom Okafor on 2026-01-03: said so on the phone",
                    undone: "2026-03-05T09:00:00Z"),
            ], ids: [412, 9001]
        ) { view in
            for i in view.identifiers.indices where view.identifiers[i].kind == "device_id" { view.identifiers[i].shared = true }
        }
        happen(
            nora, "2026-11-19T07:20:00Z", "Message Received", channel: .email,
            identifiers: [(.email, "nora.adeyemi@example.com")],
            [
                "subject": "Still no answer about the delivery charge",
                "text":
                    "Tom said I would hear on Wednesday about the £39. It is Thursday. I have now spent more time on this bench than sitting on it.",
                "conversation_id": "c-2291",
            ])
        happen(nora, "2026-11-19T07:20:01Z", "Stage Changed", channel: .other, direction: .internal, ["from": "Loyal", "to": "At risk"])
        for minute in 10..<16 {
            happen(
                nora, "2026-11-19T07:\(minute - 9 < 10 ? "0" : "")\(minute - 9):00Z", minute % 3 == 0 ? "Product Viewed" : "Page Viewed",
                minute % 3 == 0
                    ? ["name": "Tarn oak bench", "price": 389, "currency": "GBP", "product_id": .string("p-\(minute)")] as JSON
                    : ["title": "Returns and refunds", "url": .string("https://example.com/help/returns?step=\(minute)"), "path": "/help/returns"],
                context: ["device": ["type": "phone", "model": "iPhone 15"], "locale": "en-GB", "page": ["referrer": "https://search.example/"]])
        }
        happen(
            nora, "2026-11-18T16:48:00Z", "Call Ended", channel: .phone,
            ["duration": 384, "agent": "Tom Okafor", "topic": "the delivery charge", "wait_seconds": 48])
        happen(
            nora, "2026-11-18T13:12:00Z", "Order Delivered", channel: .other, direction: .out,
            ["order_id": "HP-40817", "carrier": "Northway", "days_late": 5, "products": [["name": "Tarn oak bench", "quantity": 1]]])
        happen(
            nora, "2026-11-18T09:30:00Z", "SMS Sent", channel: .sms, direction: .out,
            ["subject": "Your bench comes today", "text": "Your bench comes today between 12 and 2. Northway rings ahead."])
        happen(
            nora, "2026-11-17T19:04:00Z", "Survey Answered", channel: .email,
            [
                "survey": "Delivery", "nps": 3, "question": "Would you recommend us?",
                "comment": "I took a day off twice for a bench that did not come.",
            ])
        happen(nora, "2026-11-17T18:30:00Z", "Survey Sent", channel: .email, direction: .out, ["survey": "Delivery"])
        happen(nora, "2026-11-17T18:58:00Z", "Email Opened", channel: .email, ["email_subject": "How did it go?", "campaign_name": "After delivery"])
        happen(
            nora, "2026-11-13T17:10:00Z", "Complaint Made", channel: .chat,
            [
                "topic": "a late delivery", "order_id": "HP-40817", "message": "The tracking page has said “out for delivery” since this morning.",
                "agent": "Jonas Weber",
            ])
        happen(
            nora, "2026-11-01T20:36:00Z", "Order Completed", channel: .web,
            identifiers: [(.orderID, "HP-40817"), (.email, "nora.adeyemi@example.com")],
            [
                "order_id": "HP-40817", "revenue": 428, "currency": "GBP", "shipping": 39,
                "products": [
                    ["product_id": "b-7", "name": "Tarn oak bench", "price": 389, "quantity": 1],
                    ["product_id": "c-1", "name": "Fell candle", "price": 14.5, "quantity": 2],
                ],
                "delivery": ["promised": "2026-11-13", "carrier": "Northway", "address": ["city": "Leeds", "floor": 2]],
            ])
        happen(nora, "2026-10-29T20:36:00Z", "Wishlist Exported", channel: .app, ["items": 7, "format": "pdf", "shared": true, "request_id": "x"])
        happen(
            nora, "2025-09-14T09:12:00Z", "Customer Identified", type: .identify,
            identifiers: [(.userID, "88213"), (.email, "nora.adeyemi@example.com")],
            ["first_name": "Nora", "last_name": "Adeyemi", "email": "nora.adeyemi@example.com", "address": ["city": "Leeds"], "newsletter": true])
        for day in 1...28 {
            for hour in [9, 13, 18] {
                happen(
                    nora, "2026-09-\(day < 10 ? "0" : "")\(day)T\(hour < 10 ? "0" : "")\(hour):15:00Z", "Page Viewed",
                    ["title": "Benches", "path": "/benches"])
            }
        }
    }

    private func addAwkward() {
        let long = String(repeating: "anneliese.vonhohenberg-waldstaetten.", count: 9).prefix(286) + "@example.at"
        let anneliese = add(
            2, name: "Anneliese Freifrau von und zu Hohenberg-Waldstätten-Lichtenfels-Donaudampfschifffahrtsgesellschaft",
            identifiers: [("email", String(long), "2024-05-03T10:00:00Z")],
            traits: [("name", "Anneliese Freifrau von und zu Hohenberg"), ("email", .string(String(long)))])
        happen(
            anneliese, "2026-11-19T10:30:00Z", "Letter Received", channel: .letter,
            [
                "subject": "Care of an oiled table",
                "text": .string(String(repeating: "Sehr geehrte Damen und Herren, der Tisch ist schön. ", count: 60)),
            ])
        let rtl = add(
            3, name: "مريم حداد", identifiers: [("email", "mariam@haddad.example", "2026-11-02T10:00:00Z")],
            traits: [("first_name", "مريم"), ("city", "بيروت")])
        happen(rtl, "2026-11-19T10:41:00Z", "Message Received", channel: .chat, ["text": "متى تصل الأريكة؟ لقد انتظرت طويلاً."])
        happen(rtl, "2026-11-19T10:41:21Z", "Order Completed", ["total": 1203204.5, "currency": "BRL", "products": [["name": "أريكة"]]])
        let emoji = add(4, name: "🦊 Fox & Söhne <b>GmbH</b>", identifiers: [("phone", "+4915112345678", "2026-11-10T10:00:00Z")])
        happen(emoji, "2026-11-19T10:40:00Z", "Survey Answered", channel: .app, ["rating": 5, "comment": "Love it 💚<script>alert(1)</script>"])
        happen(emoji, "2026-11-19T10:40:30Z", "Product Added", channel: .app, ["name": "Merino throw", "price": 89, "currency": "GBP"])
        _ = add(5, name: nil, identifiers: [("loyalty_id", "4410 2276", "2026-11-08T10:00:00Z")])
        let visitor = add(6, name: nil, identifiers: [("anonymous_id", "e2f1c8a0-90be-4f57-b0ce-1a2b3c4d5e6f", "2026-11-19T10:39:00Z")])
        happen(
            visitor, "2026-11-19T10:39:00Z", "Page Viewed", identifiers: [(.anonymousID, "e2f1c8a0-90be-4f57-b0ce-1a2b3c4d5e6f")],
            ["title": "Enamel pans", "path": "/pans"])
        let jon = add(
            7, name: "Jon Smith",
            identifiers: [("email", "jon@smith.example", "2026-01-01T10:00:00Z"), ("phone", "+447700900456", "2026-01-01T10:00:00Z")],
            traits: [("first_name", "Jon"), ("last_name", "Smith"), ("city", "York"), ("postcode", "YO1 7HH")])
        let john = add(
            8, name: "John Smith",
            identifiers: [("email", "j.smith@work.example", "2026-04-01T10:00:00Z"), ("phone", "+447700900456", "2026-04-01T10:00:00Z")],
            traits: [("first_name", "John"), ("last_name", "Smith"), ("city", "York"), ("company", "Smith & Daughters")])
        happen(
            jon, "2026-11-11T10:00:00Z", "Order Completed", channel: .store, ["total": 64, "currency": "GBP", "products": [["name": "Fell lantern"]]])
        happen(john, "2026-11-12T10:00:00Z", "Email Opened", channel: .email, ["email_subject": "The October letter"])
        state.withLock { state in
            state.reviews = [
                Review(
                    id: 31, a: jon, b: john, likeness: 0.92,
                    reasons: ["same phone +44 7700 900456", "names alike: Jon Smith, John Smith", "same city: York"],
                    at: Instant("2026-11-18T10:00:00Z")!),
                Review(id: 32, a: anneliese, b: emoji, likeness: 0.61, reasons: ["addresses alike"], at: Instant("2026-11-17T10:00:00Z")!),
            ]
        }
    }
}
