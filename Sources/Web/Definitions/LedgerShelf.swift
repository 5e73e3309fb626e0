package import Definitions
package import Kernel
package import Ledger
package import Pipeline

/// The versions as the ledger has them.
package struct LedgerShelf: DefinitionShelf {
    private let pipeline: Pipeline
    private let ledger: Ledger
    private let randomness: Randomness
    private let declared: @Sendable (Blueprint) -> (channels: [String], kinds: [String])

    /// - Parameter declared: Words that need a code in the ledger before a blueprint can be in force.
    package init(
        pipeline: Pipeline, ledger: Ledger, randomness: Randomness, declared: @escaping @Sendable (Blueprint) -> (channels: [String], kinds: [String])
    ) {
        self.pipeline = pipeline
        self.ledger = ledger
        self.randomness = randomness
        self.declared = declared
    }

    package var inForce: [String: String] { pipeline.definitions }

    package func versions(of document: String?, before: DefinitionVersion.Place?, limit: Int) throws -> [DefinitionVersion] {
        try pipeline.definitionVersions(of: document, before: before, limit: limit)
    }

    package func version(_ number: Int, of document: String) throws -> DefinitionVersion? { try pipeline.definitionVersion(number, of: document) }

    package func newest() throws -> [DefinitionVersion] { try pipeline.newestDefinitionVersions() }

    /// - Throws: `LedgerProblem`, `PipelineProblem`.
    package func put(_ documents: [String: String], of blueprint: Blueprint, by author: String) async throws {
        let words = declared(blueprint)
        try await ledger.declare(channels: words.channels, kinds: words.kinds)
        _ = try await pipeline.perform(.define(documents: documents, author: author), randomness: randomness)
    }
}
