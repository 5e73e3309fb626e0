import Audiences
import Collect
import Definitions
import Delivery
import Formula
import Identity
import Ledger
import Web

/// What a company decided, as the parts of the house take it.
enum CompanyDefinitions {
    /// All kinds of definitions there are, checked by themselves: what has arrived is not known.
    static let kinds = kinds { Data() }

    /// What has arrived, as far as formulas name it; nil where nobody can know.
    struct Data {
        /// Names of interactions.
        var events: Set<String>?
        /// What customers have told of themselves.
        var traits: Set<String>?
        /// Whether a property has come with interactions of a name.
        var arrives: (@Sendable (_ event: String, _ property: PropertyPath) -> Bool)?
    }

    /// All kinds of definitions there are.
    static func kinds(_ data: @escaping @Sendable () -> Data) -> DefinitionKinds {
        DefinitionKinds(
            [
                WorkspaceDefinition.self, IdentityDefinition.self, ChannelsDefinition.self, PrivacyDefinition.self, RetentionDefinition.self,
                EventDefinition.self, TraitsDefinition.self, MetricDefinition.self, AudienceDefinition.self, LifecycleDefinition.self,
                WebhookDefinition.self,
            ],
            together: [
                { blueprint, findings in Company.check(blueprint, known(blueprint, data()), findings) },
                { blueprint, findings in WebhookDefinition.check(blueprint, findings) },
            ])
    }

    /// What formulas may name, by a blueprint and what the data tells.
    static func known(_ blueprint: Blueprint, _ data: Data) -> Company.Known {
        let (channels, kinds) = declared(by: blueprint)
        var known = Company.Known(
            events: data.events, traits: data.traits, channels: Set(Channel.builtIn + channels),
            identifierKinds: Set(IdentifierKind.builtIn.filter { !["", "match", "customer", "previous_id"].contains($0) } + kinds))
        known.arrives = data.arrives
        return known
    }

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

    /// By the name of an interaction, where the property lies that is its value.
    static func values(_ definitions: [String: String]) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for (_, event) in blueprint(definitions).definitions(EventDefinition.self) { found[event.name] = event.valuePath }
        return found
    }

    /// The company itself.
    static func workspace(_ definitions: [String: String]) -> WorkspaceDefinition { blueprint(definitions).definition(WorkspaceDefinition.self) }

    /// What is hidden from whom.
    static func privacy(_ definitions: [String: String]) -> PrivacyDefinition { blueprint(definitions).definition(PrivacyDefinition.self) }

    /// Words that need a code in the ledger before a blueprint can be in force.
    static func declared(by blueprint: Blueprint) -> (channels: [String], kinds: [String]) {
        (blueprint.definition(ChannelsDefinition.self).declared, blueprint.definition(IdentityDefinition.self).declared)
    }
}
