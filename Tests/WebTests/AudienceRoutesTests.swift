import Access
import Audiences
import Definitions
import Kernel
import Simdjson
import Testing

@testable import Web

/// A few definitions at work.
enum FormulaWorld {
    static let documents = [
        "audience/buyers": """
        audience:
          key: buyers
          name: Buyers
          purpose: A word of thanks.
          owner: Priya Nair
          who: did("Order Placed")
        """,
        "audience/known": """
        audience:
          key: known
          name: Known by name
          who: trait.name is known
          except: did("Newsletter Sent")
        """,
        "metric/orders": """
        metric:
          key: orders
          name: Orders
          unit: orders
          formula: count("Order Placed")
        """,
        "metric/called": """
        metric:
          key: called
          name: Called
          formula: trait.name
        """,
        "lifecycle": """
        lifecycle:
          stages:
            - name: Aware
            - name: Customer
              when: did("Order Placed")
        """,
    ]

    /// Ann, who ordered, and Bob; all definitions in force and everybody looked at.
    static func fill(_ server: TestServer) async throws {
        try await World.fill(server)
        server.services.audiences.engine.start()
        let files = documents.sorted { $0.key < $1.key }.map { (name: $0.key + ".yaml", text: $0.value) }
        _ = try await server.services.definitions.apply(files, onlyCheck: false, by: "Marta")
        server.services.audiences.engine.reload()
        try await eventually {
            let company = server.services.audiences.company
            let sizes = try server.services.audiences.sizes(since: Instant(milliseconds: 0))
            return company?.audiences.count == 2 && server.services.audiences.phase == .ready && sizes["audience/buyers"]?.people == 1
                && server.services.audiences.swept != nil
        }
    }

