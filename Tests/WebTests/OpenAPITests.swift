import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import Testing
import Web

@Suite(.timeLimit(.minutes(15))) struct `The OpenAPI document` {
    /// Method and path of everything in the document.
    private static func documented(_ document: JSON) -> Set<String> {
        Set(
            (document["paths"]?.members ?? []).flatMap { path in
                (path.value.members ?? []).map { "\($0.key.uppercased()) \(path.key)" }
            })
    }

    @Test func `lists the routes that the router has, and no others`() async throws {
        try await TestServer.run { (server) async throws in
            let answer = try await server.send("GET", "/api/openapi.json")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/openapi+json")
            let document = try parsed(answer.body)
            #expect(document["openapi"] == "3.1.0")
            let routed = Site.router(server.services, Site.Settings()).routes.map { route in
                let path = route.path.description
                return "\(route.method.rawValue) \(path.hasPrefix("/") ? path : "/" + path)"
            }
            #expect(Self.documented(document) == Set(routed))
            #expect(routed.count > 30)
        }
    }

    @Test func `refers to nothing that it does not define`() async throws {
        try await TestServer.run { (server) async throws in
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            var missing: [String] = []
            func walk(_ value: JSON) {
                for member in value.members ?? [] {
                    if member.key == "$ref", let text = member.value.string {
                        let found = text.split(separator: "/").dropFirst().reduce(JSON?.some(document)) { $0?[String($1)] }
                        if found == nil { missing.append(text) }
                    }
                    walk(member.value)
                }
                for element in value.array ?? [] { walk(element) }
            }
            walk(document)
            #expect(missing == [])
        }
    }

    @Test func `names each operation once, and every parameter of its path`() async throws {
        try await TestServer.run { (server) async throws in
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            var names: [String] = []
            for path in document["paths"]?.members ?? [] {
                for operation in path.value.members ?? [] {
                    names.append(operation.value["operationId"]?.string ?? "")
                    let described = (operation.value["parameters"]?.array ?? []).filter { $0["in"] == "path" }.compactMap { $0["name"]?.string }
                    let used = path.key.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
                    #expect(Set(described) == Set(used), "\(path.key)")
                    #expect(operation.value["summary"]?.string?.isEmpty == false)
                }
            }
            #expect(Set(names).count == names.count)
        }
    }

    // Answers are held against the schemas by a small reader of JSON Schema, which knows what the document uses.

    @Test func `says what the API really answers`() async throws {
        try await TestServer.run { (server) async throws in
            let document = try parsed(OpenAPI.document(Routes.all(server.services)))
            try await World.fill(server)
            let id = try await World.customer(server, "user_id:ann")
            for (path, route) in [
                ("/health", "/health"), ("/ready", "/ready"), ("/api/customers?search=ann", "/api/customers"),
                ("/api/customers/\(id)", "/api/customers/{ref}"),
                ("/api/customers/\(id)/interactions", "/api/customers/{ref}/interactions"),
                ("/api/customers/\(id)/export", "/api/customers/{ref}/export"),
                ("/api/reviews", "/api/reviews"), ("/api/keys", "/api/keys"), ("/api/tokens", "/api/tokens"), ("/api/ledger", "/api/ledger"),
                ("/api/quarantine", "/api/quarantine"), ("/api/quarantine/reasons", "/api/quarantine/reasons"),
                ("/api/sources", "/api/sources"), ("/api/retention", "/api/retention"), ("/api/blueprint", "/api/blueprint"),
            ] {
                let answer = try await server.send("GET", path, bySocket: true)
                #expect(answer.status == 200, "\(path): \(answer.text)")
                let schema = try #require(document["paths"]?[route]?["get"]?["responses"]?["200"]?["content"]?["application/json"]?["schema"])
                #expect(Schema(document).flaws(try parsed(answer.body), schema, at: path) == [])
            }
            let problem = try await server.send("GET", "/api/customers/cus_zzzzzzz", bySocket: true)
            let schema = try #require(document["components"]?["schemas"]?["Problem"])
            #expect(Schema(document).flaws(try parsed(problem.body), schema, at: "problem") == [])
        }
    }
}

/// The part of JSON Schema 2020-12 that the document uses.
struct Schema {
    let document: JSON
    init(_ document: JSON) { self.document = document }

    func flaws(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
        if let reference = schema["$ref"]?.string {
            guard let found = reference.split(separator: "/").dropFirst().reduce(JSON?.some(document), { $0?[String($1)] }) else {
                return ["\(place): \(reference)"]
            }
            return flaws(value, found, at: place)
        }
        var out: [String] = []
        for part in schema["allOf"]?.array ?? [] { out += flaws(value, part, at: place) }
        if let type = schema["type"] {
            let types = type.array?.compactMap(\.string) ?? [type.string ?? ""]
            if !types.contains(where: { Self.fits(value, $0) }) { out.append("\(place): \(value.text.prefix(60)) is no \(types)") }
        }
        if let allowed = schema["enum"]?.array, !allowed.contains(value) { out.append("\(place): \(value.text) is none of \(allowed)") }
        for key in schema["required"]?.array?.compactMap(\.string) ?? [] where value.members != nil && value[key] == nil {
            out.append("\(place): lacks \(key)")
        }
        for member in value.members ?? [] {
            if let inner = schema["properties"]?[member.key] { out += flaws(member.value, inner, at: "\(place).\(member.key)") }
        }
        if let items = schema["items"] { for (i, element) in (value.array ?? []).enumerated() { out += flaws(element, items, at: "\(place)[\(i)]") } }
        return out
    }

    private static func fits(_ value: JSON, _ type: String) -> Bool {
        switch type {
        case "object": value.members != nil
        case "array": value.array != nil
        case "string": value.string != nil
        case "integer": value.integer != nil
        case "number": value.double != nil
        case "boolean": value.bool != nil
        case "null": value.isNull
        default: false
        }
    }
}
