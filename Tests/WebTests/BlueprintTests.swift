import Access
import Audit
import Kernel
import Pipeline
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `The blueprint over the API` {
    private func documents(_ documents: [(name: String, text: String)], check: Bool = false) -> String {
        let list: JSON = .array(documents.map { ["name": .string($0.name), "text": .string($0.text)] })
        return (["documents": list, "check": .bool(check)] as JSON).text
    }

    private func apply(_ server: TestServer, _ all: [(name: String, text: String)], check: Bool = false) async throws -> Answer {
        try await server.send("POST", "/api/blueprint", json: documents(all, check: check), bySocket: true)
    }

    @Test func `is applied as new versions, listed newest first, and each can be read`() async throws {
        try await TestServer.run { (server) async throws in
            let first = try await apply(server, [("a.yaml", "workspace:\n  name: A\n"), ("b.yaml", "channels:\n  declared: [kiosk]\n")])
            #expect(
                try parsed(first.body) == [
                    "changes": [
                        ["document": "channels", "what": "added", "version": 1], ["document": "workspace", "what": "added", "version": 1],
                    ], "applied": true,
                ])
            let second = try parsed(try await apply(server, [("a.yaml", "workspace:\n  name: B\n")]).body)
            #expect(
                second["changes"] == [
                    ["document": "channels", "what": "removed", "version": 2], ["document": "workspace", "what": "changed", "version": 2],
                ])
            let page = try parsed(try await server.send("GET", "/api/blueprint/versions?limit=3", bySocket: true).body)
            let found = (page["items"]?.array ?? []).map {
                "\($0["document"]?.string ?? "") \($0["version"]?.integer ?? 0) \($0["removed"]?.bool ?? false)"
            }
            #expect(found == ["workspace 2 false", "channels 2 true", "workspace 1 false"])
            let next = try #require(page["next"]?.string)
            let rest = try parsed(
                try await server.send("GET", "/api/blueprint/versions?limit=3&after=\(Parameters.encoded(next))", bySocket: true).body)
            #expect(rest["items"]?.array?.map { $0["document"] } == ["channels"] && rest["next"] == .null)
            let one = try parsed(try await server.send("GET", "/api/blueprint/versions/workspace/1", bySocket: true).body)
            #expect(one["text"] == "workspace:\n  name: A\n" && one["author"] == "operator")
            for path in ["/api/blueprint/versions/workspace/9", "/api/blueprint/versions/nothing/1", "/api/blueprint/versions/workspace/x"] {
                #expect(try await server.send("GET", path, bySocket: true).status == 404, "\(path)")
            }
            #expect(try await server.send("GET", "/api/blueprint/versions?after=x", bySocket: true).status == 400)
        }
    }

    @Test func `is only checked when that is asked, and says what is wrong where, the same words either way`() async throws {
        try await TestServer.run { (server) async throws in
            let wrong = [("c/w.yaml", "workspace:\n  country: XX\n  nam: A\n")]
            let words = """
                c/w.yaml:2:12: workspace.country: XX is no country; write two letters (ISO 3166-1), as GB, DE or BR
                c/w.yaml:3:3: workspace: there is no nam; did you mean name?
                """
            for check in [true, false] {
                let answer = try await apply(server, wrong, check: check)
                #expect(answer.status == 422)
                #expect(try parsed(answer.body)["detail"]?.string == (check ? "" : "Nothing was changed. ") + words)
            }
            let checked = try parsed(try await apply(server, [("w.yaml", "workspace:\n  name: A\n")], check: true).body)
            #expect(checked["applied"] == false && checked["changes"]?.array?.first?["version"] == .null)
            #expect(server.services.pipeline.definitions.isEmpty)
            #expect(try server.services.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 9).isEmpty)
        }
    }

    @Test func `goes back to an older version by a new one, and the log names document and version`() async throws {
        try await TestServer.run { (server) async throws in
            for name in ["A", "B"] { _ = try await apply(server, [("w.yaml", "workspace:\n  name: \(name)\n")]) }
            _ = try await apply(server, [])
            #expect(server.services.pipeline.definitions.isEmpty)
            func back(_ version: Int) async throws -> Answer {
                try await server.send(
                    "POST", "/api/blueprint/rollback", as: .administrator, json: #"{"document":"workspace","version":\#(version)}"#)
            }
            let done = try parsed(try await back(1).body)
            #expect(done == ["changes": [["document": "workspace", "what": "added", "version": 4]], "applied": true])
            #expect(server.services.pipeline.definitions == ["workspace": "workspace:\n  name: A\n"])
            #expect(try parsed(try await back(4).body)["applied"] == false)
            #expect(try parsed(try await back(3).body)["changes"]?.array?.first?["what"] == "removed")
            #expect(try await back(9).status == 404)
            let entries = try server.services.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 9)
            #expect(
                entries.map { "\($0.subject): \($0.detail)" } == [
                    "workspace: version 5, out of force, as version 3", "workspace: version 4, as version 1", "workspace: version 3, out of force",
                    "workspace: version 2", "workspace: version 1",
                ])
            #expect(try server.services.definitions.newest(of: "workspace")?.author.hasPrefix("token ") == false)
        }
    }

    @Test func `does not go back to a version that no longer fits, and says where and how to mend it`() async throws {
        try await TestServer.run { (server) async throws in
            // As a version of the program would leave it that knew another setting.
            _ = try await server.services.pipeline.perform(
                .define(documents: ["workspace": "workspace:\n  nme: A\n"], author: "Ann"),
                randomness: Randomness { [UInt8](repeating: 1, count: $0) })
            _ = try await apply(server, [("w.yaml", "workspace:\n  name: B\n")])
            let answer = try await server.send("POST", "/api/blueprint/rollback", json: #"{"document":"workspace","version":1}"#, bySocket: true)
            #expect(answer.status == 422)
            #expect(answer.text.contains("workspace.yaml:2:3: workspace: there is no nme; did you mean name?"), "\(answer.text)")
            #expect(server.services.pipeline.definitions == ["workspace": "workspace:\n  name: B\n"])
        }
    }

    @Test func `is read by who may see customers and changed by administrators alone`() async throws {
        try await TestServer.run { (server) async throws in
            for path in ["/api/blueprint", "/api/blueprint/versions"] {
                #expect(try await server.send("GET", path, as: .agent).status == 200)
                #expect(try await server.send("GET", path, as: .employee).status == 403)
            }
            let answer = try await server.send("POST", "/api/blueprint/rollback", as: .lead, json: #"{"document":"workspace","version":1}"#)
            #expect(answer.status == 403)
        }
    }
}
