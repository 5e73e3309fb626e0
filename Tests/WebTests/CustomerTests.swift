import Access
import Kernel
import Testing

@Suite(.timeLimit(.minutes(15))) struct `Customers over HTTP` {
    @Test func `a customer is found by id and by identifier, percent-encoded or not`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            for reference in [
                id, "email:ann@example.com", "email:ann%40example.com", "email%3Aann%40example.com", "anonymous_id:ann-phone", "order_id:o-1",
            ] {
                let found = try await World.customer(server, reference)
                #expect(found == id, "\(reference)")
            }
            let view = try parsed(try await server.send("GET", "/api/customers/\(id)", bySocket: true).body)
            #expect(view["name"] == "Ann Archer")
            #expect(view["interactions"] == 4)
            #expect(view["traits"]?.array?.contains { $0["key"] == "email" && $0["source"] == "shop" } == true)
        }
    }

    @Test func `an unknown kind of identifier is 400 and names the kinds there are`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/api/customers/shoe_size:43", bySocket: true)
            #expect(answer.status == 400)
            #expect(answer.text.contains("user_id"))
        }
    }

    @Test func `the history pages to its end without gaps or repeats`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            var seen: [String] = []
            var after = ""
            repeat {
                let answer = try await server.send("GET", "/api/customers/user_id:ann/interactions?limit=1\(after)", bySocket: true)
                let page = try parsed(answer.body)
                seen += page["items"]?.array?.compactMap { $0["messageId"]?.string } ?? []
                after = page["next"]?.string.map { "&after=\($0)" } ?? ""
            } while !after.isEmpty && seen.count < 10
            #expect(seen == ["m4", "m3", "m2", "m1"])
        }
    }

    @Test func `filters by name, channel, direction and time come together`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            func found(_ query: String) async throws -> [String] {
                let answer = try await server.send("GET", "/api/customers/user_id:ann/interactions?\(query)", bySocket: true)
                return try parsed(answer.body)["items"]?.array?.compactMap { $0["messageId"]?.string } ?? []
            }
            #expect(try await found("name=Order+Placed") == ["m3"])
            #expect(try await found("name=Order%20Placed&name=Page%20Viewed") == ["m3", "m1"])
            #expect(try await found("direction=out") == ["m4"])
            #expect(try await found("channel=email") == ["m4"])
            #expect(try await found("since=2026-09-01T10:01:00Z&until=2026-09-03T09:00:00Z") == ["m3", "m2"])
            #expect(try await found("channel=email&direction=in") == [])
        }
    }

    @Test func `a cursor that is none is 400, and so is an unknown channel`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            for query in ["after=nonsense", "channel=telepathy"] {
                let answer = try await server.send("GET", "/api/customers/user_id:ann/interactions?\(query)", bySocket: true)
                #expect(answer.status == 400, "\(query)")
            }
        }
    }

    @Test func `search finds as you type`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            for text in ["ann%40exam", "Archer", "arch", "o-1", "ann-ph"] {
                let answer = try await server.send("GET", "/api/customers?search=\(text)", bySocket: true)
                let page = try parsed(answer.body)
                #expect(page["items"]?.array?.first?["id"]?.string == id, "\(text): \(answer.text)")
            }
            let none = try await server.send("GET", "/api/customers?search=", bySocket: true)
            #expect(none.status == 400)
        }
    }

    @Test func `two customers are joined, explained, and taken apart again, by name`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let bob = try await World.customer(server, "user_id:bob")
            let made = try await server.send(
                "POST", "/api/customers/user_id:ann/merges", json: #"{"with":"user_id:bob","note":"same hat"}"#, bySocket: true)
            #expect(made.status == 201, "\(made.text)")
            let merge = try parsed(made.body)
            #expect(merge["reason"]?["person"] == "operator")
            #expect(merge["reason"]?["note"] == "same hat")
            let ann = try await World.customer(server, "user_id:ann")
            let joined = try await World.customer(server, "user_id:bob")
            #expect(joined == ann)
            let again = try await server.send("POST", "/api/customers/user_id:ann/merges", json: #"{"with":"user_id:bob"}"#, bySocket: true)
            #expect(again.status == 422)
            let number = try #require(merge["id"]?.integer)
            let undone = try await server.send("DELETE", "/api/customers/user_id:ann/merges/\(number)", bySocket: true)
            #expect(undone.status == 200, "\(undone.text)")
            #expect(try parsed(undone.body)["undoneBy"] == "operator")
            let apart = try await World.customer(server, "user_id:bob")
            #expect(apart == bob)
            let twice = try await server.send("DELETE", "/api/customers/user_id:ann/merges/\(number)", bySocket: true)
            #expect(twice.status == 404)
        }
    }

    @Test func `a merge is undone through its own customer only`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let other = try await server.send("DELETE", "/api/customers/user_id:bob/merges/1", bySocket: true)
            #expect(other.status == 404)
        }
    }

    @Test func `one person's data comes whole`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let answer = try await server.send("GET", "/api/customers/user_id:ann/export", bySocket: true)
            let export = try parsed(answer.body)
            #expect(export["customer"]?["name"] == "Ann Archer")
            #expect(export["interactions"]?.array?.compactMap { $0["messageId"]?.string } == ["m4", "m3", "m2", "m1"])
            #expect(answer.headers["content-disposition"]?.contains(".json") == true)
        }
    }

    @Test func `an erased customer is gone from every answer`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            let erased = try await server.send("DELETE", "/api/customers/\(id)", bySocket: true)
            #expect(erased.status == 204, "\(erased.text)")
            for path in [
                "/api/customers/\(id)", "/api/customers/email:ann@example.com", "/api/customers/\(id)/interactions", "/api/customers/\(id)/export",
            ] {
                let answer = try await server.send("GET", path, bySocket: true)
                #expect(answer.status == 404, "\(path)")
            }
            let all = try await server.send("GET", "/api/interactions", bySocket: true)
            #expect(!all.text.contains("ann@") && !all.text.contains("\"ann\"") && all.text.contains("\"bob\""))
            let found = try await server.send("GET", "/api/customers?search=ann", bySocket: true)
            #expect(try parsed(found.body)["items"] == [])
        }
    }

    @Test func `a decision about a review that is none is 404`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("POST", "/api/reviews/7/decision", json: #"{"same":true}"#, bySocket: true)
            #expect(answer.status == 404)
            let unclear = try await server.send("POST", "/api/reviews/7/decision", json: #"{"same":"yes"}"#, bySocket: true)
            #expect(unclear.status == 400)
        }
    }

    @Test func `a list of customers is filtered, sorted and paged`() async throws {
        try await TestServer.run { (server) async throws in
            try await World.fill(server)
            let all = try parsed(try await server.send("GET", "/api/customers/list?limit=1", as: .agent).body)
            #expect(all["total"] == 2 && all["customers"] == 2 && all["next"] == 1 && all["items"]?.array?.first?["name"] == "Bob Baker")
            let rest = try parsed(try await server.send("GET", "/api/customers/list?limit=1&after=1", as: .agent).body)
            #expect(rest["next"] == .null && rest["items"]?.array?.first?["name"] == "Ann Archer")
            let ordered = try parsed(try await server.send("GET", "/api/customers/list?did=Order+Placed&sort=interactions", as: .agent).body)
            #expect(ordered["total"] == 1 && ordered["items"]?.array?.first?["identifier"]?["value"] == "ann@example.com")
            for wrong in [
                "orders_min=-1", "spent_min=much", "sort=name", "order=up", "did=Oder+Placed", "channel=fax", "limit=0", "after=-1", "colour=red",
            ] {
                let answer = try await server.send("GET", "/api/customers/list?" + wrong, as: .agent)
                #expect(answer.status == 400, "\(wrong): \(answer.text)")
            }
            let far = try parsed(try await server.send("GET", "/api/customers/list?after=9223372036854775807", as: .agent).body)
            #expect(far["items"] == .array([]) && far["next"] == .null)
            // Whoever asks the search for a list hears where it is.
            let search = try await server.send("GET", "/api/customers?limit=1", as: .agent)
            #expect(search.status == 400 && search.text.contains("/api/customers/list"), "\(search.text)")
            let employee = try await server.send("GET", "/api/customers/list", as: .employee)
            #expect(employee.status == 403)
        }
    }
}
