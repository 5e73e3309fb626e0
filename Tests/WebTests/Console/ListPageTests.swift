import Access
import Audit
import Definitions
import Foundation
import Kernel
import Testing

@testable import Customers
@testable import Web

@Suite struct `The list of customers` {
    private func signedIn(_ made: SampleWorld? = nil, as email: String = "marta@example.com") async throws -> (Browser, SampleWorld) {
        let world = try made ?? .furnished()
        try await world.person(email)
        let browser = Browser(try world.console())
        _ = await browser.signIn(email)
        return (browser, world)
    }

    /// So many customers with a name and an interaction each, the first seen last; every third ordered.
    private func crowd(_ count: Int) throws -> SampleWorld {
        let world = try SampleWorld()
        for n in 1...count {
            let id = world.add(
                UInt32(n), name: "Person \(Formats.padded(n, 3))", identifiers: [("email", "p\(n)@mail.example", "2026-01-01T00:00:00Z")])
            world.happen(id, (SampleWorld.now + Int64(n) * -60_000).rfc3339, n % 3 == 0 ? "Order Completed" : "Page Viewed")
        }
        return world
    }
    private func names(_ html: String) -> [String] { html.matches(of: #/<bdi>(Person \d+)<\/bdi>/#).map { String($0.1) } }
    private func link(_ html: String, _ rel: String) -> String? {
        html.matches(of: #/rel="(\w+)" href="([^"]+)"/#).first { $0.1 == rel }.map { $0.2.replacingOccurrences(of: "&amp;", with: "&") }
    }

    @Test func `a list is saved under a name, shared, found again and taken away`() async throws {
        let world = try crowd(4)
        let (browser, _) = try await signedIn(world)
        try await world.person("agent@example.com")
        let aisha = Browser(browser.console)
        _ = await aisha.signIn("agent@example.com")
        #expect(!(await browser.get("/customers").text).contains("Save this list"))
        let place = "/customers?orders_min=0&sort=orders"
        #expect(await browser.get(place).text.contains("name=\"query\" value=\"orders_min=0&amp;sort=orders\""))
        let form = [("query", "orders_min=0&sort=orders&nonsense=1"), ("name", "Buyers <b>"), ("shared", "yes")]
        let saved = await browser.post("/views", form, from: place)
        #expect(saved.status == 303 && saved.header("location") == place)
        let page = await browser.get(place).text
        #expect(page.contains("“Buyers &lt;b&gt;” is saved, for colleagues too.") && !page.contains("Save this list"))
        #expect(page.contains("<a href=\"/customers?orders_min=0&amp;sort=orders\" aria-current=\"true\"><bdi class=\"cut\">Buyers &lt;b&gt;</bdi>"))
        // A colleague sees it, and cannot take it away.
        let theirs = await aisha.get("/customers").text
        #expect(theirs.contains("Buyers &lt;b&gt;</bdi> <span class=\"quiet\">by <bdi>Marta Lindqvist</bdi></span>"))
        #expect(!theirs.contains("/delete\""))
        let delete = try #require(page.firstMatch(of: /action="(\/views\/viw_[^"]+)"/)?.1)
        #expect(await aisha.post(String(delete), [], from: "/customers").status == 404)
        #expect(await browser.post(String(delete), [], from: place).status == 303)
        #expect(await browser.get(place).text.contains("is taken away."))
        let after = await aisha.get("/customers").text
        #expect(!after.contains("Buyers"))
        let logged = try world.house.audit.entries(AuditFilter(action: .viewChange), limit: 10)
        #expect(logged.count == 2)
    }

    @Test func `pages of 25 follow each other and keep the query, and one after the last is the last`() async throws {
        let (browser, _) = try await signedIn(try crowd(80))
        var address = "/customers?did_not=Order%20Completed"
        var seen: [String] = []
        for page in 1... {
            let html = await browser.get(address).text
            #expect(html.contains("54 of 80 customers") && html.contains("as of <time"))
            #expect((link(html, "prev") != nil) == (page > 1))
            seen += names(html)
            guard let next = link(html, "next") else { break }
            #expect(next.contains("did_not=Order%20Completed"))
            address = next
        }
        #expect(seen.count == 54 && Set(seen).count == 54 && seen.first == "Person 001" && seen.last == "Person 080")
        for address in ["/customers?did_not=Order+Completed&page=99", "/customers?did_not=Order+Completed&page=9223372036854775807"] {
            #expect(await browser.get(address).text.contains("51 to 54 of 54"), "\(address)")
        }
        for wrong in ["0", "-1", "x", "99999999999999999999"] {
            #expect(await browser.get("/customers?page=\(wrong)").text.contains("1 to 25 of 80"), "\(wrong)")
        }
    }

    @Test(arguments: [(25, false), (26, true)]) func `there is a way on only to customers that there are`(count: Int, isMore: Bool) async throws {
        let (browser, _) = try await signedIn(try crowd(count))
        #expect((link(await browser.get("/customers").text, "next") != nil) == isMore)
    }

    @Test func `a column's head sorts by it, and again the other way`() async throws {
        let (browser, _) = try await signedIn(try crowd(4))
        let plain = await browser.get("/customers?orders_min=0").text
        #expect(plain.contains("aria-sort=\"descending\"><a href=\"/customers?orders_min=0&amp;sort=last_seen&amp;order=ascending\">Last seen"))
        #expect(plain.contains("<a href=\"/customers?orders_min=0&amp;sort=orders\">Orders</a>") && !plain.contains("First seen</a>"))
        let orders = await browser.get("/customers?orders_min=0&sort=orders").text
        #expect(names(orders).first == "Person 003" && orders.contains("£1,234.50"))
        #expect(orders.contains("aria-sort=\"descending\"><a href=\"/customers?orders_min=0&amp;sort=orders&amp;order=ascending\">Orders"))
        #expect(orders.matches(of: #/aria-sort/#).count == 1)
        let back = await browser.get("/customers?sort=last_seen&order=ascending").text
        #expect(names(back) == ["Person 004", "Person 003", "Person 002", "Person 001"] && back.contains("aria-sort=\"ascending\""))
        #expect(await browser.get("/customers?sort=first_seen").text.contains("First seen <svg"))
        #expect(names(await browser.get("/customers?sort=nonsense").text).first == "Person 001")
    }

    @Test func `a filter that names what there is not is kept, and the nearest name is one press away`() async throws {
        let (browser, _) = try await signedIn(try crowd(4))
        let answer = await browser.get("/customers?did=Oder%20Completed&spent_min=10")
        #expect(answer.status == 422)
        #expect(answer.text.contains("There is no interaction “Oder Completed”."))
        #expect(answer.text.contains("Did you mean <a href=\"/customers?did=Order%20Completed&amp;spent_min=10\"><bdi>Order Completed</bdi></a>?"))
        #expect(answer.text.contains("value=\"Oder Completed\"") && answer.text.contains("value=\"10\""))
        #expect(answer.text.contains("<details class=\"narrow\" open>") && !answer.text.contains("<table"))
        let far = await browser.get("/customers?did_not=Zebra")
        #expect(far.status == 422 && far.text.contains("Nothing here is called nearly so."))
        let channel = await browser.get("/customers?channel=emial")
        #expect(channel.status == 422 && channel.text.contains("There is no channel “emial”.") && channel.text.contains("<bdi>email</bdi></a>?"))
        #expect(channel.text.contains("<option value=\"emial\" selected>"))
        #expect(await browser.get("/customers?did=%3Cscript%3E").text.contains("“&lt;script&gt;”"))
    }

    @Test(arguments: [
        ("seen_within", "1", true), ("seen_within", "36500", true), ("seen_within", "0", false), ("seen_within", "36501", false),
        ("not_seen_for", "-1", false), ("not_seen_for", "soon", false), ("orders_min", "0", true), ("orders_max", "1000000000", true),
        ("orders_max", "1000000001", false), ("orders_min", "1.5", false), ("spent_min", "99.90", true), ("spent_max", "-5", true),
        ("spent_max", "nan", false), ("spent_min", "inf", false), ("spent_min", "0x1p3", false), ("spent_min", "1000000000000", true),
        ("spent_min", "1000000000001", false), ("spent_min", "£5", false),
    ])
    func `a number out of its range is told where it stands`(field: String, value: String, isRight: Bool) async throws {
        let asked = ListQuery(Parameters([(field, value)]))
        #expect(asked.faults.isEmpty == isRight)
        let (browser, _) = try await signedIn(try crowd(2))
        let answer = await browser.get("/customers?" + Parameters([(field, value)]).encoded)
        #expect(answer.status == (isRight ? 200 : 422))
        #expect(answer.text.contains("id=\"e-\(field)\"") == !isRight && answer.text.contains("value=\"\(value)\""))
    }

    @Test func `nobody who fits and nobody at all are two things`() async throws {
        let (browser, _) = try await signedIn(try crowd(2))
        let nobody = await browser.get("/customers?orders_min=5")
        #expect(nobody.status == 200 && nobody.text.contains("Nobody fits these filters") && nobody.text.contains("0 of 2 customers"))
        #expect(nobody.text.contains("5 orders or more") && nobody.text.contains("href=\"/customers\">Show everybody</a>"))
        let none = try await signedIn(try SampleWorld()).0.get("/customers")
        #expect(none.text.contains("Nobody has been here yet") && none.text.contains("sightline import"))
    }

    @Test func `below the search field alone there is the list too, without the frame`() async throws {
        let (browser, _) = try await signedIn(try crowd(2))
        let part = await browser.get("/customers?part=results&sort=orders").text
        #expect(!part.contains("<html") && names(part).count == 2 && !part.contains("part=results"))
    }
}

@Suite struct `Customers as CSV` {
    private static func file(_ answer: PageAnswer) async throws -> String {
        guard case .pieces(let next) = answer.body else { return answer.text }
        var bytes: [UInt8] = []
        while let piece = try await next() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+447700900123", "'+447700900123"), ("-2", "'-2"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("\rx", "'\rx"),
        ("\r\nx", "'\r\nx"), ("=\u{301}1", "'=\u{301}1"), ("Ann", "Ann"), ("", ""), ("a=1", "a=1"), ("'=1", "'=1"),
    ])
    func `a spreadsheet finds no formula`(text: String, cell: String) {
        #expect(CSV.text(text) == cell)
    }

    @Test(arguments: [
        (["a", "b"], "a,b\r\n"), (["a,b", "c"], "\"a,b\",c\r\n"), (["say \"hi\""], "\"say \"\"hi\"\"\"\r\n"),
        (["two\nlines", ""], "\"two\nlines\",\r\n"),
        (["\r"], "\"\r\"\r\n"), (["quote\u{301}\"\u{301}"], "\"quote\u{301}\"\"\u{301}\"\r\n"),
    ])
    func `cells are quoted where they must be`(cells: [String], line: String) {
        #expect(Array(CSV.line(cells)) == Array(line.utf8))
    }

    @Test func `sums are plain numbers, also below nothing`() {
        #expect(CSV.amount(-12.5) == "-12.5" && CSV.amount(0.1 + 0.2) == "0.3" && CSV.amount(1200) == "1200" && CSV.amount(.nan) == "")
    }

    @Test func `whoever may takes out what the list shows, and the log says so without naming anybody`() async throws {
        let world = try SampleWorld()
        let id = world.add(1, name: "=HYPERLINK(\"http://bad.example\",\"Ann\")", identifiers: [("phone", "+447700900123", "2026-01-01T00:00:00Z")])
        world.happen(id, "2026-11-18T10:00:00Z", "Order Completed")
        _ = world.add(2, name: "Nobody, yet")
        try await world.person("analyst@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn("analyst@example.com")
        let page = await browser.get("/customers?did=Order%20Completed&sort=orders").text
        #expect(page.contains("href=\"/customers.csv?did=Order%20Completed&amp;sort=orders\" download"))
        let answer = await browser.get("/customers.csv?did=Order%20Completed&sort=orders")
        #expect(answer.status == 200 && answer.header("content-type") == "text/csv; charset=utf-8; header=present")
        #expect(answer.header("content-disposition") == "attachment; filename=\"customers-2026-11-19.csv\"")
        #expect(answer.header("cache-control") == "no-store")
        let at = "2026-11-18T10:00:00"
        let lines = try await Self.file(answer).split(separator: "\r\n").map(String.init)
        #expect(lines.count == 2 && lines[0] == "customer,name,identifier_kind,identifier,first_seen,last_seen,interactions,orders,spent,currency")
        #expect(lines[1].hasPrefix("\(id),\"'=HYPERLINK(\"\"http://bad.example\"\",\"\"Ann\"\")\",phone,'+447700900123,\(at)"))
        #expect(lines[1].hasSuffix(",1,1,1234.5,GBP"))
        let entries = try world.house.audit.entries(AuditFilter(action: .export), before: .max, limit: 10)
        #expect(entries.map(\.detail) == ["1 customer of a filtered list"] && entries.first?.name == "Eleanor Fitzwilliam")
        // What is wrong with the filters is said by the list; nothing left the house.
        let wrong = await browser.get("/customers.csv?did=Oder")
        #expect(wrong.status == 303 && wrong.header("location") == "/customers?did=Oder")
        #expect(await browser.get("/customers.csv?orders_min=x").header("location") == "/customers?orders_min=x")
        #expect(await browser.send(.head, "/customers.csv").status == 200)
        #expect(try world.house.audit.entries(AuditFilter(action: .export), before: .max, limit: 10).count == 1)
    }

    @Test func `a name that a role does not get to see is told as hidden, not as missing`() async throws {
        let world = try SampleWorld()
        let ann = world.add(1, name: "Ann Quimby", identifiers: [("phone", "+447700900123", "2026-01-01T00:00:00Z")])
        let unnamed = world.add(2, name: nil, identifiers: [("phone", "+447700900124", "2026-01-01T00:00:00Z")])
        for id in [ann, unnamed] { world.happen(id, "2026-11-18T10:00:00Z", "Order Completed") }
        try await world.person("analyst@example.com")
        for isHidden in [false, true] {
            var services = world.services
            var definition = PrivacyDefinition.standard
            definition.masks = isHidden ? [.init(fields: ["name", "phone"], from: [.analyst])] : []
            let privacy = Privacy(definition)
            services.privacy = { privacy }
            let browser = Browser(Console(services: services, resources: try Resources(folder: SampleWorld.resources)))
            _ = await browser.signIn("analyst@example.com")
            for page in ["/customers", "/customers?search=%2B447700900123"] {
                let text = await browser.get(page).text
                #expect(text.contains("<small>name hidden</small>") == isHidden, "\(page)")
                #expect(text.contains("Ann Quimby") != isHidden, "\(page)")
            }
            #expect(await browser.get("/customers").text.contains("<small>no name yet</small>"), "who has none has none")
            let page = await browser.get("/customers/\(ann)").text
            #expect(page.contains("<span class=\"badge\">Name hidden</span>") == isHidden && !page.contains("No name yet"))
            #expect(await browser.get("/customers/\(unnamed)").text.contains("<span class=\"badge\">No name yet</span>"))
        }
    }

    @Test func `an agent sees the list and no way to take it out`() async throws {
        let world = try SampleWorld.furnished()
        try await world.person("agent@example.com")
        let browser = Browser(try world.console())
        _ = await browser.signIn("agent@example.com")
        let page = await browser.get("/customers").text
        #expect(page.contains("Nora Adeyemi") && !page.contains("customers.csv"))
        #expect(await browser.get("/customers.csv").status == 403)
    }

    @Test func `a long list comes in pieces, each customer once`() throws {
        let listing = CustomerListing(total: 1203) { places in
            places.filter { $0 != 700 }.map {
                CustomerRow(
                    id: CustomerID(raw: UInt32($0)), name: nil, identifier: nil, firstSeen: nil, lastSeen: nil, interactions: 0, orders: 0, spent: 0)
            }
        }
        let writer = CustomersCSV(listing, currency: nil)
        var lines: [Int] = []
        while let piece = try writer.next() { lines.append(piece.count { $0 == 10 }) }
        #expect(lines == [1, 500, 499, 203])
    }
}