    static func eventually(_ holds: () async throws -> Bool) async throws {
        for _ in 0..<3_000 {
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("it never came to hold")
    }
}

@Suite(.timeLimit(.minutes(15))) struct `Audiences and formulas over the API` {
    @Test func `are what the document says, with sizes, members and values`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            let ann = try await World.customer(server, "user_id:ann")
            var answers: [String: JSON] = [:]
            for (path, route) in [
                ("/api/audiences", "/api/audiences"), ("/api/audiences/buyers", "/api/audiences/{key}"),
                ("/api/audiences/buyers/members", "/api/audiences/{key}/members"), ("/api/metrics", "/api/metrics"),
                ("/api/lifecycle", "/api/lifecycle"), ("/api/customers/user_id:ann/metrics", "/api/customers/{ref}/metrics"),
            ] {
                let answer = try await server.send("GET", path, bySocket: true)
                try #require(answer.status == 200, "\(path): \(answer.text)")
                let schema = try #require(document["paths"]?[route]?["get"]?["responses"]?["200"]?["content"]?["application/json"]?["schema"])
                answers[path] = try parsed(answer.body)
                #expect(Schema(document).flaws(try parsed(answer.body), schema, at: path) == [])
            }
            let buyers = try #require(answers["/api/audiences/buyers"])
            #expect(buyers["size"] == 1 && buyers["share"] == 0.5 && buyers["state"] == "inForce" && buyers["owner"] == "Priya Nair")
            #expect(buyers["explanation"]?.string?.contains("Order Placed") == true)
            #expect(answers["/api/audiences"]?["items"]?.array?.count == 2)
            let members = try #require(answers["/api/audiences/buyers/members"]?["items"]?.array)
            #expect(
                members.map { $0["customer"] } == [.string(ann)] && members[0]["name"] == "Ann Archer" && members[0]["found"] == true
                    && members[0]["atLeast"] == false)
            #expect(answers["/api/lifecycle"]?["stages"]?.array?.map { $0["size"] } == [1, 1])
            #expect(answers["/api/lifecycle"]?["lifeEvents"] == [])
            let values = try #require(answers["/api/customers/user_id:ann/metrics"]?["items"]?.array)
            #expect(values.map { $0["text"] } == ["Ann Archer", "1\u{A0}orders"])
        }
    }

    @Test func `pages of members follow each other, and an audience that is none is 404`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let first = try parsed(try await server.send("GET", "/api/audiences/buyers/members?limit=1", bySocket: true).body)
            #expect(first["items"]?.array?.count == 1 && first["next"] == 1)
            let second = try parsed(try await server.send("GET", "/api/audiences/buyers/members?limit=1&after=1", bySocket: true).body)
            #expect(second["items"]?.array?.isEmpty == true && second["next"] == .null)
            for path in ["", "/members", "/members.csv"] {
                #expect(try await server.send("GET", "/api/audiences/nobody\(path)", bySocket: true).status == 404, "\(path)")
            }
        }
    }

    @Test func `members leave as CSV that no spreadsheet runs, by whoever may export, and the log has it`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            _ = try await server.send(
                "POST", "/v1/identify?wait=view", headers: [TestServer.basic(try server.key())], json: #"{"userId":"ann","traits":{"name":"=1+1"}}"#)
            let file = try await server.send("GET", "/api/audiences/buyers/members.csv", as: .analyst)
            let lines = file.text.split(separator: "\r\n")
            #expect(file.status == 200 && lines.count == 2, "\(file.text)")
            #expect(
                lines.first == "customer,name,identifier_kind,identifier,since,at_least"
                    && lines.last?.contains(",'=1+1,email,ann@example.com,") == true)
            #expect(try await server.send("GET", "/api/audiences/buyers/members.csv", as: .agent).status == 403)
            let log = try await server.send("GET", "/api/audit?action=export", bySocket: true)
            #expect(log.text.contains("audience/buyers"), "\(log.text)")
        }
    }

    @Test func `a formula is checked with the nearest name, and told what would mend it`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            let schema = try #require(document["components"]?["schemas"]?["FormulaAnswer"])
            for (formula, replacement) in [
                (#"did(\"Order Plced\")"#, #""Order Placed""#), ("did(any)\\n  or consent.emial = no", "consent.email"), ("ordrs >= 2", "orders"),
                ("in audience byers", "in audience buyers"), ("trait.nme is known", "trait.name"),
            ] {
                let answer = try await server.send("POST", "/api/formulas/check", json: #"{"formula":"\#(formula)"}"#, bySocket: true)
                let json = try parsed(answer.body)
                #expect(Schema(document).flaws(json, schema, at: formula) == [])
                #expect(json["ok"] == false && json["problems"]?.array?.first?["replacement"]?.string == replacement, "\(answer.text)")
            }
            let second = try parsed(
                try await server.send("POST", "/api/formulas/check", json: #"{"formula":"did(any)\n  or consent.emial = no"}"#, bySocket: true).body)
            #expect(second["problems"]?.array?.first?["line"] == 2 && second["problems"]?.array?.first?["column"] == 6)
            // What `sightline formula explain` prints below the problem.
            #expect(second["problems"]?.array?.first?["excerpt"] == "  or consent.emial = no\n     ^^^^^^^^^^^^^")
            let value = try parsed(
                try await server.send("POST", "/api/formulas/check", json: #"{"formula":"orders * 2","as":"value"}"#, bySocket: true).body)
            #expect(value["ok"] == true && value["type"] == "number" && value["reads"]?["metrics"] == ["orders"])
        }
    }

    @Test func `explaining says for how many a condition holds and how it narrows`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            let schema = try #require(document["components"]?["schemas"]?["FormulaExplanation"])
            var found = JSON.null
            try await FormulaWorld.eventually {
                let answer = try await server.send(
                    "POST", "/api/formulas/explain", json: #"{"formula":"did(any) and trait.name = \"Ann Archer\""}"#, bySocket: true)
                found = try parsed(answer.body)
                #expect(answer.status == 200 && Schema(document).flaws(found, schema, at: "explain") == [], "\(answer.text)")
                return found["reading"] == .null
            }
            #expect(found["size"]?["holds"] == 1 && found["size"]?["of"] == 2 && found["size"]?["narrowing"] == [2, 1])
        }
    }

    @Test func `evaluating gives one customer's value, and what does not read is 422`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let answer = try await server.send(
                "POST", "/api/formulas/evaluate", json: #"{"formula":"orders + 1","customer":"user_id:ann"}"#, bySocket: true)
            let said = try parsed(answer.body)
            #expect(said["value"] == 2 && said["type"] == "number" && said["text"] == "2")
            #expect(said["why"]?.array?.map { $0["name"]?.string } == ["Order Placed"], "\(answer.text)")
            let wrong = try await server.send(
                "POST", "/api/formulas/evaluate", json: #"{"formula":"ordrs + 1","customer":"user_id:ann"}"#, bySocket: true)
            let problem = try parsed(wrong.body)
            #expect(wrong.status == 422 && problem["detail"]?.string?.hasSuffix("did you mean orders?") == true, "\(wrong.text)")
            let check = try await server.send("POST", "/api/formulas/check", json: #"{"formula":"ordrs + 1","as":"value"}"#, bySocket: true)
            #expect(try problem["problems"] == parsed(check.body)["problems"] && problem["problems"]?.array?.count == 1)
            let document = try parsed(try await server.send("GET", "/api/openapi.json").body)
            let schema = document["components"]?["schemas"]?["Problem"] ?? .null
            #expect(Schema(document).flaws(problem, schema, at: "problem") == [])
        }
    }

    @Test(arguments: [(10_000, 200), (10_001, 422)])
    func `a formula has at most 10,000 characters`(length: Int, status: Int) async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let formula = "orders" + String(repeating: " ", count: length - 6)
            let answer = try await server.send("POST", "/api/formulas/check", json: #"{"formula":"\#(formula)","as":"value"}"#, bySocket: true)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    // A formula must not tell what the mask hides: not as a value, not by for whom it holds, not through a metric.
    @Test func `tell nobody what is hidden from their role`() async throws {
        try await TestServer.run { (server) async throws in
            try await FormulaWorld.fill(server)
            let privacy = "privacy:\n  masks:\n    - fields: [personal]\n      from: [lead]\n"
            _ = try await server.services.definitions.save("privacy", text: privacy, basis: nil, by: "Marta")
            for formula in [#"trait.name starts with \"A\""#, #"called = \"Ann Archer\""#] {
                let answer = try await server.send("POST", "/api/formulas/explain", as: .lead, json: #"{"formula":"\#(formula)"}"#)
                #expect(answer.status == 403 && answer.text.contains("hidden"), "\(formula): \(answer.text)")
            }
            for formula in ["trait.name", "called"] {
                let answer = try await server.send(
                    "POST", "/api/formulas/evaluate", as: .lead, json: #"{"formula":"\#(formula)","customer":"user_id:ann"}"#)
                #expect(answer.status == 403, "\(formula): \(answer.text)")
            }
            let values = try await server.send("GET", "/api/customers/user_id:ann/metrics", as: .lead)
            #expect(values.status == 200 && !values.text.contains("Ann Archer") && values.text.contains(#""hidden""#), "\(values.text)")
            let members = try await server.send("GET", "/api/audiences/buyers/members", as: .lead)
            #expect(members.status == 200 && !members.text.contains("Ann Archer") && !members.text.contains("ann@example.com"))
            let file = try await server.send("GET", "/api/audiences/buyers/members.csv", as: .lead)
            #expect(file.status == 200 && !file.text.contains("Ann Archer") && !file.text.contains("ann@example.com"))
        }
    }
}
