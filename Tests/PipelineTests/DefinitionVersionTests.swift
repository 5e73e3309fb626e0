import GRDB
import Kernel
import Ledger
import Pipeline
import Store
import TestSupport
import Testing

@Suite struct `Versions of definitions` {
    private static let state = ["state.db", "state.db-wal", "state.db-shm"]

    @discardableResult private func define(_ world: World, _ documents: [String: String], by author: String) async throws -> Position {
        try await world.pipeline.perform(.define(documents: documents, author: author), randomness: World.randomness)
    }

    private func told(_ world: World) throws -> [String] {
        try world.pipeline.definitionVersions(limit: 100).map {
            "\($0.document) \($0.number) \($0.text ?? "removed") \($0.author) \($0.position.raw)"
        }
    }

    @Test func `are numbered by document and kept with author, time and position, newest first`() async throws {
        let world = try await World()
        let first = try await define(world, ["identity": "a", "workspace": "b"], by: "Ann")
        let second = try await define(world, ["identity": "c"], by: "Bob")
        let third = try await define(world, ["identity": ""], by: "Ann")
        #expect(
            try told(world) == [
                "identity 3 removed Ann \(third.raw)", "identity 2 c Bob \(second.raw)", "workspace 1 b Ann \(first.raw)",
                "identity 1 a Ann \(first.raw)",
            ])
        #expect(try world.pipeline.definitionVersions(of: "identity", limit: 2).map(\.number) == [3, 2])
        #expect(try world.pipeline.definitionVersion(2, of: "identity")?.text == "c")
        #expect(try world.pipeline.definitionVersion(4, of: "identity") == nil)
        #expect(try world.pipeline.newestDefinitionVersions().map { "\($0.document) \($0.number)" } == ["identity 3", "workspace 1"])
        #expect(try world.pipeline.definitionVersion(1, of: "identity")?.at == World.start)
        #expect(world.pipeline.definitions == ["workspace": "b"])
        await world.remove()
    }

    @Test func `are read page by page, each once, also when one change has several`() async throws {
        let world = try await World()
        for i in 0..<5 { try await define(world, ["a": "\(i)", "b/x": "\(i)", "c": "\(i)"], by: "Ann") }
        var seen: [String] = []
        var before: DefinitionVersion.Place?
        while true {
            let page = try world.pipeline.definitionVersions(before: before, limit: 2)
            seen += page.map { "\($0.document) \($0.number)" }
            guard let last = page.last else { break }
            before = DefinitionVersion.Place("\(last.place)")
        }
        #expect(seen == (1...5).reversed().flatMap { ["c \($0)", "b/x \($0)", "a \($0)"] })
        #expect(DefinitionVersion.Place("x:identity") == nil && DefinitionVersion.Place("7") == nil)
        #expect(DefinitionVersion.Place("9223372036854775808:identity") == nil)
        await world.remove()
    }

    @Test func `are the same after a rebuild`() async throws {
        var world = try await World()
        try await world.say(.init((.userID, "u")))
        try await define(world, ["identity": "a", "workspace": "b"], by: "Ann")
        try await world.say(.init((.userID, "u")), .init((.userID, "v")))
        try await define(world, ["identity": "c"], by: "Bob")
        let before = try told(world)
        world = try await world.reopened(losing: Self.state + ["timeline"])
        while await !world.pipeline.wait(for: world.ledger.newestBody) {}
        #expect(try told(world) == before)
        await world.remove()
    }
}
