import Collect
import Definitions
import Identity
import Ledger
import Web

/// What a company decided, as the parts of the house take it.
enum CompanyDefinitions {
    /// All kinds of definitions there are.
    static let kinds = DefinitionKinds([
        WorkspaceDefinition.self, IdentityDefinition.self, ChannelsDefinition.self, PrivacyDefinition.self, RetentionDefinition.self,
    ])

    /// The blueprint of the definitions in force.
    /// - Parameter definitions: As the pipeline has them: a document's id (`identity`, `metric/lifetime_value`) and its text.
    static func blueprint(_ definitions: [String: String]) -> Blueprint { DefinitionBook.blueprint(definitions) }

    /// The rules of identity that hold.
    /// - Parameter vocabulary: Must have codes for all kinds that the definitions declare, see ``declared(by:)``.
    static func identity(_ definitions: [String: String], _ vocabulary: Vocabulary) throws -> IdentityRules {
        let blueprint = blueprint(definitions)
        let workspace = blueprint.definition(WorkspaceDefinition.self)
        return try blueprint.definition(IdentityDefinition.self).rules(country: workspace.country, code: vocabulary.kind)
    }

    /// The rules of channels that hold.
    static func channels(_ definitions: [String: String]) -> ChannelRules { blueprint(definitions).definition(ChannelsDefinition.self).rules }

    /// The company itself.
    static func workspace(_ definitions: [String: String]) -> WorkspaceDefinition { blueprint(definitions).definition(WorkspaceDefinition.self) }

    /// What is hidden from whom.
    static func privacy(_ definitions: [String: String]) -> PrivacyDefinition { blueprint(definitions).definition(PrivacyDefinition.self) }

    /// Words that need a code in the ledger before a blueprint can be in force.
    static func declared(by blueprint: Blueprint) -> (channels: [String], kinds: [String]) {
        (blueprint.definition(ChannelsDefinition.self).declared, blueprint.definition(IdentityDefinition.self).declared)
    }
}
