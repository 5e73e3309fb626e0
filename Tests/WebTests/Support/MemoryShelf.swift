import Audiences
import Collect
import Definitions
import Delivery
import Identity
import Kernel
import Ledger
import Pipeline
import Synchronization
import Web

/// All kinds of definitions, as the program gathers them.
enum TestKinds {
    static let all = DefinitionKinds([
        WorkspaceDefinition.self, IdentityDefinition.self, ChannelsDefinition.self, PrivacyDefinition.self, RetentionDefinition.self,
        EventDefinition.self, TraitsDefinition.self, MetricDefinition.self, AudienceDefinition.self, LifecycleDefinition.self,
        WebhookDefinition.self,
    ])
    /// With what is defined by formulas, each read by itself.
    static let withFormulas = DefinitionKinds(
        all.types + [EventDefinition.self, MetricDefinition.self, AudienceDefinition.self, LifecycleDefinition.self],
        together: [
            { blueprint, findings in
                Company.check(blueprint, Company.Known(channels: Set(Channel.builtIn), identifierKinds: ["email", "phone", "user_id"]), findings)
            },
            { blueprint, findings in WebhookDefinition.check(blueprint, findings) },
        ])
}

/// Versions kept in memory, numbered as the pipeline numbers them.
final class MemoryShelf: DefinitionShelf {
    private let all = Mutex<[DefinitionVersion]>([])
    private let now: @Sendable () -> Instant
    init(now: @escaping @Sendable () -> Instant) { self.now = now }

    var inForce: [String: String] { Dictionary(uniqueKeysWithValues: newest().compactMap { version in version.text.map { (version.document, $0) } }) }

    func versions(of document: String?, before: DefinitionVersion.Place?, limit: Int) -> [DefinitionVersion] {
        let found = all.withLock { $0 }.reversed().filter { version in
            (document == nil || version.document == document)
                && (before.map { (version.position.raw, version.document) < ($0.position.raw, $0.document) } ?? true)
        }
        return Array(found.prefix(limit))
    }

    func version(_ number: Int, of document: String) -> DefinitionVersion? {
        all.withLock { $0.first { $0.document == document && $0.number == number } }
    }

    func newest() -> [DefinitionVersion] {
        Dictionary(all.withLock { $0 }.map { ($0.document, $0) }) { $1 }.values.sorted { $0.document < $1.document }
    }

    func put(_ documents: [String: String], of blueprint: Blueprint, by author: String) {
        all.withLock { all in
            let position = Position(body: Int64(all.count + 1), index: 0)
            for (document, text) in documents.sorted(by: { $0.key < $1.key }) {
                let number = (all.last { $0.document == document }?.number ?? 0) + 1
                all.append(
                    DefinitionVersion(
                        document: document, number: number, text: text.isEmpty ? nil : text, author: author, at: now(), position: position))
            }
        }
    }
}
