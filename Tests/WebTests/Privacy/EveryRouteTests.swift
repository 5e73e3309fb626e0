import Access
import Customers
import Foundation
import HTTPTypes
import Kernel
import Ledger
import Pipeline
import Testing

@testable import Web

// Values that nobody could mistake are put wherever personal data can stand: traits, identifiers, properties and context at any depth,
// message ids, texts, notes, merges, reviews and refused items. Then every route of both tables is asked, by somebody of a role from which
// all of it is hidden and by an administrator. A route that is added later is asked too, with whatever parameters it has.
@Suite(.timeLimit(.minutes(15))) struct `What is hidden from a role` {
    /// Planted values, by what they are.
    private static let planted: [(what: String, value: String)] = [
        ("email", "zxq.planted@unmistakable.example"), ("second email", "zxq.other@unmistakable.example"), ("phone", "447700900867"),
        ("phone as written", "7700 900867"), ("given name", "Zebulon"), ("surname", "Quartermain"), ("birthday", "1961-07-23"),
        ("street", "17 Unmistakable Crescent"), ("city", "Zanzibarville"), ("postcode", "ZQ9 9QZ"), ("passport", "PZQX778812"),
        ("loyalty card", "LOYZQX4410"), ("ip", "203.0.113.77"),
    ]
    /// What stands on pages in other words than it was sent.
    private static let written = ["23 Jul 1961", "23 July 1961"]
    /// Seen by whoever sees everything, in one place or another.
    private static var shown: [String] { planted.map(\.value) }

    private static let definition = """
        privacy:
          masks:
            - fields: [personal, passport_no]
              from: [lead, analyst, marketer, agent, employee]
            - fields: [loyalty_id]
              from: [lead, analyst, marketer, agent, employee]
        """

    /// What was planted, and what leads there.
    private struct Place: Sendable {
        var customer: String
        var other: String
        var alike: String
        var position: String
        var merge: String
        var review: String
    }

    private static func plant(_ server: TestServer) async throws -> Place {
        let person = #"""
            "email":"zxq.planted@unmistakable.example","phone":"+44 7700 900867","firstName":"Zebulon","lastName":"Quartermain",
            "birthday":"1961-07-23","address":{"street":"17 Unmistakable Crescent","city":"Zanzibarville","postalCode":"ZQ9 9QZ"},
            "passport_no":"PZQX778812"
            """#
        let batch = #"""
            {"batch":[
              {"type":"identify","userId":"u-1","anonymousId":"a-1","messageId":"m1","traits":{\#(person),"loyalty_id":"LOYZQX4410","name":"Zebulon Quartermain"}},
              {"type":"track","userId":"u-1","event":"Order Completed","messageId":"for zxq.planted@unmistakable.example",
               "properties":{"order_id":"o-1","total":12.5,"billing":{"customerEmail":"zxq.planted@unmistakable.example","Last Name":"Quartermain"},
                 "products":[{"name":"Oak bench","price":3}],"ship_to":[{"postcode":"ZQ9 9QZ","note":"Zanzibarville, for ZEBULON"}],
                 "url":"https://shop.example/?e=zxq.planted%40unmistakable.example"},
               "context":{"ip":"203.0.113.77","traits":{\#(person)},"library":{"name":"oak"}}},
              {"type":"track","userId":"u-1","event":"Message Received","messageId":"m3",
               "properties":{"text":"Zebulon Quartermain here, born 1961-07-23: call 07700 900867 or +447700900867, or write to zxq.planted@unmistakable.example or 17 Unmistakable Crescent, Zanzibarville, ZQ9 9QZ. Passport PZQX778812, card LOYZQX4410."}},
              {"type":"identify","userId":"u-2","messageId":"m4","traits":{"email":"zxq.other@unmistakable.example"}},
              {"type":"identify","anonymousId":"a-3","messageId":"m5","traits":{\#(person.replacing("zxq.planted@unmistakable.example", with: "zxq.third@unmistakable.example"))}},
              {"type":"page","anonymousId":"a-4","name":"Start","messageId":"m6"},
              {"type":"identify","userId":"u-1","anonymousId":"a-4","messageId":"m7","traits":{\#(person)}},
              {"type":"track","event":"Nobody's","messageId":"refused for zxq.planted@unmistakable.example","properties":{"person":{\#(person)}}}
            ]}
            """#
        let answer = try await server.send(
            "POST", "/v1/batch?wait=view", headers: [TestServer.basic(try server.key("shop"))], body: Array(batch.utf8))
        try #require(try parsed(answer.body)["accepted"] == 7, "\(answer.text)")
        while try server.services.customers.compareSome() {}
        let (first, other, alike) = (
            try await World.customer(server, "user_id:u-1"), try await World.customer(server, "user_id:u-2"),
            try await World.customer(server, "anonymous_id:a-3")
        )
        let merged = try await server.send(
            "POST", "/api/customers/\(first)/merges", json: #"{"with":"\#(other)","note":"Zebulon said so, from zxq.other@unmistakable.example"}"#,
            bySocket: true)
        let notes = try await server.send(
            "POST", "/api/customers/\(first)/notes", json: #"{"text":"Zebulon Quartermain moved to Zanzibarville, +44 7700 900867"}"#, bySocket: true)
        try #require(merged.status == 201 && notes.status == 201, "\(notes.text)")
        let history = try parsed(try await server.send("GET", "/api/customers/\(first)/interactions?name=Order+Completed", bySocket: true).body)
        let review = try #require(try server.services.customers.reviews(limit: 1).first)
        let done = try await server.services.definitions.save("privacy", text: definition, basis: nil, by: "Ann")
        try #require(done != nil)
        return Place(
            customer: first, other: other, alike: alike, position: "\(history["items"]?.array?.first?["position"]?.integer ?? 0)",
            merge: "\(try parsed(merged.body)["id"]?.integer ?? 0)", review: "\(review.id)")
    }

    /// The planted values in an answer.
    private static func found(_ text: String) -> [String] {
        (planted.map(\.value) + written + ["zxq.third@"]).filter { text.range(of: $0, options: .caseInsensitive) != nil }
    }

    /// A path with something that is there in the place of each parameter.
    private static func filled(_ parts: [String], _ place: Place) -> String {
        var before = ""
        return parts.map { part in
            defer { before = part }
            guard part.hasPrefix("{") || part.hasPrefix(":") else { return part }
            switch (before, part.filter(\.isLetter)) {
            case ("customers", _): return place.customer
            case ("reviews", _): return place.review
            case (_, "position"): return place.position
            case (_, "merge"): return place.merge
            case (_, "document"): return "privacy"
            default: return "1"
            }
        }.joined(separator: "/")
    }

    /// What routes that take a body are sent: enough that those which answer with customers do.
    private static func body(_ path: String, _ place: Place) -> String {
        if path.hasSuffix("/merges") { return #"{"with":"\#(place.alike)","note":"n"}"# }
        if path.hasSuffix("/notes") { return #"{"text":"for Zebulon's sake"}"# }
        if path.hasSuffix("/decision") { return #"{"same":true}"# }
        if path.hasSuffix("/replay") { return #"{"all":true}"# }
        return "{}"
    }

    private static func form(_ path: String, _ place: Place) -> String {
        if path.hasSuffix("/merges") { return "with=\(place.alike)&note=n" }
        if path.hasSuffix("/notes") { return "text=for+their+sake" }
        return "decision=same&a=A&b=B&customer=\(place.customer)"
    }

    // MARK: Asking

    private static let streams = ["/api/live", "/now/stream"]

    /// Every GET of the API, and of those that search also the beginnings of what is hidden.
    private static func apiReads(_ server: TestServer, _ place: Place) -> [String] {
        Routes.all(server.services).filter { $0.method == .get && !streams.contains($0.path) }.flatMap { route -> [String] in
            let path = "/" + filled(route.path.split(separator: "/").map(String.init), place)
            guard route.about?.parameters.contains(where: { $0.name == "search" }) == true else { return [path] }
            return beginnings.map { path + "?search=" + Parameters.encoded($0) }
        }
    }
    /// Beginnings of what is hidden, and what finds people by what is not.
    private static let beginnings = ["zxq", "zebu", "quarter", "+4477", "loyzq", "u-1", "o-1"]

    private static func pageReads(_ place: Place) -> [String] {
        Console.routes.filter { $0.method == .get && $0.pattern != ["now", "stream"] }.flatMap { route -> [String] in
            let path = "/" + filled(route.pattern, place)
            return [path]
                + (["customers", "merge"].contains(route.pattern.last ?? "") ? beginnings.map { path + "?search=" + Parameters.encoded($0) } : [])
                + (route.pattern.last == "merge" ? ["\(path)?with=\(place.alike)"] : [])
        }
    }

    /// The cookie of somebody new with a role.
    private static func signIn(_ server: TestServer, as role: Role) async throws -> String {
        let staff = server.services.staff
        let password = "correct horse battery"
        if staff.isEmpty {
            _ = try await staff.accept(
                try #require(try staff.firstLink()).secret, name: "The first", email: "first@example.com", password: password)
        }
        _ = try await staff.accept(
            try staff.invite(email: "\(role.rawValue)@example.com", role: role).secret, name: "Somebody", password: password)
        func cookie(_ answer: Answer) -> String {
            (answer.headers["set-cookie"] ?? "").split(separator: "\n").filter { !$0.contains("Max-Age=0") }
                .compactMap { $0.split(separator: ";").first.map(String.init) }.joined(separator: "; ")
        }
        let page = cookie(try await server.send("GET", "/signin", headers: [("Accept", "text/html")]))
        return cookie(
            try await server.send(
                "POST", "/signin", headers: [("Cookie", page), ("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("email=\(role.rawValue)@example.com&password=correct+horse+battery&form=\(page.split(separator: "=").last ?? "")".utf8)))
    }

    /// What the streams say of an interaction that happens while somebody listens.
    private static func streamed(_ server: TestServer, token: String, cookie: String) async throws -> String {
        var text = ""
        for (path, header) in [("/api/live", "Authorization: Bearer \(token)"), ("/now/stream", "Cookie: \(cookie)")] {
            text += try await Wire.open(.port(server.port)) { wire in
                try await wire.send("GET \(path) HTTP/1.1\r\nHost: test\r\n\(header)\r\n\r\n")
                _ = await wire.receive {
                    String(decoding: $0, as: UTF8.self).contains("\n: ") || String(decoding: $0, as: UTF8.self).contains("200 OK")
                }
                let said =
                    #"{"userId":"u-1","event":"Form Sent \#(path)","properties":{"email":"zxq.planted@unmistakable.example","text":"Zebulon, +447700900867"}}"#
                let key = try server.key()
                while true {
                    _ = try await server.send("POST", "/v1/track?wait=view", headers: [TestServer.basic(key)], body: Array(said.utf8))
                    let heard = await wire.receive { String(decoding: $0, as: UTF8.self).contains("Form Sent") }
                    if String(decoding: heard, as: UTF8.self).contains("Form Sent") { return String(decoding: heard, as: UTF8.self) }
                }
            }
        }
        return text
    }

    @Test func `is on no route of the API and on no page, and an administrator sees all of it`() async throws {
        try await TestServer.run(pages: true) { (server) async throws in
            let place = try await Self.plant(server)
            let (lead, administrator) = (try server.token(.lead), try server.token(.administrator))
            var seen = ""
            for path in Self.apiReads(server, place) {
                let hidden = try await server.send("GET", path, headers: [("Authorization", "Bearer \(lead)")])
                #expect(Self.found(hidden.text) == [], "\(path): \(hidden.text.prefix(3000))")
                seen += try await server.send("GET", path, headers: [("Authorization", "Bearer \(administrator)")]).text
            }
            #expect(Self.shown.filter { !seen.contains($0) } == [], "the API hides it from an administrator too")
            seen = ""
            let (leadCookie, administratorCookie) = (try await Self.signIn(server, as: .lead), try await Self.signIn(server, as: .administrator))
            for path in Self.pageReads(place) {
                let hidden = try await server.send("GET", path, headers: [("Cookie", leadCookie), ("Accept", "text/html")])
                #expect(hidden.status < 500 && Self.found(hidden.text) == [], "\(path): \(hidden.status) \(hidden.text.suffix(3000))")
                seen += try await server.send("GET", path, headers: [("Cookie", administratorCookie), ("Accept", "text/html")]).text
            }
            // Pages write days in words; all else stands there as it was sent.
            #expect(Self.shown.filter { !seen.contains($0) && $0 != "1961-07-23" } == [], "the pages hide it from an administrator too")
            #expect(Self.written.contains { seen.contains($0) })
            let streamed = try await Self.streamed(server, token: lead, cookie: leadCookie)
            #expect(Self.found(streamed) == [] && streamed.contains("Form Sent"), "\(streamed)")
            let open = try await Self.streamed(server, token: administrator, cookie: administratorCookie)
            #expect(open.contains("zxq.planted@unmistakable.example") && open.contains("Zebulon"))
            try await Self.change(server, place, token: lead, cookie: leadCookie)
        }
    }

    /// Asks every route that changes something; those that answer with customers answer without what is hidden.
    private static func change(_ server: TestServer, _ place: Place, token: String, cookie: String) async throws {
        let page = try await server.send("GET", "/you", headers: [("Cookie", cookie), ("Accept", "text/html")]).text
        let formToken = Browser.formToken(in: page)
        for route in Console.routes where route.method == .post && route.pattern != ["signout"] {
            let path = "/" + filled(route.pattern, place)
            let answer = try await server.send(
                "POST", path, headers: [("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("\(form(path, place))&form=\(formToken)".utf8))
            #expect(found(answer.text) == [], "POST \(path): \(answer.text.suffix(2000))")
            let after = try await server.send("GET", "/customers/\(place.customer)", headers: [("Cookie", cookie), ("Accept", "text/html")])
            #expect(found(after.text) == [], "after POST \(path)")
        }
        for route in Routes.all(server.services) where route.method != .get && route.permission != .track {
            let path = "/" + filled(route.path.split(separator: "/").map(String.init), place)
            let answer = try await server.send(
                route.method.rawValue, path, headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
                body: Array(body(path, place).utf8))
            #expect(found(answer.text) == [], "\(route.method.rawValue) \(path): \(answer.text)")
        }
    }

    @Test func `is found by the whole of it alone, and a name not at all`() async throws {
        try await TestServer.run { (server) async throws in
            let place = try await Self.plant(server)
            let token = try server.token(.agent)
            func finds(_ text: String) async throws -> Bool {
                let answer = try await server.send(
                    "GET", "/api/customers?search=" + Parameters.encoded(text), headers: [("Authorization", "Bearer \(token)")])
                return answer.text.contains(place.customer)
            }
            for whole in ["zxq.planted@unmistakable.example", "ZXQ.planted@unmistakable.example", "+447700900867", "LOYZQX4410", "u-1", "u-", "o-1"] {
                #expect(try await finds(whole), "\(whole)")
            }
            for part in ["zxq.planted@unmistakable.exampl", "zxq", "+44770090086", "LOYZQX441", "Zebulon", "Zebulon Quartermain", "zeb"] {
                #expect(try await !finds(part), "\(part)")
            }
            let byWhole = try await server.send(
                "GET", "/api/customers/email:zxq.planted%40unmistakable.example", headers: [("Authorization", "Bearer \(token)")])
            #expect(byWhole.status == 200 && Self.found(byWhole.text) == [])
        }
    }
}
