import Access
import HTTPTypes
import Hummingbird
import Kernel
import Simdjson

/// The OpenAPI 3.1 document, made from the same list of routes as the router.
package enum OpenAPI {
    static func endpoint(of others: [Endpoint]) -> Endpoint {
        let about = Endpoint.About(
            "This document", tag: "Installation", answer: .init(200, "OpenAPI 3.1", .init(type: "application/openapi+json", schema: nil)))
        let itself = Endpoint(.get, "/api/openapi.json", .anyone, about: about) { _, _ in Response(status: .ok) }
        let bytes = document(others + [itself])
        return Endpoint(.get, itself.path, itself.permission, about: about) { _, _ in
            var response = Response(.ok, bytes, type: "application/openapi+json")
            response.headers[.cacheControl] = "no-cache"
            return response
        }
    }

    /// The members that an object of a schema may have, sorted; nil when there is no such schema.
    static func members(_ schema: String) -> [String]? { schemas[schema] }
    private static let schemas: [String: [String]] = {
        guard let all = try? JSON.parse(Array(components.utf8))["schemas"]?.members else { preconditionFailure("the schemas are no JSON") }
        return Dictionary(uniqueKeysWithValues: all.map { ($0.key, ($0.value["properties"]?.members ?? []).map(\.key).sorted()) })
    }()

    /// The document as JSON text.
    package static func document(_ endpoints: [Endpoint]) -> [UInt8] {
        var out: [UInt8] = []
        let head: JSON = [
            "openapi": "3.1.0",
            "info": [
                "title": "Sightline", "version": "1",
                "description": """
                Take in what happens with customers, and see each of them whole. Errors are problems by RFC 9457. What the definition \
                `privacy` hides from the role of whoever asks is the text `hidden`, whatever it was.
                """,
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "paths": paths(endpoints),
        ]
        head.write(to: &out)
        out.removeLast()
        out.append(contentsOf: ",\"components\":".utf8)
        out.append(contentsOf: components.utf8)
        out.append(125)
        return out
    }

    private static func paths(_ endpoints: [Endpoint]) -> JSON {
        var order: [String] = []
        var methods: [String: [JSON.Member]] = [:]
        for endpoint in endpoints {
            guard let about = endpoint.about else { continue }
            if methods[endpoint.path] == nil { order.append(endpoint.path) }
            methods[endpoint.path, default: []].append(.init(endpoint.method.rawValue.lowercased(), operation(endpoint, about)))
        }
        return .object(order.map { JSON.Member($0, .object(methods[$0] ?? [])) })
    }

    private static func operation(_ endpoint: Endpoint, _ about: Endpoint.About) -> JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string(identifier(endpoint))), .init("summary", .string(about.summary)), .init("tags", [.string(about.tag)]),
        ]
        if !about.description.isEmpty { members.append(.init("description", .string(about.description))) }
        members.append(.init("security", security(endpoint.permission)))
        if !endpoint.permission.roles.isEmpty {
            members.append(.init("x-permission", .string(endpoint.permission.rawValue)))
            members.append(.init("x-roles", .array(endpoint.permission.roles.map(\.rawValue).sorted().map(JSON.string))))
        }
        let parameters = pathParameters(endpoint.path) + about.parameters.map(parameter)
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let body = about.body { members.append(.init("requestBody", ["required": true, "content": content(body)])) }
        members.append(.init("responses", responses(endpoint, about)))
        return .object(members)
    }

    /// `get_api_customers_ref`
    private static func identifier(_ endpoint: Endpoint) -> String {
        let words = endpoint.path.split { !$0.isLetter && !$0.isNumber }
        return ([endpoint.method.rawValue.lowercased()[...]] + words).joined(separator: "_")
    }

    private static func security(_ permission: Permission) -> JSON {
        switch permission {
        case .anyone: []
        // An empty requirement says that it can go without the header: the key may stand in the body.
        case .track: [["writeKey": []], [:]]
        default: [["token": []]]
        }
    }

    private static func pathDescription(_ name: String, _ path: String) -> String {
        name == "id" && path.hasPrefix("/api/webhooks/") ? "What the header `webhook-id` of the message says." : pathDescriptions[name] ?? ""
    }

    private static func pathParameters(_ path: String) -> [JSON] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
            let name = String(part.dropFirst().dropLast())
            return [
                "name": .string(name), "in": "path", "required": true, "schema": pathSchema(name, path),
                "description": .string(pathDescription(name, path)),
            ]
        }
    }
    private static func pathSchema(_ name: String, _ path: String) -> JSON {
        switch name {
        case "id" where path.hasPrefix("/api/people/"): ["type": "string", "pattern": "^per_[0-9a-hjkmnp-tv-z]{26}$"]
        case "id" where path.hasPrefix("/api/teams/"): ["type": "string", "pattern": "^tea_[0-9a-hjkmnp-tv-z]{26}$"]
        case "id" where path.hasPrefix("/api/webhooks/"): ["type": "string", "pattern": "^msg_[0-9a-hjkmnp-tv-z]{27}$"]
        case "id", "merge", "number": ["type": "integer"]
        default: ["type": "string"]
        }
    }
    private static let pathDescriptions = [
        "ref": "A customer's id (`cus_…`) or an identifier as `kind:value` (`email:ann@example.com`), percent-encoded.",
        "id": "The number it is listed under.", "merge": "The merge's `id`.", "name": "The name, percent-encoded.",
    ]

    private static func parameter(_ parameter: Endpoint.Parameter) -> JSON {
        // An empty value is refused, so no text is empty.
        let isText = parameter.schema["type"]?.string == "string" && parameter.schema["enum"] == nil && parameter.schema["format"] == nil
        var one = parameter.schema
        if isText, one["minLength"] == nil { one = .object((one.members ?? []) + [.init("minLength", 1)]) }
        let schema: JSON = parameter.repeats ? ["type": "array", "items": one] : one
        var members: [JSON.Member] = [
            .init("name", .string(parameter.name)), .init("in", "query"), .init("description", .string(parameter.description)),
            .init("schema", schema),
        ]
        if parameter.isRequired { members.append(.init("required", true)) }
        return .object(members)
    }

    private static func content(_ content: Endpoint.Content) -> JSON {
        .object([.init(content.type, content.schema.map { ["schema": ["$ref": .string("#/components/schemas/\($0)")]] } ?? [:])])
    }

    private static func responses(_ endpoint: Endpoint, _ about: Endpoint.About) -> JSON {
        var members = ([about.answer] + about.others).map { answer in
            let description = JSON.Member("description", .string(answer.description))
            let content = answer.content.map { [JSON.Member("content", Self.content($0))] } ?? []
            return JSON.Member(String(answer.status), .object([description] + content))
        }
        var problems = Set(about.problems)
        switch endpoint.permission {
        case .anyone: break
        case .track: problems.formUnion([400, 401])
        default: problems.formUnion([400, 401, 403])
        }
        if about.body != nil { problems.formUnion([400, 413]) }
        for status in problems.sorted() { members.append(.init(String(status), ["$ref": "#/components/responses/Problem"])) }
        members.append(.init("default", ["$ref": "#/components/responses/Problem"]))
        return .object(members)
    }
}
